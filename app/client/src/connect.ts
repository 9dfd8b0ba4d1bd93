// A connection to the chain, with the types of its runtime.

import { LegacyClient, SignedExtension } from '@dedot/api';
import type { Extrinsic } from '@dedot/codecs';
import type { JsonRpcProvider } from '@dedot/providers';
import type { AddressOrPair, SignerOptions } from '@dedot/types';
import { numberToHex, u8aToHex } from '@dedot/utils';
import type { FheMlApi } from './chaintypes/index.js';

/**
 * The chain's storage (`query`), calls (`tx`), events, errors, constants and runtime APIs. It uses the older JSON-RPC
 * methods: full nodes and smoldot have them, and only they show blocks that are not pinned, in which a transaction is
 * looked for.
 */
export type FheMlClient = LegacyClient<FheMlApi>;

/** A call of `api.tx` that can be signed; `submit` sends it then. */
export type Call = Extrinsic & {
  sign(account: AddressOrPair, options?: Partial<SignerOptions>): Promise<Extrinsic>;
};

/** Blocks in which a transaction can be included: minutes, so that a full pool or a restart does not kill it. */
const LIFETIME = 128;
/** How far, in blocks, finality may be behind until transactions build on the best block. */
const MOST_LAG = 5;

/**
 * Connects to the chain, and keeps on trying until it answers. Transactions are signed for 128 blocks and with the
 * account's next nonce, those counted that wait in the pool, unless `sign` is told otherwise.
 * @param provider `new WsProvider(url)` for a node that you trust, `lightProvider(chain)` for a light client
 */
export async function connect(provider: JsonRpcProvider): Promise<FheMlClient> {
  // The client would give up at the first failure.
  if (provider.status !== 'connected') await provider.connect();
  const api = await LegacyClient.new<FheMlApi>({
    provider,
    signedExtensions: { CheckMortality: Mortality, CheckNonce: Nonce },
    stalingDetectionTimeout: 0, // A chain that stands still is no reason to hang up.
  });
  if (api.metadata.latest.pallets.some(({ name }) => name === 'FheMl')) return api;
  await api.disconnect();
  throw new Error('the node runs a chain without pallet-fhe-ml');
}

interface Era {
  period: bigint;
  current: bigint;
}

/** From when and for how long a transaction is valid: by hashes of heads, since smoldot knows none by its number. */
class Mortality extends SignedExtension<Era | { type: 'Immortal' }, string> {
  #number = 0;

  override async init(): Promise<void> {
    const { mortality } = this.payloadOptions;
    if (mortality?.type === 'Immortal') {
      this.data = { type: 'Immortal' };
      this.additionalSigned = this.client.genesisHash;
      return;
    }
    const { rpc } = this.client;
    const finalized = await rpc.chain_getFinalizedHead();
    const [{ number }, best] = await Promise.all([rpc.chain_getHeader(finalized), rpc.chain_getHeader()]);
    const late = best.number - number > MOST_LAG;
    this.#number = late ? best.number - 1 : number;
    this.data = { period: BigInt(mortality?.period ?? LIFETIME), current: BigInt(this.#number) };
    this.additionalSigned = late ? best.parentHash : finalized;
  }

  override toPayload() {
    return {
      era: u8aToHex(this.$Data.tryEncode(this.data)),
      blockHash: this.additionalSigned as `0x${string}`,
      blockNumber: numberToHex(this.#number),
    };
  }
}

/** The account's next nonce; transactions that wait in the pool count. */
class Nonce extends SignedExtension<number> {
  override async init(): Promise<void> {
    this.data =
      this.payloadOptions.nonce ?? (await this.client.rpc.system_accountNextIndex(this.options?.signerAddress));
  }

  override toPayload() {
    return { nonce: numberToHex(this.data) };
  }
}
