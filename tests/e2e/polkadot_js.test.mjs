// The whole way with @polkadot/api, the library under polkadot.js Apps, without custom types.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { u8aToHex } from '@polkadot/util';
import { devNode, event, fheMl, model, numberOf, send, until } from './harness.mjs';
import { account } from './polkadot.mjs';

const FEE_LIMIT = 10n ** 12n;
const alice = account('//Alice');
const bob = account('//Bob');
const expected = JSON.parse(readFileSync(model('breast_cancer_logistic.expected.json')));
let node;
let api;

before(async () => {
  node = await devNode();
  api = node.api;
});
after(() => node?.stop());

const encrypt = async (row) => {
  const file = join(node.folder, `${row}.input`);
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
    file,
  );
  return file;
};

test('register, encrypt, request, query and decrypt', async () => {
  const artifact = u8aToHex(readFileSync(node.artifact));
  const registered = await send(api, api.tx.sudo.sudo(api.tx.fheMl.registerModel(artifact, null)), alice);
  const number = event(registered.events, 'ModelRegistered').model.toNumber();
  const record = (await api.query.fheMl.models(number)).unwrap();
  assert.equal(record.name.toUtf8(), 'breast_cancer_logistic');

  const row = 5;
  const inputFile = await encrypt(row);
  const input = u8aToHex(readFileSync(inputFile));
  assert.equal(record.inputBytes.toNumber(), readFileSync(inputFile).length);
  const call = api.tx.fheMl.requestInference(number, null, input, FEE_LIMIT, 1);
  const requested = await send(api, call, bob);
  const { job, fee } = event(requested.events, 'InferenceRequested');

  const result = await until('the result', async () => {
    const stored = await api.query.fheMl.results(job);
    return stored.isSome && stored.unwrap();
  });
  assert.ok(result.length <= 64, `a binary linear result has ${result.length} bytes`);

  // polkadot.js shows bytes as 0x...: the tool takes that text as it is.
  const resultFile = join(node.folder, 'result.txt');
  writeFileSync(resultFile, result.toHex());
  const [prediction] = await fheMl(
    'decrypt',
    '--model',
    String(number),
    '--input',
    inputFile,
    '--result',
    resultFile,
    '--key',
    node.keys,
    '--url',
    node.url,
  );
  assert.equal(prediction.prediction, expected.prediction[row]);
  for (const [at, score] of prediction.scores.entries())
    assert.ok(Math.abs(score - expected.scores[row][at]) < 2 ** -10);

  const [again] = await fheMl('decrypt', '--job', job.toString(), '--key', node.keys, '--url', node.url);
  assert.deepEqual(again, prediction);

  const status = (await api.query.fheMl.jobs(job)).unwrap().status;
  assert.ok(status.isCompleted);
  const released = await send(api, api.tx.fheMl.release(job), bob);
  assert.ok(event(released.events, 'JobReleased').deposit.toBigInt() > 0n);
  assert.ok((await api.query.fheMl.results(job)).isNone);
  assert.ok(fee.toBigInt() > 0n);
});

test('the result is included at most two blocks after the request', async () => {
  for (const row of [0, 1, 2]) {
    const input = u8aToHex(readFileSync(await encrypt(row)));
    const requested = await send(api, api.tx.fheMl.requestInference(0, null, input, FEE_LIMIT, 1), bob);
    const { job } = event(requested.events, 'InferenceRequested');
    const asked = await numberOf(api, requested.block);
    await until('the result', async () => (await api.query.fheMl.results(job)).isSome);
    // The event tells the block exactly; look back over the few blocks since.
    const best = (await api.rpc.chain.getHeader()).number.toNumber();
    let answered;
    for (let block = asked; block <= best; block += 1) {
      const events = await (await api.at(await api.rpc.chain.getBlockHash(block))).query.system.events();
      if (events.some(({ event: e }) => e.method === 'InferenceCompleted' && e.data.job.eq(job))) {
        answered = block;
      }
    }
    assert.ok(answered - asked <= 2, `requested in ${asked}, answered in ${answered}`);
  }
});

test('the metadata documents every call, event field and error', () => {
  const { lookup } = api.registry;
  const pallet = api.runtimeMetadata.asLatest.pallets.find((p) => p.name.eq('FheMl'));
  const variants = (type) => lookup.getSiType(type).def.asVariant.variants;
  const documented = (what, docs) => assert.ok(docs.join('').trim(), `${what} has no docs`);
  for (const call of variants(pallet.calls.unwrap().type)) documented(`call ${call.name}`, call.docs);
  for (const error of variants(pallet.errors.unwrap().type)) {
    documented(`error ${error.name}`, error.docs);
  }
  for (const e of variants(pallet.events.unwrap().type)) {
    documented(`event ${e.name}`, e.docs);
    for (const field of e.fields) documented(`${e.name}.${field.name}`, field.docs);
  }
  for (const entry of pallet.storage.unwrap().items) documented(`storage ${entry.name}`, entry.docs);
});

test('a server key is registered in one extrinsic and removed', async () => {
  const key = u8aToHex(readFileSync(join(node.keys, 'server.key')));
  const { events } = await send(api, api.tx.fheMl.registerServerKey(key), bob);
  const { serverKey, deposit } = event(events, 'ServerKeyRegistered');
  assert.ok(deposit.toBigInt() > 0n);
  assert.equal((await api.query.fheMl.serverKeyBytes(serverKey)).unwrap().length, key.length / 2 - 1);
  await send(api, api.tx.fheMl.removeServerKey(serverKey), bob);
  assert.ok((await api.query.fheMl.serverKeys(serverKey)).isNone);
});
