// Seven workers, one of which flips a bit of every result: where two differ, the chain evaluates the job itself, the
// liar pays, and every user who asked two workers gets the right prediction.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fheMl, history, LYING_NODE, until } from './harness.mjs';
import { balancedBooks, best, joinExtraWorker, localNetwork, predictRight, registerModel } from './network.mjs';
import { account } from './polkadot.mjs';

let nodes = {};
let keys;
before(async () => {
  nodes = await localNetwork({ dave: { binary: LYING_NODE } });
  ({ keys } = await registerModel(nodes.alice));
  const operator = account('//Eve');
  for (const name of ['alice', 'bob', 'charlie']) {
    await joinExtraWorker(nodes[name], `//${name}//extra`, operator);
  }
  // Whoever has just joined is not drawn yet.
  const { api } = nodes.bob;
  const drawn = (await best(nodes.bob)) + api.consts.fheMl.joinDelay.toNumber();
  await until('the new workers to be drawn', async () => (await best(nodes.bob)) > drawn);
});
after(() => Promise.all(Object.values(nodes).map((node) => node.stop())));

const predict = (rows, redundancy) => predictRight(nodes.bob, keys, rows, '--redundancy', String(redundancy));
const worker = async (suri) => {
  const operators = { dave: '5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy' };
  return (await fheMl('worker', 'list', '--url', nodes.bob.url)).find(({ operator }) => operator === operators[suri]);
};

test('a lying worker is slashed, and every prediction of two workers is right', async () => {
  const { worker: liar, bond } = await worker('dave');
  await predict('0..24', 2);

  const slashed = await history(nodes.bob.api, 'WorkerSlashed');
  assert.ok(slashed.length > 0, 'the liar was given no job of 24');
  for (const { event } of slashed) assert.equal(event.data.worker.toHex(), liar);
  // The model is a linear one, which the block with the second vote evaluates: no jury is drawn.
  assert.equal((await history(nodes.bob.api, 'OutcomeCorrected')).length, slashed.length);
  assert.equal((await history(nodes.bob.api, 'InferenceDisputed')).length, 0);
  const after = await worker('dave');
  assert.equal(after.status, 'suspended');
  const penalties = slashed.reduce((sum, { event }) => sum + event.data.penalty.toBigInt(), 0n);
  assert.equal(BigInt(after.bond), BigInt(bond) - penalties);
  assert.equal(BigInt(after.bond), 0n);
  assert.equal(after.completed, 0);
  console.log(`slashed ${slashed.length} times, in all ${penalties / 10n ** 12n} FHE`);
  await balancedBooks(nodes.bob);
});

test('equal results of three workers are posted once, in four blocks, and cost three times the work', async () => {
  const quote = async (k) =>
    BigInt((await fheMl('quote', '--model', '0', '--redundancy', String(k), '--url', nodes.bob.url))[0].fee);
  const work = (await quote(2)) - (await quote(1));
  const three = await quote(3);
  assert.equal(three - (await quote(1)), 2n * work);
  const before = (await history(nodes.bob.api, 'InferenceCompleted')).length;
  const rows = await predict('30..38', 3);
  for (const row of rows) assert.equal(BigInt(row.fee), three);
  const completed = (await history(nodes.bob.api, 'InferenceCompleted')).slice(before);
  assert.equal(completed.length, 8);
  for (const { event } of completed) assert.equal(event.data.workers.length, 3);
  const waits = rows.map((row) => row.result_in_block - row.requested_in_block).sort((a, b) => a - b);
  console.log(`blocks from request to result with three workers: ${waits}`);
  // The workers are drawn in the next block, commit in the second and show the result in the third; network
  // and polling take another.
  assert.ok(waits[0] <= 5, `${waits}`);
});

test('more workers than there are cannot be asked', async () => {
  await assert.rejects(predict('0..1', 8), (error) => /TooFewWorkers/.test(error.stderr));
  await assert.rejects(predict('0..1', 9), (error) => /takes no requests with redundancy 9/.test(error.stderr));
});
