// Jobs for benchmarks: one encrypted row of a model, requested many times.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keyring } from '@polkadot/api';
import { u8aToHex } from '@polkadot/util';
import { fheMl, model, until } from '../harness.mjs';
import { sendAll } from '../network.mjs';

/** Most unfinished jobs of an account , as far as `MaxAccountJobs` and `MaxAccountWork` allow for the largest. */
const OPEN_AT_ONCE = 100;

/** Registers `name` and a server key for `suri`; returns functions that make and send request calls. */
export async function prepare(node, name, table, suri) {
  const file = (suffix) => join(node.folder, `${name}.${suffix}`);
  const keys = file('keys');
  const chain = ['--url', node.url];
  await fheMl('keygen', '--out', keys);
  await fheMl(
    'model',
    'import',
    model(`${name}.onnx`),
    '--output',
    file('fheml'),
    '--calibration',
    model(`${table}.train.csv`),
  );
  const [{ model: number }] = await fheMl('model', 'register', file('fheml'), '--suri', '//Alice', ...chain);
  const [{ server_key_hash: key }] = await fheMl('key', 'register', '--key', keys, '--suri', suri, ...chain);
  await fheMl(
    'encrypt',
    '--model',
    file('fheml'),
    '--input',
    model(`${table}.test.csv`),
    '--key',
    keys,
    '--output',
    file('input'),
  );
  const input = u8aToHex(readFileSync(file('input')));
  const record = (await node.api.query.fheMl.models(number)).unwrap();
  const call = node.api.tx.fheMl.requestInference;
  const calls = (count) =>
    Array.from({ length: count }, () => call(number, record.needsServerKey.isTrue ? key : null, input, 10n ** 15n, 1));
  const signer = new Keyring({ type: 'sr25519' }).addFromUri(suri);
  const open = async () => (await node.api.query.fheMl.openOf(signer.address)).jobs.toNumber();
  /** Sends requests, as many at a time as an account may have unfinished. */
  const sendCalls = async (count) => {
    for (let left = count; left > 0; ) {
      const room = Math.min(left, OPEN_AT_ONCE - (await open()));
      if (room > 0) {
        const before = (await node.api.query.fheMl.nextJob()).toNumber();
        await sendAll(node, calls(room), signer);
        await until(
          'the requests to be in blocks',
          async () => (await node.api.query.fheMl.nextJob()).toNumber() >= before + room,
          120,
        );
        left -= room;
      } else await sleep(100);
    }
  };
  return { number: String(number), keys, work: record.work.toNumber(), calls, sendCalls };
}
