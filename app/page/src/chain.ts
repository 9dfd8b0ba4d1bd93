// The chain, through a node's WebSocket, or through a light client that believes no node.

import { toHex } from '@fhe-ml/client';
import { finalized, type Included, mostFee, submit, untilSynced } from '@fhe-ml/client/chain';
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import type { Signer, SubmittableExtrinsic } from '@polkadot/api/types';
import type { KeyringPair } from '@polkadot/keyring/types';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { lightProvider } from './light-client.ts';

export interface Account {
  name: string;
  address: string;
  /** A development key, or the signer of a wallet. */
  pair: KeyringPair | undefined;
  signer: Signer | undefined;
}

/** A model on the chain. */
export interface ChainModel {
  number: number;
  name: string;
  active: boolean;
  inputBytes: number;
  resultBytes: number;
  work: number;
  needsServerKey: boolean;
  encrypted: boolean;
  openJobs: number;
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

/** Requests that wait at one time. */
const AT_ONCE = 32;

/* eslint-disable @typescript-eslint/no-explicit-any */
type Codec = any; // The chain's types are known at run time only.

const DEVELOPMENT = ['Bob', 'Alice', 'Charlie', 'Eve'];
/** Blocks in which a transaction can be included: minutes, so that a full pool or a restart does not kill it. */
const LIFETIME = 128;

export class Chain {
  private readonly artifacts = new Map<number, Uint8Array>();

  private constructor(
    readonly api: ApiPromise,
    readonly url: string,
    readonly light: boolean,
  ) {}

  /** Connects to the node at `url`, or starts the light client, which does not ask that node. */
  static async connect(url: string, light: boolean, state: (connected: boolean) => void): Promise<Chain> {
    await cryptoWaitReady();
    const provider = light ? await lightProvider() : new WsProvider(url, 1000);
    provider.on('connected', () => state(true));
    provider.on('disconnected', () => state(false));
    if (light) await provider.connect();
    const api = await ApiPromise.create({ provider, noInitWarn: true, throwOnConnect: false });
    if (light) await untilSynced(api);
    if (!api.query.fheMl) throw new Error(`the node at ${url} runs a chain without pallet-fhe-ml`);
    return new Chain(api, url, light);
  }

  /** The state that counts: at the node's best block, or, proven, at the last finalised one. */
  async state(): Promise<Codec> {
    return this.light ? (await finalized(this.api)).query : this.api.query;
  }

  /** Development accounts (if the chain has them), and those of wallets that the visitor lets us see. */
  async accounts(): Promise<Account[]> {
    const keyring = new Keyring({ type: 'sr25519' });
    const found: Account[] = [];
    for (const name of DEVELOPMENT) {
      const pair = keyring.addFromUri(`//${name}`);
      if ((await this.balance(pair.address)) > 0n) {
        found.push({ name: `${name} (development)`, address: pair.address, pair, signer: undefined });
      }
    }
    const wallets = (window as { injectedWeb3?: Record<string, Codec> }).injectedWeb3 ?? {};
    for (const [wallet, { enable }] of Object.entries(wallets)) {
      try {
        const enabled = await enable('fhe-ml');
        for (const { address, name } of await enabled.accounts.get()) {
          found.push({ name: `${name ?? address} (${wallet})`, address, pair: undefined, signer: enabled.signer });
        }
      } catch {
        // A wallet that says no is left out.
      }
    }
    return found;
  }

  async balance(address: string): Promise<bigint> {
    const account: Codec = await (await this.state()).system.account(address);
    return account.data.free.toBigInt();
  }

  async models(): Promise<ChainModel[]> {
    const entries: Codec[] = await (await this.state()).fheMl.models.entries();
    return entries
      .map(([key, option]: Codec) => {
        const record = option.unwrap();
        return {
          number: key.args[0].toNumber(),
          name: record.name.toUtf8(),
          active: record.status.isActive,
          inputBytes: record.inputBytes.toNumber(),
          resultBytes: record.resultBytes.toNumber(),
          work: record.work.toNumber(),
          needsServerKey: record.needsServerKey.isTrue,
          encrypted: record.encryptedFor.isSome,
          openJobs: record.openJobs.toNumber(),
        };
      })
      .sort((a: ChainModel, b: ChainModel) => a.number - b.number);
  }

  async artifact(model: number): Promise<Uint8Array> {
    const stored: Codec = await (await this.state()).fheMl.modelArtifacts(model);
    if (stored.isNone) throw new Error(`the chain has no model ${model} that takes requests`);
    const artifact: Uint8Array = stored.unwrap().toU8a(true);
    this.artifacts.set(model, artifact);
    return artifact;
  }

  /** Most that is paid for one prediction: what this browser computes from the model, never what a node says. */
  async mostFee(model: number): Promise<bigint> {
    const most = mostFee(this.api, this.artifacts.get(model) ?? (await this.artifact(model)));
    const quote = await this.quote(model);
    if (quote <= most) return most;
    throw new Error(
      `the chain asks ${quote} for a prediction that should cost at most ${most} (units of 10^-12 FHE): nothing was paid`,
    );
  }

  /** What one prediction costs, as the chain says. */
  private async quote(model: number): Promise<bigint> {
    const data = toHex(Uint8Array.of(model & 255, (model >> 8) & 255, (model >> 16) & 255, (model >> 24) & 255, 1));
    const answer = await (this.light
      ? this.api.rpc.state.call('FheMlApi_quote', data, await this.api.rpc.chain.getFinalizedHead())
      : this.api.rpc.state.call('FheMlApi_quote', data));
    const quote = (answer as Codec).toU8a(true) as Uint8Array;
    if (quote[0] !== 1) throw new Error(`model ${model} takes no requests`);
    return quote.slice(1, 17).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  }

