/**
 * Keys, encryption and decryption for fhe-ml.
 *
 * Call {@link init} once, then everything is synchronous. Secrets stay in this process: nothing here
 * talks to a network. In a browser, run it in a Web Worker, since making keys takes a moment.
 *
 * @packageDocumentation
 */

import type { ModelOwner, OwnerKey } from './owner-keys.js';
import initWasm, * as wasm from './wasm/fhe_ml_wasm.js';

export type { AnswerStore, ModelOwner } from './owner-keys.js';
export { answersInBrowser, KeyUsedUp, OwnerKey, OwnerKeys } from './owner-keys.js';
export { classesOf, isRegression, rangesOf } from './ranges.js';

/**
 * Answers after which a key for an owner of private models is used up. A reaction to one of two classes has a bit, so an
 * owner learns at most as many of the 2,048 bits of the key.
 */
export const mostAnswers = (): number => wasm.mostAnswers();

/** Loads the WebAssembly module: from next to this file, a URL, a response, or its bytes. */
export async function init(module?: wasm.InitInput): Promise<void> {
  await (module === undefined ? initWasm() : initWasm({ module_or_path: module }));
}

/** Bytes as the chain's RPC has them. */
export type Hex = `0x${string}`;

/** A class, a value, or several values. */
export type Label = number | string | number[];

/** What stands in one column of a row: a number, a text; `null` or NaN if it is missing. */
export type Cell = number | string | null;

/** The values of a row in the order of the card's features, or by name. */
export type Row = ArrayLike<Cell> | Record<string, Cell>;

/** What a model predicts for one row. */
export interface Prediction {
  /** The predicted class, value or values. */
  prediction: Label;
  /** What the ONNX model reports: a probability or score per class, or the predicted values. */
  scores: number[];
  /** The decrypted outputs of the circuit, before any transform. */
  raw_scores: number[];
  /** Whether the two best classes are closer to each other than the model's scores are exact. */
  tie?: true;
}

/** Sizes in bytes. */
export interface Sizes {
  /** Of an input of one row. */
  input: number;
  /** Of its result. */
  result: number;
  /** Of the server key that evaluation needs; 0 for linear models. */
  server_key: number;
  /** Of the bootstrap key that deep networks need besides. */
  bootstrap_key?: number;
}

/** What a model is and what its encrypted form costs. */
export interface PublicCard {
  name: string;
  /** Kind of the evaluated circuit, for people. */
  kind: string;
  sizes: Sizes;
  /** Probability that a result decrypts wrongly. */
  decryption_failure_probability: number;
  [more: string]: unknown;
}

/** Names of classes. */
export type Classes = { integers: number[] } | { strings: string[] };

/** The card of a model that one can use. */
export interface ModelCard extends PublicCard {
  /** Names of the features, in the order of a row. */
  features: string[];
  /** Whether the model or its calibration file named them. */
  features_are_named: boolean;
  /** The features that are text, with the texts that the model knows, if it tells them. */
  text?: { feature: number; known: string[] }[];
  /** What is computed of the features on this machine before they are encrypted, and the names of what comes of it. */
  before?: { columns: string[] };
  /** What is made of its outputs: one of the classes, or values; perhaps by a program on this machine. */
  task:
    | { classification: { classes: Classes } }
    | { regression: object }
    | { computed: { label: number | null; classes: Classes | null } };
  /** How exact the quantised model is; not of encrypted models. */
  quantisation?: {
    /** Of a model whose scores have noise: the standard deviation of each output. Show such scores to nobody. */
    score_deviations?: number[];
    /** Of such a classifier: the share of calibration rows whose class one evaluation changes. */
    changed_classes?: number;
    [more: string]: unknown;
  };
}

/** What the owner of a private model shows of it to whoever asks, and what not; in words. */
export interface Told {
  /** What everybody reads in the artifact. */
  public: string[];
  /** What answers tell. */
  answers: string[];
  /** What neither tells. */
  hidden: string[];
}

