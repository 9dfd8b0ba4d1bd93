// Attack 6: one account fills the queue of all. On 5166bc2 a few FHE bought thousands of places, and every block walked
// through them. Now open jobs and open work are bounded for each account, and others still get theirs in.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  account,
  attackedNode,
  balances,
  best,
  encrypted,
  ends,
  flood,
  register,
  request,
  requested,
  SHOULD_SUCCEED,
  sleep,
  transactions,
  verdict,
  wealth,
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
  const call = () => request(node, number, bytes);
  const before = await wealth(api, mallory.address);
  const first = await best(node);
  const { taken } = await flood(api, Array.from({ length: REQUESTS }, call), mallory);
  // Until nothing of it is left in the pool.
  for (let last = -1, now = -2; last !== now || last === 0; ) {
    last = now;
    await sleep(5_000);
    now = (await api.query.system.account(mallory.address)).nonce.toNumber();
  }
  const pending = (await api.query.fheMl.pendingCount()).toNumber();
  const ended = ends(await transactions(api, first, mallory.address));
  console.log(
    `${REQUESTS} requests of one account, ${taken} taken by the pool: ${pending} are in the queue; ${JSON.stringify(ended)}`,
  );
  const other = await requested(node, call(), dave).catch(({ message }) => message);
  console.log(`another account's request: ${typeof other === 'number' ? `job ${other}` : other}`);
  balances(before, await wealth(api, mallory.address));
  if (!SHOULD_SUCCEED) {
    assert.equal(typeof other, 'number', `others are shut out: ${other}`);
    const most = api.consts.fheMl.maxAccountJobs.toNumber();
    assert.deepEqual(ended, { accepted: most, 'fheMl.TooManyOpenJobs': taken - most });
    assert.equal(pending, most);
  }
  verdict(pending >= MANY, `${pending} places of the queue belong to one account`);
});
