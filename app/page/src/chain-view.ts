// The chain: blocks, models, jobs and workers, as they are now.

import { fhe } from '@fhe-ml/client/chain';
import { standingText, verifyButton } from './court.ts';
import { bytes, h } from './dom.ts';
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
export function chainView(session: Session): { element: HTMLElement; stop: () => void } {
  const { chain } = session;
  // Each job keeps its button: what that says must outlast the next block.
  const buttons = new Map<number, HTMLElement>();
  const verifyOf = (job: number) => {
    const button = buttons.get(job) ?? verifyButton(session, job);
    buttons.set(job, button);
    return button;
  };
  let best = 0;
  const blocks: (string | Node)[][] = [];
  const places = { blocks: h('div', {}), models: h('div', {}), jobs: h('div', {}), workers: h('div', {}) };
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
          `${model.kind}, ${model.retired ? 'retired' : model.active ? 'active' : 'suspended'}`,
        ]),
      ),
    );
    const { fheMl } = await chain.state();
    const next = Number(await fheMl.nextJob());
    const numbers = Array.from({ length: Math.min(JOBS, next) }, (_, at) => next - 1 - at);
    const [jobs, standings] = await Promise.all([fheMl.jobs.multi(numbers.map(BigInt)), chain.standings(numbers)]);
    const isPrivate = new Set(models.filter((model) => model.kind === 'private').map(({ number }) => number));
    places.jobs.replaceChildren(
      table(
        ['Job', 'Model', 'State', 'Workers', 'Fee', 'Final', 'Verify'],
        numbers.map((number, at) => {
          const [job, standing] = [jobs[at], standings[at]];
          if (!job) return [String(number), '', 'released', '', '', '', ''];
          const ended = ['Completed', 'Failed'].includes(job.status.type);
          return [
            ...[String(number), String(job.model), job.status.type, String(job.redundancy), fhe(job.fee)],
            standing && (ended || standing.state === 'court') ? standingText(standing, best) : '',
            job.status.type === 'Completed' && !isPrivate.has(job.model) ? verifyOf(number) : '',
          ];
        }),
      ),
    );
    const workers = await fheMl.workers.entries();
    places.workers.replaceChildren(
      table(
        ['Worker', 'State', 'Open', 'Completed', 'Missed', 'Slashed', 'Bond'],
        workers.flatMap(([key, worker]) => {
          if (!worker) return [];
          const counts = [worker.openJobs, worker.completed, worker.missed, worker.slashed].map(String);
          return [[`${key.slice(0, 12)}…`, worker.status.type, ...counts, fhe(worker.bond)]];
        }),
      ),
    );
  };
  const stop = chain.onBlock(async ({ number, hash }) => {
    best = number;
    const transactions = await chain.transactionsIn(hash);
    blocks.unshift([
      apps(chain.url, `explorer/query/${hash}`, String(number)),
      h('code', {}, `${hash.slice(0, 18)}…`),
      String(transactions),
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
