#!/usr/bin/env bash
# Keys, inputs and results for fixed seeds must be the same to the byte on every CPU: this one, one
# with AVX2 and one without AVX (both emulated by QEMU), on one thread and on two, and WebAssembly.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

setup_rust
setup_node_js
install_packages qemu-user
cargo build --release --locked --workspace --examples

PROGRAM="$BIN/examples/self_test"
for threads in 1 2; do
	export RAYON_NUM_THREADS=$threads
	features="$(grep -m1 -ow avx512ifma /proc/cpuinfo || grep -m1 -ow avx2 /proc/cpuinfo || true)"
	printf '%-30s' "this CPU (${features:-no AVX2}):"
	"$PROGRAM"
	for cpu in Haswell Westmere; do
		printf '%-30s' "$cpu ($([ $cpu = Haswell ] && echo AVX2 || echo 'no AVX')):"
		qemu-x86_64 -cpu "$cpu" "$PROGRAM" 2> >(grep -v "TCG doesn't support" >&2)
	done
done

CARGO_TARGET_DIR="$CACHE/wasm-target" cargo build --release --locked --quiet \
	--manifest-path crates/engine/wasm-self-test/Cargo.toml --target wasm32-unknown-unknown
printf '%-30s' "WebAssembly in Node.js:"
node crates/engine/wasm-self-test/run.mjs \
	"$CACHE/wasm-target/wasm32-unknown-unknown/release/fhe_ml_engine_wasm_self_test.wasm"
