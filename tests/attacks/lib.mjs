// What the attacks share: workers without a node, chosen results, floods, and what they cost.
//
// Each attack runs on the nodes in FHE_ML_BIN and says whether it succeeds. EXPECT says whether it should:
// `fails` (default) of what is here, `succeeds` of commit 5166bc2. What differs between the two is looked up in
// the metadata of the node's runtime.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorName, event, eventsSince, fheMl, history, model, Node, send, until } from '../e2e/harness.mjs';
import { best, joinExtraWorker, joinWorker } from '../e2e/network.mjs';
import { account, blake2AsU8a, compactToU8a, stringToU8a, u8aConcat, u8aToHex } from '../e2e/polkadot.mjs';

const EXPECTED = process.env.EXPECT ?? 'fails';
assert.ok(['fails', 'succeeds'].includes(EXPECTED), 'EXPECT is fails or succeeds');

/** Whether the attack is expected to succeed: only on the commit that had these holes. */
export const SHOULD_SUCCEED = EXPECTED === 'succeeds';

export const UNIT = 10n ** 12n;

/** An amount for people. */
export const fhe = (amount) => (Number(amount) / 1e12).toFixed(6);

/** All that accounts own, held or free. */
export async function wealth(api, ...addresses) {
  let sum = 0n;
  for (const address of addresses) {
    const { data } = await api.query.system.account(address);
    sum += data.free.toBigInt() + data.reserved.toBigInt();
  }
  return sum;
}

/** Prints the balance of the attacker before and after; returns what the attack brought. */
export function balances(before, after) {
  console.log(`attacker before ${fhe(before)} FHE, after ${fhe(after)} FHE: ${fhe(after - before)} FHE`);
  return after - before;
}

/** Says what became of an attack, and fails if it is not what was expected. */
export function verdict(succeeded, what) {
  console.log(`the attack ${succeeded ? 'SUCCEEDED' : 'failed'}: ${what}`);
  assert.equal(succeeded, SHOULD_SUCCEED, `the attack should have ${SHOULD_SUCCEED ? 'succeeded' : 'failed'}: ${what}`);
}

/** Registers the forest that some attacks lie about, and the key of //Bob: of a linear model the chain corrects a lie. */
export async function registerForest(node) {
  const forest = await register(node, 'breast_cancer_forest_10x4', 'breast_cancer');
  const chain = ['--key', node.keys, '--suri', '//Bob', '--url', node.url];
  const [{ server_key_hash: key }] = await fheMl('key', 'register', ...chain);
  return { ...forest, key };
}

/** A dev node with keys; the node's own worker is Alice's, and challenges nobody: attacks fail without its luck, too. */
export async function attackedNode(...options) {
  const watch = SHOULD_SUCCEED ? [] : ['--watch', 'none'];
  const node = await new Node(['--dev', ...watch, ...options]).start();
  node.keys = join(node.folder, 'keys');
  await fheMl('keygen', '--out', node.keys);
  return node;
}

/** Compiles and registers a model; returns its number and artifact. */
export async function register(node, name, table) {
  const artifact = join(node.folder, `${name}.fheml`);
  await fheMl(
    'model',
    'import',
    model(`${name}.onnx`),
    '--calibration',
    model(`${table}.train.csv`),
    '--output',
    artifact,
  );
  const [{ model: number }] = await fheMl('model', 'register', artifact, '--suri', '//Alice', '--url', node.url);
  return { number, artifact };
}

/** An encrypted row of a model's test table. */
export async function encrypted(node, artifact, table, row, keys = node.keys) {
  node.inputs = (node.inputs ?? 0) + 1;
  const file = join(node.folder, `row-${row}-${node.inputs}.input`);
  await fheMl(
    'encrypt',
    '--model',
    artifact,
    '--input',
    model(`${table}.test.csv`),
    '--row',
    String(row),
    '--key',
    keys,
    '--output',
    file,
  );
  return { file, bytes: new Uint8Array(readFileSync(file)) };
}

