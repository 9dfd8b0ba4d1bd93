#!/usr/bin/env bash
# Builds the book of docs/ into ~/.cache/fhe-ml/book, or the folder that is named. A warning is an error.
#
#     scripts/book.sh [FOLDER]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
MDBOOK_VERSION=0.5.4

command -v python3 >/dev/null || install_packages python3
OUT="$(realpath -m "${1:-$CACHE/book}")"
MDBOOK="$CACHE/tools/bin/mdbook"
if [ "$("$MDBOOK" --version 2>/dev/null)" != "mdbook v$MDBOOK_VERSION" ]; then
	setup_rust
	say "Installing mdbook"
	# Some minutes on two cores. Unoptimised it builds the book in a second, too.
	CARGO_TARGET_DIR="$CACHE/tools-target" CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 \
		cargo install --quiet --locked --debug --no-default-features --root "$CACHE/tools" "mdbook@$MDBOOK_VERSION"
	rm -rf "$CACHE/tools-target"
fi
LOG="$("$MDBOOK" build --dest-dir "$OUT" . 2>&1)" || fail "$LOG"
if grep -E '^ *(WARN|ERROR)' <<<"$LOG"; then fail "the book has warnings"; fi
python3 scripts/check_links.py --book "$OUT"
echo "The book is in $OUT/index.html"
