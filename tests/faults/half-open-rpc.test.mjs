// A node that takes connections and says nothing: every command of the tool ends with one sentence and code 1.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { devNode, fheMl, model, TOOL } from '../e2e/harness.mjs';
import { nothingLost } from './lib.mjs';

const PATIENCE = Number(process.env.FHE_ML_PATIENCE ?? 150) * 1_000;
let node;
let server;
let url;
let isSilent = () => false;

before(async () => {
  node = await devNode();
  await fheMl('model', 'register', node.artifact, '--suri', '//Alice', '--url', node.url);
  server = createServer((client) => {
    const upstream = connect(node.port, '127.0.0.1');
    client.on('data', (bytes) => isSilent(bytes) || upstream.write(bytes));
    upstream.on('data', (bytes) => isSilent() || client.write(bytes));
    for (const socket of [client, upstream])
      socket
        .on('error', () => {})
        .on('close', () => {
          client.destroy();
          upstream.destroy();
        });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `ws://127.0.0.1:${server.address().port}`;
});
after(async () => {
  server?.close();
  server?.closeAllConnections?.();
  await node?.stop();
});

/** Runs the tool; resolves to its code, what it says and how long it took. */
const tool = (...args) =>
  new Promise((resolve) => {
    const start = Date.now();
    const child = execFile(TOOL, args, { timeout: PATIENCE, killSignal: 'SIGKILL' }, (_error, _stdout, stderr) =>
      resolve({
        code: child.exitCode,
        signal: child.signalCode,
        stderr: stderr.trim(),
        seconds: (Date.now() - start) / 1000,
      }),
    );
  });

function oneSentence(what, { code, signal, stderr, seconds }) {
  console.log(`${what}: code ${code}${signal ? `, ${signal}` : ''} after ${seconds.toFixed(1)} s: ${stderr}`);
  assert.equal(signal, null, `${what} hangs`);
  assert.equal(code, 1);
  // `predict` says what became of each row before it ends.
  assert.match(stderr.split('\n').at(-1), /^error: [^\n]+$/, stderr);
}

const predict = [
  'predict',
  '--model',
  '0',
  '--input',
  model('breast_cancer.test.csv'),
  '--rows',
  '0..1',
  '--suri',
  '//Bob',
];

test('through the same way it works as long as the node speaks', async () => {
  const { code, stderr } = await tool(...predict, '--key', node.keys, '--url', url);
  assert.equal(code, 0, stderr);
});

test('a node that never says a word', async () => {
  isSilent = () => true;
  oneSentence('model list', await tool('model', 'list', '--url', url));
});

test('a node that falls silent before the metadata', async () => {
  let answers = 0;
  isSilent = (bytes) => {
    if (bytes !== undefined) return false;
    answers += 1;
    return answers > 2;
  };
  oneSentence('worker list', await tool('worker', 'list', '--url', url));
});

for (const answers of [0, 1]) {
  const what = answers ? 'after it has said that it has' : 'when it has';
  test(`a node that falls silent ${what} taken a request`, async () => {
    let left;
    isSilent = (bytes) => {
      if (bytes !== undefined) {
        if (masked(bytes).includes('author_submitAndWatchExtrinsic')) left ??= answers;
        return false;
      }
      if (left === undefined) return false;
      left -= 1;
      return left < 0;
    };
    oneSentence('predict', await tool(...predict, '--key', node.keys, '--url', url));
    assert.notEqual(left, undefined, 'no request was seen');
    isSilent = () => false;
    await nothingLost(node, 2 + answers);
  });
}

/** The text of one WebSocket frame of a client, which is masked. */
function masked(frame) {
  const short = frame[1] & 0x7f;
  const at = short === 126 ? 4 : short === 127 ? 10 : 2;
  const mask = frame.subarray(at, at + 4);
  return Buffer.from(frame.subarray(at + 4, at + 404).map((byte, place) => byte ^ mask[place % 4])).toString('latin1');
}
