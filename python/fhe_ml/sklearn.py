"""Estimators of scikit-learn that compile what they fit: for pipelines, searches and cross-validation."""

from __future__ import annotations

from typing import Any, Optional

from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from ._keys import Keys
from ._model import Model
from ._model import compile as compile_model


def _fitted_has(method: str) -> Any:
	def check(self: Any) -> bool:
		# Raises an AttributeError that says so if not.
		getattr(getattr(self, "estimator_", self.estimator), method)
		return True

	return check


class _Compiled(MetaEstimatorMixin, BaseEstimator):
	"""`estimator` is fitted as usual, and predicts as its compiled model does.

	`mode` is "clear", "simulate" or "encrypted", which needs `keys`; `model_` is the compiled model after `fit`.
	"""

	def __init__(self, estimator: Any = None, *, mode: str = "clear", keys: Optional[Keys] = None) -> None:
		self.estimator = estimator
		self.mode = mode
		self.keys = keys

	def fit(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
		"""Fits a clone of the estimator on X (rows, features) and y (rows,), and compiles it."""
		validate_data(self, X, y, multi_output=True, ensure_all_finite=False, skip_check_array=True)
		self.estimator_ = clone(self.estimator if self.estimator is not None else self._default())
		self.estimator_.fit(X, y, **fit_params)
		self.model_: Model = compile_model(self.estimator_, X)
		if hasattr(self.estimator_, "classes_"):
			self.classes_ = self.estimator_.classes_
		return self

	def _rows(self, X: Any) -> Any:
		check_is_fitted(self, "model_")
		# The estimator's own checks of rows, with its sentences.
		validate_data(self, X, reset=False, ensure_all_finite=False, dtype=None)
		return X

	def predict(self, X: Any) -> Any:
		"""Predictions (rows,) of rows X (rows, features)."""
		return self.model_.predict(self._rows(X), keys=self.keys, mode=self.mode)

	def __sklearn_tags__(self) -> Any:
		tags = super().__sklearn_tags__()
		if self.estimator is not None:
			tags.input_tags.allow_nan = self.estimator.__sklearn_tags__().input_tags.allow_nan
		return tags


class CompiledClassifier(ClassifierMixin, _Compiled):
	"""A classifier that compiles what it fits [default: a logistic regression]."""

	@staticmethod
	def _default() -> Any:
		from sklearn.linear_model import LogisticRegression

		return LogisticRegression()

	@available_if(_fitted_has("predict_proba"))
	def predict_proba(self, X: Any) -> Any:
		"""Probabilities (rows, classes)."""
		return self.model_.predict_proba(self._rows(X), keys=self.keys, mode=self.mode)

	@available_if(_fitted_has("decision_function"))
	def decision_function(self, X: Any) -> Any:
		"""Scores (rows,) of two classes or (rows, classes) of more."""
		return self.model_.decision_function(self._rows(X), keys=self.keys, mode=self.mode)


class CompiledRegressor(RegressorMixin, _Compiled):
	"""A regressor that compiles what it fits [default: a ridge regression]."""

	@staticmethod
	def _default() -> Any:
		from sklearn.linear_model import Ridge

		return Ridge()


__all__ = ["CompiledClassifier", "CompiledRegressor"]
