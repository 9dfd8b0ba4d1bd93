// See scripts/bench-file.sh.

import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fheMl, history, model, Node, scratch, TOOL } from '../harness.mjs';
import { prepare } from './jobs.mjs';

const [name, table, count, threads] = process.argv.slice(2);
const rows = Number(count);
const [header, ...lines] = readFileSync(model(`${table}.test.csv`), 'utf8')
  .trim()
  .split('\n');
const folder = scratch();
const file = join(folder, 'file.csv');
const output = join(folder, 'scores.csv');
writeFileSync(file, [header, ...Array.from({ length: rows }, (_, at) => lines[at % lines.length])].join('\n'));

/** Most memory that a process has had, in MiB; 0 if it is gone. */
function peakMemory(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

const node = await new Node(['--dev', '--worker-threads', threads], { folder }).start();
try {
  const { number, keys } = await prepare(node, name, table, '//Bob');
  const artifact = join(folder, `${name}.fheml`);
  /** Rows a second of evaluation alone, on as many threads, with no chain. */
  const alone = async () => {
    const answers = await fheMl(
      ...['evaluate', artifact, '--input', model(`${table}.test.csv`), '--key', keys, '--threads', threads],
    );
    return 1000 / answers.at(-1).summary.evaluate_ms_median;
  };
  const before = await alone();
  rmSync(output, { force: true });
  const start = Date.now();
  const predict = ['predict', '--model', number, '--input', file, '--key', keys, '--output', output];
  const tool = spawn(TOOL, [...predict, '--suri', '//Bob', '--url', node.url, '--trust-worker'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => tool.once('exit', resolve));
  let ofTool = 0;
  const watch = async () => {
    while (tool.exitCode === null) {
      ofTool = Math.max(ofTool, peakMemory(tool.pid));
      await sleep(100);
    }
  };
  await Promise.all([ended, watch()]);
  if (tool.exitCode !== 0) throw new Error(`the tool ended with ${tool.exitCode}`);
  const seconds = (Date.now() - start) / 1000;
  const after = await alone();
  const written = readFileSync(output, 'utf8').trim().split('\n').length - 1;
  if (written !== rows) throw new Error(`${written} rows came back instead of ${rows}`);
  const [end, single] = [rows / seconds, (before + after) / 2];
  const requests = (await history(node.api, 'InferenceRequested')).length;
  console.log(`most memory: tool ${ofTool} MiB, node ${peakMemory(node.process.pid)} MiB`);
  console.log(
    `${name}, ${rows} rows in ${requests} requests, ${threads} threads: ${seconds.toFixed(1)} s, ${end.toFixed(1)} rows ` +
      `a second end to end; evaluation alone ${before.toFixed(1)} before and ${after.toFixed(1)} after: ` +
      `${(end / single).toFixed(2)} of it`,
  );
} finally {
  await node.stop();
}
