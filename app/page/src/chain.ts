// The chain, through a node's WebSocket, or through a light client that believes no node.

import { fromHex, type Hex, toHex } from '@fhe-ml/client';
import {
  answerSeconds,
  blockSeconds,
  type Call,
  connect,
  explain,
  type FheMlClient,
  feeOf,
  fhe,
  finalized,
  type Included,
  lightProvider,
  mostFee,
  type Offer,
  obstacle,
  offer,
  offers,
  pricesOf,
  submit,
  untilReachable,
  untilSynced,
  type Wish,
  WsProvider,
} from '@fhe-ml/client/chain';
import { type Account, developmentAccounts, walletAccounts } from './accounts.ts';
import { why } from './dom.ts';
import { followChain } from './light-client.ts';

/** What a row costs. */
export interface Price {
  /** What the owner of a private model gets. */
  owner: bigint;
  /** What the workers get. */
  workers: bigint;
  /** Most that is paid for both: fees may rise by a tenth until the request is in a block. */
  most: bigint;
}

/** A request that is in a block. */
export interface Requested {
  job: number;
  block: number;
  fee: bigint;
}

/** A request and its result, which came with `block`. */
export interface Answer {
  requested: Requested;
  result: Uint8Array;
  block: number;
}

/** Why a job came to nothing. */
const FAILED = {
  ModelDoesNotDecode: 'the model is damaged; the money went back',
  ServerKeyDoesNotDecode: 'the server key is damaged; the attempt was paid for',
  InputDoesNotDecode: 'the encrypted row is damaged; the attempt was paid for',
  EvaluationFailed: 'the evaluation failed; the money went back',
  EvaluationCrashed: 'the evaluation crashed the worker; the money went back',
  NoAgreement: 'the workers gave different answers; the money went back',
  ModelNotHeld: "too few of the model's evaluators have its file now; the money went back",
};

/** Requests that wait at one time. */
const AT_ONCE = 32;
/** Milliseconds until a node is tried again that does not answer. */
const RETRY = 1000;

/** A block as the page shows it. */
export interface Head {
  number: number;
  hash: Hex;
}

export class Chain {
  private readonly artifacts = new Map<number, Uint8Array>();
  private pace: Promise<number> | undefined;

  private constructor(
    readonly api: FheMlClient,
    readonly url: string,
    readonly light: boolean,
  ) {}

  /** Connects to the node at `url`, or starts the light client, which does not ask that node. */
  static async connect(url: string, light: boolean, state: (connected: boolean) => void): Promise<Chain> {
    if (!light) {
      const node = new WsProvider({ endpoint: url, retryDelayMs: RETRY });
      node.on('connected', () => state(true));
      node.on('disconnected', () => state(false));
      return new Chain(await connect(node), url, light);
    }
    const provider = lightProvider(await followChain());
    await provider.connect();
    await untilReachable(provider, state);
    const api = await connect(provider);
    await untilSynced(api);
    return new Chain(api, url, light);
  }

  /** The state that counts: at the node's best block, or, proven, at the last finalised one. */
  async state(): Promise<FheMlClient['query']> {
    return this.light ? (await finalized(this.api)).query : this.api.query;
  }

  /** Tells of every new block, until the function that comes back is called. */
  onBlock(seen: (head: Head) => Promise<void>): () => void {
    // What fails for lack of a connection is asked again with the next block.
    return this.api.block.best((head) => void seen(head).catch(() => undefined));
  }

  async transactionsIn(block: Hex): Promise<number> {
    return (await this.api.rpc.chain_getBlock(block))?.block.extrinsics.length ?? 0;
  }

  /** Development accounts (if the chain has them), and those of wallets that the visitor lets us see. */
  async accounts(): Promise<Account[]> {
    const found: Account[] = [];
    for (const account of developmentAccounts()) {
      if ((await this.balance(account.address)) > 0n) found.push(account);
    }
    return [...found, ...(await walletAccounts())];
  }

  async balance(address: string): Promise<bigint> {
    return (await (await this.state()).system.account(address)).data.free;
  }

  async models(): Promise<Offer[]> {
    return offers(await this.state());
  }

  /** What the workers get for a row, by what the chain says of its model. */
  fee(model: Offer): bigint {
    return feeOf(pricesOf(this.api), model);
  }

  async artifact(model: number): Promise<Uint8Array> {
    const stored = await (await this.state()).fheMl.modelArtifacts(model);
    if (stored === undefined) throw new Error(`the chain has no model ${model} that takes requests`);
    const artifact = fromHex(stored);
    this.artifacts.set(model, artifact);
    return artifact;
  }

  /**
   * What a row costs now. The workers' part is what this browser computes from the model, never what a node says; the
   * owner's is for the visitor to agree to, and what was shown as a public model has none.
   */
  async price({ number, private: offered }: Offer): Promise<Price> {
    const artifact = this.artifacts.get(number) ?? (await this.artifact(number));
    const [now, quote] = await Promise.all([offered && offer(await this.state(), number), this.quote(number)]);
    const owner = now?.private?.price ?? 0n;
    const most = mostFee(this.api, artifact, 1, owner);
    if (quote <= most) return { owner, workers: feeOf(pricesOf(this.api), artifact), most };
    throw new Error(
      `the chain asks ${fhe(quote)} for a prediction that should cost at most ${fhe(most)}: nothing was paid`,
    );
  }

  /** What one prediction costs, as the chain says. */
  private async quote(model: number): Promise<bigint> {
    const { call } = this.light ? await finalized(this.api) : this.api;
    const quote = await call.fheMlApi.quote(model, 1);
    if (!quote) throw new Error(`model ${model} takes no requests`);
    return quote.fee;
  }

