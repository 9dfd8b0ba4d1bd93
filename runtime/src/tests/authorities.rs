//! Authorities of the real runtime: the migration from fixed ones, and what a double vote costs.

use super::presets::chain_of;
use crate::{
	AccountId, Grandpa, HOURS, Historical, Runtime, Session, System,
	configs::authorities::SessionsFromFixedAuthorities,
};
use frame_support::{
	assert_ok,
	storage::unhashed,
	traits::{KeyOwnerProofSystem, OnRuntimeUpgrade},
};
use pallet_authorities::PermanentAuthorities;
use sp_core::{H256, Pair, crypto::key_types};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// A chain with the four authorities of `local`.
fn run(test: impl FnOnce()) {
	chain_of(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET).execute_with(test);
}

#[test]
fn fixed_authorities_become_the_admins_list_and_nobody_sees_a_change() {
	run(|| {
		let (aura, grandpa) =
			(pallet_aura::Authorities::<Runtime>::get(), Grandpa::grandpa_authorities());
		assert_eq!((aura.len(), grandpa.len()), (4, 4));
		// A chain of today has none of the new pallets' storage.
		for pallet in ["Session", "Historical", "Authorities", "Authorship", "Offences"] {
			let prefix = sp_io::hashing::twox_128(pallet.as_bytes());
			let _ = unhashed::clear_prefix(&prefix, None, None);
		}
		pallet_grandpa::SetIdSession::<Runtime>::remove(0);
		pallet_grandpa::CurrentSetId::<Runtime>::put(7);
		assert!(Session::validators().is_empty());

		SessionsFromFixedAuthorities::on_runtime_upgrade();
		let accounts: Vec<AccountId> = [
			Sr25519Keyring::Alice,
			Sr25519Keyring::Bob,
			Sr25519Keyring::Charlie,
			Sr25519Keyring::Dave,
		]
		.map(|key| key.to_account_id())
		.into();
		assert_eq!(Session::validators(), accounts);
		let list = PermanentAuthorities::<Runtime>::get();
		assert!(list.iter().map(|on_list| &on_list.account).eq(&accounts));
		assert_eq!(pallet_authorities::SessionLength::<Runtime>::get(), HOURS);
		let bob = Session::load_keys(&accounts[1]).unwrap();
		assert_eq!((&bob.aura, &bob.grandpa), (&aura[1], &grandpa[1].0));
		let owner = Session::key_owner(key_types::GRANDPA, grandpa[2].0.as_ref());
		assert_eq!(owner.as_ref(), Some(&accounts[2]));

		// Sessions end, and the sets stay as they are.
		for _ in 0..3 {
			for account in &accounts {
				pallet_authorities::Authored::<Runtime>::insert(account, 1);
			}
			Session::rotate_session();
		}
		assert_eq!(pallet_aura::Authorities::<Runtime>::get(), aura);
		assert_eq!(Grandpa::grandpa_authorities(), grandpa);
		assert_eq!(Grandpa::current_set_id(), 7);
		assert_eq!(Grandpa::session_for_set(7), Some(3));
		assert!(System::digest().logs.is_empty(), "{:?}", System::digest());

		// A second upgrade finds sessions, and leaves them alone.
		SessionsFromFixedAuthorities::on_runtime_upgrade();
		assert_eq!(Session::current_index(), 3);
	});
}

/// Two prevotes of one round.
fn double_vote(key: Ed25519Keyring) -> sp_consensus_grandpa::EquivocationProof<H256, u32> {
	let vote = |hash| {
		let prevote = finality_grandpa::Prevote { target_hash: hash, target_number: 1 };
		let message = finality_grandpa::Message::Prevote(prevote.clone());
		let payload = sp_consensus_grandpa::localized_payload(1, 0, &message);
		(prevote, key.pair().sign(&payload).into())
	};
	let equivocation = finality_grandpa::Equivocation {
		round_number: 1,
		identity: key.public().into(),
		first: vote(H256::repeat_byte(1)),
		second: vote(H256::repeat_byte(2)),
	};
	sp_consensus_grandpa::EquivocationProof::new(
		0,
		sp_consensus_grandpa::Equivocation::Prevote(equivocation),
	)
}

#[test]
fn an_authority_that_votes_twice_is_disabled_and_taken_off_the_list() {
	run(|| {
		let bob = Ed25519Keyring::Bob;
		let proof = Historical::prove((sp_consensus_grandpa::KEY_TYPE, bob.public().0)).unwrap();
		let report = || {
			Grandpa::report_equivocation_unsigned(
				frame_system::RawOrigin::None.into(),
				Box::new(double_vote(bob)),
				proof.clone(),
			)
		};
		assert_ok!(report());
		let account = Sr25519Keyring::Bob.to_account_id();
		let list = PermanentAuthorities::<Runtime>::get();
		assert!(list.iter().all(|on_list| on_list.account != account));
		assert_eq!(Session::disabled_validators(), [1]);
		assert!(report().is_err());
	});
}
