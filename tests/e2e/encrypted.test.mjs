// Encrypted models: the same predictions as their public twins, for the key that they are encrypted
// under and for no other, and nothing of them anywhere that the chain or its workers write.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { u8aToHex } from '@polkadot/util';
import { devNode, fheMl, model, send } from './harness.mjs';
import { account } from './polkadot.mjs';

const FEE_LIMIT = 10n ** 12n;
const bob = account('//Bob');
let node;
let chain;
let strangers;
before(async () => {
  node = await devNode();
  chain = ['--url', node.url];
  strangers = join(node.folder, 'strangers-keys');
  await fheMl('keygen', '--out', strangers);
  for (const keys of [node.keys, strangers]) {
    await fheMl('key', 'register', '--key', keys, '--suri', '//Bob', ...chain);
  }
});
after(() => node?.stop());

/** Imports and registers an encrypted model; imports its public twin, which stays at home. */
const register = async (name, dataset, ...options) => {
  const calibration = ['--calibration', model(`${dataset}.train.csv`)];
  const twin = join(node.folder, `${name}.twin.fheml`);
  const artifact = join(node.folder, `${name}${options.length ? '.hidden' : ''}.fheml`);
  await fheMl('model', 'import', model(`${name}.onnx`), ...calibration, '--output', twin);
  const [card] = await fheMl(
    'model',
    'import',
    model(`${name}.onnx`),
    ...calibration,
    '--encrypt-for',
    node.keys,
    '--output',
    artifact,
    ...options,
  );
  const [{ model: number }] = await fheMl('model', 'register', artifact, '--suri', '//Alice', ...chain);
  const table = model(`${dataset}.test.csv`);
  return { twin, artifact, card, number: String(number), table };
};
const schema = (registered) => registered.artifact.replace(/fheml$/, 'schema');
const predict = ({ number, table, ...registered }, keys, ...options) =>
  fheMl(
    'predict',
    '--model',
    number,
    '--input',
    table,
    '--key',
    keys,
    '--suri',
    '//Bob',
    '--schema',
    schema(registered),
    ...chain,
    ...options,
  );

/** Every prediction and score is that of the public twin in the clear, to the last bit. */
const agree = async (registered, ...options) => {
  const rows = await predict(registered, node.keys, ...options);
  const clear = await fheMl('evaluate', registered.twin, '--input', registered.table, '--clear', ...options);
  const numbers = ({ row, prediction, scores, raw_scores }) => ({ row, prediction, scores, raw_scores });
  const twin = clear.filter((line) => 'row' in line).map(numbers);
  const byRow = rows.map(numbers).sort((a, b) => a.row - b.row);
  assert.deepEqual(byRow, twin);
  return rows.length;
};

let logistic;
let boosted;

test('an encrypted logistic regression predicts all 114 rows like its public twin', async () => {
  logistic = await register('breast_cancer_logistic', 'breast_cancer');
  assert.equal(await agree(logistic), 114);
});

test('an encrypted XGBoost model predicts all 114 rows like its public twin', async () => {
  boosted = await register('breast_cancer_xgboost_50x4', 'breast_cancer');
  assert.equal(await agree(boosted), 114);
});

test('hidden shapes, several classes and an output layer cross the chain as well', async () => {
  const hidden = await register('breast_cancer_xgboost_10x3', 'breast_cancer', '--hide-shape');
  assert.equal(await agree(hidden, '--rows', '0..10'), 10);
  assert.equal(await agree(await register('wine_forest', 'wine'), '--rows', '0..10'), 10);
  assert.equal(await agree(await register('iris_network', 'iris')), 30);
});

test('the key that a model needs is shown by the tool and by polkadot.js', async () => {
  const key = u8aToHex((await node.api.query.fheMl.models(boosted.number)).unwrap().encryptedFor.unwrap().toU8a());
  assert.ok((await node.api.query.fheMl.serverKeys(key)).isSome);
  const listed = await fheMl('model', 'list', ...chain);
  assert.deepEqual(
    listed.map((record) => record.encrypted_for),
    Array(listed.length).fill(key),
  );

  const [shown] = await fheMl('model', 'inspect', boosted.artifact);
  assert.equal(shown.encrypted_for, key);
  assert.match(shown.kind, /^encrypted forest/);
  assert.ok(!('features' in shown) && !('encoding' in shown) && !('task' in shown));
  const [opened] = await fheMl('model', 'inspect', boosted.artifact, '--key', node.keys);
  assert.equal(opened.features[0], 'mean_radius');
  assert.deepEqual(opened, boosted.card);
});

test('a request under another key is refused with an error of its own', async () => {
  // The stranger's tool does not even encrypt.
  await assert.rejects(predict(boosted, strangers, '--rows', '0'), (error) => {
    assert.equal(error.code, 1);
    assert.match(error.stderr, /encrypted for another client key/);
    return true;
  });
  const noSchema = fheMl(
    'predict',
    '--model',
    boosted.number,
    '--input',
    boosted.table,
    '--key',
    node.keys,
    '--suri',
    '//Bob',
    ...chain,
  );
  await assert.rejects(noSchema, (error) => /--schema FILE/.test(error.stderr));

  // The chain does not take what a patched tool would send.
  for (const { artifact, table, number } of [boosted, logistic]) {
    const file = join(node.folder, 'row.input');
    await fheMl('encrypt', '--model', artifact, '--input', table, '--key', node.keys, '--output', file);
    const input = readFileSync(file);
    const { hash } = await fheMl('keygen', '--out', join(node.folder, `other-${number}`)).then(([line]) => ({
      hash: line.server_key_hash,
    }));
    Buffer.from(hash.slice(2), 'hex').copy(input, 48);
    const key = number === boosted.number ? hash : null;
    const call = node.api.tx.fheMl.requestInference(number, key, u8aToHex(input), FEE_LIMIT, 1);
    await assert.rejects(send(node.api, call, bob), /fheMl.ModelForAnotherKey/);
  }
});

