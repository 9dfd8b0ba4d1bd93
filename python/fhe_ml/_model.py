"""Compiled models, used on this machine."""

from __future__ import annotations

import asyncio
import os
import time
import warnings
from typing import Any, Optional

import numpy as np

from . import _convert, _native
from ._card import Card
from ._keys import Keys, Path
from ._predictions import Predictions, card_classes, shown
from ._progress import Bar, Progress
from ._tables import is_frame, table_of
from .errors import InputError, NotConvertible


async def beside(work: Any, cancel: _native.Cancel) -> Any:
	"""Work of another thread, which ends if the task that waits for it is cancelled."""
	try:
		return await asyncio.to_thread(work)
	except asyncio.CancelledError:
		cancel.cancel()
		raise


class Model:
	"""A model that is ready for encrypted rows. `fhe_ml.compile` makes one, `fhe_ml.load` reads one.

	It is used as the fitted estimator that it was made of: `predict`, `predict_proba`, `decision_function`, `score`,
	`classes_`, `n_features_in_`, `feature_names_in_`.
	"""

	def __init__(self, native: _native.Model, estimator: Any = None, path: Optional[str] = None) -> None:
		self._native = native
		self._estimator = estimator
		self.path = path
		self.card = Card(native)
		classes = getattr(estimator, "classes_", None)
		is_list = isinstance(classes, np.ndarray) and classes.ndim == 1
		self._estimator_classes = classes if is_list and self.card.is_classifier else None

	# What scikit-learn looks at.

	@property
	def classes_(self) -> np.ndarray:
		"""The classes (classes,), in the order of columns of `predict_proba`."""
		classes = self._estimator_classes if self._estimator_classes is not None else card_classes(self.card)
		if classes is None:
			raise AttributeError(f"{self.card.name} is a {self.card.kind}: it has no classes")
		return classes

	@property
	def n_features_in_(self) -> int:
		"""Features of a row."""
		return len(self.card.features)

	@property
	def feature_names_in_(self) -> np.ndarray:
		"""Names of the features (features,), if the model knows them."""
		if not self.card.to_dict().get("features_are_named"):
			raise AttributeError(f"{self.card.name} knows no names of its features")
		return np.asarray(self.card.features, dtype=object)

	@property
	def _estimator_type(self) -> str:
		return "classifier" if self.card.is_classifier else "regressor"

	def __sklearn_tags__(self) -> Any:
		from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

		classifies = self.card.is_classifier
		return Tags(
			estimator_type=self._estimator_type,
			target_tags=TargetTags(required=True),
			classifier_tags=ClassifierTags() if classifies else None,
			regressor_tags=None if classifies else RegressorTags(),
			input_tags=InputTags(allow_nan=True),
		)

	# Predictions on this machine.

	def predictions(
		self,
		X: Any,
		keys: Optional[Keys] = None,
		mode: Optional[str] = None,
		*,
		threads: int = 1,
		rows_per_request: Optional[int] = None,
		progress: Progress = False,
		_cancel: Optional[_native.Cancel] = None,
	) -> Predictions:
		"""Labels, scores and times of rows X (rows, features), on this machine.

		mode="encrypted" encrypts, evaluates and decrypts, as user and worker do; it needs `keys` and is the default
		with them. mode="clear" computes the same integers without encryption. mode="simulate" adds the noise that an
		encrypted evaluation has, drawn from its formula.

		`threads` are those of one evaluation; `rows_per_request` rows are encrypted and evaluated together [default:
		about a second of evaluation]. The GIL is released; Ctrl-C ends it.
		"""
		mode = mode or ("clear" if keys is None else "encrypted")
		if threads < 1:
			raise InputError(f"an evaluation needs a thread at least, not {threads}")
		if rows_per_request is not None and rows_per_request < 1:
			raise InputError("a request has a row at least: rows_per_request is 1 or more")
		table = table_of(X)
		with Bar(progress, table.rows, self.card.name) as bar:
			found = self._native.predict(
				table,
				mode,
				None if keys is None else keys._native,
				threads=threads,
				rows_per_request=rows_per_request,
				progress=bar.rows if progress is not False else None,
				cancel=_cancel,
			)
		return self._predictions(found, X)

	def _predictions(self, native: _native.Predictions, X: Any) -> Predictions:
		index = X.index[native.rows] if is_frame(X) else None
		return Predictions(native, self.card, self._estimator_classes, index)

	def predict(
		self,
		X: Any,
		keys: Optional[Keys] = None,
		mode: Optional[str] = None,
		*,
		output: str = "array",
		**options: Any,
	) -> Any:
		"""Predicted classes or values of rows X (rows, features): an array (rows,) or (rows, targets).

		output="frame" gives a DataFrame with the scores, too; other options are those of `predictions`.
		"""
		return shown(self.predictions(X, keys, mode, **options), X, output)

	def predict_proba(self, X: Any, keys: Optional[Keys] = None, mode: Optional[str] = None, **options: Any) -> np.ndarray:
		"""Probabilities (rows, classes), in the order of `classes_`."""
		self._check_has("predict_proba")
		return self.predictions(X, keys, mode, **options).probabilities()

	def decision_function(
		self, X: Any, keys: Optional[Keys] = None, mode: Optional[str] = None, **options: Any
	) -> np.ndarray:
		"""Scores before they become probabilities: (rows,) of two classes, (rows, classes) of more."""
		return self.predictions(X, keys, mode, **options).decisions()

	def score(self, X: Any, y: Any, keys: Optional[Keys] = None, mode: Optional[str] = None, **options: Any) -> float:
		"""Share of right classes, or the coefficient of determination of values."""
		predicted, wanted = self.predict(X, keys, mode, **options), np.asarray(y)
		if self.card.is_classifier:
			return float(np.mean(predicted == wanted))
		residual = ((wanted - predicted) ** 2).sum(axis=0)
		total = ((wanted - wanted.mean(axis=0)) ** 2).sum(axis=0)
		return float(np.mean(1 - residual / total))

	def _check_has(self, method: str) -> None:
		if self._estimator is not None and hasattr(self._estimator, "predict") and not hasattr(self._estimator, method):
			raise AttributeError(f"{type(self._estimator).__name__} has no {method}, so this model has none")

	async def predict_async(self, X: Any, keys: Optional[Keys] = None, mode: Optional[str] = None, **options: Any) -> Any:
		"""As `predict`, beside other tasks. Cancelling the task ends the work."""
		cancel = _native.Cancel()
		return await beside(lambda: self.predict(X, keys, mode, _cancel=cancel, **options), cancel)

	async def predict_proba_async(
		self, X: Any, keys: Optional[Keys] = None, mode: Optional[str] = None, **options: Any
	) -> np.ndarray:
		"""As `predict_proba`, beside other tasks. Cancelling the task ends the work."""
		cancel = _native.Cancel()
		return await beside(lambda: self.predict_proba(X, keys, mode, _cancel=cancel, **options), cancel)

	# The three steps of it, where user and worker are not one process.

	def encrypt(self, X: Any, keys: Keys) -> bytes:
		"""Rows X (rows, features) as one encrypted input: what a user sends to a worker."""
		return self._native.encrypt(table_of(X), keys._native)

	def evaluate(
		self,
		input: bytes,
		server_key: Optional[bytes] = None,
		bootstrap_key: Optional[bytes] = None,
		*,
		threads: int = 1,
	) -> bytes:
		"""What a worker makes of an encrypted input. Nothing is secret.

		It needs `keys.server_key` unless the model is linear, and `keys.bootstrap_key` for a deep network.
		"""
		if threads < 1:
			raise InputError(f"an evaluation needs a thread at least, not {threads}")
		return self._native.evaluate(input, server_key, bootstrap_key, threads)

	def decrypt(self, input: bytes, result: bytes, keys: Keys) -> Predictions:
		"""What a worker's `result` says of the rows of `input`.

		A worker that lies learns bits of the client key from what is done with its result: evaluate the input again
		and compare, unless the worker is you. `predict` of a chain's model does so.
		"""
		return self._predictions(self._native.decrypt(input, result, keys._native), None)

	# Other forms of the model.

	def encrypt_for(self, keys: Keys, hide_shape: bool = False) -> Model:
		"""The same model, encrypted: workers evaluate it, and only the owner of `keys` can use and read it.

		`hide_shape` pads trees, so that nothing but their number and depth shows.
		"""
		native = self._native.encrypt_for(keys._native, hide_shape)
		return Model(native, self._estimator)

	def make_private(self, X: Any, grid: str = "decoys:48", kappa: int = 64) -> Model:
		"""A private model of this one, which anybody may ask and only evaluators that you name have.

		X (rows, features) shows the ranges of features. `grid` are the comparisons that users of trees encrypt:
		"decoys:N", "quantiles:N" or "exact"; `kappa` is the noise that hides the model, a power of two.
		`card.told` says what users learn; `changed` on how many rows of X it predicts otherwise.
		"""
		native, changed = self._native.make_private(table_of(X), grid, kappa)
		model = Model(native, self._estimator)
		model.changed = changed
		return model

	# Of a private model: on how many of so many rows it predicts otherwise than the public one.
	changed: Optional[tuple] = None
	# How long conversion and import took.
	compile_seconds: Optional[float] = None

	def save(self, path: Path, passphrase: Optional[str] = None) -> Model:
		"""Writes the `.fheml` file; of an encrypted model its schema and of a private one its file next to it.

		`passphrase` seals the file of a private model.
		"""
		sealed = None if passphrase is None else passphrase.encode()
		self._native.save(os.fspath(path), sealed)
		self.path = os.fspath(path)
		return self

	def to_bytes(self) -> bytes:
		"""The bytes of the `.fheml` file."""
		return self._native.artifact_bytes()

	def __reduce__(self) -> tuple:
		if self.card.visibility != "public":
			raise TypeError(f"a model that is {self.card.visibility} cannot be pickled: save it with model.save(PATH)")
		return (_from_bytes, (self.to_bytes(), self._estimator))

	def __repr__(self) -> str:
		return f"<fhe_ml.Model {self.card.name}: {self.card.kind}, {self.card.visibility}>"

	def _repr_html_(self) -> str:
		return self.card._repr_html_()


