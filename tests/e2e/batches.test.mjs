// A file of rows is a few requests: one job and one result each, whatever happens in between.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { u8aToHex } from '@polkadot/util';
import { devNode, event, fheMl, history, model, send, TOOL, until } from './harness.mjs';
import { account } from './polkadot.mjs';

const bob = account('//Bob');
const XGBOOST = 'breast_cancer_xgboost_50x4';
const TABLE = model('breast_cancer.test.csv');
let node;
let chain;
const numbers = {};

before(async () => {
  node = await devNode();
  chain = ['--url', node.url];
  for (const [name, calibration] of [
    [XGBOOST],
    ['wine_logistic', 'wine.train.csv'],
    ['iris_network', 'iris.train.csv'],
    ['digits_network', 'digits.train.csv'],
  ]) {
    const artifact = join(node.folder, `${name}.fheml`);
    const options = calibration ? ['--calibration', model(calibration)] : [];
    await fheMl('model', 'import', model(`${name}.onnx`), '--output', artifact, ...options);
    const [{ model: number }] = await fheMl('model', 'register', artifact, '--suri', '//Alice', ...chain);
    numbers[name] = { artifact, number: String(number) };
  }
  await fheMl('key', 'register', '--key', node.keys, '--suri', '//Bob', ...chain);
});
after(() => node?.stop());

const arguments_ = (name, table, ...options) => [
  ...['predict', '--model', numbers[name].number, '--input', table],
  ...['--key', node.keys, '--suri', '//Bob', ...chain, ...options],
];
const predict = (...options) => fheMl(...arguments_(...options));
const expected = (name) => JSON.parse(readFileSync(model(`${name}.expected.json`))).prediction;
const agree = (rows, name) => {
  const predictions = expected(name);
  for (const { row, prediction } of rows) assert.equal(prediction, predictions[row], `${name}, row ${row}`);
};
const free = async () => (await node.api.query.system.account(bob.address)).data.free.toBigInt();

/** Cells of a CSV file, without its header. */
const cells = (path) => {
  const [header, ...rows] = readFileSync(path, 'utf8').trim().split('\n');
  return { header: header.split(','), rows: rows.map((row) => row.split(',')) };
};

/** Rows of a table, so often. */
const longTable = (times) => {
  const path = join(node.folder, `long-${times}.csv`);
  const [header, ...rows] = readFileSync(TABLE, 'utf8').trim().split('\n');
  writeFileSync(path, [header, ...Array.from({ length: times }, () => rows).flat()].join('\n'));
  return path;
};

test('114 rows of XGBoost are one request, and decrypted within three blocks', async () => {
  const rows = await predict(XGBOOST, TABLE);
  assert.deepEqual(
    rows.map(({ row }) => row),
    Array.from({ length: 114 }, (_, at) => at),
  );
  agree(rows, XGBOOST);
  const [{ job, rows: count, requested_in_block: from, result_in_block: to, ...first }] = rows;
  assert.ok(rows.every((row) => row.job === job && row.verified));
  assert.equal(count, 114);
  assert.ok(to - from <= 3, `${to - from} blocks`);
  const bytes = (first.input_bytes + first.result_bytes) / 114;
  console.log(`${bytes.toFixed(0)} bytes a row on the chain, verified in ${first.verify_ms.toFixed(0)} ms`);
  assert.ok(bytes <= 1700, `${bytes} bytes a row`);

  const record = (await node.api.query.fheMl.jobs(job)).unwrap();
  assert.equal(record.rows.toNumber(), 114);
  assert.equal(record.inputBytes.toNumber(), first.input_bytes);
  const requested = await history(node.api, 'InferenceRequested');
  const data = requested.find(({ event: { data } }) => data.job.eq(job)).event.data;
  assert.equal(data.rows.toNumber(), 114);
  assert.equal(data.fee.toString(), first.fee);
  // What rows have in common is paid for once.
  const [alone] = await predict(XGBOOST, TABLE, '--rows', '5');
  assert.equal(alone.rows, 1);
  assert.ok(BigInt(first.fee) < 114n * BigInt(alone.fee));
});

test('every kind of circuit takes several rows', async () => {
  for (const [name, table, options] of [
    ['wine_logistic', model('wine.test.csv'), []],
    ['iris_network', model('iris.test.csv'), ['--rows-per-request', '7']],
    [XGBOOST, TABLE, ['--rows', '0..30', '--rows-per-request', '11', '--redundancy', '1']],
  ]) {
    const rows = await predict(name, table, ...options);
    agree(rows, name);
    const jobs = new Set(rows.map(({ job }) => job));
    const most = Number(options[options.indexOf('--rows-per-request') + 1]) || rows.length;
    assert.equal(jobs.size, Math.ceil(rows.length / most), name);
  }
});

