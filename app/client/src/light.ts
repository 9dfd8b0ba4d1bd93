// A light client for polkadot.js: smoldot in the place of a node that one would have to trust.

/* eslint-disable @typescript-eslint/no-explicit-any */

/** The part of a smoldot client (`start()` of the npm package `smoldot`) that is used. */
export interface Smoldot {
  addChain(options: { chainSpec: string }): Promise<SmoldotChain>;
  terminate(): unknown;
}

/** A chain that smoldot follows. */
export interface SmoldotChain {
  sendJsonRpc(request: string): void;
  nextJsonRpcResponse(): Promise<string>;
  remove(): void;
}

/** A chain as polkadot.js's `ScProvider` uses it. */
export interface ConnectedChain {
  sendJsonRpc(request: string): void;
  remove(): void;
}

/** Follows the chain of a specification and hands each JSON-RPC response to `onResponse`. */
export type Follow = (spec: string, onResponse: (response: string) => void) => Promise<ConnectedChain>;

/** A block older than this, in milliseconds, is no head: the chain stands still, or its nodes hide newer ones. */
const OLDEST_HEAD = 120_000;

/** What follows a chain with a smoldot client, which it terminates in the end. */
export const followWith =
  (client: Smoldot): Follow =>
  async (chainSpec, onResponse) => {
    const chain = await client.addChain({ chainSpec });
    const pump = async () => {
      for (;;) onResponse(await chain.nextJsonRpcResponse());
    };
    pump().catch(() => undefined); // It ends when the chain is removed.
    return {
      sendJsonRpc: (request) => chain.sendJsonRpc(request),
      remove: () => {
        chain.remove();
        void client.terminate();
      },
    };
  };

/**
 * First argument of polkadot.js's `ScProvider`, in place of `@substrate/connect`:
 * `new ScProvider(connector(followWith(start())), spec)`, then `connect()` it.
 */
export function connector(follow: Follow): any {
  const addChain = async (spec: string, onResponse: (response: string) => void) => ({
    ...(await follow(spec, onResponse)),
    addChain: () => Promise.reject(new Error('this chain has no parachains')),
  });
  return { WellKnownChain: {}, createScClient: () => ({ addChain, addWellKnownChain: addChain }) };
}

/** A chain specification (raw JSON) with other full nodes to ask. */
export function withBootnodes(spec: string, bootnodes: string[]): string {
  return JSON.stringify({ ...JSON.parse(spec), bootNodes: bootnodes });
}

/** The state at the last finalised block: of a light client, with proofs. Use it instead of `api.query`. */
export async function finalized(api: any): Promise<any> {
  return api.at(await api.rpc.chain.getFinalizedHead());
}

/** Waits until the light client has a finalised block that is young. */
export async function untilSynced(api: any, seconds = 90): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const { timestamp } = (await finalized(api)).query;
    const age = Date.now() - (await timestamp.now()).toNumber();
    if (age < OLDEST_HEAD) return;
    if (Date.now() > end) {
      throw new Error(
        `the newest block that full nodes can prove is ${Math.round(age / 1000)} seconds old: ` +
          'the chain stands still, or they hide newer blocks; name others',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
