// The market in a real browser, against a real dev node: Alice offers private models, which her node evaluates; Bob asks
// them, with the page and with the npm package.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, explain, mostFee, obstacle, offer, submit, WsProvider } from '../../app/client/dist/chain.js';
import {
  answersInFolder,
  fromHex,
  init,
  Keys,
  KeyUsedUp,
  Model,
  OwnerKeys,
  toHex,
} from '../../app/client/dist/node.js';
import { launch, servePage, shot, WAIT } from './browser.mjs';
import { fheMl, history, model, Node, scratch, send, until } from './harness.mjs';
import { account } from './polkadot.mjs';

const FHE = 10n ** 12n;
const PRICE = FHE / 100n;
const NAME = 'breast_cancer_xgboost_50x4';
const EXPECTED = JSON.parse(readFileSync(model(`${NAME}.expected.json`))).prediction;
const [HEADER, ...ROWS] = readFileSync(model('breast_cancer.test.csv'), 'utf8').trim().split('\n');
const FEATURES = HEADER.split(',');
const [alice, bob] = [account('//Alice'), account('//Bob')];

let node;
let chain;
let browser;
let page;
let url;
let app;
let worker;
let boosted;
let limited;
const folder = scratch();
const held = join(folder, 'held');
const passphrase = join(folder, 'passphrase');
const complaints = [];

/** Imports a model; resolves to its artifact. */
async function make(name, file, ...options) {
  const artifact = join(folder, `${file}.fheml`);
  const dataset = name.startsWith('diabetes') ? 'diabetes' : 'breast_cancer';
  const rows = ['--calibration', model(`${dataset}.train.csv`)];
  await fheMl('model', 'import', model(`${name}.onnx`), '--name', file, ...rows, '--output', artifact, ...options);
  return artifact;
}

/** Imports a private model, gives it to Alice's node, and offers it as Alice; resolves to its number. */
async function offerPrivate(name, file, ...terms) {
  const artifact = await make(name, file, '--private', '--grid', 'decoys:64', '--passphrase-file', passphrase);
  const sealed = artifact.replace(/fheml$/, 'fhemlp');
  copyFileSync(sealed, join(held, `${file}.fhemlp`));
  const secret = ['--private', sealed, '--passphrase-file', passphrase, '--evaluator', worker];
  const [{ model: number }] = await fheMl(
    'model',
    'offer',
    artifact,
    ...secret,
    ...terms,
    '--suri',
    '//Alice',
    ...chain,
  );
  return number;
}

before(async () => {
  mkdirSync(held);
  writeFileSync(passphrase, 'correct horse\n');
  node = await new Node(['--dev', '--private-models', held, '--private-models-passphrase', passphrase]).start();
  chain = ['--url', node.url];
  [{ worker }] = await fheMl('worker', 'list', ...chain);
  const keys = join(folder, 'keys');
  await fheMl('keygen', '--out', keys);
  for (const [name, file, ...options] of [
    ['breast_cancer_logistic', 'open'],
    ['breast_cancer_tree', 'sealed', '--encrypt-for', keys],
  ]) {
    const artifact = await make(name, file, ...options);
    await fheMl('model', 'register', artifact, '--suri', '//Alice', ...chain);
  }
  boosted = await offerPrivate(NAME, 'tumours', '--price', '0.01');
  limited = await offerPrivate('breast_cancer_tree', 'rare', '--price', '0', '--quota', '1', '--period', '100000');
  await init();
  ({ app, url } = await servePage(...chain));
  browser = await launch();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
});
after(async () => {
  await browser?.close();
  app?.kill();
  await node?.stop();
});

const go = (hash) => page.goto(`${url}#${hash}`);
const ask = () => page.getByRole('button', { name: 'Encrypt and ask the chain' });
const answer = () => page.locator('.answer');
const message = () => page.locator('#message');
const status = (text) => page.getByRole('status').filter({ hasText: text });
/** Puts a row of the test table into the form. */
async function fill(row) {
  for (const [at, value] of ROWS[row].split(',').entries()) await page.locator(`#feature-${at}`).fill(value);
}
const upload = (rows) =>
  page.locator('#rows').setInputFiles({
    name: 'rows.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from([HEADER, ...ROWS.slice(...rows)].join('\n')),
  });
