// @polkadot/api for the tests in other folders: it is installed here.

import { Keyring } from '@polkadot/api';

const keyring = new Keyring({ type: 'sr25519' });
export const account = (suri) => keyring.addFromUri(suri);

export { ApiPromise, WsProvider } from '@polkadot/api';
export { compactToU8a, hexToU8a, stringToU8a, u8aConcat, u8aToHex } from '@polkadot/util';
export { blake2AsU8a } from '@polkadot/util-crypto';
