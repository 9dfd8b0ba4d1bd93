// Attack 7: a forged outcome of 256 KiB. On 5166bc2 it was hashed before its signature was looked at, and, with a
// redundancy of more than one, called unknown: the same bytes were looked at again and again. Now the signature comes
// first, and what is forged is banned.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { until } from '../e2e/harness.mjs';
import {
  account,
  attackedNode,
  balances,
  completed,
  encrypted,
  joinSybils,
  register,
  request,
  requested,
  rpc,
  SHOULD_SUCCEED,
  Sybil,
  submitRaw,
  verdict,
  wealth,
} from './lib.mjs';

const BYTES = 256 * 1024;
const TRIES = 20;
/** What the pool says of a transaction that cannot be judged yet, that is invalid, that has been found invalid. */
const [UNKNOWN, INVALID, BANNED] = [1011, 1010, 1012];
const [alice, bob, eve] = ['//Alice', '//Bob', '//Eve'].map(account);
let node;
let api;

before(async () => {
  node = await attackedNode('--no-worker');
  api = node.api;
});
after(() => node?.stop());

/** What the node says to a transaction, and how long it takes. */
async function say(transaction) {
  const start = performance.now();
  const error = await submitRaw(node, transaction).then(
    () => null,
    (refused) => refused,
  );
  return { error, time: performance.now() - start };
}
const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];

test('the same forged outcome is not looked at twice', async () => {
  const { number, artifact } = await register(node, 'breast_cancer_logistic', 'breast_cancer');
  await joinSybils(node, 1, eve);
  const { bytes } = await encrypted(node, artifact, 'breast_cancer', 0);
  const job = await requested(node, request(node, number, bytes, 2), bob);
  await until('workers', async () => (await api.query.fheMl.jobs(job)).unwrap().assignees.length === 2);
  // In the name of the honest worker, whose key the attacker does not have: the signature is of something else.
  const victim = new Sybil(node, '//Alice');
  assert.deepEqual(victim.pair.publicKey, alice.publicKey);
  const forge = () => victim.submission(job, completed(randomBytes(BYTES)), true);
  const before = await wealth(api, eve.address);

  // With the right signature it is only too early: so the forgery is refused for nothing but its signature.
  const { error: early } = await say(await victim.submission(job, completed(randomBytes(BYTES))));
  console.log(`signed by the honest worker: code ${early.code}, "${early.message}"`);
  assert.equal(early.code, UNKNOWN);
  const same = await forge();
  const answers = [];
  for (let at = 0; at < TRIES; at += 1) answers.push(await say(same));
  const codes = answers.map(({ error }) => error?.code);
  console.log(
    `the same forgery ${TRIES} times: codes ${[...new Set(codes)]}; first "${answers[0].error?.message}", last "${answers.at(-1).error?.message}"`,
  );

  // The work of looking at one, without the way to the node.
  const validate = async (transaction) => {
    const best = (await api.rpc.chain.getBlockHash()).toHex();
    const data = `0x02${transaction.slice(2)}${best.slice(2)}`;
    const start = performance.now();
    await rpc(node, 'state_call', 'TaggedTransactionQueue_validate_transaction', data).catch(() => {});
    return performance.now() - start;
  };
  const forged = [];
  const small = [];
  for (let at = 0; at < TRIES; at += 1) {
    forged.push(await validate(await forge()));
    small.push(await validate(await victim.submission(job, completed(randomBytes(100)), true)));
  }
  console.log(
    `a new forgery of ${BYTES} bytes takes ${median(forged).toFixed(1)} ms, one of 100 bytes ${median(small).toFixed(1)} ms`,
  );
  balances(before, await wealth(api, eve.address));
  assert.ok(
    answers.every(({ error }) => error),
    'a forgery was taken',
  );
  if (!SHOULD_SUCCEED)
    assert.match(`${codes[0]} ${answers[0].error.message}`, new RegExp(`^${INVALID} .*bad signature`));
  const validated = codes.filter((code) => code !== BANNED).length;
  verdict(validated > 1, `the same forgery was validated ${validated} times`);
});
