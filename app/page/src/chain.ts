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
  hadNoRoom,
  type Included,
  jobOfInput,
  lightProvider,
  mostFee,
  type Offer,
  obstacle,
  offer,
  offers,
  planOf,
  pricesOf,
  requestsOf,
  type Standing,
  standingsOf,
  submit,
  untilReachable,
  untilSynced,
  type Wish,
  WORK_OF_REQUEST,
  WsProvider,
} from '@fhe-ml/client/chain';
import { type Account, developmentAccounts, walletAccounts } from './accounts.ts';
import { why } from './dom.ts';
import { followChain } from './light-client.ts';
import type { Booked } from './store.ts';

/** A browser verifies some twenty times slower than a worker evaluates, and shows no row before its request is verified. */
const FEWER = 8n;

/** What rows cost, and the requests that they are cut into. */
export interface Price {
  /** What the owner of a private model gets for a row. */
  owner: bigint;
  /** What the workers get for all. */
  workers: bigint;
  /** Most that is paid for all: fees may rise by a tenth until a request is in a block. */
  most: bigint;
  /** Each with the most that is paid for it. */
  requests: { rows: number; most: bigint }[];
  /** Requests that are on their way at one time. */
  atOnce: number;
}

/** What is asked of whom, and who pays. */
export interface Wanted {
  model: number;
  /** How many workers must agree. */
  redundancy: number;
  /** Hash of the server key, if the model needs one. */
  key: Hex | undefined;
  /** What the owner of a private model gets for a row. */
  price: bigint;
  account: Account;
}

/** Rows that are sent in one request. */
export interface Part {
  rows: number;
  input: Uint8Array;
  /** Most that is paid for it. */
  most: bigint;
  /** How it was sent, perhaps, before the page was loaded again. */
  booked?: Booked | undefined;
  /** Keeps how it is sent, before it is. */
  book?(booked: Booked): Promise<void>;
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
  BootstrapKeyDoesNotDecode: 'the bootstrap key is damaged; the attempt was paid for',
  InputDoesNotDecode: 'the encrypted row is damaged; the attempt was paid for',
  EvaluationFailed: 'the evaluation failed; the money went back',
  EvaluationCrashed: 'the evaluation crashed the worker; the money went back',
  NoAgreement: 'the workers gave different answers; the money went back',
  ModelNotHeld: "too few of the model's evaluators have its file now; the money went back",
};

/** Milliseconds between two looks at the chain. */
const PAUSE = 400;
/** Before a request is made again that the chain had no room for, in milliseconds. */
const LOAD_PAUSE = 4000;
/** Times that a request is made again that the chain had no room for: a quarter of an hour. */
const LOAD_PATIENCE = 225;
/** Milliseconds until a node is tried again that does not answer. */
const RETRY = 1000;

/** What evaluating a job again takes. */
export interface Evidence {
  artifact: Uint8Array;
  key: Uint8Array | undefined;
  bootstrapKey: Uint8Array | undefined;
  input: Uint8Array;
  result: Uint8Array;
}

/** A block as the page shows it. */
export interface Head {
  number: number;
  hash: Hex;
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The chain has no room for a request now. */
class NoRoom extends Error {}

/** The nonces of an account: each is used by one request, and the next one only once that is in the pool. */
class Nonces {
  private last: Promise<unknown> = Promise.resolve();
  private next = 0;

  /** `known` asks for the account's next nonce. */
  constructor(private readonly known: () => Promise<number>) {}

  /** Has `work` use the next one, or `own`, which was used before and is free again. */
  use<T>(work: (nonce: number) => Promise<T>, own?: number): Promise<T> {
    const turn = this.last.then(async () => {
      const nonce = own ?? Math.max(this.next, await this.known());
      const value = await work(nonce);
      this.next = Math.max(this.next, nonce + 1);
      return value;
    });
    this.last = turn.catch(() => undefined);
    return turn;
  }
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
    return feeOf(pricesOf(this.api), model, model.leastRedundancy);
  }

