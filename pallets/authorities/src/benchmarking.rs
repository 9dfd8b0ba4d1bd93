//! Benchmarks of the calls, each in its worst case.

use crate::pallet::*;
use alloc::{vec, vec::Vec};
use codec::{Decode, Encode};
use fhe_ml_primitives::authorities::{CandidateRecord, CandidateStatus};
use frame_benchmarking::v2::*;
use frame_support::{
	assert_ok,
	traits::{
		Get,
		fungible::{Inspect, Mutate, MutateHold},
	},
};
use frame_system::{RawOrigin, pallet_prelude::HeaderFor};
use pallet_session::NextKeys;
use sp_application_crypto::RuntimeAppPublic;
use sp_consensus_aura::{
	Slot,
	digests::CompatibleDigestItem,
	sr25519::{AuthorityId as AuraId, AuthoritySignature},
};
use sp_core::crypto::key_types::AURA;
use sp_runtime::{
	Digest, DigestItem,
	traits::{Header as _, One, TrailingZeroInput, Zero},
};

/// An account with money and session keys.
fn account_with_keys<T: Config>(number: u32) -> Result<T::AccountId, BenchmarkError> {
	let account: T::AccountId = account("authority", number, 0);
	let money = T::CandidateBond::get() * 100u32.into();
	T::BondCurrency::mint_into(&account, money + T::BondCurrency::minimum_balance())?;
	let keys = T::Keys::decode(&mut TrailingZeroInput::zeroes())
		.map_err(|_| BenchmarkError::Stop("keys do not decode"))?;
	NextKeys::<T>::insert(&account, keys);
	Ok(account)
}

/// Fills the list of candidates with the least bonds; returns the first.
fn full<T: Config>() -> Result<T::AccountId, BenchmarkError> {
	let most = <T::MaxAuthorities as Get<u32>>::get();
	let accounts = (0..most).map(account_with_keys::<T>).collect::<Result<Vec<_>, _>>()?;
	let bond = T::CandidateBond::get();
	for account in &accounts {
		T::BondCurrency::hold(&HoldReason::CandidateBond.into(), account, bond)?;
		let record = CandidateRecord { bond, status: CandidateStatus::Active };
		Candidates::<T>::insert(account, record);
	}
	let first = accounts.first().cloned().ok_or(BenchmarkError::Stop("no authorities"))?;
	let active = accounts.try_into().map_err(|_| BenchmarkError::Stop("too many"))?;
	ActiveCandidates::<T>::put(active);
	Ok(first)
}

/// A sealed header on top of a block of this chain, padded to about `bytes`.
fn sealed<T: Config>(key: &AuraId, state: u8, bytes: u32) -> Result<HeaderFor<T>, BenchmarkError> {
	let slot = CompatibleDigestItem::<AuthoritySignature>::aura_pre_digest(Slot::from(1));
	let padding = DigestItem::Other(vec![state; bytes as usize]);
	let parent = frame_system::BlockHash::<T>::get(
		frame_system::pallet_prelude::BlockNumberFor::<T>::zero(),
	);
	let logs = vec![slot, padding];
	let mut header = HeaderFor::<T>::new(
		One::one(),
		Default::default(),
		Default::default(),
		parent,
		Digest { logs },
	);
	let signature = key.sign(&header.hash().as_ref()).ok_or(BenchmarkError::Stop("no keystore"))?;
	header.digest_mut().push(CompatibleDigestItem::aura_seal(signature));
	Ok(header)
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn set_permanent(n: Linear<1, 32>) -> Result<(), BenchmarkError> {
		let list = (0..n).map(account_with_keys::<T>).collect::<Result<Vec<_>, _>>()?;
		let origin =
			T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, list);
		assert_eq!(PermanentAuthorities::<T>::get().len(), n as usize);
		Ok(())
	}

	/// There is no room, and the least is outbid.
	#[benchmark]
	fn become_candidate() -> Result<(), BenchmarkError> {
		full::<T>()?;
		let caller = account_with_keys::<T>(1_000)?;
		let bond = T::CandidateBond::get() * 2u32.into();
		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), bond);
		assert!(ActiveCandidates::<T>::get().contains(&caller));
		Ok(())
	}

	#[benchmark]
	fn leave_candidates() -> Result<(), BenchmarkError> {
		let caller = full::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()));
		assert!(!ActiveCandidates::<T>::get().contains(&caller));
		Ok(())
	}

	#[benchmark]
	fn withdraw_bond() -> Result<(), BenchmarkError> {
		let caller = full::<T>()?;
		assert_ok!(Pallet::<T>::do_leave_candidates(caller.clone()));
		pallet_session::CurrentIndex::<T>::put(u32::MAX);
		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()));
		assert!(!Candidates::<T>::contains_key(&caller));
		Ok(())
	}

	#[benchmark]
	fn come_back() -> Result<(), BenchmarkError> {
		let caller = account_with_keys::<T>(0)?;
		let offline = Permanent { account: caller.clone(), offline: true };
		let list = vec![offline].try_into().map_err(|_| BenchmarkError::Stop("too many"))?;
		PermanentAuthorities::<T>::put(list);
		#[extrinsic_call]
		_(RawOrigin::Signed(caller));
		assert!(PermanentAuthorities::<T>::get().iter().all(|permanent| !permanent.offline));
		Ok(())
	}

	#[benchmark]
	fn set_session_length() -> Result<(), BenchmarkError> {
		let origin =
			T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, T::MaxSessionLength::get());
		assert_eq!(SessionLength::<T>::get(), T::MaxSessionLength::get());
		Ok(())
	}

	#[benchmark]
	fn report_double_seal() -> Result<(), BenchmarkError> {
		let offender = full::<T>()?;
		let key = AuraId::generate_pair(None);
		let owned = (AURA, AsRef::<[u8]>::as_ref(&key).to_vec());
		pallet_session::KeyOwner::<T>::insert(owned, &offender);
		let (first, second) = (sealed::<T>(&key, 1, 0)?, sealed::<T>(&key, 2, 0)?);
		#[extrinsic_call]
		_(RawOrigin::Authorized, key, first, second);
		assert!(Barred::<T>::contains_key(&offender));
		Ok(())
	}

	#[benchmark]
	fn authorize_double_seal(b: Linear<1, 10_000>) -> Result<(), BenchmarkError> {
		let offender = full::<T>()?;
		let key = AuraId::generate_pair(None);
		let owned = (AURA, AsRef::<[u8]>::as_ref(&key).to_vec());
		pallet_session::KeyOwner::<T>::insert(owned, &offender);
		let (first, second) = (sealed::<T>(&key, 1, b / 2)?, sealed::<T>(&key, 2, b / 2)?);
		assert!(first.encoded_size() >= b as usize / 2);
		let source = sp_runtime::transaction_validity::TransactionSource::External;
		let valid;
		#[block]
		{
			valid = Pallet::<T>::authorize_double_seal(source, &key, &first, &second);
		}
		assert!(valid.is_ok());
		Ok(())
	}
}
