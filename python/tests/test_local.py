"""Compile, keys and predictions on this machine."""

import asyncio
import builtins
import os
import pickle
import stat
import subprocess
import sys
import threading
import time

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

import fhe_ml

from conftest import ROOT


@pytest.fixture(scope="module")
def forest(cancer):
	xa, _, ya, _ = cancer
	return RandomForestClassifier(10, max_depth=4, random_state=7).fit(xa, ya)


@pytest.fixture(scope="module")
def logistic(cancer):
	xa, _, ya, _ = cancer
	return make_pipeline(StandardScaler(), LogisticRegression()).fit(xa, ya)


@pytest.fixture(scope="module")
def compiled(forest, cancer):
	return fhe_ml.compile(forest, cancer[0])


@pytest.mark.parametrize(
	"estimator",
	[
		RandomForestClassifier(10, max_depth=4, random_state=7),
		make_pipeline(StandardScaler(), LogisticRegression()),
		make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=300, random_state=7)),
		xgboost.XGBClassifier(n_estimators=10, max_depth=3),
		lightgbm.LGBMClassifier(n_estimators=10, max_depth=3, verbose=-1),
	],
	ids=["forest", "logistic", "network", "xgboost", "lightgbm"],
)
def test_encrypted_clear_and_simulated_predictions_are_the_estimators(estimator, cancer, keys):
	xa, xb, ya, _ = cancer
	estimator.fit(xa, ya)
	model = fhe_ml.compile(estimator, xa)
	x = xb[:20]
	clear = model.predictions(x, mode="clear")
	# A rounded network may take the other class where two are close, and says so.
	assert ((clear.labels == estimator.predict(x)) | clear.ties).all() and clear.ties.sum() < 3
	assert np.abs(clear.scores - estimator.predict_proba(x)).mean() < 2e-2
	encrypted = model.predictions(x, keys=keys)
	assert np.array_equal(encrypted.labels, clear.labels)
	assert np.array_equal(encrypted.scores, clear.scores), "exact integers: the same scores to the last bit"
	assert (encrypted.seconds > 0).all()
	assert np.array_equal(model.predictions(x, mode="simulate").scores, clear.scores)


def test_catboost(cancer, keys):
	catboost = pytest.importorskip("catboost")
	xa, xb, ya, _ = cancer
	estimator = catboost.CatBoostClassifier(iterations=10, depth=3, verbose=0, allow_writing_files=False).fit(xa, ya)
	model = fhe_ml.compile(estimator, xa)
	assert np.array_equal(model.predict(xb), estimator.predict(xb))
	assert np.array_equal(model.predict(xb[:3], keys=keys), estimator.predict(xb[:3]))


def test_torch(iris, keys):
	torch = pytest.importorskip("torch")
	xa, xb, ya, _ = iris
	torch.manual_seed(7)
	net = torch.nn.Sequential(torch.nn.Linear(4, 10), torch.nn.ReLU(), torch.nn.Linear(10, 3))
	optimiser, loss = torch.optim.Adam(net.parameters(), 0.05), torch.nn.CrossEntropyLoss()
	rows, labels = torch.as_tensor(xa), torch.as_tensor(ya)
	for _ in range(200):
		optimiser.zero_grad()
		loss(net(rows), labels).backward()
		optimiser.step()
	model = fhe_ml.compile(net, xa)
	with torch.no_grad():
		wanted = net(torch.as_tensor(xb)).numpy()
	found = model.predictions(xb).scores
	assert np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()
	assert np.array_equal(model.predictions(xb[:5], keys=keys).scores, found[:5])
	assert net.training, "it is as it was"


def test_boosters_that_are_no_estimators(cancer):
	xa, xb, ya, _ = cancer
	of_xgboost = xgboost.train({"objective": "binary:logistic", "max_depth": 3}, xgboost.DMatrix(xa, ya), 10)
	found = fhe_ml.compile(of_xgboost, xa).predictions(xb)
	assert np.array_equal(found.labels, of_xgboost.predict(xgboost.DMatrix(xb)) > 0.5)
	of_lightgbm = lightgbm.train({"objective": "binary", "verbose": -1, "num_leaves": 8}, lightgbm.Dataset(xa, ya), 10)
	found = fhe_ml.compile(of_lightgbm, xa).predictions(xb)
	assert np.array_equal(found.labels, of_lightgbm.predict(xb) > 0.5)


