// A file of rows: cut into requests, several of which are on their way at one time, and kept in this browser until it is
// forgotten. A page that is loaded again goes on where it was; no request is made twice.

import { type Cell, classesOf, isRegression } from '@fhe-ml/client';
import { fhe } from '@fhe-ml/client/chain';
import Papa from 'papaparse';
import type { Answer, Part, Price } from './chain.ts';
import { ask } from './crypto.ts';
import { attempt, h, why } from './dom.ts';
import { allowed, type Loaded, refusing, registered, type Session, UNVERIFIED } from './run.ts';
import type { Booked, RowAnswer, StoredFile, StoredPart } from './store.ts';

/** Rows that are shown; all of them are in the file that can be saved. */
const SHOWN = 1000;
/** Milliseconds until another tab has let go of a file: one that is loaded again does so at once. */
const PATIENCE = 3000;

type Kept = Omit<StoredPart, 'input'>;
/** A part that is to be sent. */
type Sent = Part & Pick<Kept, 'first'>;

/** Files that are being asked for: who goes to another part of the page and comes back finds them again. */
const running = new Map<string, RowsFile>();

const sum = (numbers: number[]) => numbers.reduce((all, number) => all + number, 0);

/** Rows with their answers, as they come. */
export class RowsFile {
  readonly element = h('div', { class: 'card' });
  private readonly count = h('p', { role: 'status' });
  private readonly bar: HTMLProgressElement;
  private readonly body = h('tbody', {});
  private readonly buttons = h('p', {});
  /** Why the rows of a part are missing, by the number of the first one. */
  private readonly failures = new Map<number, string>();
  private block = 0;
  private stopping: AbortController | undefined;

  private constructor(
    private readonly session: Session,
    private readonly loaded: Loaded,
    private readonly id: string,
    private readonly file: StoredFile,
    private parts: Kept[],
  ) {
    this.bar = h('progress', { max: file.rows, value: 0, 'aria-label': 'Rows predicted' });
    const head = h('tr', {}, ...this.columns().map((name) => h('th', { scope: 'col' }, name)));
    const table = h('table', {}, h('thead', {}, head), this.body);
    this.element.append(this.count, this.bar, this.buttons, h('div', { class: 'scroll' }, table));
    this.show();
  }

  /** The file that was asked for last, with the keys that are there now. */
  static async kept(session: Session, loaded: Loaded): Promise<RowsFile | undefined> {
    const keys = await session.knownKeys(loaded.owner);
    if (!keys) return undefined;
    const id = idOf(session, loaded, keys.hash);
    const here = running.get(id);
    if (here) return here;
    const found = await ask('file', id);
    return found && new RowsFile(session, loaded, id, found.file, found.parts);
  }

  /** Encrypts all rows, before the first is paid for, and keeps them. */
  static async begin(
    session: Session,
    loaded: Loaded,
    name: string,
    rows: Cell[][],
    price: Price,
    note: (text: string) => void,
  ): Promise<RowsFile> {
    const { owner, hash } = loaded;
    await allowed(session, loaded, price, rows.length);
    const id = idOf(session, loaded, (await session.keys(owner)).hash);
    return exclusively(id, async () => {
      const before = await ask('file', id);
      if (before?.parts.some(({ done }) => !done)) throw new Error(UNFINISHED);
      await ask('forgetFile', id);
      let first = 0;
      for (const { rows: count, most } of price.requests) {
        note(`${first} of ${rows.length} rows are encrypted`);
        await ask('addPart', id, hash, rows.slice(first, first + count), { first, rows: count, most }, owner);
        first += count;
      }
      const file: StoredFile = {
        name,
        rows: rows.length,
        account: session.account().address,
        price: price.owner,
        atOnce: price.atOnce,
        step: loaded.step,
      };
      await ask('keepFile', id, file);
      const kept = await ask('file', id);
      return new RowsFile(session, loaded, id, file, kept?.parts ?? []);
    });
  }

