// A form of features, and predictions for it or for a whole CSV file.

import { type Cell, isRegression, type ModelCard, rangesOf } from '@fhe-ml/client';
import { fhe } from '@fhe-ml/client/chain';
import Papa from 'papaparse';
import type { Price } from './chain.ts';
import { attempt, h, say, why } from './dom.ts';
import { RowsFile, UNFINISHED } from './file.ts';
import { bars, keyDeposit, type Loaded, Run, type Session, type Shown } from './run.ts';

const MAX_FILE_BYTES = 5_000_000;
/** All of them are encrypted before the first is paid for. */
const MAX_ROWS = 10_000;

export interface Table {
  columns: string[];
  /** Cells as they stand in the file. */
  rows: string[][];
}

/** Reads a CSV file with a header. */
export async function readTable(file: Blob): Promise<Table> {
  if (file.size > MAX_FILE_BYTES) throw new Error('the file has more than 5 MB; take a smaller one');
  const { data, errors } = Papa.parse<string[]>((await file.text()).trim(), { skipEmptyLines: true });
  const [columns, ...lines] = data;
  if (!columns || lines.length === 0 || errors.some((error) => error.type === 'Quotes')) {
    throw new Error('this is no CSV file with a header and rows');
  }
  const rows = lines.map((cells, row) => {
    if (cells.length !== columns.length) throw new Error(`row ${row} has not one value per column`);
    return cells.map((text) => text.trim());
  });
  return { columns: columns.map((name) => name.trim()), rows };
}

const isText = (card: ModelCard, feature: number) => textOf(card, feature) !== undefined;

/** What a card tells of a feature that is text. */
const textOf = (card: ModelCard, feature: number) => card.text?.find((text) => text.feature === feature);

/** The rows of a table in the order of a model's features; empty cells are missing values. */
export function inOrder({ columns, rows }: Table, loaded: Loaded): Cell[][] {
  const { features, features_are_named: named } = loaded.card;
  const missing = named ? features.filter((name) => !columns.includes(name)) : features.slice(columns.length);
  if (missing.length > 0)
    throw new Error(
      `the file lacks these columns: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', …' : ''}`,
    );
  const order = features.map((name, at) => (named ? columns.indexOf(name) : at));
  return rows.map((row, number) =>
    order.map((at, feature) => {
      const text = row[at] ?? '';
      if (isText(loaded.card, feature)) return text;
      const value = text === '' ? NaN : Number(text);
      if (text !== '' && !Number.isFinite(value)) {
        throw new Error(`row ${number}, column ${columns[at]}: "${text.slice(0, 20)}" is not a number`);
      }
      return value;
    }),
  );
}

/** The shortest text for a number that is the same in single precision, as most models take it. */
function short(value: Cell): string {
  if (typeof value === 'string') return value;
  if (value === null || Number.isNaN(value)) return '';
  for (let digits = 1; digits < 9; digits += 1) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === Math.fround(value)) return text;
  }
  return String(value);
}

/**
 * A form for one row, an upload for many; both with what they cost, and how long they take, before anything is signed.
 * `after` is told after every attempt for how many rows the next one may be.
 */
