// The page in a real browser, against a real dev node.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FILTERS, Filter, imageFilter, init } from '../../app/client/dist/node.js';
import { launch, shot as screenshot, servePage, WAIT } from './browser.mjs';
import { fheMl, model, Node, scratch, until } from './harness.mjs';
import { account } from './polkadot.mjs';

const expectedOf = (name) => JSON.parse(readFileSync(model(`${name}.expected.json`)));

let node;
let app;
let url;
let browser;
let context;
let page;
const complaints = [];
const traffic = [];

/** Keeps every message between the page and its worker in `window.messages`, as bytes and text. */
function recordMessages() {
  window.messages = [];
  const record = (value) => {
    if (value instanceof Uint8Array) window.messages.push(value.slice());
    else if (value instanceof ArrayBuffer) window.messages.push(new Uint8Array(value.slice(0)));
    else if (typeof value === 'string') window.messages.push(new TextEncoder().encode(value));
    else if (value instanceof Blob)
      window.messages.push(Uint8Array.from([])); // A reference: its bytes stay where they are.
    else if (value && typeof value === 'object') Object.values(value).forEach(record);
  };
  const { Worker } = window;
  window.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => record(data));
    }

    postMessage(message, ...rest) {
      record(message);
      super.postMessage(message, ...rest);
    }
  };
}

/** How many of the page's messages hold eight neighbouring bytes of the secret, and how many there are. */
const leaks = (tab, secret) =>
  tab.evaluate(
    (bytes) => {
      const runs = new Map();
      for (let at = 0; at + 8 <= bytes.length; at += 1)
        runs.set(String(bytes.slice(at, at + 4)), bytes.slice(at, at + 8));
      const starts = new Set([...runs.values()].map(([a, b, c, d]) => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0));
      const holds = (data) => {
        let window = 0;
        for (let at = 0; at < data.length; at += 1) {
          window = ((window << 8) | data[at]) >>> 0;
          if (at < 3 || !starts.has(window)) continue;
          const run = runs.get(String([...data.subarray(at - 3, at + 1)]));
          if (run?.every((byte, i) => data[at - 3 + i] === byte)) return true;
        }
        return false;
      };
      return { leaking: window.messages.filter(holds).length, all: window.messages.length };
    },
    [...secret],
  );

/** The secret part of the client key in the page's database, behind the header and the server key's hash. */
async function storedSecret(tab) {
  const stored = await tab.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const open = indexedDB.open('fhe-ml');
        open.onerror = reject;
        open.onsuccess = () => {
          const get = open.result.transaction('keys').objectStore('keys').get('own');
          get.onsuccess = () => {
            open.result.close();
            resolve([...get.result.client]);
          };
        };
      }),
  );
  const secret = Buffer.from(stored).subarray(48);
  assert.equal(secret.length, 256);
  return secret;
}

/** Opens a tab of which everything that it sends is recorded. */
async function open() {
  const tab = await context.newPage();
  await tab.addInitScript(recordMessages);
  tab.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  tab.on('pageerror', (error) => complaints.push(String(error)));
  tab.on('request', (request) => traffic.push(`${request.url()} ${request.postData() ?? ''}`));
  tab.on('websocket', (socket) => {
    assert.equal(new URL(socket.url()).origin, new URL(node.url).origin);
    socket.on('framesent', ({ payload }) => traffic.push(payload.toString()));
  });
  await tab.goto(url);
  await tab.getByRole('status').filter({ hasText: 'ws://' }).waitFor(WAIT);
  return tab;
}

/** A convolutional network. */
const DEEP = 'digits_cnn';

const shot = (name, tab = page) => screenshot(name, tab);
const go = (tab, hash) => tab.goto(`${url}#${hash}`);
const ask = (tab = page) => tab.getByRole('button', { name: 'Encrypt and ask the chain' });
const answer = (tab = page) => tab.locator('.answer');
const message = (tab = page) => tab.locator('#message');

