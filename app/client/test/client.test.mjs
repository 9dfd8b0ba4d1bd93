// The package as Node.js has it, on the models of this repository: the same bytes and predictions as those
// of the `fhe-ml` tool.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { feeOf, mostFee, planOf, RELEASE_PRICES, requestsOf, sizeOf } from '../dist/chain.js';
import {
  answersInFolder,
  FILTERS,
  Filter,
  fromHex,
  imageFilter,
  importOnnx,
  init,
  Keys,
  KeyUsedUp,
  Model,
  mostAnswers,
  OwnerKeys,
  publicCard,
  rangesOf,
  rowsOf,
  toHex,
  WrongResult,
} from '../dist/node.js';

const MODELS = join(dirname(fileURLToPath(import.meta.url)), '../../../models');
const read = (name) => readFileSync(join(MODELS, name));

/** Header and rows of a CSV file. */
const table = (name) => {
  const [header, ...lines] = read(name).toString().trim().split('\n');
  return { columns: header.split(','), rows: lines.map((line) => line.split(',').map(Number)) };
};
const expectedOf = (name) => JSON.parse(read(`${name}.expected.json`));

let keys;
before(async () => {
  await init();
  const start = performance.now();
  keys = Keys.generate();
  console.log(`keys in ${Math.round(performance.now() - start)} ms`);
});

test('rows of numbers and texts, in order or by name', () => {
  const pipeline = JSON.parse(read('pipelines/titanic_words.json'));
  const calibration = { columns: pipeline.columns, rows: pipeline.train };
  const own = new Model(importOnnx(read('pipelines/titanic_words.onnx'), 'titanic', calibration));
  const { features, text } = own.card();
  assert.deepEqual(features, pipeline.columns);
  assert.deepEqual(text.map(({ feature }) => features[feature]).toSorted(), ['embarked', 'pclass', 'sex']);
  for (const [at, row] of pipeline.rows.entries()) {
    assert.equal(own.predictClear(row).prediction, pipeline.label[at]);
    assert.equal(own.predictClear(row.map((cell) => cell ?? NaN)).prediction, pipeline.label[at]);
    const named = Object.fromEntries(row.map((cell, column) => [features[column], cell]));
    assert.equal(own.predictClear(named).prediction, pipeline.label[at]);
  }
  const [row] = pipeline.rows;
  const input = own.encrypt(keys, row);
  const result = own.evaluate(keys.serverKey(), input);
  assert.deepEqual(own.decrypt(keys, input, result), own.predictClear(row));
  const age = features.indexOf('age');
  assert.throws(() => own.encrypt(keys, row.with(age, 'old')), /feature `age` is a number, not `old`/);
  assert.throws(() => own.encrypt(keys, row.with(age, Infinity)), /feature `age` is not a finite number/);
  assert.throws(() => own.encrypt(keys, row.with(features.indexOf('sex'), 1)), /feature `sex` is text, not a number/);
});

test('keys are those of the tool, and are read back', () => {
  assert.equal(keys.clientKey().length, 304);
  assert.equal(keys.serverKey().length, 2_467_616);
  const again = Keys.read(keys.clientKey(), keys.serverKey());
  assert.deepEqual(again.clientKey(), keys.clientKey());
  assert.equal(again.serverKeyHash(), keys.serverKeyHash());
  assert.equal(Keys.read(keys.clientKey()).serverKey(), undefined);
  assert.notDeepEqual(Keys.generate().clientKey(), keys.clientKey());
});

test('what is no key is refused in a sentence', () => {
  assert.throws(() => Keys.read(new Uint8Array(10)), /^Error: .{10,}$/);
  assert.throws(() => Keys.read(keys.clientKey().slice(0, -1)), /^Error: .{10,}$/);
  assert.throws(() => Keys.read(keys.clientKey(), Keys.generate().serverKey()), /does not belong to the client key/);
});

