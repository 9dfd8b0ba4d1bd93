#!/usr/bin/env bash
# Bits of security of the parameters: the best published lattice attacks, in four cost models, next to those of
# tfhe-rs' parameters. Takes some seconds. --check also fails if they are below 128 bits, differ from what the
# published estimator says, or from docs/security.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

command -v python3 >/dev/null || install_packages python3
exec python3 scripts/estimate_security.py "$@"