def compile(
	estimator: Any,
	X_train: Any = None,
	*,
	name: Optional[str] = None,
) -> Model:
	"""Compiles a fitted estimator for encrypted rows.

	`estimator` is a fitted one of scikit-learn (pipelines, too), XGBoost, LightGBM or CatBoost, a torch.nn.Module, an
	onnx.ModelProto, or the bytes or the path of an ONNX file. `X_train` (rows, features), a matrix or a DataFrame,
	shows names and ranges of features; linear models can do without, networks cannot. `name` has 1 to 64 bytes.

	Raises NotConvertible if there is no ONNX graph of the estimator, which names the package that is missing, or if the
	graph predicts rows of X_train otherwise than the estimator; ModelError if the graph is not understood to the last
	node, or does not fit.
	"""
	started = time.perf_counter()
	is_path = isinstance(estimator, (str, os.PathLike))
	if name is None:
		name = os.path.splitext(os.path.basename(os.fspath(estimator)))[0] if is_path else _name_of(estimator)
	calibration = None if X_train is None else table_of(X_train)
	if is_path:
		native = _native.Model.from_onnx_file(os.fspath(estimator), name, calibration)
		model = Model(native)
	else:
		onnx = _convert.onnx_of(estimator, X_train)
		native = _native.Model.from_onnx(onnx, name, calibration)
		is_graph = isinstance(estimator, (bytes, bytearray, memoryview)) or hasattr(estimator, "SerializeToString")
		model = Model(native, None if is_graph else estimator)
		if X_train is not None and hasattr(estimator, "get_params") and hasattr(estimator, "predict"):
			_check_graph(model, estimator, X_train)
	model.compile_seconds = time.perf_counter() - started
	return model


