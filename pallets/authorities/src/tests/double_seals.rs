//! Reports of two blocks of one slot.

use crate::{mock::*, pallet::*};
use codec::Encode;
use fhe_ml_primitives::authorities::CandidateStatus;
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo};
use sp_consensus_aura::{
	Slot,
	digests::CompatibleDigestItem,
	sr25519::{AuthorityId, AuthorityPair, AuthoritySignature},
};
use sp_core::{ByteArray, H256, Pair};
use sp_runtime::{
	ApplyExtrinsicResult, Digest, DigestItem,
	traits::{Applyable, Checkable, Header as _},
	transaction_validity::{
		InvalidTransaction, TransactionSource, TransactionValidityError, UnknownTransaction,
	},
};

const SLOT: u64 = 1_000;

/// A sealed block on top of the block before the newest one; `state` makes it another.
fn sealed(pair: &AuthorityPair, slot: u64, state: u8) -> Header {
	let number = System::block_number();
	let parent = System::block_hash(number - 1);
	let slot = CompatibleDigestItem::<AuthoritySignature>::aura_pre_digest(Slot::from(slot));
	let mut header = Header::new(
		number,
		Default::default(),
		H256::repeat_byte(state),
		parent,
		Digest { logs: vec![slot] },
	);
	seal(pair, &mut header);
	header
}

fn seal(pair: &AuthorityPair, header: &mut Header) {
	let signature = pair.sign(header.hash().as_ref());
	header.digest_mut().push(DigestItem::aura_seal(signature));
}

fn send(authority: AuthorityId, first: Header, second: Header) -> ApplyExtrinsicResult {
	let extrinsic = Authorities::double_seal_report(authority, first, second);
	let length = extrinsic.encoded_size();
	let checked = extrinsic.check(&frame_system::ChainContext::<Test>::default())?;
	let info = checked.get_dispatch_info();
	checked.validate::<Test>(TransactionSource::External, &info, length)?;
	Ok(checked.apply::<Test>(&info, length)?.map(|_| ()).map_err(|error| error.error))
}

fn report(account: AccountId) -> ApplyExtrinsicResult {
	let pair = pair(account);
	send(pair.public(), sealed(&pair, SLOT, 1), sealed(&pair, SLOT, 2))
}

fn candidate_in_set() {
	let origin = RuntimeOrigin::signed(11);
	assert_ok!(Authorities::become_candidate(origin, BOND));
	sessions(2);
	assert!(set().contains(&11));
}

#[test]
fn a_candidate_loses_half_its_bond_and_its_place_at_once() {
	run(4, || {
		candidate_in_set();
		assert_eq!(report(11), Ok(Ok(())));
		let barred_until = Session::current_index() + BARRED;
		let slashed = BOND / 2;
		assert!(happened(Event::AuthorityPunished { account: 11, slashed, barred_until }));
		assert_eq!(held(11), BOND / 2);
		assert_eq!(Balances::free_balance(SLASHED), 1_000 + BOND / 2);
		assert_eq!(Session::disabled_validators(), [4]);
		let record = Candidates::<Test>::get(11).unwrap();
		assert!(matches!(record.status, CandidateStatus::Leaving { .. }));

		// The next set was planned before: it is in it, and disabled.
		sessions(1);
		assert!(set().contains(&11));
		assert_eq!(Session::disabled_validators(), [4]);
		sessions(1);
		assert_eq!(set(), [1, 2, 3, 4]);
		assert!(Session::disabled_validators().is_empty());

		let join = || Authorities::become_candidate(RuntimeOrigin::signed(11), BOND);
		assert_noop!(join(), Error::<Test>::StillBarred);
		sessions(BARRED - 2);
		assert_ok!(join());
	});
}

