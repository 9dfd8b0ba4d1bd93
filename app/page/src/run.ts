// One inference as the visitor sees it: each step, what it sends, and what the collator gets to see.

import {
  type Cell,
  type Hex,
  type ModelCard,
  type ModelOwner,
  type Prediction,
  type Told,
  toHex,
} from '@fhe-ml/client';
import { fhe, type Offer } from '@fhe-ml/client/chain';
import type { Account } from './accounts.ts';
import { NOISY_SCORES, noisy } from './card.ts';
import type { Chain, Price } from './chain.ts';
import { standingText } from './court.ts';
import { ask, type OwnKeys } from './crypto.ts';
import { attempt, bytes, h, picture, why } from './dom.ts';

/** What all demonstrations share. */
export interface Session {
  chain: Chain;
  /** The account that pays: the chosen one, or the one with this address. */
  account(address?: string): Account;
  /** The keys for public models, or for an owner's private ones; made if there are none. */
  keys(owner?: ModelOwner): Promise<OwnKeys>;
  /** The same, if there are any. */
  knownKeys(owner?: ModelOwner): Promise<OwnKeys | undefined>;
}

/** A model of the chain that the worker has loaded. */
export interface Loaded {
  model: Offer;
  hash: string;
  card: ModelCard;
  /** Of a private model: its owner, and what the owner shows of it. */
  owner: ModelOwner | undefined;
  told: Told | undefined;
  /** Most rows of one request. */
  mostRows: number;
  /** What its values are rounded to multiples of. */
  step?: number;
}

/** What is shown of a prediction: of a private model no scores, unless they are demanded. */
export type Shown = Pick<Prediction, 'prediction' | 'tie'> &
  Partial<Prediction> & { demand?: () => Promise<Pick<Prediction, 'scores'>> };

/** Where a model is, as the worker remembers it. */
export const placeOf = ({ chain }: Session, { number }: Offer) => ({
  genesis: chain.api.genesisHash,
  number,
});

export async function load(session: Session, model: Offer): Promise<Loaded> {
  const artifact = await session.chain.artifact(model.number);
  const { hash, card, told, mostRows } = await known(session, model, () =>
    ask('model', artifact, placeOf(session, model)),
  );
  if ((told === undefined) !== (model.private === undefined)) {
    throw new Error(`the chain says of model ${model.number} that it is ${model.kind}, and it is not: the node lies`);
  }
  const chain = session.chain.api.genesisHash;
  const owner = model.private && { chain, account: model.private.account };
  return { model, hash, card, told, mostRows, owner };
}

/** Offers to forget a model whose number another one had before. */
export async function known<T>(session: Session, model: Offer, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AnotherModel') throw error;
    if (!confirm(`${error.message}. Only if you know that the chain was started anew: use the new model?`)) throw error;
    await ask('forgetModel', placeOf(session, model));
    return work();
  }
}

/** What verification found, beside an answer. */
export function badge(verified: number | undefined): HTMLElement {
  return verified === undefined
    ? h('p', { class: 'badge' }, 'not among the results that are verified on this machine')
    : h('p', { class: 'badge', 'data-state': 'verified' }, `verified on this machine in ${verified.toFixed(1)} ms`);
}

/** What is held for the keys that the model needs, if any, and whether they are registered already. */
export async function keyDeposit({ chain, knownKeys }: Session, { model, card, owner }: Loaded) {
  if (!model.needsServerKey) return undefined;
  const keys = await knownKeys(owner);
  const { server_key, bootstrap_key = 0 } = card.sizes;
  const hasServerKey = keys !== undefined && (await chain.hasServerKey(keys.hash)) !== undefined;
  const registered = hasServerKey && (bootstrap_key === 0 || (await chain.hasBootstrapKey(keys.hash)));
  return { held: chain.deposit((hasServerKey && !registered ? 0 : server_key) + bootstrap_key), registered };
}

/** Sees to it that the chain has the keys that the model needs. */
export async function registered(
  session: Session,
  loaded: Loaded,
  account: Account,
  note: (text: string) => void,
): Promise<Hex | undefined> {
  const keys = await session.keys(loaded.owner);
  if (!loaded.model.needsServerKey) {
    note('this model needs no server key');
    return undefined;
  }
  const owner = await session.chain.hasServerKey(keys.hash);
  if (owner === undefined) {
    note(`registering the server key, ${bytes(keys.server.length)}, in one transaction`);
    const block = await session.chain.registerServerKey(keys.server, account);
    note(`server key of ${bytes(keys.server.length)} registered in block ${block}`);
  } else if (owner !== account.address) {
    throw new Error('another account has registered your server key: choose that account, or make new keys');
  } else {
    note('the chain has your server key already');
  }
  if (loaded.card.sizes.bootstrap_key && !(await session.chain.hasBootstrapKey(keys.hash))) {
    const key = await ask('bootstrapKey');
    note(`registering the bootstrap key, ${bytes(key.length)}, in one transaction`);
    const block = await session.chain.registerBootstrapKey(key, account);
    note(`bootstrap key of ${bytes(key.length)} registered in block ${block}`);
  }
  return keys.hash;
}

