"""scikit-learn's own checks of estimators, on those that compile what they fit."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import fhe_ml
from fhe_ml.sklearn import CompiledClassifier, CompiledRegressor


@parametrize_with_checks([CompiledClassifier(), CompiledRegressor()])
def test_scikit_learns_checks(estimator, check):
	check(estimator)


def test_a_search_and_cross_validation(iris):
	xa, _, ya, _ = iris
	forest = CompiledClassifier(RandomForestClassifier(5, random_state=7))
	assert cross_val_score(forest, xa, ya, cv=3).mean() > 0.85
	search = GridSearchCV(forest, {"estimator__max_depth": [1, 3]}, cv=3).fit(xa, ya)
	assert search.best_params_ == {"estimator__max_depth": 3}
	assert search.predict_proba(xa).shape == (len(xa), 3)


def test_an_encrypted_search_gives_what_the_clear_one_gives(diabetes, keys):
	xa, xb, ya, _ = diabetes
	forest = RandomForestRegressor(3, max_depth=3, random_state=7)
	clear = CompiledRegressor(forest).fit(xa, ya)
	encrypted = CompiledRegressor(forest, mode="encrypted", keys=keys).fit(xa, ya)
	assert np.array_equal(clear.predict(xb[:5]), encrypted.predict(xb[:5]))


def test_a_model_is_an_estimator_to_scikit_learn(cancer):
	from sklearn.base import is_classifier
	from sklearn.metrics import get_scorer

	xa, xb, ya, yb = cancer
	model = fhe_ml.compile(RandomForestClassifier(5, max_depth=3, random_state=7).fit(xa, ya), xa)
	assert is_classifier(model)
	assert get_scorer("accuracy")(model, xb, yb) == pytest.approx(model.score(xb, yb))
	assert get_scorer("roc_auc")(model, xb, yb) > 0.9
