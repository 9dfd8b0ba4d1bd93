// Keys and ciphertexts: what the page asks its Web Worker.

import type { Calls, OwnKeys } from './worker.ts';

export type { OwnKeys } from './worker.ts';

const worker = new Worker('worker.js', { type: 'module' });
const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
let last = 0;
worker.onmessage = ({ data: { id, value, error, kind } }: MessageEvent) => {
  const caller = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) caller?.resolve(value as never);
  else caller?.reject(Object.assign(new Error(error), { name: kind }));
};
worker.onerror = (event) => {
  for (const { reject } of waiting.values()) reject(new Error(`the encryption module failed: ${event.message}`));
  waiting.clear();
};

/** Runs one call of the worker. */
export function ask<Name extends keyof Calls>(
  name: Name,
  ...args: Parameters<Calls[Name]>
): Promise<Awaited<ReturnType<Calls[Name]>>> {
  last += 1;
  const id = last;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve: resolve as (value: never) => void, reject });
    worker.postMessage({ id, name, args });
  });
}

export const storedKeys = (): Promise<OwnKeys | undefined> => ask('stored');
export const makeKeys = (): Promise<OwnKeys> => ask('generate');
export const loadKeys = (client: File, server: File): Promise<OwnKeys> => ask('load', client, server);
