// A pool that is full of other people's transactions: what it refuses is refused with an error, and results of workers
// still get in, since they go first.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { devNode, fheMl, until } from '../e2e/harness.mjs';
import { best, predictRight } from '../e2e/network.mjs';
import { account, jobsOf, nothingLost, requests, sleep, suspensions } from './lib.mjs';

const BYTES = 50_000;
const flooders = Array.from({ length: 8 }, (_, at) => account(['//Alice', '//Charlie', '//Dave', '//Eve'][at % 4] + (at < 4 ? '' : '//stash')));
let node;

before(async () => {
  node = await devNode();
  await fheMl('model', 'register', node.artifact, '--suri', '//Alice', '--url', node.url);
});
after(() => node?.stop());

test('results get through a pool that is full', async () => {
  const { api } = node;
  const request = await requests(node, node);
  const remark = () => api.tx.system.remark(`0x${'cd'.repeat(BYTES)}`);
  const refused = {};
  let taken = 0;
  let stop = false;
  /** Fills the pool as fast as it takes. */
  const flood = async (signer) => {
    let nonce = (await api.rpc.system.accountNextIndex(signer.address)).toNumber();
    while (!stop) {
      const signed = await remark().signAsync(signer, { nonce, era: 0, blockHash: api.genesisHash });
      try {
        await api.rpc.author.submitExtrinsic(signed);
        [taken, nonce] = [taken + 1, nonce + 1];
      } catch ({ message }) {
        refused[message.slice(0, 80)] = (refused[message.slice(0, 80)] ?? 0) + 1;
        await sleep(200);
        nonce = (await api.rpc.system.accountNextIndex(signer.address)).toNumber();
      }
    }
  };
  await request(node, 40); // Most are evaluated while the pool is full.
  const rich = [];
  for (const signer of flooders) {
    if ((await api.query.system.account(signer.address)).data.free.gtn(0)) rich.push(signer);
  }
  const flooding = rich.map(flood);
  await until('the pool to refuse', () => Object.keys(refused).length > 0, 120);
  const start = await best(node);
  await request(node, 20).catch(({ message }) => console.log(`a request is told: ${message}`));
  const asked = Math.max(await jobsOf(node), 40);
  await until('results while the pool is full', async () => (await best(node)) > start + 10
    && (await api.query.fheMl.jobs.entries()).filter(([, job]) => job.unwrap().status.isCompleted).length >= 40, 120);
  const pooled = (await api.rpc.author.pendingExtrinsics()).length;
  stop = true;
  await Promise.all(flooding);
  console.log(`${taken} remarks of ${BYTES} bytes taken, ${pooled} in the pool at the end; refused: ${JSON.stringify(refused)}`);
  await until('the pool to empty', async () => (await api.rpc.author.pendingExtrinsics()).length === 0, 180);
  await nothingLost(node, asked);
  assert.deepEqual(await suspensions(node), [], 'a worker was late');
  await predictRight(node, node.keys, '0..4');
});