for (const [name, data, step] of [
  ['breast_cancer_logistic', 'breast_cancer', 1],
  ['breast_cancer_xgboost_50x4', 'breast_cancer', 6],
  ['digits_network', 'digits', 60],
]) {
  test(`${name}: encrypted predictions are those of ONNX Runtime`, () => {
    const model = new Model(importOnnx(read(`${name}.onnx`), name, table(`${data}.train.csv`)));
    const card = model.card();
    assert.deepEqual([card.name, card.features], [name, table(`${data}.test.csv`).columns]);
    const serverKey = card.sizes.server_key > 0 ? keys.serverKey() : undefined;
    const { rows } = table(`${data}.test.csv`);
    const expected = expectedOf(name);
    for (let at = 0; at < rows.length; at += step) {
      const input = model.encrypt(keys, rows[at]);
      assert.equal(input.length, card.sizes.input);
      const result = model.evaluate(serverKey, input);
      assert.equal(result.length, card.sizes.result);
      const prediction = model.decrypt(keys, input, result);
      assert.deepEqual(prediction, model.predictClear(rows[at]));
      assert.equal(prediction.prediction, expected.prediction[at], `row ${at}`);
    }
  });
}

for (const [name, data] of [
  ['breast_cancer_logistic', 'breast_cancer'],
  ['breast_cancer_xgboost_50x4', 'breast_cancer'],
  ['iris_network', 'iris'],
]) {
  test(`${name}: rows of one request are predicted as each alone, and a wrong result is refused`, () => {
    const artifact = importOnnx(read(`${name}.onnx`), name, table(`${data}.train.csv`));
    const model = new Model(artifact);
    const serverKey = model.card().sizes.server_key > 0 ? keys.serverKey() : undefined;
    const rows = table(`${data}.test.csv`).rows.slice(0, 3);
    const clear = rows.map((row) => model.predictClear(row));
    const input = model.encryptRows(keys, rows);
    const result = model.evaluate(serverKey, input);
    const size = sizeOf(artifact, rows.length);
    assert.deepEqual([rowsOf(input), input.length, result.length], [3, size.inputBytes, size.resultBytes]);
    assert.ok(size.work >= 3 * sizeOf(artifact).work);
    assert.deepEqual(model.decryptRows(keys, input, result), clear);
    assert.throws(() => model.decrypt(keys, input, result), /3 rows/);

    const wrong = result.slice();
    wrong[wrong.length - 1] ^= 1;
    assert.throws(() => model.verify(keys, input, wrong), WrongResult);
    assert.throws(() => model.decryptRows(keys, input, wrong), WrongResult);
    const other = model.encryptRows(keys, rows);
    assert.throws(() => model.decryptRows(keys, other, result), WrongResult);
    assert.throws(() => model.decryptRows(keys, other, result, { trustWorker: true }), /another input/);
    const fewer = model.encryptRows(keys, rows.slice(1));
    assert.throws(() => model.decryptRows(keys, fewer, result), WrongResult);
    const clientOnly = Keys.read(keys.clientKey());
    if (serverKey) assert.throws(() => model.decryptRows(clientOnly, input, result), /needs a server key/);
    assert.deepEqual(model.decryptRows(clientOnly, input, result, { serverKey }), clear);

    // One row is what the functions for one row make and take.
    const single = model.encryptRows(keys, rows.slice(0, 1));
    assert.deepEqual([rowsOf(single), single.length], [1, model.encrypt(keys, rows[0]).length]);
    const alone = model.evaluate(serverKey, single);
    assert.deepEqual(model.decryptRows(keys, single, alone), [model.decrypt(keys, single, alone)]);
    assert.deepEqual(sizeOf(artifact).resultBytes, alone.length);
  });
}

test('wrong rows are named by their number, and no request has too many', async () => {
  const model = new Model(importOnnx(read('wine_logistic.onnx'), 'wine', table('wine.train.csv')));
  const { columns, rows } = table('wine.test.csv');
  const short = { [columns[0]]: 1 };
  assert.throws(
    () => model.encryptRows(keys, [rows[0], rows[1].slice(1)]),
    /^Error: row 1: .*takes 13 features, not 12/,
  );
  assert.throws(() => model.encryptRows(keys, [rows[0], short], 40), /^Error: row 41: .*missing: /);
  assert.throws(() => model.encryptRows(keys, [rows[0].with(2, NaN)], 7), /^Error: row 7: .*is not a finite number/);
  assert.throws(() => model.encryptRows(keys, []), /an input has 1 to 4096 rows, not 0/);
  const many = Array.from({ length: 4097 }, () => rows[0]);
  assert.throws(() => model.encryptRows(keys, many), /an input has 1 to 4096 rows, not 4097/);
  assert.ok(model.mostRows() > 100 && model.mostRows() <= 4096);
  assert.throws(() => rowsOf(Uint8Array.of(1, 2)), /^Error: .{10,}$/);
  const input = model.encryptRows(keys, rows.slice(0, 2));
  const result = model.evaluate(undefined, input);
  await assert.rejects(model.answers(undefined, input, result), /not private: `decryptRows` verifies/);
});

