// The tool against a dev node.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { devNode, fheMl, model } from './harness.mjs';

const nodes = [];
after(() => Promise.all(nodes.map((node) => node.stop())));

/** Classes equal to ONNX Runtime's, scores within 2^-10. */
const agree = (rows, name) => {
  const expected = JSON.parse(readFileSync(model(`${name}.expected.json`)));
  for (const { row, prediction, scores } of rows) {
    assert.equal(prediction, expected.prediction[row], `row ${row}`);
    for (const [at, score] of scores.entries()) {
      assert.ok(Math.abs(score - expected.scores[row][at]) < 2 ** -10, `row ${row}: ${scores}`);
    }
  }
};

test('all 114 rows of the breast-cancer split and all of wine agree with ONNX Runtime', async () => {
  const node = await devNode();
  nodes.push(node);
  const wine = join(node.folder, 'wine.fheml');
  await fheMl(
    'model',
    'import',
    model('wine_logistic.onnx'),
    '--calibration',
    model('wine.train.csv'),
    '--output',
    wine,
  );
  await fheMl('model', 'register', node.artifact, '--suri', '//Alice', '--url', node.url);
  await fheMl('model', 'register', wine, '--suri', '//Alice', '--url', node.url);

  const predict = (number, table, ...options) =>
    fheMl(
      'predict',
      '--model',
      String(number),
      '--input',
      model(table),
      '--key',
      node.keys,
      '--suri',
      '//Bob',
      '--url',
      node.url,
      ...options,
    );
  const cancer = await predict(0, 'breast_cancer.test.csv');
  assert.equal(cancer.length, 114);
  agree(cancer, 'breast_cancer_logistic');
  const wines = await predict(1, 'wine.test.csv', '--release');
  assert.equal(wines.length, 36);
  agree(wines, 'wine_logistic');
  assert.equal((await node.api.query.fheMl.jobs.keys()).length, 1, 'the job of the wines is released');

  // The same on this machine alone, encrypted and in the clear, to the last digit.
  const local = await fheMl('evaluate', node.artifact, '--input', model('breast_cancer.test.csv'), '--key', node.keys);
  const clear = await fheMl('evaluate', node.artifact, '--input', model('breast_cancer.test.csv'), '--clear');
  const { summary } = local.pop();
  clear.pop();
  assert.equal(summary.rows, 114);
  assert.deepEqual(
    local.map((row) => row.raw_scores),
    cancer.map((row) => row.raw_scores),
  );
  assert.deepEqual(
    local.map((row) => row.raw_scores),
    clear.map((row) => row.raw_scores),
  );
});

test('a model without feature names takes the columns by position', async () => {
  const unnamed = join(nodes[0].folder, 'unnamed.fheml');
  await fheMl('model', 'import', model('breast_cancer_logistic.onnx'), '--output', unnamed);
  const rows = await fheMl('evaluate', unnamed, '--input', model('breast_cancer.test.csv'), '--key', nodes[0].keys);
  rows.pop();
  agree(rows, 'breast_cancer_logistic');
  await assert.rejects(
    fheMl('evaluate', unnamed, '--input', model('wine.test.csv'), '--key', nodes[0].keys),
    /missing: f13, f14/,
  );
});

test('what cannot work is one sentence and exit code 1', async () => {
  const node = nodes[0];
  const refused = (pattern, ...args) =>
    assert.rejects(fheMl(...args), (error) => {
      assert.equal(error.code, 1);
      assert.match(error.stderr, pattern);
      assert.equal(error.stderr.trim().split('\n').length, 1, error.stderr);
      return true;
    });
  const chain = ['--suri', '//Bob', '--url', node.url];
  const table = ['--input', model('breast_cancer.test.csv'), '--key', node.keys];
  const rows = [...table, '--rows', '0..1'];
  await refused(/no model 99/, 'predict', '--model', '99', ...rows, ...chain);
  await refused(/missing: alcohol.*unknown: mean_radius/, 'predict', '--model', '1', ...rows, ...chain);
  await refused(/costs \d+, more than --max-fee 5/, 'predict', '--model', '0', '--max-fee', '5', ...rows, ...chain);
  await refused(
    /did not take the transaction: Inability to pay/,
    'key',
    'register',
    '--key',
    node.keys,
    '--suri',
    '//Nobody',
    '--url',
    node.url,
  );
  await refused(/there are no rows 500\.\.501/, 'predict', '--model', '0', ...table, '--rows', '500', ...chain);
  await refused(/exists already/, 'keygen', '--out', node.keys);
  await refused(/no node answers/, 'model', 'list', '--url', 'ws://127.0.0.1:1');
  await refused(/Sender must be the Sudo account/, 'model', 'register', node.artifact, ...chain);
  await refused(
    /not an ONNX model/,
    'model',
    'import',
    model('wine.test.csv'),
    '--output',
    join(node.folder, 'no.fheml'),
  );
  await refused(
    /columns, but the model takes 30 features/,
    'model',
    'import',
    model('breast_cancer_logistic.onnx'),
    '--calibration',
    model('wine.train.csv'),
    '--output',
    join(node.folder, 'no.fheml'),
  );
});
