// A worker that lies to users who ask nobody else: the tool, the npm client and the page find out before
// they decrypt, and show no score. And a node that has another model behind a number is found out, too.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { init, Keys, Model, WrongResult } from '../../app/client/dist/node.js';
import { launch, servePage, shot, WAIT } from './browser.mjs';
import { fheMl, history, LYING_NODE, model, Node, scratch, TOOL } from './harness.mjs';
import { account } from './polkadot.mjs';

const TABLE = model('breast_cancer.test.csv');
const expectedOf = (name) => JSON.parse(readFileSync(model(`${name}.expected.json`)));

/** Model 0 has trees, model 1 is linear: another one swaps them. */
const NAMES = ['breast_cancer_xgboost_50x4', 'breast_cancer_logistic', 'breast_cancer_forest_10x4'];
/** Models of which a lie stands until somebody challenges it: that of a linear one is put right in its block. */
const BELIEVED = [0, 2];

let lying;
let honest;
let keys;
let worker;

async function register(node, names) {
  for (const name of names) {
    const artifact = join(node.folder, `${name}.fheml`);
    await fheMl(
      'model',
      'import',
      model(`${name}.onnx`),
      '--output',
      artifact,
      '--calibration',
      model('breast_cancer.train.csv'),
    );
    await fheMl('model', 'register', artifact, '--suri', '//Alice', '--url', node.url);
  }
  await fheMl('key', 'register', '--key', keys, '--suri', '//Bob', '--url', node.url);
}

