// Starts real nodes and runs the real tool.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ApiPromise, WsProvider } from '@polkadot/api';

const BIN = process.env.FHE_ML_BIN;
if (!BIN) throw new Error('FHE_ML_BIN must name the folder with fhe-ml and fhe-ml-node');

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const model = (file) => join(ROOT, 'models', file);
export const scratch = () => mkdtempSync(join(tmpdir(), 'fhe-ml-e2e-'));

// @polkadot/api prints every failed attempt to connect to a node that is still starting.
const print = console.error;
console.error = (...args) => (args.join(' ').includes('API-WS:') ? undefined : print(...args));

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export const NODE = join(BIN, 'fhe-ml-node');
export const TOOL = join(BIN, 'fhe-ml');

/** A worker that flips one bit of every result. */
export const LYING_NODE = join(BIN, 'examples/lying_node');

/**
 * A node process. `start` may be called again after `kill`: the chain is kept. `prefix` is a command that
 * runs it somewhere else, `host` its address there, `rpcHost` the one for us. With `webSocket` it takes light clients
 * in browsers, too, on port `ws`.
 */
export class Node {
  constructor(args, options = {}) {
    const { folder = scratch(), binary = NODE, prefix = [], webSocket = false } = options;
    const { host = '127.0.0.1', rpcHost = host, base = join(folder, 'chain') } = options;
    Object.assign(this, { args, folder, base, host, rpcHost, webSocket, command: [...prefix, binary] });
    this.log = join(folder, 'node.log');
  }

  async start() {
    this.port ??= await freePort();
    this.p2p ??= await freePort();
    this.metrics ??= await freePort();
    if (this.webSocket) this.ws ??= await freePort();
    const log = openSync(this.log, 'a');
    const [command, ...args] = [
      ...this.command,
      ...this.args,
      '--base-path',
      this.base,
      '--listen-addr',
      `/ip4/${this.host}/tcp/${this.p2p}`,
      ...(this.webSocket ? ['--listen-addr', `/ip4/${this.host}/tcp/${this.ws}/ws`] : []),
      '--rpc-port',
      String(this.port),
      ...(this.rpcHost === '127.0.0.1' ? [] : ['--unsafe-rpc-external', '--rpc-cors', 'all']),
      '--prometheus-port',
      String(this.metrics),
      '--no-telemetry',
      '--no-mdns',
      '--state-pruning',
      'archive', // The tests look back at events.
    ];
    this.process = spawn(command, args, { stdio: ['ignore', log, log] });
    this.url = `ws://${this.rpcHost}:${this.port}`;
    this.exited = new Promise((resolve) => this.process.once('exit', resolve));
    const provider = new WsProvider(this.url, 250);
    const ready = ApiPromise.create({ provider, noInitWarn: true, throwOnConnect: false });
    const silent = sleep(120_000, null, { ref: false });
    this.api = await Promise.race([ready, this.exited.then(() => null), silent]);
    if (!this.api) {
      await provider.disconnect();
      this.process.kill('SIGKILL');
      throw new Error(`the node stopped or does not answer:\n${readFileSync(this.log, 'utf8').slice(-1000)}`);
    }
    return this;
  }

  /** As a power cut does. */
  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
    await this.api.disconnect();
  }

  async stop() {
    await this.api?.disconnect();
    this.process?.kill('SIGTERM');
    await Promise.race([this.exited, sleep(10_000)]);
    this.process?.kill('SIGKILL');
  }

  logged(text) {
    return readFileSync(this.log, 'utf8')
      .split('\n')
      .filter((line) => line.includes(text));
  }
}

/** Runs `fhe-ml ... --json`; resolves to its lines, rejects with `stderr` and `code`. */
export async function fheMl(...args) {
  const options = { maxBuffer: 1 << 26 };
  const { stdout } = await promisify(execFile)(TOOL, [...args, '--json'], options);
  return stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** Polls until `probe` gives something, and fails with `what` after `seconds`. */
export async function until(what, probe, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`timed out: ${what}`);
    await sleep(100);
  }
}

/** Signs and sends a call; resolves to the block and the events once it is in a block. */
export function send(api, call, signer) {
  return new Promise((resolve, reject) => {
    let stop = () => {};
    call
      .signAndSend(signer, ({ status, events, dispatchError, internalError }) => {
        if (internalError) reject(internalError);
        if (!status.isInBlock) return;
        stop();
        const failed = dispatchError ?? sudoError(events);
        if (failed) reject(new Error(errorName(api, failed)));
        else resolve({ block: status.asInBlock, events: events.map(({ event }) => event) });
      })
      .then((unsubscribe) => (stop = unsubscribe), reject);
  });
}

const sudoError = (events) =>
  events
    .map(({ event }) => event)
    .filter((event) => event.section === 'sudo' && event.method === 'Sudid')
    .map((event) => event.data[0])
    .find((result) => result.isErr)?.asErr;

/** Of a dispatch error, for instance `fheMl.UnknownJob`. */
export const errorName = (api, error) => {
  if (!error.isModule) return error.toString();
  const { section, name } = api.registry.findMetaError(error.asModule);
  return `${section}.${name}`;
};

export const event = (events, method) => {
  const found = events.find((event) => event.section === 'fheMl' && event.method === method);
  if (!found) throw new Error(`no event fheMl.${method} among ${events.map((e) => e.method)}`);
  return found.data;
};

/** The number of a block. */
export const numberOf = async (api, hash) => (await api.rpc.chain.getHeader(hash)).number.toNumber();

/** Every event in blocks from `first` on, oldest first, with its block number and phase. */
export async function* eventsSince(api, first) {
  const best = (await api.rpc.chain.getHeader()).number.toNumber();
  for (let block = first; block <= best; block += 1) {
    const at = await api.at(await api.rpc.chain.getBlockHash(block));
    for (const { phase, event } of await at.query.system.events()) yield { block, phase, event };
  }
}

/** Every event of the pallet on the chain, oldest first, with its block number. */
export async function history(api, method) {
  const found = [];
  for await (const { block, event } of eventsSince(api, 1)) {
    if (event.section === 'fheMl' && event.method === method) found.push({ block, event });
  }
  return found;
}

/** A dev node with the breast-cancer model as number 0, and a user's keys. */
export async function devNode() {
  const node = await new Node(['--dev']).start();
  const artifact = join(node.folder, 'model.fheml');
  const keys = join(node.folder, 'keys');
  await fheMl('keygen', '--out', keys);
  await fheMl(
    'model',
    'import',
    model('breast_cancer_logistic.onnx'),
    '--calibration',
    model('breast_cancer.train.csv'),
    '--output',
    artifact,
  );
  return Object.assign(node, { artifact, keys });
}
