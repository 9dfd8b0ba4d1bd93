// Networks of several real nodes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fheMl, history, model, Node, send, until } from './harness.mjs';
import { account, stringToU8a, u8aConcat, u8aToHex } from './polkadot.mjs';

export const BOOT_PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'; // of node key 1
const { prediction: EXPECTED } = JSON.parse(readFileSync(model('breast_cancer_logistic.expected.json')));
export const NAMES = ['alice', 'bob', 'charlie', 'dave'];

/** How others reach a node with node key 1. */
export const bootAddress = (node) => `/ip4/${node.host}/tcp/${node.p2p}/p2p/${BOOT_PEER}`;

/** The four authorities of the `local` chain, by name; `options[name]` as those of `Node`, with more `args`. `chain` is another
 * specification of it, as an older node made it. */
export async function localNetwork(options = {}, chain = 'local') {
  const nodes = {};
  for (const [at, name] of NAMES.entries()) {
    const boot = at ? ['--bootnodes', bootAddress(nodes.alice)] : [];
    const key = String(at + 1).padStart(64, '0');
    const more = options[name]?.args ?? [];
    const args = ['--chain', chain, `--${name}`, '--node-key', key, ...boot, ...more];
    nodes[name] = await new Node(args, options[name]).start();
  }
  await until('finality', async () => (await finalized(nodes.dave)) > 0, 120);
  return nodes;
}

export const best = async ({ api }) => (await api.rpc.chain.getHeader()).number.toNumber();

export const finalized = async ({ api }) => {
  const hash = await api.rpc.chain.getFinalizedHead();
  return (await api.rpc.chain.getHeader(hash)).number.toNumber();
};

/** The version of the runtime that makes the block after that with this hash, or the next one. */
export const specVersion = async ({ api }, ...hash) =>
  (await api.rpc.state.getRuntimeVersion(...hash)).specVersion.toNumber();

/** Has the admin replace the runtime; resolves to the number of the block that did. It is not watched: the connection
 * would read that block, which is of the old version, with the types of the new one. */
export async function setCode(node, code) {
  const { tx, rpc } = node.api;
  const old = await specVersion(node);
  await tx.sudo.sudo(tx.system.setCode(code)).signAndSend(account('//Alice'));
  await until('the new runtime', async () => (await specVersion(node)) > old);
  let number = await best(node);
  while ((await specVersion(node, await rpc.chain.getBlockHash(number - 1))) > old) number -= 1;
  return number;
}

/** Makes keys, imports and registers the breast-cancer model as number 0. */
export async function registerModel(node) {
  const keys = join(node.folder, 'keys');
  const artifact = join(node.folder, 'model.fheml');
  await fheMl('keygen', '--out', keys);
  await fheMl(
    'model',
    'import',
    model('breast_cancer_logistic.onnx'),
    '--output',
    artifact,
    '--calibration',
    model('breast_cancer.train.csv'),
  );
  await fheMl('model', 'register', artifact, '--suri', '//Alice', '--url', node.url);
  return { keys, artifact };
}

/** Joins a worker with this key; `signer` is its operator. */
export async function joinWorker({ api }, pair, signer) {
  const proof = pair.sign(u8aConcat(stringToU8a('POP_'), signer.publicKey));
  await send(api, api.tx.fheMl.joinWorkers(pair.publicKey, proof), signer);
}

/** Joins another worker, with a key of its own, on the machine of `node`; `signer` is its operator. */
export async function joinExtraWorker(node, suri, signer) {
  const pair = account(suri);
  await node.api.rpc.author.insertKey('fhe!', suri, u8aToHex(pair.publicKey));
  await joinWorker(node, pair, signer);
}