test('an input of several rows is made and opened by hand, too', async () => {
  const file = join(node.folder, 'rows.input');
  const source = ['--input', TABLE, '--key', node.keys, '--output', file];
  const [{ rows, input_bytes: bytes }] = await fheMl(
    ...['encrypt', '--model', numbers[XGBOOST].artifact, '--rows', '3..8', ...source],
  );
  assert.deepEqual([rows, bytes], [5, readFileSync(file).length]);
  const [[hash]] = await node.api.query.fheMl.serverKeys.keys().then((keys) => keys.map(({ args }) => args));
  const request = (input, fee = 10n ** 13n) =>
    node.api.tx.fheMl.requestInference(numbers[XGBOOST].number, hash, u8aToHex(input), fee, 1);
  const { events } = await send(node.api, request(readFileSync(file)), bob);
  const { job } = event(events, 'InferenceRequested');
  await until('the result', async () => (await node.api.query.fheMl.results(job)).isSome);
  const opened = await fheMl('decrypt', '--job', job.toString(), '--key', node.keys, ...chain);
  assert.deepEqual(
    opened.map(({ prediction }) => prediction),
    expected(XGBOOST).slice(3, 8),
  );

  // A row more or less than the header says, and a fee for one row.
  const input = readFileSync(file);
  const more = Buffer.from(input);
  more.writeUInt16LE(5, 10);
  const wrong = send(node.api, request(more), bob);
  await assert.rejects(wrong, /fheMl.BlobWrongLength/);
  const { fee } = (await node.api.call.fheMlApi.quote(numbers[XGBOOST].number, 1)).unwrap();
  await assert.rejects(send(node.api, request(input, fee.toBigInt()), bob), /fheMl.FeeAboveMax/);
  const most = ['--rows', '0..114', '--model', numbers.digits_network.artifact];
  const many = fheMl('encrypt', ...most, '--input', model('digits.test.csv'), ...source.slice(2));
  await many.then(
    () => assert.ok(readFileSync(file).length <= 1 << 20),
    ({ stderr }) => assert.match(stderr, /one input has room for \d+ rows/),
  );
});

test('scores are written as a table, with a column for each class', async () => {
  const output = join(node.folder, 'scores.csv');
  const options = ['--output', output, '--rows-per-request', '50', '--release'];
  const [summary] = await predict(XGBOOST, TABLE, ...options);
  assert.deepEqual([summary.rows, summary.requests], [114, 3]);
  const { header, rows } = cells(output);
  assert.deepEqual(header, ['row', 'prediction', 'score_0', 'score_1']);
  agree(
    rows.map(([row, prediction]) => ({ row: Number(row), prediction: Number(prediction) })),
    XGBOOST,
  );
  assert.equal(rows.length, 114);
  assert.ok(!existsSync(`${output}.run`) && !existsSync(`${output}.part`));
  const again = predict(XGBOOST, TABLE, '--output', output);
  await assert.rejects(again, ({ code, stderr }) => code === 1 && /is there already/.test(stderr));
});

test('a tool that is killed goes on where it was, and pays for nothing twice', async () => {
  const table = longTable(6);
  const output = join(node.folder, 'long.csv');
  const run = arguments_(XGBOOST, table, '--output', output, '--rows-per-request', '60');
  const before = (await node.api.query.fheMl.nextJob()).toNumber();
  const money = await free();
  // Killed while it sends the first requests, and again as soon as some rows are written.
  const books = `${output}.run/books.jsonl`;
  const booked = (what) => (existsSync(books) ? readFileSync(books, 'utf8').split(`"${what}"`).length - 1 : 0);
  for (const [what, wanted] of [
    ['asked', 3],
    ['done', 1],
  ]) {
    const tool = spawn(TOOL, [...run, '--json'], { stdio: 'ignore' });
    const exited = new Promise((resolve) => tool.once('exit', resolve));
    await until('a line in the books', () => booked(what) >= wanted || tool.exitCode !== null, 120);
    assert.equal(tool.exitCode, null, 'it ended before it was killed');
    tool.kill('SIGKILL');
    await exited;
  }
  const other = fheMl(...run.map((option) => (option === table ? TABLE : option)));
  await assert.rejects(other, ({ stderr }) => /books of a run with another table/.test(stderr));
  const [summary] = await fheMl(...run);
  assert.equal(summary.rows, 684);

  const { rows } = cells(output);
  assert.deepEqual(
    rows.map(([row]) => Number(row)),
    Array.from({ length: 684 }, (_, at) => at),
  );
  const predictions = expected(XGBOOST);
  for (const [row, prediction] of rows) assert.equal(Number(prediction), predictions[row % 114], `row ${row}`);
  const jobs = (await node.api.query.fheMl.nextJob()).toNumber() - before;
  assert.equal(jobs, Math.ceil(684 / 60), 'a request was made twice');
  // Fees of the jobs, their deposits, and what the transactions cost: no more left the account.
  let held = 0n;
  for (let job = before; job < before + jobs; job += 1) {
    const record = (await node.api.query.fheMl.jobs(job)).unwrap();
    held += record.fee.toBigInt() + record.deposit.toBigInt();
  }
  const spent = money - (await free());
  assert.ok(spent >= held && spent < held + held / 2n, `${spent} spent, ${held} in jobs`);
});

test('a node that is killed in the middle of a batch evaluates the other rows only', async () => {
  const name = 'digits_network';
  const evaluated = async () => {
    const metrics = await fetch(`http://127.0.0.1:${node.metrics}/metrics`).then((answer) => answer.text());
    return Number(/^fhe_ml_rows_total[^ ]* (\d+)/m.exec(metrics)?.[1] ?? 0);
  };
  const count = 40;
  const start = await evaluated();
  const running = predict(name, model('digits.test.csv'), '--rows', `0..${count}`, '--rows-per-request', '40');
  const part = await until('a part of the rows', async () => (await evaluated()) - start || false, 300);
  assert.ok(part < count, 'all rows are one part, so nothing was tested');
  await node.kill();
  await node.start();
  const rows = await running;
  assert.equal(rows.length, count);
  agree(rows, name);
  assert.equal(new Set(rows.map(({ job }) => job)).size, 1);
  assert.ok((await evaluated()) <= count - part, 'the part was evaluated again');
  const completed = await history(node.api, 'InferenceCompleted');
  assert.equal(completed.filter(({ event: e }) => e.data.job.eq(rows[0].job)).length, 1);
});
