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
/** Whether a job's result is what an evaluation gives. */
const isRight = async (job) => {
  try {
    const [{ right }] = await fheMl('verify', '--job', String(job), '--url', nodes.bob.url);
    return right;
  } catch (error) {
    assert.match(error.stdout, /"right":false/, error.stderr);
    return false;
  }
};
before(async () => {
  const lying = { binary: LYING_NODE };
  nodes = await localNetwork({ charlie: lying, dave: lying });
  request = await requests(nodes.bob, await registerModel(nodes.alice));
  nodes.eve = await new Node([
    '--chain',
    'local',
    '--name',
    'fifth',
    '--offchain-worker',
    'always',
    '--bootnodes',
    bootAddress(nodes.alice),
  ]).start();
  await until('the fifth to sync', async () => (await best(nodes.eve)) + 1 >= (await best(nodes.bob)));
  await fheMl('worker', 'join', '--suri', '//Eve', '--url', nodes.eve.url);
  // Whoever has just joined is not drawn yet.
  const drawn = (await best(nodes.bob)) + nodes.bob.api.consts.fheMl.joinDelay.toNumber();
  await until('the fifth to be drawn', async () => (await best(nodes.bob)) > drawn);
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
    const asked = ({ assignees }) => assignees.map((worker) => (isLiar(worker) ? 'L' : 'h')).join('');
    for (const { number, job } of jobs) {
      const right = job.status.isCompleted && (await isRight(number));
      console.log(
        `job ${number}: asked ${asked(job)}, ${job.status.isCompleted ? `completed, ${right ? 'right' : 'a lie'}` : job.status}`,
      );
      if (job.status.isCompleted)
        assert.equal(right, asked(job).includes('h'), 'only liars among themselves are believed');
    }
    for (const { operator, slashed, bond, status } of workers) {
      if (LIARS.includes(operator)) continue;
      assert.equal(slashed, 0, `the honest worker of ${operator} was slashed`);
      assert.equal(BigInt(bond), BOND, `the honest worker of ${operator} paid`);
      assert.equal(status, 'active');
    }
    const undecided = jobs
      .filter(({ job: { status } }) => status.isFailed)
      .map(({ number }) => number)
      .sort((a, b) => a - b);
    // Five workers are a jury, but three of five have no lead of two, and there is no sixth: nobody is taken for a liar.
    const disputes = (await history(bob.api, 'InferenceDisputed')).map(({ event }) => event.data.job.toNumber());
    const disputed = [...new Set(disputes)].filter((number) => number >= before).sort((a, b) => a - b);
    console.log(`${disputed.length} of ${jobs.length} jobs in dispute, ${undecided.length} without agreement`);
    assert.ok(disputed.length > 0, 'nobody lied');
    assert.deepEqual(undecided, disputed);
    assert.deepEqual(await history(bob.api, 'WorkerSlashed'), []);
    await nothingLost(bob, before + 12, {
      unfinished: (status) => status.isFailed && status.asFailed.reason.isNoAgreement,
    });
  });
}
