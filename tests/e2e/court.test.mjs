// Two workers, one of which flips a bit of every result, and users who ask nobody else: watchers find it out, the chain
// evaluates the job itself and puts the result right.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fheMl, history, LYING_NODE, model, scratch, send, until } from './harness.mjs';
import { balancedBooks, best, finalized, localNetwork } from './network.mjs';
import { account, u8aToHex } from './polkadot.mjs';

const EXPECTED = (name) => JSON.parse(readFileSync(model(`${name}.expected.json`)));
/** Requests until the liar has had its turn. */
const MOST_REQUESTS = 20;

let nodes = {};
let liar;
let keys;
let keyHash;
const bob = account('//Bob');
const folder = scratch();

before(async () => {
  nodes = await localNetwork({
    alice: { args: ['--watch', 'none'] },
    bob: { args: ['--watch', 'all'] },
    charlie: { args: ['--watch', 'none'] },
    dave: { binary: LYING_NODE, args: ['--watch', 'none'] },
  });
  const { api, url } = nodes.bob;
  const workers = await fheMl('worker', 'list', '--url', url);
  liar = workers.find(({ operator }) => operator === account('//Dave').address).worker;
  // So every second job is the liar's.
  for (const name of ['Alice', 'Charlie']) {
    const { worker } = workers.find(({ operator }) => operator === account(`//${name}`).address);
    await send(api, api.tx.fheMl.leaveWorkers(worker), account(`//${name}`));
  }
  keys = join(folder, 'keys');
  await fheMl('keygen', '--out', keys);
  [{ server_key_hash: keyHash }] = await fheMl('key', 'register', '--key', keys, '--suri', '//Bob', '--url', url);
  assert.equal(api.consts.fheMl.challengePeriod.toNumber(), 1800);
});
after(() => Promise.all(Object.values(nodes).map((node) => node.stop())));

/** Registers a model; returns a call that asks it for the first row of its test table, and what decrypts the answer. */
async function prepare(name, isEncrypted = false) {
  const { api, url } = nodes.bob;
  const table = ['breast_cancer', 'digits'].find((table) => name.startsWith(table));
  const file = (suffix) => join(folder, `${name}.${isEncrypted ? 'encrypted.' : ''}${suffix}`);
  const calibration = ['--calibration', model(`${table}.train.csv`)];
  const sealed = isEncrypted ? ['--encrypt-for', keys] : [];
  await fheMl('model', 'import', model(`${name}.onnx`), '--output', file('fheml'), ...sealed, ...calibration);
  const [{ model: number }] = await fheMl('model', 'register', file('fheml'), '--suri', '//Alice', '--url', url);
  const [quote] = await fheMl('quote', '--model', String(number), '--url', url);
  assert.equal(quote.court, true, 'the chain cannot try it');
  const row = ['--input', model(`${table}.test.csv`), '--key', keys, '--output', file('input')];
  await fheMl('encrypt', '--model', file('fheml'), ...row);
  const record = (await api.query.fheMl.models(number)).unwrap();
  const key = record.needsServerKey.isTrue ? keyHash : null;
  const input = u8aToHex(readFileSync(file('input')));
  return {
    expected: EXPECTED(name).prediction[0],
    schema: isEncrypted ? ['--schema', file('schema')] : [],
    call: api.tx.fheMl.requestInference(number, key, input, 10n ** 15n, 1),
    /** The same of two workers. */
    twice: api.tx.fheMl.requestInference(number, key, input, 10n ** 15n, 2),
  };
}

/** Asks until the liar has been asked; returns that job. */
async function askTheLiar({ call }) {
  const { api } = nodes.bob;
  const { query } = api;
  for (let asked = 0; asked < MOST_REQUESTS; asked += 1) {
    const job = (await query.fheMl.nextJob()).toNumber();
    await send(api, call, bob);
    await until('the job to be finished', async () => !(await query.fheMl.jobs(job)).unwrap().status.isPending, 120);
    const { assignees } = (await query.fheMl.jobs(job)).unwrap();
    if (assignees.some((worker) => worker.toHex() === liar)) return job;
  }
  return assert.fail('the liar was given no job');
}

const eventOf = async (method, job) =>
  (await history(nodes.bob.api, method)).map(({ event }) => event.data).find((data) => data.job.toNumber() === job);

