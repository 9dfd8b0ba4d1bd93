// The light client in its worker, and whether the visitor wants it.

import { RemoteChain } from '@fhe-ml/client/chain';

const TRUSTS = 'fhe-ml-trusts-node';

/** Whether the visitor has chosen to believe the node. */
export const trustsNode = () => localStorage.getItem(TRUSTS) !== null;

export function trustNode(trusts: boolean): void {
  if (trusts) localStorage.setItem(TRUSTS, 'yes');
  else localStorage.removeItem(TRUSTS);
}

/** Follows the chain in a worker. */
export async function followChain(): Promise<RemoteChain> {
  const spec = await (await fetch('spec.json')).text();
  return new Promise((resolve, reject) => {
    const worker = new Worker('light.js', { type: 'module' });
    const chain = new RemoteChain(
      (request) => worker.postMessage(request),
      () => worker.terminate(),
    );
    worker.onerror = (event) => reject(new Error(`the light client does not start: ${event.message}`));
    worker.onmessage = ({ data }) => {
      if (typeof data === 'string') return chain.receive(data);
      if (data.failed) return reject(new Error(`the light client cannot use the chain specification: ${data.failed}`));
      return resolve(chain);
    };
    worker.postMessage(spec);
  });
}
