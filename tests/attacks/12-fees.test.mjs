// Attack 12: blocks full of remarks. On 5166bc2 the fee did not follow congestion, and all block length of a day cost
// 1,860 FHE. Now a byte has a price, and it rises as long as blocks are full.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fheMl, send } from '../e2e/harness.mjs';
import { account, attackedNode, balances, bestNumber, fhe, SHOULD_SUCCEED, UNIT, verdict, wealth } from './lib.mjs';

const BYTES = 3_900_000;
const BLOCKS = 12;
const BLOCKS_A_MINUTE = 30;
/** What a worker's bond is: the most that anybody could want a minute of silence for. */
const ferdie = account('//Ferdie');
let node;
let api;

before(async () => {
  node = await attackedNode();
  api = node.api;
});
after(() => node?.stop());

test('to fill the blocks of a minute costs more than it can bring', async () => {
  const remark = api.tx.system.remark(`0x${'ab'.repeat(BYTES)}`);
  const before = await wealth(api, ferdie.address);
  const costs = [];
  const first = await bestNumber(api);
  for (let at = 0; at < BLOCKS; at += 1) {
    const had = await wealth(api, ferdie.address);
    await send(api, remark, ferdie);
    costs.push(had - (await wealth(api, ferdie.address)));
  }
  const blocks = (await bestNumber(api)) - first;
  console.log(`${BLOCKS} full blocks among ${blocks}: ${costs.map(fhe).join(', ')} FHE`);
  // What the sixty blocks of two minutes cost at the last price, though it would rise on.
  const minute = costs.at(-1) * BigInt(BLOCKS_A_MINUTE);
  console.log(`a minute of full blocks costs at least ${fhe(minute)} FHE at the last price, a day ${fhe(minute * 1440n)} FHE`);
  balances(before, await wealth(api, ferdie.address));
  const rises = costs.at(-1) > costs[0];
  if (!SHOULD_SUCCEED) assert.ok(rises, 'the price does not rise while blocks are full');
  verdict(!rises && minute < 10n * UNIT, `a minute of full blocks for ${fhe(minute)} FHE`);
});
