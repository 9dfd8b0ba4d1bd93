#!/usr/bin/env bash
# Concrete ML 1.9 and fhe-ml in turn on this machine, with the same trained models, rows and number
# of threads. Prints one table. Takes about ten minutes after the set-up.
#
#     scripts/bench-peer.sh [--threads N] [--only TEXT] [--file ROWS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

THREADS=$(nproc)
ONLY=
FILE=0
while [ $# -gt 0 ]; do
	case "$1" in
		--threads) THREADS="$2"; shift 2 ;;
		--only) ONLY="$2"; shift 2 ;;
		--file) FILE="$2"; shift 2 ;;
		*) fail "unknown option $1; usage: scripts/bench-peer.sh [--threads N] [--only TEXT] [--file ROWS]" ;;
	esac
done

setup_rust
setup_concrete
say "Building"
cargo build --release --locked --workspace --bin fhe-ml

say "$THREADS threads on $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
OMP_NUM_THREADS=$THREADS RAYON_NUM_THREADS=$THREADS \
	"$PEER/bin/python" scripts/bench_peer.py --fhe-ml "$BIN/fhe-ml" --threads "$THREADS" \
	--only "$ONLY" --file "$FILE" 2>"$CACHE/bench-peer.log" || { tail -5 "$CACHE/bench-peer.log" >&2; exit 1; }