/** A request; it pays whatever it costs. */
export const request = ({ api }, model, input, redundancy = 1, key = null) =>
  api.tx.fheMl.requestInference(model, key, u8aToHex(input), UNIT, redundancy);

/** Sends a request; resolves to the number of its job. */
export const requested = async ({ api }, call, signer) =>
  event((await send(api, call, signer)).events, 'InferenceRequested').job.toNumber();

/** The result of a job, as soon as it is there. */
export const resultOf = ({ api }, job) =>
  until(`the result of job ${job}`, async () => {
    const stored = await api.query.fheMl.results(job);
    return stored.isSome && stored.unwrap().toU8a(true);
  });

/** How often each name is among these. */
export function tally(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Sends calls with consecutive nonces, many at a time; resolves to how many the pool took, and what it said else. */
export async function flood(api, calls, signer, { atOnce = 200, ahead = 3000 } = {}) {
  const onChain = async () => (await api.query.system.account(signer.address)).nonce.toNumber();
  let next = (await api.rpc.system.accountNextIndex(signer.address)).toNumber();
  const errors = [];
  for (let at = 0; at < calls.length; at += atOnce) {
    await Promise.all(
      calls.slice(at, at + atOnce).map(async (call) => {
        const signed = await call.signAsync(signer, { era: 0, blockHash: api.genesisHash, nonce: next++ });
        await api.rpc.author.submitExtrinsic(signed).catch(({ message }) => errors.push(message));
      }),
    );
    while (next - (await onChain()) > ahead) await sleep(300);
  }
  return { taken: calls.length - errors.length, errors };
}

/** Transactions that accounts paid for in blocks from `first` on: `{ block, who, fee, error }`. */
export async function transactions(api, first, ...addresses) {
  const found = [];
  let paid;
  for await (const {
    block,
    phase,
    event: { method, data },
  } of eventsSince(api, first)) {
    const place = `${block} ${phase}`;
    if (method === 'TransactionFeePaid') {
      paid = { place, block, who: data.who.toString(), fee: data.actualFee.toBigInt() };
    } else if (/^Extrinsic(Success|Failed)$/.test(method) && paid?.place === place && addresses.includes(paid.who)) {
      found.push({ ...paid, error: method === 'ExtrinsicFailed' ? errorName(api, data[0]) : null });
    }
  }
  return found;
}

/** How many transactions ended how. */
export const ends = (sent) => tally(sent.map(({ error }) => error ?? 'accepted'));

/** An integer in so many bytes, the lowest first. */
export const number = (bytes, value) => {
  const encoded = new Uint8Array(bytes);
  for (let at = 0, rest = BigInt(value); at < bytes; at += 1, rest >>= 8n) encoded[at] = Number(rest & 255n);
  return encoded;
};
const hash = (bytes) => blake2AsU8a(bytes, 256);

/** The outcome of a job that was evaluated, encoded. */
export const completed = (result) => u8aConcat(Uint8Array.of(0), compactToU8a(result.length), result);

/** A worker without a node: it posts what it likes. */
export class Sybil {
  constructor(node, suri) {
    Object.assign(this, { node, api: node.api, pair: account(suri), taken: 0, refused: [] });
    this.id = u8aToHex(this.pair.publicKey);
  }

  async record() {
    return (await this.api.query.fheMl.workers(this.pair.publicKey)).unwrap();
  }

  /** The numbers of its jobs. */
  async jobs() {
    const keys = await this.api.query.fheMl.pending.keys(this.pair.publicKey);
    return keys.map(({ args: [, job] }) => job.toNumber());
  }

  /** What it signs: a domain, and all that binds the statement to its job. */
  async sign(job, kind, statement) {
    const record = (await this.api.query.fheMl.jobs(job)).unwrap();
    const { artifact } = (await this.api.query.fheMl.models(record.model)).unwrap();
    return this.pair.sign(
      u8aConcat(
        stringToU8a(`fhe-ml/submission/${record.engine ? 3 : 2}`),
        this.api.genesisHash.toU8a(),
        number(8, job),
        record.input.toU8a(),
        artifact.toU8a(),
        record.serverKey.toU8a(),
        record.engine ? number(2, record.engine.toNumber()) : new Uint8Array(),
        Uint8Array.of(kind),
        statement,
      ),
    );
  }

  /** A transaction that posts an outcome; `forged` has a signature of something else. */
  async submission(job, outcome, forged = false) {
    const outcomeHash = hash(outcome);
    const signature = await this.sign(job, 0, forged ? hash(outcomeHash) : outcomeHash);
    const values = { worker: this.pair.publicKey, job, outcomeHash, outcome, signature };
    return general(this.api, 'submitResult', values);
  }

  async commitment(job, outcome) {
    const commitment = hash(
      u8aConcat(stringToU8a('fhe-ml/commitment/1'), this.pair.publicKey, number(8, job), hash(outcome)),
    );
    const signature = await this.sign(job, 1, commitment);
    return general(this.api, 'commitResult', { worker: this.pair.publicKey, job, commitment, signature });
  }

  async post(job, outcome) {
    return submitRaw(this.node, await this.submission(job, outcome));
  }

  async commit(job, outcome) {
    return submitRaw(this.node, await this.commitment(job, outcome));
  }

  /** Does what the chain wants of it next for all its jobs; `outcomeOf(job, record)` says what it claims. */
  async serve(outcomeOf) {
    for (const job of await this.jobs()) {
      const found = await this.api.query.fheMl.jobs(job);
      if (found.isNone) continue;
      const record = found.unwrap();
      const outcome = await outcomeOf(job, record);
      if (!outcome) continue;
      if (record.redundancy.toNumber() === 1) {
        await this.once(`post ${job}`, () => this.post(job, outcome));
        continue;
      }
      const { commitments, revealed } = await this.api.query.fheMl.ballots(job);
      const has = commitments.some(([worker]) => worker.toHex() === this.id);
      if (!has) await this.once(`commit ${job}`, () => this.commit(job, outcome));
      else if (
        !revealed.some((shown) => shown.eq(hash(outcome))) &&
        record.assignees.every((worker) => commitments.some(([other]) => other.eq(worker)))
      ) {
        await this.once(`reveal ${job}`, () => this.post(job, outcome));
      }
    }
  }

  /** Does it again only if the pool refused it, or if it is not in a block after some seconds. */
  async once(what, act) {
    this.done ??= new Map();
    if (Date.now() < (this.done.get(what) ?? 0)) return;
    this.done.set(what, Date.now() + 8_000);
    await act().then(
      () => (this.taken += 1),
      ({ message }) => {
        this.refused.push(`${what.split(' ')[0]}: ${message}`);
        this.done.delete(what);
      },
    );
  }
}

/** A transaction that only its call authorizes, as the nodes of workers make them. */
function general(api, name, values) {
  const { meta, callIndex } = api.tx.fheMl[name];
  const fields = meta.args.map(({ name: field }) => {
    const value = values[field.toString().replace(/_(\w)/g, (_, letter) => letter.toUpperCase())];
    assert.ok(value !== undefined, `${name} has a new argument: ${field}`);
    return typeof value === 'number' ? number(8, value) : value;
  });
  // Extrinsic version 5, general; extension version 0: era, nonce, tip and metadata hash are all zero.
  const bytes = u8aConcat(Uint8Array.of(0x45, 0, 0, 0, 0, 0), callIndex, ...fields);
  return u8aToHex(u8aConcat(compactToU8a(bytes.length), bytes));
}

/** A call of a node's RPC, past the types of @polkadot/api. */
export async function rpc(node, method, ...params) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`http://${node.rpcHost}:${node.port}`, { method: 'POST', headers, body });
  const { result, error } = await answer.json();
  if (error) throw Object.assign(new Error(`${error.message}: ${error.data ?? ''}`), { code: error.code });
  return result;
}

