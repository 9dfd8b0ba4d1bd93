// Nodes that lie, lose transactions and hang up, against the tool, the page and the npm package.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  connect,
  explain,
  finalized,
  lightProvider,
  mostFee,
  RemoteChain,
  submit,
  untilReachable,
  untilSynced,
  WsProvider,
} from '../../app/client/dist/chain.js';
import { fromHex, init, Keys, Model, toHex } from '../../app/client/dist/node.js';
import { launch, servePage } from './browser.mjs';
import { fheMl, model, NODE, Node, until } from './harness.mjs';
import { LyingProxy, lieAboutQuote, lieAboutStorage, mapOf } from './lying-proxy.mjs';
import { acceptAll, BOOT_PEER } from './network.mjs';
import { account } from './polkadot.mjs';

const NAME = 'breast_cancer_xgboost_50x4';
const TABLE = model('breast_cancer.test.csv');
const EXPECTED = JSON.parse(readFileSync(model(`${NAME}.expected.json`))).prediction;
const FORTUNE = 10n ** 15n;
const WAIT = { timeout: 90_000 };

let node;
let proxy;
let spec;
let keys;
let truth;
let lies;
const closers = [];
after(async () => {
  for (const close of closers.reverse()) await close();
});

/** Follows a chain in a worker. */
const follow = (text) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('light-worker.mjs', import.meta.url));
    const chain = new RemoteChain(
      (request) => worker.postMessage(request),
      () => worker.terminate(),
    );
    worker.once('error', reject);
    worker.on('message', (message) => (typeof message === 'string' ? chain.receive(message) : resolve(chain)));
    worker.postMessage(text);
  });

/** All three lies: another model, another price, another result. */
const tellLies = () => {
  proxy.lies = Object.values(lies);
};

const balance = async (name) => {
  const { address } = account(`//${name}`);
  const { data } = await node.api.query.system.account(address);
  return data.free.toBigInt() + data.reserved.toBigInt();
};
const jobs = async () => (await node.api.query.fheMl.nextJob()).toNumber();
const predict = (rows, ...options) =>
  fheMl(
    'predict',
    '--model',
    '0',
    '--input',
    TABLE,
    '--rows',
    rows,
    '--key',
    keys,
    '--suri',
    '//Bob',
    '--url',
    proxy.url,
    ...options,
  );
const right = (answers, first) => {
  for (const [at, { prediction }] of answers.entries()) assert.equal(prediction, EXPECTED[first + at]);
};

