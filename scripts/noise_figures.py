#!/usr/bin/env python3
"""The table of docs/cryptography.md: what the noise formulas of the engine give for parameter set 1.

`--check` fails if the page says otherwise.
"""

import argparse
import sys
from math import erfc, log2, sqrt
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# crates/engine: N, q, b of TUniform(b); gadgets as (bits of a digit, digits).
N, Q, BITS, B = 2048, 2251799813640193, 51, 4
STAGES = [(1, (3, 16))] * 4 + [(2, (4, 12)), (2, (5, 10)), (3, (6, 8))]
SQUARE = (20, 2)
SELECTORS = [(12, 2), (8, 3), (6, 4), (5, 5), (4, 6), (3, 8)]
SIGMAS = 13.5
# Bootstrapping: dimension and noise of the small secret, lowest bits that its switch key lacks, gadgets.
SMALL, SMALL_B, CUT = 918, 32, 27
SMALL_SWITCH, FINE_SQUARE = (3, 6), (12, 4)
BOOTSTRAP = [(5, 5), (4, 6)]

FRESH = (2 ** (2 * B + 1) + 1) / 6
SECRET_NORM = N / 2
SQUARE_NORM = N**3 / 48 + 3 * N**2 / 8


def digits(gadget):
	base, _ = gadget
	return (4**base + 2) / 12


def dropped(gadget):
	base, levels = gadget
	bits = BITS - base * levels
	return 4**bits / 12 if bits else 0


def key_switch(gadget, norm):
	return gadget[1] * N * digits(gadget) * FRESH + dropped(gadget) * norm


def expansion(stages, amplitude):
	variance = FRESH
	for bits, gadget in stages:
		branches = 2**bits
		old = branches**2 if amplitude else branches
		variance = old * variance + (branches - 1) * key_switch(gadget, SECRET_NORM)
	return variance


def packing():
	variance = 0
	for bits, gadget in reversed(STAGES):
		for _ in range(bits):
			variance = 4 * variance + key_switch(gadget, SECRET_NORM)
	return variance


def external_product(mask, row, ones):
	body = body_of(mask)

	def products(gadget):
		return gadget[1] * N * digits(gadget) * row + ones * dropped(gadget)

	return products(mask) * SECRET_NORM + products(body) + key_switch(SQUARE, SQUARE_NORM)


def body_of(mask):
	base, levels = mask
	stride = 2 if levels >= 4 else 1
	return (base * stride, levels // stride)


def minus_secret_row(row):
	return row * SECRET_NORM + key_switch(FINE_SQUARE, SQUARE_NORM)


def pair_step(mask, row):
	body = body_of(mask)
	products = mask[1] * N * digits(mask) * minus_secret_row(row) + body[1] * N * digits(body) * row
	return 2 * (3 * products + 0.75 * (dropped(mask) * SECRET_NORM + dropped(body)))


def switch_to_small():
	row = (2 ** (2 * SMALL_B + 1) + 1) / 6 + 4**CUT / 12
	rows = SMALL_SWITCH[1] * N * digits(SMALL_SWITCH) * row
	return rows + dropped(SMALL_SWITCH) * SECRET_NORM


def centred_modulus_switch():
	return (Q / (2 * N)) ** 2 / 12 * (SMALL / 4 + 1)


def modulus_switch(bits):
	return (Q / 2**bits) ** 2 / 12 * (SECRET_NORM + 1)


def table():
	expanded, octet = expansion(STAGES, False), expansion(STAGES[:-1], False)
	rows = [
		("V_fresh", FRESH),
		("V_octet", octet),
		("V_expanded", expanded),
		("V_constant", expansion(STAGES, True)),
		("V_pack", packing()),
		("V_ks(20x2, s²)", key_switch(SQUARE, SQUARE_NORM)),
	]
	for base, levels in SELECTORS:
		rows.append((f"V_ep({base}x{levels}, V_expanded, 1)", external_product((base, levels), expanded, 1)))
	rows += [(f"V_ms({bits})", modulus_switch(bits)) for bits in (16, 20, 24)]
	rows.append(("V_minus", minus_secret_row(expanded)))
	for base, levels in BOOTSTRAP:
		rows.append((f"V_pbs({base}x{levels})", SMALL / 2 * pair_step((base, levels), expanded)))
	rows += [("V_small", switch_to_small()), ("V_cms", centred_modulus_switch())]
	rows.append(("V_arg", switch_to_small() + centred_modulus_switch()))
	lines = ["| variance | log2 of the standard deviation | relative to q |", "|---|---|---|"]
	for name, variance in rows:
		lines.append(f"| {name} | {log2(variance) / 2:.1f} | {log2(variance) / 2 - log2(Q):.1f} |")
	lines.append("")
	chance = erfc(SIGMAS / sqrt(2))
	lines.append(f"A Gaussian leaves {SIGMAS} standard deviations with a probability of 2^{log2(chance):.1f};")
	lines.append(f"one of 2,048 does with less than 2^{log2(chance * N):.1f}.")
	return "\n".join(lines)


def main():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--check", action="store_true", help="compare with docs/cryptography.md")
	arguments = parser.parse_args()
	found = table()
	print(found)
	if arguments.check and found not in (ROOT / "docs/cryptography.md").read_text():
		sys.exit("error: docs/cryptography.md has other figures: put in what this script prints.")


if __name__ == "__main__":
	main()
