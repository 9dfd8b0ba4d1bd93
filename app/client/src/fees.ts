// What an inference costs, computed here: a node may quote anything.

import type { FheMlClient } from './connect.js';

/** What the chain charges for, in its smallest units (10^-12 FHE), and what loading counts for in work units. */
export interface Prices {
  /** Every request, however many rows it has. */
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
/** Where it says whether there is a layout of rows, and where that is. */
const HAS_ROW_LAYOUT = 10;
const ROW_LAYOUT = 104;
/** Bytes before the first row of an input, and of a result. */
const INPUT_PREFIX = 96;
const RESULT_PREFIX = 24;
/** Kinds of circuits, in the header of an artifact, that need no server key. */
const KEYLESS = [1, 4, 6];

/** The prices in the constants of the chain's runtime. A light client has verified them. */
export function pricesOf(api: FheMlClient): Prices {
  const { baseFee, feePerWork, feePerByte, serverKeyWork, workPerKibibyte } = api.consts.fheMl;
  return { base: baseFee, work: feePerWork, byte: feePerByte, serverKeyWork, kibibyteWork: workPerKibibyte };
}

/** How the rows of a request lie in its result: as many as `rowsPerMask` share what is most of a result of one row. */
export interface RowLayout {
  /** Bytes of a row besides its share of that. */
  rowBytes: number;
  rowsPerMask: number;
  /** Work units of a row for sharing it, besides those of its evaluation. */
  packingWork: number;
}

/** What a request is charged for: an `Offer` says it, and the header of an artifact. Bytes and work are those of one row. */
export interface Charged {
  artifactBytes: number;
  inputBytes: number;
  resultBytes: number;
  work: number;
  needsServerKey: boolean;
  /** None if it is not known, or if the model takes one row per request. */
  rowLayout?: RowLayout | undefined;
}

/** What a request comes to: bytes of input and result, and work units of one worker without loading. */
export interface RequestSize {
  inputBytes: number;
  resultBytes: number;
  work: number;
}

function chargedFor(artifact: Uint8Array): Charged {
  const view = new DataView(artifact.buffer, artifact.byteOffset, artifact.byteLength);
  const layout = (at: number) => view.getUint32(ROW_LAYOUT + at, true);
  return {
    artifactBytes: artifact.length,
    inputBytes: view.getUint32(16, true),
    resultBytes: view.getUint32(20, true),
    work: Number(view.getBigUint64(24, true)),
    needsServerKey: !KEYLESS.includes(view.getUint8(CIRCUIT_KIND)),
    rowLayout:
      view.getUint16(HAS_ROW_LAYOUT, true) > 0
        ? { rowBytes: layout(0), rowsPerMask: layout(4), packingWork: layout(8) }
        : undefined,
  };
}

const charged = (model: Uint8Array | Charged) => (model instanceof Uint8Array ? chargedFor(model) : model);

/**
 * What a request of so many rows comes to.
 * @throws if there are several, and the model takes one row per request, or it is not known how they lie in its result
 */
export function sizeOf(model: Uint8Array | Charged, rows = 1): RequestSize {
  const { inputBytes, resultBytes, work, rowLayout } = charged(model);
  if (rows === 1) return { inputBytes, resultBytes, work };
  if (!rowLayout) throw new Error('the model takes one row per request');
  const { rowBytes, rowsPerMask, packingWork } = rowLayout;
  const maskBytes = resultBytes - RESULT_PREFIX - rowBytes;
  return {
    inputBytes: INPUT_PREFIX + rows * (inputBytes - INPUT_PREFIX),
    resultBytes: RESULT_PREFIX + Math.ceil(rows / rowsPerMask) * maskBytes + rows * rowBytes,
    work: rows * (work + packingWork),
  };
}

/** Work units of a request for all its workers, with what they load. */
export function workOf(prices: Prices, model: Uint8Array | Charged, redundancy = 1, rows = 1): bigint {
  const { artifactBytes, needsServerKey } = charged(model);
  const { inputBytes, work } = sizeOf(model, rows);
  const kibibytes = BigInt(Math.ceil((artifactBytes + inputBytes) / 1024));
  const key = needsServerKey ? prices.serverKeyWork : 0n;
  return (BigInt(work) + kibibytes * prices.kibibyteWork + key) * BigInt(redundancy);
}

/**
 * What the workers get for a request of so many rows, by the artifact of its model (`new Model(artifact)` has checked
 * what it says of itself), or by what the chain says of it.
 * @throws as {@link sizeOf}
 */
export function feeOf(prices: Prices, model: Uint8Array | Charged, redundancy = 1, rows = 1): bigint {
  const { inputBytes, resultBytes } = sizeOf(model, rows);
  const work = workOf(prices, model, redundancy, rows);
  return prices.base + work * prices.work + BigInt(inputBytes + resultBytes) * prices.byte;
}

/**
 * Most that should be paid for a request, the `maxFee` of `fheMl.requestInference`: a tenth more than by the chain's
 * prices, and never more than four times what it costs by those of this release.
 * @param price of a private model: what its user has agreed to pay the owner for a row, which nobody can compute
 * @param rows of the request
 * @throws as {@link sizeOf}
 */
export function mostFee(api: FheMlClient, artifact: Uint8Array, redundancy = 1, price = 0n, rows = 1): bigint {
  const fee = feeOf(pricesOf(api), artifact, redundancy, rows);
  const [most, ceiling] = [fee + fee / 10n, feeOf(RELEASE_PRICES, artifact, redundancy, rows) * 4n];
  return price * BigInt(rows) + (most < ceiling ? most : ceiling);
}
