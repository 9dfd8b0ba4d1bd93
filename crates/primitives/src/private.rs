//! Records of private models: their owner's evaluators have the model, and the chain has what users need to ask.

use crate::{Assignees, WorkerId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::BoundedVec;

/// For how many rows one account may ask.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub struct Quota<BlockNumber> {
	/// Most rows of an account in a period; a request counts with all its rows.
	pub requests: u32,
	/// Blocks of a period; the first one begins at block 0.
	pub period: BlockNumber,
}

/// What the owner of a private model offers.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct PrivateTerms<AccountId, Balance, BlockNumber> {
	/// Workers that have the private file, at least one, all different. No others are given jobs of the model.
	pub evaluators: Assignees,
	/// What the result of one row costs besides the fee of the workers; the owner gets it. A request of several
	/// rows costs as many times the price.
	pub price: Balance,
	/// For how many rows one account may ask; none for no bound.
	pub quota: Option<Quota<BlockNumber>>,
	/// Account that may condemn results, as the admin may; it has the private file from the owner.
	pub auditor: Option<AccountId>,
}

/// Terms that come into force.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct ComingTerms<AccountId, Balance, BlockNumber> {
	/// First block in which they are in force. Past it they are, also if they still stand here: storage
	/// follows with the next request.
	pub from: BlockNumber,
	/// The terms.
	pub terms: PrivateTerms<AccountId, Balance, BlockNumber>,
}

/// Why a private model takes no requests.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum Suspension {
	/// Its evaluators have given different results for one job; its owner can resume it.
	Disagreement,
	/// One of its results was condemned; only the admin can resume it.
	Audit,
}

/// Whether a private model takes requests, unless it is retired.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum PrivateModelState {
	/// It does.
	Active,
	/// It does not; open jobs are still finished.
	Suspended {
		/// Why.
		reason: Suspension,
	},
}

/// An evaluator that has declined a job of a private model.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Absence<BlockNumber> {
	/// The evaluator.
	pub worker: WorkerId,
	/// First block in which it is given jobs of the model again.
	pub until: BlockNumber,
}

/// A private model, besides its record in `Models`. It stays until its bond has gone back.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct PrivateModelRecord<AccountId, Balance, BlockNumber> {
	/// Account that registered it, is paid its price, and may change its terms and retire it.
	pub owner: AccountId,
	/// Commitment to the private file. Who is given the file can check with it that it is the one of every job.
	pub commitment: H256,
	/// Bond held from the owner; a condemned result is paid for out of it.
	pub bond: Balance,
	/// Terms in force, unless `next_terms` are.
	pub terms: PrivateTerms<AccountId, Balance, BlockNumber>,
	/// Terms that replace them, and when.
	pub next_terms: Option<ComingTerms<AccountId, Balance, BlockNumber>>,
	/// Whether it takes requests.
	pub state: PrivateModelState,
	/// Evaluators that have declined a job a moment ago, since they lack the private file or have another engine.
	/// For a while they are not asked again.
	pub absent: BoundedVec<Absence<BlockNumber>, crate::bounds::MaxAssignees>,
	/// First block in which the bond can be withdrawn. None before the model is retired and its last job is
	/// finished.
	pub bond_free_at: Option<BlockNumber>,
}

impl<AccountId, Balance, BlockNumber: Copy + Ord>
	PrivateModelRecord<AccountId, Balance, BlockNumber>
{
	/// The record as it is in block `now`: with the terms that are in force then in `terms`, and without those
	/// that are absent no longer. Also whether that differs from what it was.
	pub fn at(mut self, now: BlockNumber) -> (Self, bool) {
		let absent = self.absent.len();
		self.absent.retain(|absence| absence.until > now);
		let mut changed = self.absent.len() != absent;
		match self.next_terms.take() {
			Some(next) if next.from <= now => (self.terms, changed) = (next.terms, true),
			next => self.next_terms = next,
		}
		(self, changed)
	}

	/// Whether it takes requests.
	pub fn is_active(&self) -> bool {
		matches!(self.state, PrivateModelState::Active)
	}
}

/// What a job of a private model has besides its record in `Jobs`: from its request until it is released, or
/// until it has failed, expired or been condemned.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct PrivateJobRecord<AccountId, Balance, BlockNumber> {
	/// Price of all its rows that was in force at the request; it is held with the fee. Of a completed job, what the
	/// model's owner got.
	pub price: Balance,
	/// The model's auditor at the request, who may condemn the result, whoever is auditor later.
	pub auditor: Option<AccountId>,
	/// Evaluators that have declined it, because they lack the private file or have another engine.
	pub declined: Assignees,
	/// First block of the period in whose quota its rows were counted, if there was a quota.
	pub counted_in: Option<BlockNumber>,
}

/// For how many rows an account has asked a private model with a quota.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub struct QuotaUse<BlockNumber> {
	/// First block of the period.
	pub since: BlockNumber,
	/// Rows of the requests in it, without those whose fee and price went back.
	pub requests: u32,
}

#[cfg(test)]
mod tests {
	use super::*;
	use alloc::vec;

	fn terms(price: u64) -> PrivateTerms<u64, u64, u32> {
		PrivateTerms { evaluators: Assignees::new(), price, quota: None, auditor: None }
	}

	#[test]
	fn terms_are_in_force_from_their_block_on() {
		let record = PrivateModelRecord {
			owner: 1,
			commitment: H256::zero(),
			bond: 5,
			terms: terms(1),
			next_terms: Some(ComingTerms { from: 10, terms: terms(2) }),
			state: PrivateModelState::Active,
			absent: BoundedVec::new(),
			bond_free_at: None,
		};
		assert_eq!(record.clone().at(9), (record.clone(), false));
		let (later, changed) = record.at(10);
		assert_eq!((later.terms, later.next_terms, changed), (terms(2), None, true));
	}

	#[test]
	fn who_declined_is_absent_for_a_while() {
		use sp_core::crypto::UncheckedFrom;
		let worker = WorkerId::from(sp_core::sr25519::Public::unchecked_from([1; 32]));
		let record = PrivateModelRecord {
			owner: 1,
			commitment: H256::zero(),
			bond: 5,
			terms: terms(1),
			next_terms: None,
			state: PrivateModelState::Active,
			absent: vec![Absence { worker, until: 7 }].try_into().unwrap(),
			bond_free_at: None,
		};
		assert_eq!(record.clone().at(6), (record.clone(), false));
		let (later, changed) = record.at(7);
		assert!(later.absent.is_empty() && changed);
	}
}
