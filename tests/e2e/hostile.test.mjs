// Bytes that an attacker sends: each has its own error, nothing is stored, the node lives.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { u8aToHex } from '@polkadot/util';
import { devNode, event, fheMl, model, send, until } from './harness.mjs';
import { account } from './polkadot.mjs';

const FEE_LIMIT = 10n ** 12n;
const alice = account('//Alice');
const bob = account('//Bob');
let node;
let api;
let input;
let key;
let artifact;

before(async () => {
  node = await devNode();
  api = node.api;
  await fheMl('model', 'register', node.artifact, '--suri', '//Alice', '--url', node.url);
  const file = join(node.folder, 'row.input');
  await fheMl(
    'encrypt',
    '--model',
    node.artifact,
    '--input',
    model('breast_cancer.test.csv'),
    '--key',
    node.keys,
    '--output',
    file,
  );
  input = readFileSync(file);
  key = readFileSync(join(node.keys, 'server.key'));
  artifact = readFileSync(node.artifact);
});
after(() => node?.stop());

const changed = (bytes, at, value) => {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
};
/** Every way to break a blob, with the error that it must give. */
const broken = (bytes) => [
  ['truncated', bytes.subarray(0, bytes.length - 1), 'BlobWrongLength'],
  ['cut to its magic', bytes.subarray(0, 4), 'BlobWrongLength'],
  ['empty', Buffer.alloc(0), 'BlobWrongLength'],
  ['oversized', Buffer.concat([bytes, Buffer.from([0])]), 'BlobWrongLength'],
  ['of another version', changed(bytes, 4, 9), 'BlobWrongVersion'],
  ['of another parameter set', changed(bytes, 6, 9), 'BlobWrongParameterSet'],
  ['random', randomBytes(bytes.length), 'BlobNotRecognised'],
];

const calls = {
  artifact: (bytes) => api.tx.sudo.sudo(api.tx.fheMl.registerModel(u8aToHex(bytes), null)),
  'server key': (bytes) => api.tx.fheMl.registerServerKey(u8aToHex(bytes)),
  input: (bytes) => api.tx.fheMl.requestInference(0, null, u8aToHex(bytes), FEE_LIMIT, 1),
};

const stored = async () => {
  const counts = {};
  for (const map of ['models', 'modelArtifacts', 'serverKeys', 'serverKeyBytes', 'jobs', 'inputs']) {
    counts[map] = (await api.query.fheMl[map].keys()).length;
  }
  return counts;
};

for (const [what, signer] of [
  ['artifact', alice],
  ['server key', bob],
  ['input', bob],
]) {
  test(`every broken ${what} has its own error and is not stored`, async () => {
    const bytes = { artifact, 'server key': key, input }[what];
    const before = await stored();
    for (const [how, blob, error] of broken(bytes)) {
      await assert.rejects(send(api, calls[what](blob), signer), { message: `fheMl.${error}` }, `${what} ${how}`);
    }
    assert.deepEqual(await stored(), before);
  });
}

test('an input for another model and a blob of another kind are told apart', async () => {
  const other = changed(input, 20, input[20] ^ 1);
  await assert.rejects(send(api, calls.input(other), bob), { message: 'fheMl.InputForAnotherModel' });
  await assert.rejects(send(api, calls.input(key), bob), { message: /fheMl\.Blob/ });
  await assert.rejects(send(api, calls['server key'](input), bob), {
    message: 'fheMl.BlobWrongKind',
  });
});

test('an input whose body does not decode becomes a failed job, and the node lives', async () => {
  const hostile = Buffer.from(input);
  hostile.fill(0xff, 96);
  const { events } = await send(api, calls.input(hostile), bob);
  const { job } = event(events, 'InferenceRequested');
  const status = await until('the failure', async () => {
    const { status: now } = (await api.query.fheMl.jobs(job)).unwrap();
    return !now.isPending && now;
  });
  assert.equal(status.asFailed.reason.toString(), 'InputDoesNotDecode');

  // A random body that does decode is a valid ciphertext of noise.
  const noise = Buffer.from(input);
  randomBytes(noise.length - 97).copy(noise, 96);
  const next = await send(api, calls.input(noise), bob);
  const second = event(next.events, 'InferenceRequested').job;
  await until('an answer', async () => !(await api.query.fheMl.jobs(second)).unwrap().status.isPending);

  const [row] = await fheMl(
    'predict',
    '--model',
    '0',
    '--input',
    model('breast_cancer.test.csv'),
    '--rows',
    '0..1',
    '--key',
    node.keys,
    '--suri',
    '//Bob',
    '--url',
    node.url,
  );
  assert.equal(row.row, 0);
});

/** An artifact whose circuit does not decode, and whose card is no JSON, and has so many more bytes. */
function withoutCircuit(more) {
  const [prefix, card, circuit] = [116, artifact.readUInt32LE(32), Buffer.from(artifact)];
  circuit.fill(0xff, prefix + card, prefix + card + 8);
  circuit.fill(0x7b, prefix, prefix + 6);
  const hostile = Buffer.concat([circuit.subarray(0, prefix), Buffer.alloc(more, 0x7b), circuit.subarray(prefix)]);
  hostile.writeUInt32LE(hostile.length - 16, 12); // Behind the header.
  hostile.writeUInt32LE(card + more, 32);
  return hostile;
}

test('an artifact whose circuit does not decode is not registered', async () => {
  const next = (await api.query.fheMl.nextModel()).toNumber();
  await assert.rejects(send(api, calls.artifact(withoutCircuit(0)), alice), /fheMl.ArtifactDoesNotDecode/);
  assert.equal((await api.query.fheMl.nextModel()).toNumber(), next);
});

test('one that is too long for the chain to decode fails its jobs, not the node', async () => {
  const hostile = withoutCircuit(340 * 1024);
  const { events } = await send(api, calls.artifact(hostile), alice);
  const number = event(events, 'ModelRegistered').model.toNumber();
  const record = (await api.query.fheMl.models(number)).unwrap();
  const bound = Buffer.from(input);
  Buffer.from(record.artifact.toU8a()).copy(bound, 16);
  const call = api.tx.fheMl.requestInference(number, null, u8aToHex(bound), FEE_LIMIT, 1);
  const requested = await send(api, call, bob);
  const { job } = event(requested.events, 'InferenceRequested');
  const status = await until('the failure', async () => {
    const { status: now } = (await api.query.fheMl.jobs(job)).unwrap();
    return !now.isPending && now;
  });
  assert.equal(status.asFailed.reason.toString(), 'ModelDoesNotDecode');
});

test('no fee is held for a failed job: it went to the worker, or back', async () => {
  const held = async () => {
    const holds = await api.query.balances.holds(bob.address);
    return holds.filter(({ id }) => id.toString().includes('InferenceFee')).length;
  };
  assert.equal(await held(), 0);
});
