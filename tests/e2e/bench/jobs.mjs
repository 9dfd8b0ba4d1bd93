// Jobs for benchmarks: one encrypted row of a model for each of several accounts, requested many times.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { u8aToHex } from '@polkadot/util';
import { fheMl, model, until } from '../harness.mjs';
import { account } from '../polkadot.mjs';

/** Requests that are on their way to the node at a time. One after the other, and signed one by one, they take some 45 ms
 * each, of which 40 are the node's socket waiting for an acknowledgement. */
const SENT_AT_ONCE = 16;

/** Registers `name`, and a server key and an encrypted row of each of `suris`; returns what requests it. */
export async function prepare(node, name, table, ...suris) {
  const file = (suffix) => join(node.folder, `${name}.${suffix}`);
  const artifact = file('fheml');
  const chain = ['--url', node.url];
  const calibration = model(`${table}.train.csv`);
  await fheMl('model', 'import', model(`${name}.onnx`), '--output', artifact, '--calibration', calibration);
  const [{ model: number }] = await fheMl('model', 'register', artifact, '--suri', '//Alice', ...chain);
  const record = (await node.api.query.fheMl.models(number)).unwrap();
  const users = [];
  for (const [at, suri] of suris.entries()) {
    const [keys, input] = [file(`${at}.keys`), file(`${at}.input`)];
    const rows = ['--input', model(`${table}.test.csv`)];
    await fheMl('keygen', '--out', keys);
    const [{ server_key_hash: hash }] = await fheMl('key', 'register', '--key', keys, '--suri', suri, ...chain);
    await fheMl('encrypt', '--model', artifact, ...rows, '--key', keys, '--output', input);
    const key = record.needsServerKey.isTrue ? hash : null;
    users.push({ signer: account(suri), keys, key, input: u8aToHex(readFileSync(input)) });
  }
  const call = ({ key, input }) => node.api.tx.fheMl.requestInference(number, key, input, 10n ** 15n, 1);
  /** So many requests of the first account. */
  const calls = (count) => Array.from({ length: count }, () => call(users[0]));
  /** Signs so many requests, the accounts in turn. */
  const sign = async (count) => {
    const next = users.map(({ signer }) => node.api.rpc.system.accountNextIndex(signer.address));
    const nonces = (await Promise.all(next)).map(Number);
    const signed = [];
    for (let at = 0; at < count; at += 1) {
      const user = at % users.length;
      signed.push(await call(users[user]).signAsync(users[user].signer, { nonce: nonces[user]++, era: 0 }));
    }
    return signed;
  };
  return { number: String(number), keys: users[0].keys, work: record.work.toNumber(), calls, sign };
}

/** Sends signed requests, several at a time; resolves once all of them are in blocks. */
export async function sendSigned({ api }, signed) {
  const wanted = (await api.query.fheMl.nextJob()).toNumber() + signed.length;
  const left = signed[Symbol.iterator]();
  const sendOthers = async () => {
    for (const request of left) await api.rpc.author.submitExtrinsic(request);
  };
  await Promise.all(Array.from({ length: SENT_AT_ONCE }, sendOthers));
  const areIn = async () => (await api.query.fheMl.nextJob()).toNumber() >= wanted;
  await until('the requests to be in blocks', areIn, 120);
}