  async artifact(model: number): Promise<Uint8Array> {
    const stored = await (await this.state()).fheMl.modelArtifacts(model);
    if (stored === undefined) throw new Error(`the chain has no model ${model} that takes requests`);
    const artifact = fromHex(stored);
    this.artifacts.set(model, artifact);
    return artifact;
  }

  /**
   * What rows cost now. The workers' part is what this browser computes from the model, never what a node says; the
   * owner's is for the visitor to agree to, and what was shown as a public model has none.
   * @param mostRows most rows of one request
   */
  async price({ number, private: offered, leastRedundancy }: Offer, rows = 1, mostRows = 1): Promise<Price> {
    const artifact = this.artifacts.get(number) ?? (await this.artifact(number));
    const [now, quote] = await Promise.all([
      offered && offer(await this.state(), number),
      this.quote(number, leastRedundancy),
    ]);
    const owner = now?.private?.price ?? 0n;
    const most = mostFee(this.api, artifact, leastRedundancy, owner);
    if (quote > most) {
      throw new Error(
        `the chain asks ${fhe(quote)} for a prediction that should cost at most ${fhe(most)}: nothing was paid`,
      );
    }
    const plan = planOf(this.api, artifact, mostRows, {
      redundancy: leastRedundancy,
      work: WORK_OF_REQUEST / FEWER,
    });
    const prices = pricesOf(this.api);
    const requests = requestsOf(plan, rows).map((count) => ({
      rows: count,
      workers: feeOf(prices, artifact, leastRedundancy, count),
      most: mostFee(this.api, artifact, leastRedundancy, owner, count),
    }));
    const sum = (of: 'workers' | 'most') => requests.reduce((all, request) => all + request[of], 0n);
    return { owner, workers: sum('workers'), most: sum('most'), requests, atOnce: plan.atOnce };
  }

  /** What one prediction costs, as the chain says. */
  private async quote(model: number, redundancy: number): Promise<bigint> {
    const { call } = this.light ? await finalized(this.api) : this.api;
    const quote = await call.fheMlApi.quote(model, redundancy);
    if (!quote) throw new Error(`model ${model} takes no requests`);
    return quote.fee;
  }

  /** Why a model takes no such request now, or none at all. */
  async obstacle(model: number, wish?: Wish): Promise<string | undefined> {
    return obstacle(await this.state(), model, wish);
  }

