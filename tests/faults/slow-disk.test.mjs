// A disk that lets few operations through: the node is late, the others are not, and nothing is lost.

import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { until } from '../e2e/harness.mjs';
import { best, finalized, localNetwork, predictRight, registerModel } from '../e2e/network.mjs';
import { Disk } from './disk.mjs';
import { caughtUp, needsRoot, nothingLost, requests, resumeAll, sleep, suspensions } from './lib.mjs';

// Device mapper's delay target would do it, too, where the kernel has it.
const skip =
  needsRoot ||
  (existsSync('/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device') ? false : 'no control group for block devices');
const OPERATIONS = Number(process.env.FHE_ML_IOPS ?? 5);
let nodes = {};
let disk;
after(async () => {
  disk?.throttle(0);
  await Promise.all(Object.values(nodes).map((node) => node.stop()));
  disk?.remove();
});

test(`one of four nodes with a disk of ${OPERATIONS} operations a second`, { skip }, async () => {
  // Writes wait for the disk, or the kernel's cache would hide how slow it is.
  disk = new Disk(1024, 'sync');
  nodes = await localNetwork({ dave: { base: `${disk.path}/chain` } });
  const { bob, dave } = nodes;
  const made = await registerModel(nodes.alice);
  const request = await requests(bob, made);
  disk.throttle(OPERATIONS);
  console.log(`a write of 4 kB takes ${disk.writeTime()} ms`);
  const start = await finalized(bob);
  await request(bob, 60);
  await sleep(60_000);
  console.log(
    `after a minute: ${(await finalized(bob)) - start} blocks final; the slow node is ${(await best(bob)) - (await best(dave).catch(() => 0))} behind`,
  );
  await until('finality', async () => (await finalized(bob)) > start + 10, 60);
  // What it has not written yet, it has in memory: kill -9 takes that away.
  const dying = dave.kill();
  disk.throttle(0);
  await dying;
  await dave.start();
  await caughtUp(dave, bob);
  await nothingLost(bob, 60);
  await suspensions(bob);
  await resumeAll(bob, ['//Dave']);
  await predictRight(bob, made.keys, '0..8');
});
