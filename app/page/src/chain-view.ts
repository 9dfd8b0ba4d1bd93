// The chain: blocks, models, jobs and workers, as they are now.

import { bytes, fhe, h } from './dom.ts';
import type { Session } from './run.ts';

const BLOCKS = 8;
const JOBS = 12;

/** Where polkadot.js Apps shows the same. */
const apps = (url: string, path: string, text: string) =>
  h(
    'a',
    {
      href: `https://polkadot.js.org/apps/?rpc=${encodeURIComponent(url)}#/${path}`,
      target: '_blank',
      rel: 'noreferrer',
    },
    text,
  );

const table = (columns: string[], rows: (string | Node)[][]) =>
  h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...columns.map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell) => h('td', {}, cell))))),
    ),
  );

/** Makes the view; returns it with a function that stops it. */
export async function chainView({ chain }: Session): Promise<{ element: HTMLElement; stop: () => void }> {
  const blocks: (string | Node)[][] = [];
  const places = { blocks: h('div', {}), models: h('div', {}), jobs: h('div', {}), workers: h('div', {}) };
  /* eslint-disable @typescript-eslint/no-explicit-any */
  const refresh = async () => {
    places.blocks.replaceChildren(table(['Number', 'Hash', 'Transactions'], blocks));
    const models = await chain.models();
    places.models.replaceChildren(
      table(
        ['Number', 'Name', 'Input', 'Result', 'Work', 'State'],
        models.map((model) => [
          String(model.number),
          model.name,
          bytes(model.inputBytes),
          bytes(model.resultBytes),
          `${(model.work / 1000).toFixed(1)} ms`,
          model.active ? (model.encrypted ? 'active, encrypted' : 'active') : 'retired',
        ]),
      ),
    );
    const { fheMl } = await chain.state();
    const next = (await fheMl.nextJob()).toNumber() as number;
    const numbers = Array.from({ length: Math.min(JOBS, next) }, (_, at) => next - 1 - at);
    const jobs = (await fheMl.jobs.multi(numbers)) as any[];
    places.jobs.replaceChildren(
      table(
        ['Job', 'Model', 'State', 'Workers', 'Fee'],
        jobs.flatMap((option, at) => {
          if (option.isNone) return [[String(numbers[at]), '', 'released', '', '']];
          const job = option.unwrap();
          return [
            [
              String(numbers[at]),
              job.model.toString(),
              job.status.type,
              String(job.redundancy),
              fhe(job.fee.toBigInt()),
            ],
          ];
        }),
      ),
    );
    const workers = (await fheMl.workers.entries()) as any[];
    places.workers.replaceChildren(
      table(
        ['Worker', 'State', 'Open', 'Completed', 'Missed', 'Slashed', 'Bond'],
        workers.map(([key, option]) => {
          const worker = option.unwrap();
          return [
            `${key.args[0].toHex().slice(0, 12)}…`,
            worker.status.type,
            worker.openJobs.toString(),
            worker.completed.toString(),
            worker.missed.toString(),
            worker.slashed.toString(),
            fhe(worker.bond.toBigInt()),
          ];
        }),
      ),
    );
  };
  const stop = await chain.api.rpc.chain.subscribeNewHeads(async (header) => {
    const block = await chain.api.rpc.chain.getBlock(header.hash);
    blocks.unshift([
      apps(chain.url, `explorer/query/${header.hash.toHex()}`, header.number.toString()),
      h('code', {}, `${header.hash.toHex().slice(0, 18)}…`),
      String(block.block.extrinsics.length),
    ]);
    blocks.splice(BLOCKS);
    await refresh();
  });
  const section = (title: string, place: HTMLElement, ...more: Node[]) =>
    h('section', { class: 'card' }, h('h2', {}, title), place, ...more);
  const element = h(
    'div',
    {},
    section('Blocks', places.blocks),
    section(
      'Models',
      places.models,
      h('p', { class: 'hint' }, 'In polkadot.js Apps: ', apps(chain.url, 'chainstate', 'chain state, fheMl')),
    ),
    section('Jobs', places.jobs, h('p', { class: 'hint' }, apps(chain.url, 'extrinsics', 'send a request by hand'))),
    section('Workers', places.workers),
  );
  return { element, stop };
}