#[test]
fn one_of_the_list_is_taken_off_it() {
	run(4, || {
		sessions(1);
		assert_eq!(report(2), Ok(Ok(())));
		sessions(2);
		assert_eq!(set(), [1, 3, 4]);
		// The admin may trust it again.
		assert_ok!(Authorities::set_permanent(RuntimeOrigin::root(), vec![1, 2, 3, 4]));
		sessions(2);
		assert_eq!(set(), [1, 2, 3, 4]);
	});
}

#[test]
fn no_more_are_disabled_than_grandpa_can_spare() {
	run(4, || {
		sessions(1);
		assert_eq!(report(1), Ok(Ok(())));
		assert_eq!(report(2), Ok(Ok(())));
		assert_eq!(Session::disabled_validators(), [0]);
		sessions(2);
		assert_eq!(set(), [3, 4]);
	});
}

#[test]
fn the_same_is_not_punished_twice() {
	run(4, || {
		candidate_in_set();
		assert_eq!(report(11), Ok(Ok(())));
		assert_eq!(report(11), Err(InvalidTransaction::Stale.into()));
		assert_eq!(held(11), BOND / 2);
	});
}

#[test]
fn new_keys_do_not_help_an_offender() {
	run(4, || {
		candidate_in_set();
		pallet_session::KeyOwner::<Test>::remove((
			sp_core::crypto::key_types::AURA,
			pair(11).public().to_raw_vec(),
		));
		assert_eq!(report(11), Ok(Ok(())));
		assert_eq!(held(11), BOND / 2);
	});
}

fn refused(authority: AuthorityId, first: Header, second: Header) -> TransactionValidityError {
	send(authority, first, second).unwrap_err()
}

#[test]
fn forged_reports_are_invalid() {
	run(4, || {
		sessions(1);
		let bad = TransactionValidityError::from(InvalidTransaction::BadProof);
		let (one, two) = (pair(1), pair(2));
		let first = || sealed(&one, SLOT, 1);
		// The same block twice, also with two seals.
		assert_eq!(refused(one.public(), first(), first()), bad);
		let (mut other_seal, unsealed) = (first(), first().digest_mut().pop().unwrap());
		other_seal.digest_mut().pop();
		seal(&one, &mut other_seal);
		assert_ne!(other_seal.digest().logs().last(), Some(&unsealed));
		assert_eq!(refused(one.public(), first(), other_seal), bad);
		// Two slots; two authors; an author who sealed neither.
		assert_eq!(refused(one.public(), first(), sealed(&one, SLOT + 1, 2)), bad);
		assert_eq!(refused(one.public(), first(), sealed(&two, SLOT, 2)), bad);
		assert_eq!(refused(two.public(), first(), sealed(&one, SLOT, 2)), bad);
		// No seal.
		let mut without = sealed(&one, SLOT, 2);
		without.digest_mut().pop();
		assert_eq!(refused(one.public(), first(), without), bad);
		assert_eq!(set().len(), 4);
	});
}

#[test]
fn blocks_of_another_chain_prove_nothing() {
	run(4, || {
		sessions(1);
		let one = pair(1);
		let mut elsewhere = sealed(&one, SLOT, 2);
		elsewhere.digest_mut().pop();
		elsewhere.set_parent_hash(H256::repeat_byte(9));
		seal(&one, &mut elsewhere);
		assert_eq!(
			refused(one.public(), sealed(&one, SLOT, 1), elsewhere),
			UnknownTransaction::CannotLookup.into()
		);
	});
}

#[test]
fn a_key_of_nobody_is_no_authority() {
	run(4, || {
		sessions(1);
		assert_eq!(report(55), Err(InvalidTransaction::BadSigner.into()));
	});
}

#[test]
fn a_report_needs_authorization() {
	run(4, || {
		sessions(1);
		let one = pair(1);
		let (first, second) = (sealed(&one, SLOT, 1), sealed(&one, SLOT, 2));
		let call =
			Authorities::report_double_seal(RuntimeOrigin::signed(1), one.public(), first, second);
		assert_eq!(call, Err(sp_runtime::DispatchError::BadOrigin));
	});
}