/** Asks for what is in the form, and expects the class of that row. */
async function asksRow(row) {
  await ask().click();
  await answer()
    .filter({ hasText: `${EXPECTED[row]}` })
    .waitFor(WAIT);
  assert.equal(await answer().textContent(), String(EXPECTED[row]));
}
const paid = async () => (await history(node.api, 'PricePaid')).map(({ event }) => event.data);

test('the market lists public, encrypted and private models, with what they cost and hide', async () => {
  await go('market');
  await status('4 of 4 models').waitFor(WAIT);
  const card = (name) => page.locator('.offers li').filter({ has: page.getByRole('link', { name }) });
  assert.match(await card('tumours').textContent(), /private.*0\.\d+ FHE a row.*0\.01 FHE to its owner 5Grwva/);
  assert.match(await card('tumours').textContent(), /hidden from you: only its owner and 1 evaluator has it/);
  assert.match(await card('open').textContent(), /public.*can check its answers, and does/);
  assert.match(await card('sealed').textContent(), /encrypted.*who alone can ask/);
  await shot('market-1280', page);
  await page.getByLabel('Kind').selectOption('private');
  await status('2 of 4 models').waitFor(WAIT);
  await page.getByLabel('Name or owner').fill('TUM');
  await status('1 of 4 models').waitFor(WAIT);
  await page.getByRole('link', { name: 'tumours' }).click();
  await page.getByRole('heading', { name: 'tumours' }).waitFor(WAIT);
  await page.goBack();
  await status('1 of 4 models').waitFor(WAIT); // What was looked for stays.
  await page.getByLabel('Name or owner').fill('');
  await page.getByLabel('Kind').selectOption('');
});