/** Sees to it that a model takes so many rows at this price, and that the key may decrypt the answers. */
export async function allowed(session: Session, loaded: Loaded, price: Price, rows: number): Promise<void> {
  const wish = { account: session.account().address, price: price.owner, rows };
  const refused = await session.chain.obstacle(loaded.model.number, wish);
  if (refused) throw new Error(refused);
  if (!loaded.owner) return;
  await session.keys(loaded.owner);
  await ask('room', loaded.owner, rows);
}

/** What is said beside an answer of a private model. */
export const UNVERIFIED = 'not verified: nobody but the evaluators of its owner can';

/** Names the workers of a result that was refused. */
export async function refusing<T>({ chain }: Session, job: number, opened: Promise<T>): Promise<T> {
  try {
    return await opened;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'WrongResult') throw error;
    const workers = await chain.workersOf(job);
    throw new Error(
      `Job ${job} (worker ${workers.join(', ')}): ${error.message}. Under "The chain" you can challenge it.`,
    );
  }
}

const STEPS = ['Keys', 'Encrypt', 'Submit', 'Evaluate', 'Result', 'Verify', 'Decrypt'] as const;
type Step = (typeof STEPS)[number];
const OPEN_JOB = 'fhe-ml-open-job';

const digest = async (data: Uint8Array) =>
  toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', data as BufferSource)));

/** A list of steps, and beside it what the collator sees. */
export class Run {
  readonly element: HTMLElement;
  private readonly items = new Map<Step, HTMLElement>();
  private readonly seen = h('div', {});

  /** `show` gets a prediction with its badge, or what a wrong key gives: numbers, or why there are none. */
  constructor(
    private readonly session: Session,
    private readonly loaded: Loaded,
    private readonly show: (shown: Shown | string, badge?: HTMLElement) => void,
  ) {
    const list = h('ol', { class: 'steps', 'aria-live': 'polite' });
    for (const step of STEPS) {
      if (step === 'Verify' && loaded.owner) continue; // Nobody but the evaluators could.
      const item = h('li', {}, step, h('small', {}));
      this.items.set(step, item);
      list.append(item);
    }
    const warning = noisy(loaded.card) ? h('p', { class: 'hint' }, h('strong', {}, `${NOISY_SCORES}.`)) : '';
    this.element = h('div', {}, warning, h('div', { class: 'columns' }, list, this.seen));
  }

  private mark(step: Step, state: 'now' | 'done' | 'failed', note?: string): void {
    const item = this.items.get(step);
    if (!item) return;
    item.dataset.state = state;
    const small = item.querySelector('small');
    if (small && note !== undefined) small.textContent = note;
  }

  private async step<T>(step: Step, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
    this.mark(step, 'now');
    try {
      const value = await work((text) => this.mark(step, 'now', text));
      this.mark(step, 'done');
      return value;
    } catch (error) {
      this.mark(step, 'failed', why(error));
      throw error;
    }
  }

  /** The whole way of one row, for the price that the visitor has seen. */
  async start(row: Cell[], price: Price): Promise<void> {
    const { loaded } = this;
    const account = this.session.account();
    const key = await this.step('Keys', async (note) => {
      await allowed(this.session, loaded, price, 1);
      return registered(this.session, loaded, account, note);
    });
    const input = await this.step('Encrypt', async (note) => {
      const start = performance.now();
      const encrypted = await ask('encrypt', loaded.hash, row, loaded.owner);
      note(`${bytes(encrypted.length)} in ${Math.round(performance.now() - start)} ms, in this browser`);
      return encrypted;
    });
    this.seen.replaceChildren(
      h('p', {}, 'What the collator sees of your data:'),
      picture(input, 'Ciphertext as a picture: noise'),
      h('code', {}, Array.from(input.slice(0, 48), (b) => b.toString(16).padStart(2, '0')).join(' '), ' …'),
    );
    const requested = await this.step('Submit', async (note) => {
      note(`at most ${fhe(price.most)}; waiting for a block`);
      const { number, leastRedundancy: redundancy } = loaded.model;
      const wanted = { model: number, redundancy, key, price: price.owner, account };
      const included = await this.session.chain.request(wanted, { rows: 1, input, most: price.most });
      const share = price.owner > 0n ? `, of which ${fhe(price.owner)} for the owner` : '';
      note(`job ${included.job} in block ${included.block}, fee ${fhe(included.fee)}${share}`);
      return included;
    });
    localStorage.setItem(
      OPEN_JOB,
      JSON.stringify({ job: requested.job, hash: location.hash, input: await digest(input) }),
    );
    await this.finish(requested.job, requested.block, input);
  }

