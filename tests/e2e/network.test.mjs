// Four authorities, each of them a worker: they share the work evenly, die by kill -9 in the middle of a
// queue, come back, and new ones join.

import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { u8aToHex } from '@polkadot/util';
import { fheMl, history, model, Node, scratch, until } from './harness.mjs';
import {
  allFinished,
  balancedBooks,
  best,
  bootAddress,
  localNetwork,
  NAMES,
  predictRight,
  registerModel,
  sendAll,
} from './network.mjs';
import { account } from './polkadot.mjs';

let nodes = {};
let late;
let keys;
let artifact;
before(async () => {
  nodes = await localNetwork();
  ({ keys, artifact } = await registerModel(nodes.alice));
});
after(() => Promise.all([...Object.values(nodes), late].map((node) => node?.stop())));

/** Predicts rows through bob's node; all of them must be right. */
const predict = (count) => predictRight(nodes.bob, keys, `0..${count}`);

const workers = () => fheMl('worker', 'list', '--url', nodes.bob.url);
const workerOf = async (operator) => (await workers()).find((worker) => worker.operator === operator);
const DAVE = '5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy';
const EVE = '5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw';
const QUEUE = Number(process.env.FHE_ML_QUEUE ?? 1000);
// Pay for queues, none of them for more jobs than an account may have; not the operator that joins while one is
// on its way.
const payers = ['//Ferdie', '//Ferdie//stash', '//Alice//stash', '//Bob//stash', '//Charlie//stash'].map(account);

/** Queues jobs of one row; the result must be the same for all. */
const queue = async (count) => {
  const file = join(nodes.alice.folder, 'row.input');
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
  const { requestInference } = nodes.bob.api.tx.fheMl;
  const share = Math.ceil(count / payers.length);
  await Promise.all(
    payers.map((payer, at) => {
      const length = Math.min(share, count - at * share);
      const calls = Array.from({ length }, () => requestInference(0, null, input, 10n ** 12n, 1));
      return sendAll(nodes.bob, calls, payer);
    }),
  );
};

/** All of the newest `count` jobs are completed, with one result. */
const allCompleted = (jobs, count) => {
  const newest = jobs.sort((a, b) => b.number - a.number).slice(0, count);
  assert.equal(newest.length, count);
  const results = new Set(
    newest.map(({ number, job }) => {
      assert.ok(job.status.isCompleted, `job ${number}: ${job.status}`);
      return job.status.asCompleted.result.toHex();
    }),
  );
  assert.equal(results.size, 1);
};

test('four workers share a long queue within 10 %, and each is paid for its own', async () => {
  const start = Date.now();
  await queue(QUEUE);
  const jobs = await allFinished(nodes.bob, QUEUE, 600);
  console.log(`${QUEUE} jobs in ${(Date.now() - start) / 1000} s`);
  allCompleted(jobs, QUEUE);
  const quotes = await fheMl('quote', '--model', '0', '--url', nodes.bob.url);
  for (const { event } of await history(nodes.bob.api, 'InferenceCompleted')) {
    assert.equal(event.data.fee.toString(), quotes[0].fee);
  }
  const shares = [...(await balancedBooks(nodes.bob)).values()];
  console.log(`shares of the workers: ${shares}`);
  assert.equal(shares.length, NAMES.length);
  for (const share of shares) {
    assert.ok(Math.abs(share / (QUEUE / NAMES.length) - 1) <= 0.1, `shares ${shares}`);
  }
});

test('kill -9 of workers and block authors in the middle of a queue loses nothing', async () => {
  const before = (await nodes.bob.api.query.fheMl.nextJob()).toNumber();
  const sending = queue(QUEUE);
  let kills = 0;
  // All four author blocks and work; bob is spared for the transactions that go in through it.
  for (const name of ['alice', 'dave', 'charlie', 'alice']) {
    await sleep(5_000);
    await nodes[name].kill();
    kills += 1;
    await sleep(3_000);
    await nodes[name].start();
  }
  await sending;
  const jobs = await allFinished(nodes.bob, before + QUEUE, 600);
  console.log(`${QUEUE} jobs and ${kills} times kill -9`);
  allCompleted(jobs, QUEUE);
  await balancedBooks(nodes.bob);
  await resumeAll();
});

/** Resumes workers that were suspended because they were dead for too long. */
const resumeAll = async () => {
  const suris = new Map(
    NAMES.map((name) => {
      const suri = `//${name[0].toUpperCase()}${name.slice(1)}`;
      return [account(suri).address, suri];
    }),
  );
  for (const { worker, status, operator } of await workers()) {
    if (status !== 'suspended') continue;
    await fheMl('worker', 'resume', '--worker', worker, '--suri', suris.get(operator), '--url', nodes.bob.url);
  }
};

