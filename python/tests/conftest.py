"""Data, keys and a node that tests share."""

import os
import pathlib
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn import datasets
from sklearn.model_selection import train_test_split

import fhe_ml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "cases"))


def split(name):
	"""Rows of single precision, since estimators on trees compare in that."""
	x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
	return train_test_split(x.astype(np.float32), y, test_size=0.3, random_state=7)


@pytest.fixture(scope="session")
def cancer():
	return split("breast_cancer")


@pytest.fixture(scope="session")
def iris():
	return split("iris")


@pytest.fixture(scope="session")
def diabetes():
	return split("diabetes")


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
	return fhe_ml.Keys.generate().save(tmp_path_factory.mktemp("keys") / "of-bob")


def free_port():
	with socket.socket() as free:
		free.bind(("127.0.0.1", 0))
		return free.getsockname()[1]


class Node:
	"""A dev node in a folder of its own."""

	def __init__(self, binary, folder):
		self.binary, self.folder = binary, folder
		self.private = folder / "private"
		self.private.mkdir()
		self.passphrase = folder / "passphrase"
		self.passphrase.write_text("a passphrase of the tests\n")
		self.passphrase.chmod(0o600)
		self.port, self.p2p, self.metrics = free_port(), free_port(), free_port()
		self.url = f"ws://127.0.0.1:{self.port}"
		self.process = None

	def start(self):
		log = open(self.folder / "node.log", "ab")
		self.process = subprocess.Popen(
			[
				self.binary,
				"--dev",
				"--base-path",
				str(self.folder / "chain"),
				"--rpc-port",
				str(self.port),
				"--listen-addr",
				f"/ip4/127.0.0.1/tcp/{self.p2p}",
				"--prometheus-port",
				str(self.metrics),
				"--no-telemetry",
				"--no-mdns",
				"--private-models",
				str(self.private),
				"--private-models-passphrase",
				str(self.passphrase),
			],
			stdout=log,
			stderr=log,
		)
		deadline = time.monotonic() + 180
		while time.monotonic() < deadline:
			assert self.process.poll() is None, (self.folder / "node.log").read_text()[-2000:]
			try:
				chain = fhe_ml.connect(self.url)
				if chain.block > 1 and chain.workers:
					return chain
			except fhe_ml.ChainError:
				pass
			time.sleep(0.5)
		raise AssertionError("the node does not answer: " + (self.folder / "node.log").read_text()[-2000:])

	def stop(self):
		self.process.terminate()
		self.process.wait(30)


@pytest.fixture(scope="session")
def node(tmp_path_factory):
	folder = os.environ.get("FHE_ML_BIN")
	if not folder:
		pytest.skip("FHE_ML_BIN names no folder with fhe-ml-node")
	node = Node(os.path.join(folder, "fhe-ml-node"), tmp_path_factory.mktemp("node"))
	try:
		node.chain = node.start()
		yield node
	finally:
		node.stop()


@pytest.fixture(scope="session")
def chain(node):
	return node.chain
