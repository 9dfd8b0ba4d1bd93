#!/usr/bin/env bash
# Runs the attacks of tests/attacks on real nodes: each fails, and says what it cost the attacker.
#
#     scripts/attacks.sh [NUMBER...]    # all (a quarter of an hour), or those that begin with NUMBER
#
# FHE_ML_BIN names a folder with other binaries (EXPECT=succeeds for those of commit 5166bc2).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
if [ -z "${FHE_ML_BIN:-}" ]; then
	build_for_networks
	cargo build --release --locked --workspace --examples
	FHE_ML_BIN="$BIN"
fi
export FHE_ML_BIN
[ "$#" -gt 0 ] || set -- 01 02 03 04 05 06 07 12
FILES=()
for number in "$@"; do
	FILES+=("tests/attacks/$number"-*.test.mjs)
	[ -f "${FILES[-1]}" ] || fail "there is no attack $number; see tests/attacks"
done
timeout 40m node --test --test-concurrency=1 --test-reporter=spec "${FILES[@]}"