/** A chain with the prices of this release. */
const chainWith = (maxAccountWork) => {
  const { base, work, byte, serverKeyWork, kibibyteWork } = RELEASE_PRICES;
  const prices = { baseFee: base, feePerWork: work, feePerByte: byte, serverKeyWork, workPerKibibyte: kibibyteWork };
  return { consts: { fheMl: { ...prices, maxAccountWork } } };
};

test('rows are cut into requests as by the tool, and paid by the row', () => {
  // The same numbers are in the tool.
  const plan = readFileSync(join(MODELS, '../crates/client/src/commands/predict/plan.rs'), 'utf8');
  for (const line of ['WORK_OF_REQUEST: u64 = 4_000_000;', 'REQUESTS_AT_ONCE: usize = 32;', 'usize = 12 << 20;']) {
    assert.ok(plan.includes(line), line);
  }
  const api = chainWith(30_000_000n);
  for (const name of ['breast_cancer_logistic', 'breast_cancer_xgboost_50x4', 'digits_network']) {
    const dataset = name.startsWith('digits') ? 'digits' : 'breast_cancer';
    const artifact = importOnnx(read(`${name}.onnx`), name, table(`${dataset}.train.csv`));
    const mostRows = new Model(artifact).mostRows();
    const { rows, atOnce } = planOf(api, artifact, mostRows);
    const work = (count) => sizeOf(artifact, count).work;
    assert.ok(rows > 1 && rows <= mostRows && work(rows) <= 4_000_000, `${name}: ${rows} of ${mostRows}`);
    if (rows < mostRows) assert.ok(work(rows + 1) > 3_900_000, `${name}: ${work(rows + 1)}`);
    assert.ok(atOnce >= 1 && atOnce <= 32 && atOnce * work(rows) <= 30_000_000, `${name}: ${atOnce}`);
    assert.ok(planOf(api, artifact, mostRows, { redundancy: 3 }).rows <= rows);
    assert.equal(planOf(api, artifact, mostRows, { wanted: 7 }).rows, 7);
    assert.deepEqual(planOf(chainWith(1n), artifact, mostRows), { rows: 1, atOnce: 1 });
    assert.equal(planOf(api, artifact, 1).rows, 1);
    assert.deepEqual(requestsOf({ rows: 10, atOnce }, 25), [10, 10, 5]);
    // Together they cost less than each alone: what rows share is paid once.
    const [one, ten] = [1, 10].map((count) => feeOf(RELEASE_PRICES, artifact, 1, count));
    assert.ok(ten < 10n * one && ten - one > 0n, `${name}: ${one}, ${ten}`);
    assert.equal(mostFee(api, artifact, 1, 5n, 10), ten + ten / 10n + 50n);
    assert.equal(mostFee(api, artifact), one + one / 10n);
  }
  // Artifacts of before have no layout of rows.
  const old = importOnnx(read('wine_tree.onnx'), 'tree');
  old.fill(0, 10, 12);
  assert.throws(() => feeOf(RELEASE_PRICES, old, 1, 2), /takes one row per request/);
});

test('rows can be objects, and wrong rows are refused by name', () => {
  const model = new Model(importOnnx(read('wine_logistic.onnx'), 'wine', table('wine.train.csv')));
  const {
    columns,
    rows: [values],
  } = table('wine.test.csv');
  const row = Object.fromEntries(columns.map((name, at) => [name, values[at]]));
  const reversed = Object.fromEntries(Object.entries(row).reverse());
  assert.deepEqual(model.predictClear(reversed), model.predictClear(values));
  const { [columns[0]]: _, ...short } = row;
  assert.throws(() => model.encrypt(keys, short), new RegExp(`missing: ${columns[0]}`));
  assert.throws(() => model.encrypt(keys, { ...row, nonsense: 1 }), /unknown: nonsense/);
  assert.throws(() => model.encrypt(keys, values.slice(1)), /takes 13 features, not 12/);
  assert.throws(
    () =>
      model.encrypt(
        keys,
        values.map(() => NaN),
      ),
    /is not a finite number/,
  );
});

