#!/usr/bin/env bash
# Builds the web page that `fhe-ml app` serves into app/page/dist. Build the tool after it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
setup_rust
setup_node_js
build_page