before(async () => {
  node = await new Node(['--dev']).start();
  for (const [name, table] of [
    ['digits_network', 'digits'],
    ['breast_cancer_xgboost_50x4', 'breast_cancer'],
  ]) {
    const artifact = join(node.folder, `${name}.fheml`);
    await fheMl(
      'model',
      'import',
      model(`${name}.onnx`),
      '--output',
      artifact,
      '--calibration',
      model(`${table}.train.csv`),
    );
    await fheMl('model', 'register', artifact, '--suri', '//Alice', '--url', node.url);
  }
  for (const filter of FILTERS) {
    const artifact = join(node.folder, `${filter}.fheml`);
    await fheMl('model', 'filter', filter, '--output', artifact);
    await fheMl('model', 'register', artifact, '--suri', '//Alice', '--url', node.url);
  }
  const deep = join(node.folder, `${DEEP}.fheml`);
  const calibration = ['--calibration', model('digits.train.csv')];
  await fheMl('model', 'import', model(`${DEEP}.onnx`), '--output', deep, ...calibration);
  await fheMl('model', 'register', deep, '--suri', '//Alice', '--url', node.url);
  await init();
  ({ app, url } = await servePage('--url', node.url));
  browser = await launch();
  context = await browser.newContext({ acceptDownloads: true, viewport: { width: 1100, height: 900 } });
  page = await open();
});
after(async () => {
  await browser?.close();
  app?.kill();
  await node?.stop();
});

test('keys are made in the browser in less than five seconds, kept, saved and loaded', async () => {
  await page.getByRole('button', { name: 'Make keys' }).click();
  const status = page.locator('#key');
  await status.filter({ hasText: /made in \d+ ms/ }).waitFor(WAIT);
  const [, time] = /made in (\d+) ms/.exec(await status.textContent());
  console.log(`keys in the browser: ${time} ms`);
  assert.ok(Number(time) < 5000);
  const files = [];
  page.on('download', (download) => files.push(download));
  await page.getByRole('button', { name: 'Save to files' }).click();
  await until('both files', () => files.length === 2);
  const folder = join(scratch(), 'keys');
  for (const file of files) await file.saveAs(join(folder, file.suggestedFilename()));
  // The tool reads them: they are the same kind of files.
  const [row] = await fheMl(
    'evaluate',
    join(node.folder, 'breast_cancer_xgboost_50x4.fheml'),
    '--input',
    model('breast_cancer.test.csv'),
    '--rows',
    '0..1',
    '--key',
    folder,
  );
  assert.equal(row.prediction, expectedOf('breast_cancer_xgboost_50x4').prediction[0]);
  await page.locator('#import-key').setInputFiles(files.map((file) => join(folder, file.suggestedFilename())));
  await until('the loaded keys', async () => !/made in/.test(await status.textContent()));
  await page.locator('#import-key').setInputFiles([join(folder, 'server.key')]);
  await message().filter({ hasText: 'both files of one pair' }).waitFor(WAIT);

  // Made, kept, saved and loaded, and never a message of the worker to the page, nor one to it.
  const secret = await storedSecret(page);
  assert.deepEqual(secret, readFileSync(join(folder, 'client.key')).subarray(48));
  const { leaking, all } = await leaks(page, secret);
  assert.ok(all > 5, `${all} messages recorded`);
  assert.equal(leaking, 0, 'a message had the client key');
  // The same search finds the key where it is.
  await page.evaluate(
    (key) => window.messages.push(Uint8Array.from(key)),
    [...readFileSync(join(folder, 'client.key'))],
  );
  assert.equal((await leaks(page, secret)).leaking, 1);
  await page.evaluate(() => window.messages.pop());
});

test('a digit goes through a deep network, whose bootstrap key the page registers', async () => {
  await go(page, 'digit');
  await page.getByLabel('Model', { exact: true }).selectOption({ label: `${2 + FILTERS.length}: ${DEEP}` });
  await page.locator('.hint').filter({ hasText: 'deep network' }).waitFor(WAIT);
  await page.getByLabel('A digit of the data set').selectOption('0');
  await ask().click();
  const steps = page.locator('.steps');
  await steps.filter({ hasText: /bootstrap key of 185\.\d kB registered/ }).waitFor(WAIT);
  // Evaluated by the worker, and again in the browser.
  await answer()
    .filter({ hasText: /^It is a \d$/ })
    .waitFor({ timeout: 240_000 });
  assert.equal(await answer().textContent(), `It is a ${expectedOf(DEEP).prediction[0]}`);
  await page.getByText('tells of your client key').waitFor(WAIT);
  await shot('digit-deep');
  await page.getByLabel('Model', { exact: true }).selectOption('0');
});