test('results of other keys and inputs do not decrypt to a prediction', () => {
  const model = new Model(importOnnx(read('wine_logistic.onnx'), 'wine', table('wine.train.csv')));
  const { rows } = table('wine.test.csv');
  const [input, other] = [model.encrypt(keys, rows[0]), model.encrypt(keys, rows[1])];
  const result = model.evaluate(undefined, input);
  assert.throws(() => model.decrypt(keys, other, result), WrongResult);
  assert.throws(() => model.decrypt(keys, input, result.slice(1)), WrongResult);
  const trust = { trustWorker: true };
  assert.throws(() => model.decrypt(keys, other, result, trust), /^Error: .{10,}$/);
  assert.throws(() => model.decrypt(keys, input, result.slice(1), trust), /^Error: .{10,}$/);
  assert.throws(() => model.decrypt(Keys.generate(), input, result), /^Error: .{10,}$/);
});

for (const [name, data] of [
  ['breast_cancer_logistic', 'breast_cancer'],
  ['breast_cancer_xgboost_50x4', 'breast_cancer'],
  ['iris_network', 'iris'],
]) {
  test(`${name}: a wrong result is refused before it is decrypted`, () => {
    const model = new Model(importOnnx(read(`${name}.onnx`), name, table(`${data}.train.csv`)));
    const needsKey = model.card().sizes.server_key > 0;
    const serverKey = needsKey ? keys.serverKey() : undefined;
    const input = model.encrypt(keys, table(`${data}.test.csv`).rows[0]);
    const result = model.evaluate(serverKey, input);
    model.verify(keys, input, result);
    model.verify(serverKey, input, result);
    const start = performance.now();
    for (let at = 0; at < 10; at += 1) model.verify(keys, input, result);
    console.log(`${name}: verified in ${((performance.now() - start) / 10).toFixed(1)} ms`);

    const wrong = result.slice();
    wrong[wrong.length - 1] ^= 1;
    assert.throws(() => model.verify(keys, input, wrong), WrongResult);
    assert.throws(() => model.verify(serverKey, input, wrong), WrongResult);
    assert.throws(() => model.decrypt(keys, input, wrong), WrongResult);
    assert.throws(() => model.decrypt(keys, input, wrong, { serverKey }), /redundancy 3/);

    // Without a server key nobody can verify, and it says so; trusting the worker decrypts anyway.
    const clientOnly = Keys.read(keys.clientKey());
    const prediction = model.predictClear(table(`${data}.test.csv`).rows[0]);
    if (needsKey) {
      assert.throws(() => model.decrypt(clientOnly, input, result), /needs a server key/);
      assert.throws(() => model.verify(Keys.generate(), input, result), /another server key/);
    }
    assert.deepEqual(model.decrypt(clientOnly, input, result, { serverKey }), prediction);
    assert.deepEqual(model.decrypt(clientOnly, input, result, { trustWorker: true }), prediction);
  });
}

test('what no evaluation gives is refused even when the worker is trusted', () => {
  const name = 'breast_cancer_xgboost_50x4';
  const model = new Model(importOnnx(read(`${name}.onnx`), name, table('breast_cancer.train.csv')));
  const input = model.encrypt(keys, table('breast_cancer.test.csv').rows[0]);
  const result = model.evaluate(keys.serverKey(), input);
  const trust = { trustWorker: true };
  let refused = 0;
  for (let at = 0; at < 20; at += 1) {
    const noise = result.slice();
    crypto.getRandomValues(noise.subarray(24, noise.length - 8));
    try {
      model.decrypt(keys, input, noise, trust);
    } catch (error) {
      assert.match(String(error), /no input|more noise/);
      refused += 1;
    }
  }
  console.log(`of 20 random results ${refused} are refused`);
  assert.ok(refused >= 10, `${refused}`);
});

const owner = (chain, account) => ({
  chain: `0x${chain.repeat(32)}`,
  account: `0x${account.repeat(32)}`,
});