  /** Seconds until all requests are answered. */
  async seconds(model: Offer, { requests, atOnce }: Price): Promise<number> {
    this.pace ??= blockSeconds(this.api);
    const pace = await this.pace;
    const rows = requests.reduce((all, request) => all + request.rows, 0);
    const rounds = Math.ceil(requests.length / atOnce);
    return answerSeconds(model, pace, rows) + (rounds - 1) * answerSeconds(model, pace, 0);
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

  /** Whether a server key has its bootstrap key. */
  async hasBootstrapKey(hash: Hex): Promise<boolean> {
    return (await (await this.state()).fheMl.bootstrapKeys(hash)) !== undefined;
  }

  async registerBootstrapKey(key: Uint8Array, account: Account): Promise<number> {
    return (await this.send(this.api.tx.fheMl.registerBootstrapKey(toHex(key)), account)).number;
  }

  /** Registers a model with the account as sudo; returns its number. */
  async registerModel(artifact: Uint8Array, account: Account): Promise<number> {
    const { tx, events } = this.api;
    await this.send(tx.fheMl.allowModelDeposit(this.deposit(artifact.length)), account);
    const { call } = tx.fheMl.registerModel(toHex(artifact), account.address);
    const included = await this.send(tx.sudo.sudo(call), account);
    return found(events.fheMl.ModelRegistered.find(included.events)).palletEvent.data.model;
  }

  /** Asks, and resolves once the chain has taken it. */
  async request(wanted: Wanted, part: Part): Promise<Requested> {
    const { included } = await this.sendRequest(wanted, part);
    return included;
  }

  /** Signs a request and hands it to the pool; resolves then, to what resolves once the chain has taken it. */
  private async sendRequest(
    { model, redundancy, key, price, account }: Wanted,
    { input, rows, most }: Part,
    nonce?: number,
  ): Promise<{ included: Promise<Requested> }> {
    const call = this.api.tx.fheMl.requestInference(model, key, toHex(input), most, redundancy);
    // What has changed since the visitor looked has a sentence of its own.
    const explained = async (error: unknown): Promise<never> => {
      if (error instanceof NoRoom) throw error;
      const wish = { account: account.address, price, rows };
      throw new Error((await this.obstacle(model, wish)) ?? why(error));
    };
    const sent = await this.hand(call, account, nonce).catch(explained);
    const included = sent.included.catch(explained).then(({ number, events }) => {
      const { data } = found(this.api.events.fheMl.InferenceRequested.find(events)).palletEvent;
      return { job: Number(data.job), block: number, fee: data.fee };
    });
    included.catch(() => undefined); // Whoever waits for it hears of it.
    return { included };
  }

  /**
   * Asks for all parts, in their order and each in a transaction of its own, at most so many of them at one time; `take`
   * gets each answer as it comes, or why there is none. When it throws, or `stop` says so, no others are sent. Rejects
   * then, once those that are on their way have come.
   */
  async requestAll<Each extends Part>(
    wanted: Wanted,
    parts: Iterable<Each> | AsyncIterable<Each>,
    atOnce: number,
    take: (part: Each, answer: Promise<Answer>) => Promise<void>,
    { stop, seen }: { stop?: AbortSignal; seen?: (block: number) => void } = {},
  ): Promise<void> {
    const { address } = wanted.account;
    const nonces = new Nonces(() => this.api.rpc.system_accountNextIndex(address));
    const running = new Set<Promise<void>>();
    const failures: unknown[] = [];
    for await (const part of parts) {
      while (running.size >= atOnce) await Promise.race(running);
      if (failures.length > 0 || stop?.aborted) break;
      const { answer } = await this.begin(wanted, part, nonces, stop, seen).catch((error: unknown) => {
        const answer = Promise.reject<Answer>(error);
        answer.catch(() => undefined); // `take` hears of it.
        return { answer };
      });
      const one: Promise<void> = take(part, answer)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(one));
      running.add(one);
    }
    await Promise.all(running);
    if (failures.length > 0) throw failures[0];
    stop?.throwIfAborted();
  }

  /** Sends a part, unless that was done before; resolves once it is in the pool, to what resolves to its answer. */
  private async begin(
    wanted: Wanted,
    part: Part,
    nonces: Nonces,
    stop: AbortSignal | undefined,
    seen: ((block: number) => void) | undefined,
  ): Promise<{ answer: Promise<Answer> }> {
    const finish = async (requested: Requested): Promise<Answer> => ({
      requested,
      ...(await this.result(requested.job, seen, stop)),
    });
    const before = part.booked && (await this.lookFor(wanted.account, part.input, part.booked, stop));
    if (before && 'job' in before) return { answer: finish(before) };
    const send = (again?: Booked) =>
      nonces.use(async (nonce) => {
        stop?.throwIfAborted();
        const head = await this.api.rpc.chain_getHeader();
        // One that was sent with the same nonce may still come to a block in its place.
        await part.book?.({ nonce, since: again?.since ?? head?.number ?? 0 });
        return this.sendRequest(wanted, part, nonce);
      }, again?.nonce);
    const first = await send(before);
    const answer = async (): Promise<Answer> => {
      let { included } = first;
      for (let refusals = 0; ; refusals += 1) {
        try {
          return await finish(await included);
        } catch (error) {
          if (!(error instanceof NoRoom) || refusals >= LOAD_PATIENCE) throw error;
        }
        await sleep(LOAD_PAUSE);
        ({ included } = await send());
      }
    };
    return { answer: answer() };
  }