/** What a private model answers. */
export interface PrivateAnswer {
  /** The class, value or values. */
  prediction: Label;
  /** How many answers the key has decrypted, with this one. */
  count: number;
  /**
   * What the prediction was made of. Made-up scores tell whoever sees them bits of the client key, and nobody but the
   * evaluators can tell whether they are made up: show them to nobody.
   */
  scores(): Pick<Prediction, 'scores' | 'raw_scores'>;
}

/** A client key, which is secret, and its server key, which is public. */
export class Keys {
  /** @internal */
  constructor(readonly inner: wasm.Keys) {}

  /** Makes a new pair. Takes a fraction of a second. */
  static generate(): Keys {
    return new Keys(wasm.Keys.generate());
  }

  /**
   * Reads the files that `fhe-ml keygen` writes.
   * @param clientKey bytes of `client.key`
   * @param serverKey bytes of `server.key`, if you have them
   * @throws if they are no keys, or do not belong together
   */
  static read(clientKey: Uint8Array, serverKey?: Uint8Array): Keys {
    return new Keys(wasm.Keys.read(clientKey, serverKey));
  }

  /** The bytes of `client.key`. Whoever has them can read your data. */
  clientKey(): Uint8Array {
    return this.inner.clientKey();
  }

  /** The bytes of `server.key`, for `fheMl.registerServerKey`. */
  serverKey(): Uint8Array | undefined {
    return this.inner.serverKey();
  }

  /** The bytes of the bootstrap key, for `fheMl.registerBootstrapKey`: deep networks take it beside the server key. */
  bootstrapKey(): Uint8Array {
    return this.inner.bootstrapKey();
  }

  /** How the chain names the server key (`0x...`), for `fheMl.requestInference`. */
  serverKeyHash(): Hex {
    return toHex(this.inner.serverKeyHash());
  }

  /**
   * The keys number `number` for an owner of private models, derived from these: always the same, and the same as the
   * `fhe-ml` tool's. Take them from {@link OwnerKeys}, which knows the newest number and counts answers.
   */
  forOwner({ chain, account }: ModelOwner, number: number): Keys {
    return new Keys(this.inner.forOwner(fromHex(chain), fromHex(account), number));
  }

  /** Wipes the client key from memory. The keys cannot be used any more. */
  free(): void {
    this.inner.free();
  }
}

/**
 * A result that is not what the model gives on the input: its worker lied, or runs another version. Show
 * and publish nothing of it, ask again with a redundancy of 3, and report the worker.
 */
export class WrongResult extends Error {
  override readonly name = 'WrongResult';

  /** @param part the first part of the result that is wrong: what `fheMl.challenge` takes */
  constructor(readonly part: number) {
    super(
      'the result is not what the model gives on this input: its worker lied or runs another version. ' +
        'Nothing of it is decrypted; publish nothing, ask again with redundancy 3, and report the worker',
    );
  }
}

/** How a result is decrypted. */
export interface Decryption {
  /** The server key to verify with [default: that of the keys]. */
  serverKey?: Uint8Array;
  /** The bootstrap key, beside a `serverKey`, to verify a deep network with. */
  bootstrapKey?: Uint8Array;
  /**
   * Decrypt without verifying. A worker that lies can then learn the client key from the scores that you
   * show or act upon.
   */
  trustWorker?: boolean;
}

/** A model: encrypts rows for it, verifies its results and decrypts them. */
export class Model {
  private readonly inner: wasm.Model;

  /**
   * @param artifact bytes of `fheMl.modelArtifacts(model)` or of a `.fheml` file
   * @param encrypted of an encrypted model: the schema that belongs to it, and the keys it is for
   * @throws if it is no model, or not for these keys
   */
  constructor(artifact: Uint8Array, encrypted?: { schema: Uint8Array; keys: Keys }) {
    this.inner = new wasm.Model(artifact, encrypted?.schema, encrypted?.keys.clientKey());
  }

  /** Name, features, sizes, exactness and cost. */
  card(): ModelCard {
    return JSON.parse(this.inner.card()) as ModelCard;
  }

  /**
   * Whether nobody but the evaluators that its owner names can evaluate it, and so verify its results: `answer` opens
   * them, and `decrypt` does not.
   */
  isPrivate(): boolean {
    return this.inner.isPrivate();
  }

