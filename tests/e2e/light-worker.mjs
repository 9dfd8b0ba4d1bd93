// smoldot in a thread of its own: it leaves timers behind, which would keep a process alive that is done.

import { parentPort } from 'node:worker_threads';
import { start } from 'smoldot';
import { followWith } from '../../app/client/dist/chain.js';

const follow = followWith(start({ maxLogLevel: 1 }));
parentPort.once('message', async (spec) => {
  const chain = await follow(spec, (response) => parentPort.postMessage(response));
  parentPort.on('message', (request) => chain.sendJsonRpc(request));
  parentPort.postMessage({ ready: true });
});
