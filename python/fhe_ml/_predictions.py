"""What came of rows: labels, scores, and where they were computed."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from . import _native
from ._card import Card
from ._tables import is_frame, matrix_of
from .errors import ModelError


class Predictions:
	"""Predictions of some rows, in their order.

	`rows` (rows,) are their numbers: 0, 1, 2, …, with gaps in what came of a run that failed. `labels` is an array (rows,), or (rows, targets) of a regression with several targets. `scores` (rows, classes)
	are probabilities or scores as the ONNX graph gives them, `raw_scores` (rows, outputs) what was decrypted; both are
	None where they are not shown. `ties` (rows,) says where the two best classes are closer to each other than scores
	are exact. `jobs` (rows,) are numbers of jobs on a chain. `seconds` (rows, 3) are times of encryption, evaluation
	and decryption on this machine.
	"""

	def __init__(self, native: _native.Predictions, card: Card, classes: Optional[np.ndarray], index: Any) -> None:
		self._card = card
		self.index = index
		self.rows = np.asarray(native.rows, dtype=np.uint64)
		self.labels = _labels(native.labels, card, classes)
		self.scores = matrix_of(native.scores)
		self.raw_scores = matrix_of(native.raw_scores)
		self.ties = np.asarray(native.ties, dtype=bool)
		self.jobs = np.asarray(native.jobs, dtype=np.uint64)
		self.seconds = np.asarray(native.milliseconds, dtype=np.float64).reshape(-1, 3) / 1000
		self.classes = classes if classes is not None else card_classes(card)

	def __len__(self) -> int:
		return len(self.labels)

	def to_frame(self) -> Any:
		"""A DataFrame with `prediction` (or `prediction_0`, …), `score_CLASS`, `tie`, and `job` of a chain."""
		import pandas

		columns: dict = {}
		if self.labels.ndim == 2:
			columns.update({f"prediction_{at}": self.labels[:, at] for at in range(self.labels.shape[1])})
		else:
			columns["prediction"] = self.labels
		if self._card.is_classifier and self.scores is not None and self.scores.size:
			names = list(range(self.scores.shape[1]))
			if self.classes is not None and len(self.classes) == len(names):
				names = list(self.classes)
			columns.update({f"score_{name}": self.scores[:, at] for at, name in enumerate(names)})
			columns["tie"] = self.ties
		if len(self.jobs):
			columns["job"] = self.jobs
		return pandas.DataFrame(columns, index=self.index)

	def probabilities(self) -> np.ndarray:
		"""The scores (rows, classes), if they are probabilities."""
		if not self._card.is_classifier:
			raise ModelError(f"{self._card.name} is a {self._card.kind}: it has no probabilities")
		if self.scores is None or not self.scores.size:
			raise ModelError(
				f"{self._card.name} shows no scores here: of a private model they are shown with scores=True, and some "
				"graphs give labels only"
			)
		sums = self.scores.sum(axis=1)
		if self.scores.min(initial=0) < -1e-6 or not np.allclose(sums, 1, atol=1e-4):
			raise ModelError(f"the scores of {self._card.name} are no probabilities: ask for its decision_function")
		return self.scores

	def decisions(self) -> np.ndarray:
		"""What classes are decided by before it becomes probabilities: (rows,) of two classes, (rows, classes) of more."""
		task = self._card.to_dict().get("task", {})
		of_task = task.get("classification")
		if of_task is None:
			raise ModelError(
				f"{self._card.name} has no decision function: it is a regression, or its graph computes more after the "
				"encrypted core"
			)
		if self.raw_scores is None:
			raise ModelError(f"{self._card.name} shows no scores here: of a private model they are shown with scores=True")
		columns = of_task["scores"]["columns"]
		signs = np.array([-1.0 if column["negate"] else 1.0 for column in columns])
		offsets = np.array([column["offset"] for column in columns])
		picked = self.raw_scores[:, [column["output"] for column in columns]] * signs + offsets
		# Graphs of two classes have a score of each, or one of the second only.
		return picked[:, -1] if picked.shape[1] <= 2 else picked


def card_classes(card: Card) -> Optional[np.ndarray]:
	"""The classes of a card as an array."""
	classes = card.classes
	return None if classes is None else np.asarray(classes)


def _labels(labels: list, card: Card, classes: Optional[np.ndarray]) -> np.ndarray:
	found = np.asarray(labels, dtype=None if labels else np.float64)
	if classes is None or found.ndim != 1:
		return found
	known = card_classes(card)
	if known is None:
		known = np.asarray(sorted(set(labels))) if not set(labels) <= set(classes.tolist()) else classes
	if len(known) != len(classes):
		return found
	# The graph may name classes otherwise than the estimator: 0 and 1 for False and True.
	if known.dtype == classes.dtype and np.array_equal(known, classes):
		return found.astype(classes.dtype) if len(found) else np.empty(0, classes.dtype)
	at = {label: place for place, label in enumerate(known.tolist())}
	places = [at.get(label) for label in labels]
	if any(place is None for place in places):
		return found
	return classes[np.asarray(places, dtype=int)]


def shown(predictions: Predictions, x: Any, output: str) -> Any:
	"""As an array or a DataFrame, whichever is asked for."""
	if output == "frame" or (output == "like" and is_frame(x)):
		return predictions.to_frame()
	return predictions.labels
