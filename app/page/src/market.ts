// The market: what the models of the chain offer, and one of them asked.

import { classesOf, FILTERS, type ModelCard, type ModelOwner } from '@fhe-ml/client';
import { fhe, type Kind, type Offer, type PrivateOffer } from '@fhe-ml/client/chain';
import { cardLines, facts } from './card.ts';
import { ask } from './crypto.ts';
import { attempt, h } from './dom.ts';
import { form } from './form.ts';
import { bars, type Loaded, load, registered, type Session, type Shown } from './run.ts';

/** Bits of a client key. */
const KEY_BITS = '2,048';

/** What the visitor looks for; it stays when a model has been looked at. */
const wanted = { text: '', kind: '' as Kind | '', active: true };

export async function market(session: Session): Promise<HTMLElement> {
  const [, number] = location.hash.split('/');
  return number === undefined ? list(session) : one(session, Number(number));
}

const count = (number: number, one: string, many: string) => `${number} ${number === 1 ? one : many}`;
const short = (text: string) => `${text.slice(0, 8)}…${text.slice(-4)}`;

/** What is hidden from whom, in a sentence or two. */
function hidden({ kind, private: offered }: Offer): string {
  switch (kind) {
    case 'public':
      return 'Your row and its answer are hidden from everybody. The model is open to all, so this browser can check its answers, and does.';
    case 'encrypted':
      return 'Row, answer and model are hidden from everybody but the owner of one client key, who alone can ask.';
    case 'private':
      return (
        'Your row and its answer are hidden from everybody, the owner too. The model is hidden from you: only its owner and ' +
        `${count(offered?.evaluators.length ?? 0, 'evaluator has', 'evaluators have')} it, and nobody else can check an answer.`
      );
  }
}

const state = (offer: Offer) => (offer.retired ? 'retired' : offer.private?.suspended ? 'suspended' : 'takes requests');
const badge = (text: string, name = text) => h('span', { class: 'badge', 'data-kind': name }, text);

async function list({ chain }: Session): Promise<HTMLElement> {
  const offers = await chain.models();
  const status = h('p', { role: 'status', class: 'hint' });
  const place = h('ul', { class: 'offers' });
  const entry = (offer: Offer) => {
    const fee = chain.fee(offer);
    const price = offer.private?.price ?? 0n;
    return h(
      'li',
      { class: 'card' },
      h('h3', {}, h('a', { href: `#market/${offer.number}` }, offer.name)),
      h('p', {}, badge(offer.kind), ' ', offer.active ? '' : badge(state(offer), 'closed')),
      h('p', { class: 'price' }, fhe(price + fee), h('small', {}, ' a row')),
      h(
        'p',
        { class: 'hint' },
        offer.private
          ? `${fhe(price)} to its owner ${short(offer.private.owner)}, ${fhe(fee)} to the workers`
          : `${fhe(fee)} to the workers`,
      ),
      h('p', {}, hidden(offer)),
    );
  };
  const show = () => {
    const found = offers.filter(
      ({ name, kind, active, private: offered }) =>
        `${name} ${offered?.owner ?? ''}`.toLowerCase().includes(wanted.text.trim().toLowerCase()) &&
        (wanted.kind === '' || kind === wanted.kind) &&
        (active || !wanted.active),
    );
    status.textContent = `${found.length} of ${count(offers.length, 'model', 'models')}`;
    place.replaceChildren(...found.map(entry));
  };
  const text = h('input', {
    type: 'search',
    id: 'market-text',
    value: wanted.text,
    oninput: () => {
      wanted.text = text.value;
      show();
    },
  });
  const kind = h(
    'select',
    {
      id: 'market-kind',
      onchange: () => {
        wanted.kind = kind.value as Kind | '';
        show();
      },
    },
    h('option', { value: '' }, 'all'),
    ...(['public', 'private', 'encrypted'] as const).map((each) =>
      h('option', { value: each, selected: wanted.kind === each }, each),
    ),
  );
  const active = h('input', {
    type: 'checkbox',
    checked: wanted.active,
    onchange: () => {
      wanted.active = active.checked;
      show();
    },
  });
  show();
  return h(
    'div',
    {},
    h('h2', {}, 'Models that you can ask'),
    h(
      'form',
      { class: 'filter', role: 'search', onsubmit: (event: Event) => event.preventDefault() },
      h('span', {}, h('label', { for: 'market-text' }, 'Name or owner'), ' ', text),
      h('span', {}, h('label', { for: 'market-kind' }, 'Kind'), ' ', kind),
      h('label', {}, active, ' only those that take requests'),
    ),
    status,
    place,
  );
}

