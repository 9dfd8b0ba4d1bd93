//! Which finished jobs of others this node evaluates again, and what it says of them.
//!
//! One honest watcher is enough for the court, so every node looks at a share of what others did when it has nothing
//! else to do. Which share depends on its key: nobody knows of a job that it is not looked at.

use fhe_ml_primitives::{AssignedJob, JobId, WorkerId};
use sp_runtime::traits::{BlakeTwo256, Hash};
use std::{
	collections::{BTreeMap, BTreeSet, VecDeque},
	num::NonZeroU32,
	ops::RangeInclusive,
	str::FromStr,
};

/// Most jobs that wait to be looked at; beyond, the oldest are left out.
const MAX_WAITING: usize = 4_096;

/// Blocks before the start that are looked through, too.
const BLOCKS_BEFORE: u32 = 300;

/// Blocks that are looked through again: others may have come in the places of those that were there.
const OVERLAP: u32 = 8;

/// Jobs that are known to have been listed: those of the overlap, and more.
const MAX_LISTED: usize = 16_384;

/// Blocks that are looked through at one time.
const BLOCKS_AT_ONCE: u32 = 64;

/// How many of the jobs of others are evaluated again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchShare {
	/// None.
	None,
	/// One of so many.
	OneIn(NonZeroU32),
}

impl WatchShare {
	/// All.
	pub const ALL: Self = Self::OneIn(NonZeroU32::MIN);
}

/// A share that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("say all, none, or 1/N: one job of N is evaluated again")]
pub struct WatchShareError;

impl FromStr for WatchShare {
	type Err = WatchShareError;

	fn from_str(text: &str) -> Result<Self, WatchShareError> {
		match text {
			"all" => Ok(Self::ALL),
			"none" => Ok(Self::None),
			_ => {
				let number = text.strip_prefix("1/").and_then(|number| number.parse().ok());
				number.map(Self::OneIn).ok_or(WatchShareError)
			},
		}
	}
}

/// What is to be looked at, and what has been.
pub(crate) struct Watcher {
	share: WatchShare,
	/// First block whose jobs have not been listed.
	next_block: Option<u32>,
	/// The newest jobs that were listed.
	listed: BTreeSet<JobId>,
	waiting: VecDeque<AssignedJob>,
	/// Whether one is being evaluated.
	is_busy: bool,
	/// Jobs that are wrong in a part, and whose challenge is not yet on the chain.
	wrong: BTreeMap<JobId, (AssignedJob, u32)>,
}

impl Watcher {
	pub fn new(share: WatchShare) -> Self {
		let (listed, waiting, wrong) = (BTreeSet::new(), VecDeque::new(), BTreeMap::new());
		Self { share, next_block: None, listed, waiting, is_busy: false, wrong }
	}

	/// Whether it does anything.
	pub fn is_on(&self) -> bool {
		self.share != WatchShare::None
	}

	/// Blocks to be listed now that `best` is the best.
	pub fn blocks(&mut self, best: u32) -> RangeInclusive<u32> {
		let first = self.next_block.map_or(best.saturating_sub(BLOCKS_BEFORE), |next| {
			next.min(best.saturating_add(1)).saturating_sub(OVERLAP)
		});
		let last = best.min(first.saturating_add(OVERLAP + BLOCKS_AT_ONCE - 1));
		self.next_block = Some(last.saturating_add(1));
		first..=last
	}

	/// Takes in jobs that ended, each with the workers that stand for its outcome.
	pub fn ended(&mut self, jobs: Vec<(AssignedJob, Vec<WorkerId>)>, ours: &[WorkerId]) {
		let (share, key) = (self.share, ours.first());
		let is_mine = |job: &AssignedJob, workers: &[WorkerId]| {
			let WatchShare::OneIn(count) = share else { return false };
			let drawn = BlakeTwo256::hash_of(&(b"fhe-ml/watch", key, job.job));
			let drawn = drawn.0.first_chunk().copied().map_or(0, u32::from_le_bytes);
			!workers.iter().any(|worker| ours.contains(worker)) && drawn % count == 0
		};
		let new = jobs.into_iter().filter(|(job, _)| self.listed.insert(job.job));
		let mine = new.filter(|(job, workers)| is_mine(job, workers));
		self.waiting.extend(mine.map(|(job, _)| job));
		while self.listed.len() > MAX_LISTED {
			self.listed.pop_first();
		}
		let surplus = self.waiting.len().saturating_sub(MAX_WAITING);
		self.waiting.drain(..surplus);
	}

