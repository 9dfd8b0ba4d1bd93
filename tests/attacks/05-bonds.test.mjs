// Attack 5: with redundancy one garbage was believed, and the worker's bond left after a day, while jobs can be looked
// at for a week. Now the client evaluates the input itself, and a bond stays as long as its jobs. (The model is a forest:
// garbage of a linear one is put right in the block that has it.)

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { event, send } from '../e2e/harness.mjs';
import {
  account,
  attackedNode,
  balances,
  completed,
  deceive,
  encrypted,
  fhe,
  registerForest,
  request,
  requested,
  resultOf,
  verdict,
  wealth,
} from './lib.mjs';

const [bob, eve] = ['//Bob', '//Eve'].map(account);
let node;
let api;
let forest;
let sybil;
let template;

before(async () => {
  node = await attackedNode();
  api = node.api;
  forest = await registerForest(node);
  const { bytes } = await encrypted(node, forest.artifact, 'breast_cancer', 0);
  template = await resultOf(node, await requested(node, request(node, forest.number, bytes, 1, forest.key), bob));
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
  const { sybil: liar, shown } = await deceive(node, forest.number, eve, (_, record) => completed(garbage(record)));
  sybil = liar;
  verdict(Boolean(shown), `garbage was ${shown ? 'shown as a prediction' : 'refused'}`);
});

test('a bond stays as long as the jobs of its worker', async () => {
  const before = await wealth(api, eve.address);
  const job = (await api.query.fheMl.nextJob()).toNumber() - 1;
  const { deadline: finished } = (await api.query.fheMl.jobs(job)).unwrap();
  const released = finished.toNumber() + api.consts.fheMl.releaseDelay.toNumber();
  const { events } = await send(api, api.tx.fheMl.leaveWorkers(sybil.pair.publicKey), eve);
  const free = event(events, 'WorkerLeaves').freeAt.toNumber();
  console.log(
    `the last job was finished in block ${finished} and stays until ${released}; the bond of ` +
      `${fhe((await sybil.record()).bond)} FHE is free in block ${free}`,
  );
  await assert.rejects(send(api, api.tx.fheMl.withdrawBond(sybil.pair.publicKey), eve), {
    message: 'fheMl.BondNotFree',
  });
  balances(before, await wealth(api, eve.address));
  verdict(
    free < released,
    `the bond is free ${Math.abs(released - free)} blocks ${free < released ? 'before' : 'after'} the job may be removed`,
  );
});
