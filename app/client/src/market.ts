// What the models of a chain offer, to whom, and for how much: in their records, without their artifacts.

import type { Hash } from '@dedot/codecs';
import { hexToU8a } from '@dedot/utils';
import type {
  FheMlPrimitivesRecordsModelRecord as ModelRecord,
  FheMlPrimitivesPrivatePrivateModelRecord as PrivateRecord,
  FheMlPrimitivesPrivatePrivateTerms as PrivateTerms,
  FheMlPrimitivesPrivateSuspension as Suspension,
} from './chaintypes/index.js';
import type { FheMlClient } from './connect.js';
import type { RowLayout } from './fees.js';
import type { Hex } from './index.js';

type Query = FheMlClient['query'];

/** Who reads a model: everybody, the owner of one client key, or its owner and the evaluators that it names. */
export type Kind = 'public' | 'encrypted' | 'private';

/** What the owner of a private model asks for its answers, and lets ask. */
export interface Terms {
  /** Workers that have the model. */
  evaluators: Hex[];
  /** What the answer to a row costs besides the workers' fee, in units of 10^-12 FHE. */
  price: bigint;
  /** Most rows of an account in so many blocks; a request counts with all of its rows. */
  quota: { requests: number; period: number } | undefined;
  /** Account that can have a wrong answer paid back. */
  auditor: string | undefined;
}

/** What a private model has besides. */
export interface PrivateOffer extends Terms {
  owner: string;
  /** The same as 32 bytes. */
  account: Hex;
  /** What wrong answers are paid back out of. */
  bond: bigint;
  /** Why it takes no requests. */
  suspended: Suspension | undefined;
  /** Terms that come, and the first block in which they are in force. */
  next: { from: number; terms: Terms } | undefined;
}

/** A model of a chain. */
export interface Offer {
  number: number;
  name: string;
  kind: Kind;
  /** Whether it takes requests: not if it is retired, or suspended. */
  active: boolean;
  retired: boolean;
  artifactBytes: number;
  /** Of a request of one row. */
  inputBytes: number;
  resultBytes: number;
  /** Work units of evaluating a row, about one per microsecond of one core. */
  work: number;
  needsServerKey: boolean;
  /** How rows of one request lie in its result; none if the model takes one row per request. */
  rowLayout: RowLayout | undefined;
  /** How many workers a request has to ask, at least: several where the chain cannot try what they say. */
  leastRedundancy: number;
  /** Of an encrypted model: hash of the server key whose owner can ask it. */
  encryptedFor: Hash | undefined;
  /** Of a private model. */
  private: PrivateOffer | undefined;
}

/** All models, in the order of their numbers. Of a light client: `(await finalized(api)).query`. */
export async function offers(query: Query): Promise<Offer[]> {
  const [records, privates, dockets, least, now] = await Promise.all([
    query.fheMl.models.entries(),
    query.fheMl.privateModels.entries(),
    query.fheMl.dockets.entries(),
    leastOf(query),
    query.system.number(),
  ]);
  const details = new Map(privates);
  const tried = new Set(dockets.map(([number]) => number));
  return records
    .flatMap(([number, record]) =>
      record ? [offerOf(number, record, details.get(number), now, least(tried.has(number)))] : [],
    )
    .sort((a, b) => a.number - b.number);
}

/** One model, as it is now. */
export async function offer(query: Query, number: number): Promise<Offer> {
  const [record, details, docket, least, now] = await Promise.all([
    query.fheMl.models(number),
    query.fheMl.privateModels(number),
    query.fheMl.dockets(number),
    leastOf(query),
    query.system.number(),
  ]);
  if (!record) throw new Error(`the chain has no model ${number}`);
  return offerOf(number, record, details, now, least(docket !== undefined));
}

/** The least redundancy of public models that the court can try, and of those that it cannot. */
async function leastOf(query: Query): Promise<(isTried: boolean) => number> {
  const [limits, untried] = await Promise.all([query.fheMl.adminLimits(), query.fheMl.untriedRedundancy()]);
  const ofAll = limits?.minRedundancy ?? 1;
  return (isTried) => (isTried ? ofAll : Math.max(ofAll, untried));
}

function offerOf(
  number: number,
  record: ModelRecord,
  details: PrivateRecord | undefined,
  now: number,
  least: number,
): Offer {
  const { artifactBytes, inputBytes, resultBytes, work, needsServerKey, rowLayout, encryptedFor } = record;
  const retired = record.status === 'Retired';
  const offered = details && privateOffer(details, now);
  return {
    number,
    name: new TextDecoder().decode(hexToU8a(record.name)),
    kind: offered ? 'private' : encryptedFor === undefined ? 'public' : 'encrypted',
    active: !retired && offered?.suspended === undefined,
    retired,
    artifactBytes,
    inputBytes,
    resultBytes,
    work: Number(work),
    needsServerKey,
    rowLayout,
    leastRedundancy: offered ? 1 : least,
    encryptedFor,
    private: offered,
  };
}

