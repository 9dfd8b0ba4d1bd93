// A clock that jumps by an hour on one of four nodes, forwards and backwards: the others go on; when it is right
// again the node is one of them as before, and after one that was ahead once it has been restarted.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { scratch, until } from '../e2e/harness.mjs';
import { best, finalized, localNetwork, predictRight, registerModel } from '../e2e/network.mjs';
import { caughtUp, jobsOf, lastWords, nothingLost, requests, resumeAll, sleep, suspensions } from './lib.mjs';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const skip = existsSync(LIBRARY) ? false : 'libfaketime is not installed';
const clock = join(scratch(), 'clock');
/** The library reads the file at every look at the clock. Timers are of the monotonic clock, as in real jumps. */
const set = (offset) => writeFileSync(clock, `${offset}\n`);
const prefix = [
  'env',
  `LD_PRELOAD=${LIBRARY}`,
  `FAKETIME_TIMESTAMP_FILE=${clock}`,
  'FAKETIME_NO_CACHE=1',
  'FAKETIME_DONT_FAKE_MONOTONIC=1',
  'DONT_FAKE_MONOTONIC=1',
];
let nodes = {};
after(() => Promise.all(Object.values(nodes).map((node) => node.stop())));

test('the clock of one of four nodes jumps by an hour', { skip }, async (t) => {
  set('+0');
  nodes = await localNetwork({ dave: { prefix } });
  const { bob, dave } = nodes;
  const made = await registerModel(nodes.alice);
  const request = await requests(bob, made);
  let count = 0;
  for (const offset of ['+3600', '-3600']) {
    await t.test(`by ${offset} s`, async () => {
      set(offset);
      const start = await finalized(bob);
      await request(bob, 24);
      count += 24;
      await sleep(30_000);
      console.log(
        `in half a minute ${(await finalized(bob)) - start} blocks were final for the others, the node is at ${await best(dave)} of ${await best(bob)}`,
      );
      assert.ok((await finalized(bob)) > start + 5, 'the others stand still');
      console.log(lastWords(dave, 2));
      set('+0');
      await caughtUp(dave, bob);
      await until('finality on the node', async () => (await finalized(dave)) + 5 >= (await finalized(bob)), 120);
      await nothingLost(bob, count);
      await suspensions(bob);
      await resumeAll(bob, ['//Dave']);
      await predictRight(bob, made.keys, '0..8');
      count = await jobsOf(bob);
      // A node authors for no slot before its last one, so after a clock that was ahead it has to start again.
      if (offset.startsWith('+')) {
        await dave.stop();
        await dave.start();
      }
      const authored = dave.logged('Pre-sealed block').length;
      await until('a block of the node', () => dave.logged('Pre-sealed block').length > authored);
    });
  }
});
