//! Checks of blobs before they are stored, and what they cost.

use crate::{BalanceOf, Config, Court, Error, Pallet, UntriedRedundancyOfNewChains, WeightInfo};
use alloc::vec::Vec;
use fhe_ml_primitives::{
	bounds::{MAX_ASSIGNEES, MaxArtifactBytes, MaxInputBytes, MaxResultBytes, MaxServerKeyBytes},
	format::{ArtifactPrefix, HeaderError, InputPrefix, ResultPrefix, ServerKeyPrefix},
};
use frame_support::{BoundedVec, dispatch::DispatchClass, ensure, traits::Get};
use sp_runtime::{
	SaturatedConversion,
	traits::{Saturating, Zero},
};

impl<T> From<HeaderError> for Error<T> {
	fn from(error: HeaderError) -> Self {
		match error {
			HeaderError::WrongLength => Self::BlobWrongLength,
			HeaderError::NotOurs => Self::BlobNotRecognised,
			HeaderError::WrongVersion => Self::BlobWrongVersion,
			HeaderError::WrongParameterSet => Self::BlobWrongParameterSet,
			HeaderError::WrongKind => Self::BlobWrongKind,
			HeaderError::Malformed => Self::BlobMalformed,
		}
	}
}

/// Bounds a blob, or says that it is too long.
pub(crate) fn bounded<T: Config, B: Get<u32>>(
	blob: Vec<u8>,
) -> Result<BoundedVec<u8, B>, Error<T>> {
	BoundedVec::try_from(blob).map_err(|_| Error::BlobTooLong)
}

impl<T: Config> Pallet<T> {
	/// Reads the prefix of an artifact whose inputs and results the chain can store.
	pub(crate) fn check_artifact(artifact: &[u8]) -> Result<ArtifactPrefix, Error<T>> {
		let prefix = ArtifactPrefix::read(artifact)?;
		let input_fits =
			(InputPrefix::BYTES as u32..=MaxInputBytes::get()).contains(&prefix.input_bytes);
		let result_fits =
			(ResultPrefix::BYTES as u32..=MaxResultBytes::get()).contains(&prefix.result_bytes);
		ensure!(input_fits && result_fits, Error::ModelTooLarge);
		ensure!(prefix.work <= T::MaxWork::get(), Error::ModelTooExpensive);
		Ok(prefix)
	}

	/// The fee of a request with `work` units for each of `redundancy` workers and this many bytes of
	/// input and result.
	pub(crate) fn inference_fee(work: u64, redundancy: u8, bytes: u32) -> BalanceOf<T> {
		let work = work.saturating_mul(redundancy.into());
		let for_work = T::FeePerWork::get().saturating_mul(work.saturated_into());
		let for_bytes = T::FeePerByte::get().saturating_mul(bytes.into());
		T::BaseFee::get().saturating_add(for_work).saturating_add(for_bytes)
	}

	/// The deposit for `bytes` bytes of storage.
	pub(crate) fn storage_deposit(bytes: u32) -> BalanceOf<T> {
		T::DepositPerByte::get().saturating_mul(bytes.into())
	}

	/// Panics if the runtime's constants make the pallet unusable; run by `integrity_test`.
	pub(crate) fn check_config() {
		let normal: u32 = *T::BlockLength::get().max.get(DispatchClass::Normal);
		let bounds: [u32; 3] =
			[MaxArtifactBytes::get(), MaxServerKeyBytes::get(), MaxInputBytes::get()];
		for bound in bounds {
			assert!(bound.saturating_add(1024) <= normal, "a blob must fit into one extrinsic");
		}
		assert!(
			ServerKeyPrefix::KEY_BYTES as u32 <= MaxServerKeyBytes::get(),
			"a server key must fit its bound"
		);
		assert!(!T::JobDeadline::get().is_zero(), "a job needs time to be evaluated");
		assert!(T::MaxPending::get() > 0 && T::MaxWorkers::get() > 0, "nothing could be requested");
		assert!(T::WorkPerBlock::get() > 0 && T::MaxRounds::get() > 0, "no job could be assigned");
		assert!(T::MaxWaiting::get() > 0 && T::MaxAccountJobs::get() > 0, "nobody could ask");
		assert!(
			T::MaxAccountWork::get() <= T::MaxWorkerWork::get(),
			"one account must not keep a worker from all others"
		);
		assert!(
			T::UnbondingDelay::get() >= T::ReleaseDelay::get(),
			"a bond must not leave before the results of its worker"
		);
		assert!(!T::PrivateModelBond::get().is_zero(), "nothing would pay for a wrong result");
		let bond = T::WorkerBond::get();
		assert!(
			T::MissPenalty::get() <= bond,
			"a bond must cover the penalty of a missed deadline"
		);
		assert!(
			!T::ChallengePeriod::get().is_zero() && !T::TrialTimeout::get().is_zero(),
			"nobody could challenge a result"
		);
		let weights = T::BlockWeights::get();
		let most = weights.get(DispatchClass::Normal).max_extrinsic.unwrap_or(weights.max_block);
		let step = T::WeightInfo::step(MAX_ASSIGNEES).saturating_add(T::Court::step_weight());
		assert!(step.all_lte(most), "a step of the court must fit into a block");
		let post = T::WeightInfo::submit_result(MaxResultBytes::get(), MAX_ASSIGNEES);
		let post = post.saturating_add(T::MaxAtOnce::get());
		assert!(post.all_lte(most), "what is evaluated at once must fit into a block");
		assert!(
			T::UnbondingDelay::get() >= T::ChallengePeriod::get(),
			"a bond must not leave before its worker's results are final"
		);
		assert!(
			T::Compensation::get().saturating_mul(2u32.into()) <= bond,
			"a liar that asks itself must not save its bond"
		);
		assert!(T::LiePenalty::get() <= bond, "a bond must cover the penalty of a wrong result");
		assert!(
			(1..=MAX_ASSIGNEES).contains(&T::MaxRedundancy::get().into()),
			"redundancy must fit the assignees of a job"
		);
		assert!(
			UntriedRedundancyOfNewChains::get() <= T::MaxRedundancy::get(),
			"a new chain must take requests for models without a docket"
		);
	}
}
