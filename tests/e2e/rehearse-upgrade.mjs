// See scripts/rehearse-upgrade.sh.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiPromise, WsProvider } from '@polkadot/api';
import { u8aToHex } from '@polkadot/util';
import { fheMl, history, model, NODE, scratch, send, until } from './harness.mjs';
import {
  allFinished,
  balancedBooks,
  best,
  finalized,
  localNetwork,
  predictRight,
  sendAll,
  setCode,
  specVersion,
} from './network.mjs';
import { account } from './polkadot.mjs';

/** Replaces the runtime once more, while the court evaluates a job of the digits network in slices. */
async function upgradeUnderATrial({ api, url }, { keys, key }) {
  const [network, eve] = [join(scratch(), 'network.fheml'), account('//Eve')];
  const source = [model('digits_network.onnx'), '--calibration', model('digits.train.csv')];
  await fheMl('model', 'import', ...source, '--output', network);
  const [{ model: number }] = await fheMl('model', 'register', network, '--suri', '//Alice', '--url', url);
  const row = join(scratch(), 'row.input');
  await fheMl('encrypt', '--model', network, '--input', model('digits.test.csv'), '--key', keys, '--output', row);
  const job = (await api.query.fheMl.nextJob()).toNumber();
  const request = api.tx.fheMl.requestInference(number, key, u8aToHex(readFileSync(row)), 10n ** 15n, 1);
  await send(api, request, eve);
  const completed = async () => (await api.query.fheMl.jobs(job)).unwrap().status.isCompleted;
  await until('the result', completed, 120);
  await send(api, api.tx.fheMl.challenge(job, 0), account('//Ferdie'));
  const trial = async () => (await api.query.fheMl.trials(job)).unwrapOr(undefined);
  const steps = async () => (await trial())?.steps.toNumber();
  await until('some steps of the court', async () => (await steps()) >= 3, 120);
  // The version is the same, so only this takes it.
  await send(api, api.tx.sudo.sudo(api.tx.system.setCodeWithoutChecks(code)), account('//Alice'));
  const made = await steps();
  assert.ok(made > 0, 'the trial was over before the upgrade');
  await until('the verdict', async () => (await trial()) === undefined, 240);
  const upheld = await history(api, 'ResultUpheld');
  assert.ok(
    upheld.some(({ event }) => event.data.job.eq(job)),
    'the trial was called off, or lapsed',
  );
  const [{ prediction }] = await fheMl('decrypt', '--job', String(job), '--key', keys, '--url', url);
  assert.equal(prediction, JSON.parse(readFileSync(model('digits_network.expected.json'))).prediction[0]);
  console.log(`the runtime was replaced after ${made} steps of a trial, which went on to its verdict`);
}

const [, , OLD, wasm] = process.argv;
/** Jobs in each of the two queues: one for the restarts, one for the new runtime. */
const QUEUE = 60;
const code = u8aToHex(readFileSync(wasm));

const oldNode = join(OLD, 'fhe-ml-node');
/** The tool of the version that runs before the upgrade. */
const oldTool = (...args) =>
  execFileSync(join(OLD, 'fhe-ml'), [...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });

