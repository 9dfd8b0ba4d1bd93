# Shared by the scripts: sets the machine up and builds. Safe to run again.
# shellcheck shell=bash

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CACHE="${FHE_ML_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fhe-ml}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$CACHE/target}"
BIN="$CARGO_TARGET_DIR/release"
TOOLCHAIN="$(sed -n 's/^channel = "\(.*\)"/\1/p' "$ROOT/rust-toolchain.toml")"

say() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Packages that are missing, and only those.
install_packages() {
	local missing=() package
	for package in "$@"; do
		dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
	done
	[ "${#missing[@]}" = 0 ] && return
	say "Installing ${missing[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		"${missing[@]}" >/dev/null
}

setup_rust() {
	install_packages build-essential ca-certificates clang curl git libclang-dev mold pkg-config \
		protobuf-compiler
	export PATH="$HOME/.cargo/bin:$PATH"
	if ! command -v rustup >/dev/null; then
		say "Installing rustup"
		curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
			sh -s -- -y --profile minimal --default-toolchain none
	fi
	if ! rustup run "$TOOLCHAIN" rustc --version >/dev/null 2>&1; then
		say "Installing Rust $TOOLCHAIN"
		rustup toolchain install "$TOOLCHAIN" --profile minimal --no-self-update
	fi
	rustup target add --toolchain "$TOOLCHAIN" wasm32v1-none wasm32-unknown-unknown
	rustup component add --toolchain "$TOOLCHAIN" clippy rustfmt
}

# Python with ONNX Runtime, to compare with.
setup_python() {
	command -v python3 >/dev/null && python3 -c 'import ensurepip, venv' 2>/dev/null ||
		install_packages python3 python3-venv
	PYTHON="$CACHE/venv/bin/python"
	local wanted="$ROOT/scripts/requirements.txt" stamp="$CACHE/venv/requirements.txt"
	if ! cmp -s "$wanted" "$stamp"; then
		say "Installing ONNX Runtime"
		mkdir -p "$CACHE"
		python3 -m venv "$CACHE/venv"
		"$PYTHON" -m pip install --quiet --requirement "$wanted"
		cp "$wanted" "$stamp"
	fi
}

# Python with Concrete ML, in $PEER.
setup_concrete() {
	PEER="$CACHE/venv-concrete"
	if ! "$PEER/bin/python" -c 'import concrete.ml' 2>/dev/null; then
		for PYTHON in python3.11 python3.10; do command -v "$PYTHON" >/dev/null && break; done
		command -v "$PYTHON" >/dev/null || fail "Concrete ML 1.9 needs Python 3.10 or 3.11"
		say "Installing Concrete ML (6 GB, half of them PyTorch's CUDA)"
		"$PYTHON" -m venv --clear "$PEER"
		"$PEER/bin/pip" install --quiet --requirement "$ROOT/scripts/requirements-peer.txt"
	fi
}

# The Python package fhe_ml: a wheel in $WHEELS, and a virtual environment with it and what its tests need, $VENV_PYTHON.
build_wheel() {
	local venv="$CACHE/venv-python" stamp
	command -v python3 >/dev/null && python3 -c 'import ensurepip, venv' 2>/dev/null ||
		install_packages python3 python3-venv
	WHEELS="$CACHE/wheels"
	VENV_PYTHON="$venv/bin/python"
	stamp="$venv/requirements.txt"
	if ! cat "$ROOT"/python/requirements-*.txt | cmp -s - "$stamp"; then
		say "Installing maturin, and what the tests of fhe_ml need"
		python3 -m venv --clear "$venv"
		"$VENV_PYTHON" -m pip install --quiet $(printf -- '--requirement %s ' "$ROOT"/python/requirements-*.txt)
		cat "$ROOT"/python/requirements-*.txt >"$stamp"
	fi
	rm -rf "$WHEELS"
	(
		cd "$ROOT/python"
		CARGO="$ROOT/scripts/wheel-cargo.sh" "$venv/bin/maturin" build --release --locked --out "$WHEELS"
	)
	"$VENV_PYTHON" -m pip install --quiet --no-deps --force-reinstall "$WHEELS"/fhe_ml-*.whl
}

setup_node_js() {
	command -v node >/dev/null && command -v npm >/dev/null || install_packages nodejs npm
}

# The web page, in app/page/dist; building the tool puts it in.
build_page() {
	build_client
	say "Building the page"
	(
		cd "$ROOT/app/page"
		npm ci --no-fund --no-audit --loglevel=error
		npm run --silent build
	)
}

# Nodes and tool; more with options of cargo.
build() {
	say "Building (the first time takes a quarter of an hour on two cores)"
	(cd "$ROOT" && cargo build --release --locked --workspace "$@")
}

# Nodes, tool, and what tests/e2e needs to drive them.
build_for_networks() {
	setup_rust
	setup_node_js
	build
	(cd "$ROOT/tests/e2e" && npm ci --no-fund --no-audit --loglevel=error)
}

# The npm package @fhe-ml/client, in app/client/dist.
build_client() {
	say "Building @fhe-ml/client"
	CARGO_TARGET_DIR="$CACHE/wasm-target" cargo build --release --locked --quiet \
		--manifest-path "$ROOT/app/wasm/Cargo.toml" --target wasm32-unknown-unknown
	CARGO_TARGET_DIR="$CACHE/bindgen-target" cargo run --release --locked --quiet \
		--manifest-path "$ROOT/app/bindgen/Cargo.toml" -- \
		"$CACHE/wasm-target/wasm32-unknown-unknown/release/fhe_ml_wasm.wasm" \
		"$ROOT/app/client/src/wasm"
	(
		cd "$ROOT/app/client"
		npm ci --no-fund --no-audit --loglevel=error
		npm run --silent build
		cp -r src/wasm dist/
	)
}