/** Whatever a command prints and returns. */
const run = (...args) =>
  new Promise((resolve) => {
    execFile(TOOL, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });

const predict = (node, number, ...options) =>
  run(
    'predict',
    '--model',
    String(number),
    '--input',
    TABLE,
    '--rows',
    '0..1',
    '--key',
    keys,
    '--suri',
    '//Bob',
    '--url',
    node.url,
    ...options,
  );

const lastJob = async (node) => (await node.api.query.fheMl.nextJob()).toNumber() - 1;

before(async () => {
  await init();
  keys = join(scratch(), 'keys');
  await fheMl('keygen', '--out', keys);
  lying = await new Node(['--dev'], { binary: LYING_NODE }).start();
  await register(lying, NAMES);
  [{ worker }] = await fheMl('worker', 'list', '--url', lying.url);
});
after(async () => {
  await lying?.stop();
  await honest?.stop();
});

/** One sentence that names the worker and what to do, no score anywhere, exit code 1. */
function assertRefused({ code, stdout, stderr }, job) {
  assert.equal(code, 1);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.match(stderr, /is not what the model gives on this input/);
  for (const part of [`job ${job}`, worker, 'publish nothing', '--redundancy 3', 'report the worker']) {
    assert.ok(stderr.includes(part), `${part} is not in: ${stderr}`);
  }
  assert.doesNotMatch(stdout + stderr, /scores?[ "]*[:[]|raw_scores|prediction"/);
}

test('the tool shows no score of a worker that lies, and says what to do', async () => {
  for (const number of BELIEVED) {
    for (const options of [[], ['--json']]) {
      const answer = await predict(lying, number, ...options);
      // What the first use of a model prints for people is no error.
      // Remarks for people are not what is refused.
      answer.stderr = answer.stderr.replace(/^(model \d+ of chain .* for the first time|one row costs ).*\n/gm, '');
      const job = await lastJob(lying);
      assertRefused(answer, job);
      assert.equal(answer.stdout, '');
      const decrypt = ['decrypt', '--job', String(job), '--key', keys, '--url', lying.url, ...options];
      assertRefused(await run(...decrypt), job);
    }
  }
});

test('whoever trusts a worker is warned, and gets what the worker made up or a refusal', async () => {
  const job = await lastJob(lying);
  const { code, stdout, stderr } = await run(
    'decrypt',
    '--job',
    String(job),
    '--key',
    keys,
    '--url',
    lying.url,
    '--trust-worker',
    '--json',
  );
  assert.match(stderr, /^warning: --trust-worker decrypts without verifying/);
  console.log(`trusted: exit code ${code}, ${stdout.trim() || stderr.trim().split('\n').pop()}`);
  if (code === 0) {
    const { scores } = JSON.parse(stdout);
    assert.notDeepEqual(scores, expectedOf(NAMES[2]).scores[0]);
  } else {
    assert.match(stderr, /gives for no input|more noise/);
  }
});

test('anybody can say that a result is wrong, without any key', async () => {
  const job = await lastJob(lying);
  const { code, stdout, stderr } = await run('verify', '--job', String(job), '--url', lying.url, '--json');
  assert.equal(code, 1);
  const { right, workers } = JSON.parse(stdout);
  assert.deepEqual([right, workers], [false, [worker]]);
  assertRefused({ code, stdout: '', stderr }, job);
  const text = await run('verify', '--job', String(job), '--url', lying.url);
  const [said, standing] = text.stdout.split('; ');
  assert.equal(said, `job ${job}: the result of worker ${worker} is wrong`);
  assert.match(standing, /^not final: anybody can challenge it before block \d+, in \d\d minutes\n$/);
});

test('the npm client refuses', async () => {
  const own = Keys.read(...['client.key', 'server.key'].map((name) => new Uint8Array(readFileSync(join(keys, name)))));
  const { fheMl: pallet } = lying.api.query;
  const bytes = async (item, key) => (await pallet[item](key)).unwrap().toU8a(true);
  for (let job = 0; job <= (await lastJob(lying)); job += 1) {
    const { model: number } = (await pallet.jobs(job)).unwrap();
    const loaded = new Model(await bytes('modelArtifacts', number));
    const [input, result] = [await bytes('inputs', job), await bytes('results', job)];
    assert.throws(() => loaded.decrypt(own, input, result), WrongResult);
    assert.throws(() => loaded.verify(own, input, result), WrongResult);
    // What an honest worker gets decrypts to what ONNX Runtime says.
    const right = loaded.evaluate(own.serverKey(), input);
    const { prediction } = loaded.decrypt(own, input, right);
    assert.equal(prediction, expectedOf(NAMES[number.toNumber()]).prediction[0]);
  }
});

test('the page refuses, and shows no score', async () => {
  const { app, url } = await servePage('--url', lying.url);
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    await page.goto(`${url}#cancer`);
    // Bob has the tool's key on the chain already, and Charlie none.
    await page.locator('#account').selectOption({ label: 'Charlie (development)' });
    await page.getByRole('button', { name: 'Encrypt and ask the chain' }).click();
    const message = page.locator('#message');
    await message.filter({ hasText: 'is not what the model gives on this input' }).waitFor(WAIT);
    const text = await message.textContent();
    for (const part of [
      worker,
      `Job ${await lastJob(lying)}`,
      'publish nothing',
      'redundancy 3',
      'report the worker',
    ]) {
      assert.ok(text.includes(part), `${part} is not in: ${text}`);
    }
    const nothing = async () => {
      for (const place of ['.answer', '.badge[data-state=verified]', 'main meter']) {
        assert.equal(await page.locator(place).count(), 0, place);
      }
    };
    await nothing();
    assert.equal(await page.locator('.steps li[data-state=failed]').count(), 1);
    await shot('wrong-result', page);

    // A whole file: every row is refused.
    const rows = readFileSync(TABLE, 'utf8').split('\n').slice(0, 4).join('\n');
    await page.locator('#rows').setInputFiles({ name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from(rows) });
    await page.getByRole('button', { name: 'Encrypt and ask for 3 rows' }).click();
    await page
      .getByRole('status')
      .filter({ hasText: '3 of 3 rows, 0 verified on this machine, 3 failed' })
      .waitFor(WAIT);
    await nothing();
    await shot('wrong-results', page);
  } finally {
    await browser.close();
    app.kill();
  }
});

test('the page has the chain put it right', async () => {
  const { app, url } = await servePage('--url', lying.url);
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    await page.goto(`${url}#chain`);
    await page.locator('#account').selectOption({ label: 'Charlie (development)' });
    const job = await lastJob(lying);
    const row = page.locator('tr', { has: page.locator('td:first-child', { hasText: new RegExp(`^${job}$`) }) });
    await row.filter({ hasText: /anybody can challenge it for \d+ min/ }).waitFor(WAIT);
    await row.getByRole('button', { name: 'Verify' }).click();
    await row.filter({ hasText: 'WRONG' }).waitFor(WAIT);
    await shot('wrong-in-chain-view', page);
    await row.getByRole('button', { name: 'Challenge' }).click();
    await row.filter({ hasText: /challenged in block \d+: the chain decides/ }).waitFor(WAIT);
    await row.filter({ hasText: 'final' }).waitFor(WAIT);
    const challenged = (await history(lying.api, 'ResultChallenged')).map(({ event }) => event.data);
    assert.deepEqual(
      challenged.map(({ job: of, challenger }) => [of.toNumber(), challenger.toString()]),
      [[job, account('//Charlie').address]],
    );
    const { data } = (await history(lying.api, 'OutcomeCorrected'))[0].event;
    assert.equal(data.job.toNumber(), job);
    assert.deepEqual(
      data.convicted.map((liar) => liar.toHex()),
      [worker],
    );
    await shot('corrected-in-chain-view', page);
    const [{ right, final }] = await fheMl('verify', '--job', String(job), '--url', lying.url);
    assert.deepEqual([right, final], [true, true]);
  } finally {
    await browser.close();
    app.kill();
  }
});

