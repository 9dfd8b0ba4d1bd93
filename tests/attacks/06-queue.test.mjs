// Attack 6: one account fills the queue of all. On 5166bc2 a few FHE bought thousands of places, and every block walked
// through them. Now open jobs and open work are bounded for each account, and others still get theirs in.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { event, send } from '../e2e/harness.mjs';
import { u8aToHex } from '../e2e/polkadot.mjs';
import {
  account, attackedNode, balances, bestNumber, encrypted, failures, flood, register, SHOULD_SUCCEED, sleep, verdict, wealth,
} from './lib.mjs';

const REQUESTS = 1500;
/** More than any account needs: a table of a thousand rows is sent bit by bit. */
const MANY = 1000;
const [mallory, dave] = ['//Eve', '//Dave'].map(account);
let node;
let api;

before(async () => {
  // Nobody evaluates: what is asked for stays in the queue.
  node = await attackedNode('--no-worker');
  api = node.api;
});
after(() => node?.stop());

test('one account does not fill the queue', async () => {
  const { number, artifact } = await register(node, 'breast_cancer_logistic', 'breast_cancer');
  const { bytes } = await encrypted(node, artifact, 'breast_cancer', 0);
  const request = () => api.tx.fheMl.requestInference(number, null, u8aToHex(bytes), 10n ** 12n, 1);
  const before = await wealth(api, mallory.address);
  const first = await bestNumber(api);
  const { taken } = await flood(api, Array.from({ length: REQUESTS }, request), mallory);
  // Until nothing of it is left in the pool.
  for (let last = -1, now = -2; last !== now || last === 0;) {
    last = now;
    await sleep(5_000);
    now = (await api.query.system.account(mallory.address)).nonce.toNumber();
  }
  const pending = (await api.query.fheMl.pendingCount()).toNumber();
  const refused = await failures(api, first, mallory.address);
  console.log(`${REQUESTS} requests of one account, ${taken} taken by the pool: ${pending} are in the queue; ${JSON.stringify(refused)}`);
  const other = await send(api, request(), dave).then(({ events }) => event(events, 'InferenceRequested').job.toNumber(),
    (error) => error.message);
  console.log(`another account's request: ${typeof other === 'number' ? `job ${other}` : other}`);
  balances(before, await wealth(api, mallory.address));
  if (!SHOULD_SUCCEED) {
    assert.equal(typeof other, 'number', `others are shut out: ${other}`);
    assert.ok(pending <= api.consts.fheMl.maxAccountJobs.toNumber());
  }
  verdict(pending >= MANY, `${pending} places of the queue belong to one account`);
});
