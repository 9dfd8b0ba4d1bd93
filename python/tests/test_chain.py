"""A dev node: from a fitted estimator to an encrypted prediction."""

import asyncio
import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fhe_ml


@pytest.fixture(scope="module")
def estimator(cancer):
	xa, _, ya, _ = cancer
	return xgboost.XGBClassifier(n_estimators=10, max_depth=3).fit(xa, ya)


@pytest.fixture(scope="module")
def model(estimator, cancer):
	return fhe_ml.compile(estimator, cancer[0], name="of_python")


@pytest.fixture(scope="module")
def registered(chain, model):
	return chain.register(model, admin="//Alice")


def test_the_five_lines(node, estimator, cancer, registered):
	x_train, x, _, _ = cancer
	x = x[:3]
	model = fhe_ml.compile(estimator, x_train)
	keys = fhe_ml.Keys.generate()
	chain = fhe_ml.connect(node.url)
	m = chain.register(model, admin="//Alice")
	labels = m.predict(x, keys=keys, account="//Bob", redundancy=1)
	assert np.array_equal(labels, estimator.predict(x))


def test_predictions_of_a_chain_are_those_of_this_machine(chain, registered, model, cancer, keys):
	assert chain.models[registered.number].card.hash == model.card.hash
	told = []
	frame = pd.DataFrame(cancer[1][:6], columns=model.card.features, index=list("abcdef"))
	found = registered.predictions(frame, keys, "//Bob", rows_per_request=2, progress=told.append)
	local = model.predictions(frame)
	assert np.array_equal(found.labels, local.labels) and np.array_equal(found.scores, local.scores)
	assert sum(told) == 6 and len(set(found.jobs.tolist())) == 3
	assert list(found.to_frame().index) == list("abcdef") and "job" in found.to_frame().columns
	chain.release(found.jobs, "//Bob")
	with pytest.raises(fhe_ml.ChainError):
		chain.release(found.jobs, "//Bob")


def test_probabilities_and_decisions(registered, model, cancer, keys):
	x = cancer[1][:2]
	assert np.array_equal(registered.predict_proba(x, keys, "//Bob"), model.predict_proba(x))
	assert np.array_equal(registered.decision_function(x, keys, "//Bob"), model.decision_function(x))


def test_quotes_and_prices(registered, cancer, keys):
	one, many = registered.quote(), registered.quote(rows=10, redundancy=1)
	assert 0 < one.fee < many.fee < 10 * one.fee + 1 and one.deposit > 0
	assert one.fee <= registered.card.price <= 1.5 * one.fee, "the release's prices are rounded up"
	with pytest.raises(fhe_ml.PriceError, match="takes no requests"):
		registered.quote(redundancy=200)
	with pytest.raises(fhe_ml.PriceError, match="more than --max-fee"):
		registered.predict(cancer[1][:1], keys, "//Bob", max_fee=1e-9)


def test_what_is_wrong_is_said(chain, registered, model, cancer, keys):
	with pytest.raises(fhe_ml.ChainError):
		fhe_ml.connect("ws://127.0.0.1:1")
	with pytest.raises(fhe_ml.InputError, match="not a secret phrase"):
		registered.predict(cancer[1][:1], keys, "Bob, please")
	with pytest.raises(fhe_ml.ChainError):
		chain.register(model, admin="//Bob")
	with pytest.raises(fhe_ml.InputError, match="the model takes 30 features, not 2"):
		registered.predict(cancer[1][:1, :2], keys, "//Bob")
	with pytest.raises(fhe_ml.InputError, match="hash"):
		registered.predict(cancer[1][:1], keys, "//Bob", model_hash="0x" + "00" * 32)


def test_two_tasks_at_one_time(registered, model, cancer):
	async def both():
		# A server key serves the account that registered it.
		one, other = await asyncio.gather(fhe_ml.Keys.generate_async(), fhe_ml.Keys.generate_async())
		first = registered.predict_async(cancer[1][:1], one, "//Charlie")
		second = registered.predict_async(cancer[1][1:2], other, "//Dave")
		return await asyncio.gather(first, second)

	found = np.concatenate(asyncio.run(both()))
	assert np.array_equal(found, model.predict(cancer[1][:2]))


def test_an_encrypted_model(chain, tmp_path, cancer, keys):
	xa, x, ya, _ = cancer
	estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(xa, ya)
	model = fhe_ml.compile(estimator, xa).encrypt_for(keys)
	model.save(tmp_path / "mine.fheml")
	mine = chain.register(model, admin="//Alice")
	assert np.array_equal(mine.predict(x[:2], keys, "//Bob"), estimator.predict(x[:2]))
	found = chain.models[mine.number]
	with pytest.raises(fhe_ml.InputError, match="open it with the schema"):
		found.predict(x[:2], keys, "//Bob")
	opened = found.open(tmp_path / "mine.schema", keys)
	assert np.array_equal(opened.predict(x[:2], keys, "//Bob"), estimator.predict(x[:2]))


