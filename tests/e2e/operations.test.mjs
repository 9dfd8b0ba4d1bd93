// What an operator uses: a chain of their own, metrics, the dashboard, health.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { fheMl, model, NODE, Node, ROOT, scratch, until } from './harness.mjs';

const nodes = [];
after(() => Promise.all(nodes.map((node) => node.stop())));
const newChain = (...args) => promisify(execFile)(NODE, ['new-chain', ...args]);

test('a new chain has its own keys, authors blocks, and its worker works', async () => {
  const folder = join(scratch(), 'chain');
  const { stdout } = await newChain('--name', 'Test Chain', '--authorities', '1', '--output', folder);
  assert.match(stdout, /node-1 {2}account 5\w+ {2}peer 12D3\w+/);
  for (const secret of ['root.phrase', 'node-1/account.phrase']) {
    assert.equal(statSync(join(folder, secret)).mode & 0o777, 0o600);
  }
  const node = new Node(['--chain', join(folder, 'spec.json'), '--validator'], { base: join(folder, 'node-1') });
  nodes.push(await node.start());
  const root = readFileSync(join(folder, 'root.phrase'), 'utf8').trim();
  const artifact = join(folder, 'model.fheml');
  const keys = join(folder, 'keys');
  await fheMl('keygen', '--out', keys);
  await fheMl('model', 'import', model('breast_cancer_logistic.onnx'), '--output', artifact);
  await fheMl('model', 'register', artifact, '--suri', root, '--url', node.url);
  const rows = await fheMl(
    'predict',
    '--model',
    '0',
    '--input',
    model('breast_cancer.test.csv'),
    '--rows',
    '0..2',
    '--rows-per-request',
    '1',
    '--key',
    keys,
    '--suri',
    root,
    '--url',
    node.url,
  );
  assert.equal(rows.length, 2);
  await assert.rejects(fheMl('model', 'list', '--suri', '//Alice', '--url', node.url));

  await assert.rejects(newChain('--name', 'Test Chain', '--output', folder), (error) =>
    /exists already/.test(error.stderr),
  );
  await assert.rejects(newChain('--name', '../x', '--output', join(folder, 'no')), (error) =>
    /is not a name of letters/.test(error.stderr),
  );
});

test('every metric of the dashboard is exported, and /health answers', async () => {
  const [node] = nodes;
  const scrape = async () => (await fetch(`http://127.0.0.1:${node.metrics}/metrics`)).text();
  const text = await until('the worker in the metrics', async () => {
    const text = await scrape();
    return /fhe_ml_worker\{[^}]*what="completed"[^}]*\} 2/.test(text) && text;
  });
  const dashboard = readFileSync(join(ROOT, 'docker/grafana/fhe-ml.json'), 'utf8');
  const used = new Set(dashboard.match(/\b(fhe_ml_\w+|substrate_\w+)/g));
  assert.ok(used.size >= 8, `${[...used]}`);
  for (const metric of used) {
    assert.ok(text.includes(metric), `the dashboard shows ${metric}, which is not exported`);
  }
  assert.match(text, /fhe_ml_evaluations_total\{[^}]*kind="linear"[^}]*outcome="completed"[^}]*\} 2/);
  assert.match(text, /fhe_ml_rows_total[^ ]* 2/);
  const health = await (await fetch(`http://127.0.0.1:${node.port}/health`)).json();
  assert.equal(health.isSyncing, false);
});
