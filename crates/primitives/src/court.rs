//! What is stored of jobs whose outcome can be challenged, and of their trials.

use crate::{Assignees, bounds::MaxSteppers};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::BoundedVec;

/// A finished job whose fee is still held: until it is final, anybody can challenge its outcome.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct ProvisionalJob<BlockNumber> {
	/// First block in which the outcome counts, unless a trial puts it off.
	pub final_at: BlockNumber,
	/// Workers that stand for the outcome: they share the fee, or lose their bonds.
	pub workers: Assignees,
}

/// What of a job the court evaluates.
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
pub enum TrialScope {
	/// The part of the result with this number: it is wrong, or it is not.
	Part(u32),
	/// All parts, one after the other: where the job failed, one part that fails is enough; where workers differ, the
	/// court needs a result of its own.
	Whole,
}

/// A job that the court evaluates.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Trial<AccountId, Balance, BlockNumber> {
	/// Who says that the outcome is wrong; none if workers of the job differ.
	pub challenger: Option<AccountId>,
	/// Bond held from the challenger.
	pub bond: Balance,
	/// What is evaluated.
	pub scope: TrialScope,
	/// Number of the part that is being evaluated.
	pub part: u32,
	/// Steps that were made.
	pub steps: u32,
	/// Steps that it takes in all.
	pub steps_in_all: u32,
	/// Who made how many of them, as far as they are rewarded; the challenger always has a place.
	pub steppers: BoundedVec<(AccountId, u32), MaxSteppers>,
	/// Block in which it began.
	pub opened_at: BlockNumber,
	/// First block in which it is over without a verdict, unless there is a step before.
	pub lapses_at: BlockNumber,
}

impl<AccountId: PartialEq, Balance, BlockNumber> Trial<AccountId, Balance, BlockNumber> {
	/// Counts a step. Those of accounts beyond the bound are not rewarded, and those that a block makes by itself.
	pub fn count_step(&mut self, account: Option<AccountId>) {
		self.steps = self.steps.saturating_add(1);
		let Some(account) = account else { return };
		match self.steppers.iter_mut().find(|(other, _)| *other == account) {
			Some((_, steps)) => *steps = steps.saturating_add(1),
			None => _ = self.steppers.try_push((account, 1)),
		}
	}
}

/// Where a job stands that can be challenged, or that the court evaluates.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct CourtView<AccountId, Balance> {
	/// First block in which its outcome counts; none if workers of the job differ, and the court decides.
	pub final_at: Option<u32>,
	/// The trial, if there is one.
	pub trial: Option<Trial<AccountId, Balance, u32>>,
}
