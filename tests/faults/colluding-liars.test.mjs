// Two of five nodes lie, and tell the same lie: no honest worker is slashed, and no lie is certified against the vote
// of an honest worker.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fheMl, history, LYING_NODE, Node, until } from '../e2e/harness.mjs';
import { allFinished, best, bootAddress, localNetwork, registerModel } from '../e2e/network.mjs';
import { account, jobsOf, nothingLost, requests } from './lib.mjs';

const LIARS = ['//Charlie', '//Dave'].map((suri) => account(suri).address);
const BOND = 1_000n * 10n ** 12n;
let nodes = {};
let request;
before(async () => {
  const lying = { binary: LYING_NODE };
  nodes = await localNetwork({ charlie: lying, dave: lying });
  request = await requests(nodes.bob, await registerModel(nodes.alice));
  nodes.eve = await new Node(['--chain', 'local', '--name', 'fifth', '--offchain-worker', 'always',
    '--bootnodes', bootAddress(nodes.alice)]).start();
  await until('the fifth to sync', async () => (await best(nodes.eve)) + 1 >= (await best(nodes.bob)));
  await fheMl('worker', 'join', '--suri', '//Eve', '--url', nodes.eve.url);
});
after(() => Promise.all(Object.values(nodes).map((node) => node.stop())));

for (const redundancy of [2, 3]) {
  test(`redundancy ${redundancy}, two liars of five`, async () => {
    const { bob } = nodes;
    const before = await jobsOf(bob);
    await request(bob, 12, redundancy);
    await until('the requests', async () => (await jobsOf(bob)) >= before + 12);
    const jobs = (await allFinished(bob, before + 12, 300)).filter(({ number }) => number >= before);
    const workers = await fheMl('worker', 'list', '--url', bob.url);
    const isLiar = (worker) => LIARS.includes(workers.find((other) => other.worker === worker.toHex()).operator);
    const results = new Map();
    for (const { number, job: { status, assignees } } of jobs) {
      const asked = assignees.map((worker) => (isLiar(worker) ? 'L' : 'h')).join('');
      const ended = status.isCompleted ? status.asCompleted.result.toHex().slice(0, 10) : status.toString();
      console.log(`job ${number}: asked ${asked}, ${ended}`);
      if (status.isCompleted) results.set(status.asCompleted.result.toHex(), [...(results.get(status.asCompleted.result.toHex()) ?? []), asked]);
    }
    for (const { operator, slashed, bond, status } of workers) {
      if (LIARS.includes(operator)) continue;
      assert.equal(slashed, 0, `the honest worker of ${operator} was slashed`);
      assert.equal(BigInt(bond), BOND, `the honest worker of ${operator} paid`);
      assert.equal(status, 'active');
    }
    // Where two results were certified, one is the lie: then only liars were asked.
    if (results.size > 1) {
      assert.ok([...results.values()].some((asked) => asked.every((who) => !who.includes('h'))), 'a lie won against an honest vote');
    }
    const undecided = jobs.filter(({ job: { status } }) => status.isFailed).length;
    const disputed = (await history(bob.api, 'InferenceDisputed')).length;
    console.log(`${disputed} disputes so far, ${undecided} jobs of these without agreement`);
    assert.ok(disputed + undecided > 0, 'nobody lied');
    console.log(`slashed: ${(await history(bob.api, 'WorkerSlashed')).length} times, liars only`);
    await nothingLost(bob, before + 12, { unfinished: (status) => status.isFailed && status.asFailed.reason.isNoAgreement });
  });
}
