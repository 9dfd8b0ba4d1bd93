// The set of authorities changes: one joins with a bond, one that seals twice is punished, a dead one is
// dropped and comes back, and finality outlives a stall.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fheMl, Node, scratch, send, until } from './harness.mjs';
import { best, bootAddress, finalized, localNetwork } from './network.mjs';
import { account } from './polkadot.mjs';

const LENGTH = 10;
const SLOT = 2000;
const [alice, charlie, dave, eve] = ['//Alice', '//Charlie', '//Dave', '//Eve'].map(account);

let nodes = {};
let fifth;
let copy;
before(async () => {
  nodes = await localNetwork();
  const { tx } = nodes.alice.api;
  await send(nodes.alice.api, tx.sudo.sudo(tx.authorities.setSessionLength(LENGTH)), alice);
});
after(() => Promise.all([...Object.values(nodes), fifth, copy].map((node) => node?.stop())));

const known = async (address) => {
  const list = await fheMl('authority', 'list', '--url', nodes.alice.url);
  return list.find(({ account }) => account === address);
};
const inSet = (address, expected) =>
  until(
    `${address} in the set: ${expected}`,
    async () => Boolean((await known(address))?.in_set) === expected,
    (6 * LENGTH * SLOT) / 1000,
  );

/** Finality goes on, by `count` blocks. */
const finality = async (count = 4, seconds = 60) => {
  const from = await finalized(nodes.alice);
  await until(`finality beyond ${from + count}`, async () => (await finalized(nodes.alice)) >= from + count, seconds);
};

const held = async (address) => {
  const holds = await nodes.alice.api.query.balances.holds(address);
  const bond = holds.find(({ id }) => id.isAuthorities);
  return bond ? bond.amount.toBigInt() : 0n;
};

const joining = (options) =>
  new Node(
    [
      '--chain',
      'local',
      '--validator',
      '--node-key',
      randomBytes(32).toString('hex'),
      '--bootnodes',
      bootAddress(nodes.alice),
    ],
    options,
  );

test('a fifth node joins as a candidate, authors in a later session, and finality goes on', async () => {
  const refused = fheMl('authority', 'leave', '--suri', '//Eve', '--url', nodes.alice.url);
  await assert.rejects(refused, ({ code, stderr }) => code === 1 && /NotCandidate/.test(stderr));
  fifth = await joining().start();
  await until('the fifth node to sync', async () => (await best(fifth)) + 1 >= (await best(nodes.alice)));
  await fheMl('authority', 'join', '--suri', '//Eve', '--url', fifth.url);
  assert.equal(await held(eve.address), 10_000n * 10n ** 12n);
  await inSet(eve.address, true);
  await until('a block of the fifth', async () => (await known(eve.address)).authored > 0, 30);
  await finality();
});

test('an authority that runs twice seals twice, and loses half its bond', async () => {
  const slashAccount = String(nodes.alice.api.consts.authorities.slashAccount);
  const free = async () => (await nodes.alice.api.query.system.account(slashAccount)).data.free.toBigInt();
  const [bond, slashed] = [await held(eve.address), await free()];
  const folder = scratch();
  const [chain] = readdirSync(join(fifth.base, 'chains'));
  const keystore = join('chains', chain, 'keystore');
  cpSync(join(fifth.base, keystore), join(folder, 'chain', keystore), { recursive: true });
  copy = await joining({ folder }).start();
  await until('the punishment', async () => (await held(eve.address)) < bond, 90);
  assert.equal(await held(eve.address), bond / 2n);
  assert.equal(await free(), slashed + bond / 2n);
  assert.match((await known(eve.address)).role, /^leaves/);
  await inSet(eve.address, false);
  await Promise.all([copy.stop(), fifth.stop()]);
  const again = fheMl('authority', 'join', '--suri', '//Eve', '--url', nodes.bob.url);
  await assert.rejects(again, ({ code, stderr }) => code === 1 && /StillBarred/.test(stderr));
  await finality();
});

test('a dead authority is dropped: blocks in every slot, and finality', async () => {
  await nodes.dave.kill();
  await inSet(dave.address, false);
  assert.equal((await known(dave.address)).role, 'permanent, offline');
  const from = await best(nodes.alice);
  await sleep(5 * SLOT);
  assert.ok((await best(nodes.alice)) - from >= 4, 'slots are empty');
  await finality();
});

test('it comes back', async () => {
  await nodes.dave.start();
  await fheMl('authority', 'come-back', '--suri', '//Dave', '--url', nodes.alice.url);
  await inSet(dave.address, true);
  await finality();
});

test('finality that two of four dead have stalled goes on when one is back', async () => {
  // If only one had a block in the session in which both die, the other alone would be silent in it, and dropped.
  await until('a session in which both have blocks, and which goes on', async () => {
    const list = await fheMl('authority', 'list', '--url', nodes.alice.url);
    const authored = (address) => list.find(({ account }) => account === address).authored;
    const blocks = list.reduce((sum, { authored }) => sum + authored, 0);
    return authored(dave.address) > 0 && authored(charlie.address) > 0 && blocks < LENGTH - 2;
  });
  await Promise.all([nodes.charlie.kill(), nodes.dave.kill()]);
  await sleep(2 * SLOT);
  const stalled = await finalized(nodes.alice);
  // Longer than a session: the two are silent in a whole one, and must not be dropped for it.
  await sleep(3 * LENGTH * SLOT);
  assert.ok((await finalized(nodes.alice)) <= stalled + 2, 'two of four finalise');
  assert.equal((await known(dave.address)).role, 'permanent');
  await nodes.charlie.start();
  await finality(10, 90);
});