  /** Whether all answers are there. */
  get complete(): boolean {
    return this.parts.every(({ done }) => done);
  }

  get running(): boolean {
    return this.stopping !== undefined;
  }

  /** Asks for what is missing, and shows the answers as they come. */
  async run(): Promise<void> {
    const stopping = new AbortController();
    const { signal } = stopping;
    this.stopping = stopping;
    running.set(this.id, this);
    this.failures.clear();
    this.show();
    const work = () => {
      const stopped = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
      return Promise.race([this.askAll(signal), stopped]);
    };
    try {
      await exclusively(this.id, work);
    } finally {
      this.stopping = undefined;
      running.delete(this.id);
      this.show();
    }
  }

  private async askAll(stop: AbortSignal): Promise<void> {
    const { session, loaded, file, id } = this;
    // Another tab, or an answer that came after a stop, may have brought some.
    const parts = (await ask('file', id))?.parts ?? [];
    if (parts.length === 0) throw new Error('these rows were forgotten in another tab');
    this.parts = parts;
    const account = session.account(file.account);
    const key = await registered(session, loaded, account, (text) => {
      this.count.textContent = text;
    });
    const { number, leastRedundancy: redundancy } = loaded.model;
    const wanted = { model: number, redundancy, key, price: file.price, account };
    async function* missing(): AsyncGenerator<Sent> {
      for (const { first, rows, most, booked, done } of parts) {
        if (done) continue;
        const input = await ask('inputOf', id, first);
        const book = (booked: Booked) => ask('book', id, first, booked);
        yield { first, rows, most, input, booked, book };
      }
    }
    const seen = (block: number) => {
      this.block = Math.max(this.block, block);
      if (!stop.aborted) this.say();
    };
    await session.chain.requestAll(wanted, missing(), file.atOnce, (part, answer) => this.take(part, answer, stop), {
      stop,
      seen,
    });
  }

  /** Opens the answer to a part. */
  private async take({ first }: Sent, answer: Promise<Answer>, stop: AbortSignal): Promise<void> {
    const { session, loaded, file, id } = this;
    try {
      const { requested, result } = await answer;
      stop.throwIfAborted();
      const { job, fee } = requested;
      const opening = ask('openPart', id, loaded.hash, first, { job, fee, result }, loaded.owner, file.step);
      const done = await refusing(session, job, opening);
      const part = this.parts.find((part) => part.first === first);
      if (part) part.done = done;
    } catch (error) {
      if (!stop.aborted) this.failures.set(first, why(error));
      throw error;
    } finally {
      if (!stop.aborted) this.show();
    }
  }

  private columns(): string[] {
    return this.loaded.owner ? ['Row', 'Prediction', 'Job'] : ['Row', 'Prediction', 'Scores', 'Job'];
  }

  /** How far it is: rows, what was checked, blocks and money. */
  private say(): void {
    const done = this.parts.flatMap(({ rows, done }) => (done ? [{ rows, ...done }] : []));
    const failed = sum(this.parts.filter(({ first }) => this.failures.has(first)).map(({ rows }) => rows));
    const there = sum(done.map(({ rows }) => rows)) + failed;
    const verified = sum(done.filter(({ verified }) => verified).map(({ rows }) => rows));
    const checked = this.loaded.owner ? UNVERIFIED : `${verified} verified on this machine`;
    const paid = done.reduce((all, { fee }) => all + fee, 0n);
    this.bar.value = there;
    this.count.textContent =
      `${there} of ${this.file.rows} rows, ${checked}${failed ? `, ${failed} failed` : ''}; ` +
      `${this.block ? `block ${this.block}, ` : ''}${fhe(paid)} paid for ${done.length} of ${this.parts.length} requests`;
  }