def load(path: Path, keys: Optional[Keys] = None, passphrase: Optional[str] = None) -> Model:
	"""Reads a `.fheml` file, and the schema (with `keys`) or the private file (with `passphrase`) next to it."""
	sealed = None if passphrase is None else passphrase.encode()
	native = _native.Model.load(os.fspath(path), None if keys is None else keys._native, sealed)
	return Model(native, path=os.fspath(path))


def _check_graph(model: Model, estimator: Any, x: Any) -> None:
	"""Converters have errors, which rows of the training data show: what is compiled is the estimator, or refused."""
	if not is_frame(x):
		x = x.toarray() if hasattr(x, "toarray") else np.asarray(x)
	every = max(1, len(x) // 200)
	rows = x.iloc[::every] if is_frame(x) else x[::every]
	found = model.predictions(rows)
	with warnings.catch_warnings():
		# Of names of features that the estimator was fitted without.
		warnings.simplefilter("ignore")
		wanted = np.asarray(estimator.predict(rows)).reshape(found.labels.shape)
	if model.card.is_classifier:
		wrong = (found.labels != wanted) & ~found.ties
	else:
		wrong = np.abs(found.labels - wanted) > 0.2 * np.std(wanted, axis=0) + 1e-6 * np.abs(wanted)
	wrong = wrong.reshape(len(wanted), -1).any(axis=1).sum()
	# A few rows are those whose features single precision puts on the other side of a threshold.
	if wrong > max(1, len(wanted) // 20):
		raise NotConvertible(
			f"the ONNX graph of {type(estimator).__name__} predicts otherwise than the estimator on {wrong} of "
			f"{len(wanted)} rows of X_train, so its converter is wrong: update it, or train an estimator of another kind"
		)


def _from_bytes(artifact: bytes, estimator: Any) -> Model:
	return Model(_native.Model.from_bytes(artifact, None, None), estimator)


def _name_of(estimator: Any) -> str:
	if isinstance(estimator, (bytes, bytearray, memoryview)) or hasattr(estimator, "SerializeToString"):
		return "model"
	steps = getattr(estimator, "steps", None)
	last = steps[-1][1] if steps else estimator
	return type(last).__name__[:64]


__all__ = ["Model", "compile", "load"]
