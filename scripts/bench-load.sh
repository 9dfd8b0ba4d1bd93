#!/usr/bin/env bash
# Does a node under full evaluation load author every slot? Queues more work than its worker can do, and
# counts the slots without a block.
#
#     scripts/bench-load.sh [MINUTES]       default: 10
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
setup_rust
setup_node_js
build
(cd tests/e2e && npm ci --no-fund --no-audit --loglevel=error)
FHE_ML_BIN="$BIN" node tests/e2e/bench/load.mjs "${1:-10}"
