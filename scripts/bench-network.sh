#!/usr/bin/env bash
# Throughput of a network of four nodes on this machine, of which one, two and four are workers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
build_for_networks
FHE_ML_BIN="$BIN" node tests/e2e/bench/throughput.mjs