test('a private model says what its owner can learn, what it costs and how long it takes, before anything is signed', async () => {
  await go(`market/${boosted}`);
  await ask().waitFor(WAIT);
  const text = await page.locator('main').textContent();
  assert.match(text, /Who reads your row and its answeryou alone/);
  assert.match(text, /Who can check an answerthe evaluators alone/);
  assert.match(text, /the owner's bond of 100 FHE/);
  assert.match(text, /Hidden: which comparisons the trees make/);
  assert.match(text, /one of 2 classes.* at most 1 bit .*256 of its 2,048 bits/);
  assert.ok(await page.getByText('Of your row: nothing').isVisible());
  assert.match(text, /decrypted 0 of 256 answers/);
  assert.match(
    await page.locator('.cost').textContent(),
    /^A row costs 0\.\d+ FHE: 0\.01 FHE to the model's owner and [\d.]+ FHE to the workers; never more than [\d.]+ FHE\. The answer takes about \d+ seconds\. Your server key is registered first, with a deposit of [\d.]+ FHE/,
  );
  const hint = await page.locator('#feature-0').getAttribute('placeholder');
  assert.match(hint, /^[\d.]+ to [\d.]+$/);
  await shot('market-private-1280', page);
  await ask().click();
  await message().filter({ hasText: 'the form is empty' }).waitFor(WAIT);
});

test('a row is answered with its class, the owner is paid, and scores come on demand only', async () => {
  await fill(0);
  await asksRow(0);
  await status('decrypted 1 of 256 answers').waitFor(WAIT);
  const payments = await paid();
  assert.deepEqual(
    payments.map(({ price }) => price.toBigInt()),
    [PRICE],
  );
  assert.equal(payments[0].owner.toString(), alice.address);
  assert.match(await page.locator('.steps').textContent(), /answer 1 of 256 to your key for this owner/);
  await page.locator('.cost').filter({ hasText: 'registered already' }).waitFor(WAIT);
  assert.equal(await page.locator('.bar').count(), 0);
  assert.ok(!(await page.getByText('Made-up scores').isVisible()));
  await page.getByRole('button', { name: 'Scores …' }).click();
  await page.getByText('Made-up scores tell whoever sees them bits of your client key').waitFor(WAIT);
  assert.equal(await page.locator('.bar').count(), 0);
  await shot('market-warning-1280', page);
  await page.keyboard.press('Enter'); // The button has the focus.
  await page.locator('.bar').nth(1).waitFor(WAIT);
  await shot('market-answer-1280', page);
});

test('a file is answered with classes only, for what was agreed to', async () => {
  await upload([0, 6]);
  await page.getByText(/^rows\.csv: 6 rows, which cost 0\.\d+ FHE: 0\.06 FHE to the model's owner/).waitFor(WAIT);
  assert.equal((await paid()).length, 1);
  await page.getByRole('button', { name: 'Encrypt and ask for 6 rows' }).click();
  await status('6 of 6 rows, not verified').waitFor(WAIT);
  const cells = await page.locator('tbody tr td:nth-child(2)').filter({ hasText: /^\d$/ }).allTextContents();
  assert.deepEqual(cells.map(Number), EXPECTED.slice(0, 6));
  assert.equal(await page.getByRole('columnheader', { name: 'Scores' }).count(), 0);
  await status('decrypted 7 of 256 answers').waitFor(WAIT);
  // The file is one request, and its price that of six rows.
  const prices = (await paid()).map(({ price }) => price.toBigInt());
  assert.deepEqual(prices, [PRICE, 6n * PRICE]);
  await shot('market-file-1280', page);
});

test('a public model is asked here, too, and its answer verified', async () => {
  await go('market/0');
  await ask().waitFor(WAIT);
  assert.match(
    await page.locator('.cost').textContent(),
    /^A row costs [\d.]+ FHE; never more than [\d.]+ FHE\. The answer takes about \d+ seconds\.$/,
  );
  await fill(7);
  await ask().click();
  const { prediction } = JSON.parse(readFileSync(model('breast_cancer_logistic.expected.json')));
  await page.locator('.badge[data-state=verified]').waitFor(WAIT);
  assert.equal(await answer().textContent(), String(prediction[7]));
  assert.equal(await page.locator('.bar').count(), 2);
});

test('a private regression is answered with a number, and rounded to what was asked for', async () => {
  const number = await offerPrivate('diabetes_ridge', 'sugar', '--price', '0');
  const row = readFileSync(model('diabetes.test.csv'), 'utf8').split('\n')[1].split(',');
  const [[expected]] = JSON.parse(readFileSync(model('diabetes_ridge.expected.json'))).scores;
  await go(`market/${number}`);
  await ask().waitFor(WAIT);
  assert.match(await page.locator('main').textContent(), /An answer is a number, and has many bits/);
  for (const [at, value] of row.entries()) await page.locator(`#feature-${at}`).fill(value);
  await ask().click();
  await answer().waitFor(WAIT);
  assert.ok(Math.abs(Number(await answer().textContent()) - expected) < 0.01 * expected, await answer().textContent());
  assert.equal(await page.locator('.bar').count(), 0);
  await page.getByLabel('Round the answer to multiples of').fill('50');
  await ask().click();
  await answer()
    .filter({ hasText: new RegExp(`^${50 * Math.round(expected / 50)}$`) })
    .waitFor(WAIT);
  await shot('market-number-1280', page);
});

test('a quota that is used up is said before anything is paid', async () => {
  await go(`market/${limited}`);
  await ask().waitFor(WAIT);
  await fill(1);
  await ask().click();
  await answer().waitFor(WAIT);
  const jobs = (await node.api.query.fheMl.nextJob()).toNumber();
  await ask().click();
  await message()
    .filter({ hasText: /lets an account ask once in 100000 blocks: you can ask no more for now, and again from block/ })
    .waitFor(WAIT);
  assert.equal((await node.api.query.fheMl.nextJob()).toNumber(), jobs);
});

test('a price that has gone up is agreed to anew, or not paid', async () => {
  await go(`market/${boosted}`);
  await ask().waitFor(WAIT);
  await fill(2);
  const terms = ['--evaluator', worker, '--price', '0.02'];
  await fheMl('model', 'terms', String(boosted), ...terms, '--suri', '//Alice', ...chain);
  const { nextTerms } = (await node.api.query.fheMl.privateModels(boosted)).unwrap();
  const other = await page.context().newPage();
  await other.goto(`${url}#market/${boosted}`);
  await other.getByRole('row', { name: /^From block \d+ on a row costs 0\.02 FHE/ }).waitFor(WAIT);
  await other.close();
  const from = nextTerms.unwrap().from.toNumber();
  const number = async () => (await node.api.rpc.chain.getHeader()).number.toNumber();
  await until('the new terms', async () => (await number()) >= from, 120);
  const before = (await paid()).length;
  await ask().click();
  await message().filter({ hasText: 'asks 0.02 FHE for a row now, and you have agreed to 0.01 FHE' }).waitFor(WAIT);
  assert.equal((await paid()).length, before);
  await page.locator('.cost').filter({ hasText: "0.02 FHE to the model's owner" }).waitFor(WAIT);
  await asksRow(2);
  assert.equal((await paid()).at(-1).price.toBigInt(), 2n * PRICE);
});

test('a key that is used up is replaced with one click', async () => {
  // As if 256 answers had been decrypted: the count is where the page has it.
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const open = indexedDB.open('fhe-ml-answers');
        open.onerror = reject;
        open.onsuccess = () => {
          const transaction = open.result.transaction('answers', 'readwrite');
          const cursor = transaction.objectStore('answers').openCursor();
          cursor.onsuccess = () => {
            if (!cursor.result) return;
            cursor.result.update([256]);
            cursor.result.continue();
          };
          transaction.oncomplete = () => {
            open.result.close();
            resolve();
          };
        };
      }),
  );
  const keys = async () => (await node.api.query.fheMl.serverKeys.keys()).length;
  const [registered, before] = [await keys(), (await paid()).length];
  await fill(3);
  await ask().click();
  await message().filter({ hasText: 'has 0 of 256 answers left' }).waitFor(WAIT);
  assert.equal((await paid()).length, before);
  await shot('market-used-up-1280', page);
  await page.getByRole('button', { name: 'Make the next key and register it' }).click();
  await status('decrypted 0 of 256 answers').waitFor(WAIT);
  assert.equal(await keys(), registered + 1);
  await asksRow(3);
  await status('decrypted 1 of 256 answers').waitFor(WAIT);
});

