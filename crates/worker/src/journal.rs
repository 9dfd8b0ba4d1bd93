//! What was begun and finished, in a transactional database on disk.

use crate::{
	LOG_TARGET,
	task::{Evidence, Task, evidence},
};
use codec::{Decode, Encode};
use fhe_ml_primitives::{AssignedJob, Outcome};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use sp_core::H256;
use std::{io::ErrorKind, path::Path};

const JOBS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("jobs/1");
/// Parts of results of jobs that are not finished: by worker, job and part.
const PARTS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("parts/1");

/// What the journal knows of one job.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct JournalEntry {
	/// Hash of the input.
	pub input: H256,
	/// Hash of the artifact.
	pub artifact: H256,
	/// Hash of the server key.
	pub server_key: Option<H256>,
	/// Times an evaluation was begun.
	pub begun: u8,
	/// What came of it.
	pub outcome: Option<Outcome>,
}

impl JournalEntry {
	/// What an outcome depends on.
	pub(crate) fn evidence(&self) -> Evidence {
		(self.input, self.artifact, self.server_key)
	}

	fn new(assigned: &AssignedJob) -> Self {
		Self {
			input: assigned.input,
			artifact: assigned.artifact,
			server_key: assigned.server_key,
			begun: 0,
			outcome: None,
		}
	}
}

