//! From a chain whose authorities are fixed to one with sessions.

use crate::pallet::*;
use alloc::vec::Vec;
use core::marker::PhantomData;
use frame_support::{
	traits::{Get, OnRuntimeUpgrade},
	weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_session::{
	ExternallySetKeys, KeyOwner, NextKeys, Pallet as Session, QueuedKeys, SessionManager,
	Validators,
};
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_runtime::traits::{Convert, OpaqueKeys};

/// Puts the authorities that Aura and GRANDPA have into sessions of `L` blocks and on the admin's list. The
/// account of each is the 32 bytes of its Aura key; `K` makes its session keys of its keys for Aura and
/// GRANDPA. Aura's list, GRANDPA's and its set id stay as they are, so that no node sees a change. Does
/// nothing if there are sessions already.
pub struct FromFixedAuthorities<T, K, L>(PhantomData<(T, K, L)>);

impl<T, K, L> OnRuntimeUpgrade for FromFixedAuthorities<T, K, L>
where
	T: Config + pallet_grandpa::Config,
	T::AccountId: From<[u8; 32]>,
	K: Convert<(AuraId, pallet_grandpa::AuthorityId), T::Keys>,
	L: Get<BlockNumberFor<T>>,
{
	fn on_runtime_upgrade() -> Weight {
		let reads = T::DbWeight::get().reads(3);
		let aura = pallet_aura::Authorities::<T>::get().into_inner();
		let grandpa = pallet_grandpa::Pallet::<T>::grandpa_authorities();
		if !Validators::<T>::get().is_empty() || aura.is_empty() {
			return reads;
		}
		if aura.len() != grandpa.len() {
			log::error!("authorities: Aura and GRANDPA have different numbers; they stay fixed");
			return reads;
		}
		let set: Vec<_> = aura
			.into_iter()
			.zip(grandpa)
			.map(|(aura, (grandpa, _))| {
				let account = T::AccountId::from(sp_core::sr25519::Public::from(aura.clone()).0);
				(account, K::convert((aura, grandpa)))
			})
			.collect();
		for (account, keys) in &set {
			for kind in T::Keys::key_ids() {
				KeyOwner::<T>::insert((*kind, keys.get_raw(*kind).to_vec()), account);
			}
			NextKeys::<T>::insert(account, keys);
			// The account may not exist, so nothing can count on it: `purge_keys` must know that.
			ExternallySetKeys::<T>::insert(account, ());
		}
		let accounts: Vec<_> = set.iter().map(|(account, _)| account.clone()).collect();
		if Self::is_too_many(accounts.clone()) {
			return reads;
		}
		SessionLength::<T>::put(L::get());
		// As at genesis: the first two sessions have this set, and history begins with them.
		let _ = T::SessionManager::new_session_genesis(0);
		let _ = T::SessionManager::new_session_genesis(1);
		Validators::<T>::put(accounts);
		let size = set.len() as u64;
		QueuedKeys::<T>::put(set);
		T::SessionManager::start_session(0);
		let set_id = pallet_grandpa::CurrentSetId::<T>::get();
		pallet_grandpa::SetIdSession::<T>::insert(set_id, Session::<T>::current_index());
		let records = size.saturating_mul(8).saturating_add(20);
		T::DbWeight::get().reads_writes(records, records)
	}
}

impl<T: Config, K, L> FromFixedAuthorities<T, K, L> {
	/// Cannot be: Aura's list has the same bound.
	fn is_too_many(accounts: Vec<T::AccountId>) -> bool {
		Pallet::<T>::put_permanent(accounts).is_err()
	}
}
