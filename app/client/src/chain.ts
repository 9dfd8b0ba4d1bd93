/**
 * The chain with the types of its runtime, also for those who trust no node: connections, light clients, a cap for
 * fees, and transactions that are not lost.
 *
 * @packageDocumentation
 */

export { WsProvider } from '@dedot/providers';
export type { IKeyringPair, InjectedSigner } from '@dedot/types';
export { encodeAddress } from '@dedot/utils';
export type * from './chaintypes/index.js';
export type { Call, FheMlClient } from './connect.js';
export { connect } from './connect.js';
export type { Standing } from './court.js';
export { standingsOf } from './court.js';
export type { Charged, Prices, RequestSize, RowLayout } from './fees.js';
export { feeOf, mostFee, pricesOf, RELEASE_PRICES, sizeOf } from './fees.js';
export type { Requested } from './jobs.js';
export { jobOfInput } from './jobs.js';
export type { FollowedChain } from './light.js';
export { finalized, lightProvider, RemoteChain, untilReachable, untilSynced, withBootnodes } from './light.js';
export type { Kind, Offer, PrivateOffer, Terms, Wish } from './market.js';
export { answerSeconds, blockSeconds, fhe, obstacle, offer, offers } from './market.js';
export type { Plan, Planned } from './plan.js';
export { planOf, requestsOf, WORK_OF_REQUEST } from './plan.js';
export type { Included } from './submit.js';
export { explain, hadNoRoom, submit } from './submit.js';