test('the npm package asks a private model, and counts with the tool', async () => {
  const api = await connect(new WsProvider(node.url));
  const home = join(folder, 'npm');
  mkdirSync(home);
  const keys = Keys.generate();
  writeFileSync(join(home, 'client.key'), keys.clientKey());
  writeFileSync(join(home, 'server.key'), keys.serverKey());
  const artifact = fromHex(await api.query.fheMl.modelArtifacts(boosted));
  const loaded = new Model(artifact);
  assert.ok(loaded.isPrivate());
  assert.match(loaded.told().hidden.join(), /which comparisons the trees make/);
  const { private: offered } = await offer(api.query, boosted);
  assert.equal(offered.price, 2n * PRICE);
  assert.equal(await obstacle(api.query, boosted, { account: bob.address, price: offered.price, rows: 1 }), undefined);
  const all = new OwnerKeys(keys, { chain: api.genesisHash, account: offered.account }, answersInFolder(home));
  const key = await all.newest();
  await submit(api, await api.tx.fheMl.registerServerKey(toHex(key.keys.serverKey())).sign(bob));
  await key.room(1);
  const input = loaded.encrypt(key.keys, ROWS[4].split(',').map(Number));
  const most = mostFee(api, artifact, 1, offered.price);
  const call = api.tx.fheMl.requestInference(boosted, key.keys.serverKeyHash(), toHex(input), most, 1);
  const { events } = await submit(api, await call.sign(bob));
  assert.equal(explain(api, events), undefined);
  const { job } = api.events.fheMl.InferenceRequested.find(events).palletEvent.data;
  const result = await until('the result', async () => {
    const stored = await api.query.fheMl.results(job);
    return stored && fromHex(stored);
  });
  assert.throws(() => loaded.decrypt(key.keys, input, result), /nobody can verify what it answers: use `answer`/);
  assert.throws(() => loaded.decrypt(key.keys, input, result, { trustWorker: true }), /use `answer`/);
  assert.equal(await key.answers(), 0);
  const answer = await loaded.answer(key, input, result);
  assert.deepEqual([answer.prediction, answer.count], [EXPECTED[4], 1]);
  assert.ok(!('scores' in JSON.parse(JSON.stringify(answer))));
  assert.equal(answer.scores().raw_scores.length, 1);
  // What no row gives is refused, and counted.
  const noise = result.slice();
  crypto.getRandomValues(noise.subarray(noise.length - 64));
  await assert.rejects(loaded.answer(key, input, noise), /no input|more noise/);
  assert.equal(await key.answers(), 2);
  // The tool goes on where the package was, with the same key.
  const predict = ['predict', '--model', String(boosted), '--input', model('breast_cancer.test.csv'), '--rows', '5..6'];
  const [row] = await fheMl(...predict, '--key', home, '--suri', '//Bob', '--max-fee', String(FHE), ...chain);
  assert.equal(row.prediction, EXPECTED[5]);
  assert.equal(await key.answers(), 3);
  await assert.rejects(key.room(254), KeyUsedUp);
  await key.add(253);
  await assert.rejects(loaded.answer(key, input, result), /has 0 of 256 answers left, and 1 more are asked for/);
  const next = await all.next();
  assert.notEqual(next.keys.serverKeyHash(), key.keys.serverKeyHash());
  assert.deepEqual([(await all.newest()).number, await next.answers(), await key.answers()], [1, 0, 256]);
  // The tool takes it for the newest, too.
  const register = ['key', 'register', '--key', home, '--for-model', String(boosted), '--suri', '//Bob', ...chain];
  const [registered] = await fheMl(...register);
  assert.equal(registered.server_key_hash, next.keys.serverKeyHash());
  await api.disconnect();
});

