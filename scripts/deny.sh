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
	# A minute on two cores. Unoptimised it checks in seconds, too.
	CARGO_TARGET_DIR="$CACHE/tools-target" CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 \
		cargo install --quiet --locked --debug --root "$CACHE/tools" "cargo-deny@$DENY_VERSION"
	rm -rf "$CACHE/tools-target"
fi
for manifest in Cargo.toml app/wasm/Cargo.toml; do
	# Doubles, exceptions that only the other workspace needs, and "GPL-3.0" in place of "GPL-3.0-only".
	"$DENY" --locked --config deny.toml --manifest-path "$manifest" check --hide-inclusion-graph \
		--allow duplicate --allow license-exception-not-encountered --allow parse-error \
		bans licenses sources
done
