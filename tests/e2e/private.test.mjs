// Private models on real nodes: Eve has the models, Alice's and Charlie's nodes evaluate them, Dave's node lies,
// Bob asks. Nobody but the evaluators has what the models are made of, and Eve is paid.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fheMl, history, LYING_NODE, model, scratch, until } from './harness.mjs';
import { allFinished, balancedBooks, localNetwork } from './network.mjs';
import { account } from './polkadot.mjs';

const FHE = 10n ** 12n;
const folder = scratch();
const held = Object.fromEntries(['alice', 'charlie', 'dave'].map((name) => [name, join(folder, name)]));
const passphrase = join(folder, 'passphrase');
const expected = (name) => JSON.parse(readFileSync(model(`${name}.expected.json`)));
const eve = account('//Eve');
let nodes = {};
let keys;
let chain;
let workers;

before(async () => {
  for (const path of Object.values(held)) mkdirSync(path);
  writeFileSync(passphrase, 'correct horse\n');
  const args = (name) => ['--private-models', held[name], '--private-models-passphrase', passphrase];
  nodes = await localNetwork({
    alice: { args: args('alice') },
    charlie: { args: args('charlie') },
    dave: { args: args('dave'), binary: LYING_NODE },
  });
  chain = ['--url', nodes.bob.url];
  workers = {};
  for (const { worker } of await fheMl('worker', 'list', ...chain)) {
    for (const name of Object.keys(held)) {
      const { api } = nodes[name];
      const ours = await api.rpc.author.hasKey(worker, 'fhe!');
      if (ours.isTrue) workers[name] = worker;
    }
  }
  assert.equal(Object.keys(workers).length, 3);
});
after(() => Promise.all(Object.values(nodes).map((node) => node.stop())));

/** A key folder of Bob's whose key for the owner of a model is on the chain. */
async function newKeys(name, offered) {
  const path = join(folder, name);
  await fheMl('keygen', '--out', path);
  await registerKey(path, offered);
  return path;
}

const registerKey = (path, offered, ...options) =>
  fheMl('key', 'register', '--key', path, '--for-model', offered.number, '--suri', '//Bob', ...options, ...chain);

const dataset = (name) => ['breast_cancer', 'diabetes', 'iris', 'wine'].find((set) => name.startsWith(set));
const free = async (address) => (await nodes.bob.api.query.system.account(address)).data.free.toBigInt();

/** Imports a model as private and gives its file to evaluators. */
async function make(name, grid, holders, file = name) {
  const artifact = join(folder, `${file}.fheml`);
  await fheMl(
    'model',
    'import',
    model(`${name}.onnx`),
    '--name',
    file,
    '--calibration',
    model(`${dataset(name)}.train.csv`),
    '--private',
    '--grid',
    grid,
    '--passphrase-file',
    passphrase,
    '--output',
    artifact,
  );
  const sealed = artifact.replace(/fheml$/, 'fhemlp');
  for (const holder of holders) copyFileSync(sealed, join(held[holder], `${file}.fhemlp`));
  return { name, artifact, sealed };
}

/** Offers it, as Eve if no other --suri is given. */
async function offer(made, evaluators, price, ...options) {
  const named = evaluators.flatMap((name) => ['--evaluator', workers[name]]);
  const owner = options.includes('--suri') ? [] : ['--suri', '//Eve'];
  const [{ model: number }] = await fheMl(
    'model',
    'offer',
    made.artifact,
    '--private',
    made.sealed,
    '--passphrase-file',
    passphrase,
    ...named,
    '--price',
    String(price),
    ...owner,
    ...options,
    ...chain,
  );
  return { ...made, number: String(number) };
}

const predict = (offered, rows, key, ...options) =>
  fheMl(
    'predict',
    '--model',
    offered.number,
    '--input',
    model(`${dataset(offered.name)}.test.csv`),
    '--rows',
    rows,
    '--key',
    key,
    '--suri',
    '//Bob',
    '--max-fee',
    String(FHE),
    ...options,
    ...chain,
  );

