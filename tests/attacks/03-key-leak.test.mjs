// Attack 3: a worker answers a tree model with a result of its own making, whose mask puts bits of the client key
// into the scores. On 5166bc2 the user decrypted it, and whoever saw the raw scores had these bits. Now the client
// evaluates the input itself and decrypts nothing that differs.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fheMl, model, send, until } from '../e2e/harness.mjs';
import {
  account, attackedNode, balances, completed, encrypted, register, SHOULD_SUCCEED, sleep, Sybil, verdict, wealth,
} from './lib.mjs';

const N = 2048;
/** Key bits that are read out: all but one. */
const WANTED = Number(process.env.FHE_ML_KEY_BITS ?? 2047);
const [alice, eve] = ['//Alice', '//Eve'].map(account);
let node;
let api;
let tree;

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
  for (let bits = 12; bits <= 34; bits += 1) {
    for (let count = 1; count < 40; count += 1) {
      if (Math.ceil(((N + count) * bits) / 8) !== honest.length - 24) continue;
      const make = (mask, bodies = []) => {
        const result = honest.slice();
        result.set(pack([...mask, ...Array.from({ length: count }, (_, at) => bodies[at] ?? 0)], bits), 24);
        return result;
      };
      return { make, bits, count };
    }
  }
  throw new Error('no number of coefficients fits the length of the result');
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
  const { u8aToHex } = await import('../e2e/polkadot.mjs');
  const ask = () => send(api, api.tx.fheMl.requestInference(tree.number, key, u8aToHex(input), 10n ** 12n, 1), account('//Bob'));
  await ask();
  const honest = await until('an honest result', async () => {
    const stored = await api.query.fheMl.results(0);
    return stored.isSome && stored.unwrap().toU8a(true);
  });
  let refusal;
  const scoreOf = async (result) => {
    const crafted = join(node.folder, 'crafted.result');
    writeFileSync(crafted, result);
    return fheMl('decrypt', '--model', tree.artifact, '--input', file, '--result', crafted, '--key', node.keys)
      .then(([{ raw_scores: [score] }]) => score, (error) => {
        assert.equal(error.code, 1, error.message);
        refusal = error.stderr.trim();
        return null;
      });
  };
  const { answers, found } = await readKey(forger(honest), scoreOf, WANTED);
  if (refusal) console.log(`the tool says: ${refusal}`);
  console.log(`${right(found)} of ${WANTED} wanted bits of the client key, from ${answers} answers`);
  balances(before, await wealth(api, eve.address));
  verdict(right(found) === WANTED, `${right(found)} of ${WANTED} bits were read`);
});

test('a prediction that a lying worker crafted is not shown', async () => {
  // The only worker is the attacker's.
  const { tx } = api;
  await send(api, tx.sudo.sudo(tx.fheMl.removeWorker(alice.publicKey)), alice);
  const honest = (await api.query.fheMl.results(0)).unwrap().toU8a(true);
  const sybil = await new Sybil(node, '//sybil1').join(eve);
  const before = await wealth(api, eve.address);
  const stop = new AbortController();
  const serving = (async () => {
    while (!stop.signal.aborted) {
      await sybil.serve((_, record) => {
        const crafted = forger(honest).make(zeros().fill(1, 1, 9));
        crafted.set(record.input.toU8a().subarray(0, 8), 16);
        return completed(crafted);
      });
      await sleep(200);
    }
  })();
  const answer = await fheMl('predict', '--model', String(tree.number), '--input', model('breast_cancer.test.csv'),
    '--rows', '0..1', '--key', node.keys, '--suri', '//Bob', '--url', node.url)
    .then((rows) => rows[0], (error) => ({ refused: error.stderr.trim(), code: error.code }));
  stop.abort();
  await serving;
  console.log(`the user sees ${JSON.stringify(answer)}`);
  balances(before, await wealth(api, eve.address));
  if (!SHOULD_SUCCEED) assert.equal(answer.code, 1);
  verdict(!answer.refused, `a score of the attacker's making was ${answer.refused ? 'refused' : 'shown'}`);
});