/// The journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the worker's journal: {0}")]
pub struct JournalError(#[from] redb::Error);

impl JournalError {
	/// Whether what is in the file is not a journal that this version reads.
	fn is_of_file(&self) -> bool {
		match &self.0 {
			redb::Error::Corrupted(_)
			| redb::Error::UpgradeRequired(_)
			| redb::Error::RepairAborted
			| redb::Error::TableTypeMismatch { .. } => true,
			redb::Error::Io(error) => {
				matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
			},
			_ => false,
		}
	}
}

/// A journal on disk. Every change is durable when its call returns.
pub struct Journal {
	database: Database,
}

fn key(task: &Task) -> Vec<u8> {
	(&task.worker, task.job).encode()
}

/// In an order in which the parts of a job are neighbours.
fn part_key(task: &Task, part: u32) -> Vec<u8> {
	[key(task).as_slice(), &part.to_be_bytes()].concat()
}

impl Journal {
	/// Opens or creates the journal at `path`.
	///
	/// # Errors
	/// If the file cannot be created, or is no journal.
	pub fn open(path: &Path) -> Result<Self, JournalError> {
		let open = || -> Result<Self, redb::Error> {
			let database = Database::create(path)?;
			let transaction = database.begin_write()?;
			transaction.open_table(JOBS)?;
			transaction.open_table(PARTS)?;
			transaction.commit()?;
			Ok(Self { database })
		};
		Ok(open()?)
	}

	/// Opens the journal at `path`. One that cannot be opened is moved aside, for people to look at, and a new
	/// one begun: without it, evaluations are done again, and a node that does not start does none.
	///
	/// # Errors
	/// If no new journal can be begun at this path either.
	pub fn open_or_replace(path: &Path) -> Result<Self, JournalError> {
		let error = match Self::open(path) {
			Ok(journal) => return Ok(journal),
			// Somebody else has it open, or the disk is full: it is not the file that is broken.
			Err(error) if !error.is_of_file() => return Err(error),
			Err(error) => error,
		};
		let aside = path.with_extension("broken");
		log::error!(
			target: LOG_TARGET,
			"{error}; it is kept as {} and a new one begun",
			aside.display(),
		);
		// If it cannot be moved, opening it fails again, and says why.
		let _ = std::fs::rename(path, aside);
		Self::open(path)
	}

	/// All entries. One that does not decode is left out: it is evaluated again.
	///
	/// # Errors
	/// If the file cannot be read.
	pub fn load(&self) -> Result<Vec<(Task, JournalEntry)>, JournalError> {
		let load = || -> Result<_, redb::Error> {
			let mut entries = Vec::new();
			for row in self.database.begin_read()?.open_table(JOBS)?.iter()? {
				let (key, value) = row?;
				if let (Ok((worker, job)), Ok(entry)) =
					(Decode::decode(&mut key.value()), JournalEntry::decode(&mut value.value()))
				{
					entries.push((Task { job, worker }, entry));
				}
			}
			Ok(entries)
		};
		Ok(load()?)
	}

	/// Notes that an evaluation begins.
	///
	/// # Errors
	/// If it cannot be written.
	pub fn begin(&self, assigned: &AssignedJob) -> Result<(), JournalError> {
		self.update(assigned, |entry| entry.begun = entry.begun.saturating_add(1))
	}

	/// Notes what came of it.
	///
	/// # Errors
	/// If it cannot be written.
	pub fn finish(&self, assigned: &AssignedJob, outcome: Outcome) -> Result<(), JournalError> {
		self.update(assigned, |entry| entry.outcome = Some(outcome))?;
		self.forget_parts(&Task::from(assigned))
	}

	/// Notes a part of a result that is evaluated in several: after a crash it is not evaluated again.
	///
	/// # Errors
	/// If it cannot be written.
	pub fn save_part(
		&self,
		assigned: &AssignedJob,
		part: u32,
		bytes: &[u8],
	) -> Result<(), JournalError> {
		let save = || -> Result<(), redb::Error> {
			let transaction = self.database.begin_write()?;
			let value = (evidence(assigned), bytes).encode();
			let key = part_key(&Task::from(assigned), part);
			transaction.open_table(PARTS)?.insert(key.as_slice(), value.as_slice())?;
			Ok(transaction.commit()?)
		};
		Ok(save()?)
	}

	/// A part that was noted for this job, if it is of the same input, model and key.
	///
	/// # Errors
	/// If the file cannot be read.
	pub fn part(&self, assigned: &AssignedJob, part: u32) -> Result<Option<Vec<u8>>, JournalError> {
		let load = || -> Result<_, redb::Error> {
			let table = self.database.begin_read()?.open_table(PARTS)?;
			let value = table.get(part_key(&Task::from(assigned), part).as_slice())?;
			let saved =
				value.and_then(|value| <(Evidence, Vec<u8>)>::decode(&mut value.value()).ok());
			Ok(saved.filter(|(of, _)| *of == evidence(assigned)).map(|(_, bytes)| bytes))
		};
		Ok(load()?)
	}

	fn forget_parts(&self, task: &Task) -> Result<(), JournalError> {
		let forget = || -> Result<(), redb::Error> {
			let (first, last) = (part_key(task, 0), part_key(task, u32::MAX));
			let range = first.as_slice()..=last.as_slice();
			if self.database.begin_read()?.open_table(PARTS)?.range(range.clone())?.next().is_none()
			{
				return Ok(());
			}
			let transaction = self.database.begin_write()?;
			transaction.open_table(PARTS)?.retain_in(range, |_, _| false)?;
			Ok(transaction.commit()?)
		};
		Ok(forget()?)
	}

	/// Removes a job.
	///
	/// # Errors
	/// If it cannot be written.
	pub fn forget(&self, task: &Task) -> Result<(), JournalError> {
		let forget = || -> Result<(), redb::Error> {
			let transaction = self.database.begin_write()?;
			transaction.open_table(JOBS)?.remove(key(task).as_slice())?;
			Ok(transaction.commit()?)
		};
		forget()?;
		self.forget_parts(task)
	}

	fn update(
		&self,
		assigned: &AssignedJob,
		change: impl FnOnce(&mut JournalEntry),
	) -> Result<(), JournalError> {
		let update = || -> Result<(), redb::Error> {
			let key = key(&Task::from(assigned));
			let transaction = self.database.begin_write()?;
			{
				let mut table = transaction.open_table(JOBS)?;
				let fresh = JournalEntry::new(assigned);
				let known = table
					.get(key.as_slice())?
					.and_then(|value| JournalEntry::decode(&mut value.value()).ok())
					.filter(|known| known.evidence() == fresh.evidence());
				let mut entry = known.unwrap_or(fresh);
				change(&mut entry);
				table.insert(key.as_slice(), entry.encode().as_slice())?;
			}
			Ok(transaction.commit()?)
		};
		Ok(update()?)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::task::tests::assigned;
	use fhe_ml_primitives::FailureReason;

	#[test]
	fn entries_survive_reopening() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("journal");
		let failed = Outcome::Failed(FailureReason::InputDoesNotDecode);
		{
			let journal = Journal::open(&path).unwrap();
			journal.begin(&assigned(1, 0)).unwrap();
			journal.begin(&assigned(1, 0)).unwrap();
			journal.finish(&assigned(1, 0), failed.clone()).unwrap();
			journal.begin(&assigned(2, 0)).unwrap();
			journal.forget(&Task::from(&assigned(2, 0))).unwrap();
		}
		let entries = Journal::open(&path).unwrap().load().unwrap();
		assert_eq!(entries.len(), 1);
		assert_eq!(entries[0].0, Task::from(&assigned(1, 0)));
		assert_eq!((entries[0].1.begun, entries[0].1.outcome.clone()), (2, Some(failed)));
	}

	#[test]
	fn what_is_no_journal_is_kept_aside_and_a_new_one_begun() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("journal.redb");
		let garbage = vec![7; 10_000];
		std::fs::write(&path, &garbage).unwrap();
		assert!(Journal::open(&path).is_err());
		let journal = Journal::open_or_replace(&path).unwrap();
		journal.begin(&assigned(1, 0)).unwrap();
		assert_eq!(std::fs::read(dir.path().join("journal.broken")).unwrap(), garbage);
		// One that another process has open is left alone.
		assert!(Journal::open_or_replace(&path).is_err());
		drop(journal);
		assert_eq!(Journal::open_or_replace(&path).unwrap().load().unwrap().len(), 1);
	}

	#[test]
	fn parts_survive_reopening_until_their_job_is_finished_or_forgotten() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("journal");
		{
			let journal = Journal::open(&path).unwrap();
			for job in [1, 2, 3] {
				journal.save_part(&assigned(job, 0), 0, &[job as u8]).unwrap();
				journal.save_part(&assigned(job, 0), 300, &[job as u8, 7]).unwrap();
			}
		}
		let journal = Journal::open(&path).unwrap();
		assert_eq!(journal.part(&assigned(1, 0), 0).unwrap(), Some(vec![1]));
		assert_eq!(journal.part(&assigned(2, 0), 300).unwrap(), Some(vec![2, 7]));
		assert_eq!(journal.part(&assigned(2, 0), 1).unwrap(), None);
		assert_eq!(journal.part(&assigned(2, 9), 0).unwrap(), None, "another input");
		let failed = Outcome::Failed(FailureReason::InputDoesNotDecode);
		journal.finish(&assigned(1, 0), failed).unwrap();
		journal.forget(&Task::from(&assigned(2, 0))).unwrap();
		for job in [1, 2] {
			assert_eq!(journal.part(&assigned(job, 0), 0).unwrap(), None);
			assert_eq!(journal.part(&assigned(job, 0), 300).unwrap(), None);
		}
		assert_eq!(journal.part(&assigned(3, 0), 0).unwrap(), Some(vec![3]));
	}

	#[test]
	fn another_input_starts_a_new_entry() {
		let dir = tempfile::tempdir().unwrap();
		let journal = Journal::open(&dir.path().join("journal")).unwrap();
		journal.begin(&assigned(1, 0)).unwrap();
		journal.begin(&assigned(1, 9)).unwrap();
		let entries = journal.load().unwrap();
		assert_eq!((entries[0].1.begun, entries[0].1.input), (1, H256::repeat_byte(9)));
	}
}
