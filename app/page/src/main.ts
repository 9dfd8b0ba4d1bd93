// The page: connection, account, keys, and the demonstrations.

import type { ModelOwner } from '@fhe-ml/client';
import { fhe } from '@fhe-ml/client/chain';
import type { Account } from './accounts.ts';
import { cancer } from './cancer.ts';
import { Chain } from './chain.ts';
import { chainView } from './chain-view.ts';
import { ask, loadKeys, makeKeys, type OwnKeys, storedKeys } from './crypto.ts';
import { digit } from './digit.ts';
import { attempt, byId, h } from './dom.ts';
import { filters } from './filters.ts';
import { trustNode, trustsNode } from './light-client.ts';
import { market } from './market.ts';
import { own } from './own.ts';
import type { Session } from './run.ts';

let keys: OwnKeys | undefined;
let accounts: Account[] = [];
const select = byId<HTMLSelectElement>('account');

function account(address?: string): Account {
  if (address === undefined) {
    const chosen = accounts[Number(select.value)];
    if (!chosen) throw new Error('choose an account that pays');
    return chosen;
  }
  const found = accounts.find((each) => each.address === address);
  if (!found) throw new Error(`the account ${address} has begun this: open its wallet, and load the page again`);
  return found;
}

function showKeys(made: OwnKeys | undefined, note = ''): void {
  keys = made;
  byId('key').textContent = made ? `of server key ${made.hash.slice(0, 10)}…${note}` : 'none';
  byId('export-key').hidden = !made;
  byId('make-key').textContent = made ? 'Make new keys' : 'Make keys';
}

async function ownKeys(): Promise<OwnKeys> {
  if (!keys) {
    const start = performance.now();
    const made = await makeKeys();
    showKeys(made, `, made in ${Math.round(performance.now() - start)} ms`);
  }
  return keys as OwnKeys;
}

/** The keys for an owner's private models, which are derived from those for public ones; or these. */
async function keysFor(owner?: ModelOwner): Promise<OwnKeys> {
  const own = await ownKeys();
  return owner ? ask('ownerKeys', owner) : own;
}

/** Has the browser save what the worker holds; the bytes do not come here. */
async function save(name: 'client.key' | 'server.key'): Promise<void> {
  const url = await ask('address', name);
  h('a', { href: url, download: name }).click();
  setTimeout(() => void ask('forget', url), 10_000);
}

/** Has an element do `work` when something happens to it; a button does it once at a time. */
function when(id: string, happens: 'click' | 'change', work: () => Promise<void>): void {
  const element = byId(id);
  const button = element instanceof HTMLButtonElement ? element : undefined;
  element.addEventListener(happens, () => void attempt(work, button));
}

when('make-key', 'click', async () => {
  const warning =
    'Results that were encrypted for the old key become unreadable unless you have saved it. Make new keys?';
  if (keys && !confirm(warning)) return;
  keys = undefined;
  await ownKeys();
});
when('export-key', 'click', async () => {
  await ownKeys();
  await save('client.key');
  await save('server.key');
});
const importer = byId<HTMLInputElement>('import-key');
when('import-key', 'change', async () => {
  const files = [...(importer.files ?? [])];
  importer.value = '';
  const [client, server] = ['client.key', 'server.key'].map((name) => files.find((file) => file.name === name));
  if (!client || !server) throw new Error('choose both files of one pair: client.key and server.key');
  showKeys(await loadKeys(client, server));
});

const parts: Record<string, (session: Session) => Promise<HTMLElement>> = {
  '#digit': digit,
  '#cancer': cancer,
  '#filters': filters,
  '#own': own,
  '#market': market,
};
let leave = () => {};

async function show(session: Session): Promise<void> {
  const [name = ''] = location.hash.split('/');
  const tab = name in parts || name === '#chain' ? name : '#digit';
  if (tab !== name) history.replaceState(null, '', tab);
  const { hash } = location;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === tab) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  leave();
  leave = () => {};
  const main = byId('main');
  main.replaceChildren(h('p', {}, 'Loading …'));
  const shown = await attempt(async () => {
    const part = parts[tab];
    if (part) {
      const element = await part(session);
      if (location.hash === hash) main.replaceChildren(element);
    } else {
      const { element, stop } = chainView(session);
      leave = stop;
      main.replaceChildren(element);
    }
  });
  if (!shown) main.replaceChildren();
}

/** The switch between the light client and the node, if there is a choice. */
function showTrust(choice: boolean, proven: boolean): void {
  const box = byId<HTMLInputElement>('prove');
  byId('trust').hidden = !choice;
  box.checked = proven;
  box.addEventListener('change', () => {
    trustNode(!box.checked);
    location.reload();
  });
}

async function start(): Promise<void> {
  showKeys(await storedKeys());
  const { node, light } = (await (await fetch('config.json')).json()) as { node: string; light: boolean };
  const proven = light && !trustsNode();
  showTrust(light, proven);
  const name = proven ? 'any full node, not trusted: the chain is verified in this browser' : node;
  if (proven) byId('node').textContent = 'the light client looks for full nodes';
  const chain = await Chain.connect(node, proven, (connected) => {
    byId('node').textContent = connected ? name : `${proven ? 'no full node' : node} does not answer; trying again`;
  });
  byId('node').textContent = name;
  accounts = await chain.accounts();
  select.replaceChildren(...accounts.map(({ name }, at) => h('option', { value: at }, name)));
  let asking = false;
  const balance = async () => {
    const chosen = accounts[Number(select.value)];
    byId('balance').textContent = chosen ? fhe(await chain.balance(chosen.address)) : 'no account: open a wallet';
  };
  when('account', 'change', balance);
  const knownKeys = async (owner?: ModelOwner) => (keys ? keysFor(owner) : undefined);
  const session: Session = { chain, account, keys: keysFor, knownKeys };
  chain.onBlock(async ({ number }) => {
    byId('block').textContent = String(number);
    if (asking) return; // After a long absence thousands of blocks come at once.
    asking = true;
    await balance().finally(() => {
      asking = false;
    });
  });
  window.addEventListener('hashchange', () => void show(session));
  await show(session);
}

void attempt(start);
