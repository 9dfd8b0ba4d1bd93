// What the worker keeps in IndexedDB: the keys, and which model was behind a number at its first use. The
// page's main thread has no business here.

/** A pair of keys as its files have it. */
export interface StoredKeys {
  client: Uint8Array;
  server: Uint8Array;
}

function store(name: 'keys' | 'models', mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return new Promise((resolve, reject) => {
    const open = indexedDB.open('fhe-ml', 2);
    open.onupgradeneeded = () => {
      for (const each of ['keys', 'models']) {
        if (!open.result.objectStoreNames.contains(each)) open.result.createObjectStore(each);
      }
    };
    // Another tab may bring a newer layout.
    open.onsuccess = () => {
      open.result.onversionchange = () => open.result.close();
      resolve(open.result.transaction(name, mode).objectStore(name));
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
