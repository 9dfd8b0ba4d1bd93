// What the worker keeps in IndexedDB: the keys, which model was behind a number at its first use, and files of rows
// with the requests that they are cut into, so that a page that is loaded again goes on where it was. The page's main
// thread has no business here.

import type { Label } from '@fhe-ml/client';

/** A pair of keys as its files have it. */
export interface StoredKeys {
  client: Uint8Array;
  server: Uint8Array;
}

/** A file of rows that were asked for together. */
export interface StoredFile {
  name: string;
  rows: number;
  /** Address of the account that pays. */
  account: string;
  /** What the owner of a private model gets for a row, as the visitor has agreed to. */
  price: bigint;
  /** Requests that are on their way at one time. */
  atOnce: number;
  /** What the values of a private model are rounded to multiples of. */
  step: number | undefined;
}

/** How a request was sent: it may be on the chain, in a pool, or lost. */
export interface Booked {
  nonce: number;
  /** Best block before it was sent. */
  since: number;
}

/** What is kept of the answer to a row; of a private model no scores. */
export interface RowAnswer {
  prediction: Label;
  scores?: number[];
}

/** What came of a request. */
export interface Done {
  job: number;
  fee: bigint;
  /** Whether this browser has got the same result. */
  verified: boolean;
  answers: RowAnswer[];
}

/** A request of a file. */
export interface StoredPart {
  /** Number of its first row. */
  first: number;
  rows: number;
  /** Most that is paid for it. */
  most: bigint;
  /** Until its answers are there. */
  input?: Uint8Array;
  /** Since it was sent. It is kept before: so none is ever made twice. */
  booked?: Booked;
  done?: Done;
}

const STORES = ['keys', 'models', 'files', 'parts'] as const;

function store(name: (typeof STORES)[number], mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return new Promise((resolve, reject) => {
    const open = indexedDB.open('fhe-ml', 3);
    open.onupgradeneeded = () => {
      for (const each of STORES) {
        if (!open.result.objectStoreNames.contains(each)) open.result.createObjectStore(each);
      }
    };
    // Another tab may bring a newer layout.
    open.onsuccess = () => {
      open.result.onversionchange = () => open.result.close();
      // Strict: on the disk, not only on its way there.
      resolve(open.result.transaction(name, mode, { durability: 'strict' }).objectStore(name));
    };
    open.onerror = () => reject(new Error('this browser does not let the page keep keys (IndexedDB)'));
    open.onblocked = () => reject(new Error('another tab has an older version of this page: close it'));
  });
}

const done = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error('nothing can be kept in this browser (IndexedDB)'));
  });

/** Resolves once everything that was put there is kept for good. */
const kept = ({ transaction }: IDBObjectStore) =>
  new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(new Error('nothing can be kept in this browser (IndexedDB)'));
  });

export async function keepKeys(keys: StoredKeys): Promise<void> {
  await done((await store('keys', 'readwrite')).put(keys, 'own'));
}

/** The keys of an earlier visit, or of another tab. */
export async function storedKeys(): Promise<StoredKeys | undefined> {
  return done((await store('keys', 'readonly')).get('own'));
}

/** Remembers the hash of a model at its first use; returns the hash that it had then. */
export async function firstHash(name: string, hash: string): Promise<string> {
  const models = await store('models', 'readwrite');
  const known = await done<string | undefined>(models.get(name));
  if (known === undefined) await done(models.put(hash, name));
  return known ?? hash;
}

export async function forgetModel(name: string): Promise<void> {
  await done((await store('models', 'readwrite')).delete(name));
}

/** The parts of a file: their keys are the file's and the number of their first row. */
const partsOf = (id: string) => IDBKeyRange.bound([id], [id, []]);

export async function keepFile(id: string, file: StoredFile): Promise<void> {
  const files = await store('files', 'readwrite');
  files.put(file, id);
  await kept(files);
}

/** A file and its parts, in their order. */
export async function storedFile(id: string): Promise<{ file: StoredFile; parts: StoredPart[] } | undefined> {
  const file = await done<StoredFile | undefined>((await store('files', 'readonly')).get(id));
  return file && { file, parts: await done((await store('parts', 'readonly')).getAll(partsOf(id))) };
}

export async function forgetFile(id: string): Promise<void> {
  await done((await store('files', 'readwrite')).delete(id));
  await done((await store('parts', 'readwrite')).delete(partsOf(id)));
}

export async function keepPart(id: string, part: StoredPart): Promise<void> {
  const parts = await store('parts', 'readwrite');
  parts.put(part, [id, part.first]);
  await kept(parts);
}

export async function storedPart(id: string, first: number): Promise<StoredPart> {
  const part = await done<StoredPart | undefined>((await store('parts', 'readonly')).get([id, first]));
  if (!part) throw new Error('these rows were forgotten, here or in another tab');
  return part;
}