test('a digit is drawn, encrypted, evaluated by the chain and decrypted', async () => {
  await go(page, 'digit');
  await page.getByLabel('A digit of the data set').selectOption('0');
  await ask().click();
  await answer()
    .filter({ hasText: /^It is a \d$/ })
    .waitFor(WAIT);
  assert.equal(await answer().textContent(), `It is a ${expectedOf('digits_network').prediction[0]}`);
  assert.equal(await page.locator('.bar').count(), 10);
  for (const note of [
    /kB in \d+ ms, in this browser/,
    /job \d+ in block \d+, fee/,
    /in block \d+, \d after the request/,
  ]) {
    assert.match(await page.locator('.steps').textContent(), note);
  }
  const [, time] = /kB in (\d+) ms/.exec(await page.locator('.steps').textContent());
  console.log(`encryption in the browser: ${time} ms`);
  assert.ok(Number(time) < 300);
  await page
    .locator('.badge')
    .filter({ hasText: /^verified on this machine in [\d.]+ ms$/ })
    .waitFor(WAIT);
  await shot('digit');
  await page.getByRole('button', { name: 'Decrypt with a wrong key' }).click();
  await answer().filter({ hasText: 'Noise' }).waitFor(WAIT);
  await page.getByRole('button', { name: 'With mine again' }).click();
  await answer().filter({ hasText: 'It is a' }).waitFor(WAIT);

  // By hand: a seven.
  await page.getByRole('button', { name: 'Clear' }).click();
  await ask().click();
  await message().filter({ hasText: 'the pad is empty' }).waitFor(WAIT);
  await page.locator('.pad').scrollIntoViewIfNeeded();
  const pad = await page.locator('.pad').boundingBox();
  const at = (x, y) => [pad.x + pad.width * x, pad.y + pad.height * y];
  await page.mouse.move(...at(0.28, 0.17));
  await page.mouse.down();
  for (const point of [
    [0.72, 0.17],
    [0.45, 0.85],
  ])
    await page.mouse.move(...at(...point), { steps: 8 });
  await page.mouse.up();
  const jobs = async () => /job (\d+) in block/.exec(await page.locator('.steps').textContent())?.[1];
  const last = await jobs();
  await ask().click();
  await until('another job', async () => ![last, undefined].includes(await jobs()));
  await answer().filter({ hasText: 'It is a' }).waitFor(WAIT);
  assert.ok(await message().isHidden());
  assert.equal(await answer().textContent(), 'It is a 7');
  await shot('digit-drawn');
});

test('a tumour is judged, and a whole file of them', async () => {
  await go(page, 'cancer');
  await ask().click();
  const { prediction } = expectedOf('breast_cancer_xgboost_50x4');
  const word = (at) => (prediction[at] === 0 ? 'Malignant' : 'Benign');
  await answer()
    .filter({ hasText: /Malignant|Benign/ })
    .waitFor(WAIT);
  assert.equal(await answer().textContent(), word(0));
  await shot('cancer');
  const table = readFileSync(model('breast_cancer.test.csv'), 'utf8').split('\n').slice(0, 41).join('\n');
  const upload = (name, text) =>
    page.locator('#rows').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
  await upload('rows.csv', table);
  await page.getByText(/^rows\.csv: 40 rows, which cost [\d.]+ FHE; never more than/).waitFor(WAIT);
  await page.getByRole('button', { name: 'Encrypt and ask for 40 rows' }).click();
  await page
    .getByRole('status')
    .filter({ hasText: '40 of 40 rows, 40 verified on this machine' })
    .waitFor({ timeout: 120_000 });
  const cells = await page.locator('tbody tr td:nth-child(2)').allTextContents();
  assert.deepEqual(cells.map(Number), prediction.slice(0, 40));
  await shot('cancer-file');

  for (const [text, complaint] of [
    ['', /no CSV file/],
    ['a,b\n1,2\n', /lacks these columns: mean_radius/],
    [table.replace(/\n[\d.]+,/, '\nred,'), /"red" is not a number/],
    [`${table.split('\n').slice(0, 2).join('\n')},1`, /not one value per column/],
    ['x'.repeat(5_000_001), /more than 5 MB/],
  ]) {
    await upload('bad.csv', text);
    await message().filter({ hasText: complaint }).waitFor(WAIT);
  }
});

