// The same for Node.js, where the module is read from the file system.

import { webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AnswerStore, init as initWasm, mostAnswers } from './index.js';

export * from './index.js';

// Node.js 18 has it, but not under its global name.
if (!globalThis.crypto) Object.defineProperty(globalThis, 'crypto', { value: webcrypto });

/** Loads the WebAssembly module. */
export async function init(): Promise<void> {
  const bytes = await readFile(new URL('./wasm/fhe_ml_wasm_bg.wasm', import.meta.url));
  await initWasm(new Uint8Array(bytes));
}

/**
 * Keeps the keys for owners, and how many answers they have decrypted, in the user's key folder: where the `fhe-ml` tool
 * keeps them, too. For one process at a time.
 */
export function answersInFolder(folder: string): AnswerStore {
  return {
    async update(_main, { chain, account }, change, made) {
      const at = (number: number, file = '') =>
        join(folder, 'private', chain.slice(2), account.slice(2), String(number), file);
      const before: number[] = [];
      while (existsSync(at(before.length, 'client.key'))) before.push(countIn(at(before.length, 'answers')));
      for (const [number, count] of change([...before]).entries()) {
        if (count === before[number]) continue;
        if (before[number] === undefined && made) {
          mkdirSync(at(number), { recursive: true, mode: 0o700 });
          writeFileSync(at(number, 'server.key'), made.serverKey() ?? '');
          writeFileSync(at(number, 'client.key'), made.clientKey(), { mode: 0o600 });
        }
        // Always of the same length: no crash leaves half of it.
        writeFileSync(at(number, 'answers'), `${String(count).padStart(10)}\n`, { flush: true });
      }
    },
  };
}

function countIn(file: string): number {
  const count = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (Number.isInteger(count) && count >= 0 && count <= mostAnswers()) return count;
  throw new Error(`${file} is not a number of answers: make the owner's next key`);
}
