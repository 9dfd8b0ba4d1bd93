// Models that need a server key: it is registered on the chain, and trees and networks are evaluated
// with it.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { u8aToHex } from '@polkadot/util';
import { devNode, event, fheMl, model, send, until } from './harness.mjs';
import { account } from './polkadot.mjs';

let node;
let chain;
before(async () => {
  node = await devNode();
  chain = ['--url', node.url];
});
after(() => node?.stop());

const register = async (name, ...options) => {
  const artifact = join(node.folder, `${name}.fheml`);
  await fheMl('model', 'import', model(`${name}.onnx`), '--output', artifact, ...options);
  const [{ model: number }] = await fheMl('model', 'register', artifact, '--suri', '//Alice', ...chain);
  return { artifact, number: String(number) };
};
const predict = (number, table, ...options) =>
  fheMl('predict', '--model', number, '--input', table, '--key', node.keys, '--suri', '//Bob', ...chain, ...options);
const expected = (name) => JSON.parse(readFileSync(model(`${name}.expected.json`)));

/** Classes equal to ONNX Runtime's, scores within 2^-10. */
const agree = (rows, name) => {
  const { prediction, scores } = expected(name);
  for (const row of rows) {
    assert.equal(row.prediction, prediction[row.row], `${name}, row ${row.row}`);
    for (const [at, score] of row.scores.entries()) {
      assert.ok(Math.abs(score - scores[row.row][at]) < 2 ** -10, `${name}, row ${row.row}`);
    }
  }
};

test('a model of trees is refused until the server key is on the chain', async () => {
  const { number } = await register('breast_cancer_xgboost_50x4');
  const refused = predict(number, model('breast_cancer.test.csv'), '--rows', '0');
  await assert.rejects(refused, (error) => {
    assert.equal(error.code, 1);
    assert.match(error.stderr, /server key/);
    assert.match(error.stderr, /fhe-ml key register/);
    return true;
  });
  await fheMl('key', 'register', '--key', node.keys, '--suri', '//Bob', ...chain);
  const [[, bytes]] = await node.api.query.fheMl.serverKeyBytes.entries();
  assert.deepEqual(Buffer.from(bytes.unwrap()), readFileSync(join(node.keys, 'server.key')));
});

test('all 114 rows of XGBoost with 50 trees of depth 4 agree with ONNX Runtime', async () => {
  const rows = await predict('0', model('breast_cancer.test.csv'));
  assert.equal(rows.length, 114);
  agree(rows, 'breast_cancer_xgboost_50x4');
  const [alone] = await predict('0', model('breast_cancer.test.csv'), '--rows', '0');
  const { input_bytes: input, result_bytes: result } = alone;
  assert.ok(input + result <= 25_000, `${input} + ${result} bytes`);
});

test('several classes, missing values and a network cross the chain as well', async () => {
  const forest = await register('wine_forest');
  agree(await predict(forest.number, model('wine.test.csv')), 'wine_forest');

  const holes = await register('holes_xgboost');
  const lines = readFileSync(model('breast_cancer.test.csv'), 'utf8').trim().split('\n');
  const [header, ...rest] = lines.map((line) => line.split(','));
  const cells = rest.map((row, at) => row.map((cell, column) => ((at * row.length + column) % 7 === 0 ? '' : cell)));
  const table = join(node.folder, 'holes.csv');
  writeFileSync(table, [header, ...cells].map((row) => row.join(',')).join('\n'));
  agree(await predict(holes.number, table, '--rows', '0..20'), 'holes_xgboost');

  const network = await register('iris_network', '--calibration', model('iris.train.csv'));
  const { prediction } = expected('iris_network');
  const rows = await predict(network.number, model('iris.test.csv'));
  for (const row of rows) assert.equal(row.prediction, prediction[row.row], `row ${row.row}`);
});

test('evaluation on this machine gives the same numbers, on one thread and on two', async () => {
  const artifact = join(node.folder, 'wine_forest.fheml');
  const table = ['--input', model('wine.test.csv'), '--key', node.keys];
  const one = await fheMl('evaluate', artifact, ...table);
  const two = await fheMl('evaluate', artifact, ...table, '--threads', '2');
  const clear = await fheMl('evaluate', artifact, ...table.slice(0, 2), '--clear');
  const numbers = (rows) => rows.filter((row) => !row.summary).map((row) => row.raw_scores);
  assert.equal(numbers(one).length, 36);
  assert.deepEqual(numbers(one), numbers(two));
  assert.deepEqual(numbers(one), numbers(clear));
});

test('a result is bound to its key: another client key does not decrypt it', async () => {
  const other = join(node.folder, 'other');
  await fheMl('keygen', '--out', other);
  const [{ job }] = await predict('0', model('breast_cancer.test.csv'), '--rows', '3');
  await assert.rejects(fheMl('decrypt', '--job', String(job), '--key', other, ...chain), /another server key/);
  const [{ prediction }] = await fheMl('decrypt', '--job', String(job), '--key', node.keys, ...chain);
  assert.equal(prediction, expected('breast_cancer_xgboost_50x4').prediction[3]);
});

test('hostile keys and inputs fail their jobs with the reason, and the node lives', async () => {
  const { api } = node;
  const bob = account('//Bob');
  const file = join(node.folder, 'row.input');
  await fheMl(
    'encrypt',
    '--model',
    '0',
    '--input',
    model('breast_cancer.test.csv'),
    '--key',
    node.keys,
    '--output',
    file,
    ...chain,
  );
  const input = readFileSync(file);
  const [
    [
      {
        args: [ownKey],
      },
    ],
  ] = await api.query.fheMl.serverKeys.entries();
  const outcome = async (key, blob) => {
    const call = api.tx.fheMl.requestInference(0, key, u8aToHex(blob), 10n ** 12n, 1);
    const { job } = event((await send(api, call, bob)).events, 'InferenceRequested');
    const { status } = await until('an answer', async () => {
      const record = (await api.query.fheMl.jobs(job)).unwrap();
      return !record.status.isPending && record;
    });
    return status.isFailed ? status.asFailed.reason.toString() : 'Completed';
  };
  const truncatedBody = Buffer.from(input);
  truncatedBody.fill(0xff, 96);
  assert.equal(await outcome(ownKey, truncatedBody), 'InputDoesNotDecode');

  // Random residues are a valid ciphertext of noise: they cost what any other input costs.
  const noise = Buffer.from(input);
  for (let at = 96; at + 6 < noise.length; at += 6) randomBytes(5).copy(noise, at);
  assert.match(await outcome(ownKey, noise), /Completed|InputDoesNotDecode/);

  // A key whose header is right and whose rows are not.
  const badKey = readFileSync(join(node.keys, 'server.key'));
  badKey.fill(0xff, 5000, 5100);
  const { events } = await send(api, api.tx.fheMl.registerServerKey(u8aToHex(badKey)), bob);
  const bad = event(events, 'ServerKeyRegistered').serverKey;
  const forBad = Buffer.from(input);
  Buffer.from(bad.toU8a()).copy(forBad, 48);
  assert.equal(await outcome(bad, forBad), 'ServerKeyDoesNotDecode');

  // The right key and an input for another one: refused before anything is stored.
  const mixed = api.tx.fheMl.requestInference(0, ownKey, u8aToHex(forBad), 10n ** 12n, 1);
  await assert.rejects(send(api, mixed, bob), { message: /fheMl\.Input/ });

  const rows = await predict('0', model('breast_cancer.test.csv'), '--rows', '0..3');
  agree(rows, 'breast_cancer_xgboost_50x4');
});
