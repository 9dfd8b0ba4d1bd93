#!/usr/bin/env bash
# Does a node under full evaluation load author every slot? Queues more work than its worker can do, and
# counts the slots without a block.
#
#     scripts/bench-load.sh [MINUTES]       default: 10
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
build_for_networks
FHE_ML_BIN="$BIN" node tests/e2e/bench/load.mjs "${1:-10}"
