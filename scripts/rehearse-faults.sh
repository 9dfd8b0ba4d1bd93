#!/usr/bin/env bash
# Rehearses what can go wrong with a machine or a network, on real nodes of this one, and says what was lost:
# a full disk, a slow disk, a clock that jumps, no memory, a node that falls silent, a full pool, colluding liars.
# Disks, memory and clocks need root; without it they are left out.
#
#     scripts/rehearse-faults.sh [NAME...]       # all, or those of tests/faults/NAME.test.mjs
#     scripts/rehearse-faults.sh --upgrade OLD   # an upgrade from the binaries in the folder OLD while workers disagree
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
if [ "${1:-}" = --upgrade ]; then
	[ -x "${2:-}/fhe-ml-node" ] && [ -x "$2/fhe-ml" ] ||
		fail "name the folder with the fhe-ml-node and fhe-ml that run now"
	OLD="$(realpath "$2")"
fi
if [ -z "${FHE_ML_BIN:-}" ]; then
	build_for_networks
	cargo build --release --locked --workspace --examples
	FHE_ML_BIN="$BIN"
fi
export FHE_ML_BIN
if [ -n "${OLD:-}" ]; then
	exec node tests/faults/upgrade-in-dispute.mjs "$OLD" \
		"$FHE_ML_BIN/wbuild/fhe-ml-runtime/fhe_ml_runtime.compact.compressed.wasm"
fi
install_packages e2fsprogs libfaketime util-linux
FILES=()
for name in "$@"; do
	[ -f "tests/faults/$name.test.mjs" ] || fail "there is no fault $name; see tests/faults"
	FILES+=("tests/faults/$name.test.mjs")
done
[ "${#FILES[@]}" -gt 0 ] || FILES=(tests/faults/*.test.mjs)
timeout 40m node --test --test-concurrency=1 --test-reporter=spec "${FILES[@]}"
