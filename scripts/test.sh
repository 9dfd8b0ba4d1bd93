#!/usr/bin/env bash
# Everything for the tests, from nothing: set-up, unit and integration tests, end-to-end tests against
# real nodes, the demo, and lints.
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

stage "Licences and sources of dependencies"
scripts/deny.sh

stage "Bits of security, and the figures of docs/security.md"
scripts/estimate-security.sh --check
python3 scripts/security_figures.py --check

stage "The web client and the page"
build_page
(cd app/client && npm test)

stage "Build"
build

stage "Unit, property and documentation tests"
cargo test --release --locked --workspace --quiet

stage "The same bytes on every CPU"
scripts/determinism.sh

stage "Fuzzing, briefly"
scripts/fuzz.sh 10

stage "End-to-end tests"
install_packages chromium curl iproute2
(cd tests/e2e && npm ci --no-fund --no-audit --loglevel=error)
FHE_ML_BIN="$BIN" FHE_ML_SCREENSHOTS="$CACHE/screenshots" timeout 45m \
	node --test --test-concurrency=1 --test-reporter=spec tests/e2e/*.test.mjs

stage "The main job"
scripts/demo.sh --once

stage "Lints"
cargo clippy --release --locked --workspace --all-targets --quiet -- -D warnings

stage "All tests passed"
