//! How the workers of one job agree on its outcome.
//!
//! All of them first commit to theirs; a commitment shows nothing and cannot be copied. When the last
//! commitment is there, outcomes are revealed. One revealed outcome shows at once which other workers
//! committed to the same, so that equal outcomes are posted once.
//!
//! Where they differ, two workers cannot say which of them is wrong, and three can be outvoted by two of one
//! operator. So a jury decides: at least [`MIN_JURY`] workers in all, and a lead of [`MIN_LEAD`] votes over
//! all others together. Without it nobody is taken for a liar.

use crate::{Assignees, JobId, Step, WorkerId, bounds::MaxAssignees, commitment};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::BoundedVec;

/// Fewest workers, those that differ included, that decide between different outcomes.
pub const MIN_JURY: usize = 5;

/// Votes that an outcome must have more than all others together.
pub const MIN_LEAD: usize = 2;

/// What the workers of a job have said so far.
#[derive(
	Clone,
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
pub struct Ballot {
	/// Commitments, with the workers that made them.
	pub commitments: BoundedVec<(WorkerId, H256), MaxAssignees>,
	/// Hashes of the outcomes that were revealed; all different.
	pub revealed: BoundedVec<H256, MaxAssignees>,
}

/// What a ballot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
	/// Something is missing that could decide.
	Open,
	/// The outcome with this hash has enough votes.
	Agreed(H256),
	/// Whatever else these workers say, no outcome will have enough votes.
	Split,
}

impl Ballot {
	/// What `worker` committed to.
	pub fn commitment_of(&self, worker: &WorkerId) -> Option<H256> {
		self.commitments
			.iter()
			.find(|(other, _)| other == worker)
			.map(|(_, commitment)| *commitment)
	}

	/// Whether all of `assignees` have committed.
	pub fn is_committed(&self, assignees: &Assignees) -> bool {
		assignees.iter().all(|worker| self.commitment_of(worker).is_some())
	}

	/// The revealed outcome that `worker` committed to.
	pub fn vote(&self, job: JobId, worker: &WorkerId) -> Option<H256> {
		let made = self.commitment_of(worker)?;
		self.revealed.iter().find(|outcome| commitment(worker, job, outcome) == made).copied()
	}

	/// What `worker`, one of `assignees`, has to do next.
	pub fn step(&self, job: JobId, assignees: &Assignees, worker: &WorkerId) -> Step {
		match self.commitment_of(worker) {
			None => Step::Commit,
			Some(_) if !self.is_committed(assignees) => Step::Wait,
			Some(_) if self.vote(job, worker).is_some() => Step::Wait,
			Some(_) => Step::Post,
		}
	}

	/// The workers that keep the others waiting.
	pub fn silent(&self, job: JobId, assignees: &Assignees) -> Vec<WorkerId> {
		let waits = |worker: &&WorkerId| self.step(job, assignees, worker) != Step::Wait;
		assignees.iter().filter(waits).cloned().collect()
	}

	/// Whether all agree, or, where they do not, a jury of `assignees` has decided.
	pub fn verdict(&self, job: JobId, assignees: &Assignees, redundancy: u8) -> Verdict {
		if !self.is_committed(assignees) || self.revealed.is_empty() {
			return Verdict::Open;
		}
		let mut votes = BTreeMap::<Option<H256>, usize>::new();
		for worker in assignees {
			let count = votes.entry(self.vote(job, worker)).or_default();
			*count = count.saturating_add(1);
		}
		let all = assignees.len();
		let enough = |votes: usize| {
			let is_jury =
				all >= MIN_JURY && votes.saturating_mul(2) >= all.saturating_add(MIN_LEAD);
			votes >= usize::from(redundancy) && (votes == all || is_jury)
		};
		// Those that have not revealed theirs did not commit to a revealed one, but perhaps to the same.
		let hidden = votes.remove(&None).unwrap_or_default();
		let agreed = votes.into_iter().find(|(_, count)| enough(*count));
		match agreed.and_then(|(outcome, _)| outcome) {
			Some(outcome) => Verdict::Agreed(outcome),
			None if enough(hidden) => Verdict::Open,
			None => Verdict::Split,
		}
	}

