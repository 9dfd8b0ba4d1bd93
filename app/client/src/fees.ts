// What an inference costs, computed here: a node may quote anything.

import type { FheMlClient } from './connect.js';

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
export function pricesOf(api: FheMlClient): Prices {
  const { baseFee, feePerWork, feePerByte, serverKeyWork, workPerKibibyte } = api.consts.fheMl;
  return { base: baseFee, work: feePerWork, byte: feePerByte, serverKeyWork, kibibyteWork: workPerKibibyte };
}

/** What an inference is charged for: an `Offer` says it, and the header of an artifact. */
export interface Charged {
  artifactBytes: number;
  inputBytes: number;
  resultBytes: number;
  work: number;
  needsServerKey: boolean;
}

function chargedFor(artifact: Uint8Array): Charged {
  const view = new DataView(artifact.buffer, artifact.byteOffset, artifact.byteLength);
  return {
    artifactBytes: artifact.length,
    inputBytes: view.getUint32(16, true),
    resultBytes: view.getUint32(20, true),
    work: Number(view.getBigUint64(24, true)),
    needsServerKey: !KEYLESS.includes(view.getUint8(CIRCUIT_KIND)),
  };
}

/**
 * What the workers get for one inference, by the artifact of its model (`new Model(artifact)` has checked what it says
 * of itself), or by what the chain says of it.
 */
export function feeOf(prices: Prices, model: Uint8Array | Charged, redundancy = 1): bigint {
  const { artifactBytes, inputBytes, resultBytes, ...charged } =
    model instanceof Uint8Array ? chargedFor(model) : model;
  const kibibytes = BigInt(Math.ceil((artifactBytes + inputBytes) / 1024));
  const key = charged.needsServerKey ? prices.serverKeyWork : 0n;
  const work = (BigInt(charged.work) + kibibytes * prices.kibibyteWork + key) * BigInt(redundancy);
  return prices.base + work * prices.work + BigInt(inputBytes + resultBytes) * prices.byte;
}

/**
 * Most that should be paid for one inference, the `maxFee` of `fheMl.requestInference`: a tenth more than by the
 * chain's prices, and never more than four times what it costs by those of this release.
 * @param price of a private model: what its user has agreed to pay the owner, which nobody can compute
 */
export function mostFee(api: FheMlClient, artifact: Uint8Array, redundancy = 1, price = 0n): bigint {
  const fee = feeOf(pricesOf(api), artifact, redundancy);
  const [most, ceiling] = [fee + fee / 10n, feeOf(RELEASE_PRICES, artifact, redundancy) * 4n];
  return price + (most < ceiling ? most : ceiling);
}
