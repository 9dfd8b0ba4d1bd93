#!/usr/bin/env bash
# Builds the runtime of the last commit so that anybody gets the same bytes, and prints where it is and its hash:
# whoever votes for an upgrade builds it and looks whether the hash is the proposed one.
#
#     scripts/build-runtime.sh
#
# The names of symbols, and with them the order of functions, depend on where the sources of this workspace are: cargo
# hashes the path. So they are always built in the same folder. Other paths are mapped to fixed ones.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

FOLDER=/var/tmp/fhe-ml-runtime
setup_rust
exec 9>"$FOLDER.lock"
flock --nonblock 9 || fail "another build is in $FOLDER; wait for it"
git diff --quiet HEAD || say "What is not committed is not built" >&2
rm -rf "$FOLDER"
git clone --quiet --shared . "$FOLDER/source"
git -C "$FOLDER/source" checkout --quiet --detach "$(git rev-parse HEAD)"

CARGO="${CARGO_HOME:-$HOME/.cargo}"
cd "$FOLDER/source"
env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS CARGO_TARGET_DIR="$FOLDER/target" \
	WASM_BUILD_RUSTFLAGS="--remap-path-prefix=$CARGO=/cargo" \
	cargo build --release --locked --quiet -p fhe-ml-runtime >&2
WASM="$FOLDER/target/release/wbuild/fhe-ml-runtime/fhe_ml_runtime.compact.compressed.wasm"
echo "$WASM"
echo "BLAKE2b-256 0x$(b2sum --length=256 "$WASM" | cut -d' ' -f1)"
