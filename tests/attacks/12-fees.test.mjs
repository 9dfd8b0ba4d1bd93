// Attack 12: blocks full of remarks. On 5166bc2 the fee did not follow congestion, and all block length of a day cost
// 1,860 FHE. Now a byte has a price, and it rises as long as blocks are full.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { send } from '../e2e/harness.mjs';
import {
  account,
  attackedNode,
  balances,
  best,
  ends,
  fhe,
  SHOULD_SUCCEED,
  transactions,
  UNIT,
  verdict,
  wealth,
} from './lib.mjs';

const BYTES = 3_900_000;
const BLOCKS = 12;
const BLOCKS_A_MINUTE = 30;
const attacker = account('//Ferdie');
let node;
let api;

before(async () => {
  node = await attackedNode();
  api = node.api;
});
after(() => node?.stop());

test('to fill the blocks of a minute costs more than it can bring', async () => {
  // One of its own for each: to sign a call changes it.
  const remark = () => api.tx.system.remark(`0x${'ab'.repeat(BYTES)}`);
  const before = await wealth(api, attacker.address);
  const first = await best(node);
  // One after the other: the pool has no room for more of them. So some blocks in between are empty.
  for (let at = 0; at < BLOCKS; at += 1) await send(api, remark(), attacker);
  const fees = await transactions(api, first, attacker.address);
  assert.deepEqual(ends(fees), { accepted: BLOCKS });
  const blocks = fees.at(-1).block - fees[0].block + 1;
  const costs = fees.map(({ fee }) => fee);
  console.log(`${BLOCKS} full blocks among ${blocks}: ${costs.map(fhe).join(', ')} FHE`);
  const minute = costs.at(-1) * BigInt(BLOCKS_A_MINUTE);
  console.log(
    `a minute of full blocks costs at least ${fhe(minute)} FHE at the last price, a day ${fhe(minute * 1440n)} FHE`,
  );
  balances(before, await wealth(api, attacker.address));
  const rises = costs.at(-1) > costs[0];
  if (!SHOULD_SUCCEED) assert.ok(rises, 'the price does not rise while blocks are full');
  verdict(!rises || minute < 10n * UNIT, `a minute of full blocks for ${fhe(minute)} FHE`);
});
