#!/usr/bin/env bash
# Rehearses what can go wrong with a machine or a network, on real nodes of this one, and says what was lost:
# a full disk, a slow disk, a clock that jumps, no memory, a node that falls silent, a full pool, colluding liars.
# Disks, memory and clocks need root; without it they are left out.
#
#     scripts/rehearse-faults.sh [NAME...]       # all, or those of tests/faults/NAME.test.mjs
#     scripts/rehearse-faults.sh --upgrade WASM  # an upgrade to WASM while workers disagree
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
if [ "${1:-}" = --upgrade ]; then
	[ -f "${2:-}" ] || fail "name the new runtime, a .compact.compressed.wasm file"
	WASM="$(realpath "$2")"
fi
if [ -z "${FHE_ML_BIN:-}" ]; then
	build_for_networks
	cargo build --release --locked --workspace --examples
	FHE_ML_BIN="$BIN"
fi
export FHE_ML_BIN
if [ -n "${WASM:-}" ]; then
	exec node tests/faults/upgrade-in-dispute.mjs "$WASM"
fi
install_packages e2fsprogs libfaketime util-linux
FILES=()
for name in "$@"; do
	[ -f "tests/faults/$name.test.mjs" ] || fail "there is no fault $name; see tests/faults"
	FILES+=("tests/faults/$name.test.mjs")
done
[ "${#FILES[@]}" -gt 0 ] || FILES=(tests/faults/*.test.mjs)
timeout 40m node --test --test-concurrency=1 --test-reporter=spec "${FILES[@]}"
