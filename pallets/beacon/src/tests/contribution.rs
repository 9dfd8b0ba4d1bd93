//! One right contribution in every block, and nothing else.

use crate::{ContributedIn, Contribution, CurrentTurn, Error, INHERENT_IDENTIFIER, Turn, mock::*};
use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo},
	inherent::{InherentData, ProvideInherent},
};
use sp_core::{H256, Pair};
use sp_runtime::{
	ApplyExtrinsicResult, Digest, DispatchError,
	testing::UintAuthorityId,
	traits::Block as _,
	transaction_validity::{InvalidTransaction, TransactionSource},
};

/// What the executive says of an inherent that fails: the block is invalid.
const INVALID_BLOCK: ApplyExtrinsicResult =
	Err(sp_runtime::transaction_validity::TransactionValidityError::Invalid(
		InvalidTransaction::BadMandatory,
	));

/// Why `contribution` is refused in the block that has begun.
fn refused(contribution: Contribution, error: Error<Test>) {
	assert_noop!(Beacon::contribute(RuntimeOrigin::none(), contribution.clone()), error);
	assert_eq!(apply(inherent(contribution)), INVALID_BLOCK);
}

#[test]
fn a_contribution_changes_the_seed() {
	chain(&[pair(1)]).execute_with(|| {
		author(&pair(1), 7);
		let first = seed();
		assert_ne!(first, H256::zero());
		assert_eq!(ContributedIn::<Test>::get(), 1);
		author(&pair(1), 8);
		assert_ne!(seed(), first);
		assert_eq!(ContributedIn::<Test>::get(), 2);
		assert_eq!(CurrentTurn::<Test>::get(), None);
	});
}

#[test]
fn another_authority_cannot_contribute() {
	chain(&[pair(1), pair(2)]).execute_with(|| {
		begin(3);
		refused(signed(&pair(1), &seed(), 3), Error::WrongContribution);
		assert_eq!(seed(), H256::zero());
		assert_ok!(Beacon::contribute(RuntimeOrigin::none(), signed(&pair(2), &seed(), 3)));
	});
}

#[test]
fn a_contribution_for_another_slot_is_refused() {
	chain(&[pair(1)]).execute_with(|| {
		begin(3);
		refused(signed(&pair(1), &seed(), 4), Error::WrongContribution);
	});
}

#[test]
fn a_contribution_on_another_seed_is_refused() {
	chain(&[pair(1)]).execute_with(|| {
		author(&pair(1), 3);
		begin(4);
		refused(signed(&pair(1), &H256::zero(), 4), Error::WrongContribution);
	});
}

#[test]
fn the_contribution_of_the_last_block_is_refused() {
	chain(&[pair(1)]).execute_with(|| {
		begin(3);
		let contribution = signed(&pair(1), &seed(), 3);
		apply(inherent(contribution.clone())).unwrap().unwrap();
		finalize();
		begin(4);
		refused(contribution, Error::WrongContribution);
	});
}

#[test]
fn a_changed_byte_is_refused() {
	chain(&[pair(1)]).execute_with(|| {
		begin(3);
		let right = signed(&pair(1), &seed(), 3);
		for byte in 0..32 {
			let mut wrong = right.clone();
			wrong.pre_output[byte] ^= 1;
			refused(wrong, Error::WrongContribution);
		}
		for byte in 0..64 {
			let mut wrong = right.clone();
			wrong.proof[byte] ^= 1;
			refused(wrong, Error::WrongContribution);
		}
		refused(Contribution { pre_output: [0; 32], ..right }, Error::WrongContribution);
	});
}

#[test]
fn the_proof_of_one_key_does_not_carry_the_output_of_another() {
	chain(&[pair(1)]).execute_with(|| {
		begin(3);
		let right = signed(&pair(1), &seed(), 3);
		let other = signed(&pair(2), &seed(), 3);
		refused(Contribution { pre_output: other.pre_output, ..right }, Error::WrongContribution);
	});
}

#[test]
fn a_second_contribution_makes_the_block_invalid() {
	chain(&[pair(1)]).execute_with(|| {
		author(&pair(1), 2);
		begin(3);
		let before = seed();
		apply(inherent(signed(&pair(1), &before, 3))).unwrap().unwrap();
		let after = seed();
		refused(signed(&pair(1), &before, 3), Error::AlreadyContributed);
		refused(signed(&pair(1), &after, 3), Error::AlreadyContributed);
		assert_eq!(seed(), after);
	});
}

#[test]
#[should_panic(expected = "every block has the contribution of its author")]
fn a_block_without_a_contribution_is_invalid() {
	chain(&[pair(1)]).execute_with(|| {
		author(&pair(1), 3);
		begin(4);
		finalize();
	});
}

#[test]
#[should_panic(expected = "every block has the contribution of its author")]
fn a_block_without_an_author_is_invalid() {
	chain(&[pair(1)]).execute_with(|| {
		author(&pair(1), 3);
		begin_with(Digest::default());
		refused(signed(&pair(1), &seed(), 4), Error::NoAuthor);
		finalize();
	});
}

