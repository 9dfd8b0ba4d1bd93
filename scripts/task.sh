#!/usr/bin/env bash
# The stages of the tests, each callable alone; sets up what it needs.
#
#     scripts/task.sh            # lists them
#     scripts/task.sh NAME...    # runs these, in this order
#     scripts/task.sh ci         # all of them, cheap ones first: what scripts/test.sh runs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
START=$SECONDS

# Name and what it does, in the order of `ci`: seconds first, then builds, then nodes.
STAGES=(
	"links     links, anchors and paths in README, CONTRIBUTING and docs"
	"circles   imports between the modules of a crate that go in circles"
	"fmt       format"
	"js        format and lint of TypeScript and JavaScript"
	"security  bits of security, and the figures of docs/security.md and docs/cryptography.md"
	"deny      licences and sources of dependencies"
	"book      the book of docs, in ~/.cache/fhe-ml/book"
	"wasm      the npm package with its tests, and the page"
	"build     nodes and tool"
	"types     the types of the chain for TypeScript are those of the runtime"
	"doc       documentation of the crates that need no node"
	"unit      unit, property and documentation tests"
	"python    the Python package: its wheel, and its tests, against a dev node, too"
	"bytes     the same bytes on every CPU"
	"fuzz      every fuzz target for ten seconds"
	"e2e       end-to-end tests against real nodes"
	"attacks   attacks that take less than a minute; scripts/attacks.sh runs all"
	"demo      the main job: scripts/demo.sh --once"
	"lint      clippy"
)

links() { python3 scripts/check_links.py; }

circles() { python3 scripts/check_circles.py; }

fmt() { cargo fmt --all --check; }

js() {
	(cd scripts/js && npm ci --no-fund --no-audit --loglevel=error)
	scripts/js/node_modules/.bin/biome ci --error-on-warnings
}

security() {
	scripts/estimate-security.sh --check
	python3 scripts/security_figures.py --check
	python3 scripts/noise_figures.py --check
}

deny() { scripts/deny.sh; }

book() { scripts/book.sh; }

wasm() {
	build_page
	(cd app/client && npm test)
}

types() { scripts/chaintypes.sh --check; }

unit() { cargo test --release --locked --workspace --quiet; }

python() {
	build_wheel
	(cd python/tests && FHE_ML_BIN="$BIN" timeout 20m "$VENV_PYTHON" -m pytest -q .)
}

# With private items, since its readers are those who work on the crates: so links to these are fine.
doc() {
	local crates=(engine format models primitives client worker)
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --release --locked --no-deps \
		--document-private-items --quiet "${crates[@]/#/--package=fhe-ml-}"
}

bytes() { scripts/determinism.sh; }

fuzz() { scripts/fuzz.sh 10; }

e2e_packages() {
	install_packages chromium curl iproute2
	(cd tests/e2e && npm ci --no-fund --no-audit --loglevel=error)
}

# Tests of networks wait for blocks most of the time, so the others run beside them.
e2e() {
	local networks others log="$CACHE/e2e-networks.log"
	networks=$(grep --files-with-matches localNetwork tests/e2e/*.test.mjs)
	others=$(grep --files-without-match localNetwork tests/e2e/*.test.mjs)
	# shellcheck disable=SC2086 # lists of files
	lane() {
		FHE_ML_BIN="$BIN" FHE_ML_SCREENSHOTS="$CACHE/screenshots" timeout 60m \
			node --test --test-concurrency=1 --test-reporter=spec $1
	}
	lane "$networks" >"$log" 2>&1 &
	local failed=0 pid=$!
	lane "$others" || failed=1
	wait "$pid" || failed=1
	cat "$log"
	[ "$failed" = 0 ] || fail "end-to-end tests failed"
}

attacks() { FHE_ML_BIN="$BIN" scripts/attacks.sh 05 06 07 12; }

demo() { scripts/demo.sh --once; }

lint() { cargo clippy --release --locked --workspace --all-targets --quiet -- -D warnings; }

# What the machine has to have, and which other stages come before. The tool has the page in it, so that
# comes before a build that end-to-end tests drive.
prepare() {
	case "$1" in
		links | circles) command -v python3 >/dev/null || install_packages python3 ;;
		fmt | build | doc | unit | lint) once setup_rust ;;
		python)
			once setup_rust
			once run build
			;;
		js) once setup_node_js ;;
		types)
			once setup_node_js
			once run build
			;;
		wasm)
			once setup_rust
			once setup_node_js
			;;
		e2e | attacks)
			once run wasm
			once run build
			once build --examples # The worker that lies.
			once e2e_packages
			;;
	esac
}

declare -A DONE=()
# Runs a command unless it has been run before.
once() {
	if [ -z "${DONE["$*"]:-}" ]; then
		DONE["$*"]=1
		"$@"
	fi
}

run() {
	prepare "$1"
	say "[$(((SECONDS - START) / 60)) min] $1: $(printf '%s\n' "${STAGES[@]}" | sed -n "s/^$1  *//p")"
	"$1"
}

if [ "$#" = 0 ]; then
	printf '%s\n' "${STAGES[@]}" "ci        all of these, in this order"
	exit 0
fi
NAMES=("${STAGES[@]%% *}")
[ "$*" != ci ] || set -- "${NAMES[@]}"
for name in "$@"; do
	[[ " ${NAMES[*]} " == *" $name "* ]] || fail "there is no stage $name; scripts/task.sh lists them"
done
for name in "$@"; do once run "$name"; done
say "[$(((SECONDS - START) / 60)) min] Passed: $*"
