// How many rows are cut into requests: as the tool does it, `crates/client/src/commands/predict/plan.rs`, with its numbers.

import type { FheMlClient } from './connect.js';
import { pricesOf, sizeOf, workOf } from './fees.js';

/**
 * Work units of a request, about a microsecond of one core each: some seconds, so that several workers share a file, and
 * what a crash costs is little.
 */
export const WORK_OF_REQUEST = 4_000_000n;
/** Requests that are on their way at one time. */
export const REQUESTS_AT_ONCE = 32;
/** Bytes of inputs that are on their way at one time: a block has room for 3.75 MiB of transactions. */
export const BYTES_AT_ONCE = 12 * 2 ** 20;

/** How rows are cut into requests. */
export interface Plan {
  /** Rows of a request. */
  rows: number;
  /** Requests that are on their way at one time. */
  atOnce: number;
}

/** What a plan is made for. */
export interface Planned {
  /** Workers of a request [default: 1]. */
  redundancy?: number;
  /** Most rows of a request [default: some seconds of work]. */
  wanted?: number;
  /** Work units of a request, if `wanted` does not say more [default: {@link WORK_OF_REQUEST}]. */
  work?: bigint;
}

/**
 * How many rows a request of a model should have, and how many requests should be under way, within what the chain lets
 * an account have open. The `fhe-ml` tool has the same plan.
 * @param mostRows `model.mostRows()`; 1 for image filters
 */
export function planOf(api: FheMlClient, artifact: Uint8Array, mostRows: number, planned: Planned = {}): Plan {
  const { redundancy = 1, wanted, work: seconds = WORK_OF_REQUEST } = planned;
  const [prices, accountWork] = [pricesOf(api), api.consts.fheMl.maxAccountWork];
  const work = (rows: number) => workOf(prices, artifact, redundancy, rows);
  const most = Math.min(Math.max(wanted ?? mostRows, 1), mostRows);
  // Who names a number gets it, as far as the chain takes it.
  const target = wanted === undefined && seconds < accountWork ? seconds : accountWork;
  let rows = 1;
  while (rows < most && work(rows + 1) <= target) rows += 1;
  const byWork = Number(accountWork / work(rows));
  const byBytes = Math.floor(BYTES_AT_ONCE / sizeOf(artifact, rows).inputBytes);
  return { rows, atOnce: Math.max(1, Math.min(byWork, byBytes, REQUESTS_AT_ONCE)) };
}

/** Rows of each request of so many rows. */
export function requestsOf({ rows }: Plan, all: number): number[] {
  return Array.from({ length: Math.ceil(all / rows) }, (_, at) => Math.min(rows, all - at * rows));
}
