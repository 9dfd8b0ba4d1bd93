//! What `FheMlApi` answers of the court.

use crate::{pallet::*, types::*};
use fhe_ml_primitives::{CourtView, JobId, Trial};
use sp_runtime::SaturatedConversion;

impl<T: Config> Pallet<T> {
	/// When a job is final, and what the court does with it; `None` if it is final already, or waits for its workers.
	pub fn court(job: JobId) -> Option<CourtView<T::AccountId, BalanceOf<T>>> {
		let final_at = Provisional::<T>::get(job).map(|job| job.final_at.saturated_into());
		let trial = Trials::<T>::get(job).map(|trial| Trial {
			challenger: trial.challenger,
			bond: trial.bond,
			scope: trial.scope,
			part: trial.part,
			steps: trial.steps,
			steps_in_all: trial.steps_in_all,
			steppers: trial.steppers,
			opened_at: trial.opened_at.saturated_into(),
			lapses_at: trial.lapses_at.saturated_into(),
		});
		(final_at.is_some() || trial.is_some()).then_some(CourtView { final_at, trial })
	}
}
