// What an inference costs, computed here: a node may quote anything.

/* eslint-disable @typescript-eslint/no-explicit-any */

/** What the chain charges for, in its smallest units (10^-12 FHE), and what loading counts for in work units. */
export interface Prices {
  /** Every inference. */
  base: bigint;
  /** A work unit of one worker. */
  work: bigint;
  /** A byte of input and result. */
  byte: bigint;
  /** Work units of loading a server key. */
  serverKeyWork: bigint;
  /** Work units of loading a kibibyte of model and input. */
  kibibyteWork: bigint;
}

/** The prices of this release, rounded up where releases differ. */
export const RELEASE_PRICES: Prices = {
  base: 1_000_000_000n,
  work: 1_000_000n,
  byte: 100_000n,
  serverKeyWork: 50_000n,
  kibibyteWork: 20n,
};

/** Where the header of an artifact names the kind of its circuit. */
const CIRCUIT_KIND = 9;
/** Kinds of circuits, in the header of an artifact, that need no server key. */
const KEYLESS = [1, 4, 6];

/** The prices in the constants of the chain's runtime. A light client has verified them. */
export function pricesOf(api: any): Prices {
  const constants = api.consts.fheMl;
  const value = (name: string) => (constants[name] === undefined ? 0n : BigInt(constants[name].toString()));
  return {
    base: value('baseFee'),
    work: value('feePerWork'),
    byte: value('feePerByte'),
    // Runtimes before version 5 charge for evaluation only.
    serverKeyWork: value('serverKeyWork'),
    kibibyteWork: value('workPerKibibyte'),
  };
}

/** What one inference costs, by the artifact of its model. `new Model(artifact)` has checked what it says of itself. */
export function feeOf(prices: Prices, artifact: Uint8Array, redundancy = 1): bigint {
  const view = new DataView(artifact.buffer, artifact.byteOffset, artifact.byteLength);
  const [input, result] = [BigInt(view.getUint32(16, true)), BigInt(view.getUint32(20, true))];
  const kibibytes = (BigInt(artifact.length) + input + 1023n) / 1024n;
  const key = KEYLESS.includes(view.getUint8(CIRCUIT_KIND)) ? 0n : prices.serverKeyWork;
  const work = (view.getBigUint64(24, true) + kibibytes * prices.kibibyteWork + key) * BigInt(redundancy);
  return prices.base + work * prices.work + (input + result) * prices.byte;
}

/**
 * Most that should be paid for one inference, the `maxFee` of `fheMl.requestInference`: a tenth more than by the
 * chain's prices, and never more than four times what it costs by those of this release.
 */
export function mostFee(api: any, artifact: Uint8Array, redundancy = 1): bigint {
  const fee = feeOf(pricesOf(api), artifact, redundancy);
  const [most, ceiling] = [fee + fee / 10n, feeOf(RELEASE_PRICES, artifact, redundancy) * 4n];
  return most < ceiling ? most : ceiling;
}
