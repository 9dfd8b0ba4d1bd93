//! Which job to evaluate next: a state machine without any IO.
//!
//! Events go in ([`Scheduler::block`], [`Scheduler::finished`]), [`Action`]s come out. The chain's
//! list of assigned jobs is the truth; the scheduler remembers only what it has begun or finished.
//! A job that vanishes from the list (included, expired, or on an abandoned fork) is kept for
//! [`KEEP_BLOCKS`] more blocks, because the fork may come back.
//!
//! The job with the first deadline comes first, and those that can no longer make theirs do not come at all:
//! to begin with them would only make the next one late. Jobs of a newer engine version are declined.

use crate::{
	journal::JournalEntry,
	task::{Task, evidence},
};
use fhe_ml_primitives::{AssignedJob, FailureReason, Outcome, format::is_known_engine};
use std::collections::BTreeMap;

/// Best blocks for which a job is remembered after it has vanished from the chain's list.
pub const KEEP_BLOCKS: u32 = 32;

/// Evaluations that may crash the process before a job is reported as failed.
pub const MAX_CRASHES: u8 = 5;

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
	/// Note in the journal that the evaluation begins, then evaluate.
	Evaluate(AssignedJob),
	/// Note the outcome in the journal and deliver it.
	Deliver(AssignedJob, Outcome),
	/// Tell the chain that this engine is not the one that is asked for, or that this node does not have the
	/// private model.
	Decline(AssignedJob),
	/// Remove the job from journal and mailbox.
	Forget(Task),
}

/// How an evaluation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluated {
	/// With something to post.
	Outcome(Outcome),
	/// The chain no longer had the job's blobs.
	Gone,
	/// The model is private, and this node does not have it.
	NotHeld,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
	Queued { crashes: u8 },
	Running,
	Done(Outcome),
	Declined,
}

#[derive(Clone, Debug)]
struct Entry {
	assigned: AssignedJob,
	stage: Stage,
	/// Best blocks since the chain listed it.
	missing: u32,
}

/// The state of all jobs of this node.
#[derive(Debug)]
pub struct Scheduler {
	entries: BTreeMap<Task, Entry>,
	/// What earlier runs of the process began or finished, until the chain lists it again.
	journal: BTreeMap<Task, (JournalEntry, u32)>,
	threads: usize,
	/// Version of the evaluation here.
	/// Number of the best block.
	best: u32,
}

impl Scheduler {
	/// A scheduler that runs at most `threads` evaluations at a time, and takes up what `journal` says.
	pub fn new(threads: usize, journal: Vec<(Task, JournalEntry)>) -> Self {
		let journal = journal.into_iter().map(|(task, entry)| (task, (entry, 0))).collect();
		Self { entries: BTreeMap::new(), journal, threads, best: 0 }
	}

	/// The best block, number `best`, lists `assigned`; `complete` if these are all of our jobs.
	pub fn block(&mut self, best: u32, assigned: Vec<AssignedJob>, complete: bool) -> Vec<Action> {
		self.best = best;
		let mut actions = Vec::new();
		for entry in self.entries.values_mut() {
			entry.missing = entry.missing.saturating_add(u32::from(complete));
		}
		for (_, missing) in self.journal.values_mut() {
			*missing = missing.saturating_add(u32::from(complete));
		}
		for assigned in assigned {
			self.listed(assigned, &mut actions);
		}
		self.forget(&mut actions);
		self.fill_threads(&mut actions);
		actions
	}

	/// An evaluation has ended.
	pub fn finished(&mut self, assigned: &AssignedJob, evaluated: Evaluated) -> Vec<Action> {
		let mut actions = Vec::new();
		let task = Task::from(assigned);
		if let Some(entry) = self.entries.get_mut(&task)
			&& entry.stage == Stage::Running
		{
			match evaluated {
				// The same number is another job on this fork: evaluate that.
				_ if evidence(&entry.assigned) != evidence(assigned) => {
					entry.stage = Stage::Queued { crashes: 0 };
				},
				Evaluated::Outcome(outcome) => {
					entry.stage = Stage::Done(outcome.clone());
					actions.push(Action::Deliver(entry.assigned.clone(), outcome));
				},
				Evaluated::Gone => {
					self.entries.remove(&task);
					actions.push(Action::Forget(task));
				},
				Evaluated::NotHeld => {
					entry.stage = Stage::Declined;
					actions.push(Action::Decline(entry.assigned.clone()));
				},
			}
		}
		self.fill_threads(&mut actions);
		actions
	}

