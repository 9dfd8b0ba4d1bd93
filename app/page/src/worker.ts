// The Web Worker that holds the keys and does the cryptography, so that the page never freezes. The client
// key is made, kept, read and saved here: no message to the page has it.

import {
  answersInBrowser,
  type Calibration,
  type Cell,
  Filter,
  type Hex,
  importOnnx,
  init,
  Keys,
  Model,
  type ModelOwner,
  mostAnswers,
  type OwnerKey,
  OwnerKeys,
  type Prediction,
  type PrivateAnswer,
  WrongResult,
} from '@fhe-ml/client';
import type { Evidence } from './chain.ts';
import {
  type Booked,
  type Done,
  firstHash,
  forgetFile,
  forgetModel,
  keepFile,
  keepKeys,
  keepPart,
  type RowAnswer,
  type StoredFile,
  type StoredPart,
  storedFile,
  storedKeys,
  storedPart,
} from './store.ts';

const ready = init(new URL('fhe_ml_wasm_bg.wasm', self.location.href));
const models = new Map<string, Model>();
const filters = new Map<string, Filter>();
let keys: Keys | undefined;
/** Keys for owners of private models, derived from these. */
const ownerKeys = new Map<string, OwnerKey>();
const counts = answersInBrowser();
const answers = new Map<number, PrivateAnswer>();

/** What the page knows of its keys: what is public. */
export interface OwnKeys {
  server: Uint8Array;
  hash: Hex;
}

/** A decrypted result. */
export interface Opened<T> {
  value: T;
  /** Milliseconds of the evaluation that it was compared with, if it was picked for one. */
  verified: number | undefined;
  decrypted: number;
}

/** A model of a chain: the hash of the chain's first block, and the model's number. */
export interface Place {
  genesis: string;
  number: number;
}

function mine(): Keys {
  if (!keys) throw new Error('there are no keys yet');
  return keys;
}

const keysFor = (owner: ModelOwner) => new OwnerKeys(mine(), owner, counts);
const nameFor = ({ chain, account }: ModelOwner) => `${chain}/${account}`;

/** The newest key for an owner, derived once: that takes a moment. */
async function keyFor(owner: ModelOwner): Promise<OwnerKey> {
  const main = mine();
  const key = ownerKeys.get(nameFor(owner)) ?? (await keysFor(owner).newest());
  if (main === keys) ownerKeys.set(nameFor(owner), key); // Unless the visitor has taken other keys meanwhile.
  return key;
}

function model(hash: string): Model {
  const found = models.get(hash);
  if (!found) throw new Error('the model is not loaded');
  return found;
}

function filter(hash: string): Filter {
  const found = filters.get(hash);
  if (!found) throw new Error('the filter is not loaded');
  return found;
}

const publicOf = (pair: Keys): OwnKeys => ({ server: pair.serverKey() as Uint8Array, hash: pair.serverKeyHash() });

function use(taken: Keys): OwnKeys {
  keys?.free();
  keys = taken;
  ownerKeys.clear();
  return publicOf(taken);
}

async function keepAndUse(taken: Keys): Promise<OwnKeys> {
  await keepKeys({ client: taken.clientKey(), server: taken.serverKey() as Uint8Array });
  return use(taken);
}

const nameOf = ({ genesis, number }: Place) => `${genesis}/${number}`;

/** A node cannot put another model behind a number that has been used. */
async function checkKnown(place: Place, hash: string): Promise<void> {
  const known = await firstHash(nameOf(place), hash);
  if (known === hash) return;
  throw Object.assign(
    new Error(
      `model ${place.number} is another one than at its first use in this browser (${known.slice(0, 10)}… then, ` +
        `${hash.slice(0, 10)}… now): the node lies, or the chain was started anew`,
    ),
    { name: 'AnotherModel' },
  );
}

/** Verifies and decrypts, and says how long both took. */
function opened<T>(verify: (() => void) | undefined, decrypt: () => T): Opened<T> {
  const start = performance.now();
  verify?.();
  const middle = performance.now();
  const value = decrypt();
  return { value, verified: verify && middle - start, decrypted: performance.now() - middle };
}