def test_onnx_bytes_path_and_model_are_one_model():
	path = ROOT / "models" / "wine_logistic.onnx"
	import onnx

	models = [fhe_ml.compile(what, name="wine") for what in (str(path), path, path.read_bytes(), onnx.load(path))]
	assert len({model.card.hash for model in models}) == 1
	assert fhe_ml.compile(path).card.name == "wine_logistic"


def test_regression_of_one_and_several_targets(diabetes, keys):
	xa, xb, ya, _ = diabetes
	linear = LinearRegression().fit(xa, ya)
	model = fhe_ml.compile(linear, xa)
	assert model.predict(xb).shape == (len(xb),)
	assert np.abs(model.predict(xb, keys=keys) - linear.predict(xb)).max() < 0.01 * ya.std()
	assert model.score(xb, linear.predict(xb)) > 0.9999
	two = np.c_[ya, ya**0.5]
	forest = RandomForestRegressor(5, max_depth=4, random_state=7).fit(xa, two)
	model = fhe_ml.compile(forest, xa)
	assert model.predict(xb).shape == (len(xb), 2)
	assert np.abs(model.predict(xb) - forest.predict(xb)).max() < 0.01 * two.std()
	with pytest.raises(fhe_ml.ModelError, match="it has no probabilities"):
		model.predictions(xb).probabilities()
	with pytest.raises(AttributeError):
		model.predict_proba(xb)


def test_decision_functions_are_scikit_learns(cancer, iris):
	for (xa, xb, ya, _), estimator in [
		(cancer, make_pipeline(StandardScaler(), LogisticRegression())),
		(cancer, make_pipeline(StandardScaler(), LinearSVC())),
		(iris, make_pipeline(StandardScaler(), LogisticRegression())),
		(iris, RidgeClassifier()),
	]:
		estimator.fit(xa, ya)
		model = fhe_ml.compile(estimator, xa)
		wanted = estimator.decision_function(xb)
		found = model.decision_function(xb)
		assert found.shape == wanted.shape
		assert np.abs(found - wanted).max() < 1e-2 * max(1, np.abs(wanted).max())
		if not hasattr(estimator, "predict_proba"):
			with pytest.raises(AttributeError, match="has no predict_proba"):
				model.predict_proba(xb)


def test_classes_are_the_estimators_own(cancer, iris):
	xa, xb, ya, _ = cancer
	for labels in (ya.astype(bool), np.where(ya, "benign", "malignant"), ya * 2 + 3, ya.astype(float)):
		estimator = RandomForestClassifier(5, max_depth=3, random_state=7).fit(xa, labels)
		model = fhe_ml.compile(estimator, xa)
		found, wanted = model.predict(xb), estimator.predict(xb)
		assert found.dtype == wanted.dtype and np.array_equal(found, wanted)
		assert np.array_equal(model.classes_, estimator.classes_)


def test_frames_with_names_texts_and_missing_values(keys):
	rng = np.random.default_rng(5)
	frame = pd.DataFrame(
		{
			"age": rng.integers(18, 80, 300).astype(float),
			"colour": rng.choice(["red", "green", "blue"], 300),
			"income": rng.normal(1000, 200, 300),
		},
		index=[f"row {at}" for at in range(300)],
	)
	y = (frame.age + (frame.colour == "red") * 30 + frame.income / 100 > 65).astype(int)
	transform = ColumnTransformer(
		[("c", OneHotEncoder(handle_unknown="ignore"), ["colour"]), ("n", StandardScaler(), ["age", "income"])]
	)
	estimator = make_pipeline(transform, LogisticRegression()).fit(frame, y)
	model = fhe_ml.compile(estimator, frame)
	assert list(model.feature_names_in_) == ["age", "colour", "income"]
	assert np.array_equal(model.predict(frame), estimator.predict(frame))
	turned = frame[["income", "colour", "age"]]
	assert np.array_equal(model.predict(turned, keys=keys)[:50], estimator.predict(frame)[:50]), "by name"
	out = model.predict(turned.iloc[:5], output="frame")
	assert list(out.columns) == ["prediction", "score_0", "score_1", "tie"] and list(out.index) == list(frame.index[:5])
	with pytest.raises(fhe_ml.InputError, match="missing: income. unknown: wealth."):
		model.predict(frame.rename(columns={"income": "wealth"}))
	numbers = frame[["age", "income"]].mask(rng.random((300, 2)) < 0.2)
	boosting = HistGradientBoostingClassifier(max_iter=10, max_depth=3).fit(numbers, y)
	model = fhe_ml.compile(boosting, numbers)
	assert np.array_equal(model.predict(numbers), boosting.predict(numbers))
	assert np.array_equal(model.predict(numbers.iloc[:9], keys=keys), boosting.predict(numbers.iloc[:9]))
	nullable = numbers.convert_dtypes()
	assert np.array_equal(model.predict(nullable), boosting.predict(numbers))


