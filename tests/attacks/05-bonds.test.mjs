// Attack 5: with redundancy one garbage was believed, and the worker's bond left after a day, while jobs can be looked
// at for a week. Now the client evaluates the input itself, and a bond stays as long as its jobs.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { event, fheMl, model, send, until } from '../e2e/harness.mjs';
import { u8aToHex } from '../e2e/polkadot.mjs';
import {
  account, attackedNode, balances, completed, encrypted, fhe, register, SHOULD_SUCCEED, sleep, Sybil, verdict, wealth,
} from './lib.mjs';

const [alice, bob, eve] = ['//Alice', '//Bob', '//Eve'].map(account);
let node;
let api;
let logistic;
let sybil;
let template;

before(async () => {
  node = await attackedNode();
  api = node.api;
  logistic = await register(node, 'breast_cancer_logistic', 'breast_cancer');
  const { bytes } = await encrypted(node, logistic.artifact, 'breast_cancer', 0);
  const call = api.tx.fheMl.requestInference(logistic.number, null, u8aToHex(bytes), 10n ** 12n, 1);
  const { job } = event((await send(api, call, bob)).events, 'InferenceRequested');
  template = await until('the form of a result', async () => {
    const stored = await api.query.fheMl.results(job);
    return stored.isSome && stored.unwrap().toU8a(true);
  });
  // From now on the only worker is the attacker's.
  await send(api, api.tx.sudo.sudo(api.tx.fheMl.removeWorker(alice.publicKey)), alice);
  sybil = await new Sybil(node, '//sybil1').join(eve);
});
after(() => node?.stop());

/** Nothing was evaluated for it. */
function garbage(record) {
  const result = template.slice();
  result.set(record.input.toU8a().subarray(0, 8), 16);
  result.set(randomBytes(result.length - 25), 24);
  return result;
}

test('garbage of a single worker is noticed', async () => {
  const before = await wealth(api, eve.address);
  const stop = new AbortController();
  const serving = (async () => {
    while (!stop.signal.aborted) {
      await sybil.serve((_, record) => completed(garbage(record)));
      await sleep(200);
    }
  })();
  const answer = await fheMl('predict', '--model', String(logistic.number), '--input', model('breast_cancer.test.csv'),
    '--rows', '0..1', '--key', node.keys, '--suri', '//Bob', '--url', node.url)
    .then((rows) => rows[0], (error) => ({ refused: error.stderr.trim(), code: error.code }));
  stop.abort();
  await serving;
  console.log(`the user sees ${JSON.stringify(answer)}`);
  balances(before, await wealth(api, eve.address));
  if (!SHOULD_SUCCEED) assert.equal(answer.code, 1);
  verdict(!answer.refused, `garbage was ${answer.refused ? 'refused' : 'shown as a prediction'}`);
});

test('a bond stays as long as the jobs of its worker', async () => {
  const before = await wealth(api, eve.address);
  const job = (await api.query.fheMl.nextJob()).toNumber() - 1;
  const { deadline: finished } = (await api.query.fheMl.jobs(job)).unwrap();
  const released = finished.toNumber() + api.consts.fheMl.releaseDelay.toNumber();
  const { events } = await send(api, api.tx.fheMl.leaveWorkers(sybil.pair.publicKey), eve);
  const free = event(events, 'WorkerLeaves').freeAt.toNumber();
  console.log(`the last job was finished in block ${finished} and stays until ${released}; the bond of `
    + `${fhe((await sybil.record()).bond)} FHE is free in block ${free}`);
  await assert.rejects(send(api, api.tx.fheMl.withdrawBond(sybil.pair.publicKey), eve), { message: 'fheMl.BondNotFree' });
  balances(before, await wealth(api, eve.address));
  verdict(free < released, `the bond is free ${Math.abs(released - free)} blocks ${free < released ? 'before' : 'after'} the job may be removed`);
});
