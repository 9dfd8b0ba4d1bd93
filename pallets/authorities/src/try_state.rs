//! What is true of the pallet's storage between blocks.

use crate::pallet::*;
use fhe_ml_primitives::authorities::CandidateStatus;
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks the bonds against what is held, and the list of active candidates against their records.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let active = ActiveCandidates::<T>::get();
		let mut records = 0usize;
		for (account, record) in Candidates::<T>::iter() {
			let held =
				T::BondCurrency::balance_on_hold(&HoldReason::CandidateBond.into(), &account);
			ensure!(held == record.bond, "a candidate's bond is not what is held");
			let is_active = record.status == CandidateStatus::Active;
			ensure!(active.contains(&account) == is_active, "status and list disagree");
			records = records.saturating_add(usize::from(is_active));
		}
		ensure!(records == active.len(), "an active candidate has no record");
		Ok(())
	}
}
