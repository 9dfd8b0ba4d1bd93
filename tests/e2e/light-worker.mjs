// smoldot in a thread of its own: it leaves timers behind, which would keep a process alive that is done.

import { parentPort } from 'node:worker_threads';
import { start } from 'smoldot';

parentPort.once('message', async (chainSpec) => {
  const chain = await start({ maxLogLevel: 1 }).addChain({ chainSpec });
  parentPort.on('message', (request) => chain.sendJsonRpc(request));
  parentPort.postMessage({ ready: true });
  for (;;) parentPort.postMessage(await chain.nextJsonRpcResponse());
});
