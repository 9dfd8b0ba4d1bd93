#!/usr/bin/env bash
# Throughput of a network of four nodes on this machine, of which one, two and four are workers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
setup_rust
setup_node_js
build
(cd tests/e2e && npm ci --no-fund --no-audit --loglevel=error)
FHE_ML_BIN="$BIN" node tests/e2e/bench/throughput.mjs
