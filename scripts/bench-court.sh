#!/usr/bin/env bash
# Time that the court takes by the size of a model: XGBoost of 10 to 500 trees, one row each, by the compiled runtime.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
setup_rust
setup_concrete # For XGBoost and its export.
FHE_ML_CURVE=$(mktemp -d)
export FHE_ML_CURVE
trap 'rm -rf "$FHE_ML_CURVE"' EXIT
"$PEER/bin/python" scripts/bench_court.py "$FHE_ML_CURVE"
cargo test --release --locked --workspace --lib --quiet court::curve -- --ignored --nocapture
