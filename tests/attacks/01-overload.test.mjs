// Attack 1: jobs that declare little work and cost much, since each needs a server key that the worker has not
// prepared. On 5166bc2 their deadlines passed, and each missed one paid the attacker out of the worker's bond.
// Now loading is part of the work, accounts and workers are bounded, and what a miss costs goes to nobody here.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fheMl, send, until } from '../e2e/harness.mjs';
import { u8aToHex } from '../e2e/polkadot.mjs';
import {
  account,
  attackedNode,
  balances,
  best,
  encrypted,
  ends,
  fhe,
  flood,
  register,
  request,
  SHOULD_SUCCEED,
  sleep,
  tally,
  transactions,
  UNIT,
  verdict,
  wealth,
} from './lib.mjs';

/** More than the sixteen that a worker keeps. */
const KEYS = 20;
// Few requests are done in time even there: only the flood of the review is tried where it must succeed.
const SIZES = process.env.FHE_ML_FLOODS?.split(',').map(Number) ?? (SHOULD_SUCCEED ? [6000] : [200, 1000, 6000]);
/** How the chain refuses what there is no room for. */
const FULL = /^fheMl\.(TooMany(Open|Waiting|Pending)Jobs|TooMuchOpenWork|AllWorkersBusy)$/;
const alice = account('//Alice');
let node;
let api;
let tree;

before(async () => {
  node = await attackedNode();
  api = node.api;
  tree = await register(node, 'breast_cancer_tree', 'breast_cancer');
});
after(() => node?.stop());

/** Gives each of `attackers` its part of twenty server keys; returns what they can request with them. */
async function prepare(attackers) {
  const inputs = await Promise.all(
    Array.from({ length: KEYS }, async (_, at) => {
      const keys = join(node.folder, `keys-${attackers.length}-${at}`);
      await fheMl('keygen', '--out', keys);
      const { bytes } = await encrypted(node, tree.artifact, 'breast_cancer', at, keys);
      return {
        bytes,
        key: new Uint8Array(readFileSync(join(keys, 'server.key'))),
        owner: attackers[at % attackers.length],
      };
    }),
  );
  for (const { key, owner } of inputs) await send(api, api.tx.fheMl.registerServerKey(u8aToHex(key)), owner);
  return inputs.map(({ bytes, owner }) => ({
    owner,
    call: () => request(node, tree.number, bytes, 1, u8aToHex(bytes.subarray(48, 80))),
  }));
}

const worker = async () => (await api.query.fheMl.workers(alice.publicKey)).unwrap();

/** Requests `size` jobs and waits until all are finished; returns what that brought. */
async function attack(attackers, requests, size) {
  const addresses = attackers.map(({ address }) => address);
  const [first, own, honest] = [
    (await best(node)) + 1,
    await wealth(api, ...addresses),
    await wealth(api, alice.address),
  ];
  const { bond } = await worker();
  const start = Date.now();
  const sent = await Promise.all(
    attackers.map((attacker) => {
      const mine = requests.filter(({ owner }) => owner === attacker);
      const count = Math.floor(size / attackers.length);
      return flood(
        api,
        Array.from({ length: count }, (_, at) => mine[at % mine.length].call()),
        attacker,
      );
    }),
  );
  const taken = sent.reduce((sum, { taken: some }) => sum + some, 0);
  // Requests can wait in the pool for a while, and some vanish from it: all is over when nothing moves.
  let quiet = 0;
  await until(
    'the end of the flood',
    async () => {
      const idle =
        (await api.query.fheMl.pendingCount()).isZero() && (await api.rpc.author.pendingExtrinsics()).length === 0;
      quiet = idle ? quiet + 1 : 0;
      await sleep(1_000);
      return quiet > 3;
    },
    900,
  );
  const { bond: left, missed, status } = await worker();
  const ended = ends(await transactions(api, first, ...addresses));
  console.log(
    `${size} requests of ${attackers.length} account(s), ${(Date.now() - start) / 1000} s: the pool took ${taken} and ` +
      `said ${JSON.stringify(tally(sent.flatMap(({ errors }) => errors)))}; in blocks: ${JSON.stringify(ended)}`,
  );
  console.log(
    `the honest worker's bond: ${fhe(bond)} -> ${fhe(left)} FHE, missed ${missed}, ${status.type}; ` +
      `its operator ${fhe((await wealth(api, alice.address)) - honest)} FHE`,
  );
  if (!SHOULD_SUCCEED) {
    assert.ok(
      ended.accepted > 0 && Object.keys(ended).every((end) => end === 'accepted' || FULL.test(end)),
      'refused for another reason',
    );
    assert.equal(missed.toNumber(), 0, 'the honest worker was late');
  }
  if (status.isSuspended) await send(api, api.tx.fheMl.resumeWorker(alice.publicKey), alice);
  return balances(own, await wealth(api, ...addresses));
}

for (const accounts of SHOULD_SUCCEED ? [1] : [1, KEYS]) {
  test(`a flood under ${KEYS} keys of ${accounts} account(s)`, async () => {
    const attackers = Array.from({ length: accounts }, (_, at) => account(`//attacker/${accounts}/${at}`));
    const ferdie = account('//Ferdie');
    for (const { address } of attackers) {
      await send(api, api.tx.balances.transferKeepAlive(address, (20_000n / BigInt(accounts) + 500n) * UNIT), ferdie);
    }
    const requests = await prepare(attackers);
    for (const size of SIZES) {
      const won = await attack(attackers, requests, size);
      verdict(won >= 0n, `${size} requests of ${accounts} account(s) brought ${fhe(won)} FHE`);
    }
  });
}
