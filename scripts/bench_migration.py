"""The examples of Concrete ML's documentation, side by side with fhe_ml: what docs/concrete-ml.md measures.

    scripts/task.sh python                    # builds the wheel
    scripts/bench-peer.sh                     # makes the environment of Concrete ML
    ~/.cache/fhe-ml/venv-concrete/bin/pip install --target FOLDER --no-deps ~/.cache/fhe-ml/wheels/fhe_ml-*.whl
    PYTHONPATH=FOLDER ~/.cache/fhe-ml/venv-concrete/bin/python scripts/bench_migration.py

One evaluation each with Concrete ML, since some take half a minute; the median of ten with fhe_ml.
"""

import statistics
import time

import concrete.ml.sklearn as theirs
import numpy as np
import torch
from concrete.ml.torch.compile import compile_torch_model
from sklearn import ensemble, linear_model, tree
from sklearn.datasets import load_breast_cancer, make_classification, make_regression
from sklearn.model_selection import train_test_split

import fhe_ml

KEYS = fhe_ml.Keys.generate()


def seconds(work):
	started = time.perf_counter()
	found = work()
	return found, time.perf_counter() - started


def ours(estimator, x_train, x):
	model, compiled = seconds(lambda: fhe_ml.compile(estimator, x_train))
	times = [model.predictions(x[:1], keys=KEYS).seconds.sum() for _ in range(10)]
	return model, compiled, statistics.median(times)


def show(name, peer_agrees, peer_compile, peer_run, agrees, compiled, run):
	print(
		f"| {name} | {peer_compile:.2f} s | {peer_run * 1000:,.1f} ms | {peer_agrees:.1%} "
		f"| {compiled:.2f} s | {run * 1000:,.2f} ms | {agrees:.1%} |",
		flush=True,
	)


def agreement(found, wanted):
	"""Share of equal classes, or of values within a hundredth of their deviation."""
	found, wanted = np.asarray(found).reshape(len(wanted), -1), np.asarray(wanted).reshape(len(wanted), -1)
	if wanted.dtype.kind in "iub":
		return (found == wanted).mean()
	return (np.abs(found - wanted) <= 0.01 * wanted.std()).mean()


def of_sklearn(name, peer, estimator, x_train, y_train, x):
	estimator.fit(x_train, y_train)
	wanted = estimator.predict(x)
	peer.fit(x_train, y_train)
	_, peer_compile = seconds(lambda: (peer.compile(x_train), peer.fhe_circuit.client.keygen(force=True)))
	_, peer_run = seconds(lambda: peer.predict(x[:1], fhe="execute"))
	peer_agrees = agreement(peer.predict(x), wanted)
	model, compiled, run = ours(estimator, x_train, x)
	show(name, peer_agrees, peer_compile, peer_run, agreement(model.predict(x), wanted), compiled, run)


class PTQSimpleNet(torch.nn.Module):
	"""The network of Concrete ML's page on PyTorch (post-training quantisation), with one hidden layer."""

	def __init__(self, hidden):
		super().__init__()
		self.fc1 = torch.nn.Linear(10, hidden)
		self.fc2 = torch.nn.Linear(hidden, 2)

	def forward(self, x):
		return self.fc2(torch.relu(self.fc1(x)))


def of_torch():
	torch.manual_seed(7)
	net, x = PTQSimpleNet(30), np.random.default_rng(7).uniform(-1, 1, (100, 10)).astype(np.float32)
	with torch.no_grad():
		wanted = net(torch.as_tensor(x)).numpy()
	make = lambda: compile_torch_model(net, torch.as_tensor(x), n_bits=6, rounding_threshold_bits=6)
	peer, peer_compile = seconds(make)
	_, keygen = seconds(lambda: peer.fhe_circuit.client.keygen(force=True))
	_, peer_run = seconds(lambda: peer.forward(x[:1], fhe="execute"))
	peer_agrees = (peer.forward(x, fhe="disable").argmax(1) == wanted.argmax(1)).mean()
	model, compiled, run = ours(net, x, x)
	agrees = (model.predictions(x).scores.argmax(1) == wanted.argmax(1)).mean()
	show("PyTorch, 30 hidden units", peer_agrees, peer_compile + keygen, peer_run, agrees, compiled, run)


def main():
	# The first example of its README.
	x, y = make_classification(n_samples=100, class_sep=2, n_features=30, random_state=42)
	x_train, x_test, y_train, _ = train_test_split(x, y, test_size=0.2, random_state=42)
	of_sklearn(
		"LogisticRegression of its README",
		theirs.LogisticRegression(n_bits=8),
		linear_model.LogisticRegression(),
		x_train,
		y_train,
		x_test,
	)
	x, y = make_regression(n_samples=200, n_features=10, noise=5, random_state=42)
	x_train, x_test, y_train, _ = train_test_split(x, y, test_size=0.2, random_state=42)
	of_sklearn(
		"LinearRegression", theirs.LinearRegression(n_bits=8), linear_model.LinearRegression(), x_train, y_train, x_test
	)
	x, y = load_breast_cancer(return_X_y=True)
	x_train, x_test, y_train, _ = train_test_split(x.astype(np.float32), y, test_size=0.3, random_state=42)
	of_sklearn(
		"DecisionTree of depth 4",
		theirs.DecisionTreeClassifier(max_depth=4, n_bits=6, random_state=42),
		tree.DecisionTreeClassifier(max_depth=4, random_state=42),
		x_train,
		y_train,
		x_test,
	)
	of_sklearn(
		"RandomForest 10x4",
		theirs.RandomForestClassifier(n_estimators=10, max_depth=4, n_bits=6, random_state=42),
		ensemble.RandomForestClassifier(10, max_depth=4, random_state=42),
		x_train,
		y_train,
		x_test,
	)
	of_torch()


if __name__ == "__main__":
	print("| example | compile, keys | a row | agrees | ours: compile | a row | agrees |")
	print("|---|---|---|---|---|---|---|", flush=True)
	main()
