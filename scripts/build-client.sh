#!/usr/bin/env bash
# Builds the npm package @fhe-ml/client into app/client/dist.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
setup_rust
setup_node_js
build_client
