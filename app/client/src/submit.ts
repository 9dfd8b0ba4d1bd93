// Sends a signed transaction until it is in a block: pools lose transactions, and nodes and connections go away.
//
// The same transaction is sent again, and an account's nonce is used once. So the chain takes it once, and nothing
// is paid twice.

import type { AccountId32Like, DispatchError, Extrinsic, Hash, TransactionStatus } from '@dedot/codecs';
import type { HexString } from '@dedot/utils';
import type { FheMlRuntimeRuntimeEvent } from './chaintypes/index.js';
import type { FheMlClient } from './connect.js';

/** After this time without news, in milliseconds, the chain is asked for the transaction. */
const SILENCE = 12_000;
/** Between two questions. */
const PAUSE = 2_000;
/** Questions after which it is sent again. */
const ROUNDS = 6;
/** Codes of a pool for what it may take later: banned for a while, known already, no room. */
const LATER: unknown[] = [1012, 1013, 1014, 1016];
/** How it is said that there is no connection just now, or none that answers. */
const AWAY = /disconnect|not connected|timed out/i;
/** Errors of a chain that has no room for a request now. */
const NO_ROOM = ['AllWorkersBusy', 'TooManyOpenJobs', 'TooMuchOpenWork', 'TooManyPendingJobs', 'TooManyWaitingJobs'];
/** How often a question is asked again, a second apart, when there is no connection. */
const MOST_ATTEMPTS = 120;

/** A transaction in a block. */
export interface Included {
  /** Hash of the block. */
  block: Hash;
  /** Its number. */
  number: number;
  /** The events of the transaction; `System.ExtrinsicFailed` if it failed. */
  events: FheMlRuntimeRuntimeEvent[];
}

/** What is sent, and what tells whether the chain has taken it. */
interface Sent {
  hex: HexString;
  signer: AccountId32Like;
  nonce: number;
  /** Blocks in which it can be included. */
  lifetime: number;
}

/**
 * Sends `signed` (what `sign` resolves to) and waits until it is in a block, a finalised one if `final` is set,
 * as it should be with a light client. Sends it again whenever it is lost.
 * @param pooled is told when the node has it in its pool: the account's next transaction can follow
 * @throws if the node refuses it, or no block has taken it until it became invalid: then none ever will
 */