def test_a_private_model_is_sold(node, chain, model, cancer, keys):
	xa, x, _, _ = cancer
	private = model.make_private(xa)
	private.save(node.private / "sold.fheml", passphrase=node.passphrase.read_text().strip())
	sold = chain.offer(private, account="//Eve", price="0.01")
	assert sold.is_private and sold.record["private"]["price"] == str(10**10)
	with pytest.raises(fhe_ml.PriceError, match="asks"):
		sold.predict(x[:2], keys, "//Bob")
	deadline = time.monotonic() + 180
	while True:  # A node looks for new files now and then.
		try:
			labels = sold.predict(x[:2], keys, "//Bob", max_fee=1.0)
			break
		except fhe_ml.ChainError:
			assert time.monotonic() < deadline
	assert np.array_equal(labels, private.predict(x[:2]))
	left = sold.answers_left(keys)
	assert left <= 254
	with pytest.raises(fhe_ml.ModelError, match="shows no scores"):
		sold.predict_proba(x[:1], keys, "//Bob", max_fee=1.0)
	with pytest.raises(fhe_ml.KeyFileError, match="save these first"):
		sold.predict(x[:1], fhe_ml.Keys.generate(), "//Bob", max_fee=1.0)


@pytest.fixture(scope="module")
def ferdies(tmp_path_factory):
	"""A server key serves the account that registered it, so Ferdie has keys of his own."""
	return fhe_ml.Keys.generate().save(tmp_path_factory.mktemp("keys") / "of-ferdie")


def test_a_run_is_picked_up_after_the_process_was_killed(node, registered, model, cancer, ferdies, tmp_path):
	x = np.repeat(cancer[1][:20], 4, axis=0)
	np.save(tmp_path / "x.npy", x)
	script = textwrap.dedent(
		"""
		import sys, numpy, fhe_ml
		url, number, keys, folder = sys.argv[1:]
		chain = fhe_ml.connect(url)
		print(len(chain.models[int(number)].predict(
			numpy.load(folder + "/x.npy"), fhe_ml.Keys.load(keys), "//Ferdie", rows_per_request=4,
			resume=folder + "/run", progress=lambda count: print("there", count, flush=True))))
		"""
	)
	args = [sys.executable, "-c", script, node.url, str(registered.number), ferdies.folder, str(tmp_path)]
	first = subprocess.Popen(args, stdout=subprocess.PIPE, text=True)
	heard = 0
	for line in first.stdout:
		heard += int(line.split()[1])
		if heard:
			break
	first.kill()
	first.wait()
	assert 0 < heard < len(x)

	found = registered.predict(
		x, ferdies, "//Ferdie", rows_per_request=4, resume=tmp_path / "run", output="frame"
	)
	assert np.array_equal(found.prediction, model.predict(x))
	assert np.allclose(found[["score_0", "score_1"]], model.predict_proba(x), atol=0)
	# All rows are there: nothing is asked again, not even of a node.
	started = time.monotonic()
	again = registered.predict(x, ferdies, "//Ferdie", rows_per_request=4, resume=tmp_path / "run")
	assert np.array_equal(again, found.prediction) and time.monotonic() - started < 2
	with pytest.raises(fhe_ml.InputError, match="the books of another run"):
		registered.predict(x[:8], ferdies, "//Ferdie", resume=tmp_path / "run")
	assert os.stat(tmp_path / "run" / "predictions.csv").st_mode & 0o077 == 0


def next_job(registered, cancer, keys):
	return int(registered.predictions(cancer[1][:1], keys, "//Bob").jobs[0])


def test_a_run_that_was_interrupted_asks_for_nothing_twice(registered, cancer, keys, ferdies, tmp_path):
	x = np.repeat(cancer[1][:10], 3, axis=0)
	before = next_job(registered, cancer, keys)
	heard = []

	async def interrupted():
		task = asyncio.create_task(
			registered.predict_async(
				x, ferdies, "//Ferdie", rows_per_request=3, resume=tmp_path / "run", progress=heard.append
			)
		)
		while sum(heard) == 0:
			await asyncio.sleep(0.05)
		task.cancel()
		with pytest.raises(asyncio.CancelledError):
			await task

	asyncio.run(interrupted())
	# The thread looks ten times in a second.
	time.sleep(1)
	assert len(registered.predict(x, ferdies, "//Ferdie", rows_per_request=3, resume=tmp_path / "run")) == 30
	after = next_job(registered, cancer, keys)
	assert after - before == 10 + 1, "ten requests of three rows, and the one that counts"


def test_a_retired_model_takes_no_requests(chain, model, cancer, keys):
	retired = chain.register(model, admin="//Alice")
	retired.retire("//Alice")
	with pytest.raises(fhe_ml.ChainError, match="that takes requests"):
		retired.predict(cancer[1][:1], keys, "//Bob")
