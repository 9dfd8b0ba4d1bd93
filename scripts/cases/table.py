#!/usr/bin/env python3
"""Imports every case of make_cases.py with fhe-ml, asks the compiled model about every test row, and compares it with
ONNX Runtime. Writes the table of docs/cases.md.

    table.py CASES [NAME...] [--fhe-ml PATH] [--check | --print]

The predictions are those of the quantised model on plaintext, which are those of the circuit. With --encrypted N, the
first N rows of each case are encrypted, evaluated and decrypted, too: these are the times.

A row is wrong if its label is another one, or, without labels, if a value is off by more than a hundredth of the
values' standard deviation. A label is a tie if ONNX Runtime's two largest scores are the same to 2^-20: single
precision has the last word there. `--check` fails if a case imports that is refused on the page or the other way
round, or if other rows are wrong.
"""

import argparse
import difflib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "cases.md"
BEGIN, END = "<!-- begin: scripts/cases/table.py -->\n", "<!-- end -->\n"
TIE = 2**-20
HEAD = ("Case", "Import", "Wrong", "Ties", "Score off by", "Artifact", "Row", "Result", "Time")


class Refused(Exception):
	"""What fhe-ml says instead."""


def run(*command):
	"""The objects that fhe-ml prints."""
	done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
	if done.returncode:
		lines = [line for line in done.stderr.splitlines() if line.strip()]
		raise Refused(lines[0].removeprefix("error: ") if lines else f"exit code {done.returncode}")
	return [json.loads(line) for line in done.stdout.splitlines()]


class Case:
	def __init__(self, folder, name):
		self.folder, self.name = folder, name
		self.expected = json.loads(self.path("json").read_text())

	def path(self, ending):
		return self.folder / f"{self.name}.{ending}"

	def measure(self, tool, workspace, encrypted):
		model = workspace / f"{self.name}.fheml"
		try:
			run(
				tool,
				"--json",
				"model",
				"import",
				self.path("onnx"),
				"--calibration",
				self.path("train.csv"),
				"-o",
				model,
			)
		except Refused as refusal:
			return {"name": self.name, "refused": str(refusal)}
		evaluate = (tool, "--json", "evaluate", model, "--input", self.path("test.csv"))
		try:
			*rows, summary = run(*evaluate, "--clear")
		except Refused as refusal:
			return {"name": self.name, "refused": f"imported, and then: {refusal}"}
		found = {"name": self.name, "bytes": model.stat().st_size, **self.compare(rows), **summary["summary"]}
		if encrypted:
			try:
				*private, _ = run(*evaluate, "--rows", f"0..{encrypted}", "--key", workspace / "keys")
			except Refused as refusal:
				return found | {"time": str(refusal)}
			found["time"] = statistics.median(row["evaluate_ms"] for row in private)
			same = all(a["prediction"] == b["prediction"] and a["scores"] == b["scores"] for a, b in zip(private, rows))
			if not same:
				found["refused"] = "encrypted rows have other scores than plaintext"
		return found

	def compare(self, rows):
		"""Wrong rows and ties, and the largest difference of a score."""
		labels, scores = self.expected["label"], self.expected["scores"]
		if len(rows) != self.expected["n"]:
			return {"wrong": list(range(self.expected["n"])), "ties": [], "off": None}
		if labels is not None and len(labels) == 1 < len(rows):
			# A row of labels, as QuadraticDiscriminantAnalysis has them.
			(labels,) = labels
		off = None
		if scores is not None and len(rows[0]["scores"]) == len(scores[0]):
			off = max(abs(a - b) for row, wanted in zip(rows, scores) for a, b in zip(row["scores"], wanted))
		wrong, ties = [], []
		for at, row in enumerate(rows):
			if labels is None:
				if not self.near(row["scores"], at):
					wrong.append(at)
			elif row["prediction"] != labels[at]:
				(ties if scores is not None and is_tie(scores[at]) else wrong).append(at)
		return {"wrong": wrong, "ties": ties, "off": off}

	def near(self, found, at):
		wanted = self.expected["scores"]
		if len(found) != len(wanted[at]):
			return False
		columns = [[row[i] for row in wanted] for i in range(len(found))]
		return all(abs(a - b) <= statistics.pstdev(all_) / 100 for a, b, all_ in zip(found, wanted[at], columns))


def is_tie(scores):
	if len(scores) < 2:
		return False
	first, second = sorted(scores, reverse=True)[:2]
	return first - second < TIE