/** Sends an encoded transaction. */
export const submitRaw = (node, hex) => rpc(node, 'author_submitExtrinsic', hex);

/** Waits until workers that have just joined can be drawn: the first versions drew them at once. */
export async function untilDrawn(node) {
  const first = (await best(node)) + (node.api.consts.fheMl.joinDelay?.toNumber() ?? 0);
  await until('the new workers to be drawn', async () => (await best(node)) >= first);
}

/** The attacker's workers. */
export async function joinSybils(node, count, operator) {
  const joined = Array.from({ length: count }, (_, at) => new Sybil(node, `//sybil${at + 1}`));
  for (const { pair } of joined) await joinWorker(node, pair, operator);
  await untilDrawn(node);
  return joined;
}

/** Honest workers more, whose keys the node has; their operator must be rich. */
export async function honestWorkers(node, count, operator) {
  for (let at = 1; at <= count; at += 1) await joinExtraWorker(node, `//honest${at}`, operator);
  await untilDrawn(node);
}

/** Has workers claim what `outcomeOf(job, record)` says, until the function that is returned is called. */
export function serving(workers, outcomeOf) {
  const stop = new AbortController();
  const done = (async () => {
    while (!stop.signal.aborted) {
      await Promise.all(workers.map((worker) => worker.serve(outcomeOf)));
      await sleep(200);
    }
  })();
  return async () => {
    stop.abort();
    await done;
    console.log(
      `the pool took ${workers.reduce((sum, { taken }) => sum + taken, 0)} transactions of the attacker's workers, ` +
        `and said ${JSON.stringify(tally(workers.flatMap(({ refused }) => refused)))}`,
    );
  };
}

