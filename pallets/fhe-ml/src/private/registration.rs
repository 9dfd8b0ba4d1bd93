//! Registering and retiring private models, their bonds, and who may register them.

use crate::{blobs::bounded, pallet::*, types::*};
use alloc::vec::Vec;
use fhe_ml_primitives::{ModelId, PrivateModelState, Suspension};
use frame_support::{BoundedVec, ensure, pallet_prelude::*, traits::fungible::MutateHold};
use sp_core::H256;
use sp_runtime::traits::Saturating;

/// Counts of quotas that go with the bond of their model; those beyond them go with the jobs of their accounts.
const MOST_QUOTAS: u32 = 64;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register_private_model(
		owner: T::AccountId,
		artifact: Vec<u8>,
		commitment: H256,
		terms: PrivateTermsOf<T>,
	) -> DispatchResult {
		let may =
			!PrivateRegistrationClosed::<T>::get() || PrivateOwners::<T>::contains_key(&owner);
		ensure!(may, Error::<T>::PrivateRegistrationClosed);
		Self::check_terms(&terms)?;
		let artifact = bounded::<T, _>(artifact)?;
		let prefix = Self::check_artifact(&artifact)?;
		ensure!(prefix.circuit.is_private(), Error::<T>::NotAPrivateModel);
		// Who is named as evaluator has not been asked, and must have room left for others until it declines.
		ensure!(prefix.work <= T::MaxAccountWork::get(), Error::<T>::ModelTooExpensive);
		let deposit = Self::storage_deposit(artifact.len() as u32);
		T::Currency::hold(&HoldReason::Model.into(), &owner, deposit)?;
		let bond = T::PrivateModelBond::get();
		T::Currency::hold(&HoldReason::PrivateModelBond.into(), &owner, bond)?;
		let model = Self::add_model(artifact, &prefix, Some(owner.clone()), deposit)?;
		let record = PrivateModelRecord {
			owner: owner.clone(),
			commitment,
			bond,
			terms: terms.clone(),
			next_terms: None,
			state: PrivateModelState::Active,
			absent: BoundedVec::new(),
			bond_free_at: None,
		};
		PrivateModels::<T>::insert(model, record);
		Self::deposit_event(Event::PrivateModelRegistered {
			model,
			owner,
			commitment,
			bond,
			terms,
		});
		Ok(())
	}

	pub(crate) fn do_retire_private_model(owner: T::AccountId, model: ModelId) -> DispatchResult {
		Self::owned_private_model(&owner, model)?;
		Self::do_retire_model(model)
	}

	/// From now on the bond of a retired model without open jobs waits: its last results can still be audited.
	pub(crate) fn start_bond_delay(model: ModelId) {
		if let Some(mut record) = PrivateModels::<T>::get(model) {
			let now = frame_system::Pallet::<T>::block_number();
			record.bond_free_at = Some(now.saturating_add(T::UnbondingDelay::get()));
			PrivateModels::<T>::insert(model, record);
		}
	}

	pub(crate) fn do_withdraw_model_bond(owner: T::AccountId, model: ModelId) -> DispatchResult {
		let record = Self::owned_private_model(&owner, model)?;
		let now = frame_system::Pallet::<T>::block_number();
		let is_free = record.bond_free_at.is_some_and(|free_at| now >= free_at);
		ensure!(is_free, Error::<T>::ModelBondNotFree);
		let bond = record.bond;
		Self::release_hold(HoldReason::PrivateModelBond, &owner, bond)?;
		PrivateModels::<T>::remove(model);
		let _ = QuotaUsed::<T>::clear_prefix(model, MOST_QUOTAS, None);
		Self::deposit_event(Event::ModelBondWithdrawn { model, owner, bond });
		Ok(())
	}

	/// `owner` is none for the admin, who alone resumes a model after an audit.
	pub(crate) fn do_resume_private_model(
		owner: Option<T::AccountId>,
		model: ModelId,
	) -> DispatchResult {
		let mut record = Self::private_model(model)?;
		let PrivateModelState::Suspended { reason } = record.state else {
			return Err(Error::<T>::ModelNotSuspended.into());
		};
		if let Some(owner) = owner {
			ensure!(record.owner == owner, Error::<T>::NotModelOwner);
			ensure!(reason == Suspension::Disagreement, Error::<T>::ResumedByAdminOnly);
		}
		ensure!(Self::takes_requests(model), Error::<T>::ModelIsRetired);
		let missing = T::PrivateModelBond::get().saturating_sub(record.bond);
		T::Currency::hold(&HoldReason::PrivateModelBond.into(), &record.owner, missing)?;
		record.bond = record.bond.saturating_add(missing);
		record.state = PrivateModelState::Active;
		let bond = record.bond;
		PrivateModels::<T>::insert(model, record);
		Self::deposit_event(Event::PrivateModelResumed { model, bond });
		Ok(())
	}

	/// Stops requests for a private model.
	pub(crate) fn suspend_private_model(
		model: ModelId,
		mut record: PrivateModelRecordOf<T>,
		job: fhe_ml_primitives::JobId,
		reason: Suspension,
	) {
		// Only the admin undoes what an audit did.
		if record.state != (PrivateModelState::Suspended { reason: Suspension::Audit }) {
			record.state = PrivateModelState::Suspended { reason };
			Self::deposit_event(Event::PrivateModelSuspended { model, job, reason });
		}
		PrivateModels::<T>::insert(model, record);
	}

	/// Pays out of a model's bond, as far as it reaches and the account can be paid; returns how much.
	pub(crate) fn take_model_bond(
		record: &mut PrivateModelRecordOf<T>,
		to: &T::AccountId,
		amount: BalanceOf<T>,
	) -> BalanceOf<T> {
		let from = (&record.owner, &mut record.bond);
		Self::take_held(HoldReason::PrivateModelBond, from, to, amount)
	}

	pub(crate) fn do_set_private_registration(open: bool) {
		PrivateRegistrationClosed::<T>::set(!open);
		Self::deposit_event(Event::PrivateRegistrationSet { open });
	}

	pub(crate) fn do_allow_private_owner(owner: T::AccountId, allowed: bool) {
		PrivateOwners::<T>::set(&owner, allowed.then_some(()));
		Self::deposit_event(Event::PrivateOwnerAllowed { owner, allowed });
	}
}
