/**
 * The chain for those who trust no node: a light client for polkadot.js, a cap for fees, and transactions that are not
 * lost. Knows polkadot.js by what it is given only.
 *
 * @packageDocumentation
 */

export { connector, finalized, followWith, untilSynced, withBootnodes } from './light.js';
export type { ConnectedChain, Follow, Smoldot, SmoldotChain } from './light.js';
export { feeOf, mostFee, pricesOf, RELEASE_PRICES } from './fees.js';
export type { Prices } from './fees.js';
export { submit } from './submit.js';
export type { Included } from './submit.js';
