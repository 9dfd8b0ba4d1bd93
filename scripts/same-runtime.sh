#!/usr/bin/env bash
# Builds the runtime of the last commit in two folders, and compares the hashes: whoever votes for an upgrade builds it
# and looks whether the hash is the proposed one, so it must not depend on where the build was.
#
#     scripts/same-runtime.sh [FOLDER]    # builds below FOLDER, or below a temporary one that is removed again
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

FOLDER="${1:-}"
if [ -z "$FOLDER" ]; then
	FOLDER="$(mktemp -d)"
	trap 'rm -rf "$FOLDER"' EXIT
fi
setup_rust
git diff --quiet HEAD || say "What is not committed is not built"

# Names of different lengths, and a target folder within one tree and outside of the other.
WASM="wbuild/fhe-ml-runtime/fhe_ml_runtime.compact.compressed.wasm"
hash_of_build() {
	local tree="$1" target="$2"
	mkdir -p "$(dirname "$tree")"
	[ -d "$tree" ] || git clone --quiet --shared . "$tree"
	git -C "$tree" checkout --quiet --detach "$(git rev-parse HEAD)"
	(cd "$tree" && CARGO_TARGET_DIR="$target" cargo build --release --locked --quiet -p fhe-ml-runtime)
	b2sum --length=256 "$target/release/$WASM" | cut -d' ' -f1
}

first="$(hash_of_build "$FOLDER/one" "$FOLDER/one/target")"
echo "0x$first in $FOLDER/one"
second="$(hash_of_build "$FOLDER/another/place" "$FOLDER/target-of-another")"
echo "0x$second in $FOLDER/another/place"
[ "$first" = "$second" ] || fail "the runtime depends on the folder that it was built in"
echo "the runtime is the same: BLAKE2b-256 0x$first"
