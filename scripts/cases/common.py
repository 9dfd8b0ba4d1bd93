"""A case: a table, a trained model, its ONNX file, and what ONNX Runtime says of the rows kept for testing."""

import csv
import dataclasses
import itertools
import json
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import (
	BooleanTensorType,
	DoubleTensorType,
	FloatTensorType,
	Int64TensorType,
	StringTensorType,
)
from skl2onnx.common.shape_calculator import (
	calculate_linear_classifier_output_shapes,
	calculate_linear_regressor_output_shapes,
)
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier, XGBRegressor, XGBRFClassifier, XGBRFRegressor

SEED = 7
OPSETS = {"": 18, "ai.onnx.ml": 3}
# The newest that the converters of XGBoost and LightGBM write.
BOOSTERS = {"": 15, "ai.onnx.ml": 3}
warnings.filterwarnings("ignore")


@dataclasses.dataclass
class Case:
	"""A model to train on the rows `x` and the targets `y`.

	`inputs` are the inputs of the graph: None is one table of numbers, "columns" is one input for each column, of the
	column's own type, and a dictionary gives the columns of each input by its name.
	"""

	name: str
	x: Any
	y: Any
	model: Any
	inputs: Any = None
	options: dict | None = None
	opsets: dict | int = dataclasses.field(default_factory=lambda: dict(OPSETS))
	# Exporters other than skl2onnx: the trained model to the bytes of an ONNX file.
	convert: Callable | None = None
	# The column of texts in which the first test row has one that no training row has.
	unseen: str | None = None
	# What else fit() is told.
	fit: dict = dataclasses.field(default_factory=dict)


def register_converters():
	"""XGBoost and LightGBM in a pipeline of scikit-learn, as the documentation of skl2onnx has it."""
	boosters = (
		(XGBClassifier, "XGBoostXGBClassifier", convert_xgboost),
		(XGBRegressor, "XGBoostXGBRegressor", convert_xgboost),
		(XGBRFClassifier, "XGBoostXGBRFClassifier", convert_xgboost),
		(XGBRFRegressor, "XGBoostXGBRFRegressor", convert_xgboost),
		(LGBMClassifier, "LightGbmLGBMClassifier", convert_lightgbm),
		(LGBMRegressor, "LightGbmLGBMRegressor", convert_lightgbm),
	)
	for model, alias, convert in boosters:
		shapes, options = calculate_linear_regressor_output_shapes, None
		if "Classifier" in alias:
			shapes = calculate_linear_classifier_output_shapes
			options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
		update_registered_converter(model, alias, shapes, convert, options=options)


def accept_numpy_integers():
	"""Converters hand NumPy's integers and bools to onnx, which takes Python's integers only."""
	make_attribute = onnx.helper.make_attribute

	def plain(item):
		item = item.item() if isinstance(item, np.generic) else item
		return int(item) if isinstance(item, bool) else item

	def converted(key, value, *rest, **options):
		if isinstance(value, list):
			value = [plain(item) for item in value]
		return make_attribute(key, value, *rest, **options)

	onnx.helper.make_attribute = converted


def table(x):
	"""An array as a table with the columns f0, f1 and so on, of single precision as the graphs are."""
	if isinstance(x, pd.DataFrame):
		return x
	return pd.DataFrame(np.asarray(x, np.float32), columns=[f"f{i}" for i in range(np.shape(x)[1])])


def is_text(column):
	return column.dtype == object or pd.api.types.is_string_dtype(column.dtype)


def kind(column):
	if is_text(column):
		return StringTensorType
	if column.dtype == bool:
		return BooleanTensorType
	if column.dtype == np.int64:
		return Int64TensorType
	return DoubleTensorType if column.dtype == np.float64 else FloatTensorType


def groups(case):
	"""The columns of each input of the graph."""
	if case.inputs is None:
		return {"X": list(case.x.columns)}
	if case.inputs == "columns":
		return {column: [column] for column in case.x.columns}
	return case.inputs


def export(case):
	if case.convert:
		return case.convert(case.model)
	types = [(name, kind(case.x[columns[0]])([None, len(columns)])) for name, columns in groups(case).items()]
	convert = lambda options: convert_sklearn(
		case.model, "model", types, options=options, target_opset=case.opsets
	).SerializeToString()
	if case.options is not None:
		return convert({id(case.model): case.options})
	# A table of scores is what most people ask for. Linear classifiers in a pipeline convert only with an option of
	# their own, and regressors have none.
	last = case.model.steps[-1][1] if hasattr(case.model, "steps") else case.model
	for options in ({id(case.model): {"zipmap": False}}, {id(last): {"raw_scores": False}}):
		try:
			return convert(options)
		except Exception:
			continue
	return convert(None)


def cells(column):
	"""A column as ONNX Runtime wants it: a missing text is the empty one."""
	if is_text(column):
		return np.array(["" if pd.isna(text) else str(text) for text in column], dtype=object)
	return column.to_numpy()


DTYPES = {
	"tensor(float)": np.float32,
	"tensor(double)": np.float64,
	"tensor(int64)": np.int64,
	"tensor(int32)": np.int32,
	"tensor(bool)": bool,
	"tensor(string)": object,
}


