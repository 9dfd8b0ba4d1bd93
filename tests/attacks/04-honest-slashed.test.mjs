// Attack 4: of two workers one lies; the third that is asked is the liar's second, and the two outvote the honest one,
// which on 5166bc2 lost 500 FHE, a part of them to the liars. Now the chain evaluates a forest itself where workers
// differ, whoever has more votes. (Of a linear model it does so before they can differ.)

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { send, until } from '../e2e/harness.mjs';
import { u8aToHex } from '../e2e/polkadot.mjs';
import {
  account,
  attackedNode,
  balances,
  completed,
  encrypted,
  fhe,
  honestWorkers,
  joinSybils,
  lie,
  registerForest,
  request,
  requested,
  resultOf,
  SHOULD_SUCCEED,
  serving,
  UNIT,
  untilDrawn,
  verdict,
  wealth,
} from './lib.mjs';

const [alice, bob, dave, eve] = ['//Alice', '//Bob', '//Dave', '//Eve'].map(account);
let node;
let api;
let forest;
let liars;
let input;
let honest;
let stop;

before(async () => {
  node = await attackedNode();
  api = node.api;
  forest = await registerForest(node);
  ({ bytes: input } = await encrypted(node, forest.artifact, 'breast_cancer', 0));
  honest = await resultOf(node, await ask(1));
  liars = await joinSybils(node, 2, eve);
  stop = serving(liars, () => completed(lie(honest)));
});
after(async () => {
  await stop?.();
  await node?.stop();
});

const ask = (redundancy) => requested(node, request(node, forest.number, input, redundancy, forest.key), bob);

/** Convicted liars fill their bonds up and come back. */
async function comeBack() {
  let resumed = false;
  for (const liar of liars) {
    if (!(await liar.record()).status.isSuspended) continue;
    await send(api, api.tx.fheMl.resumeWorker(liar.pair.publicKey), eve);
    resumed = true;
  }
  if (resumed) await untilDrawn(node);
}

/** Bonds of all workers that are not the attacker's. */
async function honestBonds() {
  const workers = await api.query.fheMl.workers.entries();
  return workers
    .filter(([, record]) => !record.unwrap().operator.eq(eve.address))
    .map(([, record]) => ({ bond: record.unwrap().bond.toBigInt(), slashed: record.unwrap().slashed.toNumber() }));
}

/** Jobs that the workers must differ about. */
const DISPUTES = 3;
const settings = SHOULD_SUCCEED ? [0] : [0, 2];
let had = 1;
for (const more of settings) {
  had += more;
  test(`two liars and ${had} honest workers, redundancy two`, async () => {
    if (more) await honestWorkers(node, more, dave);
    const own = await wealth(api, eve.address);
    const victims = await wealth(api, alice.address, dave.address);
    let [lies, disputes] = [0, 0];
    while (disputes < DISPUTES) {
      await comeBack();
      const job = await ask(2);
      const record = await until(
        `job ${job} to be finished`,
        async () => {
          const now = (await api.query.fheMl.jobs(job)).unwrap();
          return !now.status.isPending && now;
        },
        120,
      );
      console.log(`job ${job}: ${record.status.toString()}, ${record.assignees.length} workers asked`);
      const wrong =
        record.status.isCompleted &&
        u8aToHex((await api.query.fheMl.results(job)).unwrap().toU8a(true)) === u8aToHex(lie(honest));
      // Both seats drawn by chance: nobody disagrees, and nobody asks the chain. What a client does is attack 3.
      const seats = record.assignees.slice(0, 2).filter((worker) => liars.some(({ id }) => worker.eq(id)));
      const split = seats.length === 1;
      if (split) disputes += 1;
      if (wrong && split) lies += 1;
      if ((await honestBonds()).some(({ slashed }) => slashed)) break;
    }
    const bonds = await honestBonds();
    const lost = bonds.reduce((sum, { bond }) => sum + 1_000n * UNIT - bond, 0n);
    console.log(
      `honest workers lost ${fhe(lost)} FHE of their bonds, their operators have ${fhe((await wealth(api, alice.address, dave.address)) - victims)} FHE more`,
    );
    balances(own, await wealth(api, eve.address));
    if (!SHOULD_SUCCEED) assert.equal(lies, 0, 'a lie was certified against an honest vote');
    const slashed = bonds.filter(({ slashed: times }) => times > 0).length;
    verdict(slashed > 0, `${slashed} honest workers were slashed`);
  });
}