/** Who reads and checks what, and who is paid. */
function trust(offer: Offer): [string, string][] {
  const { private: offered } = offer;
  const you: [string, string] = ['Who reads your row and its answer', 'you alone'];
  if (!offered) {
    return [
      you,
      ['Who reads the model', offer.kind === 'public' ? 'everybody' : `the owner of server key ${offer.encryptedFor}`],
      ['Who can check an answer', offer.kind === 'public' ? 'everybody; this browser does' : 'its owner'],
      [
        'Workers that must agree on an answer',
        offer.leastRedundancy === 1 ? '1' : `${offer.leastRedundancy}, each paid for its work`,
      ],
    ];
  }
  const { owner, evaluators, auditor, bond, quota, next } = offered;
  const lines: [string, string][] = [
    you,
    [
      'Who reads the model',
      `its owner ${owner}, and ${evaluators.length === 1 ? 'the evaluator' : 'the evaluators'} ${evaluators.map(short).join(', ')}`,
    ],
    [
      'Who can check an answer',
      auditor ? `the evaluators, and the auditor ${auditor}` : 'the evaluators alone; no auditor is named',
    ],
    [
      'What makes good for a wrong one',
      bond > 0n ? `the owner's bond of ${fhe(bond)}, if it is found out` : 'nothing: there is no bond left',
    ],
  ];
  if (next)
    lines.push([`From block ${next.from} on`, `a row costs ${fhe(next.terms.price)}, and the fee of the workers`]);
  if (quota)
    lines.push(['How often you can ask', `for ${count(quota.requests, 'row', 'rows')} in ${quota.period} blocks`]);
  return lines;
}

/** Bits of a client key that whoever made up an answer learns from what is done with its class. */
const bitsOf = (classes: (string | number)[]) => Math.log2(Math.max(2, classes.length));

/** Answers after which the owner could know as many bits as `most` answers of two classes tell. */
function enough(card: ModelCard, most: number): number {
  const classes = classesOf(card);
  return classes ? Math.floor(most / bitsOf(classes)) : most;
}

/** What the owner of a private model could learn, in plain words. */
function lessons(card: ModelCard, offered: PrivateOffer, answers: number, most: number): HTMLElement {
  const classes = classesOf(card);
  const limit = enough(card, most);
  const key = classes
    ? `An answer is one of ${classes.length} classes, so whoever makes answers up and sees what you do with each learns at ` +
      `most ${count(Number(bitsOf(classes).toFixed(1)), 'bit', 'bits')} of your key from it: ` +
      `${Math.floor(bitsOf(classes) * limit)} of its ${KEY_BITS} bits in ${limit} answers.`
    : 'An answer is a number, and has many bits. Do not let the owner see what you do with it: made-up numbers that it ' +
      'sees again tell it your key. Rounded, below, it tells as many bits as there are numbers that it may be.';
  return h(
    'details',
    { class: 'lessons', open: answers === 0 },
    h('summary', {}, 'What the owner of this model could learn of you'),
    h(
      'ul',
      {},
      h('li', {}, 'Of your row: nothing. It is encrypted with a key that stays in this browser.'),
      h('li', {}, 'That you ask, when, how often and from which account: everybody sees that on the chain.'),
      h('li', {}, 'Of your key: nothing, if the answers are honest. Nobody but the evaluators can tell. ', key),
      h('li', {}, 'A wrong answer, on purpose or not, looks like any other to you.'),
    ),
    h(
      'p',
      { class: 'hint' },
      `So this page has a client key for ${short(offered.owner)} alone, shows the ${classes ? 'class' : 'value'} and not the scores behind it, and offers you a new key after ${limit} answers.`,
    ),
  );
}

