// Attack 3: a worker answers a tree model with a result of its own making, whose mask puts bits of the client key
// into the scores. On 5166bc2 the user decrypted it, and whoever saw the raw scores had these bits. Now the client
// evaluates the input itself and decrypts nothing that differs.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fheMl } from '../e2e/harness.mjs';
import {
  account,
  attackedNode,
  balances,
  completed,
  deceive,
  encrypted,
  formOf,
  N,
  refusal,
  register,
  request,
  requested,
  resultOf,
  SHOULD_SUCCEED,
  verdict,
  wealth,
} from './lib.mjs';

/** Key bits that are read out: all but one. */
const WANTED = Number(process.env.FHE_ML_KEY_BITS ?? 2047);
const [bob, eve] = ['//Bob', '//Eve'].map(account);
let node;
let api;
let tree;
let honest;

before(async () => {
  node = await attackedNode();
  api = node.api;
  tree = await register(node, 'breast_cancer_tree', 'breast_cancer');
  await fheMl('key', 'register', '--key', node.keys, '--suri', '//Bob', '--url', node.url);
});
after(() => node?.stop());

/** Packs values of `bits` bits, the lowest first. */
function pack(values, bits) {
  const bytes = [];
  let [buffer, filled] = [0n, 0];
  for (const value of values) {
    buffer |= BigInt(value) << BigInt(filled);
    for (filled += bits; filled >= 8; filled -= 8, buffer >>= 8n) bytes.push(Number(buffer & 255n));
  }
  if (filled > 0) bytes.push(Number(buffer));
  return Uint8Array.from(bytes);
}

/** A maker of results with a chosen mask, in the form of an honest one. */
function forger(honest) {
  const { bits, count } = formOf(honest);
  const make = (mask, bodies = []) => {
    const result = honest.slice();
    result.set(pack([...mask, ...Array.from({ length: count }, (_, at) => bodies[at] ?? 0)], bits), 24);
    return result;
  };
  return { make, bits, count };
}

const zeros = () => new Array(N).fill(0);

/**
 * Reads bits of the client key out of what `scoreOf(result)` tells: coefficient 0 of the phase is
 * b - a_0 s_0 + the sum of a_j s_(N-j), and each a_j is another power of two.
 */
async function readKey({ make, bits, count }, scoreOf, wanted) {
  const base = await scoreOf(make(zeros()));
  if (base === null) return { answers: 1, found: new Map() };
  const moved = async (exponent) => (await scoreOf(make(zeros(), [2 ** exponent]))) - base;
  // Half a unit is the least that moves the score.
  let unit = 1;
  while (unit < bits && (await moved(unit - 1)) === 0) unit += 1;
  const step = await moved(unit);
  const perAnswer = Math.max(1, Math.min(bits - unit - 1, 16));
  const found = new Map();
  let answers = unit + 2;
  for (let first = 1; first <= wanted; first += perAnswer) {
    const mask = zeros();
    const here = Math.min(perAnswer, wanted - first + 1);
    for (let bit = 0; bit < here; bit += 1) mask[first + bit] = 2 ** (unit + bit) % 2 ** bits;
    const score = await scoreOf(make(mask));
    answers += 1;
    const sum = Math.round((score - base) / step);
    for (let bit = 0; bit < here; bit += 1) found.set(N - first - bit, (sum >> bit) & 1);
  }
  assert.ok(count > 0);
  return { answers, found };
}

/** How many of the found bits are those of the key. */
function right(found) {
  const key = readFileSync(join(node.keys, 'client.key'));
  return [...found].filter(([at, bit]) => ((key[48 + (at >> 3)] >> (at & 7)) & 1) === bit).length;
}

test('scores of crafted results do not tell the client key', async () => {
  const before = await wealth(api, eve.address);
  const { bytes: input, file } = await encrypted(node, tree.artifact, 'breast_cancer', 0);
  const key = (await api.query.fheMl.serverKeys.keys())[0].args[0];
  honest = await resultOf(node, await requested(node, request(node, tree.number, input, 1, key), bob));
  const refusals = new Set();
  const scoreOf = async (result) => {
    const crafted = join(node.folder, 'crafted.result');
    writeFileSync(crafted, result);
    return fheMl('decrypt', '--model', tree.artifact, '--input', file, '--result', crafted, '--key', node.keys).then(
      ([
        {
          raw_scores: [score],
        },
      ]) => score,
      (error) => {
        refusals.add(refusal(error).refused);
        return null;
      },
    );
  };
  assert.notEqual(await scoreOf(honest), null, 'the tool refuses what is right');
  // All but one bit of the mask is right: no look at ranges and noise finds that out.
  const subtle = honest.slice();
  subtle[24] ^= 1;
  assert.equal((await scoreOf(subtle)) !== null, SHOULD_SUCCEED, 'a mask with one other bit');
  const { answers, found } = await readKey(forger(honest), scoreOf, WANTED);
  console.log(`the tool says: ${[...refusals].join('; ')}`);
  console.log(`${right(found)} of ${WANTED} wanted bits of the client key, from ${answers} answers`);
  balances(before, await wealth(api, eve.address));
  if (SHOULD_SUCCEED) assert.equal(right(found), WANTED);
  verdict(found.size > 0, `${right(found)} of ${WANTED} bits were read`);
});

test('a prediction that a lying worker crafted is not shown', async () => {
  const { shown } = await deceive(node, tree.number, eve, (_, record) => {
    const crafted = forger(honest).make(zeros().fill(1, 1, 9));
    crafted.set(record.input.toU8a().subarray(0, 8), 16);
    return completed(crafted);
  });
  verdict(Boolean(shown), `a score of the attacker's making was ${shown ? 'shown' : 'refused'}`);
});