function rightClasses(offered, answers) {
  const { prediction } = expected(offered.name);
  for (const answer of answers) {
    assert.equal(answer.prediction, prediction[answer.row], `row ${answer.row}`);
    assert.ok(!('scores' in answer) && !('raw_scores' in answer), 'scores on demand only');
  }
}

let boosted;
test('all 114 rows of a private XGBoost model are as ONNX Runtime has them, and its owner is paid', async () => {
  boosted = await offer(
    await make('breast_cancer_xgboost_50x4', 'decoys:64', ['alice', 'charlie']),
    ['alice', 'charlie'],
    0.01,
  );
  keys = join(folder, 'keys');
  await fheMl('keygen', '--out', keys);
  await assert.rejects(predict(boosted, '0..1', keys), ({ stderr }) => /key register .* --for-model 0/.test(stderr));
  await registerKey(keys, boosted);
  await assert.rejects(registerKey(keys, { number: '99' }), ({ stderr }) => /the chain has no model 99/.test(stderr));
  const [listed] = (await fheMl('model', 'list', ...chain)).filter(({ model }) => String(model) === boosted.number);
  assert.equal(listed.private.price, String(FHE / 100n));
  assert.equal(listed.private.evaluators.length, 2);
  const before = await free(eve.address);
  const start = Date.now();
  const answers = await predict(boosted, '0..114', keys);
  console.log(`114 rows in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  assert.equal(answers.length, 114);
  rightClasses(boosted, answers);
  assert.equal((await free(eve.address)) - before, (114n * FHE) / 100n);
  for (const { event } of await history(nodes.bob.api, 'InferenceCompleted')) {
    for (const worker of event.data.workers) {
      assert.ok([workers.alice, workers.charlie].includes(worker.toHex()), 'only evaluators are drawn');
    }
  }
  await balancedBooks(nodes.bob);
});

test('whoever has not agreed to the price does not pay it', async () => {
  const asked = fheMl(
    'predict',
    '--model',
    boosted.number,
    '--input',
    model('breast_cancer.test.csv'),
    '--rows',
    '0..1',
    '--key',
    keys,
    '--suri',
    '//Bob',
    ...chain,
  );
  await assert.rejects(asked, ({ stderr }) => /asks 0\.01.* for each row.*--max-fee \d+/.test(stderr));
});

test('a private network, a linear model and a regression answer, also with two evaluators', async () => {
  const both = ['alice', 'charlie'];
  const network = await offer(await make('iris_network', 'exact', both), both, 0);
  rightClasses(network, await predict(network, '0..12', keys, '--redundancy', '2'));
  const linear = await offer(await make('breast_cancer_logistic', 'exact', both), both, 0);
  rightClasses(linear, await predict(linear, '0..12', keys, '--redundancy', '2'));
  const regression = await offer(await make('diabetes_ridge', 'exact', both), both, 0);
  const { scores } = expected('diabetes_ridge');
  for (const { row, prediction } of await predict(regression, '0..8', keys)) {
    const [wanted] = scores[row];
    assert.ok(Math.abs(prediction - wanted) < 1e-2 * (1 + Math.abs(wanted)), `${prediction}, not ${wanted}`);
  }
  const [{ prediction }] = await predict(regression, '8..9', keys, '--round', '50');
  assert.equal(prediction % 50, 0);
  const scored = await predict(linear, '12..13', keys, '--scores');
  assert.ok(scored[0].scores.length > 0);
});

test('a key serves one owner and a bounded number of answers, and the next one serves on', async () => {
  const asked = () => predict(boosted, '0..114', keys);
  await assert.rejects(asked, ({ stderr }) => /has \d+ of 256 answers .* left, and 114 are asked for/.test(stderr));
  await registerKey(keys, boosted, '--next');
  rightClasses(boosted, await predict(boosted, '0..3', keys));
  // Another owner gets another key of the same folder.
  const made = await make('breast_cancer_tree', 'exact', ['alice'], 'of-ferdie');
  const other = await offer(made, ['alice'], 0, '--suri', '//Ferdie');
  await registerKey(keys, other);
  rightClasses(other, await predict(other, '0..3', keys));
  const used = new Map();
  for (const { job } of await allFinished(nodes.bob, 1, 60)) {
    const owner = String(job.model) === other.number ? 'Ferdie' : 'Eve';
    used.set(job.serverKey.unwrap().toHex(), owner);
  }
  assert.deepEqual([...used.values()].sort(), ['Eve', 'Eve', 'Ferdie']);
  const removed = await fheMl('key', 'remove', '--key', keys, '--for-model', other.number, '--suri', '//Bob', ...chain);
  assert.equal(removed.length, 1);
  // What was answered under the first key is decrypted with it, and counted.
  const { number } = (await allFinished(nodes.bob, 1, 60)).find(({ job }) => String(job.model) === boosted.number);
  const [again] = await fheMl('decrypt', '--job', String(number), '--key', keys, ...chain);
  assert.deepEqual(Object.keys(again), ['prediction']);
});

test('an auditor with the file says whether a result is right, and without it nobody can', async () => {
  const jobs = await allFinished(nodes.bob, 1, 60);
  const { number } = jobs.find(({ job }) => String(job.model) === boosted.number && job.status.isCompleted);
  const audit = (file, ...options) =>
    fheMl('audit', '--job', String(number), '--private', file, '--passphrase-file', passphrase, ...options, ...chain);
  const [{ right }] = await audit(boosted.sealed);
  assert.equal(right, true);
  const other = await make('breast_cancer_xgboost_50x4', 'exact', [], 'other');
  await assert.rejects(audit(other.sealed), ({ stderr }) => /the commitment of the file is 0x/.test(stderr));
  const verify = fheMl('verify', '--job', String(number), ...chain);
  await assert.rejects(verify, ({ stderr }) => /only who has its file can evaluate it again/.test(stderr));
});

test('a quota is an error of its own, and the money stays', async () => {
  const limited = await offer(
    await make('breast_cancer_tree', 'exact', ['alice']),
    ['alice'],
    0,
    '--quota',
    '2',
    '--period',
    '100000',
  );
  const own = await newKeys('quota-keys', limited);
  assert.equal((await predict(limited, '0..2', own)).length, 2);
  await assert.rejects(predict(limited, '2..3', own), ({ stderr }) => /QuotaExceeded/.test(stderr));
});

test('a job of a model whose file is missing goes to the other evaluator, or its money comes back', async () => {
  const made = await make('breast_cancer_xgboost_10x3', 'decoys:64', ['charlie']);
  const offered = await offer(made, ['alice', 'charlie'], 0.5);
  const own = await newKeys('missing-keys', offered);
  rightClasses(offered, await predict(offered, '0..6', own));
  const declined = await history(nodes.bob.api, 'EvaluatorDeclined');
  for (const { event } of declined) assert.equal(event.data.worker.toHex(), workers.alice);
  rmSync(join(held.charlie, 'breast_cancer_xgboost_10x3.fhemlp'));
  await until('the node to see that the file is gone', () => nodes.charlie.logged('no more evaluations').length > 0);
  const before = await free(eve.address);
  await assert.rejects(predict(offered, '6..7', own), ({ stderr }) =>
    /ModelNotHeld|has the model|private/.test(stderr),
  );
  assert.equal(await free(eve.address), before);
  // Files can be added while nodes run.
  copyFileSync(made.sealed, join(held.alice, 'again.fhemlp'));
  await until('the file to be found', () => nodes.alice.logged('again.fhemlp').length > 0);
  const { declineDelay } = nodes.bob.api.consts.fheMl;
  const free_at = (await nodes.bob.api.rpc.chain.getHeader()).number.toNumber() + declineDelay.toNumber();
  await until(
    'evaluators to be asked again',
    async () => (await nodes.bob.api.rpc.chain.getHeader()).number.toNumber() > free_at,
    120,
  );
  rightClasses(offered, await predict(offered, '6..8', own));
  await balancedBooks(nodes.bob);
});

test('new terms leave open jobs as they are', async () => {
  const offered = await offer(
    await make('breast_cancer_forest_10x4', 'decoys:64', ['alice', 'charlie']),
    ['alice', 'charlie'],
    0.02,
  );
  const own = await newKeys('terms-keys', offered);
  await fheMl(
    'model',
    'terms',
    offered.number,
    '--evaluator',
    workers.alice,
    '--price',
    '0.9',
    '--suri',
    '//Eve',
    ...chain,
  );
  const before = await free(eve.address);
  rightClasses(offered, await predict(offered, '0..2', own));
  assert.equal((await free(eve.address)) - before, (4n * FHE) / 100n);
});

test('evaluators that differ suspend the model, and a wrong result is paid for out of the bond', async () => {
  const made = await make('breast_cancer_xgboost_10x3', 'quantiles:64', ['alice', 'dave'], 'lied-about');
  const auditor = account('//Ferdie').address;
  const differing = await offer(made, ['alice', 'dave'], 0.1);
  const own = await newKeys('lies-keys', differing);
  const before = await free(eve.address);
  await assert.rejects(predict(differing, '0..1', own, '--redundancy', '2'));
  assert.equal((await history(nodes.bob.api, 'PrivateModelSuspended')).length, 1);
  await assert.rejects(predict(differing, '0..1', own), ({ stderr }) => /takes no requests|Suspended/.test(stderr));
  assert.equal(await free(eve.address), before);
  await fheMl('model', 'resume', differing.number, '--suri', '//Eve', ...chain);

  const lied = await offer({ ...made }, ['dave'], 0.1, '--auditor', auditor);
  const answer = await predict(lied, '0..1', own).catch(({ stderr }) => stderr);
  console.log(`what Bob gets of the liar: ${JSON.stringify(answer)}`);
  const jobs = await allFinished(nodes.bob, 1, 60);
  const { number } = jobs.find(({ job }) => String(job.model) === lied.number && job.status.isCompleted);
  const audit = fheMl(
    'audit',
    '--job',
    String(number),
    '--private',
    made.sealed,
    '--passphrase-file',
    passphrase,
    '--condemn',
    '//Ferdie',
    ...chain,
  );
  await assert.rejects(audit, ({ stdout, stderr }) => {
    assert.equal(JSON.parse(stdout).right, false);
    return /did not use the committed model/.test(stderr);
  });
  const [{ event }] = await history(nodes.bob.api, 'ResultCondemned');
  assert.ok(event.data.slashed.toBigInt() > 0n);
  await balancedBooks(nodes.bob);
});

test('an evaluator that is killed is replaced', async () => {
  const own = await newKeys('killed-keys', boosted);
  await nodes.charlie.kill();
  try {
    rightClasses(boosted, await predict(boosted, '20..26', own));
  } finally {
    await nodes.charlie.start();
  }
  await balancedBooks(nodes.bob);
});

/** All files below a folder. */
function* files(path) {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) yield* files(inner);
    else if (entry.isFile()) yield inner;
  }
}

test('nothing of the model is in what others have: their nodes, the chain, the user', async () => {
  // The same model, not sealed, to know what to look for.
  const artifact = join(folder, 'open.fheml');
  await fheMl(
    'model',
    'import',
    model('breast_cancer_xgboost_50x4.onnx'),
    '--name',
    'breast_cancer_xgboost_50x4',
    '--calibration',
    model('breast_cancer.train.csv'),
    '--private',
    '--grid',
    'decoys:64',
    '--output',
    artifact,
  );
  assert.deepEqual(readFileSync(artifact), readFileSync(boosted.artifact), 'the artifact tells nothing new');
  const open = readFileSync(artifact.replace(/fheml$/, 'fhemlp'));
  // The trees are the last thing in it: comparisons, leaves.
  const needles = [0.5, 0.7, 0.9].map((at) =>
    open.subarray(Math.floor(open.length * at), Math.floor(open.length * at) + 12),
  );
  const holds = (path) => {
    const bytes = readFileSync(path);
    return needles.some((needle) => bytes.includes(needle));
  };
  assert.ok(holds(artifact.replace(/fheml$/, 'fhemlp')), 'the search finds what is there');
  let searched = 0;
  for (const place of [nodes.bob.base, nodes.alice.base, keys, boosted.artifact]) {
    const found = place.endsWith('.fheml') ? [place] : [...files(place)];
    for (const path of found) {
      searched += 1;
      assert.ok(!holds(path), `${path} has trees of the model`);
    }
  }
  assert.ok(searched > 10);
});
