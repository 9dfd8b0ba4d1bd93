#!/usr/bin/env bash
# Types of the chain for TypeScript, from the metadata in the runtime that `scripts/task.sh build` has built:
# storage, calls, events, errors, constants and runtime APIs, with their documentation.
#
#     scripts/chaintypes.sh            # writes app/client/src/chaintypes
#     scripts/chaintypes.sh --check    # fails if what is there is not what the runtime says
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
KEPT=app/client/src/chaintypes
RUNTIME="${FHE_ML_RUNTIME:-$BIN/wbuild/fhe-ml-runtime/fhe_ml_runtime.compact.compressed.wasm}"

[ -f "$RUNTIME" ] || fail "there is no runtime at $RUNTIME: run scripts/task.sh build first"
[ -d app/client/node_modules ] || (cd app/client && npm ci --no-fund --no-audit --loglevel=error)
made="$(mktemp -d)"
trap 'rm -rf "$made"' EXIT
app/client/node_modules/.bin/dedot chaintypes --wasm "$RUNTIME" --output "$made" --chain fheMl --dts false \
	--subpath false >/dev/null 2>&1 || fail "dedot makes no types of $RUNTIME"

if [ "${1:-}" = --check ]; then
	diff -ru "$KEPT" "$made/fhe-ml" ||
		fail "$KEPT is not what the runtime says: run scripts/chaintypes.sh, then mend what tsc finds"
else
	rm -rf "$KEPT"
	cp -r "$made/fhe-ml" "$KEPT"
fi
