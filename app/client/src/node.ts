// The same for Node.js, where the module is read from the file system.

import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { init as initWasm } from './index.js';

export * from './index.js';

// Node.js 18 has it, but not under its global name.
if (!globalThis.crypto) Object.defineProperty(globalThis, 'crypto', { value: webcrypto });

/** Loads the WebAssembly module. */
export async function init(): Promise<void> {
  const bytes = await readFile(new URL('./wasm/fhe_ml_wasm_bg.wasm', import.meta.url));
  await initWasm(new Uint8Array(bytes));
}
