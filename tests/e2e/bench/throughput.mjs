// See scripts/bench-network.sh.

import { Keyring } from '@polkadot/api';
import { fheMl, send } from '../harness.mjs';
import { allFinished, localNetwork } from '../network.mjs';
import { prepare } from './jobs.mjs';

/** Models, the tables of their rows, and how many jobs of each. */
const MODELS = [
  ['breast_cancer_logistic', 'breast_cancer', 400],
  ['breast_cancer_xgboost_50x4', 'breast_cancer', 400],
  ['digits_network', 'digits', 200],
];
const nodes = await localNetwork();
try {
  const keyring = new Keyring({ type: 'sr25519' });
  const alice = keyring.addFromUri('//Alice');
  const { api, url } = nodes.bob;
  const models = [];
  for (const [name, table, count] of MODELS) {
    models.push([name, count, await prepare(nodes.bob, name, table, '//Bob')]);
  }
  const workers = (await fheMl('worker', 'list', '--url', url)).map(({ worker }) => worker);
  let total = 0;
  for (const count of [4, 2, 1]) {
    while (workers.length > count) {
      await send(api, api.tx.sudo.sudo(api.tx.fheMl.removeWorker(workers.pop())), alice);
    }
    for (const [name, wanted, jobs] of models) {
      const start = Date.now();
      await jobs.sendCalls(wanted);
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