before(async () => {
  node = await new Node(['--dev', '--node-key', '1'.padStart(64, '0')], { webSocket: true }).start();
  closers.push(() => node.stop());
  keys = join(node.folder, 'keys');
  const artifact = join(node.folder, 'model.fheml');
  await fheMl('keygen', '--out', keys);
  await fheMl(
    'model',
    'import',
    model(`${NAME}.onnx`),
    '--calibration',
    model('breast_cancer.train.csv'),
    '--output',
    artifact,
  );
  await fheMl('model', 'register', artifact, '--suri', '//Alice', '--url', node.url);
  await fheMl('key', 'register', '--key', keys, '--suri', '//Bob', '--url', node.url);
  // The same task, but this model takes the columns by position and has another hash.
  const other = join(node.folder, 'other.fheml');
  await fheMl('model', 'import', model(`${NAME}.onnx`), '--name', 'other', '--output', other);
  const encoded = (file) => node.api.createType('Bytes', toHex(readFileSync(file))).toU8a();
  truth = toHex(encoded(artifact));
  const untruth = toHex(encoded(other));
  lies = {
    artifact: lieAboutStorage(mapOf('ModelArtifacts'), (value) => (value === truth ? untruth : value)),
    quote: lieAboutQuote(FORTUNE),
    // Another number behind the noise: the top bit of the last byte of the last body.
    result: lieAboutStorage(
      mapOf('Results'),
      (value) => value.slice(0, -3) + ((parseInt(value.at(-3), 16) + 4) % 16).toString(16) + value.slice(-2),
    ),
  };
  spec = join(node.folder, 'spec.json');
  const json = JSON.parse(
    execFileSync(NODE, ['export-chain-spec', '--chain', 'dev', '--raw'], {
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  json.bootNodes = [`/ip4/127.0.0.1/tcp/${node.ws}/ws/p2p/${BOOT_PEER}`];
  writeFileSync(spec, JSON.stringify(json));
  proxy = await new LyingProxy(node.url).start();
  closers.push(() => proxy.stop());
});

test('without a light client a false quote is refused before anything is paid', async () => {
  const [before, count] = [await balance('Bob'), await jobs()];
  proxy.lies = [lies.quote];
  await assert.rejects(predict('0..1'), (error) => {
    assert.match(error.stderr, /the chain asks 1000000000000000 for one row, and it should be at most \d+/);
    return true;
  });
  assert.deepEqual([await balance('Bob'), await jobs()], [before, count]);
});

test('no lie gets through to a tool that is a light client, and it does not ask the liar', async () => {
  tellLies();
  proxy.asked = [];
  const start = Date.now();
  right(await predict('0..3', '--light', spec), 0);
  console.log(`three rows with a light client: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  const [models] = await fheMl('model', 'list', '--url', proxy.url, '--light', spec);
  assert.equal(models.name, NAME);
  const [quote] = await fheMl('quote', '--model', '0', '--url', proxy.url, '--light', spec);
  assert.ok(BigInt(quote.fee) < FORTUNE);
  assert.deepEqual(proxy.asked, []);
});

test('a light client registers a server key of 2.4 MB and reads a job again', async () => {
  const own = join(node.folder, 'keys-of-charlie');
  await fheMl('keygen', '--out', own);
  const light = ['--url', proxy.url, '--light', spec];
  const [key] = await fheMl('key', 'register', '--key', own, '--suri', '//Charlie', ...light);
  assert.equal(key.was_registered, false);
  const answers = await fheMl(
    'predict',
    '--model',
    '0',
    '--input',
    TABLE,
    '--rows',
    '3..4',
    '--key',
    own,
    '--suri',
    '//Charlie',
    ...light,
  );
  right(answers, 3);
  const [again] = await fheMl('decrypt', '--job', String(answers[0].job), '--key', own, ...light);
  assert.equal(again.prediction, EXPECTED[3]);
});

test('a light client without full nodes, or of another chain, says so', async () => {
  const nowhere = ['--light', spec, '--bootnode', `/ip4/127.0.0.1/tcp/1/ws/p2p/${BOOT_PEER}`];
  const refused = (pattern, ...args) =>
    assert.rejects(fheMl('model', 'list', ...args), (error) => {
      assert.match(error.stderr, pattern);
      assert.equal(error.stderr.trim().split('\n').length, 1, error.stderr);
      return true;
    });
  const none = join(node.folder, 'none.json');
  writeFileSync(none, readFileSync(spec, 'utf8').replace(/"bootNodes":\[[^\]]*\]/, '"bootNodes":[]'));
  await refused(/names no bootNodes/, '--light', none);
  await refused(/cannot read the chain specification/, '--light', join(node.folder, 'nothing.json'));
  await refused(/none of the chain's full nodes answers/, ...nowhere);
});

for (const [what, trouble] of [
  ['swallows', 'swallow'],
  ['hangs up after', 'cut'],
]) {
  test(`a node that ${what} a transaction gets it again, and one job is paid for`, async () => {
    proxy.lies = [];
    await acceptAll(node); // The jobs of other tests.
    Object.assign(proxy, { [trouble]: 1, swallowed: 0, cuts: 0 });
    const [before, count] = [await balance('Bob'), await jobs()];
    const answers = await predict('5..6');
    right(answers, 5);
    assert.equal(proxy.swallowed + proxy.cuts, 1);
    assert.equal(await jobs(), count + 1);
    await acceptAll(node);
    const paid = before - (await balance('Bob'));
    assert.ok(paid >= BigInt(answers[0].fee) && paid < 2n * BigInt(answers[0].fee), `${paid} for ${answers[0].fee}`);
  });
}

test('the npm package trusts no node either', async () => {
  tellLies();
  await init();
  const provider = lightProvider(follow(readFileSync(spec, 'utf8')));
  const start = Date.now();
  await provider.connect();
  await untilReachable(provider);
  const api = await connect(provider);
  closers.push(() => api.disconnect());
  await untilSynced(api);
  console.log(`light client of the npm package synced: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  const bob = account('//Bob');
  const own = Keys.read(readFileSync(join(keys, 'client.key')), readFileSync(join(keys, 'server.key')));
  const artifact = fromHex(await (await finalized(api)).query.fheMl.modelArtifacts(0));
  const chainModel = new Model(artifact);
  const names = readFileSync(TABLE, 'utf8')
    .split('\n')
    .slice(0, 2)
    .map((line) => line.split(','));
  const row = Object.fromEntries(names[0].map((name, at) => [name, Number(names[1][at])]));
  const input = chainModel.encrypt(own, row);
  const call = api.tx.fheMl.requestInference(0, own.serverKeyHash(), toHex(input), mostFee(api, artifact), 1);
  const { events } = await submit(api, await call.sign(bob), true);
  assert.equal(explain(api, events), undefined);
  const { job } = api.events.fheMl.InferenceRequested.find(events).palletEvent.data;
  const result = await until('the result', async () => {
    const stored = await (await finalized(api)).query.fheMl.results(job);
    return stored && fromHex(stored);
  });
  assert.equal(chainModel.decrypt(own, input, result).prediction, EXPECTED[0]);
});

test('the npm package sends a lost transaction again', async () => {
  proxy.lies = [];
  const api = await connect(new WsProvider({ endpoint: proxy.url, retryDelayMs: 500 }));
  closers.push(() => api.disconnect());
  const dave = account('//Dave');
  for (const trouble of ['swallow', 'cut']) {
    Object.assign(proxy, { [trouble]: 1 });
    const { nonce } = await node.api.query.system.account(dave.address);
    const { events } = await submit(api, await api.tx.system.remark('0x00').sign(dave));
    assert.ok(api.events.system.ExtrinsicSuccess.find(events));
    assert.equal((await node.api.query.system.account(dave.address)).nonce.toNumber(), nonce.toNumber() + 1);
  }
});

test('the npm package registers a server key of 2.4 MB, and says why the chain refuses a call', async () => {
  proxy.lies = [];
  const api = await connect(new WsProvider(proxy.url));
  closers.push(() => api.disconnect());
  const eve = account('//Eve');
  const made = Keys.generate();
  const register = async () => submit(api, await api.tx.fheMl.registerServerKey(toHex(made.serverKey())).sign(eve));
  const { events } = await register();
  assert.equal(explain(api, events), undefined);
  assert.equal((await api.query.fheMl.serverKeys(made.serverKeyHash())).owner.address(), eve.address);
  assert.match(explain(api, (await register()).events), /^the chain refused it: FheMl\.\w+: .{10,}$/);
  // Of what no pallet names, the node says so before any block has it.
  const poor = account('//Nobody');
  await assert.rejects(
    async () => submit(api, await api.tx.system.remark('0x00').sign(poor)),
    /Inability to pay some fees/,
  );
});

test('the page trusts no node, or says that it does', async () => {
  tellLies();
  const { app, url } = await servePage('--url', proxy.url, '--light', spec);
  closers.push(() => app.kill());
  const browser = await launch();
  closers.push(() => browser.close());
  const tab = await browser.newPage();
  const complaints = [];
  tab.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  tab.on('pageerror', (error) => complaints.push(String(error)));
  proxy.asked = [];
  const start = Date.now();
  await tab.goto(`${url}#cancer`);
  await tab.locator('#node').filter({ hasText: 'not trusted' }).waitFor(WAIT);
  console.log(`light client of the page synced: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  const ask = tab.getByRole('button', { name: 'Encrypt and ask the chain' });
  await ask.waitFor(WAIT);
  await ask.click();
  const answer = tab.locator('.answer');
  await answer.filter({ hasText: /Malignant|Benign/ }).waitFor({ timeout: 120_000 });
  assert.equal(await answer.textContent(), EXPECTED[0] === 0 ? 'Malignant' : 'Benign');
  // Clients of the tests before are still connected, and ask for the node's health; the page is not.
  assert.deepEqual(
    proxy.asked.filter((method) => method !== 'system_health'),
    [],
  );
  assert.deepEqual(complaints, []);

  // Whoever believes the node is told by its price, and pays nothing.
  proxy.lies = [lies.quote];
  const count = await jobs();
  await tab.getByLabel('do not trust the node').uncheck();
  await tab.locator('#node').filter({ hasText: proxy.url }).waitFor(WAIT);
  await ask.waitFor(WAIT);
  await ask.click();
  await tab.locator('#message').filter({ hasText: 'nothing was paid' }).waitFor(WAIT);
  assert.equal(await jobs(), count);
  // One that loses transactions gets them again.
  proxy.lies = [];
  proxy.swallow = 1;
  await ask.click();
  await answer.filter({ hasText: /Malignant|Benign/ }).waitFor(WAIT);
  assert.equal(proxy.swallow, 0);
  assert.equal(await jobs(), count + 1);
});