def runnable(model):
	"""ONNX Runtime makes texts lower case in the locale en_US.UTF-8 unless the graph names another, and few machines
	have it. To texts in ASCII they are all the same."""
	loaded = onnx.load_from_string(model)
	for node in loaded.graph.node:
		if node.op_type == "StringNormalizer":
			node.attribute.append(onnx.helper.make_attribute("locale", "C"))
	return loaded.SerializeToString()


def answers(model, case, rows):
	"""The labels, if the model has any, and a list of scores for each row; None for scores that ONNX Runtime
	does not give as numbers."""
	session = onnxruntime.InferenceSession(runnable(model))
	known = groups(case)
	feed = {}
	for wanted in session.get_inputs():
		# Exporters rename inputs: "a b" is "a_b"; those that take the whole table have but one.
		names = [name for name in known if name.replace(" ", "_") == wanted.name]
		columns = known[names[0]] if names else list(case.x.columns)
		together = np.column_stack([cells(rows[column]) for column in columns])
		feed[wanted.name] = together.astype(DTYPES[wanted.type])
		if len(wanted.shape) == 1:
			feed[wanted.name] = feed[wanted.name].reshape(-1)
	names = [output.name for output in session.get_outputs()]
	outputs = session.run(None, feed)
	return outputs_of(names, outputs, len(rows))


def outputs_of(names, outputs, count):
	if len(outputs) == 1:
		one = np.asarray(outputs[0])
		# A label alone, as with the option that leaves the scores out.
		if one.dtype.kind not in "f":
			return one.reshape(count, -1).tolist(), None
		return None, one.reshape(count, -1).astype(float).tolist()
	label = np.asarray(outputs[0])
	label = label.tolist() if label.ndim == 1 or label.shape[1] > 1 else label.reshape(-1).tolist()
	scores = outputs[1]
	if isinstance(scores, list) and isinstance(scores[0], dict):  # ZipMap
		return label, [[float(value) for value in row.values()] for row in scores]
	if isinstance(scores, list):  # one table for each target
		return label, np.hstack(scores).astype(float).tolist()
	scores = np.asarray(scores)
	if scores.ndim == 3:  # target, row, class
		scores = scores.transpose(1, 0, 2)
	return label, scores.reshape(count, -1).astype(float).tolist()


def prepare(case):
	"""Splits and trains: the training rows, the test rows, and the ONNX file."""
	case.x = table(case.x)
	train, test = train_test_split(case.x, test_size=0.3, random_state=SEED)
	if case.unseen:
		test.loc[test.index[0], case.unseen] = "never seen"
	targets = None if case.y is None else train_test_split(case.y, test_size=0.3, random_state=SEED)[0]
	# Without names of columns, as where the graph has but one table.
	case.model.fit(train.to_numpy() if case.inputs is None else train, targets, **case.fit)
	return train, test, export(case)


def written(value):
	if isinstance(value, str):
		return value
	if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
		return ""
	if isinstance(value, bool | np.bool_ | int | np.integer):
		return str(int(value))
	return f"{value:.9g}"


def write_csv(path, rows):
	with open(path, "w", newline="") as file:
		writer = csv.writer(file, lineterminator="\n")
		writer.writerow(rows.columns)
		writer.writerows([written(value) for value in row] for row in rows.itertuples(index=False))


def write(case, folder):
	train, test, model = prepare(case)
	label, scores = answers(model, case, test)
	expected = {"label": label, "scores": scores, "n": len(test), "otherwise": otherwise(case, test, label, scores)}
	(folder / f"{case.name}.onnx").write_bytes(model)
	write_csv(folder / f"{case.name}.train.csv", train)
	write_csv(folder / f"{case.name}.test.csv", test)
	(folder / f"{case.name}.json").write_text(json.dumps(expected) + "\n")


def otherwise(case, rows, label, scores):
	"""The number of rows of which the trained model says something else than its graph: some converters are wrong."""
	found = case.model.predict(rows.to_numpy() if case.inputs is None else rows)
	if label is None:
		found, wanted = np.reshape(found, (len(rows), -1)), np.array(scores)
		return int((np.abs(found - wanted) > wanted.std(axis=0) / 100).any(axis=1).sum())
	same = np.equal(np.asarray(found, object).reshape(len(rows), -1), np.array(label, object).reshape(len(rows), -1))
	return int(len(rows) - same.all(axis=1).sum())


def operators(model):
	"""The opsets, the inputs and outputs, and the nodes in order."""
	loaded = onnx.load_from_string(model)
	opsets = ", ".join(f"{item.domain or 'ai.onnx'} {item.version}" for item in loaded.opset_import)
	show = lambda value: f"{value.name}: {form(value.type)}"
	names = [f"{node.domain}::{node.op_type}" if node.domain else node.op_type for node in loaded.graph.node]
	counted = [(name, len(list(run))) for name, run in itertools.groupby(names)]
	nodes = [name if count == 1 else f"{name} x{count}" for name, count in counted]
	return opsets, [show(v) for v in loaded.graph.input], [show(v) for v in loaded.graph.output], nodes


def form(kind):
	field = kind.WhichOneof("value")
	if field != "tensor_type":
		return field.removesuffix("_type")
	tensor = kind.tensor_type
	name = onnx.TensorProto.DataType.Name(tensor.elem_type).lower()
	sizes = [str(d.dim_value) if d.HasField("dim_value") else d.dim_param or "?" for d in tensor.shape.dim]
	return f"{name}[{','.join(sizes)}]"
