// The Web Worker that holds the keys and does the cryptography, so that the page never freezes.

import { Filter, importOnnx, init, Keys, Model, type Calibration } from '@fhe-ml/client';

const ready = init(new URL('fhe_ml_wasm_bg.wasm', self.location.href));
const models = new Map<string, Model>();
const filters = new Map<string, Filter>();
let keys: Keys | undefined;

function mine(): Keys {
  if (!keys) throw new Error('there are no keys yet');
  return keys;
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

/** What the page can ask for. */
const calls = {
  generate() {
    keys?.free();
    keys = Keys.generate();
    return { client: keys.clientKey(), server: keys.serverKey() as Uint8Array, hash: keys.serverKeyHash() };
  },
  load(client: Uint8Array, server: Uint8Array) {
    const read = Keys.read(client, server);
    keys?.free();
    keys = read;
    return { client, server, hash: keys.serverKeyHash() };
  },
  /** Reads an artifact; the page refers to it by its hash. */
  model(artifact: Uint8Array) {
    const read = new Model(artifact);
    models.set(read.hash(), read);
    return { hash: read.hash(), card: read.card() };
  },
  encrypt: (hash: string, row: number[]) => model(hash).encrypt(mine(), row),
  decrypt: (hash: string, input: Uint8Array, result: Uint8Array) => model(hash).decrypt(mine(), input, result),
  /** What somebody gets who has everything but the secret: a key of random bits under the same name. */
  decryptWrongly(hash: string, input: Uint8Array, result: Uint8Array) {
    const secretBytes = 256;
    const forged = mine().clientKey();
    crypto.getRandomValues(forged.subarray(forged.length - secretBytes));
    const stranger = Keys.read(forged);
    try {
      return model(hash).decrypt(stranger, input, result);
    } finally {
      stranger.free();
    }
  },
  /** Reads the artifact of an image filter. */
  filter(artifact: Uint8Array) {
    const read = new Filter(artifact);
    filters.set(read.hash(), read);
    return { hash: read.hash(), card: read.card() };
  },
  encryptImage: (hash: string, image: Uint8Array) => filter(hash).encrypt(mine(), image),
  decryptImage: (hash: string, input: Uint8Array, result: Uint8Array) => filter(hash).decrypt(mine(), input, result),
  importOnnx: (onnx: Uint8Array, name: string, calibration?: Calibration) => importOnnx(onnx, name, calibration),
};

export type Calls = typeof calls;

self.onmessage = async ({ data: { id, name, args } }: MessageEvent) => {
  try {
    await ready;
    const call = calls[name as keyof Calls] as (...args: unknown[]) => unknown;
    self.postMessage({ id, value: call(...args) });
  } catch (error) {
    self.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
};