const TRUST = { trustWorker: true };

function inputOf({ input }: StoredPart): Uint8Array {
  if (!input) throw new Error('the answers to these rows are there already');
  return input;
}

/** What the page can ask for. */
const calls = {
  generate: () => keepAndUse(Keys.generate()),
  /** The keys of an earlier visit, or of another tab. */
  async stored() {
    const found = await storedKeys();
    return found && use(Keys.read(found.client, found.server));
  },
  /** The keys for an owner of private models. */
  ownerKeys: async (owner: ModelOwner) => publicOf((await keyFor(owner)).keys),
  async nextOwnerKeys(owner: ModelOwner) {
    const next = await keysFor(owner).next();
    ownerKeys.set(nameFor(owner), next);
    return publicOf(next.keys);
  },
  /** Keys from files, which are read here. */
  async load(client: File, server: File) {
    const [secret, shown] = await Promise.all(
      [client, server].map(async (file) => new Uint8Array(await file.arrayBuffer())),
    );
    return keepAndUse(Keys.read(secret as Uint8Array, shown as Uint8Array));
  },
  /** The bootstrap key, which deep networks take beside the server key. */
  bootstrapKey: () => mine().bootstrapKey(),
  /** Where the browser can save a key from: an address of bytes that stay here. */
  address(name: 'client.key' | 'server.key') {
    const data = name === 'client.key' ? mine().clientKey() : mine().serverKey();
    return URL.createObjectURL(new Blob([data as BlobPart], { type: 'application/octet-stream' }));
  },
  forget: (address: string) => URL.revokeObjectURL(address),
  /** Reads an artifact; the page refers to it by its hash. */
  async model(artifact: Uint8Array, place?: Place) {
    const read = new Model(artifact);
    const [hash, card, told, mostRows] = [read.hash(), read.card(), read.told(), read.mostRows()];
    if (place) await checkKnown(place, hash);
    // One that is loaded knows which results it has let pass unverified.
    if (models.has(hash)) read.free();
    else models.set(hash, read);
    return { hash, card, told, mostRows };
  },
  forgetModel: (place: Place) => forgetModel(nameOf(place)),
  /** For a public model, or for a private one of `owner`. */
  encrypt: async (hash: string, row: Cell[], owner?: ModelOwner) =>
    model(hash).encrypt(owner ? (await keyFor(owner)).keys : mine(), row),
  open(hash: string, input: Uint8Array, result: Uint8Array): Opened<Prediction> {
    const found = model(hash);
    const verify = found.picksResult() ? () => found.verify(mine(), input, result) : undefined;
    return opened(verify, () => found.decrypt(mine(), input, result, TRUST));
  },
  /** Evaluates a job of anybody again; the part of its result that is wrong, if one is, and how long it took. */
  evaluateAgain({ artifact, key, bootstrapKey, input, result }: Evidence) {
    const read = new Model(artifact);
    const start = performance.now();
    try {
      read.verify(key, input, result, bootstrapKey);
      return { wrong: undefined, milliseconds: performance.now() - start };
    } catch (error) {
      if (!(error instanceof WrongResult)) throw error;
      return { wrong: error.part, milliseconds: performance.now() - start };
    } finally {
      read.free();
    }
  },
  /** How many answers the key for an owner has decrypted, of how many that it may. */
  answered: async (owner: ModelOwner) => ({
    answers: keys ? await (await keyFor(owner)).answers() : 0,
    most: mostAnswers(),
  }),
  /** Sees to it that the key for an owner may decrypt so many more answers, before they are paid for. */
  room: async (owner: ModelOwner, answers: number) => (await keyFor(owner)).room(answers),
  /** What a private model answers; the scores stay here. */
  async answer(owner: ModelOwner, hash: string, input: Uint8Array, result: Uint8Array, step?: number) {
    const answer = await model(hash).answer(await keyFor(owner), input, result, step);
    const id = answers.size;
    answers.set(id, answer);
    return { prediction: answer.prediction, count: answer.count, most: mostAnswers(), id };
  },
  scores(id: number) {
    const answer = answers.get(id);
    if (!answer) throw new Error('there is no such answer');
    return answer.scores();
  },
  /** What somebody gets who has everything but the secret: a key of random bits under the same name. */
  openWrongly(hash: string, input: Uint8Array, result: Uint8Array): Prediction | string {
    const secretBytes = 256;
    const forged = mine().clientKey();
    crypto.getRandomValues(forged.subarray(forged.length - secretBytes));
    const stranger = Keys.read(forged);
    try {
      return model(hash).decrypt(stranger, input, result, TRUST);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      stranger.free();
    }
  },
  /** Encrypts rows of a file as one request, which is kept until its answers are there. */
  async addPart(
    id: string,
    hash: string,
    rows: Cell[][],
    part: Pick<StoredPart, 'first' | 'rows' | 'most'>,
    owner?: ModelOwner,
  ) {
    const pair = owner ? (await keyFor(owner)).keys : mine();
    await keepPart(id, { ...part, input: model(hash).encryptRows(pair, rows, part.first) });
  },
  /** Keeps a file whose parts are all there: from now on it can be asked for. */
  keepFile: (id: string, file: StoredFile) => keepFile(id, file),
  /** A file that is kept, without its inputs. */
  async file(id: string) {
    const found = await storedFile(id);
    return found && { file: found.file, parts: found.parts.map(({ input, ...part }) => part) };
  },
  forgetFile: (id: string) => forgetFile(id),
  inputOf: async (id: string, first: number) => inputOf(await storedPart(id, first)),
  /** Keeps how a request is sent, before it is. */
  book: async (id: string, first: number, booked: Booked) => keepPart(id, { ...(await storedPart(id, first)), booked }),
  /** Verifies and decrypts the answers to a part, and keeps them; those of a private model are counted before. */
  async openPart(
    id: string,
    hash: string,
    first: number,
    { result, ...asked }: Pick<Done, 'job' | 'fee'> & { result: Uint8Array },
    owner?: ModelOwner,
    step?: number,
  ): Promise<Done> {
    const found = model(hash);
    const stored = await storedPart(id, first);
    const input = inputOf(stored);
    const verified = !owner && found.picksResult();
    if (verified) found.verify(mine(), input, result);
    const answers: RowAnswer[] = owner
      ? (await found.answers(await keyFor(owner), input, result, step)).map(({ prediction }) => ({ prediction }))
      : found.decryptRows(mine(), input, result, TRUST).map(({ prediction, scores }) => ({ prediction, scores }));
    const done = { ...asked, verified, answers };
    const { rows, most } = stored;
    await keepPart(id, { first, rows, most, done });
    return done;
  },
  /** Reads the artifact of an image filter. */
  async filter(artifact: Uint8Array, place: Place) {
    const read = new Filter(artifact);
    await checkKnown(place, read.hash());
    filters.set(read.hash(), read);
    return { hash: read.hash(), card: read.card() };
  },
  encryptImage: (hash: string, image: Uint8Array) => filter(hash).encrypt(mine(), image),
  openImage(hash: string, input: Uint8Array, result: Uint8Array): Opened<Uint8Array> {
    const found = filter(hash);
    return opened(
      () => found.verify(input, result),
      () => found.decrypt(mine(), input, result, TRUST),
    );
  },
  importOnnx: (onnx: Uint8Array, name: string, calibration?: Calibration) => importOnnx(onnx, name, calibration),
};

export type Calls = typeof calls;

self.onmessage = async ({ data: { id, name, args } }: MessageEvent) => {
  try {
    await ready;
    const call = calls[name as keyof Calls] as (...args: unknown[]) => unknown;
    self.postMessage({ id, value: await call(...args) });
  } catch (error) {
    const { message, name } = error instanceof Error ? error : new Error(String(error));
    self.postMessage({ id, error: message, kind: name });
  }
};
