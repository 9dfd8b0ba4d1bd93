#!/usr/bin/env python3
"""Circles of imports between the modules of a crate: arrows point down only.

A module is a file. It points to the file of every item that it names by `crate::` (`$crate::` in a macro), `super::`,
`self::` or the name of a child, and of what it imports from its children: a child that uses an item of its parent makes
a circle if the parent imports from it. An item that a module only passes on (`pub use`) is the business of the file
that has it. Tests do not count.
`--all` shows the known ones, too.
"""

import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Circles that are there, each with a module of it that no other has. None may come, and these may go.
KNOWN = {
	("pallets/fhe-ml/src/lib.rs", "types"): "what is stored names `Config`, which FRAME wants in the pallet's file",
	("runtime/src/lib.rs", "configs"): "FRAME's `Runtime` is made of its pallets' configurations, which name it",
}

NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|r#\"(?s:.*?)\"#|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])'", re.S)
TEST = re.compile(r"#\[cfg\((?:any\()?(?:all\()?(?:test|fuzzing)[^\]]*\)\]\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*([;{])")
MOD = re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;", re.M)
INLINE = re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*\{", re.M)
USE = re.compile(r"^\s*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);", re.M)
PATH = re.compile(r"(?<![\w:])((?:\$?crate|super|self|[a-z_]\w*)(?:::(?:super|[a-z_]\w*|[A-Z]\w*))+)")


def end_of_block(text, at):
	depth = 0
	for place in range(at, len(text)):
		depth += {"{": 1, "}": -1}.get(text[place], 0)
		if depth == 0:
			return place + 1
	return len(text)


def without_tests(text):
	text = NOISE.sub(lambda found: '""' if found[0][0] in "\"r" else "", text)
	tests = set()
	while found := TEST.search(text):
		if found[2] == ";":
			tests.add(found[1])
			text = text[: found.start()] + text[found.end() :]
		else:
			text = text[: found.start()] + text[end_of_block(text, found.end() - 1) :]
	return text, tests


def leaves(tree, prefix=()):
	"""`a::{b, c::d}` as (a, b) and (a, c, d)."""
	tree = tree.strip()
	brace = tree.find("{")
	if brace < 0:
		path = tuple(part.strip() for part in re.sub(r"\s+as\s+\w+$", "", tree).split("::") if part.strip())
		if path:
			yield (*prefix, *path)
		return
	prefix = (*prefix, *(part.strip() for part in tree[:brace].split("::") if part.strip()))
	depth, start = 0, brace + 1
	for place in range(brace, len(tree)):
		depth += {"{": 1, "}": -1}.get(tree[place], 0)
		if (depth == 1 and tree[place] == ",") or depth == 0:
			yield from leaves(tree[start:place], prefix)
			start = place + 1
		if depth == 0:
			return


class Crate:
	def __init__(self, entry):
		self.files, self.texts, self.uses, self.inline = {}, {}, {}, {}
		self.read((), entry, entry.parent)

	def read(self, name, file, folder):
		text, tests = without_tests(file.read_text())
		self.files[name], self.texts[name] = file, text
		self.inline[name] = set(INLINE.findall(text))
		self.uses[name] = [
			(bool(public), path) for public, tree in USE.findall(text) for path in leaves(tree)
		]
		for child in MOD.findall(text):
			for place in (folder / f"{child}.rs", folder / child / "mod.rs"):
				if place.exists() and child not in tests:
					self.read((*name, child), place, folder / child)

	def owner(self, at, path, seen=frozenset()):
		"""The module that has the item `path`, seen from the module `at`; none if it is of another crate."""
		path = list(path)
		if path[0] == "crate":
			at, path = (), path[1:]
		elif path[0] not in ("super", "self") and (*at, path[0]) not in self.files:
			return None
		while path and path[0] in ("super", "self"):
			# `super` of a module within the file is the file.
			at = at[:-1] if path[0] == "super" else at
			path = path[1:]
		while path and (*at, path[0]) in self.files:
			at, path = (*at, path[0]), path[1:]
		if path and path[0] in self.inline.get(at, ()):
			path = path[1:]
		if not path or (at, path[0]) in seen:
			return at
		for public, found in self.uses.get(at, ()):
			if public and found[-1] in (path[0], "*"):
				target = self.owner(at, found, seen | {(at, path[0])})
				if target is None or target == at:
					continue
				if found[-1] != "*" or self.defines(target, path[0]):
					return target
		return at

	@cache
	def defines(self, name, item):
		kinds = "struct|enum|union|trait|type|fn|const|static|mod|macro_rules!"
		return bool(re.search(rf"\b(?:{kinds})\s+{re.escape(item)}\b", self.texts[name]))

	def is_used(self, name, path, body):
		if path[-1] != "*":
			return path[-1] in words(body)
		target = self.owner(name, path)
		return target is not None and any(self.defines(target, word) for word in words(body) if word[0].isupper())

	def edges(self):
		found = {name: set() for name in self.files}
		for name, text in self.texts.items():
			body = USE.sub("", text)
			paths = [tuple(path.lstrip("$").split("::")) for path in PATH.findall(body)]
			# What is only passed on is no use of it.
			paths += [path for public, path in self.uses[name] if not public or self.is_used(name, path, body)]
			paths = [without_inline(self, name, path, text) for path in paths]
			for path in paths:
				target = path and self.owner(name, path)
				if target is not None and target != name and target in self.files:
					found[name].add(target)
		return found


@cache
def words(text):
	return set(re.findall(r"\w+", text))


def without_inline(crate, name, path, text):
	"""`super` of a module that is in the file, like `pallet`, means the file itself."""
	if path[0] == "super" and crate.inline[name] and any(
		"::".join(path) in text[found.end() : end_of_block(text, found.end() - 1)] or path[1:] == ("*",)
		for found in INLINE.finditer(text)
	):
		return ("self", *path[1:])
	return path


def circles(edges):
	"""Strongly connected components of more than one module (Tarjan's)."""
	index, low, stack, on, result = {}, {}, [], set(), []

	def visit(node):
		index[node] = low[node] = len(index)
		stack.append(node)
		on.add(node)
		for target in sorted(edges[node]):
			if target not in index:
				visit(target)
				low[node] = min(low[node], low[target])
			elif target in on:
				low[node] = min(low[node], index[target])
		if low[node] == index[node]:
			component = set()
			while not component or node not in component:
				component.add(stack.pop())
			on.difference_update(component)
			if len(component) > 1:
				result.append(component)

	for node in sorted(edges):
		if node not in index:
			visit(node)
	return result


def main():
	known, new = 0, 0
	for manifest in sorted(ROOT.glob("**/Cargo.toml")):
		if "node_modules" in manifest.parts or "target" in manifest.parts:
			continue
		for entry in (manifest.parent / "src/lib.rs", manifest.parent / "src/main.rs"):
			if not entry.exists():
				continue
			place = str(entry.relative_to(ROOT))
			edges = Crate(entry).edges()
			for circle in circles(edges):
				if any((place, "::".join(name)) in KNOWN for name in circle) and "--all" not in sys.argv:
					known += 1
					continue
				new += 1
				print(f"{place}: a circle of {len(circle)} modules")
				for name in sorted(circle):
					targets = sorted("::".join(("crate", *target)) for target in edges[name] & circle)
					print(f"  {'::'.join(('crate', *name))} -> {', '.join(targets)}")
	print(f"{new} circles of imports, and {known} that are known")
	return new > 0


if __name__ == "__main__":
	sys.exit(main())