def test_boosters_that_were_fitted_on_names(cancer):
	xa, xb, ya, _ = cancer
	names = [f"feature {at}" for at in range(30)]
	frame, rows = pd.DataFrame(xa, columns=names), pd.DataFrame(xb, columns=names)
	for estimator in (
		xgboost.XGBClassifier(n_estimators=5, max_depth=3),
		make_pipeline(StandardScaler().set_output(transform="pandas"), xgboost.XGBClassifier(n_estimators=5, max_depth=3)),
		lightgbm.LGBMClassifier(n_estimators=5, verbose=-1),
	):
		estimator.fit(frame, ya)
		model = fhe_ml.compile(estimator, frame)
		assert np.array_equal(model.predict(rows), estimator.predict(rows))
		assert list(model.feature_names_in_) == names
		assert list(estimator.feature_names_in_)[0].startswith("feature"), "it is as it was"


def test_the_card_says_what_there_is(compiled):
	card = compiled.card
	assert len(card.features) == 30 and card.classes == [0, 1] and card.kind == "forest classifier"
	assert card.server_key_bytes > 2_000_000 and card.input_bytes > 100 and card.result_bytes > 1000
	assert 0 < card.price < 1 and card.milliseconds > 0 and 0 < card.failure_probability < 1e-30
	for text in (repr(card), card._repr_html_(), compiled._repr_html_()):
		for what in ("features", "error", "bytes", "time", "price"):
			assert what in text
	assert card["sizes"]["input"] == card.input_bytes and "quantisation" in card.keys()


def test_names_in_notebooks_are_no_html(iris):
	xa, _, ya, _ = iris
	frame = pd.DataFrame(xa, columns=["<script>", "b", "c", "d"])
	card = fhe_ml.compile(LogisticRegression().fit(xa, ya), frame, name="<b>name").card
	assert "<script>" not in card._repr_html_() and "<b>name" not in card._repr_html_()


def test_keys_are_the_files_of_the_tool(tmp_path, compiled, cancer):
	keys = fhe_ml.Keys.generate()
	assert keys.folder is None and "not saved" in repr(keys)
	with pytest.raises(TypeError, match="cannot be pickled"):
		pickle.dumps(keys)
	keys.save(tmp_path / "keys")
	assert stat.S_IMODE(os.stat(tmp_path / "keys" / "client.key").st_mode) == 0o600
	assert fhe_ml.Keys.load(tmp_path / "keys").fingerprint == keys.fingerprint
	assert pickle.loads(pickle.dumps(keys)).fingerprint == keys.fingerprint
	with pytest.raises(fhe_ml.KeyFileError, match="exists already; a lost client key"):
		fhe_ml.Keys.generate().save(tmp_path / "keys")
	with pytest.raises(OSError, match="there is no .*client.key"):
		fhe_ml.Keys.load(tmp_path / "nowhere")
	others = fhe_ml.Keys.generate().save(tmp_path / "others")
	(tmp_path / "keys" / "server.key").write_bytes(others.server_key)
	with pytest.raises(fhe_ml.KeyFileError, match="is not the server key of"):
		fhe_ml.Keys.load(tmp_path / "keys")
	(tmp_path / "keys" / "client.key").write_bytes(b"rubbish")
	with pytest.raises(fhe_ml.KeyFileError, match="is not a usable client key"):
		fhe_ml.Keys.load(tmp_path / "keys")
	tool = os.path.join(os.environ.get("FHE_ML_BIN", ""), "fhe-ml")
	if os.path.exists(tool):
		compiled.save(tmp_path / "model.fheml")
		pd.DataFrame(cancer[1][:3], columns=compiled.card.features).to_csv(tmp_path / "rows.csv", index=False)
		args = ["--input", tmp_path / "rows.csv", "--key", tmp_path / "others", "--json"]
		out = subprocess.run([tool, "evaluate", tmp_path / "model.fheml", *args], check=True, capture_output=True)
		labels = [line.split(b'"prediction":')[1][:1] for line in out.stdout.splitlines()[:3]]
		assert [int(label) for label in labels] == compiled.predict(cancer[1][:3]).tolist()


