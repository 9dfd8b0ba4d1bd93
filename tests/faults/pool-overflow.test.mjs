// A pool that is full of other people's transactions: what it refuses is refused with an error, and results of workers
// still get in, since they go first.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Node, until } from '../e2e/harness.mjs';
import { best, predictRight, registerModel } from '../e2e/network.mjs';
import { account, nothingLost, requests, sleep, suspensions } from './lib.mjs';

const BYTES = 300_000;
/** A fifth of the usual, so that few transactions fill it. */
const POOL = ['--pool-kbytes', '4096'];
const flooders = ['//Alice', '//Charlie', '//Dave', '//Eve'].map((suri) => account(suri));
let node;
let made;

before(async () => {
  node = await new Node(['--dev', ...POOL]).start();
  made = await registerModel(node);
});
after(() => node?.stop());

test('results get through a pool that is full', async () => {
  const { api } = node;
  const request = await requests(node, made);
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
  const flooding = flooders.map(flood);
  let asked = 40;
  try {
    await until('the pool to refuse', () => Object.keys(refused).length > 0, 120);
    const start = await best(node);
    for (let left = 20; left > 0; left -= 1) {
      await request(node, 1).then(
        () => (asked += 1),
        ({ message }) => console.log(`a request is told: ${message}`),
      );
    }
    console.log(`${asked - 40} of 20 requests were taken by the full pool`);
    await until(
      'results while the pool is full',
      async () =>
        (await best(node)) > start + 10 &&
        (await api.query.fheMl.jobs.entries()).filter(([, job]) => job.unwrap().status.isCompleted).length >= 40,
      120,
    );
  } finally {
    stop = true;
    await Promise.all(flooding);
  }
  console.log(`${taken} remarks of ${BYTES} bytes taken; refused: ${JSON.stringify(refused)}`);
  await until('the pool to empty', async () => (await api.rpc.author.pendingExtrinsics()).length === 0, 180);
  await nothingLost(node, asked);
  assert.deepEqual(await suspensions(node), [], 'a worker was late');
  await predictRight(node, made.keys, '0..4');
});