#[test]
fn two_proofs_of_one_output_give_one_seed() {
	let mut seeds = Vec::new();
	let mut proofs = Vec::new();
	for _ in 0..2 {
		chain(&[pair(1)]).execute_with(|| {
			begin(3);
			let contribution = signed(&pair(1), &seed(), 3);
			proofs.push(contribution.proof);
			apply(inherent(contribution)).unwrap().unwrap();
			seeds.push(seed());
		});
	}
	assert_ne!(proofs[0], proofs[1], "the proof is randomised");
	assert_eq!(seeds[0], seeds[1]);
}

#[test]
fn slots_and_keys_give_different_seeds() {
	let mut seeds = Vec::new();
	for (key, slot) in [(1, 3), (1, 4), (2, 3), (2, 4)] {
		chain(&[pair(key)]).execute_with(|| {
			author(&pair(key), slot);
			seeds.push(seed());
		});
	}
	seeds.sort();
	seeds.dedup();
	assert_eq!(seeds.len(), 4);
}

#[test]
fn whoever_imports_the_blocks_gets_the_same_seeds() {
	let authorities = [pair(1), pair(2), pair(3)];
	let mut authored = Vec::new();
	chain(&authorities).execute_with(|| {
		// Slot 5 is skipped.
		for slot in [3, 4, 6, 7, 8] {
			let block = author(&authorities[slot as usize % 3], slot);
			authored.push((block, seed()));
		}
	});
	chain(&authorities).execute_with(|| {
		for (block, expected) in authored {
			import(block);
			assert_eq!(seed(), expected);
		}
	});
}

#[test]
#[should_panic(expected = "A call was labelled as mandatory, but resulted in an Error")]
fn a_block_with_another_contribution_is_not_imported() {
	let block = chain(&[pair(1)]).execute_with(|| author(&pair(1), 3));
	let wrong = inherent(signed(&pair(1), &H256::zero(), 4));
	let block = Block::new(block.header().clone(), vec![wrong]);
	chain(&[pair(1)]).execute_with(|| import(block));
}

#[test]
fn an_account_cannot_contribute() {
	chain(&[pair(1)]).execute_with(|| {
		begin(3);
		let contribution = signed(&pair(1), &seed(), 3);
		let signed = RuntimeOrigin::signed(1);
		assert_noop!(Beacon::contribute(signed, contribution.clone()), DispatchError::BadOrigin);
		let call = crate::Call::contribute { contribution }.into();
		let extrinsic = Extrinsic::new_signed(call, 1, UintAuthorityId(1), ());
		assert_eq!(apply(extrinsic), INVALID_BLOCK);
	});
}

#[test]
fn the_pool_takes_no_contribution() {
	chain(&[pair(1)]).execute_with(|| {
		author(&pair(1), 3);
		let extrinsic = inherent(signed(&pair(1), &seed(), 4));
		let answer = validate(TransactionSource::External, extrinsic);
		assert_eq!(answer, Err(InvalidTransaction::MandatoryValidation.into()));
	});
}

#[test]
fn the_inherent_is_what_the_node_provides() {
	chain(&[pair(1)]).execute_with(|| {
		let contribution = signed(&pair(1), &seed(), 3);
		let mut data = InherentData::new();
		assert_eq!(Beacon::create_inherent(&data), None);
		data.put_data(INHERENT_IDENTIFIER, &contribution).unwrap();
		let call = Beacon::create_inherent(&data).unwrap();
		assert!(Beacon::is_inherent(&call));
		assert_eq!(call.get_dispatch_info().class, DispatchClass::Mandatory);
		assert_eq!(call, crate::Call::contribute { contribution });
		// Whoever imports the block has no data.
		assert!(Beacon::check_inherent(&call, &InherentData::new()).is_ok());
		let mut garbage = InherentData::new();
		garbage.put_data(INHERENT_IDENTIFIER, &7_u8).unwrap();
		assert_eq!(Beacon::create_inherent(&garbage), None);
	});
}

#[test]
fn the_bytes_of_transcript_and_seed_are_pinned() {
	let contribution = Contribution { pre_output: [2; 32], proof: [3; 64] };
	let next = contribution.next_seed(&H256::repeat_byte(1));
	let bytes = [b"fhe-ml/beacon/seed".as_slice(), &[1; 32], &[2; 32]].concat();
	assert_eq!(next.0, sp_io::hashing::blake2_256(&bytes));
	assert_eq!(contribution.encode(), [[2; 32].as_slice(), &[3; 64]].concat());
	let (turn, example) = Contribution::example();
	assert_eq!(turn, Turn { author: pair(1).public(), slot: 7 });
	assert!(example.is_of(&turn, &H256::zero()));
	assert_eq!(signed(&pair(1), &H256::zero(), 7).pre_output, example.pre_output);
}
