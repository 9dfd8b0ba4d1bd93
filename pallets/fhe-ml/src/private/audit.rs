//! Condemning results: who has the private file can evaluate a finished job again, and says that its result is wrong.

use crate::pallet::*;
use fhe_ml_primitives::{JobId, JobStatus, PrivateModelState, Suspension};
use frame_support::{ensure, pallet_prelude::*};
use frame_system::{ensure_signed, pallet_prelude::OriginFor};
use sp_core::H256;
use sp_runtime::{Percent, traits::Saturating};

/// The part of a bond that an auditor, whom the model's owner chose, can give to the user. Else an owner would save
/// its bond from the admin by condemning a dear job of its own.
const REFUND_BY_AUDITOR: Percent = Percent::from_percent(50);

impl<T: Config> Pallet<T> {
	/// The signer; none for the admin.
	pub(crate) fn signer_or_admin(
		origin: OriginFor<T>,
	) -> Result<Option<T::AccountId>, DispatchError> {
		match T::AdminOrigin::try_origin(origin) {
			Ok(_) => Ok(None),
			Err(origin) => Ok(Some(ensure_signed(origin)?)),
		}
	}

	/// `auditor` is none for the admin.
	pub(crate) fn do_condemn_result(
		auditor: Option<T::AccountId>,
		job: JobId,
		statement: H256,
	) -> DispatchResult {
		let record = Jobs::<T>::get(job).ok_or(Error::<T>::UnknownJob)?;
		ensure!(record.status != JobStatus::Pending, Error::<T>::JobNotFinished);
		let private = PrivateJobs::<T>::get(job).ok_or(Error::<T>::NothingToCondemn)?;
		let model = record.model;
		let Ok(mut found) = Self::private_model(model) else {
			return Err(Error::<T>::NoModelBond.into());
		};
		if auditor.is_some() {
			// Who is replaced as auditor may still condemn what was asked for under its eyes.
			let may = auditor == private.auditor || auditor == found.terms.auditor;
			ensure!(may, Error::<T>::NotModelAuditor);
		}
		let condemned = PrivateModelState::Suspended { reason: Suspension::Audit };
		ensure!(found.state != condemned, Error::<T>::NoModelBond);

		let bond = found.bond;
		let most = if auditor.is_some() { REFUND_BY_AUDITOR.mul_floor(bond) } else { bond };
		let refund = record.fee.saturating_add(private.price).min(most);
		let refund = Self::take_model_bond(&mut found, &record.owner, refund);
		let rest = found.bond;
		let taken = Self::take_model_bond(&mut found, &T::SlashAccount::get(), rest);
		let slashed = refund.saturating_add(taken);
		PrivateJobs::<T>::remove(job);
		Self::deposit_event(Event::ResultCondemned {
			job,
			model,
			auditor,
			statement,
			slashed,
			refund,
		});
		Self::suspend_private_model(model, found, job, Suspension::Audit);
		Ok(())
	}
}
