//! Models, server keys, inference jobs and encrypted results.
//!
//! An admin registers compiled models. A user registers a server key if the model needs one, and
//! requests an inference with an encrypted input. A block later the job's workers are drawn (`seats.rs`),
//! whose collators evaluate it off-chain and post the encrypted result with a transaction that the
//! worker's app-crypto key has signed. The user reads `Results`, decrypts on their own machine and
//! releases the job to get the storage deposit back.
//!
//! A request with a redundancy of more than one goes to as many workers. They commit to their results
//! before one of them shows its own; equal results complete the job, different ones bring in a jury, and
//! whoever is not of its opinion is slashed (`agreement.rs`).
//!
//! The input of a request has one row, or several for models whose artifact says how rows lie in a result
//! (`rows.rs`).
//!
//! Nobody gets more work than there is time for: jobs and work that are open are bounded for accounts and
//! workers (`load.rs`).
//!
//! Where the runtime can evaluate a model itself, outcomes can be challenged before they count, and a wrong one is put
//! right by the chain (`court.rs`).
//!
//! Anybody may register a private model: its evaluators alone have it, and its owner has a price (`private.rs`).
//!
//! Nothing is stored before its header, its exact length, its version and its parameter set have
//! been checked. What cannot be checked cheaply on chain (that a body decodes) is found out by the
//! worker, and the job then fails with a [`FailureReason`](fhe_ml_primitives::FailureReason).

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub use pallet::*;
pub use weights::WeightInfo;

mod agreement;
mod api;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod blobs;
mod bootstrap_keys;
mod config;
pub mod court;
mod deadlines;
mod dispatchable_impls;
mod errors;
mod events;
mod load;
pub mod migrations;
#[cfg(test)]
mod mock;
mod offchain;
mod private;
mod rows;
mod seats;
mod storage;
mod submission;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", feature = "std"))]
mod try_state;
mod types;
pub mod weights;
mod workers;

pub use court::{ArtifactRefused, Case, Court, Docket};
pub use types::*;

use frame_support::pallet_macros::import_section;

/// Target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::fhe-ml";

/// A node's session keys include its worker key, so `author_rotateKeys` makes one.
impl<T: pallet::Config> sp_runtime::BoundToRuntimeAppPublic for Pallet<T> {
	type Public = fhe_ml_primitives::WorkerId;
}

/// A change of the authorities changes nothing here: the worker key among the session keys does not join the
/// workers. That takes a bond of its own (`join_workers`).
impl<T: pallet::Config> frame_support::traits::OneSessionHandler<T::AccountId> for Pallet<T> {
	type Key = fhe_ml_primitives::WorkerId;

