"""Progress bars of tqdm, where it is installed."""

from __future__ import annotations

from typing import Any, Callable, Optional, Union

Progress = Union[bool, Callable[[int], Any], None]


class Bar:
	"""A bar for `total` rows, or nothing at all."""

	def __init__(self, progress: Progress, total: int, what: str) -> None:
		self.bar: Any = None
		self.call: Optional[Callable[[int], Any]] = progress if callable(progress) else None
		if progress is True or progress is None:
			try:
				from tqdm.auto import tqdm
			except ImportError:
				return
			# None is a bar where somebody looks; True always.
			self.bar = tqdm(total=total, desc=what, unit="row", disable=None if progress is None else False)

	def __enter__(self) -> Bar:
		return self

	def __exit__(self, *_: Any) -> None:
		if self.bar is not None:
			self.bar.close()

	def rows(self, count: int) -> None:
		"""So many more rows are there."""
		if self.bar is not None:
			self.bar.update(count)
		if self.call is not None:
			self.call(count)

	def of_chain(self, count: int, paid: int, block: int) -> None:
		"""So many more rows are there, this is paid in units of 10^-12 FHE, and this block was seen."""
		if self.bar is not None and block:
			self.bar.set_postfix_str(f"block {block}, {paid / 1e12:.3f} FHE")
		self.rows(count)
