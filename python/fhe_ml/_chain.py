"""Models on a chain."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import os
from typing import Any, NamedTuple, Optional

import numpy as np

from . import _native
from ._card import Card
from ._keys import Keys, Path
from ._model import Model, beside
from ._predictions import Predictions, shown
from ._progress import Bar, Progress
from ._tables import table_of
from .errors import ChainError, ChainUnavailable, InputError, PriceError

UNIT = 10**12
"""Units of the chain in one FHE."""


class Quote(NamedTuple):
	"""What a request costs, in FHE."""

	fee: float
	"""What workers, and the owner of a private model, are paid."""
	deposit: float
	"""What is held until the job is released."""


class ChainModel:
	"""A model of a chain. `chain.models[0]` and `chain.register(model, ...)` give one."""

	def __init__(self, chain: Chain, record: dict, model: Optional[Model] = None) -> None:
		self.chain = chain
		self.record = record
		self._model = model

	@property
	def number(self) -> int:
		"""Number of the model on the chain."""
		return self.record["model"]

	@property
	def name(self) -> str:
		"""Its name. Anybody may give a model any name."""
		return self.record["name"]

	@property
	def is_private(self) -> bool:
		"""Whether only evaluators that its owner names have it."""
		return self.record["private"] is not None

	@property
	def model(self) -> Model:
		"""The model as the chain has it, downloaded once."""
		if self._model is None:
			artifact = self.chain._native.artifact(self.number)
			self._model = Model(_native.Model.from_bytes(artifact, None, None))
		return self._model

	@property
	def card(self) -> Card:
		"""What the model is, and what it costs."""
		return self.model.card

	def open(self, schema: Path, keys: Keys) -> ChainModel:
		"""An encrypted model with its schema, as `encrypt_for(...).save(...)` wrote it."""
		artifact = self.chain._native.artifact(self.number)
		with open(schema, "rb") as file:
			sealed = file.read()
		native = _native.Model.from_bytes(artifact, sealed, keys._native)
		return ChainModel(self.chain, self.record, Model(native))

	def quote(self, rows: int = 1, redundancy: int = 1) -> Quote:
		"""What a request of so many rows costs with so many workers, by what the chain says.

		Raises PriceError if the model takes no such requests.
		"""
		found = self.chain._native.quote(self.number, redundancy, rows)
		if found is None:
			raise PriceError(
				f"model {self.number} takes no requests of {rows} rows with redundancy {redundancy}: it is retired, or "
				"the chain's limits do not allow that; chain.models shows what there is"
			)
		fee, deposit = found
		return Quote(fee / UNIT, deposit / UNIT)

	def register_key(self, keys: Keys, account: str, next: bool = False) -> bool:
		"""Registers the server key that this model is evaluated with, and the bootstrap key of a deep network, too;
		returns whether one was not there.

		The owner of a private model gets a key of its own, made from `keys`, which have to be saved; `next` makes
		that owner's next one, since one key serves 256 answers.
		"""
		for_model = self.number if self.is_private else None
		deep = self.card.bootstrap_key_bytes > 0
		return self.chain._native.register_key(keys._native, account, for_model=for_model, next=next, deep=deep)

	def answers_left(self, keys: Keys) -> int:
		"""Answers that the key for the owner of this private model has left."""
		return self.chain._native.answers_left(keys._native, self.number)

	def predictions(
		self,
		X: Any,
		keys: Keys,
		account: str,
		*,
		redundancy: int = 1,
		max_fee: Optional[float] = None,
		scores: bool = False,
		round: Optional[float] = None,
		resume: Optional[Path] = None,
		rows_per_request: Optional[int] = None,
		release: bool = False,
		model_hash: Optional[str] = None,
		trust_worker: bool = False,
		register_key: bool = True,
		progress: Progress = None,
		_cancel: Optional[_native.Cancel] = None,
	) -> Predictions:
		"""Encrypts rows X (rows, features), has workers evaluate the model on them, checks and decrypts the answers.

		`account` pays: a secret phrase, a seed, or a development account like //Bob. `redundancy` workers must get
		the same result. `max_fee` is the most that a row may cost, in FHE [default: a tenth more than this machine
		computes]. `scores` shows the scores of a private model, which nobody can check. `round` shows its values as
		multiples of this number. `rows_per_request` rows are in one request [default: some seconds of work].
		`release` removes the jobs afterwards, for their deposits. `model_hash` refuses another artifact (0x...).
		`trust_worker` decrypts what this machine has not evaluated again. `register_key` registers the server key
		first if the chain does not have it.

		`resume` is a folder with books of what was asked for. If the process ends meanwhile, the same call goes on
		there, asks and pays for nothing twice, and gives all rows.

		Raises WrongResultError if a worker lied, PriceError, ChainUnavailable or InterruptedRun; `predictions` of the
		exception are those that were there.
		"""
		model = self._model_for(keys)
		if register_key and model.card.server_key_bytes and not self._is_done(resume):
			self.register_key(keys, account)
		table = table_of(X)
		options = {
			"model": self.number,
			"account": account,
			"redundancy": redundancy,
			"max_fee": None if max_fee is None else int(round_up(max_fee * UNIT)),
			"scores": scores,
			"round": round,
			"output": None,
			"schema": None,
			"rows_per_request": rows_per_request,
			"release": release,
			"model_hash": model_hash,
			"trust_worker": trust_worker,
		}
		if model.card.visibility == "encrypted":
			options["schema"] = self._schema_beside(keys, model)
		books = None if resume is None else Books(resume, self, options, table, keys)
		if books is not None:
			if books.is_done():
				return books.predictions(model, X)
			options["output"] = books.path
		with Bar(progress, table.rows, self.name) as bar:
			try:
				found = self.chain._native.predict(
					model._native, table, keys._native, options, progress=bar.of_chain, cancel=_cancel
				)
			except ChainError as error:
				there = error.predictions
				error.predictions = None if there is None else model._predictions(there, X)
				raise
		if books is not None:
			books.finish()
			return books.predictions(model, X)
		return model._predictions(found, X)

	def predict(self, X: Any, keys: Keys, account: str, *, output: str = "array", **options: Any) -> Any:
		"""Predicted classes or values of rows X (rows, features): an array (rows,) or (rows, targets).

		output="frame" gives a DataFrame with scores and jobs, too; other options are those of `predictions`.
		"""
		return shown(self.predictions(X, keys, account, **options), X, output)

	def predict_proba(self, X: Any, keys: Keys, account: str, **options: Any) -> np.ndarray:
		"""Probabilities (rows, classes); options are those of `predictions`."""
		return self.predictions(X, keys, account, **options).probabilities()

	def decision_function(self, X: Any, keys: Keys, account: str, **options: Any) -> np.ndarray:
		"""Scores before they become probabilities; options are those of `predictions`."""
		return self.predictions(X, keys, account, **options).decisions()

	async def predict_async(self, X: Any, keys: Keys, account: str, **options: Any) -> Any:
		"""As `predict`, beside other tasks. Cancelling the task ends the waiting; give `resume` to go on later."""
		cancel = _native.Cancel()
		return await beside(lambda: self.predict(X, keys, account, _cancel=cancel, **options), cancel)

	async def predict_proba_async(self, X: Any, keys: Keys, account: str, **options: Any) -> np.ndarray:
		"""As `predict_proba`, beside other tasks."""
		cancel = _native.Cancel()
		return await beside(lambda: self.predict_proba(X, keys, account, _cancel=cancel, **options), cancel)

	def retire(self, account: str) -> None:
		"""Lets the model take no new requests, as admin or as the owner of a private one."""
		self.chain._native.retire(self.number, account)

	def _model_for(self, keys: Keys) -> Model:
		model = self.model
		if not model._native.is_open:
			raise InputError(
				f"model {self.number} is encrypted: open it with the schema that was written with it, "
				"chain.models[N].open(SCHEMA, keys)"
			)
		return model

	def _schema_beside(self, keys: Keys, model: Model) -> str:
		schema = model._native.schema_bytes()
		folder = keys.folder
		if folder is None:
			raise InputError("an encrypted model is used with saved keys: keys.save(FOLDER)")
		path = os.path.join(folder, f"{model.card.hash[2:18]}.schema")
		if not os.path.exists(path):
			with open(path, "wb") as file:
				file.write(bytes(schema))
		return path

	@staticmethod
	def _is_done(resume: Optional[Path]) -> bool:
		return resume is not None and os.path.exists(os.path.join(resume, Books.TABLE))

	def __repr__(self) -> str:
		return f"<fhe_ml.ChainModel {self.number}: {self.name!r}, {self.record['status']}>"

	def _repr_html_(self) -> str:
		return self.card._repr_html_()


def round_up(amount: float) -> float:
	"""The next integer, but for the error of a product of floating-point numbers."""
	return np.ceil(np.round(amount, 3))


class Books:
	"""A folder that a run of predictions is picked up from after a restart."""

	TABLE = "predictions.csv"
	RUN = "run.json"

	def __init__(self, folder: Path, of: ChainModel, options: dict, table: Any, keys: Keys) -> None:
		if keys.folder is None:
			raise InputError("a run that is picked up later needs the same keys then: save them, keys.save(FOLDER)")
		self.folder = os.fspath(folder)
		self.path = os.path.join(self.folder, self.TABLE)
		os.makedirs(self.folder, mode=0o700, exist_ok=True)
		digest = hashlib.sha256()
		for column in table.columns:
			digest.update(column if isinstance(column, bytes) else json.dumps(column).encode())
		self.run = {
			"chain": of.chain.genesis,
			"model": of.record["hash"],
			"number": of.number,
			"keys": keys.fingerprint,
			"rows": table.rows,
			"names": table.names,
			"table": digest.hexdigest(),
			"redundancy": options["redundancy"],
			"scores": options["scores"],
			"account": hashlib.sha256(options["account"].encode()).hexdigest()[:16],
		}
		path = os.path.join(self.folder, self.RUN)
		if os.path.exists(path):
			with open(path, encoding="utf-8") as file:
				known = json.load(file)
			if known != self.run:
				changed = sorted(what for what in self.run if known.get(what) != self.run[what])
				raise InputError(
					f"{self.folder} has the books of another run (its {', '.join(changed)} differ): give those again and "
					"it goes on, or name another folder with resume="
				)
		else:
			with open(path, "w", encoding="utf-8") as file:
				json.dump(self.run, file)

	def is_done(self) -> bool:
		"""Whether all rows are there."""
		return os.path.exists(self.path)

	def finish(self) -> None:
		"""All rows are there: nobody else needs to read them."""
		os.chmod(self.path, 0o600)

	def predictions(self, model: Model, X: Any) -> Predictions:
		"""What the books have."""
		with open(self.path, newline="", encoding="utf-8") as file:
			header, *rows = list(csv.reader(file))
		labels = [at for at, name in enumerate(header) if name.startswith("prediction")]
		scores = [at for at, name in enumerate(header) if name.startswith("score_")]
		classifies = model.card.is_classifier
		classes = model.card.classes
		is_text = bool(classes) and isinstance(classes[0], str)

		def label(row: list) -> Any:
			if len(labels) > 1:
				return [float(row[at]) for at in labels]
			text = row[labels[0]]
			if not classifies:
				return float(text)
			if is_text:
				return text
			try:
				return int(text)
			except ValueError:
				return text

		matrix = FromBooks([[float(row[at]) for at in scores] for row in rows]) if scores else None
		if not classifies:
			values = [label(row) for row in rows]
			matrix = FromBooks([value if isinstance(value, list) else [value] for value in values])
		found = FromBooksPredictions([label(row) for row in rows], matrix)
		return model._predictions(found, X)


class FromBooks:
	"""A matrix as the native part gives it."""

	def __init__(self, rows: list) -> None:
		self.width = len(rows[0]) if rows else 0
		self._rows = rows

	def tobytes(self) -> bytes:
		"""Doubles, row by row."""
		return np.asarray(self._rows, dtype=np.float64).tobytes()


class FromBooksPredictions:
	"""Predictions as the native part gives them; the books have no raw scores, ties and jobs."""

	def __init__(self, labels: list, scores: Optional[FromBooks]) -> None:
		self.rows, self.labels, self.scores = list(range(len(labels))), labels, scores
		self.raw_scores, self.ties, self.jobs, self.milliseconds = None, [False] * len(labels), [], []


class Chain:
	"""A connection to a chain; `fhe_ml.connect` makes one."""

	def __init__(self, native: _native.Chain) -> None:
		self._native = native
		self.genesis: str = native.genesis()

	@property
	def url(self) -> str:
		"""The node that is asked; with a light client, nobody is believed."""
		return self._native.url

	@property
	def block(self) -> int:
		"""Number of the newest block."""
		return self._native.block()

	@property
	def models(self) -> list:
		"""All models, retired ones, too, in the order of their numbers."""
		return [ChainModel(self, record) for record in json.loads(self._native.models_json())]

	@property
	def workers(self) -> list:
		"""Public keys (0x...) of the workers that take jobs."""
		return self._native.workers()

	def register(self, model: Model, admin: str) -> ChainModel:
		"""Registers a model, as admin; its deposit is held from that account."""
		number = self._native.register(model._native, admin)
		return self._of(number, model)

	def offer(
		self,
		model: Model,
		account: str,
		price: Any,
		evaluators: Any = None,
		quota: Optional[int] = None,
		period: int = 43_200,
		auditor: Optional[str] = None,
	) -> ChainModel:
		"""Offers a private model: anybody may. A deposit and a bond are held from `account`.

		`price` of a row is in FHE, a number or a text like "0.01"; `evaluators` are public keys (0x...) of workers that
		have the private file [default: the chain's only worker]; `quota` is the most requests of an account in
		`period` blocks; the account `auditor` may condemn wrong results.
		"""
		if evaluators is None:
			evaluators = self.workers
			if len(evaluators) != 1:
				raise InputError(f"the chain has {len(evaluators)} workers: name those that have the private file")
		quotas = None if quota is None else (quota, period)
		text = price if isinstance(price, str) else np.format_float_positional(price, trim="0")
		number = self._native.offer(model._native, list(evaluators), text, quotas, auditor, account)
		return self._of(number, model)

	def register_key(self, keys: Keys, account: str) -> bool:
		"""Registers the server key, for a deposit; returns whether it was not there."""
		return self._native.register_key(keys._native, account)

	def release(self, jobs: Any, account: str) -> None:
		"""Removes finished jobs from the chain, for their deposits."""
		self._native.release([int(job) for job in sorted(set(jobs))], account)

	def _of(self, number: int, model: Model) -> ChainModel:
		for found in self.models:
			if found.number == number:
				return ChainModel(self, found.record, model)
		raise ChainUnavailable(f"there is no model {number}, which was registered a moment ago: ask again")

	def __repr__(self) -> str:
		return f"<fhe_ml.Chain {self.url} {self.genesis[:10]}…>"


def connect(url: Optional[str] = None, *, light: Optional[Path] = None, bootnodes: tuple = ()) -> Chain:
	"""Connects to a node by its WebSocket; it is believed, so it must be yours.

	`url` is FHE_ML_URL of the environment if it is not given, and ws://127.0.0.1:9944 without that. `light` is a chain
	specification (raw JSON): then a light client asks full nodes (`bootnodes`, or those of the specification), and
	believes nobody. Raises ChainUnavailable if nobody answers.
	"""
	url = url or os.environ.get("FHE_ML_URL", "ws://127.0.0.1:9944")
	spec = None if light is None else os.fspath(light)
	return Chain(_native.Chain.connect(url, spec, list(bootnodes)))


async def connect_async(url: Optional[str] = None, **options: Any) -> Chain:
	"""As `connect`, beside other tasks."""
	return await asyncio.to_thread(lambda: connect(url, **options))


__all__ = ["Chain", "ChainModel", "Quote", "connect", "connect_async"]
