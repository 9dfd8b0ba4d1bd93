//! Two blocks of one slot, sealed by one authority: how that is proven.

use crate::{offence::DoubleSeal, pallet::*};
use alloc::vec::Vec;
use fhe_ml_primitives::authorities::slot_of;
use frame_support::{ensure, pallet_prelude::*};
use frame_system::pallet_prelude::HeaderFor;
use pallet_session::Pallet as Session;
use sp_application_crypto::{RuntimeAppPublic, key_types::AURA};
use sp_consensus_aura::{
	Slot,
	digests::CompatibleDigestItem,
	sr25519::{AuthorityId as AuraId, AuthoritySignature},
};
use sp_runtime::traits::{Header as _, One, Saturating};
use sp_staking::offence::ReportOffence;

/// Blocks for which the pool keeps a report.
const LONGEVITY: TransactionLongevity = 64;

/// The hash that was sealed, if `authority` sealed it.
fn sealed_hash<H: sp_runtime::traits::Header>(header: &H, authority: &AuraId) -> Option<H::Hash> {
	let mut header = header.clone();
	let seal = header.digest_mut().pop()?;
	let signature: AuthoritySignature = seal.as_aura_seal()?;
	let hash = header.hash();
	authority.verify(&hash.as_ref(), &signature).then_some(hash)
}

impl<T: Config> Pallet<T> {
	/// `#[pallet::authorize]` of `report_double_seal`. What anybody can forge is invalid, and banned by the
	/// pool; what may be right on another fork is unknown.
	pub(crate) fn authorize_double_seal(
		_source: TransactionSource,
		authority: &AuraId,
		first: &HeaderFor<T>,
		second: &HeaderFor<T>,
	) -> TransactionValidityWithRefund {
		let slot = Self::check_seals(authority, first, second)
			.ok_or(TransactionValidityError::from(InvalidTransaction::BadProof))?;
		// Slots count time, so keys that are used on two chains seal the same slots on both: only blocks on
		// top of one of this chain prove anything.
		ensure!(
			Self::stands_on_this_chain(first) && Self::stands_on_this_chain(second),
			UnknownTransaction::CannotLookup
		);
		let offender = Self::owner_of(authority).ok_or(InvalidTransaction::BadSigner)?;
		let is_known = T::ReportOffence::is_known_offence(&[(offender, ())], &slot);
		ensure!(!is_known, InvalidTransaction::Stale);
		ValidTransaction::with_tag_prefix("authorities/double-seal")
			.and_provides((authority, slot))
			.priority(TransactionPriority::MAX)
			.longevity(LONGEVITY)
			.propagate(true)
			.build()
			.map(|validity| (validity, Weight::zero()))
	}

	/// The slot of two different headers that `authority` has sealed.
	fn check_seals(
		authority: &AuraId,
		first: &HeaderFor<T>,
		second: &HeaderFor<T>,
	) -> Option<Slot> {
		let slot = slot_of(first)?;
		if slot_of(second)? != slot {
			return None;
		}
		let hashes = (sealed_hash(first, authority)?, sealed_hash(second, authority)?);
		(hashes.0 != hashes.1).then_some(slot)
	}

	fn stands_on_this_chain(header: &HeaderFor<T>) -> bool {
		let parent = header.number().saturating_sub(One::one());
		frame_system::BlockHash::<T>::get(parent) == *header.parent_hash()
	}

	/// The account of an Aura key. Those of this session come first: the offender cannot change them.
	fn owner_of(authority: &AuraId) -> Option<T::AccountId> {
		let keys = pallet_aura::Authorities::<T>::get();
		let at = keys.iter().position(|key| key == authority);
		at.and_then(|at| Session::<T>::validators().get(at).cloned())
			.or_else(|| Session::<T>::key_owner(AURA, authority.as_ref()))
	}

	pub(crate) fn do_report_double_seal(
		authority: AuraId,
		header: &HeaderFor<T>,
	) -> DispatchResult {
		let slot = slot_of(header).ok_or(Error::<T>::NoDoubleSeal)?;
		let offender = Self::owner_of(&authority).ok_or(Error::<T>::NoDoubleSeal)?;
		let offence = DoubleSeal {
			slot,
			session: Session::<T>::current_index(),
			authorities: Session::<T>::validators().len() as u32,
			offender,
		};
		T::ReportOffence::report_offence(Vec::new(), offence)
			.map_err(|_| Error::<T>::ReportedAlready)?;
		Ok(())
	}

	/// A transaction that reports two headers, for the runtime API.
	pub fn double_seal_report(
		authority: AuraId,
		first: HeaderFor<T>,
		second: HeaderFor<T>,
	) -> T::Extrinsic {
		let call = Call::<T>::report_double_seal { authority, first, second };
		T::create_authorized_transaction(call.into())
	}
}
