//! What is true of the pallet's storage between blocks.

use crate::{load::all_work, pallet::*, seats::waits_for, types::*};
use alloc::collections::{BTreeMap, BTreeSet};
use fhe_ml_primitives::{
	JobId, JobStatus, KeyHash, ModelId, ModelStatus, OpenRequests, RowLayout, WorkerId,
	WorkerStatus,
	format::{self, ArtifactPrefix, InputPrefix, ResultPrefix},
};
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_io::hashing::blake2_256;
use sp_runtime::{
	TryRuntimeError,
	traits::{Saturating, Zero},
};

impl<T: Config> Pallet<T> {
	/// Checks every record against the blobs, the counts and the holds that it implies.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut open_by_model = BTreeMap::<ModelId, u32>::new();
		let mut open_by_key = BTreeMap::<KeyHash, u32>::new();
		let mut storage = BTreeMap::<T::AccountId, BalanceOf<T>>::new();
		let mut fees = BTreeMap::<T::AccountId, BalanceOf<T>>::new();
		let mut open_by_worker = BTreeMap::<WorkerId, (u32, u64)>::new();
		let mut open_by_owner = BTreeMap::<T::AccountId, OpenRequests>::new();
		let mut waiting = BTreeSet::<JobId>::new();
		let mut waiting_work = 0u64;
		let mut waiting_private = BTreeMap::<ModelId, u64>::new();
		let mut pending = 0u32;
		let mut assignments = 0usize;

		for (job, record) in Jobs::<T>::iter() {
			ensure!(job < NextJob::<T>::get(), "a job has a number that was not given out");
			let input = Inputs::<T>::get(job).ok_or("a job has no input")?;
			ensure!(input.len() as u32 == record.input_bytes, "an input has the wrong length");
			ensure!(blake2_256(&input) == record.input.0, "an input has the wrong hash");
			Self::check_rows(job, &record, &input)?;
			let result = Results::<T>::get(job).map(|result| blake2_256(&result).into());
			let expected = match record.status {
				JobStatus::Completed { result } => Some(result),
				JobStatus::Pending | JobStatus::Failed { .. } | JobStatus::Expired => None,
			};
			ensure!(result == expected, "status and result of a job disagree");
			add(&mut storage, &record.owner, record.deposit);
			let is_pending = record.status == JobStatus::Pending;
			let is_clear = record.reserves.is_empty() && record.jurors == 0;
			ensure!(is_pending || is_clear, "a finished job has reserves or waits for jurors");
			for worker in &record.assignees {
				ensure!(
					Pending::<T>::contains_key(worker, job) == is_pending,
					"status and assignment of a job disagree"
				);
			}
			ensure!(
				Deadlines::<T>::contains_key(record.deadline, job) == is_pending,
				"status and deadline of a job disagree"
			);
			if is_pending {
				for worker in &record.assignees {
					let open = open_by_worker.entry(worker.clone()).or_default();
					*open = (open.0.saturating_add(1), open.1.saturating_add(record.work));
				}
				Self::check_ballot(job, &record)?;
				let work = all_work(record.work, record.redundancy);
				let open = open_by_owner.entry(record.owner.clone()).or_default();
				*open = OpenRequests {
					jobs: open.jobs.saturating_add(1),
					work: open.work.saturating_add(work),
				};
				let awaited = waits_for(&record);
				if awaited > 0 {
					waiting.insert(job);
					let sum = match PrivateModels::<T>::contains_key(record.model) {
						true => waiting_private.entry(record.model).or_default(),
						false => &mut waiting_work,
					};
					*sum = sum.saturating_add(all_work(record.work, awaited));
				}
				pending = pending.saturating_add(1);
				assignments = assignments.saturating_add(record.assignees.len());
				let held = record.fee.saturating_add(Self::price_of(job));
				add(&mut fees, &record.owner, held);
			}
			let is_provisional = Provisional::<T>::contains_key(job);
			if is_provisional {
				add(&mut fees, &record.owner, record.fee);
			}
			if is_pending || is_provisional {
				open_by_model.entry(record.model).or_default().saturating_inc();
				if let Some(hash) = record.server_key {
					open_by_key.entry(hash).or_default().saturating_inc();
				}
			}
		}
		ensure!(open_by_owner == OpenOf::<T>::iter().collect(), "open requests are counted wrong");
		let queue = Waiting::<T>::get();
		ensure!(queue.len() == waiting.len(), "a job waits twice, or not at all");
		ensure!(queue.iter().all(|job| waiting.contains(job)), "a job waits that has its workers");
		ensure!(waiting_work == WaitingWork::<T>::get(), "WaitingWork is wrong");
		ensure!(
			waiting_private == WaitingPrivateWork::<T>::iter().collect(),
			"WaitingPrivateWork is wrong"
		);
		ensure!(pending == PendingCount::<T>::get(), "PendingCount is wrong");
		ensure!(assignments == Pending::<T>::iter().count(), "Pending names a job that is closed");
		ensure!(pending as usize == Deadlines::<T>::iter().count(), "a deadline without a job");
		let has_ballot = |job| {
			Jobs::<T>::get(job).is_some_and(|record: JobRecordOf<T>| {
				record.status == JobStatus::Pending && record.redundancy > 1
			})
		};
		ensure!(Ballots::<T>::iter_keys().all(has_ballot), "a ballot without a job");
		ensure!(
			RevealedOutcomes::<T>::iter_keys()
				.all(|(job, outcome)| Ballots::<T>::get(job).revealed.contains(&outcome)),
			"a revealed outcome without a ballot"
		);
		ensure!(Inputs::<T>::iter_keys().all(Jobs::<T>::contains_key), "an input without a job");
		ensure!(Results::<T>::iter_keys().all(Jobs::<T>::contains_key), "a result without a job");

