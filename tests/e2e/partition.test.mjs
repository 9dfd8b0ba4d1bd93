// A network that falls into two halves, each of which takes jobs and goes on authoring, and heals: one
// half's blocks are dropped, and yet no job is lost and none is paid twice. The halves are network
// namespaces with a cable between them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { u8aToHex } from '@polkadot/util';
import { fheMl, model, until } from './harness.mjs';
import { allFinished, balancedBooks, best, finalized, localNetwork, registerModel, sendAll } from './network.mjs';
import { account } from './polkadot.mjs';

const [LEFT, RIGHT] = [`fml-l-${process.pid}`, `fml-r-${process.pid}`];
const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
const inside = (namespace, ...args) => ip('netns', 'exec', namespace, 'ip', ...args);
const isRoot = process.getuid() === 0;
const skip = isRoot ? false : 'network namespaces need root';

let nodes = {};
let made;

/** A cable between two ends, each with an address; `null` is our own namespace. */
function cable(name, ends) {
  const devices = ends.map((_, at) => `${name}${at}`);
  ip('link', 'add', devices[0], 'type', 'veth', 'peer', 'name', devices[1]);
  for (const [at, { namespace, address }] of ends.entries()) {
    if (namespace) ip('link', 'set', devices[at], 'netns', namespace);
    const run = namespace ? (...args) => inside(namespace, ...args) : ip;
    run('addr', 'add', `${address}/30`, 'dev', devices[at]);
    run('link', 'set', devices[at], 'up');
  }
}

before(async () => {
  if (skip) return;
  for (const namespace of [LEFT, RIGHT]) {
    ip('netns', 'add', namespace);
    inside(namespace, 'link', 'set', 'lo', 'up');
  }
  const id = process.pid % 250;
  cable(`fc${process.pid % 10000}`, [
    { namespace: LEFT, address: `10.77.${id}.1` },
    { namespace: RIGHT, address: `10.77.${id}.2` },
  ]);
  const host = { [LEFT]: `10.77.${id}.1`, [RIGHT]: `10.77.${id}.2` };
  const rpcHost = {};
  for (const [at, namespace] of [LEFT, RIGHT].entries()) {
    rpcHost[namespace] = `10.78.${id}.${4 * at + 2}`;
    cable(`f${'lr'[at]}${process.pid % 10000}`, [
      { namespace: null, address: `10.78.${id}.${4 * at + 1}` },
      { namespace, address: rpcHost[namespace] },
    ]);
  }
  made = true;
  const place = (namespace) => ({
    prefix: ['ip', 'netns', 'exec', namespace],
    host: host[namespace],
    rpcHost: rpcHost[namespace],
  });
  nodes = await localNetwork({
    alice: place(LEFT),
    bob: place(LEFT),
    charlie: place(RIGHT),
    dave: place(RIGHT),
  });
});
after(async () => {
  await Promise.all(Object.values(nodes).map((node) => node.stop()));
  if (!made) return;
  for (const namespace of [LEFT, RIGHT]) ip('netns', 'del', namespace);
});

const connect = (state) => inside(LEFT, 'link', 'set', `fc${process.pid % 10000}0`, state);

test('a split network heals without losing a job', { skip }, async () => {
  const { keys, artifact } = await registerModel(nodes.alice);
  const file = join(nodes.alice.folder, 'row.input');
  await fheMl(
    'encrypt',
    '--model',
    artifact,
    '--input',
    model('breast_cancer.test.csv'),
    '--key',
    keys,
    '--output',
    file,
  );
  const input = u8aToHex(readFileSync(file));
  const send = (node, suri, count) =>
    sendAll(
      node,
      Array.from({ length: count }, () => node.api.tx.fheMl.requestInference(0, null, input, 10n ** 12n, 1)),
      account(suri),
    );
  const hashAt = async (node, number) => (await node.api.rpc.chain.getBlockHash(number)).toHex();
  await until('the model everywhere', async () => (await nodes.dave.api.query.fheMl.nextModel()).toNumber() === 1);

  const before = await finalized(nodes.alice);
  connect('down');
  await Promise.all([send(nodes.alice, '//Eve', 30), send(nodes.dave, '//Ferdie', 30)]);
  await sleep(20_000);
  const number = Math.min(await best(nodes.alice), await best(nodes.dave));
  assert.ok(number > before + 3, 'no half authors blocks');
  assert.notEqual(
    await hashAt(nodes.alice, number),
    await hashAt(nodes.dave, number),
    'the halves have the same chain: nothing was split',
  );
  const done = async (node) => (await node.api.query.fheMl.nextJob()).toNumber();
  assert.deepEqual([await done(nodes.alice), await done(nodes.dave)], [30, 30]);

  connect('up');
  await until(
    'one chain again',
    async () => {
      const number = Math.min(await best(nodes.alice), await best(nodes.dave)) - 1;
      return (await hashAt(nodes.alice, number)) === (await hashAt(nodes.dave, number));
    },
    120,
  );
  const jobs = await allFinished(nodes.dave, 60, 300);
  assert.equal(jobs.length, 60);
  for (const {
    number: job,
    job: { status },
  } of jobs) {
    assert.ok(status.isCompleted, `job ${job}: ${status}`);
  }
  await until('finality', async () => (await finalized(nodes.dave)) >= number, 120);
  await balancedBooks(nodes.dave);
});