/** What the liar's operator has to do after a conviction. */
async function resumeTheLiar() {
  const { api } = nodes.bob;
  await send(api, api.tx.fheMl.resumeWorker(liar), account('//Dave'));
  const drawn = (await best(nodes.bob)) + api.consts.fheMl.joinDelay.toNumber();
  await until('the liar to be drawn again', async () => (await best(nodes.bob)) > drawn);
}

/** Kills a node when the court has made a third of the steps, and starts it again. */
async function killInTheMiddle(job, steps) {
  const { api } = nodes.bob;
  const made = async () => (await api.query.fheMl.trials(job)).unwrapOrDefault().steps.toNumber();
  await until('some steps', async () => (await made()) >= steps / 3, 120);
  await nodes.charlie.kill();
  await nodes.charlie.start();
}

/** Whether blocks kept coming while the court sat, and the node that was killed has the same ones. */
async function assertBlocksKeptComing(job) {
  const { api } = nodes.bob;
  const steps = (await history(api, 'CourtStepped')).filter(({ event }) => event.data.job.toNumber() === job);
  const blocks = [...new Set(steps.map(({ block }) => block))];
  assert.ok(blocks.length > 1, `all ${steps.length} steps in one block`);
  const times = [];
  for (const number of [blocks[0], blocks.at(-1)]) {
    const at = await api.at(await api.rpc.chain.getBlockHash(number));
    times.push((await at.query.timestamp.now()).toNumber());
  }
  const [took, expected] = [times[1] - times[0], 2000 * (blocks.at(-1) - blocks[0])];
  assert.ok(took <= 2 * expected, `${took} ms for ${blocks.at(-1) - blocks[0]} blocks`);
  console.log(`${steps.length} steps in ${blocks.length} blocks, ${took} ms`);
  const last = blocks.at(-1);
  await until('finality of the verdict', async () => (await finalized(nodes.charlie)) > last, 120);
  const hash = async (node) => (await node.api.rpc.chain.getBlockHash(last)).toHex();
  assert.equal(await hash(nodes.charlie), await hash(nodes.bob));
}

const workerRecord = async () => (await nodes.bob.api.query.fheMl.workers(liar)).unwrap();

/** The job's owner decrypts what is there now; the tool evaluates it again and compares. */
async function assertRight(job, { expected, schema }) {
  const chain = ['--key', keys, '--url', nodes.bob.url];
  const [{ prediction }] = await fheMl('decrypt', '--job', String(job), ...schema, ...chain);
  assert.equal(prediction, expected);
}

for (const [kind, name, steps, isEncrypted] of [
  ['a forest', 'breast_cancer_xgboost_50x4', 1],
  ['an encrypted forest', 'breast_cancer_xgboost_10x3', 1, true],
  ['a network', 'digits_network', 10],
]) {
  test(`a lie about ${kind} is challenged by a watcher and corrected by the chain`, async () => {
    const { api } = nodes.bob;
    const prepared = await prepare(name, isEncrypted);
    const bond = (await workerRecord()).bond.toBigInt();
    const job = await askTheLiar(prepared);
    const first = await best(nodes.bob);
    if (steps > 1) await killInTheMiddle(job, steps);
    await until('the verdict', async () => (await eventOf('OutcomeCorrected', job)) !== undefined, 240);
    const { convicted, refund, reward, compensation } = await eventOf('OutcomeCorrected', job);
    assert.deepEqual(
      convicted.map((worker) => worker.toHex()),
      [liar],
    );
    const fee = (await api.query.fheMl.jobs(job)).unwrap().fee.toBigInt();
    assert.equal(refund.toBigInt(), fee);
    assert.ok(reward.toBigInt() > 0n && compensation.toBigInt() > 0n);
    const after = await workerRecord();
    assert.ok(after.status.isSuspended);
    assert.ok(after.bond.isZero(), `${after.bond} of ${bond} is left`);
    const made = (await history(api, 'CourtStepped')).filter(({ event }) => event.data.job.toNumber() === job);
    assert.ok(made.length >= steps, `${made.length} steps`);
    if (steps > 1) await assertBlocksKeptComing(job);
    const blocks = (await best(nodes.bob)) - first;
    console.log(
      `${kind}: ${made.length} steps, verdict within ${blocks} blocks; reward ${reward}, compensation ${compensation}`,
    );
    await assertRight(job, prepared);
    await resumeTheLiar();
    await balancedBooks(nodes.bob);
  });
}