	/// Jobs that wait, that run, and that are done and not yet forgotten.
	pub fn counts(&self) -> (usize, usize, usize) {
		let count = |wanted: fn(&Stage) -> bool| {
			self.entries.values().filter(|entry| wanted(&entry.stage)).count()
		};
		(
			count(|stage| matches!(stage, Stage::Queued { .. })),
			count(|stage| matches!(stage, Stage::Running)),
			count(|stage| matches!(stage, Stage::Done(_))),
		)
	}

	fn listed(&mut self, assigned: AssignedJob, actions: &mut Vec<Action>) {
		let task = Task::from(&assigned);
		if let Some(entry) = self.entries.get_mut(&task) {
			entry.missing = 0;
			let is_another = evidence(&entry.assigned) != evidence(&assigned);
			if is_another && entry.stage != Stage::Running {
				entry.stage = Stage::Queued { crashes: 0 };
			}
			// The chain still lists it, so it has not heard.
			if entry.stage == Stage::Declined {
				actions.push(Action::Decline(assigned.clone()));
			}
			entry.assigned = assigned;
			return;
		}
		if !is_known_engine(assigned.engine) {
			actions.push(Action::Decline(assigned.clone()));
			self.entries.insert(task, Entry { assigned, stage: Stage::Declined, missing: 0 });
			return;
		}
		let known = self.journal.remove(&task).map(|(entry, _)| entry);
		let stage = match known.filter(|known| known.evidence() == evidence(&assigned)) {
			Some(JournalEntry { outcome: Some(outcome), .. }) => {
				actions.push(Action::Deliver(assigned.clone(), outcome.clone()));
				Stage::Done(outcome)
			},
			Some(JournalEntry { begun, .. }) if begun >= MAX_CRASHES => {
				let outcome = Outcome::Failed(FailureReason::EvaluationCrashed);
				actions.push(Action::Deliver(assigned.clone(), outcome.clone()));
				Stage::Done(outcome)
			},
			Some(JournalEntry { begun, .. }) => Stage::Queued { crashes: begun },
			None => Stage::Queued { crashes: 0 },
		};
		self.entries.insert(task, Entry { assigned, stage, missing: 0 });
	}

	fn forget(&mut self, actions: &mut Vec<Action>) {
		let stale = |missing: u32| missing > KEEP_BLOCKS;
		self.entries.retain(|task, entry| {
			let forget = stale(entry.missing) && entry.stage != Stage::Running;
			if forget {
				actions.push(Action::Forget(task.clone()));
			}
			!forget
		});
		self.journal.retain(|task, (_, missing)| {
			let forget = stale(*missing);
			if forget {
				actions.push(Action::Forget(task.clone()));
			}
			!forget
		});
	}