export async function form(
  session: Session,
  loaded: Loaded,
  sample: Cell[] | undefined,
  describe: (shown: Shown) => HTMLElement,
  after?: (rows: number) => Promise<unknown>,
): Promise<HTMLElement> {
  const { card, model } = loaded;
  const ranges = rangesOf(card);
  const inputs = card.features.map((name, at) => {
    const value = sample && short(sample[at] ?? NaN);
    const [low, high] = ranges[at] ?? [];
    const placeholder = low === undefined || high === undefined ? undefined : `${brief(low)} to ${brief(high)}`;
    const text = textOf(card, at);
    if (text) return h('input', { id: `feature-${at}`, type: 'text', value, name, list: listOf(text.known, at) });
    return h('input', { id: `feature-${at}`, type: 'number', step: 'any', value, name, placeholder });
  });
  const answer = h('div', { 'aria-live': 'polite' });
  const rounding = loaded.owner && isRegression(card) ? [h('p', {}, ...roundTo(loaded))] : [];
  const [place, files] = [h('div', {}), h('div', {})];
  const cost = h('p', { class: 'cost' });
  const go = h('button', { class: 'main', type: 'submit' }, 'Encrypt and ask the chain');
  let price: Price | undefined;
  const offer = async () => {
    try {
      const now = await session.chain.price(model);
      const text = `A row costs ${await costOf(session, loaded, now)}.`;
      [price, cost.textContent] = [now, text];
    } catch (error) {
      [price, cost.textContent] = [undefined, `There is no price: ${why(error)}.`];
    }
  };
  await offer();
  /** What the visitor has seen. Without it, what needs no agreement: fees that this browser computes. */
  const agreed = async (): Promise<Price> => {
    const now = price ?? (await session.chain.price(model));
    if (!price && now.owner > 0n) throw new Error('look at the price first, and ask again');
    return now;
  };
  const show = (shown: Shown | string, badge?: HTMLElement) =>
    answer.replaceChildren(
      ...(typeof shown === 'string'
        ? [h('p', { class: 'answer' }, 'Noise'), h('p', {}, shown)]
        : badge
          ? [describe(shown), badge]
          : [h('p', { class: 'answer' }, 'Noise'), bars(shown.raw_scores ?? [], [])]),
    );
  const asking = async (rows: number, work: () => Promise<void>, button: HTMLButtonElement) => {
    const well = await attempt(work, button);
    // What came of it, and what has changed meanwhile; nobody waits for that.
    await Promise.all([after?.(well ? 1 : rows).catch(() => undefined), offer()]);
  };
  const one = (work: (run: Run) => Promise<void>) =>
    asking(
      1,
      () => {
        answer.replaceChildren();
        const run = new Run(session, loaded, show);
        place.replaceChildren(run.element);
        return work(run);
      },
      go,
    );
  const open = Run.openJob();
  if (open !== undefined) void one((run) => run.resume(open));
  let kept = await RowsFile.kept(session, loaded);
  /** Asks for the rows of a file, and has the answers of the last one in view. */
  const askFor = async (file: RowsFile) => {
    kept = file;
    files.replaceChildren(file.element);
    await file.run();
  };
  const take = async (file: File) => {
    if (kept && !kept.complete) throw new Error(UNFINISHED);
    const rows = inOrder(await readTable(file), loaded);
    if (rows.length > MAX_ROWS)
      throw new Error(
        `the file has ${rows.length} rows; at most ${MAX_ROWS} at a time: \`fhe-ml predict\` takes any number`,
      );
    const now = await session.chain.price(model, rows.length, loaded.mostRows);
    const sum = await costOf(session, loaded, now);
    const requests = now.requests.length > 1 ? `; ${now.requests.length} requests are signed` : '';
    const note = h('p', { role: 'status' });
    const ask = h('button', { class: 'main', type: 'button' }, `Encrypt and ask for ${rows.length} rows`);
    ask.addEventListener('click', async () => {
      const begin = async () => {
        const begun = await RowsFile.begin(session, loaded, file.name, rows, now, (text) => {
          note.textContent = text;
        });
        await askFor(begun);
      };
      await asking(rows.length, begin, ask);
      // Nothing was asked, perhaps since the price has changed: this is the new one.
      if (ask.isConnected) await take(file).catch(() => undefined);
    });
    answer.replaceChildren();
    place.replaceChildren();
    files.replaceChildren(
      h(
        'div',
        { class: 'card' },
        h('p', {}, `${file.name}: ${rows.length} rows, which cost ${sum}${requests}.`),
        h('p', {}, ask),
        note,
      ),
    );
    ask.focus();
  };
  if (kept) {
    files.replaceChildren(kept.element);
    if (!kept.complete && !kept.running) void attempt(() => askFor(kept as RowsFile));
  }
  const upload = h('input', {
    type: 'file',
    accept: '.csv,text/csv',
    class: 'visually-hidden',
    id: 'rows',
    onchange: () => {
      const [file] = upload.files ?? [];
      upload.value = '';
      if (file) void attempt(() => take(file), go);
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
          const row = inputs.map((input, at): Cell => {
            if (isText(card, at)) return input.value;
            return input.value === '' ? NaN : input.valueAsNumber;
          });
          if (row.every((cell) => cell === '' || Number.isNaN(cell)))
            return say('the form is empty: fill in what you know');
          void one(async (run) => run.start(row, await agreed()));
        },
      },
      h(
        'div',
        { class: 'features' },
        ...inputs.map((input, at) =>
          h(
            'div',
            {},
            h('label', { for: input.id }, (card.features[at] ?? '').replaceAll('_', ' ')),
            input,
            ...choices(card, at),
          ),
        ),
      ),
      ...rounding,
      cost,
      h('p', {}, go, ' ', h('label', { class: 'button', for: 'rows' }, 'Many rows from a CSV file', upload)),
    ),
    answer,
    place,
    files,
  );
}

const listOf = (known: string[], feature: number) => (known.length > 0 ? `known-${feature}` : undefined);

/** The texts that a model knows of a feature. */
function choices(card: ModelCard, feature: number): HTMLElement[] {
  const { known = [] } = textOf(card, feature) ?? {};
  const id = listOf(known, feature);
  return id ? [h('datalist', { id }, ...known.map((value) => h('option', { value })))] : [];
}

/** What a private model's value is rounded to: its last digits are those that made-up answers speak with. */
function roundTo(loaded: Loaded): HTMLElement[] {
  const input = h('input', {
    id: 'step',
    type: 'number',
    min: '0',
    step: 'any',
    placeholder: 'all digits',
    oninput: () => {
      const step = input.valueAsNumber;
      if (step > 0) loaded.step = step;
      else delete loaded.step;
    },
  });
  return [h('label', { for: 'step' }, 'Round the answer to multiples of '), input];
}

/** A number as a hint, not as a value. */
const brief = (value: number) => String(Number(value.toPrecision(2)));

/** What rows cost and how long they take, in words. */
async function costOf(session: Session, loaded: Loaded, price: Price): Promise<string> {
  const { workers, most, requests } = price;
  const owner = requests.reduce((sum, { rows }) => sum + price.owner * BigInt(rows), 0n);
  const seconds = Math.ceil(await session.chain.seconds(loaded.model, price));
  const time = seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
  const parts =
    owner > 0n
      ? `${fhe(owner + workers)}: ${fhe(owner)} to the model's owner and ${fhe(workers)} to the workers`
      : fhe(workers);
  const key = await keyDeposit(session, loaded);
  const deposit = key
    ? `. Your server key is registered ${key.registered ? 'already' : 'first'}, with a deposit of ${fhe(key.held)} that ` +
      'comes back when it is removed'
    : '';
  return `${parts}; never more than ${fhe(most)}. The answer takes about ${time}${deposit}`;
}
