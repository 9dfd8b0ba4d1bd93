#!/usr/bin/env bash
# Tries a runtime upgrade before it is done: starts a network of four nodes of this version, gives it work,
# replaces the runtime by WASM (of a newer version) while jobs wait, and checks that no node forks, no job
# is lost and the books balance.
#
#     scripts/rehearse-upgrade.sh WASM
set -euo pipefail
[ -f "${1:-}" ] || { printf 'error: name the new runtime, a .compact.compressed.wasm file\n' >&2; exit 1; }
WASM="$(realpath "$1")"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
build_for_networks
FHE_ML_BIN="$BIN" node tests/e2e/rehearse-upgrade.mjs "$WASM"
