"""Keys of a user."""

from __future__ import annotations

import asyncio
import os
from typing import Optional, Union

from . import _native

Path = Union[str, "os.PathLike[str]"]


class Keys:
	"""A client key, which is secret, and its server key, which is public and goes to the chain.

	Whoever has the client key can read what was encrypted with it. Nothing in this package sends it anywhere.

	>>> keys = Keys.generate()
	>>> keys.save("keys")            # client.key (mode 0600) and server.key, as `fhe-ml keygen` writes them
	>>> keys = Keys.load("keys")
	"""

	__slots__ = ("_native",)

	def __init__(self, native: _native.Keys) -> None:
		self._native = native

	@classmethod
	def generate(cls) -> Keys:
		"""Makes new keys, in memory. Takes about a tenth of a second."""
		return cls(_native.Keys.generate())

	@classmethod
	async def generate_async(cls) -> Keys:
		"""As `generate`, beside other tasks."""
		return await asyncio.to_thread(cls.generate)

	@classmethod
	def load(cls, folder: Path) -> Keys:
		"""Reads `client.key` and `server.key` from a folder.

		Raises KeyFileError if one is missing, does not decode, or belongs to another one.
		"""
		return cls(_native.Keys.load(os.fspath(folder)))

	def save(self, folder: Path) -> Keys:
		"""Writes `client.key` (only you can read it) and `server.key`; never over another client key.

		Raises KeyFileError if there is a client key already, or files cannot be written.
		"""
		self._native.save(os.fspath(folder))
		return self

	@property
	def folder(self) -> Optional[str]:
		"""The folder that the keys were saved to or loaded from; None if they are in memory only."""
		folder = self._native.folder
		return None if folder is None else os.fspath(folder)

	@property
	def fingerprint(self) -> str:
		"""Hash of the server key (0x...), by which the chain knows it."""
		return self._native.fingerprint

	@property
	def server_key(self) -> bytes:
		"""The public half, 2.5 MB: workers evaluate with it, and nobody can decrypt with it."""
		return bytes(self._native.server_key_bytes())

	@property
	def bootstrap_key(self) -> bytes:
		"""A public key beside it, 186 kB, that deep networks are evaluated with; it follows from the client key."""
		return bytes(self._native.bootstrap_key_bytes())

	def __repr__(self) -> str:
		where = f" in {self.folder}" if self.folder else ", not saved"
		return f"<fhe_ml.Keys {self.fingerprint[:10]}…{where}>"

	def __reduce__(self) -> tuple:
		if self.folder is None:
			raise TypeError("keys that are not saved cannot be pickled: save them with keys.save(FOLDER)")
		return (Keys.load, (self.folder,))