/** How much a key has answered to its owner, and a new one with one click when that is enough. */
function keyPanel(session: Session, loaded: Loaded, owner: ModelOwner) {
  const text = h('p', { role: 'status' });
  const renew = h('button', { type: 'button', class: 'main' }, 'Make the next key and register it');
  const reason = h('p', {});
  const spent = h('div', { hidden: true }, reason, h('p', {}, renew));
  /** `wants`: rows that are to be asked for. */
  const refresh = async (wants = 1) => {
    const { answers, most } = await ask('answered', owner);
    text.textContent = `Your key for this owner has decrypted ${answers} of ${most} answers.`;
    const deposit = fhe(session.chain.deposit(loaded.card.sizes.server_key));
    const limit = enough(loaded.card, most);
    reason.textContent =
      `After ${limit} answers to one key, an owner who made them up and saw what you did with each could know too much ` +
      'of it. The next key tells nothing of this one; answers that are still on their way to this one are lost. ' +
      `A deposit of ${deposit} is held for it, too.`;
    spent.hidden = answers + wants <= limit;
    return { answers, most };
  };
  renew.addEventListener('click', () => {
    const work = async () => {
      await ask('nextOwnerKeys', owner);
      await registered(session, loaded, session.account(), (note) => {
        text.textContent = note;
      });
      await refresh();
    };
    void attempt(work, renew);
  });
  return { element: h('div', { class: 'key' }, text, spent), refresh };
}

/** A class, or the value of a regression; scores only if they are asked for a second time. */
function answer(card: ModelCard, { prediction, scores, demand }: Shown): HTMLElement {
  const names = classesOf(card)?.map(String) ?? [];
  const head = h('p', { class: 'answer' }, String(prediction));
  if (scores) return h('div', {}, head, bars(scores, names));
  const place = h('div', { class: 'scores' });
  const show = h('button', { type: 'button' }, 'Show them to me all the same');
  show.addEventListener('click', () => {
    void attempt(async () => {
      if (demand) place.replaceChildren(bars((await demand()).scores, names));
    }, show);
  });
  const first = h('button', { type: 'button' }, 'Scores …');
  first.addEventListener('click', () => {
    place.replaceChildren(
      h(
        'p',
        { class: 'warning', role: 'alert' },
        'Made-up scores tell whoever sees them bits of your client key. Nobody but the evaluators can tell whether these are made up: show them to nobody, and enter them nowhere.',
      ),
      h('p', {}, show),
    );
    show.focus();
  });
  place.append(first);
  return h('div', {}, head, place);
}

async function one(session: Session, number: number): Promise<HTMLElement> {
  const model = (await session.chain.models()).find((model) => model.number === number);
  const back = h('p', {}, h('a', { href: '#market' }, 'All models'));
  if (!model) return h('div', {}, back, h('p', {}, `The chain has no model ${location.hash.split('/')[1]}.`));
  const head = (...more: (Node | string)[]) =>
    h(
      'div',
      { class: 'card' },
      back,
      h('h2', {}, model.name),
      h('p', {}, badge(model.kind), ' ', model.active ? '' : badge(state(model), 'closed')),
      h('p', {}, hidden(model)),
      ...more,
    );
  const closed = await session.chain.obstacle(number);
  if (closed) return head(facts(trust(model)), h('p', { class: 'warning' }, `${closed}.`));
  if (model.kind === 'encrypted') {
    return head(
      facts(trust(model)),
      h('p', {}, 'Who has the key and the schema asks with ', h('code', {}, 'fhe-ml predict --schema'), '.'),
    );
  }
  if ((FILTERS as readonly string[]).includes(model.name)) {
    return head(facts(trust(model)), h('p', {}, h('a', { href: '#filters' }, 'Filter a picture with it')));
  }
  const loaded = await load(session, model);
  const { card, owner, told } = loaded;
  const panel = owner && keyPanel(session, loaded, owner);
  const used = await panel?.refresh();
  return head(
    h('div', { class: 'columns' }, facts(trust(model)), facts(cardLines(card, model.artifactBytes))),
    told
      ? h(
          'details',
          {},
          h('summary', {}, 'What its owner shows of the model'),
          h('ul', {}, ...told.public.map((line) => h('li', {}, line))),
          h('p', {}, `Hidden: ${told.hidden.join('; ')}.`),
        )
      : '',
    model.private && used ? lessons(card, model.private, used.answers, used.most) : '',
    panel?.element ?? '',
    await form(session, loaded, undefined, (shown) => answer(card, shown), panel?.refresh),
  );
}
