// The beacon on real nodes: every block has its author's contribution and a seed of its own, all nodes have
// the same, and the death of an author stops nothing.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Node, until } from './harness.mjs';
import { best, finalized, localNetwork, NAMES } from './network.mjs';

const running = [];
after(() => Promise.all(running.map((node) => node.stop())));

/** Of every block from `from` to `to`: its slot, its seed, and what was contributed. */
async function blocks({ api }, from, to) {
  const found = [];
  for (let number = from; number <= to; number += 1) {
    const hash = await api.rpc.chain.getBlockHash(number);
    const { block } = await api.rpc.chain.getBlock(hash);
    const beacon = (await api.at(hash)).query.beacon;
    const [, slot] = block.header.digest.logs.find((log) => log.isPreRuntime).asPreRuntime;
    found.push({
      number,
      slot: Number(Buffer.from(slot.toU8a(true)).readBigUInt64LE()),
      seed: (await beacon.seed()).toHex(),
      last: (await beacon.contributedIn()).toNumber(),
      contributions: block.extrinsics.filter(
        ({ method }) => method.section === 'beacon' && method.method === 'contribute',
      ),
    });
  }
  return found;
}

/** Each of the blocks has one contribution and a seed that no other has. */
function contributed(list) {
  for (const { number, last, contributions } of list) {
    assert.equal(contributions.length, 1, `block ${number}`);
    assert.equal(last, number);
    assert.ok(!contributions[0].isSigned);
  }
  assert.equal(new Set(list.map(({ seed }) => seed)).size, list.length, 'a seed came again');
}

test('every block of a dev node has a contribution and a new seed', async () => {
  const node = await new Node(['--dev']).start();
  running.push(node);
  const { api } = node;
  await until('ten blocks', async () => (await best(node)) >= 10);
  const list = await blocks(node, 1, 10);
  contributed(list);
  const hash = await api.rpc.chain.getBlockHash(10);
  assert.equal((await api.rpc.state.call('BeaconApi_seed', '0x', hash)).toHex(), list.at(-1).seed);

  const [stale] = list.at(-1).contributions;
  await assert.rejects(api.rpc.author.submitExtrinsic(stale.toHex()), /invalid|1010/i);
  await node.kill();
  await node.start();
  const restarted = await best(node);
  await until('blocks after kill -9', async () => (await best(node)) >= restarted + 3);
  contributed(await blocks(node, 1, restarted + 3));
});

test('four authors take turns, one dies by kill -9 and comes back, and all have the same seeds', async () => {
  const nodes = await localNetwork();
  running.push(...Object.values(nodes));
  const { bob, dave } = nodes;
  const DAVE = NAMES.indexOf('dave');
  const authors = (list) => new Set(list.map(({ slot }) => slot % NAMES.length));

  // Dave is started last, when there are blocks of the others.
  await until('blocks of all four', async () => authors(await blocks(bob, 1, await best(bob))).size === NAMES.length);

  await dave.kill();
  const death = await best(bob);
  await until('blocks without dave', async () => (await best(bob)) >= death + 9);
  const without = await blocks(bob, death + 1, death + 9);
  contributed(without);
  assert.deepEqual([...authors(without)].sort(), [0, 1, 2]);
  assert.ok(without.at(-1).slot - without[0].slot > 8, 'no slot was empty');

  await dave.start();
  const back = await best(bob);
  await until('a block by dave', async () => authors(await blocks(bob, back + 1, await best(bob))).has(DAVE));
  const final = await best(bob);
  await until('finality', async () =>
    (await Promise.all(Object.values(nodes).map(finalized))).every((number) => number >= final),
  );
  const [first, ...others] = await Promise.all(Object.values(nodes).map((node) => blocks(node, 1, final)));
  contributed(first);
  const seeds = (list) => list.map(({ seed }) => seed);
  for (const list of others) assert.deepEqual(seeds(list), seeds(first));
});
