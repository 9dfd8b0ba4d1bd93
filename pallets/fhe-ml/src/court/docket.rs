//! How jobs of a model can be tried, found out once when it is registered.

use super::{ArtifactRefused, Court, Docket};
use crate::{pallet::*, types::*};
use fhe_ml_primitives::{JobId, ModelId};
use frame_support::{ensure, pallet_prelude::*};

impl<T: Config> Pallet<T> {
	/// What the court can do with an artifact. What is too heavy for the call that posts an outcome is not tried: the
	/// court should have said how many steps it takes.
	pub(crate) fn check_docket(artifact: &[u8]) -> Result<Docket, Error<T>> {
		match T::Court::docket(artifact) {
			Ok(Docket::AtOnce { weight }) if weight.any_gt(T::MaxAtOnce::get()) => Ok(Docket::None),
			Ok(docket) => Ok(docket),
			// Benchmarks register what has a prefix and nothing else.
			Err(ArtifactRefused) if cfg!(feature = "runtime-benchmarks") => Ok(Docket::None),
			Err(ArtifactRefused) => Err(Error::ArtifactDoesNotDecode),
		}
	}

	pub(crate) fn set_docket(model: ModelId, docket: Docket) {
		Dockets::<T>::set(model, (docket != Docket::None).then_some(docket));
	}

	pub(crate) fn docket_of(model: ModelId) -> Docket {
		Dockets::<T>::get(model).unwrap_or_default()
	}

	/// Refuses a request for a public model that nobody but its workers judges, if they are fewer than the admin wants.
	/// What evaluators of a private model say is for its users to judge.
	pub(crate) fn check_untried(model: ModelId, redundancy: u8) -> Result<(), Error<T>> {
		let is_tried = Dockets::<T>::contains_key(model);
		let enough = is_tried
			|| redundancy >= UntriedRedundancy::<T>::get()
			|| PrivateModels::<T>::contains_key(model);
		ensure!(enough, Error::RedundancyBelowUntried);
		Ok(())
	}

	/// Refuses more rows than the call that posts their outcome can evaluate.
	pub(crate) fn check_rows_at_once(model: ModelId, rows: u32) -> Result<(), Error<T>> {
		let weight = Self::weight_of_rows(model, rows);
		ensure!(weight.all_lte(T::MaxAtOnce::get()), Error::TooManyRowsForCourt);
		Ok(())
	}

	fn weight_of_rows(model: ModelId, rows: u32) -> Weight {
		match Self::docket_of(model) {
			Docket::AtOnce { weight } => weight.saturating_mul(rows.into()),
			Docket::None | Docket::Steps { .. } => Weight::zero(),
		}
	}

	/// Weight of evaluating a job in the call that posts its outcome, if that is done.
	pub(crate) fn weight_at_once(job: JobId) -> Weight {
		// The record, its docket, and the blobs of the case.
		let reads = T::DbWeight::get().reads(5);
		let weight = Jobs::<T>::get(job)
			.map(|record: JobRecordOf<T>| Self::weight_of_rows(record.model, record.rows))
			.unwrap_or_default();
		if weight.is_zero() { weight } else { weight.saturating_add(reads) }
	}
}
