#!/usr/bin/env bash
# Everything from nothing: system packages, build, a dev node, a registered model, a key, and three
# predictions on encrypted rows, compared with ONNX Runtime. Leaves the node running.
#
#     scripts/demo.sh          leave the node running
#     scripts/demo.sh --once   stop it and exit
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

if (exec 3<>/dev/tcp/127.0.0.1/9944) 2>/dev/null; then
	fail "something listens on port 9944 already (an earlier demo? its process is in $DATA/node.pid); stop it first"
fi
setup_rust
setup_python
build
export PATH="$BIN:$PATH"

say "Starting a dev node"
rm -rf "$DATA"
mkdir -p "$DATA"
nohup fhe-ml-node --dev --base-path "$DATA/chain" >"$DATA/node.log" 2>&1 &
NODE=$!
echo "$NODE" >"$DATA/node.pid"
trap 'kill "$NODE" 2>/dev/null || true' ERR INT TERM
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

trap - ERR INT TERM
if [ -n "$ONCE" ]; then
	kill "$NODE"
	wait "$NODE" 2>/dev/null || true
	say "Done; the node is stopped"
	exit 0
fi
cat <<EOF

The node runs on $URL (process $NODE, log $DATA/node.log). Stop it with: kill $NODE

In polkadot.js Apps, choose Development -> Local Node (127.0.0.1:9944), then
  Developer -> Chain state -> fheMl -> models, jobs, results
  Developer -> Extrinsics -> fheMl -> requestInference
and see README.md, "In polkadot.js Apps", for every step. More rows from here:
  export PATH=$BIN:\$PATH
  fhe-ml predict --model 0 --input models/breast_cancer.test.csv --rows 3..20 --key $DATA/keys --suri //Bob
EOF
