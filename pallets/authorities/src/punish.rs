//! What becomes of an authority that contradicts itself.

use crate::{offence::SLASHED_PART, pallet::*};
use frame_support::{
	traits::{
		Get,
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
	},
	weights::Weight,
};
use pallet_session::Pallet as Session;
use sp_runtime::{
	Perbill,
	traits::{Saturating, Zero},
};
use sp_staking::{
	SessionIndex,
	offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
};

impl<T: Config> Pallet<T> {
	pub(crate) fn is_barred(account: &T::AccountId) -> bool {
		Barred::<T>::get(account).is_some_and(|until| Session::<T>::current_index() < until)
	}

	/// Takes up to `amount` of a bond; returns what was taken.
	pub(crate) fn slash(account: &T::AccountId, amount: BalanceOf<T>) -> BalanceOf<T> {
		let Some(mut record) = Candidates::<T>::get(account) else { return Zero::zero() };
		// The slash account cannot be paid less than the existential deposit: the bond then stays as it is.
		let taken = T::BondCurrency::transfer_on_hold(
			&HoldReason::CandidateBond.into(),
			account,
			&T::SlashAccount::get(),
			amount.min(record.bond),
			Precision::BestEffort,
			Restriction::Free,
			Fortitude::Force,
		)
		.unwrap_or_else(|_| Zero::zero());
		record.bond = record.bond.saturating_sub(taken);
		Candidates::<T>::insert(account, record);
		taken
	}

	/// Slashes, removes, disables and bars an authority; once, until it may be one again.
	pub(crate) fn punish(account: &T::AccountId) {
		if Self::is_barred(account) {
			return;
		}
		let barred_until = Session::<T>::current_index().saturating_add(T::BarredSessions::get());
		Barred::<T>::insert(account, barred_until);
		PermanentAuthorities::<T>::mutate(|list| list.retain(|p| p.account != *account));
		let bond = Candidates::<T>::get(account).map_or_else(Zero::zero, |record| record.bond);
		let slashed = Self::slash(account, SLASHED_PART.mul_ceil(bond));
		Self::deactivate(account);
		Self::start_leaving(account);
		// At most as many are disabled as GRANDPA can spare: `DisablingStrategy` sees to that.
		Session::<T>::report_offence(account.clone(), OffenceSeverity::max_severity());
		let account = account.clone();
		Self::deposit_event(Event::AuthorityPunished { account, slashed, barred_until });
	}
}

/// Called for every new offence, of GRANDPA as well as of [`DoubleSeal`](crate::DoubleSeal). The fraction that
/// an offence asks for is not used: all cost the same.
impl<T: Config> OnOffenceHandler<T::AccountId, (T::AccountId, ()), Weight> for Pallet<T> {
	fn on_offence(
		offenders: &[OffenceDetails<T::AccountId, (T::AccountId, ())>],
		_: &[Perbill],
		_: SessionIndex,
	) -> Weight {
		for details in offenders {
			Self::punish(&details.offender.0);
		}
		T::DbWeight::get().reads_writes(8, 7).saturating_mul(offenders.len() as u64)
	}
}