test('every owner of private models gets keys of its own, each for so many answers, in the folders of the tool', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fhe-ml-owner-'));
  const of = (...who) => new OwnerKeys(keys, owner(...who), answersInFolder(folder));
  const first = await of('01', '02').newest();
  assert.equal((await of('01', '02').newest()).keys.serverKeyHash(), first.keys.serverKeyHash());
  const hashes = [keys, first.keys, (await of('01', '03').newest()).keys, (await of('02', '02').newest()).keys];
  assert.equal(new Set(hashes.map((pair) => pair.serverKeyHash())).size, 4);
  assert.equal(await first.add(100), 100);
  assert.equal(await (await of('01', '02').newest()).add(156), mostAnswers());
  await assert.rejects(first.add(), KeyUsedUp);
  await assert.rejects(first.room(1), /has 0 of 256 answers left, and 1 more are asked for/);
  await first.room(0);
  for (const odd of [NaN, -1]) await assert.rejects(first.add(odd), KeyUsedUp);
  const next = await of('01', '02').next();
  assert.notEqual(next.keys.serverKeyHash(), first.keys.serverKeyHash());
  assert.deepEqual([await next.answers(), await first.answers(), next.number], [0, 256, 1]);
  const place = join(folder, 'private', '01'.repeat(32), '02'.repeat(32));
  assert.equal(readFileSync(join(place, '0/answers'), 'utf8'), '       256\n');
  const kept = Keys.read(readFileSync(join(place, '1/client.key')), readFileSync(join(place, '1/server.key')));
  assert.equal(kept.serverKeyHash(), next.keys.serverKeyHash());
  writeFileSync(join(place, '1/answers'), '300');
  await assert.rejects(next.answers(), /is not a number of answers/);
  assert.ok(!existsSync(join(place, '2')));
});

test('a card tells where the values of features are', () => {
  for (const [name, data] of [
    ['breast_cancer_logistic', 'breast_cancer'],
    ['breast_cancer_xgboost_50x4', 'breast_cancer'],
    ['iris_network', 'iris'],
  ]) {
    const { rows } = table(`${data}.train.csv`);
    const ranges = rangesOf(new Model(importOnnx(read(`${name}.onnx`), name, table(`${data}.train.csv`))).card());
    assert.equal(ranges.length, rows[0].length);
    for (const [at, range] of ranges.entries()) {
      if (!range) continue; // The model does not look at it, or only once.
      const values = rows.map((row) => row[at]);
      const [least, most] = [Math.min(...values), Math.max(...values)];
      const slack = (most - least) / 10;
      assert.ok(range[0] < range[1], `${name} ${at}: ${range}`);
      assert.ok(
        range[0] >= least - slack && range[1] <= most + slack,
        `${name} ${at}: ${range}, not ${least}, ${most}`,
      );
    }
    assert.ok(ranges.filter(Boolean).length > 3);
  }
});

test('encrypted images are filtered as plain ones', () => {
  const image = Uint8Array.from({ length: 40 * 30 * 3 }, (_, at) => (at * 31 + (at >> 3)) & 255);
  for (const name of FILTERS) {
    const filter = new Filter(imageFilter(name, 40, 30));
    const input = filter.encrypt(keys, image);
    const result = filter.evaluate(input);
    const { sizes, output_channels: channels } = filter.card();
    assert.deepEqual([input.length, result.length], [sizes.input, sizes.result]);
    const filtered = filter.decrypt(keys, input, result);
    assert.equal(filtered.length, 40 * 30 * channels);
    assert.deepEqual(filtered, filter.applyClear(image), name);
    const wrong = result.slice();
    wrong[100] ^= 1;
    assert.throws(() => filter.verify(input, wrong), WrongResult);
    assert.throws(() => filter.decrypt(keys, input, wrong), WrongResult);
  }
  assert.throws(() => new Filter(importOnnx(read('wine_tree.onnx'), 'tree')), /no image filter/);
  assert.throws(() => new Model(imageFilter('blur', 40, 30)), /image filter: it takes images/);
  assert.throws(() => imageFilter('swirl', 40, 30), /no image filter swirl/);
  assert.throws(() => imageFilter('blur', 1000, 1000), /at most 40000 pixels/);
});

test('what is no model is refused in a sentence', () => {
  assert.throws(() => new Model(new Uint8Array([1, 2, 3])), /^Error: .{10,}$/);
  assert.throws(() => importOnnx(read('wine.test.csv'), 'x'), /not an ONNX model/);
  assert.throws(() => importOnnx(read('wine_logistic.onnx'), ''), /^Error: .{10,}$/);
  const ragged = { columns: ['a', 'b'], rows: [[1, 2], [3]] };
  assert.throws(() => importOnnx(read('wine_logistic.onnx'), 'x', ragged), /row 1/);
  const artifact = importOnnx(read('wine_tree.onnx'), 'tree');
  assert.equal(publicCard(artifact).name, 'tree');
});

test('bytes as text and back', () => {
  assert.equal(toHex(Uint8Array.of(0, 15, 255)), '0x000fff');
  assert.deepEqual(fromHex('0x000fff'), Uint8Array.of(0, 15, 255));
  for (const bad of ['', '00', '0x0', '0xzz']) assert.throws(() => fromHex(bad), /hexadecimal/);
});