test('it fits a phone, dark, and works by keyboard', async () => {
  await page.setViewportSize({ width: 400, height: 800 });
  for (const [part, name] of [
    ['market', 'market'],
    [`market/${boosted}`, 'market-private'],
  ]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await go(part);
      await page
        .locator(part === 'market' ? '.offers li' : '.features input')
        .first()
        .waitFor(WAIT);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 400, `#${part} is ${width} pixels wide`);
      await shot(`${name}-400-${colorScheme}`, page);
    }
  }
  await fill(5);
  await page.locator(`#feature-${FEATURES.length - 1}`).focus();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Encrypt and ask the chain');
  await page.keyboard.press('Enter');
  await answer().waitFor(WAIT);
  await shot('market-answer-400-dark', page);
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
});

test('a model that is suspended while somebody looks at it says so', async () => {
  await go(`market/${boosted}`);
  await ask().waitFor(WAIT);
  await fill(6);
  const [{ job }] = await paid();
  const condemn = node.api.tx.fheMl.condemnResult(job, `0x${'00'.repeat(32)}`);
  await send(node.api, node.api.tx.sudo.sudo(condemn), alice);
  const jobs = (await node.api.query.fheMl.nextJob()).toNumber();
  await ask().click();
  await message()
    .filter({ hasText: /tumours, is suspended: an answer of it was found to be wrong/ })
    .waitFor(WAIT);
  assert.equal((await node.api.query.fheMl.nextJob()).toNumber(), jobs);
  await go('market');
  await page.getByLabel('only those that take requests').uncheck();
  await page.getByLabel('Kind').selectOption('private');
  await page.locator('.offers li').filter({ hasText: 'suspended' }).getByRole('link').click();
  await page.getByText(/is suspended: an answer of it was found to be wrong/).waitFor(WAIT);
  await shot('market-suspended-1280', page);
  assert.deepEqual(complaints, []);
});
