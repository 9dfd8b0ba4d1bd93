// Deep networks: a bootstrap key is registered beside the server key, several workers evaluate for seconds and get the
// same bytes, one of them is killed meanwhile, and bad keys are refused or fail their jobs.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { event, fheMl, model, send, until } from './harness.mjs';
import { balancedBooks, localNetwork } from './network.mjs';
import { account, blake2AsU8a, u8aToHex } from './polkadot.mjs';

const { prediction: EXPECTED } = JSON.parse(readFileSync(model('digits_mlp_32_32.expected.json')));
const TABLE = model('digits.test.csv');
const bob = account('//Bob');
let nodes = {};
let keys;
let chain;
before(async () => {
  nodes = await localNetwork();
  const { folder, url } = nodes.alice;
  keys = join(folder, 'keys');
  chain = ['--url', url];
  await fheMl('keygen', '--out', keys);
  const artifact = join(folder, 'digits.fheml');
  const calibration = ['--calibration', model('digits.train.csv')];
  await fheMl('model', 'import', model('digits_mlp_32_32.onnx'), '--output', artifact, ...calibration);
  await fheMl('model', 'register', artifact, '--suri', '//Alice', ...chain);
});
after(() => Promise.all(Object.values(nodes).map((node) => node.stop())));

const predict = (rows, ...options) =>
  fheMl(
    ...['predict', '--model', '0', '--input', TABLE, '--rows', rows, '--key', keys, '--suri', '//Bob'],
    ...[...chain, ...options],
  );

/** Noise may turn a class where two scores are near, once in fifty rows. */
const mostAgree = (rows) => {
  const wrong = rows.filter(({ row, prediction }) => prediction !== EXPECTED[row]);
  assert.ok(wrong.length <= 1, JSON.stringify(wrong));
};

const bootstrapKey = async (folder) => {
  const file = join(folder, 'bootstrap.key');
  await fheMl('key', 'bootstrap', '--key', folder, '--output', file);
  return readFileSync(file);
};

test('a deep network is refused until the bootstrap key is on the chain', async () => {
  await fheMl('key', 'register', '--key', keys, '--suri', '//Bob', ...chain);
  await assert.rejects(predict('0', '--redundancy', '3'), (error) => {
    assert.equal(error.code, 1);
    assert.match(error.stderr, /bootstrap key/);
    assert.match(error.stderr, /fhe-ml key register --deep/);
    return true;
  });
  const { api } = nodes.alice;
  const key = await bootstrapKey(keys);
  const register = (bytes, signer) => send(api, api.tx.fheMl.registerBootstrapKey(u8aToHex(bytes)), signer);
  await assert.rejects(register(key, account('//Eve')), { message: /NotServerKeyOwner/ });
  await assert.rejects(register(key.subarray(0, 9999), bob), { message: /BlobWrongLength/ });
  const foreign = Buffer.from(key);
  foreign[20] ^= 1;
  await assert.rejects(register(foreign, bob), { message: /UnknownServerKey/ });

  const [first] = await fheMl('key', 'register', '--deep', '--key', keys, '--suri', '//Bob', ...chain);
  assert.deepEqual([first.was_registered, first.bootstrap_key_was_registered], [true, false]);
  assert.equal(first.bootstrap_key_bytes, key.length);
  const [again] = await fheMl('key', 'register', '--deep', '--key', keys, '--suri', '//Bob', ...chain);
  assert.equal(again.bootstrap_key_was_registered, true);
  await assert.rejects(register(key, bob), { message: /BootstrapKeyAlreadyRegistered/ });
});

test('a single worker is not believed, and three get the same bytes, which are verified, and the classes are the float model’s', async () => {
  await assert.rejects(predict('0'), /--redundancy 3/);
  const rows = await predict('0..6', '--redundancy', '3');
  assert.equal(rows.length, 6);
  mostAgree(rows);
  const { job } = rows[0];
  const [{ right }] = await fheMl('verify', '--job', String(job), ...chain);
  assert.equal(right, true);
  await balancedBooks(nodes.alice);
});

test('a worker that is killed in the middle of an evaluation answers after its restart', async () => {
  const running = predict('6..14', '--redundancy', '3');
  const names = Object.keys(nodes);
  const busy = await until('an evaluation', async () => {
    const { api } = nodes.alice;
    const pending = (await api.query.fheMl.pending.keys()).map(({ args: [worker] }) => worker.toHex());
    const own = await Promise.all(
      names.map(async (name) =>
        pending.includes(u8aToHex(account(`//${name[0].toUpperCase()}${name.slice(1)}`).publicKey)),
      ),
    );
    return names.find((name, at) => own[at] && name !== 'alice') ?? (pending.length > 0 && 'alice');
  });
  await sleep(1_500);
  if (busy !== 'alice') {
    await nodes[busy].kill();
    await nodes[busy].start();
  }
  mostAgree(await running);
});

test('a broken bootstrap key fails its jobs with the reason, and the nodes live', async () => {
  const { api, folder } = nodes.alice;
  const eve = account('//Eve');
  const own = join(folder, 'eve');
  await fheMl('keygen', '--out', own);
  await fheMl('key', 'register', '--key', own, '--suri', '//Eve', ...chain);
  const broken = await bootstrapKey(own);
  broken.fill(0xff, 1000, 2000);
  await send(api, api.tx.fheMl.registerBootstrapKey(u8aToHex(broken)), eve);

  const file = join(folder, 'row.input');
  const row = ['--input', TABLE, '--row', '0', '--key', own, '--output', file];
  await fheMl('encrypt', '--model', '0', ...row, ...chain);
  const input = readFileSync(file);
  const serverKey = u8aToHex(blake2AsU8a(readFileSync(join(own, 'server.key'))));
  const ask = (blob) => send(api, api.tx.fheMl.requestInference(0, serverKey, u8aToHex(blob), 10n ** 15n, 3), eve);
  // The input is for the bootstrap key that Eve's client key has, and not for the one that she has registered.
  await assert.rejects(ask(input), { message: /InputForAnotherKey/ });
  Buffer.from(blake2AsU8a(broken)).copy(input, 48);
  const { job } = event((await ask(input)).events, 'InferenceRequested');
  const reason = await until('an answer', async () => {
    const { status } = (await api.query.fheMl.jobs(job)).unwrap();
    return status.isFailed && status.asFailed.reason.toString();
  });
  assert.equal(reason, 'BootstrapKeyDoesNotDecode');
  writeFileSync(file, input);
  mostAgree(await predict('14..16', '--redundancy', '3'));
});
