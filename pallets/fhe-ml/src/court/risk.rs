//! How much of its fees a worker can still lose, because its outcomes can be challenged: never more than its bond, so
//! that a lie costs more than it brings however many jobs it is told in.

use super::Docket;
use crate::{pallet::*, types::*};
use fhe_ml_primitives::{ModelId, WorkerId};
use sp_runtime::{
	SaturatedConversion,
	traits::{CheckedDiv, Saturating, Zero},
};

impl<T: Config> Pallet<T> {
	/// What each worker of a job gets at most for an outcome that can be challenged.
	pub(crate) fn share_at_risk(record: &JobRecordOf<T>) -> BalanceOf<T> {
		Self::share_of_fee(record.model, record.fee, record.redundancy)
	}

	/// The same for a request of `model` with this fee.
	pub(crate) fn share_of_fee(model: ModelId, fee: BalanceOf<T>, redundancy: u8) -> BalanceOf<T> {
		match Self::docket_of(model) {
			Docket::Steps { .. } => fee.checked_div(&redundancy.into()).unwrap_or(fee),
			Docket::None | Docket::AtOnce { .. } => Zero::zero(),
		}
	}

	/// Counts a job's share for these workers.
	pub(crate) fn put_at_risk(workers: &[WorkerId], share: BalanceOf<T>) {
		if share.is_zero() {
			return;
		}
		for worker in workers {
			AtRisk::<T>::mutate(worker, |sum| *sum = sum.saturating_add(share));
		}
	}

	/// Takes a job's share off their counts.
	pub(crate) fn take_off_risk(workers: &[WorkerId], share: BalanceOf<T>) {
		if share.is_zero() {
			return;
		}
		for worker in workers {
			AtRisk::<T>::mutate_exists(worker, |sum| {
				let left = sum.unwrap_or_default().saturating_sub(share);
				*sum = (!left.is_zero()).then_some(left);
			});
		}
	}

	/// Whether the bond of a worker answers for this share, too.
	pub(crate) fn answers_for(worker: &WorkerId, bond: BalanceOf<T>, share: BalanceOf<T>) -> bool {
		let at_risk = AtRisk::<T>::get(worker);
		can_risk(at_risk.saturated_into(), bond.saturated_into(), share.saturated_into())
	}
}

/// Whether a bond answers for this share, besides what it answers for already.
pub(crate) fn can_risk(at_risk: u128, bond: u128, share: u128) -> bool {
	share == 0 || at_risk.saturating_add(share) <= bond
}
