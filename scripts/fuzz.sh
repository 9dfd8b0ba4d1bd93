#!/usr/bin/env bash
# Fuzzes every decoder and the import with libFuzzer (cargo-fuzz).
#
#     scripts/fuzz.sh [SECONDS] [TARGET...]     default: 20 seconds each, all targets
#
# A long run: scripts/fuzz.sh 3600. Corpora and crashes are kept in ~/.cache/fhe-ml/fuzz.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

SECONDS_EACH="${1:-20}"
shift || true
TARGETS=("$@")
[ "${#TARGETS[@]}" -gt 0 ] || TARGETS=(import artifact program server_key bootstrap_key input result private_file)
VERSION=0.13.2
ROOT_DIR="$CACHE/fuzz"

setup_rust
if ! "$ROOT_DIR/bin/cargo-fuzz" --version 2>/dev/null | grep -qF "$VERSION"; then
	say "Installing cargo-fuzz"
	CARGO_TARGET_DIR="$ROOT_DIR/tool-target" \
		cargo install --quiet --locked --root "$ROOT_DIR" "cargo-fuzz@$VERSION"
	rm -rf "$ROOT_DIR/tool-target"
fi

# What the fuzzer begins with: real models and artifacts.
mkdir -p "$ROOT_DIR"/{import,artifact,server_key,bootstrap_key,input,result,crashes}
cp models/*_tree.onnx models/iris_network.onnx models/wine_*.onnx models/*_logistic.onnx models/pipelines/*.onnx \
	"$ROOT_DIR/import/"
if [ -x "$BIN/fhe-ml" ]; then
	for model in wine_tree wine_logistic iris_network wine_xgboost; do
		"$BIN/fhe-ml" model import "models/$model.onnx" --output "$ROOT_DIR/artifact/$model" >/dev/null
	done
	KEYS="$(mktemp -d)"
	"$BIN/fhe-ml" keygen --out "$KEYS" >/dev/null
	for model in wine_tree wine_logistic; do
		"$BIN/fhe-ml" model import "models/$model.onnx" --encrypt-for "$KEYS" \
			--output "$KEYS/$model.fheml" >/dev/null
		mv "$KEYS/$model.fheml" "$ROOT_DIR/artifact/$model-encrypted"
	done
	rm -rf "$KEYS"
fi

# Programs are in the cards of pipelines, behind four bytes that a row is made of.
if [ -z "$(ls "$ROOT_DIR/program" 2>/dev/null)" ]; then
	SEEDS=$(mktemp -d)
	mkdir -p "$ROOT_DIR/program"
	for onnx in models/pipelines/*.onnx; do
		name=$(basename "$onnx" .onnx)
		# Those that need calibration rows have no seed.
		"$BIN/fhe-ml" --json model import "$onnx" --output "$SEEDS/$name.fheml" 2>/dev/null | python3 -c '
import base64, json, sys
card = json.load(sys.stdin)
parts = {"before": card.get("before"), "after": card["task"].get("computed")}
for name, part in parts.items():
    if part:
        with open(f"{sys.argv[1]}-{name}", "wb") as seed:
            seed.write(b"\x21\x41\x21\x61" + base64.b64decode(part["program"]))
' "$ROOT_DIR/program/$name" 2>/dev/null || true
	done
	rm -rf "$SEEDS"
fi

for target in "${TARGETS[@]}"; do
	say "Fuzzing $target for $SECONDS_EACH seconds"
	# The pinned toolchain is a stable one: coverage needs no nightly, sanitizers would.
	CARGO_TARGET_DIR="$CACHE/fuzz-target" PATH="$ROOT_DIR/bin:$PATH" \
		cargo fuzz run --release --sanitizer none --fuzz-dir fuzz "$target" "$ROOT_DIR/$target" -- \
		-max_total_time="$SECONDS_EACH" -timeout=20 -rss_limit_mb=4096 -max_len=65536 \
		-artifact_prefix="$ROOT_DIR/crashes/$target-" -print_final_stats=1 2>&1 |
		grep -E "^(Done|stat::|SUMMARY|==|thread|artifact_prefix|error)" || true
	if ls "$ROOT_DIR/crashes/$target-"* >/dev/null 2>&1; then
		fail "$target crashes on $(ls "$ROOT_DIR/crashes/$target-"* | head -1)"
	fi
done