export async function submit(
  api: FheMlClient,
  signed: Extrinsic,
  final = false,
  pooled?: () => void,
): Promise<Included> {
  const sent = describe(api, signed);
  const head = async () => (await (final ? api.rpc.chain_getFinalizedHead() : api.rpc.chain_getBlockHash())) as Hash;
  const first = (await headerOf(api, await head())).number;
  let block = await watch(api, sent, final, pooled);
  for (let round = 1; ; round += 1) {
    const included = block;
    const found = included && (await connected(() => inBlock(api, sent, included)));
    if (found) return found;
    block = undefined; // From here on the chain is asked, not the node's opinion of the transaction.
    const { at, number, used } = await connected(async () => {
      const at = await head();
      const { query } = await api.at(at);
      const { nonce } = await query.system.account(sent.signer);
      return { at, number: (await headerOf(api, at)).number, used: nonce };
    });
    if (used > sent.nonce) return connected(() => find(api, sent, at, first));
    if (number > first + sent.lifetime) {
      throw new Error('no block has taken the transaction in time, and none will now: nothing was paid; ask again');
    }
    if (round % ROUNDS === 1) await sendAgain(api, sent.hex);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Why the chain refused the call of a transaction that is in a block, if it did; also of one through sudo. */
export function explain(api: FheMlClient, events: FheMlRuntimeRuntimeEvent[]): string | undefined {
  const error = errorOf(api, events);
  if (!error) return undefined;
  const meta = api.registry.findErrorMeta(error);
  if (!meta) return `the chain refused it: ${error.type}`;
  return `the chain refused it: ${meta.pallet}.${meta.name}: ${meta.docs.join(' ').trim()}`;
}

/** Whether the chain refused a request since it has no room for it now: ask again, in a new transaction, some blocks later. */
export function hadNoRoom(api: FheMlClient, events: FheMlRuntimeRuntimeEvent[]): boolean {
  const error = errorOf(api, events);
  const meta = error && api.registry.findErrorMeta(error);
  return meta?.pallet === 'FheMl' && NO_ROOM.includes(meta.name);
}

function errorOf(api: FheMlClient, events: FheMlRuntimeRuntimeEvent[]): DispatchError | undefined {
  const failed = api.events.system.ExtrinsicFailed.find(events)?.palletEvent.data.dispatchError;
  const sudone = api.events.sudo.Sudid.find(events)?.palletEvent.data.sudoResult;
  return (failed ?? (sudone?.isErr ? sudone.err : undefined)) as DispatchError | undefined;
}

function describe(api: FheMlClient, signed: Extrinsic): Sent {
  const { signature } = signed;
  if (!signature) throw new Error('the transaction is not signed: give submit what sign resolves to');
  const extensions = api.registry.metadata.extrinsic.signedExtensions.map(({ ident }) => ident);
  const extension = (name: string) => signature.extra[extensions.indexOf(name)];
  const era = extension('CheckMortality') as { period?: bigint };
  return {
    hex: signed.toHex(),
    signer: signature.address.value ?? signature.address,
    nonce: extension('CheckNonce'),
    lifetime: era.period === undefined ? Number.POSITIVE_INFINITY : Number(era.period),
  };
}

async function headerOf(api: FheMlClient, hash: Hash) {
  const header = await api.rpc.chain_getHeader(hash);
  if (!header) throw new Error(`the node does not know its block ${hash}`);
  return header;
}

/** Asks again as long as the connection is away. */
async function connected<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!AWAY.test(String(error)) || attempt >= MOST_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/** A node's refusal: its code, and in one sentence what it says. */
function refusal(error: unknown): { code: unknown; text: string } {
  const { code, data, message } = error as { code?: unknown; data?: unknown; message?: string };
  return { code, text: [message ?? String(error), ...(data === undefined ? [] : [String(data)])].join(': ') };
}

/** Whether what a node says of a transaction may be otherwise later. */
function mayPass(error: unknown): boolean {
  const { code, text } = refusal(error);
  return LATER.includes(code) || AWAY.test(text);
}

/** Sends it once more. */
async function sendAgain(api: FheMlClient, hex: HexString): Promise<void> {
  try {
    await connected(() => api.rpc.author_submitExtrinsic(hex));
  } catch (error) {
    // Outdated: a block has taken it meanwhile, which is still to be found or to be finalised.
    const { text } = refusal(error);
    if (!mayPass(error) && !/outdated/i.test(text)) throw new Error(text);
  }
}

/** Sends it and waits for a block, or for the node to lose it or fall silent (`undefined`). */
function watch(
  api: FheMlClient,
  { hex }: Sent,
  final: boolean,
  pooled: (() => void) | undefined,
): Promise<Hash | undefined> {
  return new Promise((resolve, reject) => {
    let stop: (() => Promise<void>) | undefined;
    let ended = false;
    // If the connection is gone, the subscription is gone with it.
    const unsubscribe = () => void stop?.().catch(() => undefined);
    const end = (settle: () => void) => {
      ended = true;
      clearTimeout(timer);
      unsubscribe();
      settle();
    };
    const lost = () => end(() => resolve(undefined));
    let timer = setTimeout(lost, SILENCE);
    const news = (status: TransactionStatus) => {
      if (ended) return;
      clearTimeout(timer);
      timer = setTimeout(lost, SILENCE);
      if (status.type === 'Finalized') end(() => resolve(status.value));
      else if (status.type === 'InBlock' && !final) end(() => resolve(status.value));
      else if (['Dropped', 'Invalid', 'Usurped', 'FinalityTimeout'].includes(status.type)) lost();
    };
    const refused = (error: unknown) => {
      if (ended) return;
      if (mayPass(error)) lost();
      else end(() => reject(new Error(refusal(error).text)));
    };
    api.rpc.author_submitAndWatchExtrinsic(hex, news).then((unsubscribed: () => Promise<void>) => {
      stop = unsubscribed;
      pooled?.();
      if (ended) unsubscribe();
    }, refused);
  });
}

/** The transaction in a block, if it is there. */
async function inBlock(api: FheMlClient, { hex }: Sent, hash: Hash): Promise<Included | undefined> {
  const full = await api.rpc.chain_getBlock(hash);
  if (!full) throw new Error(`the node does not know its block ${hash}`);
  const { block } = full;
  const index = block.extrinsics.indexOf(hex);
  if (index < 0) return undefined;
  const { query } = await api.at(hash);
  const records = await query.system.events();
  const events = records.filter(({ phase }) => phase.type === 'ApplyExtrinsic' && phase.value === index);
  return { block: hash, number: block.header.number, events: events.map(({ event }) => event) };
}

/** Looks for it from the block `from` back to the block that was there when it was sent. */
async function find(api: FheMlClient, sent: Sent, from: Hash, first: number): Promise<Included> {
  let hash = from;
  for (;;) {
    const { number, parentHash } = await headerOf(api, hash);
    if (number <= first) break;
    const found = await inBlock(api, sent, hash);
    if (found) return found;
    hash = parentHash;
  }
  throw new Error(
    'another transaction of this account was included instead of this one: ' +
      'do not use an account from two places at once, and try again',
  );
}