test('the jobs of a worker that stays dead go to the others', async () => {
  const { worker, bond, missed } = await workerOf(DAVE);
  const before = (await history(nodes.bob.api, 'WorkerSuspended')).length;
  await nodes.dave.kill();
  await predict(16);
  const suspended = (await history(nodes.bob.api, 'WorkerSuspended')).slice(before);
  assert.ok(suspended.length > 0, 'dave was given no job of 16');
  for (const { event } of suspended) assert.equal(event.data.worker.toHex(), worker);
  assert.deepEqual(await history(nodes.bob.api, 'InferenceExpired'), []);
  const after = await workerOf(DAVE);
  assert.equal(after.status, 'suspended');
  // Of all its jobs that others had to do, it pays for the first.
  assert.equal(suspended.length, 1);
  assert.ok(after.missed > missed);
  const penalties = suspended.reduce((sum, { event }) => sum + event.data.penalty.toBigInt(), 0n);
  assert.equal(BigInt(after.bond), BigInt(bond) - penalties);
  assert.equal(after.open_jobs, 0);
});

test('it comes back, resumes and works again', async () => {
  await nodes.dave.start();
  const { worker } = await workerOf(DAVE);
  await until('dave to catch up', async () => (await best(nodes.dave)) + 2 >= (await best(nodes.bob)));
  await fheMl('worker', 'resume', '--worker', worker, '--suri', '//Dave', '--url', nodes.bob.url);
  assert.equal((await workerOf(DAVE)).status, 'active');
  const before = nodes.dave.logged(': evaluated in').length;
  await until(
    'a job for dave',
    async () => {
      await predict(8);
      return nodes.dave.logged(': evaluated in').length > before;
    },
    120,
  );
});

const lateNode = (options) =>
  new Node(
    ['--chain', 'local', '--name', 'late', '--offchain-worker', 'always', '--bootnodes', bootAddress(nodes.alice)],
    options,
  ).start();

/** Predicts until the late node has completed a job more. */
const lateWorks = async () => {
  const { completed } = await workerOf(EVE);
  await until(
    'a job for the late worker',
    async () => {
      await predict(8);
      return (await workerOf(EVE)).completed > completed;
    },
    120,
  );
};

test('a node that joins late syncs while jobs run, joins the workers and works', async () => {
  const running = queue(200);
  late = await lateNode();
  await until('the late node to sync', async () => (await best(late)) + 1 >= (await best(nodes.bob)));
  // Its pool takes transactions only some blocks later, which the tool waits for.
  const [{ worker }] = await fheMl('worker', 'join', '--suri', '//Eve', '--url', late.url);
  assert.equal((await workerOf(EVE)).worker, worker);
  await running;
  await lateWorks();
});

test('on a new machine with its backup it goes on where it was, and leaves', async () => {
  const peer = String(await late.api.rpc.system.localPeerId());
  await late.kill();
  const folder = scratch();
  const [chain] = readdirSync(join(late.base, 'chains'));
  for (const part of ['keystore', 'network']) {
    const inside = join('chains', chain, part);
    cpSync(join(late.base, inside), join(folder, 'chain', inside), { recursive: true });
  }
  late = await lateNode({ folder });
  assert.equal(String(await late.api.rpc.system.localPeerId()), peer);
  await until('the new machine to sync', async () => (await best(late)) + 1 >= (await best(nodes.bob)));
  const { worker, status } = await workerOf(EVE);
  if (status === 'suspended') {
    await fheMl('worker', 'resume', '--worker', worker, '--suri', '//Eve', '--url', nodes.bob.url);
  }
  await lateWorks();
  const options = ['--worker', worker, '--suri', '//Eve', '--url', nodes.bob.url];
  await fheMl('worker', 'leave', ...options);
  assert.match((await workerOf(EVE)).status, /^leaves, bond free in block \d+$/);
  await assert.rejects(fheMl('worker', 'withdraw', ...options), (error) => /BondNotFree/.test(error.stderr));
  const stranger = fheMl('worker', 'leave', '--worker', worker, '--suri', '//Bob', '--url', nodes.bob.url);
  await assert.rejects(stranger, (error) => /NotWorkerOperator/.test(error.stderr));
  await allFinished(nodes.bob, 2 * QUEUE + 200, 120);
  await balancedBooks(nodes.bob);
});
