#!/usr/bin/env bash
# Measures the weights of our pallets on this machine and writes pallets/*/src/weights.rs.
#
#     scripts/benchmark-weights.sh [PALLET...]    # all, or those of pallets/PALLET
#
# Builds frame-omni-bencher and the runtime with `runtime-benchmarks` (half an hour the first time).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
setup_rust

OMNI="$CACHE/omni-root"
if [ ! -x "$OMNI/bin/frame-omni-bencher" ]; then
	say "Building frame-omni-bencher"
	CARGO_TARGET_DIR="$CACHE/omni" cargo install frame-omni-bencher --version 0.28.0 --locked \
		--root "$OMNI"
fi
say "Building the runtime with benchmarks"
cargo build --release --locked --package fhe-ml-runtime --features runtime-benchmarks \
	--target-dir "$CACHE/benchmarks"
[ "$#" -gt 0 ] || set -- fhe-ml authorities beacon
for pallet in "$@"; do
	say "Measuring pallet-$pallet"
	"$OMNI/bin/frame-omni-bencher" v1 benchmark pallet \
		--runtime "$CACHE/benchmarks/release/wbuild/fhe-ml-runtime/fhe_ml_runtime.compact.compressed.wasm" \
		--pallet "pallet_${pallet//-/_}" --extrinsic '*' --steps 10 --repeat 5 \
		--genesis-builder-preset development --output-analysis median-slopes \
		--template scripts/weights.hbs --output "pallets/$pallet/src/weights.rs"
done
