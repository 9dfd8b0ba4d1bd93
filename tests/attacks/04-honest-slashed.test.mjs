// Attack 4: of two workers one lies; the third that is asked is the liar's second, and the two outvote the honest one,
// which on 5166bc2 lost 500 FHE, a part of them to the liars. Now a split is decided by a jury of five with a lead of
// two, and without one everybody gets their money back.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { event, send, until } from '../e2e/harness.mjs';
import { u8aToHex } from '../e2e/polkadot.mjs';
import {
  account, attackedNode, balances, completed, encrypted, fhe, honestWorkers, lie, register, SHOULD_SUCCEED, sleep,
  Sybil, verdict, wealth,
} from './lib.mjs';

const [alice, bob, dave, eve] = ['//Alice', '//Bob', '//Dave', '//Eve'].map(account);
let node;
let api;
let logistic;
let input;
let honest;
let sybils;
const stop = new AbortController();
let serving;

before(async () => {
  node = await attackedNode();
  api = node.api;
  logistic = await register(node, 'breast_cancer_logistic', 'breast_cancer');
  ({ bytes: input } = await encrypted(node, logistic.artifact, 'breast_cancer', 0));
  const job = await ask(1);
  honest = await until('an honest result', async () => {
    const stored = await api.query.fheMl.results(job);
    return stored.isSome && stored.unwrap().toU8a(true);
  });
  sybils = await Promise.all(['//sybil1', '//sybil2'].map((suri) => new Sybil(node, suri)));
  for (const sybil of sybils) await sybil.join(eve);
  serving = (async () => {
    while (!stop.signal.aborted) {
      for (const sybil of sybils) await sybil.serve(() => completed(lie(honest)));
      await sleep(200);
    }
  })();
});
after(async () => {
  stop.abort();
  await serving;
  await node?.stop();
});

async function ask(redundancy) {
  const call = api.tx.fheMl.requestInference(logistic.number, null, u8aToHex(input), 10n ** 12n, redundancy);
  return event((await send(api, call, bob)).events, 'InferenceRequested').job.toNumber();
}

/** Bonds of all workers that are not the attacker's. */
async function honestBonds() {
  const workers = await api.query.fheMl.workers.entries();
  return workers.filter(([, record]) => !record.unwrap().operator.eq(eve.address))
    .map(([, record]) => ({ bond: record.unwrap().bond.toBigInt(), slashed: record.unwrap().slashed.toNumber() }));
}

const settings = SHOULD_SUCCEED ? [{ more: 0, jobs: 4 }] : [{ more: 0, jobs: 4 }, { more: 2, jobs: 8 }];
let had = 1;
for (const { more, jobs } of settings) {
  test(`two liars and ${had += more} honest workers, redundancy two`, async () => {
    if (more) await honestWorkers(node, more, dave);
    const own = await wealth(api, eve.address);
    const victims = await wealth(api, alice.address, dave.address);
    let lies = 0;
    for (let at = 0; at < jobs; at += 1) {
      const job = await ask(2);
      const record = await until(`job ${job} to be finished`, async () => {
        const now = (await api.query.fheMl.jobs(job)).unwrap();
        return !now.status.isPending && now;
      }, 120);
      console.log(`job ${job}: ${record.status.toString()}, ${record.assignees.length} workers asked`);
      const wrong = record.status.isCompleted && u8aToHex((await api.query.fheMl.results(job)).unwrap().toU8a(true)) === u8aToHex(lie(honest));
      // Both seats drawn by chance: nobody disagrees, and the chain cannot know. What a client does is attack 3.
      if (wrong && record.assignees.length > 2) lies += 1;
      if ((await honestBonds()).some(({ slashed }) => slashed)) break;
    }
    const bonds = await honestBonds();
    const lost = bonds.reduce((sum, { bond }) => sum + 1_000n * 10n ** 12n - bond, 0n);
    console.log(`honest workers lost ${fhe(lost)} FHE of their bonds, their operators have ${fhe((await wealth(api, alice.address, dave.address)) - victims)} FHE more`);
    balances(own, await wealth(api, eve.address));
    if (!SHOULD_SUCCEED) assert.equal(lies, 0, 'a lie was certified against an honest vote');
    const slashed = bonds.filter(({ slashed: times }) => times > 0).length;
    verdict(slashed > 0, `${slashed} honest workers were slashed`);
  });
}
