"""The model card, for people."""

from __future__ import annotations

import html
import json
from typing import Any, Optional

from . import _native


def _bytes(count: int) -> str:
	for limit, unit in ((1_000_000, "MB"), (1000, "kB")):
		if count >= limit:
			return f"{count / limit:.1f} {unit}"
	return f"{count} B"


def _listed(items: list, most: int = 8) -> str:
	shown = ", ".join(str(item) for item in items[:most])
	return shown if len(items) <= most else f"{shown}, … ({len(items)})"


class Card:
	"""What a model is, how exact it is, and what it costs. Prints as a table, in notebooks, too.

	`card["quantisation"]` and so on are the parts of the card as they are in the `.fheml` file.
	"""

	def __init__(self, native: _native.Model) -> None:
		self._native = native
		self._json: dict = json.loads(native.card_json())

	def __getitem__(self, part: str) -> Any:
		return self._json[part]

	def keys(self) -> Any:
		"""Names of the parts."""
		return self._json.keys()

	def to_dict(self) -> dict:
		"""The whole card, as it is in the `.fheml` file."""
		return json.loads(json.dumps(self._json))

	@property
	def name(self) -> str:
		"""Name of the model."""
		return self._native.name

	@property
	def kind(self) -> str:
		"""`linear classifier`, `forest regressor` and so on."""
		return self._json["kind"]

	@property
	def visibility(self) -> str:
		"""`public`, `encrypted` (for its owner's key) or `private` (only evaluators have it)."""
		return self._native.visibility

	@property
	def hash(self) -> str:
		"""BLAKE2b-256 of the `.fheml` file (0x...)."""
		return self._native.hash

	@property
	def features(self) -> list:
		"""Names of the features in the order of a row; empty if the model is encrypted and not opened."""
		return list(self._json.get("features", []))

	@property
	def text_features(self) -> list:
		"""Numbers of the features that are texts."""
		return [text["feature"] for text in self._json.get("text", [])]

	@property
	def classes(self) -> Optional[list]:
		"""The classes, or None for a regression."""
		task = self._json.get("task", {})
		of_task = task.get("classification") or {}
		classes = of_task.get("classes")
		return None if classes is None else list(next(iter(classes.values())))

	@property
	def is_classifier(self) -> bool:
		"""Whether it predicts classes."""
		task = self._json.get("task", {})
		return "classification" in task or (task.get("computed") or {}).get("label") is not None

	@property
	def max_error(self) -> Optional[float]:
		"""By how much a score before its transform may be off, at most, while features are in the ranges of the training
		rows; of networks by how much it is off on these rows. None if the card does not say."""
		return (self._json.get("quantisation") or {}).get("max_score_error")

	@property
	def expected_error(self) -> Optional[dict]:
		"""By how much what it reports is off, `mean` and `largest`: of probabilities as they are, of other scores and
		values relative to their range."""
		return (self._json.get("quantisation") or {}).get("expected_error")

	@property
	def failure_probability(self) -> float:
		"""Probability that a result decrypts to something else; 0 if a hard bound rules it out."""
		return self._json["decryption_failure_probability"]

	@property
	def input_bytes(self) -> int:
		"""Bytes of an encrypted row."""
		return self._json["sizes"]["input"]

	@property
	def result_bytes(self) -> int:
		"""Bytes of its encrypted answer."""
		return self._json["sizes"]["result"]

	@property
	def server_key_bytes(self) -> int:
		"""Bytes of the server key that workers need; 0 if they need none."""
		return self._json["sizes"]["server_key"]

	@property
	def bootstrap_key_bytes(self) -> int:
		"""Bytes of the bootstrap key that deep networks need besides; 0 for others."""
		return self._json["sizes"].get("bootstrap_key", 0)

	@property
	def score_deviations(self) -> list:
		"""Of a deep network whose scores have noise: the standard deviation of each output. Show such scores to nobody."""
		return self._json.get("quantisation", {}).get("score_deviations", [])

	@property
	def artifact_bytes(self) -> int:
		"""Bytes of the `.fheml` file."""
		return self._native.artifact_size

	@property
	def milliseconds(self) -> float:
		"""Estimated time of one row on one core, in milliseconds."""
		return self._json["cost"]["milliseconds_per_core"]

	@property
	def price(self) -> float:
		"""What a row costs with one worker by the prices of this release, rounded up, in FHE; a chain's own: `quote`."""
		return self._native.fee(1, 1) / 1e12

	@property
	def told(self) -> Optional[dict]:
		"""Of a private model: what users read in it, what they learn from answers, and what they do not learn."""
		told = self._native.told()
		return None if told is None else dict(zip(("public", "answers", "hidden"), told))

	def _rows(self) -> list:
		rows = [("kind", f"{self.kind}, {self.visibility}")]
		if self.features:
			rows.append(("features", f"{len(self.features)}: {_listed(self.features)}"))
		if self.classes is not None:
			rows.append(("classes", _listed(self.classes)))
		if self.max_error is not None:
			is_measured = "network" in self.kind
			where = "on the training rows" if is_measured else "while features are in their ranges"
			error = f"at most {self.max_error:.2e} of a score before its transform, {where}"
			if self.expected_error:
				error += f"; {self.expected_error['mean']:.2e} on average of what it reports"
			rows.append(("error", error))
		if any(self.score_deviations):
			deviation = max(self.score_deviations)
			rows.append(("noise", f"up to {deviation:.2e} of a score, which tells of your client key: show scores to nobody"))
		key = _bytes(self.server_key_bytes) if self.server_key_bytes else "none"
		rows += [
			("bytes", f"row {_bytes(self.input_bytes)}, answer {_bytes(self.result_bytes)}, server key {key}"),
			("model", f"{_bytes(self.artifact_bytes)}, {self.hash[:18]}…"),
			("time", f"about {self.milliseconds:.3g} ms a row on one core"),
			("price", f"up to {self.price:.6f} FHE a row with one worker"),
		]
		fails = "never" if self.failure_probability == 0 else f"with probability {self.failure_probability:.0e}"
		rows.append(("decryption fails", fails))
		return rows

	def __repr__(self) -> str:
		return "\n".join([self.name] + [f"  {what:17}{text}" for what, text in self._rows()])

	def _repr_html_(self) -> str:
		cells = "".join(
			f"<tr><th style='text-align:left'>{html.escape(what)}</th>"
			f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
			for what, text in self._rows()
		)
		return f"<table><caption><b>{html.escape(self.name)}</b></caption>{cells}</table>"
