// A node's RPC server as an attacker would run it: passes JSON-RPC on, and lies where it pays.

import { xxhashAsHex } from '@polkadot/util-crypto';
import { WebSocket, WebSocketServer } from 'ws';

/** Where the values of a storage map of the pallet are. */
export const mapOf = (name) => `${xxhashAsHex('FheMl', 128)}${xxhashAsHex(name, 128).slice(2)}`;

/** Changes what a node says of the values of a storage map, however it is asked. */
export const lieAboutStorage = (prefix, lie) => (request, message) => {
  const changed = (value) => (value === null ? null : lie(value));
  const pairs = (changes) => changes.map(([key, value]) => [key, key.startsWith(prefix) ? changed(value) : value]);
  const all = (answer) => {
    if (Array.isArray(answer)) return answer.map(all);
    return answer?.changes ? { ...answer, changes: pairs(answer.changes) } : answer;
  };
  if (request?.method === 'state_getStorage' && request.params[0].startsWith(prefix)) {
    return { ...message, result: changed(message.result) };
  }
  if (message.params?.result) return { ...message, params: { ...message.params, result: all(message.params.result) } };
  return { ...message, result: all(message.result) };
};

/** Asks for `fee` whatever the chain does. */
export const lieAboutQuote = (fee) => (request, message) => {
  if (request?.method !== 'state_call' || request.params[0] !== 'FheMlApi_quote') return message;
  const bytes = Buffer.from(message.result.slice(2), 'hex');
  bytes.writeBigUInt64LE(fee, 1);
  return { ...message, result: `0x${bytes.toString('hex')}` };
};

const SUBMISSIONS = ['author_submitAndWatchExtrinsic', 'author_submitExtrinsic'];

/** A WebSocket server in front of the node at `target`. */
export class LyingProxy {
  /** Functions of a request and the node's message, one after the other. */
  lies = [];
  /** Submissions that are said to be taken, and are not passed on. */
  swallow = 0;
  /** Submissions that are passed on, after which all connections break. */
  cut = 0;
  /** Methods that were asked for. */
  asked = [];
  swallowed = 0;
  cuts = 0;

  constructor(target) {
    this.target = target;
    this.connections = new Set();
  }

  async start() {
    this.server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 1 << 26 });
    await new Promise((resolve) => this.server.once('listening', resolve));
    this.url = `ws://127.0.0.1:${this.server.address().port}`;
    this.server.on('connection', (client) => this.connect(client));
    return this;
  }

  connect(client) {
    const node = new WebSocket(this.target, { maxPayload: 1 << 26 });
    const requests = new Map();
    const early = [];
    this.connections.add(client);
    node.on('open', () => {
      for (const text of early.splice(0)) node.send(text);
    });
    const close = () => {
      this.connections.delete(client);
      client.terminate();
      node.terminate();
    };
    for (const end of [client, node]) end.on('close', close).on('error', close);
    client.on('message', (data) => {
      const text = data.toString();
      const request = JSON.parse(text);
      this.asked.push(request.method);
      if (SUBMISSIONS.includes(request.method) && this.swallow > 0) {
        this.swallow -= 1;
        this.swallowed += 1;
        return client.send(JSON.stringify({ jsonrpc: '2.0', id: request.id, result: 'taken' }));
      }
      requests.set(request.id, request);
      if (node.readyState === WebSocket.OPEN) node.send(text);
      else early.push(text);
      if (SUBMISSIONS.includes(request.method) && this.cut > 0) {
        this.cut -= 1;
        this.cuts += 1;
        setTimeout(() => this.hangUp(), 20);
      }
    });
    node.on('message', (data) => {
      let message = JSON.parse(data.toString());
      const request = requests.get(message.id);
      requests.delete(message.id);
      for (const lie of this.lies) message = lie(request, message);
      client.send(JSON.stringify(message));
    });
  }

  hangUp() {
    for (const connection of [...this.connections]) connection.terminate();
  }

  stop() {
    this.hangUp();
    this.server.close();
  }
}
