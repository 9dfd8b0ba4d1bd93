// What the faults share: queues of jobs, and what must be true when a fault is over.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fheMl, history, model, until } from '../e2e/harness.mjs';
import { allFinished, balancedBooks, best, sendAll } from '../e2e/network.mjs';
import { account, u8aToHex } from '../e2e/polkadot.mjs';

export { account };
export const ferdie = account('//Ferdie');

/** Why a fault that needs root cannot be tried here. */
export const needsRoot = process.getuid() === 0 ? false : 'needs root';

export const run = (command, ...args) =>
  execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    .toString()
    .trim();

/** A maker of requests for one encrypted row of model 0, as `registerModel` or `devNode` prepared it. */
export async function requests(node, { artifact, keys }) {
  const file = join(node.folder, 'fault.input');
  await fheMl(
    'encrypt',
    '--model',
    artifact,
    '--input',
    model('breast_cancer.test.csv'),
    '--key',
    keys,
    '--output',
    file,
  );
  const input = u8aToHex(readFileSync(file));
  return (through, count, redundancy = 1) =>
    sendAll(
      through,
      Array.from({ length: count }, () =>
        through.api.tx.fheMl.requestInference(0, null, input, 10n ** 12n, redundancy),
      ),
      ferdie,
    );
}

/** How many jobs there have been. */
export const jobsOf = async ({ api }) => (await api.query.fheMl.nextJob()).toNumber();

/**
 * The end of every fault: all jobs are finished, in one way each, with one result for all, and the books balance.
 * Says what was lost.
 */
export async function nothingLost(node, count, { seconds = 300, unfinished = () => false } = {}) {
  await until(`${count} requests in blocks`, async () => (await jobsOf(node)) >= count, seconds);
  const jobs = await allFinished(node, count, seconds);
  assert.equal(jobs.length, await jobsOf(node), 'a job is gone');
  const lost = jobs.filter(({ job: { status } }) => !status.isCompleted && !unfinished(status));
  assert.deepEqual(
    lost.map(({ number, job }) => `${number}: ${job.status}`),
    [],
    'jobs without a result',
  );
  await balancedBooks(node);
  const done = jobs.filter(({ job: { status } }) => status.isCompleted).length;
  console.log(`lost: nothing. ${done} of ${jobs.length} jobs completed; the books balance`);
  return jobs;
}

/** Waits until a node has the chain of another. */
export const caughtUp = (node, other, seconds = 180) =>
  until(
    'the node to catch up',
    async () => (await best(node)) + 2 >= (await best(other)) && (await sameChain(node, other)),
    seconds,
  );

/** Whether two nodes have the same block at the height of the one that is behind. */
export async function sameChain(node, other) {
  const number = Math.max(0, Math.min(await best(node), await best(other)) - 1);
  const hashes = await Promise.all([node, other].map(({ api }) => api.rpc.chain.getBlockHash(number)));
  return hashes[0].eq(hashes[1]);
}

/** Resumes all workers that were suspended while their nodes were away. */
export async function resumeAll(node, suris) {
  for (const { worker, status, operator } of await fheMl('worker', 'list', '--url', node.url)) {
    if (status !== 'suspended') continue;
    const suri = suris.find((name) => account(name).address === operator);
    await fheMl('worker', 'resume', '--worker', worker, '--suri', suri, '--url', node.url);
  }
}

/** Says who was suspended and what it cost. */
export async function suspensions(node) {
  const found = await history(node.api, 'WorkerSuspended');
  const cost = found.reduce((sum, { event }) => sum + event.data.penalty.toBigInt(), 0n);
  console.log(`suspensions: ${found.length}, penalties ${Number(cost) / 1e12} FHE`);
  return found;
}

/** The last lines of a node's log that are no chatter. */
export const lastWords = (node, count = 3) =>
  readFileSync(node.log, 'utf8')
    .trim()
    .split('\n')
    .filter((line) => !/Idle|Imported|finalized|Prepared block|Starting consensus/.test(line))
    .slice(-count)
    .join('\n');

export { sleep };
