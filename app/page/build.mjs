// Bundles the page into dist, with all that it needs to work offline.

import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/samples', { recursive: true });
await build({
  entryPoints: ['src/main.ts', 'src/worker.ts', 'src/light.ts'],
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  conditions: ['browser'],
  outdir: 'dist',
  logLevel: 'warning',
});
cpSync('public', 'dist', { recursive: true });
cpSync('../client/dist/wasm/fhe_ml_wasm_bg.wasm', 'dist/fhe_ml_wasm_bg.wasm');
for (const table of ['breast_cancer.test.csv', 'digits.test.csv']) {
  cpSync(`../../models/${table}`, `dist/samples/${table}`);
}
