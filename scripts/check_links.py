#!/usr/bin/env python3
"""Links, anchors and paths of the documentation: README, CONTRIBUTING, SECURITY, CHANGELOG and docs.

A link must lead to a file of this repository, and to a heading that is there; links to the web are not followed. A
chapter of the book links to chapters only, since the book has nothing else: it names other files as code. Paths that
are named as code must be there, too. `--book FOLDER` checks the links of the built book instead.
"""

import argparse
import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "app/client/README.md", "tests/attacks/README.md"]
WIDTH = 120

LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
HTML_LINK = re.compile(r"(?:src|srcset|href)=\"([^\"]+)\"")
CODE = re.compile(r"`([^`]+)`")
# A path from the root, in one word: `docs/security.md`, `tests/attacks`, `pallets/*/src/weights.rs`.
FOLDERS = "app|crates|docker|docs|fuzz|models|node|pallets|runtime|scripts|tests"
PATH = re.compile(rf"(?:{FOLDERS})/[\w.*{{}},@/-]*|\.ci/run|[A-Z]+\.md")


def without_code(text):
	"""The same lines, those of code blocks empty."""
	lines, fence = [], False
	for line in text.splitlines():
		if line.lstrip().startswith("```"):
			fence = not fence
			lines.append("")
		else:
			lines.append("" if fence else line)
	return lines


@cache
def anchors(file):
	"""The anchors of a file's headings, as GitHub and mdBook make them."""
	found = set()
	for line in without_code(file.read_text()):
		if heading := re.match(r"#{1,6} +(.*?)\s*#*$", line):
			title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
			name = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
			number = 0
			while (anchor := f"{name}-{number}" if number else name) in found:
				number += 1
			found.add(anchor)
	return found


def check_link(file, target, book):
	"""What is wrong with a link, or None."""
	if re.match(r"[a-z]+:", target):
		return None
	path, _, anchor = target.partition("#")
	goal = (file.parent / unquote(path)).resolve() if path else file
	if not goal.exists():
		return f"{target} is not there"
	if book and not goal.is_relative_to(ROOT / "docs"):
		return f"{target} is not in the book: name it as code"
	if anchor and goal.suffix == ".md" and anchor not in anchors(goal):
		return f"{target}: no such heading"
	return None


def alternatives(path):
	"""a/{b,c}.rs as a/b.rs and a/c.rs."""
	if braces := re.search(r"\{([^{}]*)\}", path):
		for part in braces[1].split(","):
			yield from alternatives(path[: braces.start()] + part + path[braces.end() :])
	else:
		yield path


def check_path(path):
	"""Whether a path that is named as code is there."""
	if re.search(r"NAME|KIND|PALLET|<", path):
		return None
	for one in alternatives(path.rstrip(".,:")):
		if not (any(ROOT.glob(one)) if "*" in one else (ROOT / one).exists()):
			return f"`{one}` is not there"
	return None


def complaints(file):
	book = file.is_relative_to(ROOT / "docs")
	for number, line in enumerate(without_code(file.read_text()), 1):
		# `[text](link)` in code is none.
		outside_code = CODE.sub("", line) if not LINK.search(line) else re.sub(r"`[^`]*\]\([^`]*`", "", line)
		targets = [*LINK.findall(outside_code), *HTML_LINK.findall(line)]
		wrong = [check_link(file, target, book) for target in targets]
		for code in CODE.findall(line):
			wrong += [check_path(word) for word in code.split() if PATH.fullmatch(word.rstrip(".,:"))]
		if len(line) > WIDTH and not line.lstrip().startswith("|"):
			wrong.append(f"{len(line)} columns; at most {WIDTH}, but for tables")
		yield from (f"{file.relative_to(ROOT)}:{number}: {what}" for what in wrong if what)


def chapters_left_out():
	"""Files of docs that no line of the summary names."""
	summary = ROOT / "docs/SUMMARY.md"
	named = {(summary.parent / target).resolve() for target in LINK.findall(summary.read_text())}
	for file in sorted((ROOT / "docs").rglob("*.md")):
		if file != summary and file not in named:
			yield f"{file.relative_to(ROOT)} is not in docs/SUMMARY.md"


class Page(HTMLParser):
	def __init__(self, file):
		super().__init__()
		self.ids, self.targets = set(), []
		self.feed(file.read_text())

	def handle_starttag(self, tag, attributes):
		for name, value in attributes:
			if name == "id":
				self.ids.add(value)
			elif name in ("href", "src") and value:
				self.targets.append(value)


def broken_in_book(folder):
	pages = {file.resolve(): Page(file) for file in folder.rglob("*.html")}
	if not pages:
		yield f"there is no book in {folder}"
	for file, page in pages.items():
		for target in page.targets:
			path, _, anchor = unquote(target).partition("#")
			if re.match(r"[a-z]+:", target) or file.name == "404.html":
				continue
			goal = (file.parent / path).resolve() if path else file
			if not goal.exists():
				yield f"{file.name}: {target} is not there"
			elif anchor and goal in pages and anchor not in pages[goal].ids:
				yield f"{file.name}: {target}: no such anchor"


def main():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--book", type=Path, help="folder of the built book")
	arguments = parser.parse_args()
	if arguments.book:
		wrong = [*broken_in_book(arguments.book)]
	else:
		files = [ROOT / name for name in OUTSIDE] + sorted((ROOT / "docs").rglob("*.md"))
		wrong = [what for file in files for what in complaints(file)]
		wrong += chapters_left_out()
		print(f"{len(files)} files")
	if wrong:
		sys.exit("error: " + "\n       ".join(wrong))


if __name__ == "__main__":
	main()