test('pictures are filtered as in the clear, small ones and tiled ones', async () => {
  await go(page, 'filters');
  const [before, after] = ['Your picture', 'The filtered picture'].map((name) => page.getByRole('img', { name }));
  const data = (canvas) =>
    canvas.evaluate((c) => ({
      width: c.width,
      height: c.height,
      data: [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data],
    }));
  const rgb = ({ data: rgba }) => Uint8Array.from(rgba.filter((_, at) => at % 4 < 3));
  const check = async (name) => {
    await page.getByLabel('Filter', { exact: true }).selectOption({ label: name.replaceAll('-', ' ') });
    await page.getByRole('button', { name: 'Encrypt and filter on the chain' }).click();
    await page.locator('canvas[data-state=done]').waitFor(WAIT);
    const [source, filtered] = [await data(before), await data(after)];
    const filter = new Filter(imageFilter(name, source.width, source.height));
    const [width, height] = filter.card().output_size;
    assert.deepEqual([filtered.width, filtered.height], [width, height]);
    const plain = filter.applyClear(rgb(source));
    const expected =
      filter.card().output_channels === 3
        ? plain
        : Uint8Array.from({ length: 3 * plain.length }, (_, at) => plain[Math.floor(at / 3)]);
    assert.ok(Buffer.from(expected).equals(Buffer.from(rgb(filtered))), `${name} differs`);
  };
  for (const name of FILTERS) await check(name);
  const status = await page.getByRole('status').filter({ hasText: 'tile of' }).textContent();
  console.log(status);
  assert.match(status, /^1 tile of 191.3 kB, encrypted in \d+ ms; blocks \d+ to \d+, fee/);
  await shot('filters');
  // One that does not fit a tile, and is not square: 130 x 101.
  const picture = Buffer.from(
    await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 130, height: 101 });
      const pen = canvas.getContext('2d');
      for (let y = 0; y < 101; y += 1) {
        for (let x = 0; x < 130; x += 1) {
          pen.fillStyle = `rgb(${(x * 7) % 256}, ${(y * 11) % 256}, ${(x * y) % 256})`;
          pen.fillRect(x, y, 1, 1);
        }
      }
      const blob = await new Promise((resolve) => canvas.toBlob(resolve));
      return [...new Uint8Array(await blob.arrayBuffer())];
    }),
  );
  const choose = (name, buffer) => page.locator('#picture').setInputFiles({ name, mimeType: 'image/png', buffer });
  await choose('picture.png', picture);
  await until('the picture', async () => (await data(before)).width === 130);
  for (const name of ['rotate', 'sharpen']) await check(name);
  await shot('filters-tiled');
  await choose('no.png', Buffer.from('no picture'));
  await message().filter({ hasText: 'no picture that this browser can read' }).waitFor(WAIT);
  await choose('big.png', Buffer.alloc(20_000_001));
  await message().filter({ hasText: 'more than 20 MB' }).waitFor(WAIT);
});

test("one's own model is compiled in the browser, registered and tried", async () => {
  await go(page, 'own');
  const choose = (...files) => page.locator('#model-file').setInputFiles(files);
  await choose(model('wine.train.csv'));
  await message().filter({ hasText: 'choose an .onnx file' }).waitFor(WAIT);
  await choose({ name: 'no.onnx', mimeType: 'application/octet-stream', buffer: Buffer.from('no model') });
  await message().filter({ hasText: 'not an ONNX model' }).waitFor(WAIT);
  await choose({ name: 'big.onnx', mimeType: 'application/octet-stream', buffer: Buffer.alloc(20_000_001) });
  await message().filter({ hasText: 'more than 20 MB' }).waitFor(WAIT);
  await choose(model('wine_logistic.onnx'), model('wine.train.csv'));
  await page.getByRole('heading', { name: 'The card of wine_logistic' }).waitFor(WAIT);
  const register = page.getByRole('button', { name: 'Register it on the chain' });
  await register.click();
  await message().filter({ hasText: 'choose the admin account' }).waitFor(WAIT);
  await page.locator('#account').selectOption({ label: 'Alice (development)' });
  await register.click();
  await page.getByRole('heading', { name: `Try model ${3 + FILTERS.length}, wine_logistic` }).waitFor(WAIT);
  await ask().click();
  await answer().waitFor(WAIT);
  assert.match(await answer().textContent(), /^[012]$/);
  await shot('own');
  await page.locator('#account').selectOption({ label: 'Bob (development)' });
});

test('a reload in the middle of a job, and a second tab, carry on', async () => {
  await go(page, 'cancer');
  await ask().click();
  await page
    .locator('.steps')
    .filter({ hasText: /job \d+ in block/ })
    .waitFor(WAIT);
  await page.reload();
  await page.locator('.steps').filter({ hasText: 'from before the page was loaded again' }).waitFor(WAIT);
  await answer()
    .filter({ hasText: /Malignant|Benign/ })
    .waitFor(WAIT);
  const second = await open();
  assert.equal(
    (await second.locator('#key').textContent()).slice(0, 26),
    (await page.locator('#key').textContent()).slice(0, 26),
  );
  await go(second, 'digit');
  await second.getByLabel('A digit of the data set').selectOption('1');
  await ask(second).click();
  await answer(second)
    .filter({ hasText: `It is a ${expectedOf('digits_network').prediction[1]}` })
    .waitFor(WAIT);
  await second.close();
});