test('a lie about a linear model is put right in the block that has it', async () => {
  const prepared = await prepare('breast_cancer_logistic');
  const job = await askTheLiar(prepared);
  const convicted = await eventOf('WorkerSlashed', job);
  assert.equal(convicted.worker.toHex(), liar);
  assert.equal(await eventOf('ResultChallenged', job), undefined, 'nobody had to challenge it');
  await assertRight(job, prepared);
  await resumeTheLiar();
  await balancedBooks(nodes.bob);
});

test('where two workers differ, the chain decides, and one honest worker is enough', async () => {
  const { api } = nodes.bob;
  const { expected, schema, twice } = await prepare('breast_cancer_xgboost_10x3');
  const job = (await api.query.fheMl.nextJob()).toNumber();
  await send(api, twice, bob);
  await until('the verdict', async () => (await eventOf('OutcomeCorrected', job)) !== undefined, 120);
  assert.ok(await eventOf('SplitInCourt', job));
  const { convicted } = await eventOf('OutcomeCorrected', job);
  assert.deepEqual(
    convicted.map((worker) => worker.toHex()),
    [liar],
  );
  assert.ok((await workerRecord()).bond.isZero());
  const { workers } = await eventOf('InferenceCompleted', job);
  assert.equal(workers.length, 1);
  assert.equal((await api.query.fheMl.workers(workers[0])).unwrap().operator.toString(), bob.address);
  await assertRight(job, { expected, schema });
  await resumeTheLiar();
  await balancedBooks(nodes.bob);
});

test('a user challenges a lie with the tool, before any watcher has looked', async () => {
  const { api, url } = nodes.bob;
  await nodes.bob.stop();
  const { args } = nodes.bob;
  nodes.bob.args = args.map((arg, at) => (args[at - 1] === '--watch' ? 'none' : arg));
  await nodes.bob.start();
  assert.notEqual(api, nodes.bob.api);
  // Its pool judges by the blocks that it has.
  const first = await best(nodes.alice);
  await until('the node to be back', async () => (await best(nodes.bob)) > first + 1, 120);
  const prepared = await prepare('breast_cancer_xgboost_50x4');
  const job = await askTheLiar(prepared);
  const verify = (...options) => fheMl('verify', '--job', String(job), '--url', url, ...options);
  await assert.rejects(verify(), ({ code, stdout, stderr }) => {
    const { right, final, final_at: until, wrong_part: part } = JSON.parse(stdout);
    assert.deepEqual([right, final, part], [false, false, 0]);
    assert.ok(until > 1800);
    return code === 1 && /the worker lied/.test(stderr);
  });
  await assert.rejects(verify('--challenge'), /--suri/);
  await assert.rejects(
    verify('--challenge', '--suri', '//Eve'),
    ({ code, stderr }) => code === 1 && /is wrong, and challenged/.test(stderr),
  );
  await until('the verdict', async () => (await eventOf('OutcomeCorrected', job)) !== undefined, 120);
  const { challenger } = await eventOf('ResultChallenged', job);
  assert.equal(challenger.toString(), account('//Eve').address);
  const [{ right, final }] = await verify('--challenge', '--suri', '//Eve');
  assert.deepEqual([right, final], [true, true]);
  await assertRight(job, prepared);
  await resumeTheLiar();
  await balancedBooks(nodes.bob);
});

test('a challenge of a right result costs the challenger its bond', async () => {
  const { api } = nodes.bob;
  const prepared = await prepare('breast_cancer_xgboost_10x3');
  let job;
  do {
    job = (await api.query.fheMl.nextJob()).toNumber();
    await send(api, prepared.call, bob);
    await until(
      'the job to be finished',
      async () => !(await api.query.fheMl.jobs(job)).unwrap().status.isPending,
      120,
    );
  } while ((await api.query.fheMl.jobs(job)).unwrap().assignees.some((worker) => worker.toHex() === liar));
  const eve = account('//Eve');
  await send(api, api.tx.fheMl.challenge(job, 0), eve);
  await until('the verdict', async () => (await eventOf('ResultUpheld', job)) !== undefined, 120);
  const { challenger, forfeit } = await eventOf('ResultUpheld', job);
  assert.equal(challenger.toString(), eve.address);
  assert.ok(forfeit.toBigInt() >= api.consts.fheMl.challengeBond.toBigInt());
  await assertRight(job, prepared);
  await balancedBooks(nodes.bob);
});
