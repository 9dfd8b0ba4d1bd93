// Four authorities, each of them a worker: they share the work, one of them dies, its jobs go to the
// others, it comes back, and a new worker joins.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fheMl, history, model, Node, until } from './harness.mjs';

const BOOT_PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'; // of node key 1
const NAMES = ['alice', 'bob', 'charlie', 'dave'];
const nodes = {};
let keys;

before(async () => {
  for (const [at, name] of NAMES.entries()) {
    const boot = at && ['--bootnodes', `/ip4/127.0.0.1/tcp/${nodes.alice.p2p}/p2p/${BOOT_PEER}`];
    const key = '0'.repeat(63) + (at + 1);
    nodes[name] =
      await new Node(['--chain', 'local', `--${name}`, '--node-key', key, ...(boot || [])]).start();
  }
  await until('finality', async () => {
    const { api } = nodes.dave;
    const finalized = await api.rpc.chain.getFinalizedHead();
    return (await api.rpc.chain.getHeader(finalized)).number.toNumber() > 0;
  }, 120);
  keys = join(nodes.alice.folder, 'keys');
  const artifact = join(nodes.alice.folder, 'model.fheml');
  await fheMl('keygen', '--out', keys);
  await fheMl('model', 'import', model('breast_cancer_logistic.onnx'), '--output', artifact,
    '--calibration', model('breast_cancer.train.csv'));
  await fheMl('model', 'register', artifact, '--suri', '//Alice', '--url', nodes.alice.url);
});
after(() => Promise.all(Object.values(nodes).map((node) => node.stop())));

const { prediction: expected } =
  JSON.parse(readFileSync(model('breast_cancer_logistic.expected.json')));

/** Predicts rows through bob's node; all of them must be right. */
const predict = async (count) => {
  const rows = await fheMl('predict', '--model', '0', '--input', model('breast_cancer.test.csv'),
    '--rows', `0..${count}`, '--key', keys, '--suri', '//Bob', '--url', nodes.bob.url);
  assert.equal(rows.length, count);
  rows.forEach((row) => assert.equal(row.prediction, expected[row.row]));
};

const workers = () => fheMl('worker', 'list', '--url', nodes.bob.url);
const workerOf = async (operator) =>
  (await workers()).find((worker) => worker.operator === operator);
const DAVE = '5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy';
const EVE = '5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw';

test('four workers share the jobs, and each is paid for its own', async () => {
  await predict(40);
  for (const name of NAMES) {
    assert.ok(nodes[name].logged(': evaluated in').length > 0, `${name} had no job of 40`);
  }
  const completed = await history(nodes.bob.api, 'InferenceCompleted');
  const payers = new Set(completed.map(({ event }) => event.data.worker.toHex()));
  assert.equal(payers.size, 4);
  const quotes = await fheMl('quote', '--model', '0', '--url', nodes.bob.url);
  for (const { event } of completed) assert.equal(event.data.fee.toString(), quotes[0].fee);
});

test('the jobs of a worker that dies go to the others', async () => {
  const { worker, bond } = await workerOf(DAVE);
  await nodes.dave.kill();
  await predict(16);
  const suspended = await history(nodes.bob.api, 'WorkerSuspended');
  assert.ok(suspended.length > 0, 'dave was given no job of 16');
  suspended.forEach(({ event }) => assert.equal(event.data.worker.toHex(), worker));
  const reassigned = await history(nodes.bob.api, 'InferenceReassigned');
  assert.equal(reassigned.length, suspended.length);
  assert.deepEqual(await history(nodes.bob.api, 'InferenceExpired'), []);
  const after = await workerOf(DAVE);
  assert.equal(after.status, 'suspended');
  const penalties = suspended.reduce((sum, { event }) => sum + event.data.penalty.toBigInt(), 0n);
  assert.equal(BigInt(after.bond), BigInt(bond) - penalties);
  assert.equal(after.open_jobs, 0);
});

test('it comes back, resumes and works again', async () => {
  await nodes.dave.start();
  const { worker } = await workerOf(DAVE);
  await until('dave to catch up', async () => {
    const number = async (node) => (await node.api.rpc.chain.getHeader()).number.toNumber();
    return (await number(nodes.dave)) + 2 >= (await number(nodes.bob));
  });
  await fheMl('worker', 'resume', '--worker', worker, '--suri', '//Dave', '--url', nodes.bob.url);
  assert.equal((await workerOf(DAVE)).status, 'active');
  const before = nodes.dave.logged(': evaluated in').length;
  await until('a job for dave', async () => {
    await predict(8);
    return nodes.dave.logged(': evaluated in').length > before;
  }, 120);
});

test('a new worker joins, works, leaves, and its bond stays held until it is free', async () => {
  const [{ worker }] =
    await fheMl('worker', 'join', '--suri', '//Eve', '--url', nodes.dave.url);
  assert.equal((await workerOf(EVE)).worker, worker);
  const done = async () =>
    (await history(nodes.bob.api, 'InferenceCompleted'))
      .filter(({ event }) => event.data.worker.toHex() === worker).length;
  await until('a job for the new worker', async () => {
    await predict(8);
    return (await done()) > 0;
  }, 120);
  const options = ['--worker', worker, '--suri', '//Eve', '--url', nodes.bob.url];
  await fheMl('worker', 'leave', ...options);
  assert.match((await workerOf(EVE)).status, /^leaves, bond free in block \d+$/);
  await assert.rejects(fheMl('worker', 'withdraw', ...options), (error) =>
    /BondNotFree/.test(error.stderr));
  const stranger = fheMl('worker', 'leave', '--worker', worker, '--suri', '//Bob', '--url',
    nodes.bob.url);
  await assert.rejects(stranger, (error) => /NotWorkerOperator/.test(error.stderr));
});