	/// How many more workers must be asked after a split of `assignees`: up to a jury, then two at a time, so
	/// that the number stays odd.
	pub fn missing_jurors(assignees: usize) -> usize {
		match assignees {
			few if few < MIN_JURY => MIN_JURY.saturating_sub(few),
			even if even.is_multiple_of(2) => 1,
			_ => 2,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::crypto::UncheckedFrom;
	use sp_runtime::traits::{BlakeTwo256, Hash};

	const JOB: JobId = 7;

	fn worker(number: u8) -> WorkerId {
		WorkerId::from(sp_core::sr25519::Public::unchecked_from([number; 32]))
	}

	fn assignees(count: u8) -> Assignees {
		(0..count).map(worker).collect::<Vec<_>>().try_into().unwrap()
	}

	/// Worker `n` has committed to outcome `votes[n]`, if any; `revealed` are shown.
	fn ballot(votes: &[Option<u8>], revealed: &[u8]) -> Ballot {
		let outcome = |number: u8| H256::repeat_byte(number);
		let commitments = votes.iter().enumerate().filter_map(|(at, vote)| {
			let worker = worker(at as u8);
			let made = commitment(&worker, JOB, &outcome((*vote)?));
			Some((worker, made))
		});
		Ballot {
			commitments: commitments.collect::<Vec<_>>().try_into().unwrap(),
			revealed: revealed.iter().copied().map(outcome).collect::<Vec<_>>().try_into().unwrap(),
		}
	}

	#[test]
	fn commitments_are_pinned_and_differ_by_worker() {
		let outcome = H256::repeat_byte(1);
		let made = commitment(&worker(1), JOB, &outcome);
		let mut bytes = b"fhe-ml/commitment/1".to_vec();
		bytes.extend([1; 32]);
		bytes.extend([7, 0, 0, 0, 0, 0, 0, 0]);
		bytes.extend([1; 32]);
		assert_eq!(made, BlakeTwo256::hash(&bytes));
		assert_ne!(made, commitment(&worker(2), JOB, &outcome));
	}

	#[test]
	fn one_revealed_outcome_decides_if_all_committed_to_it() {
		let two = assignees(2);
		assert_eq!(ballot(&[Some(1), None], &[]).verdict(JOB, &two, 2), Verdict::Open);
		assert_eq!(ballot(&[Some(1), Some(1)], &[]).verdict(JOB, &two, 2), Verdict::Open);
		let agreed = Verdict::Agreed(H256::repeat_byte(1));
		assert_eq!(ballot(&[Some(1), Some(1)], &[1]).verdict(JOB, &two, 2), agreed);
	}

	#[test]
	fn fewer_than_a_jury_decide_nothing_that_they_differ_about() {
		let verdict = |votes: &[Option<u8>], revealed: &[u8], redundancy| {
			ballot(votes, revealed).verdict(JOB, &assignees(votes.len() as u8), redundancy)
		};
		assert_eq!(verdict(&[Some(1), Some(2)], &[1], 2), Verdict::Split);
		// Two of one operator against an honest one.
		assert_eq!(verdict(&[Some(1), Some(2), Some(2)], &[1], 2), Verdict::Split);
		assert_eq!(verdict(&[Some(1), Some(2), Some(2)], &[1, 2], 2), Verdict::Split);
		assert_eq!(verdict(&[Some(1), Some(2), Some(2), Some(2)], &[2], 2), Verdict::Split);
		assert_eq!([2, 3, 4, 5, 6, 7].map(Ballot::missing_jurors), [3, 2, 1, 2, 1, 2]);
	}

	#[test]
	fn a_jury_decides_with_a_lead_of_two() {
		let verdict = |votes: &[Option<u8>], revealed: &[u8], redundancy| {
			ballot(votes, revealed).verdict(JOB, &assignees(votes.len() as u8), redundancy)
		};
		let agreed = |outcome| Verdict::Agreed(H256::repeat_byte(outcome));
		let four_to_one = [Some(1), Some(2), Some(2), Some(2), Some(2)];
		assert_eq!(verdict(&four_to_one, &[1], 2), Verdict::Open, "the hidden ones may agree");
		assert_eq!(verdict(&four_to_one, &[1, 2], 2), agreed(2));
		assert_eq!(
			verdict(&four_to_one, &[2], 5),
			Verdict::Split,
			"five equal ones were asked for"
		);
		let three_to_two = [Some(1), Some(1), Some(2), Some(2), Some(2)];
		assert_eq!(verdict(&three_to_two, &[1, 2], 2), Verdict::Split);
		let three_lies = [Some(1), Some(2), Some(3), Some(1), Some(1)];
		assert_eq!(verdict(&three_lies, &[1, 2, 3], 2), Verdict::Split, "3 to 2 together");
		let five_to_two = [Some(1), Some(1), Some(2), Some(2), Some(2), Some(2), Some(2)];
		assert_eq!(verdict(&five_to_two, &[1, 2], 2), agreed(2));
	}

	#[test]
	fn nobody_reveals_before_all_have_committed() {
		let two = assignees(2);
		let half = ballot(&[Some(1), None], &[]);
		assert_eq!(half.step(JOB, &two, &worker(0)), Step::Wait);
		assert_eq!(half.step(JOB, &two, &worker(1)), Step::Commit);
		assert_eq!(half.silent(JOB, &two), [worker(1)]);
		let full = ballot(&[Some(1), Some(2)], &[1]);
		assert_eq!(full.step(JOB, &two, &worker(0)), Step::Wait);
		assert_eq!(full.step(JOB, &two, &worker(1)), Step::Post);
		assert_eq!(full.silent(JOB, &two), [worker(1)]);
	}
}
