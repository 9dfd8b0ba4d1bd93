// Jobs for benchmarks: one encrypted row of a model, requested many times.

import { u8aToHex } from '@polkadot/util';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fheMl, model } from '../harness.mjs';

/** Registers `name` and a server key for `suri`; returns a function that makes request calls. */
export async function prepare(node, name, table, suri) {
  const file = (suffix) => join(node.folder, `${name}.${suffix}`);
  const keys = file('keys');
  const chain = ['--url', node.url];
  await fheMl('keygen', '--out', keys);
  await fheMl('model', 'import', model(`${name}.onnx`), '--output', file('fheml'),
    '--calibration', model(`${table}.train.csv`));
  const [{ model: number }] =
    await fheMl('model', 'register', file('fheml'), '--suri', '//Alice', ...chain);
  const [{ server_key_hash: key }] = await fheMl('key', 'register', '--key', keys, '--suri', suri, ...chain);
  await fheMl('encrypt', '--model', file('fheml'), '--input', model(`${table}.test.csv`),
    '--key', keys, '--output', file('input'));
  const input = u8aToHex(readFileSync(file('input')));
  const record = (await node.api.query.fheMl.models(number)).unwrap();
  const call = node.api.tx.fheMl.requestInference;
  return {
    work: record.work.toNumber(),
    calls: (count) => Array.from({ length: count },
      () => call(number, record.needsServerKey.isTrue ? key : null, input, 10n ** 15n, 1)),
  };
}