	fn on_genesis_session<'a, I>(_: I)
	where
		I: Iterator<Item = (&'a T::AccountId, Self::Key)> + 'a,
	{
	}

	fn on_new_session<'a, I>(_: bool, _: I, _: I)
	where
		I: Iterator<Item = (&'a T::AccountId, Self::Key)> + 'a,
	{
	}

	fn on_disabled(_: u32) {}
}

// Config, storage, events and errors are in the files beside this one.
#[import_section(config::config)]
#[import_section(storage::storage)]
#[import_section(events::events)]
#[import_section(errors::errors)]
#[frame_support::pallet]
#[allow(missing_docs, clippy::expect_used)] // The macros generate them.
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use fhe_ml_primitives::{
		Assignees, Ballot, FailureReason, JobId, JobStatus, KeyHash, Limits, ModelId, ModelName,
		OpenRequests, Outcome, ProvisionalJob, QuotaUse, ResultBytes, Suspension, Trial,
		TrialScope, WorkerId, WorkerSignature, bounds,
	};
	use frame_support::{
		pallet_prelude::*,
		traits::{
			Randomness,
			fungible::{Mutate, MutateHold},
		},
	};
	use frame_system::{offchain::CreateAuthorizedTransaction, pallet_prelude::*};
	use sp_core::H256;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(6);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Why the pallet holds an account's funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Deposit for a registered server key; back with `remove_server_key`.
		ServerKey,
		/// Deposit for a job's input and result; back with `release`.
		JobStorage,
		/// Fee of a job that is not final.
		InferenceFee,
		/// Bond of a worker; back some time after `leave_workers`.
		WorkerBond,
		/// Deposit for a registered model; back when its artifact is removed.
		Model,
		/// Bond of a private model; back some time after it is retired, with `withdraw_model_bond`.
		PrivateModelBond,
		/// Bond of who challenges an outcome; back if it was wrong.
		Challenge,
	}

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Workers and their operators, who hold the bond and are paid.
		pub workers: Vec<(WorkerId, T::AccountId)>,
		/// `UntriedRedundancy`, if it is not 3: a chain with fewer workers takes no requests for such models.
		pub untried_redundancy: Option<u8>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for (worker, operator) in &self.workers {
				if let Err(error) = Pallet::<T>::do_join(worker.clone(), operator.clone()) {
					panic!("genesis: worker {worker:?} cannot join: {error:?}");
				}
			}
			if let Some(least) = self.untried_redundancy {
				let most = T::MaxRedundancy::get();
				assert!(
					(1..=most).contains(&least),
					"genesis: untried_redundancy is from 1 to {most}"
				);
				UntriedRedundancy::<T>::put(least);
			}
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Register a model. Admin only (on the dev chain: through `sudo`).
		///
		/// - `artifact`: the bytes of a `.fheml` file, as written by `fhe-ml model import`.
		/// - `depositor`: account that the deposit for these bytes is held from until the model is retired
		///   and its last job finished, as far as it has allowed with `allow_model_deposit`; none for no deposit.
		#[pallet::call_index(0)]
		#[pallet::weight(
			T::WeightInfo::register_model(artifact.len() as u32)
				.saturating_add(T::Court::docket_weight(artifact.len() as u32))
		)]
		pub fn register_model(
			origin: OriginFor<T>,
			artifact: Vec<u8>,
			depositor: Option<T::AccountId>,
		) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_register_model(artifact, depositor)
		}

		/// Retire a model. Admin only. Open jobs are still finished; new ones are refused.
		///
		/// - `model`: number of the model, from its `ModelRegistered` event.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::retire_model().saturating_add(T::WeightInfo::private_job()))]
		pub fn retire_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_retire_model(model)
		}

		/// Register a server key, for models that need one. Its deposit is returned when it is
		/// removed.
		///
		/// - `server_key`: the bytes of `server.key`, as written by `fhe-ml keygen`.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::register_server_key())]
		pub fn register_server_key(origin: OriginFor<T>, server_key: Vec<u8>) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_register_server_key(owner, server_key)
		}

		/// Remove your server key and get its deposit back.
		///
		/// - `server_key`: hash of the key, from its `ServerKeyRegistered` event.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::remove_server_key())]
		pub fn remove_server_key(origin: OriginFor<T>, server_key: KeyHash) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_remove_server_key(owner, server_key)
		}

		/// Request the evaluation of a model on an encrypted input of one row, or of several if the model's record has
		/// a `row_layout`. All rows have one result.
		///
		/// The fee is held until the result is there and, for models that the court tries in steps, final; a deposit for
		/// the bytes of input and result until you `release` the job. Both count rows; the fee's base does not. The fee is
		/// paid, too, if input or server key do not decode.
		///
		/// - `model`: number of the model.
		/// - `server_key`: hash of your registered server key; none for linear models.
		/// - `input`: the bytes that `fhe-ml encrypt` wrote for this model.
		/// - `max_fee`: the most that you are ready to pay for all rows, the price of a private model included.
		/// - `redundancy`: how many workers must get the same result; 1 trusts a single one. It multiplies
		///   the part of the fee that pays for work.
		#[pallet::call_index(4)]
		#[pallet::weight(
			T::WeightInfo::request_inference(input.len() as u32, T::MaxWorkers::get())
				.saturating_add(T::WeightInfo::private_job())
		)]
		pub fn request_inference(
			origin: OriginFor<T>,
			model: ModelId,
			server_key: Option<KeyHash>,
			input: Vec<u8>,
			max_fee: BalanceOf<T>,
			redundancy: u8,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_request_inference(owner, model, server_key, input, max_fee, redundancy)
		}

		/// Post what became of a job. Sent by the workers' nodes, not by people.
		///
		/// - `worker`: public key of the worker.
		/// - `job`: number of the job.
		/// - `outcome_hash`: BLAKE2b-256 hash of the outcome.
		/// - `signature`: of the worker over chain, job, input, model, key, engine version and that hash.
		/// - `outcome`: the encrypted result, or why there is none.
		#[pallet::call_index(5)]
		#[pallet::weight(
			T::WeightInfo::submit_result(outcome.encoded_size() as u32, bounds::MAX_ASSIGNEES)
				.saturating_add(T::WeightInfo::private_job())
				.saturating_add(Pallet::<T>::weight_at_once(*job))
		)]
		#[pallet::weight_of_authorize(
			T::WeightInfo::authorize_submit_result(outcome.encoded_size() as u32)
		)]
		#[pallet::authorize(|source, worker, job, outcome_hash, signature, outcome| {
			Pallet::<T>::authorize_submission(source, worker, job, outcome_hash, outcome, signature)
		})]
		pub fn submit_result(
			origin: OriginFor<T>,
			worker: WorkerId,
			job: JobId,
			outcome_hash: H256,
			signature: WorkerSignature,
			outcome: Outcome,
		) -> DispatchResultWithPostInfo {
			ensure_authorized(origin)?;
			let _ = signature; // Checked by `authorize_submission`, without which we are not here.
			let bytes = outcome.encoded_size() as u32;
			let in_court = Self::weight_at_once(job);
			let workers = Self::do_submit_result(worker, job, outcome_hash, outcome)?;
			let weight = T::WeightInfo::submit_result(bytes, workers).saturating_add(in_court);
			Ok(Some(weight.saturating_add(T::WeightInfo::private_job())).into())
		}

		/// Remove a finished job from storage; its owner gets the deposit back. Some time after it was
		/// finished anybody may do this. If the job is not final yet, its owner accepts the outcome by it.
		///
		/// - `job`: number of the job.
		#[pallet::call_index(6)]
		#[pallet::weight(
			T::WeightInfo::release()
				.saturating_add(T::WeightInfo::private_job())
				.saturating_add(T::WeightInfo::finalise(bounds::MAX_ASSIGNEES))
		)]
		pub fn release(origin: OriginFor<T>, job: JobId) -> DispatchResultWithPostInfo {
			let caller = ensure_signed(origin)?;
			let was_provisional = Self::do_release(caller, job)?;
			let weight = T::WeightInfo::release().saturating_add(T::WeightInfo::private_job());
			Ok((!was_provisional).then_some(weight).into())
		}

		/// Join the workers; you hold its bond and are paid for its results.
		///
		/// - `worker`: public key with which it signs results (key type `fhe!`).
		/// - `proof`: its proof of possession for your account. `author_rotateKeysWithOwner` with the 32
		///   bytes of your account, called on the worker's node, makes both: the last 32 bytes of the
		///   keys and the last 64 bytes of the proof.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::join_workers())]
		pub fn join_workers(
			origin: OriginFor<T>,
			worker: WorkerId,
			proof: WorkerSignature,
		) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::check_worker_proof(&operator, &worker, &proof)?;
			Self::do_join(worker, operator)
		}

		/// Remove a worker as admin: it is assigned no more jobs, and its bond is free after a while.
		///
		/// - `worker`: public key of the worker.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::leave_workers())]
		pub fn remove_worker(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_leave(None, worker)
		}

		/// Leave the workers: yours is assigned no more jobs. Open ones should still be finished.
		///
		/// - `worker`: public key of your worker.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::leave_workers())]
		pub fn leave_workers(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_leave(Some(operator), worker)
		}

		/// Get the bond of a worker back that left long enough ago.
		///
		/// - `worker`: public key of your worker.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::withdraw_bond())]
		pub fn withdraw_bond(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_withdraw_bond(operator, worker)
		}

		/// Resume a suspended worker, once its node runs again. A bond that was cut is filled up.
		///
		/// - `worker`: public key of your worker.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::resume_worker())]
		pub fn resume_worker(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_resume(operator, worker)
		}

		/// Take a job whose deadline has passed away from its workers: others evaluate it, or its fee
		/// goes back. Anybody may do this; blocks with room do it by themselves.
		///
		/// - `job`: number of the job.
		#[pallet::call_index(12)]
		#[pallet::weight(Pallet::<T>::weight_of_expiry(bounds::MAX_ASSIGNEES))]
		pub fn expire(origin: OriginFor<T>, job: JobId) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let workers = Self::do_expire(job)?;
			Ok(Some(Self::weight_of_expiry(workers)).into())
		}

		/// Commit to a result that other workers must get, too. Sent by the workers' nodes, not by people.
		///
		/// - `worker`: public key of the worker.
		/// - `job`: number of the job.
		/// - `commitment`: BLAKE2b-256 hash of `fhe-ml/commitment/1`, worker, job and the hash of the
		///   outcome.
		/// - `signature`: of the worker over chain, job, input, model, key, engine version and commitment.
		#[pallet::call_index(13)]
		#[pallet::weight(T::WeightInfo::commit_result().saturating_add(
			// Where another result is known already, the last commitment may decide.
			T::WeightInfo::submit_result(bounds::MAX_RESULT_BYTES, bounds::MAX_ASSIGNEES)
				.saturating_add(T::WeightInfo::private_job())
		))]
		#[pallet::weight_of_authorize(T::WeightInfo::authorize_commit_result())]
		#[pallet::authorize(Self::authorize_commitment)]
		pub fn commit_result(
			origin: OriginFor<T>,
			worker: WorkerId,
			job: JobId,
			commitment: H256,
			signature: WorkerSignature,
		) -> DispatchResultWithPostInfo {
			ensure_authorized(origin)?;
			let _ = signature; // Checked by `authorize_commitment`.
			let decided = Self::do_commit_result(worker, job, commitment)?;
			Ok((!decided).then(T::WeightInfo::commit_result).into())
		}

		/// Set how many workers there may be, and how many a request may ask to agree. Admin only.
		///
		/// - `limits`: the bounds; workers that are active already stay so.
		#[pallet::call_index(14)]
		#[pallet::weight(T::WeightInfo::set_limits())]
		pub fn set_limits(origin: OriginFor<T>, limits: Limits) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_set_limits(limits)
		}

		/// Decline a job because the worker's engine has another version than the job asks for. Sent by the
		/// workers' nodes, not by people. The worker is suspended until its operator resumes it, and pays nothing.
		/// A job of a private model is declined for want of its file, too, and nobody is suspended.
		///
		/// - `worker`: public key of the worker.
		/// - `job`: number of the job.
		/// - `signature`: of the worker over chain, job, input, model, key and engine version.
		#[pallet::call_index(15)]
		#[pallet::weight(Pallet::<T>::weight_of_expiry(bounds::MAX_ASSIGNEES))]
		#[pallet::weight_of_authorize(T::WeightInfo::authorize_commit_result())]
		#[pallet::authorize(Self::authorize_decline)]
		pub fn decline_job(
			origin: OriginFor<T>,
			worker: WorkerId,
			job: JobId,
			signature: WorkerSignature,
		) -> DispatchResultWithPostInfo {
			ensure_authorized(origin)?;
			let _ = signature; // Checked by `authorize_decline`.
			let workers = Self::do_decline(worker, job)?;
			Ok(Some(Self::weight_of_expiry(workers)).into())
		}

		/// Let the admin hold deposits from your account for models that it registers for you.
		///
		/// - `most`: the most that may be held from now on; 0 takes an allowance back. What is held already
		///   stays held until its model is retired.
		#[pallet::call_index(16)]
		#[pallet::weight(T::WeightInfo::allow_model_deposit())]
		pub fn allow_model_deposit(origin: OriginFor<T>, most: BalanceOf<T>) -> DispatchResult {
			let depositor = ensure_signed(origin)?;
			Self::do_allow_model_deposit(depositor, most);
			Ok(())
		}

		/// Register a private model: you offer predictions, and only you and your evaluators have the model. A
		/// deposit for the bytes and the bond `PrivateModelBond` are held from you; if a result is condemned, the
		/// bond pays for it, and is filled up from your account when the admin resumes the model.
		///
		/// - `artifact`: the bytes of the `.fheml` file for the chain, as written by `fhe-ml model import --private`.
		/// - `commitment`: commitment to the private file, from the same command.
		/// - `terms`: evaluators, price, quota and auditor.
		#[pallet::call_index(17)]
		#[pallet::weight(T::WeightInfo::register_private_model(artifact.len() as u32))]
		pub fn register_private_model(
			origin: OriginFor<T>,
			artifact: Vec<u8>,
			commitment: H256,
			terms: PrivateTermsOf<T>,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_register_private_model(owner, artifact, commitment, terms)
		}

		/// Change evaluators, price, quota or auditor of your private model, `TermsDelay` blocks from now. Jobs that
		/// are requested before keep their price; they, too, are given to new evaluators only from then on.
		///
		/// - `model`: number of the model.
		/// - `terms`: all terms from then on; they replace a change that is not in force yet.
		#[pallet::call_index(18)]
		#[pallet::weight(T::WeightInfo::update_private_model())]
		pub fn update_private_model(
			origin: OriginFor<T>,
			model: ModelId,
			terms: PrivateTermsOf<T>,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_update_private_model(owner, model, terms)
		}

		/// Retire your private model. Open jobs are still finished; with the last one the deposit for the bytes
		/// goes back, and `UnbondingDelay` blocks later the bond is free.
		///
		/// - `model`: number of the model.
		#[pallet::call_index(19)]
		#[pallet::weight(T::WeightInfo::retire_private_model())]
		pub fn retire_private_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_retire_private_model(owner, model)
		}

		/// Get the bond of your retired private model back.
		///
		/// - `model`: number of the model.
		#[pallet::call_index(20)]
		#[pallet::weight(T::WeightInfo::withdraw_model_bond())]
		pub fn withdraw_model_bond(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_withdraw_model_bond(owner, model)
		}

		/// Resume a suspended private model: its owner after a disagreement of evaluators, the admin also after an
		/// audit. A bond that was cut is filled up from the owner's account.
		///
		/// - `model`: number of the model.
		#[pallet::call_index(21)]
		#[pallet::weight(T::WeightInfo::resume_private_model())]
		pub fn resume_private_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let owner = Self::signer_or_admin(origin)?;
			Self::do_resume_private_model(owner, model)
		}

		/// Say that the result of a finished job of a private model is wrong: admin, or the auditor that the model
		/// names. What the job has cost goes back to its owner out of the model's bond, as far as it reaches (its
		/// half, for an auditor), the rest of the bond to `SlashAccount`, and the model is suspended.
		///
		/// - `job`: number of the job; `fhe-ml audit` evaluates it again.
		/// - `statement`: hash of what there is to say about it.
		#[pallet::call_index(22)]
		#[pallet::weight(T::WeightInfo::condemn_result())]
		pub fn condemn_result(origin: OriginFor<T>, job: JobId, statement: H256) -> DispatchResult {
			let auditor = Self::signer_or_admin(origin)?;
			Self::do_condemn_result(auditor, job, statement)
		}

		/// Say whether anybody may register private models, or only accounts that are allowed to. Admin only.
		///
		/// - `open`: whether anybody may; models that are registered stay.
		#[pallet::call_index(23)]
		#[pallet::weight(T::WeightInfo::set_private_registration())]
		pub fn set_private_registration(origin: OriginFor<T>, open: bool) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_set_private_registration(open);
			Ok(())
		}

		/// Allow an account to register private models while registration is closed. Admin only.
		///
		/// - `owner`: the account.
		/// - `allowed`: whether it may.
		#[pallet::call_index(24)]
		#[pallet::weight(T::WeightInfo::allow_private_owner())]
		pub fn allow_private_owner(
			origin: OriginFor<T>,
			owner: T::AccountId,
			allowed: bool,
		) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_allow_private_owner(owner, allowed);
			Ok(())
		}

		/// Say that the outcome of a job is wrong, before it is final: the court evaluates it, step by step. A bond is
		/// held from you. If you are right you get it back and half of each liar's bond, and the outcome is put
		/// right. If not, or if nobody makes a step for `TrialTimeout` blocks, it pays for the steps and goes to the
		/// workers.
		///
		/// - `job`: number of the job, which has been completed or has failed.
		/// - `part`: number of the part of the result that is wrong, from 0: the rows that share a mask; all rows of a
		///   model without a server key. Of a failed job all parts are evaluated; say 0.
		#[pallet::call_index(25)]
		#[pallet::weight(T::WeightInfo::challenge())]
		pub fn challenge(origin: OriginFor<T>, job: JobId, part: u32) -> DispatchResult {
			let challenger = ensure_signed(origin)?;
			Self::do_challenge(challenger, job, part)
		}

		/// Evaluate the next slice of a job that is before the court. Anybody may do this. Whoever turns out to be wrong
		/// pays `StepReward` for it, to the challenger and up to sixteen more accounts.
		///
		/// - `job`: number of the job.
		#[pallet::call_index(26)]
		#[pallet::weight(
			T::WeightInfo::step(bounds::MAX_ASSIGNEES).saturating_add(T::Court::step_weight())
		)]
		pub fn step(origin: OriginFor<T>, job: JobId) -> DispatchResultWithPostInfo {
			let stepper = ensure_signed(origin)?;
			let workers = Self::do_step(Some(stepper), job)?.unwrap_or_default();
			let weight = T::WeightInfo::step(workers);
			Ok(Some(weight.saturating_add(T::Court::step_weight())).into())
		}

		/// Make a job final whose challenge period is over, so that its fee is paid; its owner may do so at any time.
		/// A trial that nobody goes on with is ended. Blocks with room do both by themselves.
		///
		/// - `job`: number of the job.
		#[pallet::call_index(27)]
		#[pallet::weight(Pallet::<T>::weight_of_hearing())]
		pub fn finalise(origin: OriginFor<T>, job: JobId) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			Self::do_finalise(Some(caller), job)
		}

		/// Say for a worker that the outcome of a job is wrong. Sent by the nodes of workers that evaluate jobs of others
		/// again, not by people. The bond is held from the worker's operator, who gets what a challenger gets.
		///
		/// - `worker`: public key of the worker, who is active.
		/// - `job`: number of the job.
		/// - `part`: number of the part of the result that is wrong, from 0; of a failed job 0.
		/// - `signature`: of the worker over chain, job, input, model, key, engine version and part.
		#[pallet::call_index(28)]
		#[pallet::weight(T::WeightInfo::challenge())]
		#[pallet::weight_of_authorize(T::WeightInfo::authorize_commit_result())]
		#[pallet::authorize(Self::authorize_challenge)]
		pub fn challenge_as_worker(
			origin: OriginFor<T>,
			worker: WorkerId,
			job: JobId,
			part: u32,
			signature: WorkerSignature,
		) -> DispatchResult {
			ensure_authorized(origin)?;
			let _ = signature; // Checked by `authorize_challenge`.
			Self::do_challenge_as_worker(worker, job, part)
		}

		/// Register the bootstrap key of your server key, for deep networks. Its deposit is returned when the server key is
		/// removed, and the bootstrap key with it.
		///
		/// - `bootstrap_key`: the bytes that `fhe-ml key bootstrap` wrote; they name the server key.
		#[pallet::call_index(29)]
		#[pallet::weight(T::WeightInfo::register_bootstrap_key())]
		pub fn register_bootstrap_key(
			origin: OriginFor<T>,
			bootstrap_key: Vec<u8>,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_register_bootstrap_key(owner, bootstrap_key)
		}

		/// Set how many workers must agree, at least, on jobs that the court cannot try. Admin only.
		///
		/// - `least`: least redundancy of requests for public models without a docket, within the bounds of `set_limits`; 1
		///   believes a single worker. Jobs that are requested already stay as they are.
		#[pallet::call_index(30)]
		#[pallet::weight(T::WeightInfo::set_untried_redundancy())]
		pub fn set_untried_redundancy(origin: OriginFor<T>, least: u8) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_set_untried_redundancy(least)
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		/// Sends the results that local workers have finished. Takes milliseconds: the evaluation
		/// itself runs in the native worker.
		fn offchain_worker(block: BlockNumberFor<T>) {
			Self::send_finished(block);
		}

		/// Leaves room for the draws at the end of the block, and notes among whom they are.
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			Self::prepare_draws(now)
		}

		/// Draws the workers of jobs that were requested before this block: now its randomness is known.
		fn on_finalize(now: BlockNumberFor<T>) {
			Self::seat_jobs(now);
		}

		/// Looks for jobs whose deadline has passed, and for those that are final, and makes a step of a trial, as long as
		/// the block has room.
		fn on_idle(now: BlockNumberFor<T>, remaining: Weight) -> Weight {
			let taken = Self::sweep_deadlines(now, remaining);
			let taken =
				taken.saturating_add(Self::sweep_agenda(now, remaining.saturating_sub(taken)));
			taken.saturating_add(Self::step_idly(remaining.saturating_sub(taken)))
		}

		fn integrity_test() {
			Self::check_config();
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}
}
