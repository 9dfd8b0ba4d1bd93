// Trained pipelines with columns of text: what stands before and after the encrypted core runs in the tool and in the
// page.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, servePage, shot, WAIT } from './browser.mjs';
import { devNode, fheMl, model } from './harness.mjs';

// Linear with text before it; a vote of trees and of naive Bayes, whose part is known before encryption.
const TEXTS = 'titanic_words';
const VOTES = 'voting_bayes';
const NAMES = [TEXTS, VOTES];

let node;
let app;
let browser;
const files = {};

const cell = (value) => (value === null ? '' : /[",]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value));
const csv = (columns, rows) => [columns, ...rows].map((row) => row.map(cell).join(',')).join('\n');

before(async () => {
  node = await devNode();
  for (const [number, name] of NAMES.entries()) {
    const pipeline = JSON.parse(readFileSync(model(`pipelines/${name}.json`)));
    const at = (end) => join(node.folder, `${name}.${end}`);
    // By name, not by place.
    const turned = [pipeline.columns.toReversed(), pipeline.rows.map((row) => row.toReversed())];
    writeFileSync(at('train.csv'), csv(pipeline.columns, pipeline.train));
    writeFileSync(at('test.csv'), name === TEXTS ? csv(...turned) : csv(pipeline.columns, pipeline.rows));
    const onnx = model(`pipelines/${name}.onnx`);
    await fheMl('model', 'import', onnx, '--calibration', at('train.csv'), '--output', at('fheml'));
    await fheMl('model', 'register', at('fheml'), '--suri', '//Alice', '--url', node.url);
    files[name] = { ...pipeline, number, onnx, train: at('train.csv'), test: at('test.csv'), artifact: at('fheml') };
  }
  await fheMl('key', 'register', '--key', node.keys, '--suri', '//Bob', '--url', node.url);
});
after(async () => {
  await browser?.close();
  app?.kill();
  await node?.stop();
});

const near = (found, wanted, what) => {
  assert.equal(found.length, wanted.length, what);
  for (const [at, score] of found.entries()) assert.ok(Math.abs(score - wanted[at]) < 0.003, `${what}: ${found}`);
};

test('rows of numbers and texts are predicted by the chain as ONNX Runtime does', async () => {
  for (const name of NAMES) {
    const { number, test: table, label, scores } = files[name];
    const rows = await fheMl(
      ...['predict', '--model', String(number), '--input', table, '--rows', '0..20', '--key', node.keys],
      ...['--suri', '//Bob', '--url', node.url],
    );
    assert.equal(rows.length, 20, name);
    for (const { row, prediction, scores: found } of rows) {
      assert.equal(prediction, label[row], `${name}, row ${row}`);
      near(found, scores[row], `${name}, row ${row}`);
    }
    // Whoever decrypts has the result alone: what was known of the row has come through the core.
    const { job } = rows[3];
    const [, , , again] = await fheMl('decrypt', '--job', String(job), '--key', node.keys, '--url', node.url);
    assert.equal(again.prediction, label[3]);
    near(again.scores, scores[3], `${name}, job ${job}`);
  }
});

test('the card says what is computed where, and which features are text', async () => {
  const [card] = await fheMl('model', 'inspect', files[TEXTS].artifact);
  assert.deepEqual(card.features, files[TEXTS].columns);
  const text = card.text.map(({ feature }) => card.features[feature]);
  assert.deepEqual(text.toSorted(), ['embarked', 'pclass', 'sex']);
  assert.deepEqual(card.text.find(({ feature }) => card.features[feature] === 'sex').known.toSorted(), [
    'female',
    'male',
  ]);
  assert.ok(card.before.program.length > 100 && card.before.columns.length > 5);
});

test('a cell of the wrong kind, a missing column and an unknown one are each an error of their own', async () => {
  const { columns, rows, artifact } = files[TEXTS];
  const refused = async (...table) => {
    const path = join(node.folder, 'wrong.csv');
    writeFileSync(path, csv(...table));
    const evaluate = fheMl('evaluate', artifact, '--input', path, '--clear');
    return evaluate.then(
      () => 'it was taken',
      (error) => String(error.stderr ?? error),
    );
  };
  const [row] = rows;
  const old = columns.indexOf('age');
  assert.match(await refused(columns, [row.with(old, 'old')]), /row 0, column `age`: `old` is not a number/);
  assert.match(await refused(columns.with(old, 'years'), [row]), /missing: age\. unknown: years\./);
  const wrong = join(node.folder, 'wrong.csv');
  const calibrated = fheMl('model', 'import', files[TEXTS].onnx, '--calibration', wrong, '--output', `${wrong}.fheml`);
  await assert.rejects(calibrated, /columns of the calibration file are not the model's inputs: missing age/);
});

test('the page has fields for text with what the model knows, and predicts from them', async () => {
  let url;
  ({ app, url } = await servePage('--url', node.url));
  browser = await launch();
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${url}#own`);
  await page.getByRole('status').filter({ hasText: 'ws://' }).waitFor(WAIT);
  const { onnx, train, test: table, columns, rows, label } = files[TEXTS];
  await page.locator('#model-file').setInputFiles([onnx, train]);
  await page.getByRole('heading', { name: `The card of ${TEXTS}` }).waitFor(WAIT);
  await page.getByText('Computed of them in this browser').waitFor(WAIT);
  await page.locator('#account').selectOption({ label: 'Alice (development)' });
  await page.getByRole('button', { name: 'Register it on the chain' }).click();
  await page.getByRole('heading', { name: `Try model ${NAMES.length}, ${TEXTS}` }).waitFor(WAIT);
  const at = 4;
  for (const [column, name] of columns.entries()) {
    await page.getByLabel(name, { exact: true }).fill(cell(rows[at][column]));
  }
  const sex = page.getByLabel('sex', { exact: true });
  assert.equal(await sex.getAttribute('type'), 'text');
  const known = page.locator(`datalist#${await sex.getAttribute('list')} option`);
  const values = await known.evaluateAll((options) => options.map((option) => option.value));
  assert.deepEqual(values.toSorted(), ['female', 'male']);
  await page.getByRole('button', { name: 'Encrypt and ask the chain' }).click();
  const answer = page.locator('.answer');
  await answer.waitFor(WAIT);
  assert.equal(await answer.textContent(), label[at]);
  await page.getByText('survived', { exact: true }).waitFor(WAIT); // The other class, with its bar.
  await shot('pipeline', page);
  await page.locator('#rows').setInputFiles(table);
  await page.getByRole('button', { name: `Encrypt and ask for ${rows.length} rows` }).click();
  await page.getByText(`${rows.length} of ${rows.length} rows`).waitFor({ timeout: 180_000 });
  const predicted = await page.locator('.scroll tbody tr td:nth-child(2)').allTextContents();
  assert.deepEqual(predicted, label);
  await page.setViewportSize({ width: 400, height: 800 });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 400, 'it fits a phone');
  await shot('pipeline-400', page);
  assert.deepEqual(complaints, []);
});
