"""Every model of scripts/cases/estimators.py through compile(estimator), compared with estimator.predict."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

import estimators
import fhe_ml

# What cannot be converted, as docs/cases.md says, and why.
REFUSED = {"knn": "unsupported operator Scan"}
# Rows of another class that docs/cases.md counts as well: weights of the network are rounded.
WRONG = {"features_784_mlp": 10}
# Deviations by which a value may be off, of a deep network, whose tables and weights are rounded.
OFF = {"mlp_3layers_reg": 0.15}


@pytest.mark.parametrize("case", list(estimators.cases()), ids=lambda case: case.name)
def test_a_case_predicts_what_its_estimator_predicts(case, keys):
	x = np.asarray(case.x, np.float32)
	xa, xb, ya, _ = train_test_split(x, case.y, test_size=0.3, random_state=7)
	case.model.fit(xa, ya, **case.fit)
	if case.name in REFUSED:
		with pytest.raises(fhe_ml.ModelError, match=REFUSED[case.name]):
			fhe_ml.compile(case.model, xa)
		return
	model = fhe_ml.compile(case.model, xa)
	found, wanted = model.predictions(xb), case.model.predict(xb)
	assert found.labels.shape == wanted.shape
	if model.card.is_classifier:
		wrong = (found.labels != wanted) & ~found.ties
		assert wrong.sum() <= WRONG.get(case.name, 0)
	else:
		deviation = wanted.std(axis=0) if wanted.std() > 0 else 1
		off = np.abs(found.labels - wanted) / deviation
		assert off.max() <= OFF.get(case.name, 0.01)
	if model.card.milliseconds < 200:
		encrypted = model.predictions(xb[:1], keys=keys)
		assert np.array_equal(encrypted.raw_scores, found.raw_scores[:1])