  private show(): void {
    this.say();
    const button = (text: string, work: () => Promise<void>) => {
      const made = h('button', { type: 'button' }, text);
      made.addEventListener('click', () => void attempt(work, made));
      return made;
    };
    const { stopping } = this;
    const shown = [
      stopping && button('Stop', async () => stopping.abort(new Error(STOPPED))),
      !stopping && !this.complete && button('Go on with the rows that are missing', () => this.run()),
      this.parts.some(({ done }) => done) && button('Save the predictions as CSV', async () => this.save()),
      !stopping && button('Forget these rows', () => this.forget()),
    ];
    this.buttons.replaceChildren(...shown.flatMap((each) => (each ? [each, ' '] : [])));
    const rows = this.parts.flatMap((part) => this.lines(part)).slice(0, SHOWN);
    const more = this.file.rows - SHOWN;
    const rest = `${more} more are in the file that you can save.`;
    const last = more > 0 ? [h('tr', {}, h('td', { colspan: this.columns().length }, rest))] : [];
    this.body.replaceChildren(...rows, ...last);
  }

  /** What the table shows of a part. */
  private lines({ first, rows, done }: Kept): HTMLElement[] {
    const failure = this.failures.get(first);
    return Array.from({ length: Math.min(rows, SHOWN) }, (_, at) => {
      const number = h('td', {}, String(first + at));
      const answer = done?.answers[at];
      if (done && answer) {
        const { prediction, scores } = answer;
        const cells = [String(prediction), ...(scores ? [scores.map((score) => score.toFixed(4)).join(' ')] : [])];
        return h('tr', {}, number, ...[...cells, String(done.job)].map((text) => h('td', {}, text)));
      }
      return failure ? h('tr', {}, number, h('td', { colspan: this.columns().length - 1 }, failure)) : h('tr', {});
    });
  }

  /** Has the browser save the predictions, as the tool writes them. */
  private save(): void {
    const { card } = this.loaded;
    const rows = this.parts.flatMap(({ first, done }) =>
      (done?.answers ?? []).map((answer, at) => ({ at: first + at, answer })),
    );
    const one = rows[0]?.answer;
    if (!one) return;
    // Those of a regression are the prediction.
    const scoresOf = ({ scores = [] }: RowAnswer) => (isRegression(card) ? [] : scores);
    const scores = scoresOf(one);
    const classes = classesOf(card);
    const header = [
      'row',
      ...(Array.isArray(one.prediction) ? one.prediction.map((_, at) => `prediction_${at}`) : ['prediction']),
      ...scores.map((_, at) => `score_${classes?.length === scores.length ? classes[at] : at}`),
    ];
    const lines = rows.map(({ at, answer }) => [at, ...[answer.prediction].flat(), ...scoresOf(answer)]);
    const text = `${Papa.unparse([header, ...lines], { newline: '\n' })}\n`;
    const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
    h('a', { href: url, download: this.file.name.replace(/(\.csv)?$/i, '.scores.csv') }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  private async forget(): Promise<void> {
    const question = this.complete
      ? 'Predictions that are not saved are lost. Forget them?'
      : 'Answers that are paid for and not saved are lost. Forget these rows?';
    if (!confirm(question)) return;
    await ask('forgetFile', this.id);
    this.parts = [];
    this.element.remove();
  }
}

/** Why no other file can be asked for. */
export const UNFINISHED = 'the answers to another file are not all there: go on with it, or forget its rows, first';
const STOPPED = 'stopped: what was asked for already is paid for, and its answers come when you go on';

/** One file of a model and a pair of keys is kept: with other keys its answers would mean nothing. */
const idOf = ({ chain }: Session, { model, hash }: Loaded, key: string) =>
  [chain.api.genesisHash, model.number, hash, key].join('/');

/** Lets no other tab work at the same file meanwhile. */
async function exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
  const name = `fhe-ml/${id}`;
  let held = false;
  try {
    return await navigator.locks.request(name, { signal: AbortSignal.timeout(PATIENCE) }, () => {
      held = true;
      return work();
    });
  } catch (error) {
    if (held) throw error;
    throw new Error('another tab of this browser is asking for a file of this model: wait until it is done there');
  }
}
