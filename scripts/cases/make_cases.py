"""Trains models whose ONNX graphs people meet in practice, and writes them with rows and ONNX Runtime's answers.

    python3 -m venv venv && venv/bin/pip install -r models/requirements.txt catboost==1.2.10
    venv/bin/python scripts/cases/make_cases.py --into FOLDER [NAME...]
    venv/bin/python scripts/cases/make_cases.py --fixtures

For each case: NAME.onnx, NAME.train.csv, NAME.test.csv, and NAME.json with the label and the scores of every row of
NAME.test.csv. Those in estimators.py are one of each sort; those in reported.py are what people told of their own
models. A case that cannot be made is named with the reason: mostly, that no converter exists.

With --fixtures, the small cases of the repository's tests are written to models/pipelines.
"""

import argparse
import json
import os
import pathlib
import sys
import time

# Sums of several threads differ from run to run, and so do the sets of names that the converters walk through.
FIXED = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
if __name__ == "__main__" and not FIXED.items() <= os.environ.items():
	os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | FIXED)

import estimators
import reported
from common import accept_numpy_integers, operators, register_converters, write
from fixtures import write_fixtures


def all_cases():
	yield from reported.cases()
	yield from estimators.cases()


def list_operators(model, path):
	opsets, inputs, outputs, nodes = operators(model.read_bytes())
	with open(path, "a") as file:
		file.write(f"{model.stem} ({model.stat().st_size} bytes; {opsets})\n")
		file.write(f"  in:  {', '.join(inputs)}\n  out: {', '.join(outputs)}\n  {' '.join(nodes)}\n")


def main():
	parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
	parser.add_argument("names", nargs="*", metavar="NAME")
	parser.add_argument("--into", type=pathlib.Path, default=pathlib.Path("target/cases"))
	parser.add_argument("--new", action="store_true", help="make only those that are not there")
	parser.add_argument("--fixtures", action="store_true")
	parser.add_argument("--operators", type=pathlib.Path, help="add the operators of every graph to this file")
	options = parser.parse_args()
	register_converters()
	accept_numpy_integers()
	if options.fixtures:
		return write_fixtures(options.names)
	options.into.mkdir(parents=True, exist_ok=True)
	missing = {}
	for case in all_cases():
		if options.names and case.name not in options.names:
			continue
		if options.new and (options.into / f"{case.name}.json").exists():
			continue
		started = time.time()
		try:
			write(case, options.into)
		except Exception as error:
			missing[case.name] = f"{type(error).__name__}: {error}"
			print(f"NOT made {case.name}: {missing[case.name][:300]}", flush=True)
			continue
		print(f"made {case.name} in {time.time() - started:.1f} s", flush=True)
		if options.operators:
			list_operators(options.into / f"{case.name}.onnx", options.operators)
	# The table lists these, too.
	if not options.names:
		(options.into / "missing.json").write_text(json.dumps(missing, indent=1) + "\n")


if __name__ == "__main__":
	sys.exit(main())
