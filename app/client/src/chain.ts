/**
 * The chain for those who trust no node: a light client for polkadot.js, a cap for fees, and transactions that are not
 * lost. Knows polkadot.js by what it is given only.
 *
 * @packageDocumentation
 */

export type { Prices } from './fees.js';
export { feeOf, mostFee, pricesOf, RELEASE_PRICES } from './fees.js';
export type { ConnectedChain, Follow, Smoldot, SmoldotChain } from './light.js';
export { connector, finalized, followWith, untilSynced, withBootnodes } from './light.js';
export type { Included } from './submit.js';
export { submit } from './submit.js';