def test_models_are_saved_and_read(tmp_path, compiled, cancer, keys):
	x = cancer[1][:5]
	compiled.save(tmp_path / "model.fheml")
	again = fhe_ml.load(tmp_path / "model.fheml")
	assert again.card.hash == compiled.card.hash and again.to_bytes() == compiled.to_bytes()
	assert np.array_equal(again.predict(x, keys=keys), compiled.predict(x))
	pickled = pickle.loads(pickle.dumps(compiled))
	assert pickled.card.hash == compiled.card.hash and np.array_equal(pickled.predict(x), compiled.predict(x))
	(tmp_path / "model.fheml").write_bytes(compiled.to_bytes()[:-9])
	with pytest.raises(fhe_ml.KeyFileError, match="is not a usable model"):
		fhe_ml.load(tmp_path / "model.fheml")


def test_user_and_worker_are_two(compiled, cancer, keys):
	x = cancer[1][:3]
	sent = compiled.encrypt(x, keys)
	result = compiled.evaluate(sent, keys.server_key)
	assert np.array_equal(compiled.decrypt(sent, result, keys).labels, compiled.predict(x))
	with pytest.raises(fhe_ml.InputError, match="use the key and the input"):
		compiled.decrypt(compiled.encrypt(x, keys), result[:-1], keys)
	with pytest.raises(fhe_ml.InputError, match="the evaluation failed"):
		compiled.evaluate(sent, None)
	with pytest.raises(fhe_ml.InputError, match="the server key is not usable"):
		compiled.evaluate(sent, b"rubbish")
	with pytest.raises(fhe_ml.InputError, match="has room for"):
		compiled.encrypt(np.repeat(x, 5000, axis=0), keys)


def test_encrypted_models(tmp_path, compiled, cancer, keys):
	x = cancer[1][:4]
	encrypted = compiled.encrypt_for(keys)
	assert encrypted.card.visibility == "encrypted"
	assert np.array_equal(encrypted.predict(x, keys=keys), compiled.predict(x))
	with pytest.raises(fhe_ml.ModelError, match="cannot be evaluated in the clear"):
		encrypted.predict(x)
	with pytest.raises(TypeError, match="cannot be pickled: save it"):
		pickle.dumps(encrypted)
	encrypted.save(tmp_path / "mine.fheml")
	assert np.array_equal(fhe_ml.load(tmp_path / "mine.fheml", keys).predict(x, keys=keys), compiled.predict(x))
	closed = fhe_ml.load(tmp_path / "mine.fheml")
	assert closed.card.features == []
	with pytest.raises(fhe_ml.ModelError, match="load it with its schema"):
		closed.predict(x, keys=keys)
	with pytest.raises(fhe_ml.ModelError, match="encrypted for another client key"):
		fhe_ml.load(tmp_path / "mine.fheml", fhe_ml.Keys.generate())


def test_private_models(tmp_path, compiled, cancer, keys):
	xa, xb, _, _ = cancer
	private = compiled.make_private(xa)
	assert private.card.visibility == "private" and private.changed[1] == len(xa)
	assert private.card.told["hidden"]
	agree = private.predict(xb) == compiled.predict(xb)
	assert agree.mean() > 0.98
	private.save(tmp_path / "sold.fheml", passphrase="secret")
	again = fhe_ml.load(tmp_path / "sold.fheml", passphrase="secret")
	assert np.array_equal(again.predict(xb), private.predict(xb))
	with pytest.raises(fhe_ml.ModelError):
		fhe_ml.load(tmp_path / "sold.fheml", passphrase="another")
	with pytest.raises(fhe_ml.ModelError, match="evaluated by the workers that its owner names"):
		private.predict(xb, keys=keys)
	for grid in ("rubbish", "decoys:x"):
		with pytest.raises(fhe_ml.InputError, match="is no grid"):
			compiled.make_private(xa, grid=grid)
	with pytest.raises(fhe_ml.InputError, match="power of two"):
		compiled.make_private(xa, kappa=3)