/** Predicts rows of that model (as `0..4`) for Bob; each must be as ONNX Runtime has it. Returns them. */
export async function predictRight(node, keys, rows, ...options) {
  const answers = await fheMl(
    'predict',
    '--rows-per-request',
    '1',
    '--model',
    '0',
    '--input',
    model('breast_cancer.test.csv'),
    '--rows',
    rows,
    '--key',
    keys,
    '--suri',
    '//Bob',
    '--url',
    node.url,
    ...options,
  );
  const [start, end] = rows.split('..').map(Number);
  assert.equal(answers.length, end - start);
  for (const { row, prediction } of answers) assert.equal(prediction, EXPECTED[row], `row ${row}`);
  return answers;
}

/** Signs and sends `calls` with consecutive nonces, as fast as the node takes them. */
export async function sendAll(node, calls, signer) {
  const first = (await node.api.rpc.system.accountNextIndex(signer.address)).toNumber();
  for (const [at, call] of calls.entries()) {
    await call.signAndSend(signer, { nonce: first + at });
  }
}

/** Waits until no job is pending, and returns all jobs. */
export async function allFinished(node, count, seconds) {
  const { fheMl: pallet } = node.api.query;
  await until(
    `${count} jobs to be finished`,
    async () => (await pallet.nextJob()).toNumber() >= count && (await pallet.pendingCount()).isZero(),
    seconds,
  );
  const jobs = await pallet.jobs.entries();
  return jobs.map(([key, job]) => ({ number: key.args[0].toNumber(), job: job.unwrap() }));
}

/** The owners of jobs that are not final accept their outcomes, so that all fees are paid. */
export async function acceptAll({ api }) {
  const owners = new Map(
    ['Alice', 'Bob', 'Charlie', 'Dave', 'Eve', 'Ferdie'].map((name) => [account(`//${name}`).address, `//${name}`]),
  );
  for (const [key] of await api.query.fheMl.provisional.entries()) {
    const job = key.args[0];
    if ((await api.query.fheMl.trials(job)).isSome) continue;
    const owner = (await api.query.fheMl.jobs(job)).unwrap().owner.toString();
    const suri = owners.get(owner);
    if (suri) await send(api, api.tx.fheMl.finalise(job), account(suri));
  }
}

/**
 * The books: every unit is on some account; nothing is held for jobs that are finished; every job was
 * paid once, if its owner accepts it. Returns how many jobs each worker completed.
 */
export async function balancedBooks(node) {
  await acceptAll(node);
  const { query } = node.api;
  const at = await node.api.at(await node.api.rpc.chain.getFinalizedHead());
  const accounts = await at.query.system.account.entries();
  const total = accounts.reduce((sum, [, { data }]) => sum + data.free.toBigInt() + data.reserved.toBigInt(), 0n);
  assert.equal(total, (await at.query.balances.totalIssuance()).toBigInt());
  for (const [, holds] of await query.balances.holds.entries()) {
    assert.ok(!holds.some(({ id }) => id.isFheMl && id.asFheMl.isInferenceFee), 'a fee is still held');
  }
  // Whose outcome was wrong is not paid.
  const convictedOf = new Map();
  for (const {
    event: { data },
  } of await history(node.api, 'OutcomeCorrected')) {
    convictedOf.set(
      data.job.toNumber(),
      data.convicted.map((worker) => worker.toHex()),
    );
  }
  const paid = new Map();
  for (const {
    event: { data },
  } of await history(node.api, 'InferenceCompleted')) {
    const job = data.job.toNumber();
    assert.ok(!paid.has(job), `job ${job} was paid twice`);
    paid.set(
      job,
      data.workers.map((worker) => worker.toHex()).filter((worker) => !convictedOf.get(job)?.includes(worker)),
    );
  }
  const shares = new Map();
  for (const worker of [...paid.values()].flat()) shares.set(worker, (shares.get(worker) ?? 0) + 1);
  for (const [key, record] of await query.fheMl.workers.entries()) {
    const worker = key.args[0].toHex();
    const { completed, openJobs, openWork } = record.unwrap();
    assert.equal(completed.toNumber(), shares.get(worker) ?? 0);
    assert.equal(openJobs.toNumber() + openWork.toNumber(), 0);
  }
  return shares;
}
