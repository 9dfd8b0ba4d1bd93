// The page in a real browser.

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { scratch, TOOL } from './harness.mjs';

export const WAIT = { timeout: 60_000 };
const SHOTS = process.env.FHE_ML_SCREENSHOTS ?? join(scratch(), 'screenshots');
mkdirSync(SHOTS, { recursive: true });

export const shot = (name, tab) => tab.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });

/** Serves the page for a node; resolves to the process, and the page's address. */
export async function servePage(...args) {
  const app = spawn(TOOL, ['app', '--port', '0', ...args]);
  const line = await new Promise((resolve, reject) => {
    app.stdout.once('data', (data) => resolve(data.toString()));
    app.stderr.once('data', (data) => reject(new Error(data.toString())));
  });
  const [, url] = /^Running on local URL: {2}(http:\/\/127\.0\.0\.1:\d+\/)$/m.exec(line);
  return { app, url };
}

export const launch = () =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
