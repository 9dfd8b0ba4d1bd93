// Whether the outcomes of jobs are final.

import type { FheMlClient } from './connect.js';

/** Whether anybody can still challenge the outcome of a job. */
export type Standing =
  | { state: 'final' }
  /** Before block `finalAt`, anybody can challenge it. */
  | { state: 'provisional'; finalAt: number }
  /** The chain evaluates the job itself; it has made `steps` of at most `stepsInAll` steps. */
  | { state: 'court'; steps: number; stepsInAll: number };

/**
 * Of jobs that have ended, in the order of their numbers.
 * @param query of a light client: `(await finalized(api)).query`
 */
export async function standingsOf(query: FheMlClient['query'], jobs: number[]): Promise<Standing[]> {
  const numbers = jobs.map(BigInt);
  const [provisional, trials] = await Promise.all([
    query.fheMl.provisional.multi(numbers),
    query.fheMl.trials.multi(numbers),
  ]);
  return jobs.map((_, at) => {
    const [trial, held] = [trials[at], provisional[at]];
    if (trial) return { state: 'court', steps: trial.steps, stepsInAll: trial.stepsInAll };
    return held ? { state: 'provisional', finalAt: held.finalAt } : { state: 'final' };
  });
}
