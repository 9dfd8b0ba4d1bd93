#!/usr/bin/env bash
# Everything from nothing: system packages, build, a dev node, registered models, a key, three predictions
# on encrypted rows, compared with ONNX Runtime, and the web page. Leaves node and page running.
#
#     scripts/demo.sh          leave node and page running
#     scripts/demo.sh --once   stop them and exit
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

ONCE=
case "${1:-}" in
	"") ;;
	--once) ONCE=1 ;;
	*) fail "unknown option $1; usage: scripts/demo.sh [--once]" ;;
esac

URL=ws://127.0.0.1:9944
MODEL=breast_cancer_xgboost_50x4
ROWS=0..3
DATA="$CACHE/demo"
PAGE=http://127.0.0.1:8888/

if (exec 3<>/dev/tcp/127.0.0.1/9944) 2>/dev/null; then
	fail "something listens on port 9944 already (an earlier demo? its process is in $DATA/node.pid); stop it first"
fi
if (exec 3<>/dev/tcp/127.0.0.1/8888) 2>/dev/null; then
	fail "something listens on port 8888 already (an earlier demo? its process is in $DATA/app.pid); stop it first"
fi
setup_rust
setup_python
setup_node_js
build_page
build
export PATH="$BIN:$PATH"

say "Starting a dev node"
rm -rf "$DATA"
mkdir -p "$DATA/private"
(umask 077 && head -c 24 /dev/urandom | base64 >"$DATA/passphrase")
nohup fhe-ml-node --dev --base-path "$DATA/chain" --private-models "$DATA/private" \
	--private-models-passphrase "$DATA/passphrase" >"$DATA/node.log" 2>&1 &
NODE=$!
echo "$NODE" >"$DATA/node.pid"
APP=
trap 'kill $NODE $APP 2>/dev/null || true' ERR INT TERM
for _ in $(seq 60); do
	kill -0 "$NODE" 2>/dev/null || { tail -5 "$DATA/node.log" >&2; fail "the node stopped"; }
	if fhe-ml model list --json --url "$URL" >/dev/null 2>&1; then break; fi
	sleep 1
done

say "The data scientist compiles the model; the admin registers it"
fhe-ml model import "models/$MODEL.onnx" --calibration models/breast_cancer.train.csv \
	--output "$DATA/$MODEL.fheml"
fhe-ml model register "$DATA/$MODEL.fheml" --suri //Alice --url "$URL"

say "The user makes a client key, which never leaves this machine, and registers its server key"
fhe-ml keygen --out "$DATA/keys"
fhe-ml key register --key "$DATA/keys" --suri //Bob --url "$URL"

say "Three encrypted rows cross the chain"
fhe-ml predict --model 0 --input models/breast_cancer.test.csv --rows "$ROWS" \
	--key "$DATA/keys" --suri //Bob --url "$URL" --json | tee "$DATA/predictions.jsonl"

say "The same rows in the clear, by ONNX Runtime"
"$PYTHON" scripts/compare.py "models/$MODEL.onnx" models/breast_cancer.test.csv \
	"$DATA/predictions.jsonl"

say "More models, for the page: digits, and image filters"
for name in digits_network digits_cnn; do
	fhe-ml model import "models/$name.onnx" --calibration models/digits.train.csv \
		--output "$DATA/$name.fheml" --json >/dev/null
	fhe-ml model register "$DATA/$name.fheml" --suri //Alice --url "$URL"
done
for filter in identity inverted rotate black-and-white blur sharpen ridge-detection; do
	fhe-ml model filter "$filter" --output "$DATA/$filter.fheml" --json >/dev/null
	fhe-ml model register "$DATA/$filter.fheml" --suri //Alice --url "$URL"
done

say "Eve offers predictions of a private model, which only she and the worker have"
fhe-ml model import "models/$MODEL.onnx" --name private_xgboost --calibration models/breast_cancer.train.csv \
	--private --passphrase-file "$DATA/passphrase" --output "$DATA/private_xgboost.fheml"
cp "$DATA/private_xgboost.fhemlp" "$DATA/private/"
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }
WORKER="$(fhe-ml worker list --json --url "$URL" | field worker | head -1)"
PRIVATE="$(fhe-ml model offer "$DATA/private_xgboost.fheml" --private "$DATA/private_xgboost.fhemlp" \
	--passphrase-file "$DATA/passphrase" --evaluator "$WORKER" --price 0.01 --suri //Eve --url "$URL" --json | field model)"
say "Bob asks it with data that only he can read, and pays her"
fhe-ml key register --key "$DATA/keys" --for-model "$PRIVATE" --suri //Bob --url "$URL"
fhe-ml predict --model "$PRIVATE" --input models/breast_cancer.test.csv --rows "$ROWS" --max-fee 100000000000 \
	--key "$DATA/keys" --suri //Bob --url "$URL" --json | tee "$DATA/private-predictions.jsonl"
"$PYTHON" scripts/compare.py "models/$MODEL.onnx" models/breast_cancer.test.csv \
	"$DATA/private-predictions.jsonl"

nohup fhe-ml app --url "$URL" >"$DATA/app.log" 2>&1 &
APP=$!
echo "$APP" >"$DATA/app.pid"
for _ in $(seq 50); do
	kill -0 "$APP" 2>/dev/null || { cat "$DATA/app.log" >&2; fail "the page's server stopped"; }
	if curl -sf "$PAGE" | grep -q '<title>fhe-ml'; then break; fi
	sleep 0.2
done
curl -sf "$PAGE" >/dev/null

trap - ERR INT TERM
if [ -n "$ONCE" ]; then
	kill "$NODE" "$APP"
	wait "$NODE" "$APP" 2>/dev/null || true
	say "Done; the node and the page are stopped"
	exit 0
fi
cat <<EOF

Running on local URL:  $PAGE

The node runs on $URL (process $NODE, log $DATA/node.log), the page in process $APP.
Stop both with: kill $NODE $APP

In polkadot.js Apps, choose Development -> Local Node (127.0.0.1:9944), then
  Developer -> Chain state -> fheMl -> models, jobs, results
  Developer -> Extrinsics -> fheMl -> requestInference
and see docs/guide/polkadot-js.md for every step. More rows from here:
  export PATH=$BIN:\$PATH
  fhe-ml predict --model 0 --input models/breast_cancer.test.csv --rows 3..20 --key $DATA/keys --suri //Bob
EOF
