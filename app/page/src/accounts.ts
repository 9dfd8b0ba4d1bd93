// Who pays: development accounts, and those of wallets.

import { encodeAddress, type IKeyringPair, type InjectedSigner } from '@fhe-ml/client/chain';
import { getPublicKey, HDKD, secretFromSeed, sign } from '@scure/sr25519';

export interface Account {
  name: string;
  address: string;
  /** A development key, or the signer of a wallet. */
  pair: IKeyringPair | undefined;
  signer: InjectedSigner | undefined;
}

/** What wallets put into every page. */
interface Wallet {
  enable(app: string): Promise<{
    accounts: { get(): Promise<{ address: string; name?: string }[]> };
    signer: InjectedSigner;
  }>;
}

/** The seed of every development chain's accounts, which all the world knows. */
const SEED = 'fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e';
const NAMES = ['Bob', 'Alice', 'Charlie', 'Eve'];
/** The tag of sr25519 in a signature that names its scheme. */
const SR25519 = 1;

/** The key of `//name`: a hard derivation whose chain code is the name as SCALE has it, filled up with zeros. */
function developmentPair(name: string): IKeyringPair {
  const seed = Uint8Array.from(SEED.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const code = new Uint8Array(32);
  code.set([name.length << 2, ...new TextEncoder().encode(name)]);
  const secret = HDKD.secretHard(secretFromSeed(seed), code);
  const publicKey = getPublicKey(secret);
  return {
    address: encodeAddress(publicKey),
    addressRaw: publicKey,
    publicKey,
    sign: (message, { withType } = {}) => {
      const signature = sign(secret, message);
      return withType ? Uint8Array.of(SR25519, ...signature) : signature;
    },
  };
}

/** Accounts that a development chain has. */
export function developmentAccounts(): Account[] {
  return NAMES.map((name) => {
    const pair = developmentPair(name);
    return { name: `${name} (development)`, address: pair.address, pair, signer: undefined };
  });
}

/** Accounts of wallets that the visitor lets us see. */
export async function walletAccounts(): Promise<Account[]> {
  const found: Account[] = [];
  const wallets = (window as { injectedWeb3?: Record<string, Wallet> }).injectedWeb3 ?? {};
  for (const [wallet, { enable }] of Object.entries(wallets)) {
    try {
      const { accounts, signer } = await enable('fhe-ml');
      for (const { address, name } of await accounts.get()) {
        found.push({ name: `${name ?? address} (${wallet})`, address, pair: undefined, signer });
      }
    } catch {
      // A wallet that says no is left out.
    }
  }
  return found;
}
