// See scripts/rehearse-upgrade.sh.

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { u8aToHex } from '@polkadot/util';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { prepare } from './bench/jobs.mjs';
import { numberOf, send, until } from './harness.mjs';
import {
  allFinished, balancedBooks, finalized, localNetwork, predictRight, registerModel, sendAll,
} from './network.mjs';

const QUEUE = 100;
const code = u8aToHex(readFileSync(process.argv[2]));

const nodes = await localNetwork();
const all = Object.values(nodes);
try {
  const { bob } = nodes;
  const keyring = new Keyring({ type: 'sr25519' });
  const [alice, eve] = ['//Alice', '//Eve'].map((suri) => keyring.addFromUri(suri));
  const version = async ({ api }) => (await api.rpc.state.getRuntimeVersion()).specVersion.toNumber();
  const { keys } = await registerModel(bob);
  const predict = async () => (await predictRight(bob, keys, '0..4', '--redundancy', '2')).length;
  const old = await version(bob);
  console.log(`four nodes on spec version ${old}: ${await predict()} rows predicted`);

  const jobs = await prepare(bob, 'digits_network', 'digits', '//Eve');
  await sendAll(bob, jobs.calls(QUEUE), eve);
  await until('the queue to be in blocks',
    async () => (await bob.api.query.fheMl.nextJob()).toNumber() === QUEUE + 4);
  const { tx } = bob.api;
  const { block } = await send(bob.api, tx.sudo.sudo(tx.system.setCode(code)), alice);
  const at = await numberOf(bob.api, block);
  const inFlight = (await (await bob.api.at(block)).query.fheMl.pendingCount()).toNumber();
  console.log(`setCode is in block ${at}, while ${inFlight} jobs wait for results`);

  await until('the new version on every node', async () =>
    (await Promise.all(all.map(version))).every((now) => now > old));
  console.log(`all four nodes are on spec version ${await version(bob)}`);
  await until('finality beyond the upgrade', async () =>
    (await Promise.all(all.map(finalized))).every((number) => number > at + 2), 120);
  const hashes = await Promise.all(all.map(async ({ api }) => String(await api.rpc.chain.getBlockHash(at + 2))));
  assert.equal(new Set(hashes).size, 1, 'the nodes have different chains');
  console.log(`block ${at + 2} is final, and the same on all four: ${hashes[0]}`);

  const finished = await allFinished(bob, QUEUE + 4, 300);
  assert.ok(finished.every(({ job }) => job.status.isCompleted), 'a job was lost');
  console.log(`${finished.length} of ${QUEUE + 4} jobs completed`);
  console.log(`${await predict()} rows predicted after the upgrade`);
  // An open connection knows only one version's types; the blocks have two.
  const api = await ApiPromise.create({ provider: new WsProvider(bob.url), noInitWarn: true });
  await balancedBooks({ api });
  await api.disconnect();
  console.log('the books balance');
} catch (error) {
  console.error(`error: this upgrade must not be done: ${error.message}`);
  process.exitCode = 1;
} finally {
  await Promise.all(all.map((node) => node.stop()));
}