// Every version makes the genesis block of `local` with its own runtime.
const spec = join(scratch(), 'local.json');
writeFileSync(
  spec,
  execFileSync(oldNode, ['export-chain-spec', '--chain', 'local', '--raw'], {
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
);
const options = Object.fromEntries(['alice', 'bob', 'charlie', 'dave'].map((name) => [name, { binary: oldNode }]));
const nodes = await localNetwork(options, spec);
const all = Object.values(nodes);
let api;
try {
  const { bob } = nodes;
  const eve = account('//Eve');
  const keys = join(bob.folder, 'keys');
  const [logistic, network] = ['logistic.fheml', 'network.fheml'].map((file) => join(bob.folder, file));
  const row = join(bob.folder, 'row.input');
  const chain = () => ['--url', bob.url];
  oldTool('keygen', '--out', keys);
  oldTool(
    'model',
    'import',
    model('breast_cancer_logistic.onnx'),
    '--output',
    logistic,
    '--calibration',
    model('breast_cancer.train.csv'),
  );
  oldTool(
    'model',
    'import',
    model('digits_network.onnx'),
    '--output',
    network,
    '--calibration',
    model('digits.train.csv'),
  );
  for (const artifact of [logistic, network]) {
    oldTool('model', 'register', artifact, '--suri', '//Alice', ...chain());
  }
  const [{ server_key_hash: key }] = [
    JSON.parse(oldTool('key', 'register', '--key', keys, '--suri', '//Eve', ...chain())),
  ];
  oldTool('encrypt', '--model', network, '--input', model('digits.test.csv'), '--key', keys, '--output', row);
  const before = String(
    oldTool(
      'predict',
      '--model',
      '0',
      '--input',
      model('breast_cancer.test.csv'),
      '--rows',
      '0..4',
      '--redundancy',
      '2',
      '--key',
      keys,
      '--suri',
      '//Bob',
      ...chain(),
    ),
  )
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const old = await specVersion(bob);
  console.log(`four nodes on spec version ${old}: ${before.length} rows predicted`);

  const input = u8aToHex(readFileSync(row));
  const jobs = async () => (await bob.api.query.fheMl.nextJob()).toNumber();
  const pending = async () => (await bob.api.query.fheMl.pendingCount()).toNumber();
  /** Throws the error of the first request of a block that failed. */
  const refuseFailures = async (number) => {
    const at = await bob.api.at(await bob.api.rpc.chain.getBlockHash(number));
    for (const { event } of await at.query.system.events()) {
      if (!at.events.system.ExtrinsicFailed.is(event)) continue;
      const [failure] = event.data;
      const known = failure.isModule && at.registry.findMetaError(failure.asModule);
      throw new Error(
        `block ${number} has a request that failed: ` +
          (known ? `${known.section}.${known.name}: ${known.docs.join(' ')}` : failure.toString()),
      );
    }
  };
  const queue = async () => {
    const first = await jobs();
    const calls = Array.from({ length: QUEUE }, () => bob.api.tx.fheMl.requestInference(1, key, input, 10n ** 15n, 1));
    const after = (await best(bob)) + 1;
    await sendAll(bob, calls, eve);
    let looked = after;
    await until(
      'the queue to be in blocks',
      async () => {
        // A request that the chain refuses is never a job: say why, instead of waiting for it.
        for (const newest = await best(bob); looked <= newest; looked++) await refuseFailures(looked);
        return (await jobs()) >= first + QUEUE;
      },
      120,
    );
  };
  await queue();
  for (const name of ['alice', 'charlie', 'dave', 'bob']) {
    const node = nodes[name];
    const waits = await pending();
    await node.stop();
    node.command = [NODE];
    await node.start();
    await until(
      `${name} to be back`,
      async () => (await best(node)) + 2 >= Math.max(...(await Promise.all(all.map(best)))),
      120,
    );
    console.log(`${name} runs the new node on the old runtime, while ${waits} jobs wait`);
  }
  const waits = await pending();
  assert.ok(waits > 0, 'the nodes were restarted without work');
  await until('results of new nodes on the old runtime', async () => (await pending()) === 0, 120);
  console.log(`the new nodes did the other ${waits} jobs on the old runtime`);
  await queue();
  const at = await setCode(bob, code);
  const inFlight = (
    await (await bob.api.at(await bob.api.rpc.chain.getBlockHash(at))).query.fheMl.pendingCount()
  ).toNumber();
  assert.ok(inFlight > 0, 'no job was pending during the upgrade');
  console.log(`setCode is in block ${at}, while ${inFlight} jobs wait for results`);

  await until('the new version on every node', async () =>
    (await Promise.all(all.map((node) => specVersion(node)))).every((now) => now > old),
  );
  console.log(`all four nodes are on spec version ${await specVersion(bob)}`);
  await until(
    'finality beyond the upgrade',
    async () => (await Promise.all(all.map(finalized))).every((number) => number > at + 2),
    120,
  );
  const hashes = await Promise.all(all.map(async ({ api }) => String(await api.rpc.chain.getBlockHash(at + 2))));
  assert.equal(new Set(hashes).size, 1, 'the nodes have different chains');
  console.log(`block ${at + 2} is final, and the same on all four: ${hashes[0]}`);

  // An open connection knows only one version's types; the blocks have two.
  api = await ApiPromise.create({ provider: new WsProvider(bob.url), noInitWarn: true });
  const count = 2 * QUEUE + 4;
  const finished = await allFinished({ api }, count, 300);
  const lost = finished.filter(({ job }) => !job.status.isCompleted);
  assert.deepEqual(
    lost.map(({ number, job }) => `${number}: ${job.status}`),
    [],
    'jobs were lost',
  );
  console.log(`${finished.length} of ${count} jobs completed`);
  const missed = (await api.query.fheMl.workers.entries()).map(([, worker]) => worker.unwrap().missed.toNumber());
  console.log(`deadlines missed by the workers: ${missed}`);
  const after = await predictRight(bob, keys, '0..4', '--redundancy', '2');
  const { prediction } = JSON.parse(readFileSync(model('digits_network.expected.json')));
  const digits = await fheMl(
    'predict',
    '--model',
    '1',
    '--input',
    model('digits.test.csv'),
    '--rows',
    '0..2',
    '--key',
    keys,
    '--suri',
    '//Eve',
    ...chain(),
  );
  assert.deepEqual(
    digits.map((row) => row.prediction),
    prediction.slice(0, 2),
    'with the server key of before',
  );
  console.log(`${after.length + digits.length} rows predicted after the upgrade, with the models and keys of before`);
  for (const row of before) {
    const [again] = await fheMl('decrypt', '--job', String(row.job), '--key', keys, ...chain());
    assert.deepEqual([again.prediction, again.scores], [row.prediction, row.scores], `job ${row.job}`);
    await fheMl('release', '--job', String(row.job), '--suri', '//Bob', ...chain());
  }
  console.log(`${before.length} results of before the upgrade decrypt to the same, and their deposits are back`);
  await upgradeUnderATrial({ api, url: bob.url }, { keys, key });
  await balancedBooks({ api });
  console.log('the books balance');
} catch (error) {
  console.error(`error: this upgrade must not be done: ${error.message}`);
  process.exitCode = 1;
} finally {
  await api?.disconnect();
  await Promise.all(all.map((node) => node.stop()));
}
