//! How the workers of one job agree on its outcome.
//!
//! All of them first commit to theirs; a commitment shows nothing and cannot be copied. When the last
//! commitment is there, outcomes are revealed. One revealed outcome shows at once which other workers
//! committed to the same, so that equal outcomes are posted once.

use crate::{Assignees, JobId, Step, WorkerId, bounds::MaxAssignees, commitment};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::BoundedVec;

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

	/// Whether an outcome has `redundancy` votes and a majority of `assignees`.
	pub fn verdict(&self, job: JobId, assignees: &Assignees, redundancy: u8) -> Verdict {
		if !self.is_committed(assignees) {
			return Verdict::Open;
		}
		let enough = |votes: usize| {
			votes >= usize::from(redundancy) && votes.saturating_mul(2) > assignees.len()
		};
		let mut votes = BTreeMap::<Option<H256>, usize>::new();
		for worker in assignees {
			let count = votes.entry(self.vote(job, worker)).or_default();
			*count = count.saturating_add(1);
		}
		// Those that have not revealed theirs did not commit to a revealed one, but perhaps to the same.
		let hidden = votes.remove(&None).unwrap_or_default();
		let agreed = votes.into_iter().find(|(_, count)| enough(*count));
		match agreed.and_then(|(outcome, _)| outcome) {
			Some(outcome) => Verdict::Agreed(outcome),
			None if enough(hidden) => Verdict::Open,
			None => Verdict::Split,
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
	fn a_split_is_seen_as_soon_as_nothing_can_decide_any_more() {
		let verdict = |votes: &[Option<u8>], revealed: &[u8], redundancy| {
			ballot(votes, revealed).verdict(JOB, &assignees(votes.len() as u8), redundancy)
		};
		assert_eq!(verdict(&[Some(1), Some(2)], &[1], 2), Verdict::Split);
		let agreed = Verdict::Agreed(H256::repeat_byte(2));
		// Two more were asked; the hidden ones could agree.
		let three = [Some(1), Some(2), Some(2)];
		assert_eq!(verdict(&three, &[1], 2), Verdict::Open);
		assert_eq!(verdict(&three, &[1, 2], 2), agreed);
		assert_eq!(verdict(&[Some(1), Some(2), Some(3)], &[1], 2), Verdict::Open);
		assert_eq!(verdict(&[Some(1), Some(2), Some(3)], &[1, 2], 2), Verdict::Split);
		// Two of three are a majority, but not the three equal ones that were asked for.
		assert_eq!(verdict(&three, &[2], 3), Verdict::Split);
		assert_eq!(verdict(&[Some(1), Some(2), Some(2), Some(2), Some(1)], &[2], 3), agreed);
		// Two of four are no majority.
		assert_eq!(verdict(&[Some(1), Some(1), Some(2), Some(2)], &[1, 2], 2), Verdict::Split);
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