test('an account of a wallet extension signs', async () => {
  const ferdie = account('//Ferdie');
  const other = await browser.newContext();
  await other.exposeFunction('signAsWallet', (payload) => {
    const { registry } = node.api;
    return registry.createType('ExtrinsicPayload', payload, { version: payload.version }).sign(ferdie).signature;
  });
  await other.addInitScript((address) => {
    // What every extension injects.
    window.injectedWeb3 = {
      wallet: {
        version: '1',
        enable: async () => ({
          accounts: { get: async () => [{ address, name: 'Ferdie' }] },
          signer: { signPayload: async (payload) => ({ id: 1, signature: await window.signAsWallet(payload) }) },
        }),
      },
    };
  }, ferdie.address);
  const tab = await other.newPage();
  await tab.goto(`${url}#cancer`);
  await tab.locator('#account').selectOption({ label: 'Ferdie (wallet)' });
  await ask(tab).click();
  await answer(tab)
    .filter({ hasText: /Malignant|Benign/ })
    .waitFor(WAIT);
  const next = (await node.api.query.fheMl.nextJob()).toNumber();
  const { owner } = (await node.api.query.fheMl.jobs(next - 1)).unwrap();
  assert.equal(owner.toString(), ferdie.address);
  await other.close();
});

test('the chain is shown', async () => {
  await go(page, 'chain');
  await page.getByRole('cell', { name: 'digits_network' }).waitFor(WAIT);
  await page.getByRole('cell', { name: 'Completed' }).first().waitFor(WAIT);
  assert.match(
    await page.getByRole('link', { name: 'chain state, fheMl' }).getAttribute('href'),
    /^https:\/\/polkadot\.js\.org\/apps\/\?rpc=ws%3A%2F%2F127\.0\.0\.1/,
  );
  await shot('chain');
});

test('it fits a phone, dark and by keyboard', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const part of ['digit', 'cancer', 'filters', 'market', 'own', 'chain']) {
    await go(page, part);
    await page.locator('.card').first().waitFor(WAIT);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `#${part} is ${width} pixels wide`);
    await shot(`phone-${part}`);
  }
  await go(page, 'digit');
  await page.getByLabel('A digit of the data set').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Encrypt and ask the chain');
  await page.keyboard.press('Enter');
  await answer().filter({ hasText: 'It is a' }).waitFor(WAIT);
  await page.setViewportSize({ width: 1100, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
});

test('nothing that was sent holds a part of the client key', async () => {
  const secret = await storedSecret(page);
  const { leaking, all } = await leaks(page, secret);
  console.log(`${all} messages between the page and its worker since the last reload`);
  assert.equal(leaking, 0, 'a message between page and worker had a part of the client key');
  const sent = traffic.join('\n').toLowerCase();
  assert.ok(sent.length > 5_000_000, `${sent.length} bytes recorded: the server key alone has more`);
  for (let at = 0; at + 8 <= secret.length; at += 1) {
    const run = secret.subarray(at, at + 8);
    assert.ok(!sent.includes(run.toString('hex')), 'a run of the client key was sent');
    assert.ok(!sent.includes(run.toString('base64').slice(0, 10).toLowerCase()));
  }
  for (const line of traffic) {
    const [, origin] = /^(\w+:\/\/[^/]+)/.exec(line) ?? [];
    if (origin) assert.ok([new URL(url).origin].includes(origin) || origin.startsWith('data'), origin);
  }
});

test('a node that goes away and comes back is waited for', async () => {
  assert.deepEqual(complaints, []); // Up to here; from here on the browser reports lost connections.
  await go(page, 'digit');
  await page.getByLabel('A digit of the data set').selectOption('2');
  await node.kill();
  await page.getByRole('status').filter({ hasText: 'does not answer; trying again' }).waitFor(WAIT);
  await shot('node-away');
  await node.start();
  await until(
    'the page to see the node again',
    async () => !/trying again/.test(await page.locator('#node').textContent()),
    60,
  );
  await ask().click();
  await answer()
    .filter({ hasText: /^It is a/ })
    .waitFor(WAIT);
});

test('only this machine gets the page, with a strict policy', async () => {
  const response = await fetch(url);
  const policy = response.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';/);
  assert.ok(!/unsafe-inline|unsafe-eval'? ;|\*/.test(policy));
  const { port } = new URL(url);
  const status = execFileSync('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'Host: evil.example', url]);
  assert.equal(status.toString(), '421');
  await assert.rejects(fheMl('app', '--port', port), (error) => /cannot serve on 127\.0\.0\.1/.test(error.stderr));
  assert.equal((await fetch(`${url}nothing`)).status, 404);
});