  /** The second half: also of a job that was requested before the page was loaded again. */
  private async finish(job: number, asked: number | undefined, input: Uint8Array): Promise<void> {
    const { loaded } = this;
    const start = performance.now();
    const { result, block } = await this.step('Evaluate', async (note) => {
      const found = await this.session.chain.result(job, (at) => note(`a collator evaluates job ${job}; block ${at}`));
      note(`on ciphertexts, about ${(loaded.model.work / 1000).toFixed(1)} ms of one core`);
      return found;
    });
    await this.step('Result', async (note) => {
      const after = asked === undefined ? '' : `, ${block - asked} after the request`;
      note(`${bytes(result.length)} in block ${block}${after}, ${((performance.now() - start) / 1000).toFixed(1)} s`);
    });
    localStorage.removeItem(OPEN_JOB);
    this.seen.append(h('p', {}, 'And of the result:'), picture(result, 'Encrypted result as a picture: noise'));
    await (loaded.owner ? this.answer(loaded.owner, input, result) : this.open(job, input, result));
  }

  /** Decrypts what a private model answers, which is counted before. */
  private async answer(owner: ModelOwner, input: Uint8Array, result: Uint8Array): Promise<void> {
    const { prediction, id } = await this.step('Decrypt', async (note) => {
      const answer = await ask('answer', owner, this.loaded.hash, input, result, this.loaded.step);
      note(`answer ${answer.count} of ${answer.most} to your key for this owner, in this browser`);
      return answer;
    });
    this.show({ prediction, demand: () => ask('scores', id) }, h('p', { class: 'badge' }, UNVERIFIED));
  }

  /** Verifies and decrypts what any other model answers. */
  private async open(job: number, input: Uint8Array, result: Uint8Array): Promise<void> {
    const { loaded } = this;
    const {
      value: prediction,
      verified,
      decrypted,
    } = await this.step('Verify', async (note) => {
      note('this browser evaluates again, on the ciphertext');
      const opened = await refusing(this.session, job, ask('open', loaded.hash, input, result));
      note(
        opened.verified === undefined
          ? 'not this one: of a model this slow, one result in eight is verified'
          : `the same bytes, in ${opened.verified.toFixed(1)} ms, in this browser`,
      );
      return opened;
    });
    await this.step('Decrypt', async (note) => note(`in ${Math.max(1, Math.round(decrypted))} ms, in this browser`));
    // The answer does not wait for it: it is there, also if the node is not.
    const standing = h('p', { class: 'hint' });
    const say = (text: string) => standing.replaceChildren(`job ${job}: ${text}`);
    void this.standing(job).then(say, () => undefined);
    const mine = () => this.show(prediction, h('div', {}, badge(verified), standing));
    mine();
    const wrong = h(
      'button',
      {
        type: 'button',
        onclick: () => void attempt(async () => this.show(await ask('openWrongly', loaded.hash, input, result))),
      },
      'Decrypt with a wrong key',
    );
    const right = h('button', { type: 'button', onclick: mine }, 'With mine again');
    this.seen.append(h('p', {}, wrong, ' ', right));
  }

  /** Whether the outcome of a job is final, in words. */
  private async standing(job: number): Promise<string> {
    const { chain } = this.session;
    const [[standing], head] = await Promise.all([chain.standings([job]), chain.api.rpc.chain_getHeader()]);
    return standing ? standingText(standing, head?.number ?? 0) : '';
  }

  /** The job that was under way when the page was left, if it belongs to this part of the page. */
  static openJob(): number | undefined {
    try {
      const { job, hash } = JSON.parse(localStorage.getItem(OPEN_JOB) ?? 'null') ?? {};
      return hash === location.hash && Number.isInteger(job) ? job : undefined;
    } catch {
      return undefined;
    }
  }

  static forgetOpenJob(): void {
    localStorage.removeItem(OPEN_JOB);
  }

  /** Takes up a job that was under way. */
  async resume(job: number): Promise<void> {
    await this.session.keys(this.loaded.owner);
    const found = await this.session.chain.input(job);
    if (!found || found.model !== this.loaded.model.number) return Run.forgetOpenJob();
    // What somebody else has encrypted, or made up, is not decrypted.
    if ((await digest(found.input)) !== JSON.parse(localStorage.getItem(OPEN_JOB) ?? '{}').input) {
      Run.forgetOpenJob();
      throw new Error(`the node shows another input for job ${job} than the one that was encrypted here`);
    }
    for (const step of ['Keys', 'Encrypt', 'Submit'] as const) this.mark(step, 'done');
    this.mark('Submit', 'done', `job ${job}, from before the page was loaded again`);
    await this.finish(job, undefined, found.input);
  }
}

/** Scores as bars. */
export function bars(scores: number[], names: string[]): HTMLElement {
  const best = scores.indexOf(Math.max(...scores));
  const [low, high] = [Math.min(0, ...scores), Math.max(1e-9, ...scores)];
  return h(
    'div',
    { class: 'bars' },
    ...scores.map((score, at) =>
      h(
        'div',
        { class: at === best ? 'bar best' : 'bar' },
        h('span', {}, names[at] ?? String(at)),
        h('meter', { min: low, max: high, value: score, 'aria-label': names[at] ?? String(at) }),
        h('span', {}, Math.abs(score) < 1e6 ? score.toFixed(4) : score.toExponential(2)),
      ),
    ),
  );
}
