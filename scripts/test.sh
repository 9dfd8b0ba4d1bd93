#!/usr/bin/env bash
# Everything for the tests, from nothing: set-up, unit and integration tests, end-to-end tests against
# real nodes, and lints.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
START=$SECONDS
stage() { say "[$(((SECONDS - START) / 60)) min] $*"; }

setup_rust
setup_python
setup_node_js

stage "Format"
cargo fmt --all --check

stage "Build"
build

stage "Unit, property and documentation tests"
cargo test --release --locked --workspace --quiet

stage "End-to-end tests"
(cd tests/e2e && npm ci --no-fund --no-audit --loglevel=error)
FHE_ML_BIN="$BIN" FHE_ML_PYTHON="$PYTHON" \
	node --test --test-concurrency=1 --test-reporter=spec --test-force-exit tests/e2e/*.test.mjs

stage "Lints"
cargo clippy --release --locked --workspace --all-targets --quiet -- -D warnings

stage "All tests passed"
