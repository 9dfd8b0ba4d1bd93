"""Rows on their way to the native part, and predictions on their way back."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple, Optional

import numpy as np

from .errors import InputError


class Table(NamedTuple):
	"""Columns of `rows` cells: doubles as bytes, or texts. Tables without a header have no `names`."""

	rows: int
	columns: list
	names: Optional[list]


class Native:
	"""A table as the native part reads it: by its attributes."""

	__slots__ = ("columns", "names", "rows")

	def __init__(self, table: Table) -> None:
		self.rows, self.columns, self.names = table.rows, table.columns, table.names


def is_frame(x: Any) -> bool:
	"""Whether `x` is a pandas DataFrame; pandas is not imported for that."""
	pandas = sys.modules.get("pandas")
	return pandas is not None and isinstance(x, pandas.DataFrame)


def _text(value: Any) -> Optional[str]:
	if value is None or (isinstance(value, float) and value != value):
		return None
	pandas = sys.modules.get("pandas")
	if pandas is not None and value is pandas.NA:
		return None
	return str(value)


def is_text(values: Any) -> bool:
	"""Whether a column is text: objects that are no numbers, categories of texts, or strings."""
	dtype = getattr(values, "dtype", None)
	categories = getattr(dtype, "categories", None)
	if categories is not None:
		return is_text(categories)
	kind = getattr(dtype, "kind", "O")
	if kind in "US":
		return True
	if kind != "O":
		return False
	return any(isinstance(value, str) for value in values)


def _column(name: Any, values: Any) -> Any:
	if is_text(values):
		return [_text(value) for value in values]
	try:
		if hasattr(values, "to_numpy"):
			values = values.to_numpy(dtype=np.float64, na_value=np.nan)
		return np.ascontiguousarray(values, dtype=np.float64).tobytes()
	except (TypeError, ValueError) as error:
		raise InputError(f"column `{name}` is neither numbers nor texts: {error}") from error


def width_of(x: Any) -> int:
	"""Columns of a DataFrame or a matrix (rows, features)."""
	shape = x.shape if hasattr(x, "shape") else np.asarray(x).shape
	if len(shape) != 2:
		raise not_2d(len(shape))
	return int(shape[1])


def not_2d(dimensions: int) -> InputError:
	"""What is wrong with rows that are no table, as scikit-learn says it."""
	return InputError(
		f"Expected 2D array, got {dimensions}D array instead: rows are the first axis, features the second. "
		"Reshape your data with array.reshape(1, -1) if it is one row"
	)


def table_of(x: Any) -> Native:
	"""A DataFrame or a matrix (rows, features) as columns. `None` and NaN are missing values."""
	if is_frame(x):
		names = [str(name) for name in x.columns]
		columns = [_column(name, x.iloc[:, at]) for at, name in enumerate(names)]
		return Native(Table(len(x), columns, names))
	if hasattr(x, "toarray"):  # A sparse matrix of scipy.
		x = x.toarray()
	matrix = np.asarray(x)
	if np.iscomplexobj(matrix):
		raise InputError("Complex data not supported: features are real numbers")
	if matrix.ndim != 2:
		raise not_2d(matrix.ndim)
	columns = [_column(at, matrix[:, at]) for at in range(matrix.shape[1])]
	return Native(Table(len(matrix), columns, None))


def matrix_of(matrix: Any) -> Optional[np.ndarray]:
	"""An array (rows, width) of what the native part has computed."""
	if matrix is None:
		return None
	numbers = np.frombuffer(matrix.tobytes(), dtype=np.float64)
	return numbers.reshape(-1, matrix.width) if matrix.width else numbers.reshape(0, 0)