test('a schema is never overwritten', async () => {
  const again = fheMl(
    'model',
    'import',
    model('breast_cancer_logistic.onnx'),
    '--encrypt-for',
    node.keys,
    '--output',
    logistic.artifact,
  );
  await assert.rejects(again, (error) => {
    assert.equal(error.code, 1);
    assert.match(error.stderr, /exists already/);
    return true;
  });
  assert.equal(await agree(logistic, '--rows', '0'), 1);
});

/** Bytes that must not be found, by their first four. */
class Secrets {
  #byStart = new Map();

  add(bytes) {
    const start = bytes.readUInt32LE(0);
    if (!this.#byStart.has(start)) this.#byStart.set(start, []);
    this.#byStart.get(start).push(bytes);
  }

  /** All runs of this length that are not mostly zeros, nor words that our own format has, too. */
  addRuns(bytes, length = 12) {
    for (let at = 0; at + length <= bytes.length; at += 1) {
      const run = bytes.subarray(at, at + length);
      const isText = /^[\x20-\x7e]+$/.test(run.toString('latin1'));
      if (new Set(run).size >= 9 && !isText) this.add(run);
    }
  }

  foundIn(data) {
    const found = [];
    for (let at = 0; at + 4 <= data.length; at += 1) {
      const candidates = this.#byStart.get(data.readUInt32LE(at)) ?? [];
      found.push(...candidates.filter((run) => run.equals(data.subarray(at, at + run.length))));
    }
    return found.map((run) => run.toString('latin1'));
  }
}

/** Weights, leaves, thresholds, scales and names, as floats, as integers and as text. */
const secretsOf = ({ twin, card }, name) => {
  const secrets = new Secrets();
  // Float weights and thresholds lie next to each other in the ONNX file; its names are its own.
  secrets.addRuns(readFileSync(model(`${name}.onnx`)));
  const bytes = readFileSync(twin);
  const cardBytes = bytes.readUInt32LE(32);
  secrets.addRuns(bytes.subarray(104 + cardBytes + 16));
  const numbers = [];
  const collect = (value) => {
    if (typeof value === 'number' && !Number.isInteger(value)) numbers.push(value);
    else if (value && typeof value === 'object') Object.values(value).forEach(collect);
  };
  collect(card.encoding);
  collect(card.output_steps);
  assert.ok(numbers.length > 30, `${numbers.length} numbers`);
  for (const number of numbers) {
    const double = Buffer.alloc(8);
    double.writeDoubleLE(number);
    secrets.add(double);
    if (String(number).length >= 6) secrets.add(Buffer.from(String(number)));
  }
  for (const feature of card.features) secrets.add(Buffer.from(feature));
  return secrets;
};

const files = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

test("no weight, threshold or name is in the chain, in the node's files or in an artifact", async () => {
  const data = [];
  const best = await node.api.rpc.chain.getBlockHash();
  for (let start; ; ) {
    const keys = await node.api.rpc.state.getKeysPaged('0x', 500, start, best);
    for (const key of keys) {
      const value = await node.api.rpc.state.getStorage(key, best);
      data.push(key.toU8a(true), value.unwrapOr({ toU8a: () => [] }).toU8a(true));
    }
    if (keys.length < 500) break;
    start = keys.at(-1);
  }
  const blocks = (await node.api.rpc.chain.getHeader()).number.toNumber();
  for (let number = 1; number <= blocks; number += 1) {
    const { block } = await node.api.rpc.chain.getBlock(await node.api.rpc.chain.getBlockHash(number));
    data.push(...block.extrinsics.map((extrinsic) => extrinsic.toU8a()));
  }
  const base = join(node.folder, 'chain');
  const written = files(base);
  assert.ok(
    written.some((file) => file.includes('journal')),
    written.join(' '),
  );
  // The runtime's code is in the database, too; it has nothing of a model.
  data.push(...written.map((file) => readFileSync(file)));
  data.push(readFileSync(boosted.artifact), readFileSync(logistic.artifact), readFileSync(node.log));
  const everything = Buffer.concat(data);
  assert.ok(everything.length > 10_000_000, `${everything.length} bytes`);

  for (const [registered, name] of [
    [boosted, 'breast_cancer_xgboost_50x4'],
    [logistic, 'breast_cancer_logistic'],
  ]) {
    const secrets = secretsOf(registered, name);
    assert.deepEqual(secrets.foundIn(everything), [], name);
    // The scan finds what is there.
    assert.ok(secrets.foundIn(readFileSync(registered.twin)).length > 50, name);
    assert.ok(existsSync(schema(registered)));
    assert.deepEqual(secrets.foundIn(readFileSync(schema(registered))), [], name);
  }
  writeFileSync(join(node.folder, 'scanned'), String(everything.length));
});