/** A record of a private model with the terms that are in force: the stored ones follow with the next request. */
function privateOffer(details: PrivateRecord, now: number): PrivateOffer {
  const { owner, bond, terms, nextTerms, state } = details;
  const due = nextTerms && nextTerms.from <= now;
  return {
    ...termsOf(due ? nextTerms.terms : terms),
    owner: owner.address(),
    account: owner.raw,
    bond,
    suspended: state.type === 'Suspended' ? state.value.reason : undefined,
    next: nextTerms && !due ? { from: nextTerms.from, terms: termsOf(nextTerms.terms) } : undefined,
  };
}

const termsOf = ({ evaluators, price, quota, auditor }: PrivateTerms): Terms => ({
  evaluators,
  price,
  quota,
  auditor: auditor?.address(),
});

/** What an account wants of a model. */
export interface Wish {
  account: string;
  /** The price of a row that it has agreed to. */
  price: bigint;
  /** How many rows it asks for. */
  rows: number;
}

/**
 * Why a model takes no such request now, or none at all, in a sentence; nothing if it does. Ask before anything is
 * signed, and again when the chain has refused a request.
 */
export async function obstacle(query: Query, number: number, wish?: Wish): Promise<string | undefined> {
  const now = await offer(query, number);
  const name = `model ${number}, ${now.name},`;
  if (now.retired) return `${name} is retired: it takes no new requests`;
  if (!now.private) return undefined;
  const { suspended, price, quota } = now.private;
  if (suspended === 'Disagreement') {
    return `${name} is suspended: its evaluators gave different answers to one request, and until its owner has looked into that and resumed it, it takes no others`;
  }
  if (suspended === 'Audit') {
    return `${name} is suspended: an answer of it was found to be wrong, and only the chain's admin can resume it`;
  }
  if (!wish) return undefined;
  if (price > wish.price) {
    return `the owner of ${name} asks ${fhe(price)} for a row now, and you have agreed to ${fhe(wish.price)}: nothing was paid. Look at the new price, and ask again if it is right for you`;
  }
  if (!quota) return undefined;
  const [used, block] = await Promise.all([query.fheMl.quotaUsed([number, wish.account]), query.system.number()]);
  const since = block - (block % quota.period);
  const left = quota.requests - (used?.since === since ? used.requests : 0);
  if (wish.rows <= left) return undefined;
  const more = left > 0 ? `for ${left} more for now, not ${wish.rows}` : 'no more for now';
  return `the owner of ${name} lets an account ask ${quota.requests === 1 ? 'once' : `for ${quota.requests} rows`} in ${quota.period} blocks: you can ask ${more}, and again from block ${since + quota.period} on (this is block ${block})`;
}

/** An amount of the chain's smallest units, 10^-12 FHE, for people. */
export function fhe(amount: bigint): string {
  const digits =
    amount < 10n ** 9n ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: amount < 10n ** 12n ? 6 : 4 };
  return `${new Intl.NumberFormat('en-GB', digits).format(Number(amount) / 1e12)} FHE`;
}

/** Blocks from a signed request to its answer: one has the request, the next draws workers, the third has the result. */
const BLOCKS = 3;
/** Work units that a core of a worker does in a second. */
const UNITS = 1e6;

/** Seconds between two blocks: measured, over the last ones. */
export async function blockSeconds(api: FheMlClient, blocks = 6): Promise<number> {
  const time = async (hash: Hash) => Number(await (await api.at(hash)).query.timestamp.now()) / 1000;
  const last = (await api.rpc.chain_getFinalizedHead()) as Hash;
  let [first, count] = [last, 0];
  for (; count < blocks; count += 1) {
    const header = await api.rpc.chain_getHeader(first);
    if (!header || header.number < 2) break; // The first block has no time.
    first = header.parentHash;
  }
  return count === 0 ? 2 : ((await time(last)) - (await time(first))) / count;
}

/** Seconds until so many rows, in requests that are sent at once, are answered: if the workers have nothing else to do. */
export function answerSeconds({ work, rowLayout, private: offered }: Offer, seconds: number, rows = 1): number {
  const workers = offered?.evaluators.length ?? 1;
  const packing = rows > 1 ? (rowLayout?.packingWork ?? 0) : 0;
  return BLOCKS * seconds + (rows * (work + packing)) / UNITS / workers;
}
