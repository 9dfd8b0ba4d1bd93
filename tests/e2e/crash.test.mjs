// kill -9 between evaluation and inclusion: the result still lands, once.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { u8aToHex } from '@polkadot/util';
import { devNode, event, fheMl, history, model, send, until } from './harness.mjs';
import { account } from './polkadot.mjs';

const bob = account('//Bob');
const expected = JSON.parse(readFileSync(model('breast_cancer_logistic.expected.json')));
let node;

before(async () => {
  node = await devNode();
  await fheMl('model', 'register', node.artifact, '--suri', '//Alice', '--url', node.url);
});
after(() => node?.stop());

test('a result that was evaluated but not included survives kill -9, and lands once', async () => {
  const row = 7;
  const inputFile = join(node.folder, 'row.input');
  await fheMl(
    'encrypt',
    '--model',
    node.artifact,
    '--input',
    model('breast_cancer.test.csv'),
    '--row',
    String(row),
    '--key',
    node.keys,
    '--output',
    inputFile,
  );
  const input = u8aToHex(readFileSync(inputFile));
  const call = node.api.tx.fheMl.requestInference(0, null, input, 10n ** 12n, 1);
  const { events } = await send(node.api, call, bob);
  const { job } = event(events, 'InferenceRequested');

  const evaluated = () => node.logged(`job ${job}: evaluated`).length;
  await until('the evaluation', () => evaluated() > 0);
  // ParityDB commits a moment after the write; the next block is most of two seconds away.
  await sleep(300);
  assert.ok((await node.api.query.fheMl.results(job)).isNone, 'killed too late to test anything');
  await node.kill();
  await node.start();

  const result = await until('the result after the restart', async () => {
    const stored = await node.api.query.fheMl.results(job);
    return stored.isSome && stored.unwrap();
  });
  assert.equal(evaluated(), 1, 'the journal spares the second evaluation');

  const resultFile = join(node.folder, 'result');
  writeFileSync(resultFile, result.toU8a(true));
  const [prediction] = await fheMl(
    'decrypt',
    '--model',
    node.artifact,
    '--input',
    inputFile,
    '--result',
    resultFile,
    '--key',
    node.keys,
  );
  assert.equal(prediction.prediction, expected.prediction[row]);

  await sleep(8_000); // Long enough for the hook to send again, if it did.
  const completed = await history(node.api, 'InferenceCompleted');
  assert.equal(completed.filter(({ event: e }) => e.data.job.eq(job)).length, 1);
});
