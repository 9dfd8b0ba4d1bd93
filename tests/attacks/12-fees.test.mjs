// Attack 12: blocks full of remarks. On 5166bc2 the fee did not follow congestion, and all block length of a day cost
// 1,860 FHE. Now a byte has a price, and it rises as long as blocks are full.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { send, until } from '../e2e/harness.mjs';
import { account, attackedNode, balances, bestNumber, fhe, SHOULD_SUCCEED, UNIT, verdict, wealth } from './lib.mjs';

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

/** What each of the attacker's remarks in blocks from `first` on paid. */
async function paid(first) {
  const last = await bestNumber(api);
  const fees = [];
  for (let block = first; block <= last; block += 1) {
    const at = await api.at(await api.rpc.chain.getBlockHash(block));
    for (const { event } of await at.query.system.events()) {
      if (event.section !== 'transactionPayment' || event.method !== 'TransactionFeePaid') continue;
      if (event.data.who.eq(attacker.address)) fees.push({ block, fee: event.data.actualFee.toBigInt() });
    }
  }
  return fees;
}

test('to fill the blocks of a minute costs more than it can bring', async () => {
  // One of its own for each: to sign a call changes it.
  const remark = () => api.tx.system.remark(`0x${'ab'.repeat(BYTES)}`);
  const before = await wealth(api, attacker.address);
  const first = await bestNumber(api);
  // One after the other: the pool has no room for more of them. So some blocks in between are empty.
  for (let at = 0; at < BLOCKS; at += 1) await send(api, remark(), attacker);
  const fees = await until('all remarks in blocks', async () => {
    const found = await paid(first);
    return found.length === BLOCKS && found;
  });
  const blocks = fees.at(-1).block - fees[0].block + 1;
  const costs = fees.map(({ fee }) => fee);
  console.log(`${BLOCKS} full blocks among ${blocks}: ${costs.map(fhe).join(', ')} FHE`);
  const minute = costs.at(-1) * BigInt(BLOCKS_A_MINUTE);
  console.log(`a minute of full blocks costs at least ${fhe(minute)} FHE at the last price, a day ${fhe(minute * 1440n)} FHE`);
  balances(before, await wealth(api, attacker.address));
  const rises = costs.at(-1) > costs[0];
  if (!SHOULD_SUCCEED) assert.ok(rises, 'the price does not rise while blocks are full');
  verdict(!rises && minute < 10n * UNIT, `a minute of full blocks for ${fhe(minute)} FHE`);
});
