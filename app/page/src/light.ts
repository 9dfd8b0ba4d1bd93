// The light client's worker: smoldot, away from the thread that draws. It talks to full nodes, whom it does not believe.

import { type Chain, start } from 'smoldot';

let chain: Chain | undefined;

/** The first message is a chain specification, the others are JSON-RPC requests; out come responses. */
self.onmessage = async ({ data }: MessageEvent<string>) => {
  if (chain) return chain.sendJsonRpc(data);
  try {
    chain = await start({ maxLogLevel: 1 }).addChain({ chainSpec: data });
  } catch (error) {
    return self.postMessage({ failed: String(error) });
  }
  self.postMessage({ ready: true });
  for (;;) self.postMessage(await chain.nextJsonRpcResponse());
};