  /**
   * What became of a request that was booked, and perhaps sent, before the page was loaded again: its job, or how it was
   * booked, if its nonce is free and it is to be sent with that; or neither, if it is to be asked for anew.
   */
  private async lookFor(
    { address }: Account,
    input: Uint8Array,
    booked: Booked,
    stop: AbortSignal | undefined,
  ): Promise<Requested | Booked | undefined> {
    for (;;) {
      const state = await this.state();
      const used = (await state.system.account(address)).nonce > booked.nonce;
      const before = await jobOfInput(state, address, input, booked.since);
      if (before && !['Failed', 'Expired'].includes(before.record.status.type)) {
        return { job: before.job, block: before.record.requestedAt, fee: before.record.fee };
      }
      if (used) return undefined;
      if ((await this.api.rpc.system_accountNextIndex(address)) <= booked.nonce) return booked;
      stop?.throwIfAborted();
      await sleep(PAUSE); // It is in a pool.
    }
  }

  /** Waits for the result of a job; `seen` is told of every new block. */
  async result(
    job: number,
    seen?: (block: number) => void,
    stop?: AbortSignal,
  ): Promise<{ result: Uint8Array; block: number }> {
    for (;;) {
      stop?.throwIfAborted();
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
      await sleep(PAUSE);
    }
  }

  /** Whether the outcomes of jobs that have ended are final. */
  async standings(jobs: number[]): Promise<Standing[]> {
    return standingsOf(await this.state(), jobs);
  }

  /** What evaluating a completed job again takes. */
  async evidence(job: number): Promise<Evidence> {
    const { fheMl } = await this.state();
    const [record, input, result] = await Promise.all([
      fheMl.jobs(BigInt(job)),
      fheMl.inputs(BigInt(job)),
      fheMl.results(BigInt(job)),
    ]);
    if (!record || input === undefined || result === undefined) throw new Error(`job ${job} has no result to verify`);
    const [artifact, key, bootstrapKey] = await Promise.all([
      fheMl.modelArtifacts(record.model),
      record.serverKey === undefined ? undefined : fheMl.serverKeyBytes(record.serverKey),
      record.serverKey === undefined ? undefined : fheMl.bootstrapKeyBytes(record.serverKey),
    ]);
    if (artifact === undefined) throw new Error(`the model of job ${job} is no longer on the chain`);
    return {
      artifact: fromHex(artifact),
      key: key && fromHex(key),
      bootstrapKey: bootstrapKey && fromHex(bootstrapKey),
      input: fromHex(input),
      result: fromHex(result),
    };
  }

  /** What is held from whoever challenges an outcome, at least: each step that the court may need adds to it. */
  challengeBond(): bigint {
    return this.api.consts.fheMl.challengeBond;
  }

  /** Challenges a part of the outcome of a job; returns the number of the block. */
  async challenge(job: number, part: number, account: Account): Promise<number> {
    return (await this.send(this.api.tx.fheMl.challenge(BigInt(job), part), account)).number;
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
  private async send(call: Call, account: Account): Promise<Included> {
    const { included } = await this.hand(call, account);
    return included;
  }

  /** The same, but resolves when it is in the pool, so that the account's next call can follow. */
  private async hand(call: Call, account: Account, nonce?: number): Promise<{ included: Promise<Included> }> {
    const options = {
      ...(nonce === undefined ? {} : { nonce }),
      ...(account.signer ? { signer: account.signer } : {}),
    };
    const signed = await call.sign(account.pair ?? account.address, options);
    let pooled = () => {};
    const inPool = new Promise<void>((resolve) => {
      pooled = resolve;
    });
    const include = async (): Promise<Included> => {
      let included: Included;
      try {
        included = await submit(this.api, signed, this.light, pooled);
      } catch (error) {
        const said = why(error);
        throw new Error(/Inability to pay/.test(said) ? 'the account cannot pay for it' : said);
      }
      const refused = explain(this.api, included.events);
      if (refused) throw hadNoRoom(this.api, included.events) ? new NoRoom(refused) : new Error(refused);
      return included;
    };
    const included = include();
    await Promise.race([inPool, included]);
    return { included };
  }
}

/** An event that has to be there. */
function found<T>(event: T | undefined): T {
  if (event === undefined) throw new Error('the block has no event of what was asked for');
  return event;
}
