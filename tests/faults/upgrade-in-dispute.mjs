// An upgrade of the runtime while workers disagree. See scripts/rehearse-faults.sh.
//
// Four nodes, of which one lies: jobs with redundancy two are in all stages (waiting for commitments, for outcomes,
// for more workers) when the code is replaced. All of them end, nobody honest pays, the books balance.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fheMl, LYING_NODE, model, scratch, until } from '../e2e/harness.mjs';
import {
  allFinished,
  balancedBooks,
  finalized,
  localNetwork,
  predictRight,
  setCode,
  specVersion,
} from '../e2e/network.mjs';
import { ApiPromise, u8aToHex, WsProvider } from '../e2e/polkadot.mjs';
import { account, jobsOf, requests } from './lib.mjs';

const QUEUE = 60;
const LIAR = account('//Dave').address;
const BOND = 1_000n * 10n ** 12n;
const [, , OLD, wasm] = process.argv;
const code = u8aToHex(readFileSync(wasm));
/** The tool of the version that runs before the upgrade. */
const oldTool = (...args) => execFileSync(join(OLD, 'fhe-ml'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
/** The chain is the old version's; its nodes have been restarted with the new binary already. */
const spec = join(scratch(), 'local.json');
writeFileSync(
  spec,
  execFileSync(join(OLD, 'fhe-ml-node'), ['export-chain-spec', '--chain', 'local', '--raw'], {
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
);
const nodes = await localNetwork({ dave: { binary: LYING_NODE } }, spec);
const all = Object.values(nodes);
let api;
try {
  const { bob } = nodes;
  const made = { artifact: join(bob.folder, 'model.fheml'), keys: join(bob.folder, 'keys') };
  oldTool('keygen', '--out', made.keys);
  oldTool(
    'model',
    'import',
    model('breast_cancer_logistic.onnx'),
    '--output',
    made.artifact,
    '--calibration',
    model('breast_cancer.train.csv'),
  );
  oldTool('model', 'register', made.artifact, '--suri', '//Alice', '--url', bob.url);
  const old = await specVersion(bob);
  const request = await requests(bob, made);
  await request(bob, QUEUE, 2);
  await until('ballots', async () => (await bob.api.query.fheMl.ballots.keys()).length > 5);
  const at = await setCode(bob, code);
  const then = await bob.api.at(await bob.api.rpc.chain.getBlockHash(at));
  const ballots = (await then.query.fheMl.ballots.keys()).length;
  const pending = (await then.query.fheMl.jobs.entries())
    .map(([key, job]) => [key.args[0].toNumber(), job.unwrap()])
    .filter(([, { status }]) => status.isPending);
  // A third worker was asked where two differed.
  const disputed = pending.filter(([, { assignees }]) => assignees.length > 2).map(([number]) => number);
  console.log(
    `setCode is in block ${at}, while ${pending.length} jobs wait, ${ballots} with ballots, ${disputed.length} in dispute`,
  );
  assert.ok(disputed.length > 0, 'nothing was in dispute');
  await until('the new version on every node', async () =>
    (await Promise.all(all.map((node) => specVersion(node)))).every((now) => now > old),
  );
  await until(
    'finality beyond the upgrade',
    async () => (await Promise.all(all.map(finalized))).every((number) => number > at + 2),
    120,
  );

  // An open connection knows only one version's types.
  api = await ApiPromise.create({ provider: new WsProvider(bob.url), noInitWarn: true });
  await until('all requests in blocks', async () => (await jobsOf({ api })) >= QUEUE, 60).catch(() =>
    console.log('requests of the old version that were in no block have to be sent again'),
  );
  const jobs = await allFinished({ api }, await jobsOf({ api }), 300);
  const count = (some) => {
    const ends = {};
    for (const {
      job: { status },
    } of some)
      ends[status.toString()] = (ends[status.toString()] ?? 0) + 1;
    return Object.entries(ends)
      .map(([how, number]) => `${number} ${how.slice(0, 40)}`)
      .join(', ');
  };
  console.log(`${jobs.length} jobs ended: ${count(jobs)}`);
  console.log(`those in dispute: ${count(jobs.filter(({ number }) => disputed.includes(number)))}`);
  for (const {
    number,
    job: { status },
  } of jobs) {
    assert.ok(
      status.isCompleted || (status.isFailed && status.asFailed.reason.isNoAgreement),
      `job ${number}: ${status}`,
    );
  }
  const results = new Set(
    jobs
      .map(({ job: { status } }) => status)
      .filter((status) => status.isCompleted)
      .map(String),
  );
  assert.equal(results.size, 1, 'a lie was certified');
  for (const { operator, slashed, missed, bond } of await fheMl('worker', 'list', '--url', bob.url)) {
    console.log(
      `${operator === LIAR ? 'the liar' : 'an honest worker'}: slashed ${slashed}, missed ${missed}, bond ${bond}`,
    );
    if (operator === LIAR) continue;
    assert.equal(slashed, 0, `${operator} is honest and was slashed`);
    assert.equal(BigInt(bond), BOND, `${operator} is honest and paid`);
  }
  await balancedBooks({ api });
  console.log('nobody honest was slashed, and the books balance');
  // Asked alone it would be believed by the chain, though not by the tool.
  const { worker } = (await fheMl('worker', 'list', '--url', bob.url)).find(({ operator }) => operator === LIAR);
  await fheMl('worker', 'leave', '--worker', worker, '--suri', '//Dave', '--url', bob.url);
  await predictRight(bob, made.keys, '0..4');
} catch (error) {
  console.error(`error: this upgrade must not be done in a dispute: ${error.message}`);
  process.exitCode = 1;
} finally {
  await api?.disconnect();
  await Promise.all(all.map((node) => node.stop()));
}
