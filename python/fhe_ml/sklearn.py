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
		getattr(getattr(self, "estimator_", None) or self._wrapped(), method)
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
		# The estimator checks the rows; here only their number of columns and the names of these are remembered.
		validate_data(self, X, y, skip_check_array=True)
		self.estimator_ = clone(self._wrapped())
		self.estimator_.fit(X, y, **fit_params)
		self.model_: Model = compile_model(self.estimator_, X)
		if hasattr(self.estimator_, "classes_"):
			self.classes_ = self.estimator_.classes_
		return self

	def _wrapped(self) -> Any:
		return self._default() if self.estimator is None else self.estimator

	def _predicted(self, method: str, X: Any) -> Any:
		check_is_fitted(self, "model_")
		# Rows are checked as scikit-learn does, with its sentences.
		finite = "allow-nan" if self.__sklearn_tags__().input_tags.allow_nan else True
		validate_data(self, X, reset=False, accept_sparse=True, ensure_all_finite=finite, dtype=None)
		return getattr(self.model_, method)(X, keys=self.keys, mode=self.mode)

	def predict(self, X: Any) -> Any:
		"""Predictions (rows,) of rows X (rows, features)."""
		return self._predicted("predict", X)

	def __sklearn_tags__(self) -> Any:
		tags, wrapped = super().__sklearn_tags__(), self._wrapped().__sklearn_tags__()
		tags.input_tags.allow_nan = wrapped.input_tags.allow_nan
		tags.input_tags.sparse = wrapped.input_tags.sparse
		tags.target_tags.multi_output = wrapped.target_tags.multi_output
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
		return self._predicted("predict_proba", X)

	@available_if(_fitted_has("decision_function"))
	def decision_function(self, X: Any) -> Any:
		"""Scores (rows,) of two classes or (rows, classes) of more."""
		return self._predicted("decision_function", X)


class CompiledRegressor(RegressorMixin, _Compiled):
	"""A regressor that compiles what it fits [default: a ridge regression]."""

	@staticmethod
	def _default() -> Any:
		from sklearn.linear_model import Ridge

		return Ridge()


__all__ = ["CompiledClassifier", "CompiledRegressor"]