  /** What the owner of a private model shows of it; nothing for other models. */
  told(): Told | undefined {
    const told = this.inner.told();
    return told === undefined ? undefined : (JSON.parse(told) as Told);
  }

  /** BLAKE2b-256 hash of the artifact (`0x...`). */
  hash(): Hex {
    return toHex(this.inner.hash());
  }

  /**
   * Encrypts a row: the `input` of `fheMl.requestInference`.
   * @throws if a feature is unknown, of another type or out of the model's range, or missing where the model needs it
   */
  encrypt(keys: Keys, row: Row): Uint8Array {
    return this.inner.encrypt(keys.inner, values(row, this.card().features));
  }

  /** Most rows of one request. How many it should have says `planOf`. */
  mostRows(): number {
    return this.inner.mostRows();
  }

  /**
   * Encrypts rows as one `input` of `fheMl.requestInference`: one request, job and result. Of one row it is what
   * {@link encrypt} makes.
   * @param first number of the first row, for what is said of a wrong one
   * @throws if there is no row, or more than an input may have, or if one is wrong: see {@link encrypt}
   */
  encryptRows(keys: Keys, rows: Row[], first = 0): Uint8Array {
    const { features } = this.card();
    const texts = rows.map((row, at) => {
      try {
        return values(row, features);
      } catch (error) {
        throw new Error(`row ${first + at}: ${(error as Error).message}`);
      }
    });
    return this.inner.encryptRows(keys.inner, texts, first);
  }

  /**
   * Evaluates the model on the input again, and compares: every honest worker gets exactly these bytes.
   * @param key the keys, or the bytes of the server key; nothing for models that need none
   * @param bootstrapKey the bytes of the bootstrap key beside those of the server key, for deep networks
   * @throws {@link WrongResult} if the result is another one
   * @throws if it cannot be verified, for example without the server key
   */
  verify(key: Keys | Uint8Array | undefined, input: Uint8Array, result: Uint8Array, bootstrapKey?: Uint8Array): void {
    const wrong =
      key instanceof Keys
        ? this.inner.wrongPart(key.inner, input, result)
        : this.inner.wrongPartWith(key, bootstrapKey, input, result);
    if (wrong !== undefined) throw new WrongResult(wrong);
  }

  /**
   * Whether the result that is there now is to be verified: every one, unless an evaluation takes more than
   * a second. Then the first, and at random at least one in eight. {@link decrypt} asks this itself.
   */
  picksResult(): boolean {
    return this.inner.picksResult();
  }

  /**
   * Verifies a result of one row, as `fheMl.results(job)` has it, and decrypts it.
   * @param input the encrypted row that the job was requested with: your own, not what a node says
   * @throws {@link WrongResult} if the model does not give it
   * @throws if the result belongs to another input or key, has several rows, if there is no server key to verify with,
   * or if the model is private
   */
  decrypt(keys: Keys, input: Uint8Array, result: Uint8Array, options: Decryption = {}): Prediction {
    if (this.isPrivate()) throw new Error('this model is private, and nobody can verify what it answers: use `answer`');
    this.check(keys, input, result, options);
    return JSON.parse(this.inner.decrypt(keys.inner, input, result)) as Prediction;
  }

  /**
   * Verifies a result of any number of rows, and decrypts it: a prediction of each row, in their order.
   * @param input what {@link encryptRows} has made: your own, not what a node says
   * @throws {@link WrongResult} if the model does not give it
   * @throws if the result belongs to another input or key, if there is no server key to verify with, or if the model
   * is private
   */
  decryptRows(keys: Keys, input: Uint8Array, result: Uint8Array, options: Decryption = {}): Prediction[] {
    if (this.isPrivate())
      throw new Error('this model is private, and nobody can verify what it answers: use `answers`');
    this.check(keys, input, result, options);
    return JSON.parse(this.inner.decryptRows(keys.inner, input, result)) as Prediction[];
  }