def test_what_is_wrong_is_said(compiled, cancer, keys):
	x = cancer[1]
	with pytest.raises(ValueError, match="the model takes 30 features, not 29"):
		compiled.predict(x[:, :29])
	with pytest.raises(ValueError, match="Expected 2D array, got 1D array instead"):
		compiled.predict(x[0])
	with pytest.raises(ValueError, match='mode "encrypted" needs keys'):
		compiled.predict(x, mode="encrypted")
	with pytest.raises(ValueError, match="is no mode"):
		compiled.predict(x, mode="magic")
	with pytest.raises(ValueError, match="Complex data not supported"):
		compiled.predict(x + 1j)
	with pytest.raises(fhe_ml.InputError, match="needs a thread"):
		compiled.predict(x, keys=keys, threads=0)
	with pytest.raises(fhe_ml.NotConvertible, match="is no fitted estimator"):
		fhe_ml.compile(object())
	with pytest.raises(fhe_ml.ModelError):
		fhe_ml.compile(b"no ONNX file")
	with pytest.raises(fhe_ml.ModelError, match="cannot read"):
		fhe_ml.compile("nowhere.onnx")
	linear = fhe_ml.compile(LogisticRegression(max_iter=5000).fit(x, cancer[3]), x)
	with pytest.raises(fhe_ml.InputError, match="row 0: feature `f3` is not a finite number"):
		linear.predict(np.where(np.arange(30) == 3, np.nan, x))
	assert compiled.predict(np.empty((0, 30))).shape == (0,)


def test_a_missing_converter_is_named(logistic, cancer, monkeypatch):
	imported = builtins.__import__

	def without(name, *rest, **options):
		if name.split(".")[0] == "skl2onnx":
			raise ImportError("No module named 'skl2onnx'")
		return imported(name, *rest, **options)

	monkeypatch.setitem(sys.modules, "skl2onnx", None)
	monkeypatch.setattr(builtins, "__import__", without)
	with pytest.raises(fhe_ml.NotConvertible, match=r'pip install "fhe-ml\[sklearn\]"'):
		fhe_ml.compile(logistic, cancer[0])


def test_progress_is_told_and_its_errors_are_not_swallowed(compiled, cancer, keys):
	told = []
	compiled.predict(cancer[1][:6], keys=keys, rows_per_request=2, progress=told.append)
	assert told == [2, 2, 2]
	with pytest.raises(ZeroDivisionError):
		compiled.predict(cancer[1][:6], keys=keys, progress=lambda count: 1 / 0)


def test_other_threads_run_meanwhile(compiled, cancer, keys):
	ticks = []
	stop = threading.Event()

	def tick():
		while not stop.is_set():
			ticks.append(time.perf_counter())
			time.sleep(0.001)

	thread = threading.Thread(target=tick)
	thread.start()
	started = time.perf_counter()
	compiled.predict(np.repeat(cancer[1][:1], 30, axis=0), keys=keys, rows_per_request=30)
	ended = time.perf_counter()
	stop.set()
	thread.join()
	meanwhile = [at for at in ticks if started < at < ended]
	assert len(meanwhile) > (ended - started) * 100, "the GIL is released"


def test_async_and_cancelled(compiled, cancer, keys):
	x = cancer[1][:5]

	async def both():
		return await asyncio.gather(compiled.predict_async(x, keys=keys), compiled.predict_proba_async(x))

	labels, probabilities = asyncio.run(both())
	assert np.array_equal(labels, compiled.predict(x)) and probabilities.shape == (5, 2)

	async def cancelled():
		many = np.repeat(x, 2000, axis=0)
		task = asyncio.create_task(compiled.predict_async(many, keys=keys, rows_per_request=1))
		await asyncio.sleep(0.3)
		task.cancel()
		with pytest.raises(asyncio.CancelledError):
			await task

	started = time.perf_counter()
	asyncio.run(cancelled())
	assert time.perf_counter() - started < 10, "the thread ended, too"
