#!/usr/bin/env bash
# Licences and sources of everything that is linked in, by deny.toml. What it refuses was not there before:
# read its licence, then allow it or do without.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
DENY_VERSION=0.20.2

setup_rust
DENY="$CACHE/tools/bin/cargo-deny"
if [ "$("$DENY" --version 2>/dev/null)" != "cargo-deny $DENY_VERSION" ]; then
	say "Installing cargo-deny"
	# Without optimisation it builds in half of the time, and still takes seconds.
	CARGO_TARGET_DIR="$CACHE/tools-target" CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 \
		cargo install --quiet --locked --debug --root "$CACHE/tools" "cargo-deny@$DENY_VERSION"
	rm -rf "$CACHE/tools-target"
fi
for manifest in Cargo.toml app/wasm/Cargo.toml; do
	"$DENY" --locked --manifest-path "$manifest" check --config deny.toml --hide-inclusion-graph \
		bans licenses sources
done
