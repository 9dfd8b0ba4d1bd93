#!/usr/bin/env bash
# Builds the runtime of the last commit from two clones, for two users (with cargo's files in other places), and
# compares the hashes.
#
#     scripts/same-runtime.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

FOLDER="$(mktemp -d)"
trap 'rm -rf "$FOLDER"' EXIT
first="$(scripts/build-runtime.sh | tail -1)"
echo "$first from $PWD"
git clone --quiet --shared . "$FOLDER/another/place"
mkdir "$FOLDER/cargo"
cp -r "${CARGO_HOME:-$HOME/.cargo}/registry" "$FOLDER/cargo/"
second="$(CARGO_HOME="$FOLDER/cargo" "$FOLDER/another/place/scripts/build-runtime.sh" | tail -1)"
echo "$second from $FOLDER/another/place"
[ "$first" = "$second" ] || fail "the runtime depends on who builds it, and where"
