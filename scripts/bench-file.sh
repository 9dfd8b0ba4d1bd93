#!/usr/bin/env bash
# A file of rows through a dev node, from CSV to CSV, beside evaluation alone on as many threads, with the most memory that
# tool and node take.
#
#     scripts/bench-file.sh [ROWS [THREADS [MODEL TABLE]]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
build_for_networks
FHE_ML_BIN="$BIN" node tests/e2e/bench/file.mjs "${3:-breast_cancer_xgboost_50x4}" "${4:-breast_cancer}" \
	"${1:-10000}" "${2:-1}"
