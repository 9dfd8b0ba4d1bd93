"""What the Python package costs over the tool: 10,000 rows with both, size of the wheel, time of the import.

    scripts/task.sh python
    ~/.cache/fhe-ml/venv-python/bin/python scripts/bench_python.py ~/.cache/fhe-ml/wheels ~/.cache/fhe-ml/target/release

Both use one thread and as many rows in a request. Times are seconds of a core, so that other work on the machine does
not count, of whole runs after the keys and the model are read: the tool's, which reads a table and writes its
predictions as JSON, and `predictions(X)`; medians of three.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd

import fhe_ml

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS = 10_000


def seconds(work):
	"""Of a core, in this process and those that it waits for."""
	spent = lambda: sum(os.times()[:4])
	started = spent()
	work()
	return spent() - started


def compare(tool, folder, keys, name, data, rows_per_request):
	frame = pd.read_csv(ROOT / "models" / f"{data}.train.csv")
	model = fhe_ml.compile(ROOT / "models" / f"{name}.onnx", frame)
	model.save(folder / "model.fheml")
	rows = frame.sample(ROWS, replace=True, random_state=7)
	rows.to_csv(folder / "rows.csv", index=False)
	few = [folder / "few.csv", folder / "rows.csv"]
	rows[:1].to_csv(few[0], index=False)
	run = [tool, "evaluate", folder / "model.fheml", "--key", keys.folder, "--json"]
	run += ["--threads", "1", "--rows-per-request", str(rows_per_request), "--input"]
	options = {"keys": keys, "threads": 1, "rows_per_request": rows_per_request}
	model.predictions(rows[:1], **options)
	of_tool, of_python = [], []
	for _ in range(3):
		# A run of one row is what reading keys and model takes.
		start, all_ = (seconds(lambda: subprocess.run([*run, path], check=True, capture_output=True)) for path in few)
		of_tool.append(all_ - start)
		of_python.append(seconds(lambda: model.predictions(rows, **options)))
	of_tool, of_python = statistics.median(of_tool), statistics.median(of_python)
	print(f"| {name}, {rows_per_request} rows a request | {of_tool:.2f} s | {of_python:.2f} s | {of_python / of_tool - 1:+.1%} |")


def main(wheels, tool):
	wheel = next(pathlib.Path(wheels).glob("*.whl"))
	script = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
	times = {
		module: statistics.median(
			float(subprocess.run([sys.executable, "-c", script.format(module)], capture_output=True).stdout)
			for _ in range(9)
		)
		for module in ("numpy", "fhe_ml")
	}
	print(f"wheel {wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
	print(f"import fhe_ml: {times['fhe_ml'] * 1000:.0f} ms, of which numpy {times['numpy'] * 1000:.0f} ms")
	print(f"\n| {ROWS:,} encrypted rows, one thread | tool | Python | overhead |\n|---|---|---|---|")
	with tempfile.TemporaryDirectory() as folder:
		folder = pathlib.Path(folder)
		keys = fhe_ml.Keys.generate().save(folder / "keys")
		for name, data, rows_per_request in (
			("wine_logistic", "wine", 100),
			("breast_cancer_xgboost_10x3", "breast_cancer", 100),
		):
			compare(pathlib.Path(tool) / "fhe-ml", folder, keys, name, data, rows_per_request)


if __name__ == "__main__":
	np.random.seed(7)
	main(*sys.argv[1:])
