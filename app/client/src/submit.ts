// Sends a signed transaction until it is in a block: pools lose transactions, and nodes and connections go away.
//
// The same transaction is sent again, and an account's nonce is used once. So the chain takes it once, and nothing
// is paid twice.

/* eslint-disable @typescript-eslint/no-explicit-any */

/** After this time without news, in milliseconds, the chain is asked for the transaction. */
const SILENCE = 12_000;
/** Between two questions. */
const PAUSE = 2_000;
/** Questions after which it is sent again. */
const ROUNDS = 6;
/** Codes of a pool for what it may take later: banned for a while, known already, no room. */
const LATER = [1012, 1013, 1014, 1016];
/** How polkadot.js says that there is no connection just now. */
const AWAY = /disconnect|not connected/i;
/** How often a question is asked again, a second apart, when there is no connection. */
const MOST_ATTEMPTS = 120;

/** A transaction in a block. */
export interface Included {
  /** Hash of the block. */
  block: string;
  /** Its number. */
  number: number;
  /** The events of the transaction, as polkadot.js decodes them; `system.ExtrinsicFailed` if it failed. */
  events: any[];
}

/**
 * Sends `signed` (what `signAsync` resolves to) and waits until it is in a block, a finalised one if `final` is set,
 * as it should be with a light client. Sends it again whenever it is lost.
 * @throws if the node refuses it, or no block has taken it until it became invalid: then none ever will
 */
export async function submit(api: any, signed: any, final = false): Promise<Included> {
  const nonce = signed.nonce.toNumber();
  const head = () => (final ? api.rpc.chain.getFinalizedHead() : api.rpc.chain.getBlockHash());
  const first: number = (await api.rpc.chain.getHeader(await head())).number.toNumber();
  const lifetime = signed.era.isMortalEra ? signed.era.asMortalEra.period.toNumber() : Infinity;
  let block = await watch(api, signed, final);
  for (let round = 1; ; round += 1) {
    const found = block && (await connected(() => inBlock(api, signed, block)));
    if (found) return found;
    block = undefined; // From here on the chain is asked, not the node's opinion of the transaction.
    const { header, used } = await connected(async () => {
      const at = await head();
      const account = await (await api.at(at)).query.system.account(signed.signer.toString());
      return { header: await api.rpc.chain.getHeader(at), used: account.nonce.toNumber() as number };
    });
    if (used > nonce) return connected(() => find(api, signed, header, first));
    if (header.number.toNumber() > first + lifetime) {
      throw new Error('no block has taken the transaction in time, and none will now: nothing was paid; ask again');
    }
    if (round % ROUNDS === 1) await sendAgain(api, signed);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Asks again as long as the connection is away. */
async function connected<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!AWAY.test(String(error)) || attempt >= MOST_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/** Whether what a node says of a transaction may be otherwise later. */
const mayPass = (error: any) => LATER.includes(error?.code) || AWAY.test(String(error?.message ?? error));

/** Sends it once more; polkadot.js would not, if it were watched once more. */
async function sendAgain(api: any, signed: any): Promise<void> {
  try {
    await connected(() => api.rpc.author.submitExtrinsic(signed));
  } catch (error: any) {
    // Outdated: a block has taken it meanwhile, which is still to be found or to be finalised.
    if (!mayPass(error) && !/outdated/i.test(String(error?.message ?? error))) throw error;
  }
}

/** Sends it and waits for a block, or for the node to lose it or fall silent (`undefined`). */
function watch(api: any, signed: any, final: boolean): Promise<any> {
  return new Promise((resolve, reject) => {
    let stop: (() => void) | undefined;
    let ended = false;
    const end = (settle: () => void) => {
      ended = true;
      clearTimeout(timer);
      try {
        stop?.();
      } catch {
        // The connection is gone, and the subscription with it.
      }
      settle();
    };
    const lost = () => end(() => resolve(undefined));
    let timer = setTimeout(lost, SILENCE);
    const news = (status: any) => {
      if (ended) return;
      clearTimeout(timer);
      timer = setTimeout(lost, SILENCE);
      if (status.isFinalized) end(() => resolve(status.asFinalized));
      else if (status.isInBlock && !final) end(() => resolve(status.asInBlock));
      else if (status.isDropped || status.isInvalid || status.isUsurped || status.isFinalityTimeout) lost();
    };
    const refused = (error: any) => (mayPass(error) ? lost() : end(() => reject(error)));
    api.rpc.author.submitAndWatchExtrinsic(signed, news).then((unsubscribe: () => void) => {
      stop = unsubscribe;
      if (ended) unsubscribe();
    }, refused);
  });
}

/** The transaction in a block, if it is there. */
async function inBlock(api: any, signed: any, hash: any): Promise<Included | undefined> {
  const { block } = await api.rpc.chain.getBlock(hash);
  const index = block.extrinsics.findIndex((extrinsic: any) => extrinsic.hash.eq(signed.hash));
  if (index < 0) return undefined;
  const records: any[] = await (await api.at(hash)).query.system.events();
  const events = records.filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eqn(index));
  return { block: hash.toHex(), number: block.header.number.toNumber(), events: events.map(({ event }) => event) };
}

/** Looks for it from `header` back to the block that was there when it was sent. */
async function find(api: any, signed: any, header: any, first: number): Promise<Included> {
  let hash = header.hash;
  for (let number = header.number.toNumber(); number > first; number -= 1) {
    const found = await inBlock(api, signed, hash);
    if (found) return found;
    hash = (await api.rpc.chain.getHeader(hash)).parentHash;
  }
  throw new Error(
    'another transaction of this account was included instead of this one: ' +
      'do not use an account from two places at once, and try again',
  );
}
