#!/usr/bin/env bash
# A network on this machine: N nodes of the `local` chain, of which the first four are authorities and
# workers (Alice, Bob, Charlie, Dave). Stops all of them with Ctrl-C. With fewer than three authorities
# the chain grows but does not finalise.
#
#     scripts/network.sh [N]        default: 4
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

COUNT="${1:-4}"
[[ "$COUNT" =~ ^[1-9]$ ]] || fail "\`$COUNT\` is not a number of nodes from 1 to 9"
AUTHORITIES=(alice bob charlie dave)
# The peer of node key 1.
BOOT=/ip4/127.0.0.1/tcp/30401/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp
DATA="$CACHE/network"

setup_rust
build
rm -rf "$DATA"
mkdir -p "$DATA"
NODES=()
stop() {
	trap - EXIT INT TERM
	kill "${NODES[@]}" 2>/dev/null || true
	wait || true
	say "All nodes are stopped"
}
trap stop EXIT
trap 'stop; exit 0' INT TERM

for ((at = 0; at < COUNT; at++)); do
	name="${AUTHORITIES[at]:-node$((at + 1))}"
	role=(--name "$name")
	[ "$at" -ge "${#AUTHORITIES[@]}" ] || role=("--$name")
	boot=()
	[ "$at" = 0 ] || boot=(--bootnodes "$BOOT")
	"$BIN/fhe-ml-node" --chain local "${role[@]}" "${boot[@]}" --base-path "$DATA/$name" \
		--node-key "000000000000000000000000000000000000000000000000000000000000000$((at + 1))" \
		--listen-addr "/ip4/127.0.0.1/tcp/$((30401 + at))" --rpc-port "$((9944 + at))" \
		--prometheus-port "$((9615 + at))" --no-telemetry --no-mdns >"$DATA/$name.log" 2>&1 &
	NODES+=($!)
	printf '%-8s ws://127.0.0.1:%d  metrics http://127.0.0.1:%d/metrics  log %s\n' \
		"$name" "$((9944 + at))" "$((9615 + at))" "$DATA/$name.log"
done
say "Ctrl-C stops all of them"
wait -n "${NODES[@]}" || true
fail "a node has stopped; its log is in $DATA"
