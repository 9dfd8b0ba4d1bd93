//! Terms of private models: what they may be, when they come into force, and quotas.

use crate::{pallet::*, types::*};
use alloc::collections::BTreeSet;
use fhe_ml_primitives::{ComingTerms, ModelId, ModelStatus, Quota, QuotaUse};
use frame_support::{ensure, pallet_prelude::*};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{CheckedDiv, Saturating, Zero};

impl<T: Config> Pallet<T> {
	/// A private model as it is now.
	pub(crate) fn private_model(model: ModelId) -> Result<PrivateModelRecordOf<T>, Error<T>> {
		let record = PrivateModels::<T>::get(model);
		let now = frame_system::Pallet::<T>::block_number();
		match record {
			Some(record) => Ok(record.at(now).0),
			None if Models::<T>::contains_key(model) => Err(Error::NotAPrivateModel),
			None => Err(Error::UnknownModel),
		}
	}

	/// The same, if it is `owner`'s.
	pub(crate) fn owned_private_model(
		owner: &T::AccountId,
		model: ModelId,
	) -> Result<PrivateModelRecordOf<T>, Error<T>> {
		let record = Self::private_model(model)?;
		ensure!(record.owner == *owner, Error::NotModelOwner);
		Ok(record)
	}

	/// Whether a model is not retired.
	pub(crate) fn takes_requests(model: ModelId) -> bool {
		Models::<T>::get(model).is_some_and(|record| record.status == ModelStatus::Active)
	}

	pub(crate) fn check_terms(terms: &PrivateTermsOf<T>) -> Result<(), Error<T>> {
		let different = terms.evaluators.iter().collect::<BTreeSet<_>>().len();
		let are_good = different > 0 && different == terms.evaluators.len();
		ensure!(are_good, Error::EvaluatorsMissingOrTwice);
		let joined = terms.evaluators.iter().all(Workers::<T>::contains_key);
		ensure!(joined, Error::UnknownWorker);
		let possible =
			terms.quota.is_none_or(|quota| quota.requests > 0 && !quota.period.is_zero());
		ensure!(possible, Error::ImpossibleQuota);
		Ok(())
	}

	pub(crate) fn do_update_private_model(
		owner: T::AccountId,
		model: ModelId,
		terms: PrivateTermsOf<T>,
	) -> DispatchResult {
		let mut record = Self::owned_private_model(&owner, model)?;
		ensure!(Self::takes_requests(model), Error::<T>::ModelIsRetired);
		Self::check_terms(&terms)?;
		let now = frame_system::Pallet::<T>::block_number();
		let from = now.saturating_add(T::TermsDelay::get());
		record.next_terms = Some(ComingTerms { from, terms: terms.clone() });
		PrivateModels::<T>::insert(model, record);
		Self::deposit_event(Event::PrivateTermsChanged { model, from, terms });
		Ok(())
	}

	/// Counts the rows of a request, if the account has as many left in this period; returns the first block of the
	/// period.
	pub(crate) fn use_quota(
		model: ModelId,
		account: &T::AccountId,
		quota: &Quota<BlockNumberFor<T>>,
		rows: u32,
	) -> Result<BlockNumberFor<T>, Error<T>> {
		let since = Self::period_of(quota);
		QuotaUsed::<T>::try_mutate(model, account, |used| {
			let before = used.filter(|used| used.since == since).map_or(0, |used| used.requests);
			let requests = before.checked_add(rows).ok_or(Error::QuotaExceeded)?;
			ensure!(requests <= quota.requests, Error::QuotaExceeded);
			*used = Some(QuotaUse { since, requests });
			Ok(since)
		})
	}

	/// First block of this period.
	fn period_of(quota: &Quota<BlockNumberFor<T>>) -> BlockNumberFor<T> {
		let now = frame_system::Pallet::<T>::block_number();
		now.checked_div(&quota.period).unwrap_or_default().saturating_mul(quota.period)
	}

	/// Takes the rows of a request that came to nothing off the count.
	pub(crate) fn return_quota(
		model: ModelId,
		account: &T::AccountId,
		since: BlockNumberFor<T>,
		rows: u32,
	) {
		QuotaUsed::<T>::mutate_exists(model, account, |used| {
			let Some(count) = used.as_mut().filter(|used| used.since == since) else { return };
			count.requests = count.requests.saturating_sub(rows);
			if count.requests == 0 {
				*used = None;
			}
		});
	}

	/// Forgets a count whose period is over.
	pub(crate) fn forget_quota(model: ModelId, account: &T::AccountId) {
		let Some(used) = QuotaUsed::<T>::get(model, account) else { return };
		let quota = Self::private_model(model).ok().and_then(|record| record.terms.quota);
		if quota.is_none_or(|quota| used.since < Self::period_of(&quota)) {
			QuotaUsed::<T>::remove(model, account);
		}
	}
}
