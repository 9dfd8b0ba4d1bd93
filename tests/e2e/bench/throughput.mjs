// See scripts/bench-network.sh.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Keyring } from '@polkadot/api';
import { fheMl, model, send } from '../harness.mjs';
import { allFinished, localNetwork } from '../network.mjs';
import { prepare, sendSigned } from './jobs.mjs';

/** Models, the tables of their rows, and how many jobs of each. */
const MODELS = [
  ['breast_cancer_logistic', 'breast_cancer', 400],
  ['breast_cancer_xgboost_50x4', 'breast_cancer', 400],
  ['digits_network', 'digits', 200],
];
/** Who asks: one account may not have all of these jobs unfinished. */
const USERS = ['//Bob', '//Charlie', '//Dave', '//Eve'];
/** Rows of the file that is predicted with each number of workers. */
const FILE_ROWS = 2000;

/** A table of so many rows of another one, over and over. */
function longTable(folder, table) {
  const [header, ...rows] = readFileSync(model(`${table}.test.csv`), 'utf8')
    .trim()
    .split('\n');
  const path = join(folder, `${table}.long.csv`);
  writeFileSync(path, [header, ...Array.from({ length: FILE_ROWS }, (_, at) => rows[at % rows.length])].join('\n'));
  return path;
}

/** Rows a second from a file to its predictions; without verification, which would take the workers' cores. */
async function predictFile({ number, keys }, table, { url, folder }) {
  const output = join(folder, 'scores.csv');
  rmSync(output, { force: true });
  const chain = ['--suri', '//Bob', '--url', url, '--trust-worker'];
  const start = Date.now();
  await fheMl('predict', '--model', number, '--input', table, '--key', keys, '--output', output, ...chain);
  return FILE_ROWS / ((Date.now() - start) / 1000);
}

const nodes = await localNetwork();
try {
  const keyring = new Keyring({ type: 'sr25519' });
  const alice = keyring.addFromUri('//Alice');
  const { api, url } = nodes.bob;
  const models = [];
  for (const [name, table, count] of MODELS) {
    models.push([name, count, await prepare(nodes.bob, name, table, ...USERS)]);
  }
  const workers = (await fheMl('worker', 'list', '--url', url)).map(({ worker }) => worker);
  const xgboost = models.find(([name]) => name === 'breast_cancer_xgboost_50x4')[2];
  const table = longTable(nodes.bob.folder, 'breast_cancer');
  let total = 0;
  for (const count of [4, 2, 1]) {
    while (workers.length > count) {
      await send(api, api.tx.sudo.sudo(api.tx.fheMl.removeWorker(workers.pop())), alice);
    }
    const rows = await predictFile(xgboost, table, nodes.bob);
    console.log(
      `${count} workers, breast_cancer_xgboost_50x4: a file of ${FILE_ROWS} rows, ${rows.toFixed(1)} a second`,
    );
    total = (await api.query.fheMl.nextJob()).toNumber();
    for (const [name, wanted, jobs] of models) {
      const signed = await jobs.sign(wanted);
      const start = Date.now();
      await sendSigned(nodes.bob, signed);
      total += wanted;
      await allFinished(nodes.bob, total, 600);
      const seconds = (Date.now() - start) / 1000;
      console.log(
        `${count} workers, ${name}: ${wanted} jobs in ${seconds.toFixed(1)} s, ${(wanted / seconds).toFixed(1)} a second`,
      );
    }
  }
} finally {
  await Promise.all(Object.values(nodes).map((node) => node.stop()));
}
