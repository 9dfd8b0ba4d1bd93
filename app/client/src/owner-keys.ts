// The keys for private models, as `crates/client/src/owner_keys.rs` has them: one for each owner, and another after so
// many answers.
//
// Nobody but the owner's evaluators can check an answer. A made-up one tells whoever sees the user's reaction to it bits
// of the client key, at most as many as the reaction has. So every owner is asked under a key that is derived from the
// user's, which tells nothing of that one or of another owner's, and serves a bounded number of answers.

import type { Hex, Keys } from './index.js';
import { mostAnswers } from './wasm/fhe_ml_wasm.js';

/** An owner of private models. */
export interface ModelOwner {
  /** Hash of the chain's first block. */
  chain: Hex;
  /** The owner's account, as 32 bytes. */
  account: Hex;
}

/** Where it is kept how many answers the keys for owners have decrypted. */
export interface AnswerStore {
  /**
   * Puts what `change` makes of them in the place of the answers of an owner's keys, by the keys' numbers, and resolves
   * once that is kept for good. Nobody else changes them meanwhile. If `change` throws, everything stays as it is.
   * @param main hash of the server key of the keys that those for owners are derived from
   * @param made the key that `change` adds, for stores that keep keys, too
   */
  update(main: Hex, owner: ModelOwner, change: (answers: number[]) => number[], made?: Keys): Promise<void>;
}

/** The key may not decrypt so many more answers: ask for fewer rows, or take the owner's next key and register it. */
export class KeyUsedUp extends Error {
  override readonly name = 'KeyUsedUp';

  constructor(
    /** Answers that are left. */
    readonly left: number,
    /** Answers that are wanted. */
    readonly wanted: number,
  ) {
    super(
      `the key for this owner has ${left} of ${mostAnswers()} answers left, and ${wanted} more are asked for: ` +
        'ask for fewer rows, or make the next key and register it',
    );
  }
}

/** The keys for one owner of private models. */
export class OwnerKeys {
  /** @param main the user's keys, which those for owners are derived from */
  constructor(
    readonly main: Keys,
    readonly owner: ModelOwner,
    readonly store: AnswerStore,
  ) {}

  /** The newest one; always the same until the next one is made. */
  async newest(): Promise<OwnerKey> {
    const made = await this.made();
    if (made === 0) return this.make(0);
    return new OwnerKey(this, made - 1, this.main.forOwner(this.owner, made - 1));
  }

  /** Makes the next one: register its server key. */
  async next(): Promise<OwnerKey> {
    return this.make(await this.made());
  }

  /** How many have been made. */
  private async made(): Promise<number> {
    let made = 0;
    await this.update((answers) => {
      made = answers.length;
      return answers;
    });
    return made;
  }

  private async make(number: number): Promise<OwnerKey> {
    const keys = this.main.forOwner(this.owner, number);
    // Unless another tab has made it meanwhile.
    await this.update((answers) => (answers.length === number ? [...answers, 0] : answers), keys);
    return new OwnerKey(this, number, keys);
  }

  /** @internal */
  update(change: (answers: number[]) => number[], made?: Keys): Promise<void> {
    return this.store.update(this.main.serverKeyHash(), this.owner, change, made);
  }
}

/** A key for an owner of private models: it serves a bounded number of answers. */
export class OwnerKey {
  /** @internal */
  constructor(
    private readonly all: OwnerKeys,
    readonly number: number,
    /** Register its server key, and encrypt with it. */
    readonly keys: Keys,
  ) {}

  /** How many answers it has decrypted. */
  answers(): Promise<number> {
    return this.change(0, 0);
  }

  /**
   * Sees to it that it may decrypt so many more answers: before they are paid for.
   * @throws {@link KeyUsedUp}
   */
  async room(answers: number): Promise<void> {
    await this.change(answers, 0);
  }

  /**
   * Counts answers before they are decrypted; resolves to how many there are. `Model.answer` does it itself.
   * @throws {@link KeyUsedUp}
   */
  add(answers = 1): Promise<number> {
    return this.change(answers, answers);
  }

  private async change(wanted: number, added: number): Promise<number> {
    let after = 0;
    await this.all.update((answers) => {
      const before = answers[this.number] ?? 0;
      const left = mostAnswers() - before;
      if (!(wanted >= 0 && wanted <= left)) throw new KeyUsedUp(left, wanted);
      after = before + added;
      return Object.assign([...answers], { [this.number]: after });
    });
    return after;
  }
}

/** Keeps counts in this browser (IndexedDB), for all of its tabs. */
export function answersInBrowser(database = 'fhe-ml-answers'): AnswerStore {
  const NAME = 'answers';
  const open = () =>
    new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(database, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(NAME);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error('this browser does not let the page count answers (IndexedDB)'));
    });
  return {
    async update(main, { chain, account }, change) {
      const opened = await open();
      try {
        await new Promise<void>((resolve, reject) => {
          // Strict: on the disk, not only on its way there.
          const transaction = opened.transaction(NAME, 'readwrite', { durability: 'strict' });
          let why: unknown = new Error('answers cannot be counted in this browser (IndexedDB)');
          transaction.oncomplete = () => resolve();
          transaction.onabort = () => reject(why);
          const counts = transaction.objectStore(NAME);
          const key = [main, chain, account];
          const before: IDBRequest<number[] | undefined> = counts.get(key);
          before.onsuccess = () => {
            try {
              counts.put(change(before.result ?? []), key);
            } catch (error) {
              why = error;
              transaction.abort();
            }
          };
        });
      } finally {
        opened.close();
      }
    },
  };
}