  /** Why a model takes no such request now, or none at all. */
  async obstacle(model: number, wish?: Wish): Promise<string | undefined> {
    return obstacle(await this.state(), model, wish);
  }

  /** Seconds until so many rows are answered. */
  async seconds(model: Offer, rows = 1): Promise<number> {
    this.pace ??= blockSeconds(this.api);
    const [pace, rounds] = [await this.pace, Math.ceil(rows / AT_ONCE)];
    return rounds * answerSeconds(model, pace, Math.min(rows, AT_ONCE));
  }

  /** What is held for so many bytes on the chain. */
  deposit(bytes: number): bigint {
    return this.api.consts.fheMl.depositPerByte * BigInt(bytes);
  }

  /** The account that has registered a server key. */
  async hasServerKey(hash: Hex): Promise<string | undefined> {
    return (await (await this.state()).fheMl.serverKeys(hash))?.owner.address();
  }

  async registerServerKey(key: Uint8Array, account: Account): Promise<number> {
    return (await this.send(this.api.tx.fheMl.registerServerKey(toHex(key)), account)).number;
  }

  /** Registers a model with the account as sudo; returns its number. */
  async registerModel(artifact: Uint8Array, account: Account): Promise<number> {
    const { tx, events } = this.api;
    await this.send(tx.fheMl.allowModelDeposit(this.deposit(artifact.length)), account);
    const { call } = tx.fheMl.registerModel(toHex(artifact), account.address);
    const included = await this.send(tx.sudo.sudo(call), account);
    return found(events.fheMl.ModelRegistered.find(included.events)).palletEvent.data.model;
  }

  async request(
    model: number,
    key: Hex | undefined,
    input: Uint8Array,
    price: Price,
    account: Account,
    nonce?: number,
  ): Promise<Requested> {
    const call = this.api.tx.fheMl.requestInference(model, key, toHex(input), price.most, 1);
    const { number, events } = await this.send(call, account, nonce).catch(async (error: unknown) => {
      // What has changed since the visitor looked has a sentence of its own.
      const wish = { account: account.address, price: price.owner, rows: 1 };
      throw new Error((await this.obstacle(model, wish)) ?? why(error));
    });
    const { data } = found(this.api.events.fheMl.InferenceRequested.find(events)).palletEvent;
    return { job: Number(data.job), block: number, fee: data.fee };
  }

  /** Asks for each input in a transaction of its own; `take` gets each answer as it comes, or why there is none. */
  async requestAll(
    model: number,
    key: Hex | undefined,
    inputs: Uint8Array[],
    price: Price,
    account: Account,
    take: (at: number, answer: Promise<Answer>) => Promise<void>,
  ): Promise<void> {
    const first = await this.api.rpc.system_accountNextIndex(account.address);
    const answer = async (input: Uint8Array, at: number): Promise<Answer> => {
      const requested = await this.request(model, key, input, price, account, first + at);
      return { requested, ...(await this.result(requested.job)) };
    };
    for (let start = 0; start < inputs.length; start += AT_ONCE) {
      await Promise.all(
        inputs.slice(start, start + AT_ONCE).map((input, at) => take(start + at, answer(input, start + at))),
      );
    }
  }

  /** Waits for the result of a job; `seen` is told of every new block. */
  async result(job: number, seen?: (block: number) => void): Promise<{ result: Uint8Array; block: number }> {
    for (;;) {
      const head = await this.api.rpc.chain_getHeader();
      if (head) seen?.(head.number);
      const { fheMl } = await this.state();
      const record = await fheMl.jobs(BigInt(job));
      if (!record) throw new Error(`job ${job} is no longer on the chain; ask again`);
      const { status, deadline } = record;
      if (status.type === 'Completed') {
        const stored = await fheMl.results(BigInt(job));
        if (stored !== undefined) return { result: fromHex(stored), block: deadline };
      }
      if (status.type === 'Failed') throw new Error(`job ${job} failed: ${FAILED[status.value.reason]}`);
      if (status.type === 'Expired') throw new Error(`no worker answered for job ${job}; its fee went back`);
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  }

  /** The workers that a job was assigned to. */
  async workersOf(job: number): Promise<Hex[]> {
    return (await this.api.query.fheMl.jobs(BigInt(job)))?.assignees ?? [];
  }

  async input(job: number): Promise<{ model: number; input: Uint8Array } | undefined> {
    const { fheMl } = await this.state();
    const [record, stored] = await Promise.all([fheMl.jobs(BigInt(job)), fheMl.inputs(BigInt(job))]);
    return record && stored !== undefined ? { model: record.model, input: fromHex(stored) } : undefined;
  }

  /** Signs and sends a call; resolves when it is in a block that counts and has succeeded. Sends it again if it is lost. */
  private async send(call: Call, account: Account, nonce?: number): Promise<Included> {
    const options = {
      ...(nonce === undefined ? {} : { nonce }),
      ...(account.signer ? { signer: account.signer } : {}),
    };
    const signed = await call.sign(account.pair ?? account.address, options);
    let included: Included;
    try {
      included = await submit(this.api, signed, this.light);
    } catch (error) {
      const said = why(error);
      throw new Error(/Inability to pay/.test(said) ? 'the account cannot pay for it' : said);
    }
    const refused = explain(this.api, included.events);
    if (refused) throw new Error(refused);
    return included;
  }
}

/** An event that has to be there. */
function found<T>(event: T | undefined): T {
  if (event === undefined) throw new Error('the block has no event of what was asked for');
  return event;
}
