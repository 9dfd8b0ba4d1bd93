// See scripts/bench-load.sh.

import { setTimeout as sleep } from 'node:timers/promises';
import { Keyring } from '@polkadot/api';
import { Node } from '../harness.mjs';
import { best, sendAll } from '../network.mjs';
import { prepare } from './jobs.mjs';

const minutes = Number(process.argv[2] ?? 10);
const SLOT = 2000;
const node = await new Node(['--dev', ...process.argv.slice(3)]).start();
try {
  const jobs = await prepare(node, 'digits_network', 'digits', '//Bob');
  const bob = new Keyring({ type: 'sr25519' }).addFromUri('//Bob');
  const { query } = node.api;
  const pending = async () => (await query.fheMl.pendingCount()).toNumber();
  const slotOf = async (number) => {
    const at = await node.api.at(await node.api.rpc.chain.getBlockHash(number));
    return Math.floor((await at.query.timestamp.now()).toNumber() / SLOT);
  };
  await sendAll(node, jobs.calls(100), bob);
  while ((await pending()) < 50) await sleep(200);
  const [first, requested] = [await best(node), (await query.fheMl.nextJob()).toNumber()];
  const firstSlot = await slotOf(first);
  const openAtStart = await pending();
  const end = Date.now() + minutes * 60_000;
  let idle = 0;
  while (Date.now() < end) {
    const waiting = await pending();
    if (waiting === 0) idle += 1;
    if (waiting < 70) await sendAll(node, jobs.calls(30), bob);
    else await sleep(500);
  }
  const last = await best(node);
  const slots = (await slotOf(last)) - firstSlot;
  const done = (await query.fheMl.nextJob()).toNumber() - requested + openAtStart - (await pending());
  const expired = (await query.fheMl.workers.entries()).reduce((n, [, w]) => n + w.unwrap().missed.toNumber(), 0);
  const share = ((100 * (last - first)) / slots).toFixed(2);
  console.log(`${slots} slots, ${last - first} blocks: ${share} % authored, in ${minutes} minutes`);
  console.log(
    `${done} evaluations of ${jobs.work} work units; the queue was empty ${idle} times; ${expired} deadlines missed`,
  );
} finally {
  await node.stop();
}
