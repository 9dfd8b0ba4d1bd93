#!/usr/bin/env bash
# Tries the upgrade to this version before it is done: starts a network of four nodes of the version that runs
# now, gives it work, restarts its nodes one after the other with this version's binary, replaces the runtime
# while jobs wait, and checks that no node forks, no job is lost and the books balance.
#
#     scripts/rehearse-upgrade.sh OLD
#
# OLD is a folder with the `fhe-ml-node` and `fhe-ml` that run now.
set -euo pipefail
for binary in fhe-ml-node fhe-ml; do
	[ -x "${1:-}/$binary" ] || {
		printf 'error: name the folder with the fhe-ml-node and fhe-ml that run now\n' >&2
		exit 1
	}
done
OLD="$(realpath "$1")"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
build_for_networks
WASM="$BIN/wbuild/fhe-ml-runtime/fhe_ml_runtime.compact.compressed.wasm"
FHE_ML_BIN="$BIN" node tests/e2e/rehearse-upgrade.mjs "$OLD" "$WASM"
