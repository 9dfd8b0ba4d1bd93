// The light client as polkadot.js uses it, and whether the visitor wants it.

import { connector, type Follow } from '@fhe-ml/client/chain';
import { ScProvider } from '@polkadot/api';

const TRUSTS = 'fhe-ml-trusts-node';

/** Whether the visitor has chosen to believe the node. */
export const trustsNode = () => localStorage.getItem(TRUSTS) !== null;

export function trustNode(trusts: boolean): void {
  if (trusts) localStorage.setItem(TRUSTS, 'yes');
  else localStorage.removeItem(TRUSTS);
}

/** Follows a chain in a worker. */
const follow: Follow = (spec, onResponse) =>
  new Promise((resolve, reject) => {
    const worker = new Worker('light.js', { type: 'module' });
    worker.onerror = (event) => reject(new Error(`the light client does not start: ${event.message}`));
    worker.onmessage = ({ data }) => {
      if (typeof data === 'string') return onResponse(data);
      if (data.failed) return reject(new Error(`the light client cannot use the chain specification: ${data.failed}`));
      return resolve({ sendJsonRpc: (request) => worker.postMessage(request), remove: () => worker.terminate() });
    };
    worker.postMessage(spec);
  });

/** A provider that believes no node. */
export async function lightProvider(): Promise<ScProvider> {
  const spec = await (await fetch('spec.json')).text();
  return new ScProvider(connector(follow), spec);
}