  async hasServerKey(hash: string): Promise<string | undefined> {
    const record: Codec = await (await this.state()).fheMl.serverKeys(hash);
    return record.isSome ? record.unwrap().owner.toString() : undefined;
  }

  async registerServerKey(key: Uint8Array, account: Account): Promise<number> {
    return (await this.send(this.api.tx.fheMl!.registerServerKey!(toHex(key)), account)).block;
  }

  /** Registers a model with the account as sudo; returns its number. */
  async registerModel(artifact: Uint8Array, account: Account): Promise<number> {
    const price: bigint = (this.api.consts.fheMl!.depositPerByte as Codec).toBigInt();
    const allowance = this.api.tx.fheMl!.allowModelDeposit!(price * BigInt(artifact.length));
    await this.send(allowance, account);
    const call = this.api.tx.fheMl!.registerModel!(toHex(artifact), account.address);
    const { events } = await this.send(this.api.tx.sudo!.sudo!(call), account);
    return this.event(events, 'ModelRegistered').model.toNumber();
  }

  async request(
    model: number,
    key: string | null,
    input: Uint8Array,
    fee: bigint,
    account: Account,
    nonce?: number,
  ): Promise<Requested> {
    const call = this.api.tx.fheMl!.requestInference!(model, key, toHex(input), fee, 1);
    const { block, events } = await this.send(call, account, nonce);
    const requested = this.event(events, 'InferenceRequested');
    return { job: requested.job.toNumber(), block, fee: requested.fee.toBigInt() };
  }

  /** Asks for each input in a transaction of its own; `take` gets each answer as it comes, or why there is none. */
  async requestAll(
    model: number,
    key: string | null,
    inputs: Uint8Array[],
    account: Account,
    take: (at: number, answer: Promise<Answer>) => Promise<void>,
  ): Promise<void> {
    const [fee, first] = [await this.mostFee(model), await this.nextNonce(account)];
    const answer = async (input: Uint8Array, at: number): Promise<Answer> => {
      const requested = await this.request(model, key, input, fee, account, first + at);
      return { requested, ...(await this.result(requested.job)) };
    };
    for (let start = 0; start < inputs.length; start += AT_ONCE) {
      await Promise.all(
        inputs.slice(start, start + AT_ONCE).map((input, at) => take(start + at, answer(input, start + at))),
      );
    }
  }

  private async nextNonce(account: Account): Promise<number> {
    return (await this.api.rpc.system.accountNextIndex(account.address)).toNumber();
  }

  /** Waits for the result of a job; `seen` is told of every new block. */
  async result(job: number, seen?: (block: number) => void): Promise<{ result: Uint8Array; block: number }> {
    for (;;) {
      const block = (await this.api.rpc.chain.getHeader()).number.toNumber();
      seen?.(block);
      const { fheMl } = await this.state();
      const option: Codec = await fheMl.jobs(job);
      if (option.isNone) throw new Error(`job ${job} is no longer on the chain; ask again`);
      const record = option.unwrap();
      if (record.status.isCompleted) {
        const stored: Codec = await fheMl.results(job);
        if (stored.isSome) return { result: stored.unwrap().toU8a(true), block: record.deadline.toNumber() };
      }
      if (record.status.isFailed) {
        throw new Error(`job ${job} failed (${record.status.asFailed.reason}); its fee went back`);
      }
      if (record.status.isExpired) throw new Error(`no worker answered for job ${job}; its fee went back`);
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  }

  /** The workers that a job was assigned to. */
  async workersOf(job: number): Promise<string[]> {
    const record: Codec = await this.api.query.fheMl!.jobs!(job);
    return record.isSome ? record.unwrap().assignees.map((worker: Codec) => worker.toHex()) : [];
  }

  async input(job: number): Promise<{ model: number; input: Uint8Array } | undefined> {
    const { fheMl } = await this.state();
    const [record, stored]: Codec[] = await Promise.all([fheMl.jobs(job), fheMl.inputs(job)]);
    if (record.isNone || stored.isNone) return undefined;
    return { model: record.unwrap().model.toNumber(), input: stored.unwrap().toU8a(true) };
  }

  private event(events: Codec[], name: string): Codec {
    const found = events.find((event) => event.section === 'fheMl' && event.method === name);
    if (!found) throw new Error(`the block has no event ${name}`);
    return found.data;
  }

  /** Signs and sends a call; resolves when it is in a block that counts and has succeeded. Sends it again if it is lost. */
  private async send(
    call: SubmittableExtrinsic<'promise'>,
    account: Account,
    nonce = -1,
  ): Promise<{ block: number; events: Codec[] }> {
    const options = { nonce, era: LIFETIME, ...(account.signer ? { signer: account.signer } : {}) };
    const signed = await call.signAsync(account.pair ?? account.address, options);
    let included: Included;
    try {
      included = await submit(this.api, signed, this.light);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(/Inability to pay/.test(why) ? 'the account cannot pay for it' : why);
    }
    const { number, events } = included;
    const event = (method: string) => events.find((event: Codec) => event.method === method)?.data;
    const sudo = event('Sudid');
    const failed = event('ExtrinsicFailed')?.[0] ?? (sudo?.[0].isErr ? sudo[0].asErr : undefined);
    if (failed) throw new Error(this.explain(failed));
    return { block: number, events };
  }

  private explain(error: Codec): string {
    if (!error.isModule) return `the chain refused it: ${error.toString()}`;
    const { section, name, docs } = this.api.registry.findMetaError(error.asModule);
    return `the chain refused it: ${section}.${name}: ${docs.join(' ').trim()}`;
  }
}