  /**
   * Decrypts what a private model answers. Nobody but its owner's evaluators can verify that, and a made-up answer tells
   * whoever sees what you do with it bits of the client key: so it is counted first, and a key serves one owner and at
   * most {@link mostAnswers} answers. Before you pay, ask `key.room` whether there is room for it.
   * @param key that of the model's owner, with which the row was encrypted
   * @param input the encrypted row that the job was requested with: your own, not what a node says
   * @param step the value of a regression is rounded to a multiple of it, which tells fewer bits than all of its digits
   * @throws {@link KeyUsedUp}
   * @throws if the result belongs to another input or key, or if the model gives it for no row
   */
  async answer(key: OwnerKey, input: Uint8Array, result: Uint8Array, step?: number): Promise<PrivateAnswer> {
    if (!this.isPrivate()) throw new Error('this model is not private: `decrypt` verifies what it answers');
    const count = await key.add();
    const text = this.inner.decrypt(key.keys.inner, input, result, step);
    return privateAnswer(JSON.parse(text) as Prediction, count);
  }

  /**
   * As {@link answer}, for an input of any number of rows: an answer to each, in their order. Every row counts as an
   * answer, and all are counted before the first is decrypted.
   * @throws {@link KeyUsedUp}
   * @throws if the result belongs to another input or key, or if the model gives it for no rows
   */
  async answers(key: OwnerKey, input: Uint8Array, result: Uint8Array, step?: number): Promise<PrivateAnswer[]> {
    if (!this.isPrivate()) throw new Error('this model is not private: `decryptRows` verifies what it answers');
    const rows = rowsOf(input);
    const before = (await key.add(rows)) - rows;
    const text = this.inner.decryptRows(key.keys.inner, input, result, step);
    return (JSON.parse(text) as Prediction[]).map((row, at) => privateAnswer(row, before + at + 1));
  }

  /** What the same model says without encryption; not for encrypted or private models. */
  predictClear(row: Row): Prediction {
    return JSON.parse(this.inner.predictClear(values(row, this.card().features))) as Prediction;
  }

  /** What a collator does: evaluates the model on an input. Any honest one gets these bytes. */
  evaluate(serverKey: Uint8Array | undefined, input: Uint8Array, bootstrapKey?: Uint8Array): Uint8Array {
    return this.inner.evaluate(serverKey, bootstrapKey, input);
  }

  /** Frees its memory. */
  free(): void {
    this.inner.free();
  }

  /** Verifies a result, if it is to be. */
  private check(keys: Keys, input: Uint8Array, result: Uint8Array, decryption: Decryption): void {
    const { serverKey, bootstrapKey, trustWorker } = decryption;
    if (!trustWorker && this.picksResult()) this.verify(serverKey ?? keys, input, result, bootstrapKey);
  }
}

/**
 * How many rows an input has.
 * @throws if it is no input
 */
export const rowsOf = (input: Uint8Array): number => wasm.rowsOf(input);

const privateAnswer = ({ prediction, ...scores }: Prediction, count: number): PrivateAnswer => ({
  prediction,
  count,
  scores: () => scores,
});

/** The image filters that there are. */
export const FILTERS = [
  'identity',
  'inverted',
  'rotate',
  'black-and-white',
  'blur',
  'sharpen',
  'ridge-detection',
] as const;
export type FilterName = (typeof FILTERS)[number];

/** The card of an image filter. */
export interface FilterCard extends PublicCard {
  filter: FilterName;
  /** Columns and rows of the images that it takes. */
  size: [number, number];
  /** Columns and rows of the images that it gives. */
  output_size: [number, number];
  channels: number;
  /** Channels of the images that it gives: three, or one. */
  output_channels: number;
}

/**
 * An image filter: encrypts images for it and decrypts its results. Images are bytes: red, green, blue of
 * each pixel, row by row; grey only where a filter gives one channel.
 */
export class Filter {
  private readonly inner: wasm.Filter;

  /**
   * @param artifact bytes of `fheMl.modelArtifacts(model)`, or of {@link imageFilter}
   * @throws if it is no image filter
   */
  constructor(artifact: Uint8Array) {
    this.inner = new wasm.Filter(artifact);
  }

  /** What it does, and to images of which size. */
  card(): FilterCard {
    return JSON.parse(this.inner.card()) as FilterCard;
  }

  /** BLAKE2b-256 hash of the artifact (`0x...`). */
  hash(): Hex {
    return toHex(this.inner.hash());
  }

