// Keys and ciphertexts: what the page asks its Web Worker, and where the keys are kept.

import type { Calls } from './worker.ts';

const worker = new Worker('worker.js', { type: 'module' });
const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
let last = 0;
worker.onmessage = ({ data: { id, value, error } }: MessageEvent) => {
  const caller = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) caller?.resolve(value as never);
  else caller?.reject(new Error(error));
};
worker.onerror = (event) => {
  for (const { reject } of waiting.values()) reject(new Error(`the encryption module failed: ${event.message}`));
  waiting.clear();
};

/** Runs one call of the worker. */
export function ask<Name extends keyof Calls>(
  name: Name, ...args: Parameters<Calls[Name]>
): Promise<ReturnType<Calls[Name]>> {
  last += 1;
  const id = last;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve: resolve as (value: never) => void, reject });
    worker.postMessage({ id, name, args });
  });
}

/** What the page knows of its keys. The client key is in IndexedDB, in the worker, and nowhere else. */
export interface OwnKeys {
  client: Uint8Array;
  server: Uint8Array;
  hash: string;
}

function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return new Promise((resolve, reject) => {
    const open = indexedDB.open('fhe-ml', 1);
    open.onupgradeneeded = () => open.result.createObjectStore('keys');
    open.onsuccess = () => resolve(open.result.transaction('keys', mode).objectStore('keys'));
    open.onerror = () => reject(new Error('this browser does not let the page keep keys (IndexedDB)'));
  });
}

const done = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(new Error('the keys cannot be kept in this browser (IndexedDB)'));
});

async function keep(keys: OwnKeys): Promise<OwnKeys> {
  await done((await store('readwrite')).put({ client: keys.client, server: keys.server }, 'own'));
  return keys;
}

/** The keys of an earlier visit, or of another tab. */
export async function storedKeys(): Promise<OwnKeys | undefined> {
  const stored = await done((await store('readonly')).get('own'));
  return stored && ask('load', stored.client, stored.server);
}

export const makeKeys = async () => keep(await ask('generate'));
export const loadKeys = async (client: Uint8Array, server: Uint8Array) => keep(await ask('load', client, server));