		let models = Self::check_models(&open_by_model)?;
		let keys = Self::check_keys(&open_by_key)?;
		let bonds = Self::check_workers(&open_by_worker)?;
		let model_bonds = Self::check_private_models()?;
		let challenges = Self::check_court()?;
		for (reason, held) in [
			(HoldReason::Model, models),
			(HoldReason::ServerKey, keys),
			(HoldReason::JobStorage, storage),
			(HoldReason::InferenceFee, fees),
			(HoldReason::WorkerBond, bonds),
			(HoldReason::PrivateModelBond, model_bonds),
			(HoldReason::Challenge, challenges),
		] {
			let reason = reason.into();
			for account in frame_system::Account::<T>::iter_keys() {
				let expected = held.get(&account).copied().unwrap_or_default();
				ensure!(
					T::Currency::balance_on_hold(&reason, &account) == expected,
					"an account's hold is not what its records say"
				);
			}
		}
		Ok(())
	}

	/// Input and result have the rows that the record counts, in the lengths that the model says.
	fn check_rows(
		job: JobId,
		record: &JobRecordOf<T>,
		input: &[u8],
	) -> Result<(), TryRuntimeError> {
		let prefix = InputPrefix::read(input).map_err(|_| "an input has no prefix")?;
		ensure!(prefix.rows == record.rows, "a job counts other rows than its input has");
		let model = Models::<T>::get(record.model).ok_or("a job has no model")?;
		let several = record.rows > 1;
		ensure!(!several || model.row_layout.is_some(), "rows for a model that takes one");
		let input_bytes = format::input_bytes(model.input_bytes, record.rows);
		ensure!(record.input_bytes == input_bytes, "an input is not as long as its rows");
		if let Some(result) = Results::<T>::get(job) {
			let prefix = ResultPrefix::read(&result).map_err(|_| "a result has no prefix")?;
			ensure!(prefix.rows == record.rows, "a result has other rows than its job");
			let result_bytes = Self::result_bytes(&model, record.rows);
			ensure!(result.len() as u32 == result_bytes, "a result is not as long as its rows");
		}
		Ok(())
	}

	/// A pending job has as many workers as must agree, all different, and a ballot of theirs.
	fn check_ballot(job: JobId, record: &JobRecordOf<T>) -> Result<(), TryRuntimeError> {
		let assignees = record.assignees.iter().cloned().collect::<BTreeSet<_>>();
		ensure!(assignees.len() == record.assignees.len(), "a job has a worker twice");
		ensure!(
			assignees.is_empty() || assignees.len() >= usize::from(record.redundancy),
			"a job lacks workers"
		);
		ensure!(
			record.reserves.iter().all(|worker| !assignees.contains(worker)),
			"a worker of a job is its reserve, too"
		);
		let ballot = Ballots::<T>::get(job);
		ensure!(
			ballot.commitments.iter().all(|(worker, _)| assignees.contains(worker)),
			"a commitment of a worker that the job is not assigned to"
		);
		for outcome in &ballot.revealed {
			let revealed = RevealedOutcomes::<T>::get(job, outcome).map(|stored| stored.hash());
			ensure!(revealed == Some(*outcome), "a revealed outcome is missing");
			let voted = record.assignees.iter().any(|w| ballot.vote(job, w) == Some(*outcome));
			ensure!(voted, "a revealed outcome that no worker committed to");
		}
		Ok(())
	}

	fn check_models(
		open: &BTreeMap<ModelId, u32>,
	) -> Result<BTreeMap<T::AccountId, BalanceOf<T>>, TryRuntimeError> {
		let mut deposits = BTreeMap::new();
		for (model, record) in Models::<T>::iter() {
			let open_jobs = open.get(&model).copied().unwrap_or_default();
			ensure!(record.open_jobs == open_jobs, "open_jobs of a model is wrong");
			let stored = ModelArtifacts::<T>::get(model);
			let needed = record.status == ModelStatus::Active || open_jobs > 0;
			ensure!(stored.is_some() == needed, "an artifact is missing or was left behind");
			if let Some(artifact) = stored {
				ensure!(blake2_256(&artifact) == record.artifact.0, "wrong hash of an artifact");
				let prefix = ArtifactPrefix::read(&artifact).map_err(|_| "a broken artifact")?;
				let row_layout = prefix.row_layout.map(RowLayout::from);
				ensure!(record.row_layout == row_layout, "a model lays rows out in another way");
			}
			if let Some(depositor) = &record.depositor {
				add(&mut deposits, depositor, record.deposit);
			}
			ensure!(record.depositor.is_some() || record.deposit.is_zero(), "a deposit of nobody");
		}
		Ok(deposits)
	}

	fn check_keys(
		open: &BTreeMap<KeyHash, u32>,
	) -> Result<BTreeMap<T::AccountId, BalanceOf<T>>, TryRuntimeError> {
		let mut deposits = BTreeMap::new();
		for (hash, record) in ServerKeys::<T>::iter() {
			let bytes = ServerKeyBytes::<T>::get(hash).ok_or("a server key has no bytes")?;
			ensure!(blake2_256(&bytes) == hash.0, "a server key has the wrong hash");
			let open_jobs = open.get(&hash).copied().unwrap_or_default();
			ensure!(record.open_jobs == open_jobs, "open_jobs of a server key is wrong");
			add(&mut deposits, &record.owner, record.deposit);
		}
		let keys = ServerKeys::<T>::iter_keys().count();
		ensure!(keys == ServerKeyBytes::<T>::iter_keys().count(), "server key without a record");
		for (server_key, hash) in BootstrapKeys::<T>::iter() {
			let bytes =
				BootstrapKeyBytes::<T>::get(server_key).ok_or("no bytes of a bootstrap key")?;
			ensure!(blake2_256(&bytes) == hash.0, "a bootstrap key has the wrong hash");
			ensure!(
				ServerKeys::<T>::contains_key(server_key),
				"a bootstrap key without a server key"
			);
		}
		let keys = BootstrapKeys::<T>::iter_keys().count();
		ensure!(keys == BootstrapKeyBytes::<T>::iter_keys().count(), "bytes of no bootstrap key");
		let has_artifact = |model| ModelArtifacts::<T>::contains_key(model);
		ensure!(
			BootstrappedModels::<T>::iter_keys().all(has_artifact),
			"a bootstrapped model without an artifact"
		);
		Ok(deposits)
	}

	fn check_workers(
		open: &BTreeMap<WorkerId, (u32, u64)>,
	) -> Result<BTreeMap<T::AccountId, BalanceOf<T>>, TryRuntimeError> {
		let mut bonds = BTreeMap::new();
		let active = ActiveWorkers::<T>::get();
		ensure!(active.iter().all(Workers::<T>::contains_key), "an active worker has no record");
		for (worker, record) in Workers::<T>::iter() {
			let is_active = record.status == WorkerStatus::Active;
			let listed = active.iter().filter(|other| **other == worker).count();
			ensure!(listed == usize::from(is_active), "ActiveWorkers is wrong");
			let expected = open.get(&worker).copied().unwrap_or_default();
			ensure!(expected == (record.open_jobs, record.open_work), "a worker's jobs are wrong");
			add(&mut bonds, &record.operator, record.bond);
		}
		ensure!(open.keys().all(Workers::<T>::contains_key), "a job of a worker without a record");
		Ok(bonds)
	}
}

fn add<A: Ord + Clone, B: Saturating + Zero + Copy>(
	sums: &mut BTreeMap<A, B>,
	account: &A,
	amount: B,
) {
	let sum = sums.entry(account.clone()).or_insert_with(Zero::zero);
	*sum = sum.saturating_add(amount);
}
