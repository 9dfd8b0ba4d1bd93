// Finds the job of a request again, whose answer to "which job is it?" was lost: by a crash, or a page loaded again.

import { blake2AsHex, decodeAddress, u8aToHex } from '@dedot/utils';
import type { FheMlPrimitivesRecordsJobRecord as JobRecord } from './chaintypes/index.js';
import type { FheMlClient } from './connect.js';

/** Jobs that are read at one time. */
const AT_ONCE = 64;

/** A request that the chain has taken. */
export interface Requested {
  job: number;
  record: JobRecord;
}

/**
 * The youngest job of an account with this input that was requested in block `since` or later; nothing if there is none.
 * @param query of a light client: `(await finalized(api)).query`
 */
export async function jobOfInput(
  query: FheMlClient['query'],
  account: string,
  input: Uint8Array,
  since: number,
): Promise<Requested | undefined> {
  const [owner, hash] = [u8aToHex(decodeAddress(account)), blake2AsHex(input, 256)];
  for (let end = Number(await query.fheMl.nextJob()); end > 0; end -= AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, end) }, (_, at) => end - 1 - at);
    const records = await query.fheMl.jobs.multi(numbers.map(BigInt));
    for (const [at, record] of records.entries()) {
      if (!record) continue; // Its owner has released it.
      if (record.requestedAt < since) return undefined;
      if (record.owner.raw === owner && record.input === hash) return { job: numbers[at] as number, record };
    }
  }
  return undefined;
}
