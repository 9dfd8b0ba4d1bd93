// A light client in the place of a node that one would have to trust: smoldot, wherever it runs.

import { type JsonRpcProvider, SmoldotProvider } from '@dedot/providers';
import type { FheMlClient } from './connect.js';

/** A chain that a light client follows, as the npm package `smoldot` has it. */
export interface FollowedChain {
  sendJsonRpc(request: string): void;
  nextJsonRpcResponse(): Promise<string>;
  remove(): void;
}

/** A block older than this, in milliseconds, is no head: the chain stands still, or its nodes hide newer ones. */
const OLDEST_HEAD = 120_000;
/** Between two questions after full nodes, in milliseconds. */
const PAUSE = 1000;

/** A chain whose light client runs elsewhere, such as in a worker: `send` takes the requests there. */
export class RemoteChain implements FollowedChain {
  private readonly responses: string[] = [];
  private waiting: { resolve: (response: string) => void; reject: (error: Error) => void } | undefined;
  private removed = false;

  constructor(
    private readonly send: (request: string) => void,
    private readonly end: () => void,
  ) {}

  /** Takes a response from there. */
  receive(response: string): void {
    if (this.waiting) this.waiting.resolve(response);
    else this.responses.push(response);
    this.waiting = undefined;
  }

  sendJsonRpc(request: string): void {
    if (this.removed) throw new Error('the light client is disconnected');
    this.send(request);
  }

  nextJsonRpcResponse(): Promise<string> {
    const response = this.responses.shift();
    if (response !== undefined) return Promise.resolve(response);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }

  remove(): void {
    this.removed = true;
    this.waiting?.reject(new Error('the light client is disconnected'));
    this.waiting = undefined;
    this.end();
  }
}

/** The provider of a light client, for `connect`: of what smoldot's `addChain` gives, or of a `RemoteChain`. */
export function lightProvider(followed: FollowedChain | Promise<FollowedChain>): JsonRpcProvider {
  const chain = Promise.resolve(followed).then((chain) => ({
    sendJsonRpc: (request: string) => chain.sendJsonRpc(request),
    remove: () => chain.remove(),
    // A light client that has ended fails from now on: the provider would ask it again at once, without an end.
    nextJsonRpcResponse: () => chain.nextJsonRpcResponse().catch(() => new Promise<never>(() => undefined)),
  }));
  return new SmoldotProvider(chain as never);
}

/** A chain specification (raw JSON) with other full nodes to ask. */
export function withBootnodes(spec: string, bootnodes: string[]): string {
  return JSON.stringify({ ...JSON.parse(spec), bootNodes: bootnodes });
}

/**
 * Waits until a light client has full nodes that answer; `connect` to it then. From there on `told`, if it is given,
 * hears whenever it loses all of them or finds some, until the provider is disconnected.
 */
export function untilReachable(provider: JsonRpcProvider, told?: (reachable: boolean) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let reachable: boolean | undefined;
    const look = async () => {
      const { peers, isSyncing } = await provider.send<{ peers: number; isSyncing: boolean }>('system_health', []);
      const now = peers > 0 && !isSyncing;
      if (now !== reachable) told?.(now);
      reachable = now;
      if (now) resolve();
      if (!now || told) setTimeout(again, PAUSE);
    };
    // Once it is there, a question that fails is one to a provider that is disconnected.
    const again = () => void look().catch(reject);
    again();
  });
}

/** The state at the last finalised block: of a light client, with proofs. Use its `query` instead of that of `api`. */
export async function finalized(api: FheMlClient) {
  return api.at(await api.rpc.chain_getFinalizedHead());
}

/** Waits until the light client has a finalised block that is young. */
export async function untilSynced(api: FheMlClient, seconds = 90): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const { query } = await finalized(api);
    const age = Date.now() - Number(await query.timestamp.now());
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