def size(count):
	return f"{count} B" if count < 10_000 else f"{count / 1000:.0f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"


def duration(milliseconds):
	return f"{milliseconds:.3g} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.3g} s"


def escaped(text):
	return text.replace("|", "\\|").replace("<", "&lt;")


def cells(found):
	if "refused" in found:
		return [found["name"], "no", *[""] * (len(HEAD) - 2)]
	count = found["rows"]
	time = found.get("time", "")
	return [
		found["name"],
		"yes",
		f"{len(found['wrong'])} / {count}",
		", ".join(map(str, found["ties"])),
		"" if found["off"] is None else f"{found['off']:.2g}",
		size(found["bytes"]),
		size(found["input_bytes"]),
		size(found["result_bytes"]),
		duration(time) if isinstance(time, float) else time,
	]


def markdown(results, missing, otherwise):
	"""The table of those that import, and the lists of those that do not or that are otherwise not as they seem."""
	taken = [found for found in results if "refused" not in found]
	refused = [found for found in results if "refused" in found]
	wrong = sum(bool(found["wrong"]) for found in taken)
	lines = [f"{len(taken)} of {len(results)} cases import; {wrong} of these have a wrong row.", ""]
	lines += ["| " + " | ".join(HEAD) + " |", "|" + " --- |" * len(HEAD)]
	lines += ["| " + " | ".join(cells(found)) + " |" for found in taken]
	if refused:
		lines += ["", "Refused:", ""]
		lines += [wrapped(f"- `{found['name']}`: {escaped(found['refused'])}") for found in refused]
	if otherwise:
		lines += ["", "Graphs that answer otherwise than the model they were made of, in ONNX Runtime (rows):", ""]
		lines.append(wrapped("- " + ", ".join(f"`{name}` {count}" for name, count in otherwise.items())))
	if missing:
		lines += ["", "Not cases, as there is no converter that writes them:", ""]
		lines += [wrapped(f"- `{name}`: {escaped(reason)}") for name, reason in missing.items()]
	return "\n".join(lines) + "\n"


def wrapped(line):
	"""At most 120 columns, as the repository's documentation has it."""
	return textwrap.fill(line, 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def judged(text):
	"""Of the table, what does not depend on the machine: which cases import, and how many rows are wrong."""
	rows = [line.split(" | ")[:4] for line in text.splitlines() if line.startswith("| ")]
	# A refusal may be said in other words.
	return [" | ".join(row) for row in rows] + [
		line.split(":")[0] for line in text.splitlines() if line.startswith("- `")
	]


def main():
	parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
	parser.add_argument("cases", type=pathlib.Path)
	parser.add_argument("names", nargs="*", metavar="NAME")
	parser.add_argument("--fhe-ml", default=os.environ.get("FHE_ML", "fhe-ml"))
	parser.add_argument("--encrypted", type=int, default=0, metavar="N")
	parser.add_argument("--check", action="store_true")
	parser.add_argument("--print", action="store_true", help="print the table instead of writing it into the page")
	options = parser.parse_args()
	names = options.names or sorted(path.stem for path in options.cases.glob("*.onnx"))
	results = []
	with tempfile.TemporaryDirectory() as workspace:
		workspace = pathlib.Path(workspace)
		if options.encrypted:
			run(options.fhe_ml, "--json", "keygen", "--out", workspace / "keys")
		for name in names:
			found = Case(options.cases, name).measure(options.fhe_ml, workspace, options.encrypted)
			results.append(found)
			(workspace / f"{name}.fheml").unlink(missing_ok=True)
			print(" | ".join(cells(found)), found.get("refused", ""), file=sys.stderr, flush=True)
	listed = options.cases / "missing.json"
	missing = json.loads(listed.read_text()) if listed.exists() and not options.names else {}
	# The beginning of what an exporter says tells enough.
	missing = {name: textwrap.shorten(reason, 170, placeholder=" ...") for name, reason in missing.items()}
	known = {name: Case(options.cases, name).expected["otherwise"] for name in names}
	table = markdown(results, missing, {name: count for name, count in known.items() if count})
	if options.print:
		return print(table, end="")
	page = PAGE.read_text()
	before, rest = page.split(BEGIN)
	old, after = rest.split(END)
	if not options.check:
		return PAGE.write_text(before + BEGIN + "\n" + table + "\n" + END + after)
	difference = list(difflib.unified_diff(judged(old), judged(table), "docs/cases.md", "found", lineterm="", n=0))
	if difference:
		sys.exit("\n".join(difference))


if __name__ == "__main__":
	main()