  /** Encrypts an image of the card's size: the `input` of `fheMl.requestInference`. No server key. */
  encrypt(keys: Keys, image: Uint8Array): Uint8Array {
    return this.inner.encrypt(keys.inner, image);
  }

  /**
   * Filters the encrypted image again, and compares.
   * @throws {@link WrongResult} if the result is another one
   */
  verify(input: Uint8Array, result: Uint8Array): void {
    const wrong = this.inner.wrongPart(input, result);
    if (wrong !== undefined) throw new WrongResult(wrong);
  }

  /**
   * Verifies the filtered image, and decrypts it.
   * @throws {@link WrongResult} if the filter does not give it
   */
  decrypt(
    keys: Keys,
    input: Uint8Array,
    result: Uint8Array,
    options: Pick<Decryption, 'trustWorker'> = {},
  ): Uint8Array {
    if (!options.trustWorker) this.verify(input, result);
    return this.inner.decrypt(keys.inner, input, result);
  }

  /** The filtered image without encryption. */
  applyClear(image: Uint8Array): Uint8Array {
    return this.inner.applyClear(image);
  }

  /** What a collator does: filters an encrypted image. */
  evaluate(input: Uint8Array): Uint8Array {
    return this.inner.evaluate(input);
  }

  /** Frees its memory. */
  free(): void {
    this.inner.free();
  }
}

/** Makes the artifact of an image filter, for `fheMl.registerModel`. */
export function imageFilter(filter: FilterName, width: number, height: number): Uint8Array {
  return wasm.imageFilter(filter, width, height);
}

/** Rows that show the ranges of a model's features. */
export interface Calibration {
  /** Names of the features, in order. */
  columns: string[];
  /** One value per column and row; a number may be text, as it stands in a file. */
  rows: Cell[][];
}

/**
 * Compiles an ONNX model to an artifact, for `fheMl.registerModel`.
 * @throws if it has an operator that is not supported, or does not fit the noise budget
 */
export function importOnnx(onnx: Uint8Array, name: string, calibration?: Calibration): Uint8Array {
  const { columns = [], rows = [] } = calibration ?? {};
  const ragged = rows.findIndex((row) => row.length !== columns.length);
  if (ragged >= 0) throw new Error(`calibration row ${ragged} has not one value per column`);
  return wasm.importOnnx(onnx, name, columns, `[${rows.map((row) => cells(row, columns)).join()}]`);
}

/** What everybody can read of an artifact, be it encrypted or not. */
export function publicCard(artifact: Uint8Array): PublicCard {
  return JSON.parse(wasm.publicCard(artifact)) as PublicCard;
}

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Writes bytes as the chain's RPC has them. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${Array.from(bytes, (byte) => DIGITS[byte]).join('')}`;
}

/** @throws if it is no `0x...` of whole bytes */
export function fromHex(text: string): Uint8Array {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(text)) throw new Error('not hexadecimal bytes beginning with 0x');
  return Uint8Array.from({ length: text.length / 2 - 1 }, (_, at) =>
    Number.parseInt(text.slice(2 * at + 2, 2 * at + 4), 16),
  );
}

/** A row as JSON. */
function values(row: Row, features: string[]): string {
  if (isArrayLike(row)) return cells(Array.from(row), features);
  const missing = features.filter((name) => !(name in row));
  const unknown = Object.keys(row).filter((name) => !features.includes(name));
  if (missing.length + unknown.length > 0) {
    throw new Error(
      `the row's columns are not the model's features; missing: ${missing.join(', ') || 'none'}; ` +
        `unknown: ${unknown.join(', ') || 'none'}`,
    );
  }
  return cells(
    features.map((name) => row[name] ?? null),
    features,
  );
}

/** JSON has no infinity, and what is not a number is missing. */
function cells(row: Cell[], names: string[]): string {
  const infinite = row.findIndex((cell) => cell === Infinity || cell === -Infinity);
  if (infinite >= 0) throw new Error(`feature \`${names[infinite]}\` is not a finite number`);
  return JSON.stringify(row);
}

function isArrayLike(row: object): row is ArrayLike<Cell> {
  return 'length' in row && typeof row.length === 'number';
}
