// The page: connection, account, keys, and the demonstrations.

import { cancer } from './cancer.ts';
import { type Account, Chain } from './chain.ts';
import { chainView } from './chain-view.ts';
import { ask, loadKeys, makeKeys, type OwnKeys, storedKeys } from './crypto.ts';
import { digit } from './digit.ts';
import { byId, fhe, h, say, why } from './dom.ts';
import { filters } from './filters.ts';
import { trustNode, trustsNode } from './light-client.ts';
import { own } from './own.ts';
import type { Session } from './run.ts';

let keys: OwnKeys | undefined;
let accounts: Account[] = [];
const select = byId<HTMLSelectElement>('account');

function account(): Account {
  const chosen = accounts[Number(select.value)];
  if (!chosen) throw new Error('choose an account that pays');
  return chosen;
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

/** Has the browser save what the worker holds; the bytes do not come here. */
async function save(name: 'client.key' | 'server.key'): Promise<void> {
  const url = await ask('address', name);
  h('a', { href: url, download: name }).click();
  setTimeout(() => void ask('forget', url), 10_000);
}

const guarded = (work: () => Promise<void>) => async () => {
  say();
  try {
    await work();
  } catch (error) {
    say(why(error));
  }
};

byId('make-key').addEventListener(
  'click',
  guarded(async () => {
    const warning =
      'Results that were encrypted for the old key become unreadable unless you have saved it. Make new keys?';
    if (keys && !confirm(warning)) return;
    keys = undefined;
    await ownKeys();
  }),
);
byId('export-key').addEventListener(
  'click',
  guarded(async () => {
    await ownKeys();
    await save('client.key');
    await save('server.key');
  }),
);
const importer = byId<HTMLInputElement>('import-key');
importer.addEventListener(
  'change',
  guarded(async () => {
    const files = [...(importer.files ?? [])];
    importer.value = '';
    const [client, server] = ['client.key', 'server.key'].map((name) => files.find((file) => file.name === name));
    if (!client || !server) throw new Error('choose both files of one pair: client.key and server.key');
    showKeys(await loadKeys(client, server));
  }),
);

const parts: Record<string, (session: Session) => Promise<HTMLElement>> = {
  '#digit': digit,
  '#cancer': cancer,
  '#filters': filters,
  '#own': own,
};
let leave = () => {};

async function show(session: Session): Promise<void> {
  const hash = location.hash in parts || location.hash === '#chain' ? location.hash : '#digit';
  if (location.hash !== hash) history.replaceState(null, '', hash);
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === hash) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  leave();
  leave = () => {};
  say();
  const main = byId('main');
  main.replaceChildren(h('p', {}, 'Loading …'));
  try {
    const part = parts[hash];
    if (part) {
      const element = await part(session);
      if (location.hash === hash) main.replaceChildren(element);
    } else {
      const { element, stop } = await chainView(session);
      leave = stop;
      main.replaceChildren(element);
    }
  } catch (error) {
    main.replaceChildren();
    say(why(error));
  }
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
  const balance = async () => {
    const chosen = accounts[Number(select.value)];
    byId('balance').textContent = chosen ? fhe(await chain.balance(chosen.address)) : 'no account: open a wallet';
  };
  select.addEventListener('change', () => void balance());
  const session: Session = { chain, account, keys: ownKeys };
  await chain.api.rpc.chain.subscribeNewHeads(async (header) => {
    byId('block').textContent = header.number.toString();
    await balance();
  });
  window.addEventListener('hashchange', () => void show(session));
  await show(session);
}

start().catch((error: unknown) => say(why(error)));
