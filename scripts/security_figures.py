#!/usr/bin/env python3
"""The figures of docs/security.md that follow from the chain's constants: what full blocks cost, and how juries decide.

`--check` fails if the page says otherwise.
"""

import argparse
import sys
from functools import cache
from math import comb
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# runtime/src/configs/fees.rs: FHE for a byte, share of a block that leaves fees as they are, speed, bounds.
BYTE, TARGET, SPEED, LEAST, MOST = 1e-7, 0.25, 0.031, 1.0, 1000.0
# Bytes of ordinary transactions in a block, and blocks in a minute.
BLOCK_BYTES, MINUTE = 5 * 1024 * 1024 * 3 // 4, 30

# crates/primitives: votes of a jury, their lead, most workers that can be asked; runtime: most rounds.
JURY, LEAD, MOST_ASKED, MOST_ROUNDS = 5, 2, 16, 5
LIE_PENALTY = 500


def next_multiplier(multiplier, fullness):
	"""m (1 + v d + (v d)^2 / 2), with d the difference to the target."""
	change = SPEED * (fullness - TARGET)
	return min(max(multiplier * (1 + change + change**2 / 2), LEAST), MOST)


def filled(blocks):
	"""FHE for this many full blocks in a row, and the multiplier after them."""
	multiplier, paid = 1.0, 0.0
	for _ in range(blocks):
		paid += BLOCK_BYTES * BYTE * multiplier
		multiplier = next_multiplier(multiplier, 1.0)
	return paid, multiplier


def fee_table():
	spans = {"one block": 1, "a minute": MINUTE, "ten minutes": 10 * MINUTE, "an hour": 60 * MINUTE}
	spans |= {"a day": 24 * 60 * MINUTE}
	lines = ["| full blocks for | FHE burnt | fees are then |", "|---|---|---|"]
	for name, blocks in spans.items():
		paid, multiplier = filled(blocks)
		burnt = f"{paid:,.2f}" if paid < 100 else f"{paid:,.0f}"
		lines.append(f"| {name} ({blocks:,}) | {burnt} | {multiplier:,.2f} times as high |")
	return "\n".join(lines)


@cache
def verdicts(share, asked, liars, rounds):
	"""Chances that honest workers are slashed, that liars are, and that nobody is, once workers differ.

	Liars hold `share` of the bond, all tell the same lie, and every further worker is drawn by itself.
	"""
	honest = asked - liars
	if asked >= JURY and 2 * liars >= asked + LEAD:
		return (1.0, 0.0, 0.0)
	if asked >= JURY and 2 * honest >= asked + LEAD:
		return (0.0, 1.0, 0.0)
	more = JURY - asked if asked < JURY else 2 - (asked % 2 == 0)
	if rounds >= MOST_ROUNDS or asked + more > MOST_ASKED:
		return (0.0, 0.0, 1.0)
	sums = [0.0, 0.0, 0.0]
	for new in range(more + 1):
		chance = comb(more, new) * share**new * (1 - share) ** (more - new)
		for at, part in enumerate(verdicts(share, asked + more, liars + new, rounds + 1)):
			sums[at] += chance * part
	return tuple(sums)


def job(share, redundancy):
	"""Chances that only liars are asked, and of the three verdicts when they are not all of one kind."""
	sums = [0.0, 0.0, 0.0]
	for liars in range(1, redundancy):
		chance = comb(redundancy, liars) * share**liars * (1 - share) ** (redundancy - liars)
		for at, part in enumerate(verdicts(share, redundancy, liars, 1)):
			sums[at] += chance * part
	return share**redundancy, *sums


def jury_table():
	lines = [
		"| liars' share of the bond | redundancy | only liars asked | honest outvoted | liars slashed | nobody slashed |",
		"|---|---|---|---|---|---|",
	]
	for share, name in [(0.1, "10 %"), (0.2, "20 %"), (1 / 3, "33 %"), (0.5, "50 %")]:
		for redundancy in (2, 3):
			chances = [f"{chance * 100:.2f} %" for chance in job(share, redundancy)]
			lines.append(f"| {name} | {redundancy} | " + " | ".join(chances) + " |")
	return "\n".join(lines)


def main():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--check", action="store_true", help="compare with docs/security.md")
	check = parser.parse_args().check
	text = (ROOT / "docs/security.md").read_text() if check else ""
	for table in (fee_table(), jury_table()):
		print(table, end="\n\n")
		if check and table not in text:
			sys.exit("error: docs/security.md has other figures: put in what this script prints.")


if __name__ == "__main__":
	main()
