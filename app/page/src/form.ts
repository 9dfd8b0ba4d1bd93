// A form of features, and predictions for it or for a whole CSV file.

import type { Prediction } from '@fhe-ml/client';
import Papa from 'papaparse';
import { ask } from './crypto.ts';
import { h, say, why } from './dom.ts';
import { bars, type Loaded, Run, refusing, registered, type Session } from './run.ts';

const MAX_FILE_BYTES = 5_000_000;
const MAX_ROWS = 500;

export interface Table {
  columns: string[];
  rows: number[][];
}

/** Reads a CSV file with a header; empty cells are missing values. */
export async function readTable(file: Blob): Promise<Table> {
  if (file.size > MAX_FILE_BYTES) throw new Error('the file has more than 5 MB; take a smaller one');
  const { data, errors } = Papa.parse<string[]>((await file.text()).trim(), { skipEmptyLines: true });
  const [columns, ...lines] = data;
  if (!columns || lines.length === 0 || errors.some((error) => error.type === 'Quotes')) {
    throw new Error('this is no CSV file with a header and rows');
  }
  const rows = lines.map((cells, row) => {
    if (cells.length !== columns.length) throw new Error(`row ${row} has not one value per column`);
    return cells.map((text, at) => {
      const value = text.trim() === '' ? NaN : Number(text);
      if (text.trim() !== '' && !Number.isFinite(value)) {
        throw new Error(`row ${row}, column ${columns[at]}: "${text.slice(0, 20)}" is not a number`);
      }
      return value;
    });
  });
  return { columns: columns.map((name) => name.trim()), rows };
}

/** The rows of a table in the order of a model's features. */
export function inOrder({ columns, rows }: Table, loaded: Loaded): number[][] {
  const { features, features_are_named: named } = loaded.card;
  const missing = named ? features.filter((name) => !columns.includes(name)) : features.slice(columns.length);
  if (missing.length > 0)
    throw new Error(
      `the file lacks these columns: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', …' : ''}`,
    );
  const order = features.map((name, at) => (named ? columns.indexOf(name) : at));
  return rows.map((row) => order.map((at) => row[at] ?? NaN));
}

/** The shortest text for a number that is the same in single precision, as most models take it. */
function short(value: number): string {
  if (Number.isNaN(value)) return '';
  for (let digits = 1; digits < 9; digits += 1) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === Math.fround(value)) return text;
  }
  return String(value);
}

/** A form for one row, an upload for many. */
export function form(
  session: Session,
  loaded: Loaded,
  sample: number[] | undefined,
  describe: (prediction: Prediction) => HTMLElement,
): HTMLElement {
  const { features } = loaded.card;
  const inputs = features.map((name, at) =>
    h('input', {
      id: `feature-${at}`,
      type: 'number',
      step: 'any',
      value: short(sample?.[at] ?? NaN),
      name,
    }),
  );
  const answer = h('div', { 'aria-live': 'polite' });
  const place = h('div', {});
  const go = h('button', { class: 'main', type: 'submit' }, 'Encrypt and ask the chain');
  const show = (prediction: Prediction | string, badge?: HTMLElement) =>
    answer.replaceChildren(
      ...(typeof prediction === 'string'
        ? [h('p', { class: 'answer' }, 'Noise'), h('p', {}, prediction)]
        : badge
          ? [describe(prediction), badge]
          : [h('p', { class: 'answer' }, 'Noise'), bars(prediction.raw_scores, [])]),
    );
  const begin = async (work: () => Promise<void>) => {
    go.disabled = true;
    say();
    try {
      await work();
    } catch (error) {
      say(why(error));
    } finally {
      go.disabled = false;
    }
  };
  const one = (work: (run: Run) => Promise<void>) =>
    begin(() => {
      answer.replaceChildren();
      const run = new Run(session, show);
      place.replaceChildren(run.element);
      return work(run);
    });
  const open = Run.openJob();
  if (open !== undefined) void session.keys().then(() => one((run) => run.resume(loaded, open)));
  const upload = h('input', {
    type: 'file',
    accept: '.csv,text/csv',
    class: 'visually-hidden',
    id: 'rows',
    onchange: () => {
      const [file] = upload.files ?? [];
      upload.value = '';
      if (file) void begin(async () => many(session, loaded, inOrder(await readTable(file), loaded), place));
    },
  });
  return h(
    'div',
    {},
    h(
      'form',
      {
        onsubmit: (event: Event) => {
          event.preventDefault();
          const row = inputs.map((input) => (input.value === '' ? NaN : input.valueAsNumber));
          void one((run) => run.start(loaded, row));
        },
      },
      h(
        'div',
        { class: 'features' },
        ...inputs.map((input, at) =>
          h('div', {}, h('label', { for: input.id }, (features[at] ?? '').replaceAll('_', ' ')), input),
        ),
      ),
      h('p', {}, go, ' ', h('label', { class: 'button', for: 'rows' }, 'Many rows from a CSV file', upload)),
    ),
    answer,
    place,
  );
}

/** Predicts many rows, each in a transaction of its own, and shows them as they come. */
async function many(session: Session, loaded: Loaded, rows: number[][], place: HTMLElement): Promise<void> {
  if (rows.length > MAX_ROWS) throw new Error(`the file has ${rows.length} rows; at most ${MAX_ROWS} at a time`);
  const bar = h('progress', { max: rows.length, value: 0, 'aria-label': 'Rows predicted' });
  const count = h('p', { role: 'status' }, `0 of ${rows.length} rows`);
  const body = h('tbody', {});
  place.replaceChildren(
    h(
      'div',
      { class: 'card' },
      count,
      bar,
      h(
        'div',
        { class: 'scroll' },
        h(
          'table',
          {},
          h('thead', {}, h('tr', {}, ...['Row', 'Prediction', 'Scores', 'Job'].map((name) => h('th', {}, name)))),
          body,
        ),
      ),
    ),
  );
  const key = await registered(session, loaded, (text) => {
    count.textContent = text;
  });
  let [done, failed, verified] = [0, 0, 0];
  const lines = rows.map(() => h('tr', {}));
  body.append(...lines);
  const inputs: Uint8Array[] = [];
  for (const row of rows) inputs.push(await ask('encrypt', loaded.hash, row)); // All before the first is paid for.
  await session.chain.requestAll(loaded.model.number, key, inputs, session.account(), async (at, answer) => {
    try {
      const { requested, result } = await answer;
      const opened = await refusing(session, requested.job, ask('open', loaded.hash, inputs[at] as Uint8Array, result));
      const { prediction, scores } = opened.value;
      if (opened.verified !== undefined) verified += 1;
      lines[at]?.append(
        ...[
          String(at),
          String(prediction),
          scores.map((score) => score.toFixed(4)).join(' '),
          String(requested.job),
        ].map((text) => h('td', {}, text)),
      );
    } catch (error) {
      failed += 1;
      lines[at]?.append(h('td', {}, String(at)), h('td', { colspan: 3 }, why(error)));
    }
    done += 1;
    bar.value = done;
    count.textContent = `${done} of ${rows.length} rows, ${verified} verified on this machine${failed ? `, ${failed} failed` : ''}`;
  });
}