	/// The next job to evaluate, if none is.
	pub fn next(&mut self) -> Option<AssignedJob> {
		if self.is_busy {
			return None;
		}
		let next = self.waiting.pop_front();
		self.is_busy = next.is_some();
		next
	}

	/// An evaluation has ended with another outcome than the chain has, in this part, or with the same.
	pub fn looked_at(&mut self, job: &AssignedJob, wrong_part: Option<u32>) {
		self.is_busy = false;
		self.wrong.extend(wrong_part.map(|part| (job.job, (job.clone(), part))));
	}

	/// What is to be challenged.
	pub fn wrong(&self) -> Vec<(AssignedJob, u32)> {
		self.wrong.values().cloned().collect()
	}

	/// A job that is before the court, or final, or gone.
	pub fn settled(&mut self, job: JobId) {
		self.wrong.remove(&job);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::task::tests::assigned;
	use sp_core::sr25519::Public;

	fn worker(number: u8) -> WorkerId {
		Public::from_raw([number; 32]).into()
	}

	fn job(job: JobId, by: u8) -> (AssignedJob, Vec<WorkerId>) {
		(assigned(job, 0), vec![worker(by)])
	}

	#[test]
	fn shares_are_read() {
		assert_eq!("all".parse(), Ok(WatchShare::ALL));
		assert_eq!("1/1".parse(), Ok(WatchShare::ALL));
		assert_eq!("none".parse(), Ok(WatchShare::None));
		assert_eq!("1/16".parse(), Ok(WatchShare::OneIn(NonZeroU32::new(16).unwrap())));
		for text in ["", "1/0", "2/3", "1/", "some"] {
			assert_eq!(text.parse::<WatchShare>(), Err(WatchShareError), "{text}");
		}
	}

	#[test]
	fn a_share_of_the_jobs_of_others_is_looked_at() {
		let jobs = || (0..4_000).map(|number| job(number, (number % 4) as u8)).collect();
		for (share, least, most) in [("1/16", 130, 250), ("all", 3_000, 3_000), ("none", 0, 0)] {
			let mut watcher = Watcher::new(share.parse().unwrap());
			watcher.ended(jobs(), &[worker(1), worker(9)]);
			let count = watcher.waiting.len();
			assert!((least..=most).contains(&count), "{share}: {count}");
			assert!(watcher.waiting.iter().all(|job| job.job % 4 != 1), "its own");
		}
		let of = |key| {
			let mut watcher = Watcher::new("1/16".parse().unwrap());
			watcher.ended(jobs(), &[worker(key)]);
			watcher.waiting
		};
		assert_ne!(of(20), of(21), "another key has another share");
	}

	#[test]
	fn one_is_evaluated_at_a_time_and_once_though_blocks_are_listed_again() {
		let mut watcher = Watcher::new(WatchShare::ALL);
		assert_eq!(watcher.blocks(1_000), 700..=771);
		assert_eq!(watcher.blocks(1_000), 764..=835);
		let mut young = Watcher::new(WatchShare::ALL);
		assert_eq!(young.blocks(5), 0..=5);
		assert_eq!(young.blocks(20), 0..=20);
		// A shorter fork has become the best one.
		assert_eq!(young.blocks(18), 11..=18);
		assert_eq!(young.blocks(19), 11..=19);
		watcher.ended(vec![job(3, 2), job(4, 2)], &[worker(1)]);
		watcher.ended(vec![job(3, 2)], &[worker(1)]);
		assert_eq!(watcher.next().map(|job| job.job), Some(3));
		assert_eq!(watcher.next(), None);
		let third = assigned(3, 0);
		watcher.looked_at(&third, Some(1));
		assert_eq!(watcher.wrong(), [(third, 1)]);
		assert_eq!(watcher.next().map(|job| job.job), Some(4));
		watcher.settled(3);
		assert!(watcher.wrong().is_empty());
	}
}
