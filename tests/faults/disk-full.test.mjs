// A disk that is full: the node stops with an error or goes on without writing; with room again and a restart
// nothing is lost.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Node, until } from '../e2e/harness.mjs';
import { best, finalized, localNetwork, predictRight, registerModel } from '../e2e/network.mjs';
import { Disk } from './disk.mjs';
import {
  caughtUp,
  jobsOf,
  lastWords,
  needsRoot,
  nothingLost,
  requests,
  resumeAll,
  sleep,
  suspensions,
} from './lib.mjs';

const MEGABYTES = 384;
const nodes = [];
const disks = [];
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  for (const disk of disks) disk.remove();
});

/** Fills the disk of a node, and again what it frees, and waits for what it does about it. */
async function fillUp(node, disk, seconds) {
  console.log(`${(disk.free / 2 ** 20).toFixed(0)} MiB of ${MEGABYTES} were free; now 64 KiB are`);
  let stopped = false;
  node.exited.then(() => (stopped = true));
  for (const end = Date.now() + seconds * 1_000; !stopped && Date.now() < end; await sleep(500)) disk.fill(2 ** 16);
  console.log(
    stopped
      ? `the node stopped: code ${node.process.exitCode}, signal ${node.process.signalCode}`
      : `the node still ran after ${seconds} s`,
  );
  console.log(lastWords(node));
  if (!stopped) await node.kill();
  else await node.api.disconnect();
}

test('one of four nodes with a full disk', { skip: needsRoot }, async () => {
  const disk = new Disk(MEGABYTES);
  disks.push(disk);
  const network = await localNetwork({ dave: { base: `${disk.path}/chain` } });
  nodes.push(...Object.values(network));
  const { bob, dave } = network;
  const made = await registerModel(network.alice);
  const request = await requests(bob, made);
  await request(bob, 40);
  await fillUp(dave, disk, 90);
  const number = await best(bob);
  await request(bob, 20);
  await until('the others to go on', async () => (await finalized(bob)) > number, 120);
  disk.empty();
  await dave.start();
  await caughtUp(dave, bob);
  await nothingLost(bob, 60);
  await suspensions(bob);
  await resumeAll(bob, ['//Dave']);
  await predictRight(bob, made.keys, '0..8');
  assert.equal((await jobsOf(dave)) >= 60, true);
});

test('the only node with a full disk, in the middle of a queue', { skip: needsRoot }, async () => {
  const disk = new Disk(MEGABYTES);
  disks.push(disk);
  const node = await new Node(['--dev'], { base: `${disk.path}/chain` }).start();
  nodes.push(node);
  const made = await registerModel(node);
  const request = await requests(node, made);
  await request(node, 60);
  await until('the queue in blocks', async () => (await jobsOf(node)) >= 30);
  await fillUp(node, disk, 90);
  disk.empty();
  await node.start();
  const kept = await jobsOf(node);
  console.log(`after the restart ${kept} of 60 requests are on the chain`);
  await request(node, Math.max(0, 60 - kept) + 20);
  await nothingLost(node, 80);
  await suspensions(node);
});
