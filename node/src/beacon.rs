//! What this node's block contributes to the beacon.

use fhe_ml_runtime::opaque::Block;
use pallet_beacon::{BeaconApi, Contribution, INHERENT_IDENTIFIER};
use sc_consensus_aura::standalone::{claim_slot, fetch_authorities};
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_consensus_aura::{
	AuraApi, Slot,
	sr25519::{AuthorityId, AuthorityPair},
};
use sp_core::{H256, crypto::key_types};
use sp_inherents::{InherentData, InherentDataProvider, InherentIdentifier};
use sp_keystore::KeystorePtr;
use std::sync::Arc;

/// Why a block cannot be authored.
#[derive(Debug, thiserror::Error)]
enum ContributionError {
	#[error("the beacon's seed cannot be read: {0}")]
	Seed(#[from] ApiError),
	#[error("the authorities cannot be read: {0}")]
	Authorities(#[from] sp_consensus::Error),
	#[error("the Aura key cannot be used: {0}; check the keystore")]
	Keystore(#[from] sp_keystore::Error),
	#[error("the keystore has no key for slot {0}; insert this authority's Aura key")]
	NoKey(Slot),
}

impl From<ContributionError> for sp_inherents::Error {
	fn from(error: ContributionError) -> Self {
		Self::Application(Box::new(error))
	}
}

/// Makes the contribution of the block of `slot` on `parent`, only once it is asked, which is when this
/// node has claimed the slot.
pub struct Contributor<C> {
	pub client: Arc<C>,
	pub keystore: KeystorePtr,
	pub parent: H256,
	pub slot: Slot,
}

impl<C> Contributor<C>
where
	C: ProvideRuntimeApi<Block> + Send + Sync,
	C::Api: AuraApi<Block, AuthorityId> + BeaconApi<Block>,
{
	/// The contribution, or nothing if the runtime on `parent` is older than the beacon.
	async fn contribution(&self) -> Result<Option<Contribution>, ContributionError> {
		let api = self.client.runtime_api();
		if !api.has_api::<dyn BeaconApi<Block>>(self.parent)? {
			return Ok(None);
		}
		let seed = api.seed(self.parent)?;
		let authorities = fetch_authorities(&*self.client, self.parent)?;
		let key = claim_slot::<AuthorityPair>(self.slot, &authorities, &self.keystore)
			.await
			.ok_or(ContributionError::NoKey(self.slot))?;
		let data = Contribution::to_sign(&seed, *self.slot);
		let signature = self
			.keystore
			.sr25519_vrf_sign(key_types::AURA, key.as_ref(), &data)?
			.ok_or(ContributionError::NoKey(self.slot))?;
		Ok(Some(signature.into()))
	}
}

#[async_trait::async_trait]
impl<C> InherentDataProvider for Contributor<C>
where
	C: ProvideRuntimeApi<Block> + Send + Sync,
	C::Api: AuraApi<Block, AuthorityId> + BeaconApi<Block>,
{
	async fn provide_inherent_data(
		&self,
		data: &mut InherentData,
	) -> Result<(), sp_inherents::Error> {
		match self.contribution().await? {
			Some(contribution) => data.put_data(INHERENT_IDENTIFIER, &contribution),
			None => Ok(()),
		}
	}

	async fn try_handle_error(
		&self,
		_: &InherentIdentifier,
		_: &[u8],
	) -> Option<Result<(), sp_inherents::Error>> {
		None
	}
}
