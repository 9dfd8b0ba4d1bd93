// A machine without memory: the kernel kills the node in the middle of evaluations. After the restart the jobs are
// evaluated again and nothing is lost.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { prepare } from '../e2e/bench/jobs.mjs';
import { Node, until } from '../e2e/harness.mjs';
import { sendAll } from '../e2e/network.mjs';
import { ferdie, jobsOf, needsRoot, nothingLost, sleep, suspensions } from './lib.mjs';

// Version 2 of control groups has one tree and other names.
const [ROOT, LIMIT, USAGE] = existsSync('/sys/fs/cgroup/memory')
  ? ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes', 'memory.usage_in_bytes']
  : ['/sys/fs/cgroup', 'memory.max', 'memory.current'];
const GROUP = `${ROOT}/fhe-ml-${process.pid}`;
const skip = needsRoot;
const QUEUE = 40;
let node;
after(async () => {
  await node?.stop();
  if (existsSync(GROUP)) rmdirSync(GROUP);
});

test('the kernel kills a node in the middle of a queue, three times', { skip }, async () => {
  mkdirSync(GROUP);
  const prefix = ['sh', '-c', `echo $$ > ${GROUP}/cgroup.procs && exec "$@"`, 'sh'];
  node = await new Node(['--dev', '--worker-threads', '1'], { prefix }).start();
  const jobs = await prepare(node, 'digits_network', 'digits', '//Ferdie');
  await sendAll(node, jobs.calls(QUEUE), ferdie);
  await until('the queue in blocks', async () => (await jobsOf(node)) >= QUEUE, 120);
  let kills = 0;
  for (; kills < 3 && !(await node.api.query.fheMl.pendingCount()).isZero(); kills += 1) {
    const usage = Number(readFileSync(`${GROUP}/${USAGE}`));
    let dead = false;
    node.exited.then(() => (dead = true));
    // Less than it has, again and again: what it asks for next is not there.
    for (let limit = usage; !dead; limit -= 4 * 2 ** 20) {
      try {
        writeFileSync(`${GROUP}/${LIMIT}`, String(limit));
      } catch {
        limit += 8 * 2 ** 20; // The kernel could not take that much back.
      }
      await sleep(100);
      assert.ok(limit > 0);
    }
    console.log(`${(usage / 2 ** 20).toFixed(0)} MiB were in use; killed by ${node.process.signalCode}`);
    assert.equal(node.process.signalCode, 'SIGKILL');
    await node.api.disconnect();
    writeFileSync(`${GROUP}/${LIMIT}`, '-1');
    await node.start();
    await until('some jobs more', async () => node.logged(': evaluated in').length > 0, 60);
    await sleep(1_500);
  }
  console.log(`killed ${kills} times`);
  assert.ok(kills > 0, 'the queue was empty too soon');
  await nothingLost(node, QUEUE);
  await suspensions(node);
});
