#!/usr/bin/env bash
# One XGBoost model, trained once, under fhe-ml (public and private), Concrete ML 1.9 and weirwood 1.0, in turns on
# this machine with the same rows and number of threads. Prints one table. Takes half an hour after the set-up, nearly
# all of it for weirwood's row.
#
#     scripts/bench-private.sh [--threads N] [--rounds N] [--weirwood-rows N]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

THREADS=$(nproc)
ROUNDS=3
WEIRWOOD_ROWS=1
while [ $# -gt 0 ]; do
	case "$1" in
		--threads) THREADS="$2"; shift 2 ;;
		--rounds) ROUNDS="$2"; shift 2 ;;
		--weirwood-rows) WEIRWOOD_ROWS="$2"; shift 2 ;;
		*) fail "unknown option $1; usage: scripts/bench-private.sh [--threads N] [--rounds N] [--weirwood-rows N]" ;;
	esac
done

setup_rust
setup_concrete
say "Building"
cargo build --release --locked -p fhe-ml-models --example side_by_side
PEERS="$CACHE/peers-target"
CARGO_TARGET_DIR="$PEERS" cargo build --release --locked --manifest-path scripts/peers/weirwood/Cargo.toml

say "$THREADS threads on $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), load $(cut -d' ' -f1 /proc/loadavg)"
OMP_NUM_THREADS=$THREADS RAYON_NUM_THREADS=$THREADS \
	"$PEER/bin/python" scripts/bench_private.py --fhe-ml "$BIN/examples/side_by_side" \
	--weirwood "$PEERS/release/bench-weirwood" --rounds "$ROUNDS" --weirwood-rows "$WEIRWOOD_ROWS" \
	2>"$CACHE/bench-private.log" || { tail -5 "$CACHE/bench-private.log" >&2; exit 1; }
