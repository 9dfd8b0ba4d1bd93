"""What can go wrong. Each exception has the sentence that the tool `fhe-ml` says, and what to do."""

from __future__ import annotations


class FheMlError(Exception):
	"""Any error of this package."""


class InputError(FheMlError, ValueError):
	"""Rows, options or an account that are not what is asked for."""


class ModelError(FheMlError, ValueError):
	"""A model that cannot be compiled, read or used in this way."""


class NotConvertible(ModelError, TypeError):
	"""An estimator that has no ONNX graph, or for whose conversion a package is missing."""


class KeyFileError(FheMlError, OSError):
	"""Keys or files that cannot be read or written."""

	# OSError would take a single argument for an errno if there were two.
	def __str__(self) -> str:
		return str(self.args[0]) if self.args else ""


class ChainError(FheMlError):
	"""The chain refuses something, or there is no way to it.

	`predictions` are those that were there before, if any: they are paid for.
	"""

	predictions = None


class ChainUnavailable(ChainError):
	"""No node answers, a job failed or expired, or the chain refused a transaction."""


class PriceError(ChainError):
	"""The chain or a model's owner asks for more than was agreed to."""


class WrongResultError(ChainError):
	"""A worker's result is not what the model gives on the input: nothing of it was decrypted."""


class InterruptedRun(ChainError):
	"""Some rows are there. The same call with the same `resume` folder goes on and pays for nothing twice."""


class Cancelled(ChainError):
	"""The work was cancelled."""