test("an honest worker's results are verified, and shown", async () => {
  await lying.stop();
  lying = undefined;
  honest = await new Node(['--dev']).start();
  await register(honest, NAMES);
  const linear = JSON.parse((await predict(honest, 1, '--json')).stdout);
  assert.deepEqual([linear.prediction, linear.verified], [expectedOf(NAMES[1]).prediction[0], true]);
  const trees = JSON.parse((await predict(honest, 0, '--json')).stdout);
  assert.deepEqual([trees.prediction, trees.verified], [expectedOf(NAMES[0]).prediction[0], true]);
  console.log(`verified in ${trees.verify_ms} ms`);
  const trusted = await predict(honest, 0, '--json', '--trust-worker');
  assert.equal(JSON.parse(trusted.stdout).verified, false);
  assert.match(trusted.stderr, /^warning: --trust-worker/);
  for (const job of [0, 1, 2]) {
    const [{ right }] = await fheMl('verify', '--job', String(job), '--url', honest.url);
    assert.ok(right, `job ${job}`);
  }
  const text = await run('verify', '--job', '1', '--url', honest.url);
  assert.match(text.stdout, /^job 1: the result of worker 0x[0-9a-f]{64} is right \(evaluated again in [\d.]+ ms\); /);
  const [decrypted] = await fheMl('decrypt', '--job', '1', '--key', keys, '--url', honest.url);
  assert.deepEqual(decrypted.scores, trees.scores);
});

test('another model behind a number that was used is refused, unless the user names its hash', async () => {
  // The first block is the same, the models have changed places: as if the node lied.
  await honest.stop();
  honest = await new Node(['--dev']).start();
  await register(honest, [NAMES[1], NAMES[0]]);
  const swapped = await predict(honest, 0, '--json');
  assert.equal(swapped.code, 1);
  assert.equal(swapped.stdout, '');
  assert.match(swapped.stderr, /^error: model 0 had the hash 0x[0-9a-f]{64} when it was first used/);
  assert.equal((await honest.api.query.fheMl.nextJob()).toNumber(), 0, 'nothing was asked');
  const [{ hash: mine }, { hash: other }] = await fheMl('model', 'list', '--url', honest.url);
  const wrong = await predict(honest, 0, '--json', '--model-hash', other);
  assert.match(wrong.stderr, /^error: model 0 of this node has the hash/);
  for (const options of [['--model-hash', mine], []]) {
    const { stdout } = await predict(honest, 0, '--json', ...options);
    const { prediction, verified } = JSON.parse(stdout);
    assert.deepEqual([prediction, verified], [expectedOf(NAMES[1]).prediction[0], true]);
  }
});