	fn fill_threads(&mut self, actions: &mut Vec<Action>) {
		let running = self.entries.values().filter(|entry| entry.stage == Stage::Running).count();
		let free = self.threads.saturating_sub(running);
		let best = self.best;
		let mut queue: Vec<_> = self
			.entries
			.values_mut()
			// A job that is off the list is not worth an evaluation now, and neither is one whose result
			// could be in the next block at the earliest, and that is too late.
			.filter(|entry| matches!(entry.stage, Stage::Queued { .. }) && entry.missing == 0)
			.filter(|entry| entry.assigned.deadline > best)
			.collect();
		queue.sort_by_key(|entry| (entry.assigned.deadline, entry.assigned.job));
		for entry in queue.into_iter().take(free) {
			entry.stage = Stage::Running;
			actions.push(Action::Evaluate(entry.assigned.clone()));
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::task::tests::assigned;
	use fhe_ml_primitives::{ResultBytes, Step, format::ENGINE_VERSION};

	const BEST: u32 = 10;

	fn scheduler(threads: usize) -> Scheduler {
		Scheduler::new(threads, vec![])
	}

	fn done() -> Outcome {
		Outcome::Completed(ResultBytes::default())
	}

	fn journal_entry(job: &AssignedJob, begun: u8, outcome: Option<Outcome>) -> JournalEntry {
		JournalEntry {
			input: job.input,
			artifact: job.artifact,
			server_key: job.server_key,
			begun,
			outcome,
		}
	}

	#[test]
	fn oldest_jobs_run_first_and_never_more_than_there_are_slots() {
		let mut scheduler = scheduler(2);
		let jobs = [assigned(5, 0), assigned(3, 0), assigned(4, 0)];
		let actions = scheduler.block(BEST, jobs.to_vec(), true);
		assert_eq!(
			actions,
			vec![Action::Evaluate(assigned(3, 0)), Action::Evaluate(assigned(4, 0))]
		);
		assert_eq!(scheduler.counts(), (1, 2, 0));
		let actions = scheduler.finished(&assigned(4, 0), Evaluated::Outcome(done()));
		assert_eq!(
			actions,
			vec![Action::Deliver(assigned(4, 0), done()), Action::Evaluate(assigned(5, 0))]
		);
	}

	#[test]
	fn the_first_deadline_comes_first_and_hopeless_jobs_do_not_come() {
		let mut scheduler = scheduler(1);
		let job = |number, deadline| AssignedJob { deadline, ..assigned(number, 0) };
		let late = [job(0, BEST), job(1, BEST - 1)];
		let jobs = [late[0].clone(), late[1].clone(), job(2, 90), job(3, 80)];
		assert_eq!(scheduler.block(BEST, jobs.to_vec(), true), [Action::Evaluate(job(3, 80))]);
		let actions = scheduler.finished(&job(3, 80), Evaluated::Outcome(done()));
		assert_eq!(actions, [Action::Deliver(job(3, 80), done()), Action::Evaluate(job(2, 90))]);
		let actions = scheduler.finished(&job(2, 90), Evaluated::Outcome(done()));
		assert_eq!(actions, [Action::Deliver(job(2, 90), done())]);
	}

	#[test]
	fn jobs_of_another_engine_are_declined_until_the_chain_has_heard_it() {
		let mut scheduler = scheduler(1);
		let other = AssignedJob { engine: ENGINE_VERSION + 1, ..assigned(0, 0) };
		for _ in 0..2 {
			let actions = scheduler.block(BEST, vec![other.clone()], true);
			assert_eq!(actions, [Action::Decline(other.clone())]);
		}
		assert_eq!(scheduler.block(BEST, vec![], true), vec![]);
		assert_eq!(scheduler.counts(), (0, 0, 0));
	}

	#[test]
	fn a_job_of_a_private_model_that_is_not_here_is_declined() {
		let mut scheduler = scheduler(1);
		scheduler.block(BEST, vec![assigned(0, 0), assigned(1, 0)], true);
		let actions = scheduler.finished(&assigned(0, 0), Evaluated::NotHeld);
		let decline = Action::Decline(assigned(0, 0));
		assert_eq!(actions, [decline.clone(), Action::Evaluate(assigned(1, 0))]);
		assert_eq!(scheduler.block(BEST, vec![assigned(0, 0), assigned(1, 0)], true), [decline]);
		assert_eq!(scheduler.block(BEST, vec![assigned(1, 0)], true), []);
	}

	#[test]
	fn a_listed_job_is_evaluated_once() {
		let mut scheduler = scheduler(1);
		assert_eq!(scheduler.block(BEST, vec![assigned(0, 0)], true).len(), 1);
		assert_eq!(scheduler.block(BEST, vec![assigned(0, 0)], true), vec![]);
		scheduler.finished(&assigned(0, 0), Evaluated::Outcome(done()));
		assert_eq!(scheduler.block(BEST, vec![assigned(0, 0)], true), vec![]);
	}

	#[test]
	fn a_finished_job_survives_a_restart_without_being_evaluated_again() {
		let job = assigned(0, 0);
		let entry = journal_entry(&job, 1, Some(done()));
		let mut scheduler = Scheduler::new(1, vec![(Task::from(&job), entry)]);
		assert_eq!(
			scheduler.block(BEST, vec![job.clone()], true),
			vec![Action::Deliver(job, done())]
		);
	}

	#[test]
	fn a_journal_of_another_input_does_not_count() {
		let entry = journal_entry(&assigned(0, 7), 1, Some(done()));
		let mut scheduler = Scheduler::new(1, vec![(Task::from(&assigned(0, 7)), entry)]);
		let actions = scheduler.block(BEST, vec![assigned(0, 0)], true);
		assert_eq!(actions, vec![Action::Evaluate(assigned(0, 0))]);
	}

	#[test]
	fn a_job_that_crashed_the_process_too_often_fails() {
		let job = assigned(0, 0);
		let once = journal_entry(&job, 1, None);
		let mut scheduler = Scheduler::new(1, vec![(Task::from(&job), once)]);
		assert_eq!(
			scheduler.block(BEST, vec![job.clone()], true),
			vec![Action::Evaluate(job.clone())]
		);

		let often = journal_entry(&job, MAX_CRASHES, None);
		let mut scheduler = Scheduler::new(1, vec![(Task::from(&job), often)]);
		let failed = Outcome::Failed(FailureReason::EvaluationCrashed);
		assert_eq!(
			scheduler.block(BEST, vec![job.clone()], true),
			vec![Action::Deliver(job, failed)]
		);
	}

	#[test]
	fn another_job_under_the_same_number_is_evaluated_anew() {
		let mut scheduler = scheduler(1);
		scheduler.block(BEST, vec![assigned(0, 0)], true);
		// A fork replaces the job while its predecessor is evaluated.
		assert_eq!(scheduler.block(BEST, vec![assigned(0, 1)], true), vec![]);
		let actions = scheduler.finished(&assigned(0, 0), Evaluated::Outcome(done()));
		assert_eq!(actions, vec![Action::Evaluate(assigned(0, 1))]);
		scheduler.finished(&assigned(0, 1), Evaluated::Outcome(done()));
		let actions = scheduler.block(BEST, vec![assigned(0, 2)], true);
		assert_eq!(actions, vec![Action::Evaluate(assigned(0, 2))]);
	}

	#[test]
	fn vanished_jobs_are_forgotten_after_a_while_and_only_if_the_list_was_complete() {
		let mut scheduler = scheduler(1);
		scheduler.block(BEST, vec![assigned(0, 0)], true);
		scheduler.finished(&assigned(0, 0), Evaluated::Outcome(done()));
		for _ in 0..2 * KEEP_BLOCKS {
			assert_eq!(scheduler.block(BEST, vec![], false), vec![]);
		}
		for _ in 0..KEEP_BLOCKS {
			assert_eq!(scheduler.block(BEST, vec![], true), vec![]);
		}
		let forget = Action::Forget(Task::from(&assigned(0, 0)));
		assert_eq!(scheduler.block(BEST, vec![], true), vec![forget]);
		assert_eq!(scheduler.counts(), (0, 0, 0));
	}

	#[test]
	fn what_is_delivered_is_what_the_chain_wants_now() {
		let mut scheduler = scheduler(1);
		let commit = AssignedJob { step: Step::Commit, ..assigned(0, 0) };
		scheduler.block(BEST, vec![commit.clone()], true);
		// While it is evaluated, another worker commits: the deadline moves.
		let later = AssignedJob { deadline: 120, ..commit };
		assert_eq!(scheduler.block(BEST, vec![later.clone()], true), vec![]);
		let actions = scheduler.finished(&later, Evaluated::Outcome(done()));
		assert_eq!(actions, vec![Action::Deliver(later, done())]);
	}

	#[test]
	fn a_job_whose_blobs_are_gone_frees_its_slot() {
		let mut scheduler = scheduler(1);
		scheduler.block(BEST, vec![assigned(0, 0), assigned(1, 0)], true);
		let actions = scheduler.finished(&assigned(0, 0), Evaluated::Gone);
		let forget = Action::Forget(Task::from(&assigned(0, 0)));
		assert_eq!(actions, vec![forget, Action::Evaluate(assigned(1, 0))]);
	}
}
