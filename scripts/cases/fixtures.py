"""The small cases of the repository's tests: a graph before the model or after it of every sort, texts and numbers."""

import json
import pathlib
from itertools import chain

import numpy as np
import pandas as pd

import estimators
import reported
from common import answers, is_text, prepare

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "models" / "pipelines"
TEST_ROWS, TRAIN_ROWS = 40, 100
NAMES = (
	"adaboost_two",
	"bagging_logreg",
	"calibrated_rf_isotonic",
	"categories_lightgbm",
	"date_bins",
	"holes_rf",
	"isolation_forest",
	"letters_number",
	"onehot_rare",
	"ordinal_unknown",
	"passthrough_rf",
	"rentals_poisson",
	"stacking_three",
	"texts_lightgbm",
	"svc_rbf",
	"titanic_words",
	"voting_bayes",
)


def cell(value, text):
	"""A text, a number, or null for a missing number; a missing text is the empty one."""
	if pd.isna(value):
		return "" if text else None
	if text:
		return str(value)
	if isinstance(value, bool | np.bool_ | int | np.integer):
		return int(value)
	return float(f"{value:.9g}")


def listed(rows):
	text = [is_text(rows[column]) for column in rows.columns]
	return [[cell(*pair) for pair in zip(row, text)] for row in rows.itertuples(index=False)]


def lines(values):
	"""A row of the table on each line, so that a change shows in a diff."""
	return "[\n" + ",\n".join(json.dumps(value) for value in values) + "]"


def write_fixtures(only):
	FOLDER.mkdir(exist_ok=True)
	for case in chain(estimators.cases(), reported.cases()):
		if case.name not in (only or NAMES):
			continue
		train, test, model = prepare(case)
		train, test = train.head(TRAIN_ROWS), test.head(TEST_ROWS)
		(FOLDER / f"{case.name}.onnx").write_bytes(model)
		label, scores = answers(model, case, test)
		parts = {
			"columns": json.dumps(list(case.x.columns)),
			"rows": lines(listed(test)),
			"train": lines(listed(train)),
			"label": json.dumps(label),
			"scores": lines(scores) if scores else "null",
		}
		text = ",\n".join(f'"{key}": {value}' for key, value in parts.items())
		(FOLDER / f"{case.name}.json").write_text("{" + text + "}\n")
		print(f"{case.name}: {len(test)} rows, {len(model)} bytes", flush=True)
