//! What the calls do once their origin is known.

use crate::{blobs::bounded, load::all_work, pallet::*, types::*};
use alloc::vec::Vec;
use fhe_ml_primitives::{
	Assignees, FailureReason, JobId, JobStatus, KeyHash, ModelId, ModelStatus, Outcome, RowLayout,
	WorkerId,
	bounds::MaxArtifactBytes,
	format::{self, ArtifactPrefix, InputPrefix, ServerKeyPrefix},
};
use frame_support::{
	BoundedVec, ensure,
	pallet_prelude::*,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::traits::{CheckedDiv, CheckedSub, Saturating, Zero};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register_model(
		artifact: Vec<u8>,
		depositor: Option<T::AccountId>,
	) -> DispatchResult {
		let artifact = bounded::<T, _>(artifact)?;
		let prefix = Self::check_artifact(&artifact)?;
		ensure!(!prefix.circuit.is_private(), Error::<T>::PrivateModelNeedsTerms);
		let docket = Self::check_docket(&artifact)?;
		let mut deposit = Zero::zero();
		if let Some(depositor) = &depositor {
			deposit = Self::storage_deposit(artifact.len() as u32);
			Self::use_allowance(depositor, deposit)?;
			T::Currency::hold(&HoldReason::Model.into(), depositor, deposit)?;
		}
		let model = Self::add_model(artifact, &prefix, depositor, deposit)?;
		Self::set_docket(model, docket);
		Ok(())
	}

	/// Puts a model into storage whose artifact has been checked; returns its number.
	pub(crate) fn add_model(
		artifact: BoundedVec<u8, MaxArtifactBytes>,
		prefix: &ArtifactPrefix,
		depositor: Option<T::AccountId>,
		deposit: BalanceOf<T>,
	) -> Result<ModelId, DispatchError> {
		let name = prefix.name_str().unwrap_or_default().as_bytes().to_vec();
		let name = BoundedVec::try_from(name).map_err(|_| Error::<T>::BlobMalformed)?;
		let hash: H256 = blake2_256(&artifact).into();
		let model = NextModel::<T>::get();
		NextModel::<T>::put(model.checked_add(1).ok_or(Error::<T>::OutOfNumbers)?);
		let record = ModelRecord {
			name: name.clone(),
			artifact: hash,
			artifact_bytes: artifact.len() as u32,
			input_bytes: prefix.input_bytes,
			result_bytes: prefix.result_bytes,
			work: prefix.work,
			needs_server_key: prefix.circuit.needs_server_key(),
			encrypted_for: prefix.encrypted_for.map(KeyHash::from),
			status: ModelStatus::Active,
			open_jobs: 0,
			depositor,
			deposit,
			row_layout: prefix.row_layout.map(RowLayout::from),
		};
		Models::<T>::insert(model, record);
		ModelArtifacts::<T>::insert(model, artifact);
		if prefix.circuit.needs_bootstrap_key() {
			BootstrappedModels::<T>::insert(model, ());
		}
		Self::deposit_event(Event::ModelRegistered { model, name, artifact: hash });
		Ok(model)
	}

	/// The admin must not hold money of an account that has not said so.
	fn use_allowance(depositor: &T::AccountId, deposit: BalanceOf<T>) -> Result<(), Error<T>> {
		ModelAllowances::<T>::mutate_exists(depositor, |allowed| {
			let left = allowed.unwrap_or_default().checked_sub(&deposit);
			let left = left.ok_or(Error::<T>::DepositNotAllowed)?;
			*allowed = (!left.is_zero()).then_some(left);
			Ok(())
		})
	}

	pub(crate) fn do_allow_model_deposit(depositor: T::AccountId, most: BalanceOf<T>) {
		ModelAllowances::<T>::set(&depositor, (!most.is_zero()).then_some(most));
		Self::deposit_event(Event::ModelDepositAllowed { depositor, most });
	}

	pub(crate) fn do_retire_model(model: ModelId) -> DispatchResult {
		Models::<T>::try_mutate(model, |record| {
			let record = record.as_mut().ok_or(Error::<T>::UnknownModel)?;
			ensure!(record.status == ModelStatus::Active, Error::<T>::ModelIsRetired);
			record.status = ModelStatus::Retired;
			if record.open_jobs == 0 {
				Self::remove_artifact(model, record)?;
			}
			Self::deposit_event(Event::ModelRetired { model });
			Ok(())
		})
	}

	/// Removes the artifact of a retired model without open jobs; its deposit goes back.
	fn remove_artifact(model: ModelId, record: &mut ModelRecordOf<T>) -> DispatchResult {
		ModelArtifacts::<T>::remove(model);
		Dockets::<T>::remove(model);
		BootstrappedModels::<T>::remove(model);
		Self::start_bond_delay(model);
		if let Some(depositor) = record.depositor.take() {
			Self::release_hold(HoldReason::Model, &depositor, record.deposit)?;
			record.deposit = Zero::zero();
		}
		Ok(())
	}

	pub(crate) fn do_register_server_key(
		owner: T::AccountId,
		server_key: Vec<u8>,
	) -> DispatchResult {
		let server_key = bounded::<T, _>(server_key)?;
		ServerKeyPrefix::read(&server_key).map_err(Error::<T>::from)?;
		let hash: KeyHash = blake2_256(&server_key).into();
		ensure!(!ServerKeys::<T>::contains_key(hash), Error::<T>::ServerKeyAlreadyRegistered);

		let bytes = server_key.len() as u32;
		let deposit = Self::storage_deposit(bytes);
		T::Currency::hold(&HoldReason::ServerKey.into(), &owner, deposit)?;
		let record = KeyRecord { owner: owner.clone(), bytes, deposit, open_jobs: 0 };
		ServerKeys::<T>::insert(hash, record);
		ServerKeyBytes::<T>::insert(hash, server_key);
		Self::deposit_event(Event::ServerKeyRegistered { server_key: hash, owner, deposit });
		Ok(())
	}

	pub(crate) fn do_remove_server_key(owner: T::AccountId, server_key: KeyHash) -> DispatchResult {
		let record = ServerKeys::<T>::get(server_key).ok_or(Error::<T>::UnknownServerKey)?;
		ensure!(record.owner == owner, Error::<T>::NotServerKeyOwner);
		ensure!(record.open_jobs == 0, Error::<T>::ServerKeyInUse);
		Self::release_hold(HoldReason::ServerKey, &owner, record.deposit)?;
		ServerKeys::<T>::remove(server_key);
		ServerKeyBytes::<T>::remove(server_key);
		Self::remove_bootstrap_key(server_key);
		Self::deposit_event(Event::ServerKeyRemoved { server_key, owner });
		Ok(())
	}

	pub(crate) fn do_request_inference(
		owner: T::AccountId,
		model: ModelId,
		server_key: Option<KeyHash>,
		input: Vec<u8>,
		max_fee: BalanceOf<T>,
		redundancy: u8,
	) -> DispatchResult {
		Self::check_redundancy(model, redundancy)?;
		let input = bounded::<T, _>(input)?;
		let prefix = InputPrefix::read(&input).map_err(Error::<T>::from)?;
		let mut record = Models::<T>::get(model).ok_or(Error::<T>::UnknownModel)?;
		ensure!(record.status == ModelStatus::Active, Error::<T>::ModelIsRetired);
		Self::check_untried(model, redundancy)?;
		let private = Self::open_private_model(model, redundancy)?;
		ensure!(prefix.artifact == record.artifact.0, Error::<T>::InputForAnotherModel);
		let (rows, input_bytes) = (prefix.rows, input.len() as u32);
		let size = Self::request_size(&record, rows)?;
		Self::check_rows_at_once(model, rows)?;
		ensure!(input_bytes == size.input_bytes, Error::<T>::BlobWrongLength);
		if let Some(wanted) = record.encrypted_for {
			ensure!(prefix.server_key == wanted.0, Error::<T>::ModelForAnotherKey);
		}
		let bootstraps = BootstrappedModels::<T>::contains_key(model);
		let is_private = private.is_some();
		Self::use_server_key(&owner, &record, &prefix, server_key, bootstraps, is_private)?;

		let work = size.work;
		let fee = Self::inference_fee(work, redundancy, size.stored_bytes);
		let price = private.as_ref().map(|private| Self::price_of_rows(&private.terms, rows));
		let held = fee.saturating_add(price.unwrap_or_default());
		ensure!(held <= max_fee, Error::<T>::FeeAboveMax);
		let pending = PendingCount::<T>::get();
		ensure!(pending < T::MaxPending::get(), Error::<T>::TooManyPendingJobs);
		match &private {
			Some(private) => Self::check_evaluators(model, private, redundancy, work)?,
			None => Self::check_capacity(model, redundancy, work, fee)?,
		}
		Self::open_request(&owner, all_work(work, redundancy))?;

		let deposit = Self::storage_deposit(size.stored_bytes);
		T::Currency::hold(&HoldReason::InferenceFee.into(), &owner, held)?;
		T::Currency::hold(&HoldReason::JobStorage.into(), &owner, deposit)?;

		let job = NextJob::<T>::get();
		NextJob::<T>::put(job.checked_add(1).ok_or(Error::<T>::OutOfNumbers)?);
		PendingCount::<T>::put(pending.saturating_add(1));
		record.open_jobs = record.open_jobs.saturating_add(1);
		Models::<T>::insert(model, record);
		let requested_at = frame_system::Pallet::<T>::block_number();
		Self::await_draw(job, model, all_work(work, redundancy))?;
		if let Some(private) = private {
			Self::open_private_job(job, model, &owner, private, rows)?;
		}
		Jobs::<T>::insert(
			job,
			JobRecord {
				owner: owner.clone(),
				model,
				server_key,
				input: blake2_256(&input).into(),
				input_bytes,
				redundancy,
				assignees: Assignees::new(),
				reserves: Assignees::new(),
				jurors: 0,
				engine: format::engine_of(rows, bootstraps),
				work,
				rounds: 0,
				requested_at,
				assigned_at: requested_at,
				deadline: Self::set_deadline(job, Zero::zero()),
				fee,
				deposit,
				status: JobStatus::Pending,
				rows,
			},
		);
		Inputs::<T>::insert(job, input);
		let fee = held;
		Self::deposit_event(Event::InferenceRequested { job, owner, model, redundancy, fee, rows });
		Ok(())
	}

	/// Checks that `server_key` is what the model and the input ask for, and counts its use.
	fn use_server_key(
		owner: &T::AccountId,
		model: &ModelRecordOf<T>,
		input: &InputPrefix,
		server_key: Option<KeyHash>,
		bootstraps: bool,
		is_private: bool,
	) -> DispatchResult {
		match (model.needs_server_key, server_key) {
			(false, None) => Ok(()),
			(false, Some(_)) => Err(Error::<T>::ServerKeyNotNeeded.into()),
			(true, None) => Err(Error::<T>::ServerKeyRequired.into()),
			(true, Some(hash)) => ServerKeys::<T>::try_mutate(hash, |record| {
				let record = record.as_mut().ok_or(Error::<T>::UnknownServerKey)?;
				ensure!(record.owner == *owner, Error::<T>::NotServerKeyOwner);
				Self::check_input_key(hash, input, bootstraps)?;
				let can_hide = record.bytes as usize == ServerKeyPrefix::KEY_BYTES;
				ensure!(can_hide || !is_private, Error::<T>::ServerKeyTooOld);
				record.open_jobs = record.open_jobs.saturating_add(1);
				Ok(())
			}),
		}
	}

	/// Takes in an outcome with this hash; returns the number of workers that the job had.
	pub(crate) fn do_submit_result(
		worker: WorkerId,
		job: JobId,
		hash: H256,
		outcome: Outcome,
	) -> Result<u32, DispatchError> {
		let record = Self::check_submission(&worker, job, &hash, &outcome)?;
		let workers = record.assignees.len() as u32;
		if let Some(right) = Self::evaluate_at_once(job, &record) {
			Self::judge_at_once(job, record, &outcome, right)?;
		} else if record.redundancy > 1 {
			Self::reveal(job, record, outcome, hash)?;
		} else {
			Self::unassign(job, &record, &record.assignees);
			let assignees = record.assignees.clone();
			Self::finish(job, record, outcome, assignees)?;
		}
		Ok(workers)
	}

	/// Ends a job that has been taken away from its workers, with the outcome that `workers` got. If it can be
	/// challenged, it counts later.
	pub(crate) fn finish(
		job: JobId,
		record: JobRecordOf<T>,
		outcome: Outcome,
		workers: Assignees,
	) -> DispatchResult {
		match Self::can_be_challenged(&record, &outcome) {
			true => Self::finish_provisionally(job, record, outcome, workers),
			false => Self::finish_for_good(job, record, outcome, workers),
		}
	}

	/// The same, and the outcome counts.
	pub(crate) fn finish_for_good(
		job: JobId,
		record: JobRecordOf<T>,
		outcome: Outcome,
		workers: Assignees,
	) -> DispatchResult {
		let failure = match &outcome {
			Outcome::Completed(_) => None,
			Outcome::Failed(reason) => Some(*reason),
		};
		let fee = Self::settle_fee(&record, &workers, failure)?;
		let status = Self::store_outcome(job, &record, workers, outcome, fee);
		Self::close(job, record, status)
	}

	/// The fee of a job goes to its workers, or back; returns what was paid. To find out that a key or an input is
	/// broken takes as long as an evaluation.
	pub(crate) fn settle_fee(
		record: &JobRecordOf<T>,
		workers: &Assignees,
		failure: Option<FailureReason>,
	) -> Result<BalanceOf<T>, DispatchError> {
		if failure.is_none_or(FailureReason::is_of_owner) && !workers.is_empty() {
			return Self::pay_workers(record, workers);
		}
		Self::release_hold(HoldReason::InferenceFee, &record.owner, record.fee)?;
		Ok(Zero::zero())
	}

	/// Stores what a job came to and says so; returns its status.
	pub(crate) fn store_outcome(
		job: JobId,
		record: &JobRecordOf<T>,
		workers: Assignees,
		outcome: Outcome,
		fee: BalanceOf<T>,
	) -> JobStatus {
		let owner = record.owner.clone();
		let status = Self::put_outcome(job, outcome);
		Self::deposit_event(match status {
			JobStatus::Failed { reason } => Event::InferenceFailed { job, owner, workers, reason },
			JobStatus::Completed { result } => {
				Event::InferenceCompleted { job, owner, workers, result, fee }
			},
			// No outcome is either of these.
			JobStatus::Pending | JobStatus::Expired => return status,
		});
		status
	}

	/// Stores a result, if there is one; returns the status of its job.
	pub(crate) fn put_outcome(job: JobId, outcome: Outcome) -> JobStatus {
		match outcome {
			Outcome::Completed(bytes) => {
				let result: H256 = blake2_256(&bytes).into();
				Results::<T>::insert(job, bytes);
				JobStatus::Completed { result }
			},
			Outcome::Failed(reason) => JobStatus::Failed { reason },
		}
	}

	/// Returns whether the job was provisional.
	pub(crate) fn do_release(caller: T::AccountId, job: JobId) -> Result<bool, DispatchError> {
		let record = Jobs::<T>::get(job).ok_or(Error::<T>::UnknownJob)?;
		let abandoned_at = record.deadline.saturating_add(T::ReleaseDelay::get());
		let is_abandoned = frame_system::Pallet::<T>::block_number() >= abandoned_at;
		let is_finished = record.status != JobStatus::Pending;
		ensure!(record.owner == caller || (is_finished && is_abandoned), Error::<T>::NotJobOwner);
		ensure!(is_finished, Error::<T>::JobNotFinished);
		let was_provisional = Self::accept(&caller, job, &record)?;
		let (owner, deposit) = (record.owner, record.deposit);
		Self::release_hold(HoldReason::JobStorage, &owner, deposit)?;
		Jobs::<T>::remove(job);
		Inputs::<T>::remove(job);
		Results::<T>::remove(job);
		Self::release_private(job, record.model, &owner);
		Self::deposit_event(Event::JobReleased { job, owner, deposit });
		Ok(was_provisional)
	}

	pub(crate) fn deadline_passed(deadline: BlockNumberFor<T>) -> bool {
		frame_system::Pallet::<T>::block_number() > deadline
	}

	/// Closes a job whose fee has gone where it belongs, or is held until it is final.
	pub(crate) fn close(
		job: JobId,
		mut record: JobRecordOf<T>,
		status: JobStatus,
	) -> DispatchResult {
		PendingCount::<T>::mutate(|count| count.saturating_dec());
		Self::close_private(job, &record, &status)?;
		Self::close_request(&record.owner, all_work(record.work, record.redundancy));
		if !Provisional::<T>::contains_key(job) {
			Self::let_go(&record)?;
		}
		record.status = status;
		(record.reserves, record.jurors) = (Assignees::new(), 0);
		record.deadline = frame_system::Pallet::<T>::block_number();
		Jobs::<T>::insert(job, record);
		Ok(())
	}

	/// A job needs its model and its server key no longer.
	pub(crate) fn let_go(record: &JobRecordOf<T>) -> DispatchResult {
		Models::<T>::mutate(record.model, |model| -> DispatchResult {
			if let Some(model) = model {
				model.open_jobs.saturating_dec();
				if model.status == ModelStatus::Retired && model.open_jobs == 0 {
					Self::remove_artifact(record.model, model)?;
				}
			}
			Ok(())
		})?;
		if let Some(hash) = record.server_key {
			ServerKeys::<T>::mutate(hash, |key| {
				if let Some(key) = key {
					key.open_jobs.saturating_dec();
				}
			});
		}
		Ok(())
	}

	/// Shares a held fee among the operators of `workers`; returns what was paid. An account that
	/// cannot be paid (it would stay below the existential deposit) must not block the user's result:
	/// its share goes back then, and so does that of a worker that was convicted meanwhile.
	fn pay_workers(
		record: &JobRecordOf<T>,
		workers: &Assignees,
	) -> Result<BalanceOf<T>, DispatchError> {
		let owner = &record.owner;
		let (mut paid, mut left) = (BalanceOf::<T>::zero(), record.fee);
		for (worker, shares) in workers.iter().zip((1..=workers.len() as u32).rev()) {
			// The last one gets what division leaves over.
			let share = left.checked_div(&shares.into()).unwrap_or(left);
			left = left.saturating_sub(share);
			let operator = Workers::<T>::mutate(worker, |found| {
				let found = found.as_mut()?;
				found.completed = found.completed.saturating_add(1);
				Some(found.operator.clone())
			});
			let operator = operator.filter(|_| !Self::convicted_since(worker, record.assigned_at));
			let transferred = operator.map(|operator| {
				Self::transfer_held(HoldReason::InferenceFee, owner, &operator, share)
			});
			match transferred {
				Some(Some(share)) => paid = paid.saturating_add(share),
				_ => Self::release_hold(HoldReason::InferenceFee, owner, share)?,
			}
		}
		Ok(paid)
	}

	/// Pays what is held from `owner`, or nothing; `None` if the account cannot be paid.
	pub(crate) fn transfer_held(
		reason: HoldReason,
		owner: &T::AccountId,
		to: &T::AccountId,
		amount: BalanceOf<T>,
	) -> Option<BalanceOf<T>> {
		T::Currency::transfer_on_hold(
			&reason.into(),
			owner,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)
		.ok()
	}

	/// Pays out of a bond, as far as it reaches and the account can be paid; returns how much.
	pub(crate) fn take_held(
		reason: HoldReason,
		(owner, bond): (&T::AccountId, &mut BalanceOf<T>),
		to: &T::AccountId,
		amount: BalanceOf<T>,
	) -> BalanceOf<T> {
		let amount = amount.min(*bond);
		if amount.is_zero() {
			return amount;
		}
		let paid = Self::transfer_held(reason, owner, to, amount).unwrap_or_default();
		*bond = bond.saturating_sub(paid);
		paid
	}

	pub(crate) fn release_hold(
		reason: HoldReason,
		owner: &T::AccountId,
		amount: BalanceOf<T>,
	) -> DispatchResult {
		T::Currency::release(&reason.into(), owner, amount, Precision::Exact).map(|_| ())
	}
}