/** What a user is shown whose only worker, one of `operator`, claims what `outcomeOf` says; nothing if it is refused. */
export async function deceive(node, number, operator, outcomeOf) {
  const { api } = node;
  const { tx } = api;
  await send(api, tx.sudo.sudo(tx.fheMl.removeWorker(account('//Alice').publicKey)), account('//Alice'));
  const [sybil] = await joinSybils(node, 1, operator);
  const before = await wealth(api, operator.address);
  const stop = serving([sybil], outcomeOf);
  const { refused, shown } = await fheMl(
    'predict',
    '--model',
    String(number),
    '--input',
    model('breast_cancer.test.csv'),
    '--rows',
    '0..1',
    '--key',
    node.keys,
    '--suri',
    '//Bob',
    '--url',
    node.url,
  )
    .then(([row]) => ({ shown: row }), refusal)
    .finally(stop);
  console.log(`the user sees ${JSON.stringify(shown ?? refused)}`);
  balances(before, await wealth(api, operator.address));
  const stood = (await history(api, 'InferenceCompleted')).at(-1).event.data.workers.map((worker) => worker.toHex());
  assert.ok(stood.includes(u8aToHex(sybil.pair.publicKey)), 'the chain did not take the lie');
  return { sybil, shown };
}

/** Why the tool shows no prediction: because it has evaluated the input itself, and for no other reason. */
export function refusal({ code, stderr, message }) {
  assert.equal(code, 1, message);
  assert.match(stderr, /is not what the model gives on this input/);
  return { refused: stderr.trim() };
}

/** Coefficients of a mask. */
export const N = 2048;

/** How a result of trees is packed: a mask and so many bodies, of so many bits each. */
export function formOf(result) {
  for (let bits = 12; bits <= 34; bits += 1) {
    for (let count = 1; count < 40; count += 1) {
      if (Math.ceil(((N + count) * bits) / 8) === result.length - 24) return { bits, count };
    }
  }
  throw new Error('no number of coefficients fits the length of the result');
}

/** A result of trees that says something else: its first body is moved by an eighth of the modulus. */
export function lie(result) {
  const lied = result.slice();
  const { bits } = formOf(result);
  const at = N * bits + bits - 3;
  lied[24 + (at >> 3)] ^= 1 << (at & 7);
  return lied;
}

export { account, best, sleep };
