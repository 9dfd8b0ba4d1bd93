//! To version 6: requests for public models that the court cannot try have a least redundancy.

use crate::pallet::*;
use frame_support::{
	migrations::VersionedMigration,
	pallet_prelude::*,
	traits::{Get, UncheckedOnRuntimeUpgrade},
};

/// To version 6: on a chain of before, a single worker is believed as before, until its admin sets more. All models
/// of before the court have no docket, and a chain of one or two workers would take no requests for any of them.
pub type MigrateToV6<T> =
	VersionedMigration<5, 6, FromV5<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// The migration without the check of the version.
pub struct FromV5<T>(core::marker::PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for FromV5<T> {
	fn on_runtime_upgrade() -> Weight {
		UntriedRedundancy::<T>::put(1);
		T::DbWeight::get().writes(1)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::mock::*;
	use frame_support::{
		assert_ok,
		traits::{GetStorageVersion, OnRuntimeUpgrade},
	};

	#[test]
	fn models_of_before_take_the_requests_that_they_took() {
		run(|| {
			let model = register_linear_model();
			UntriedRedundancy::<Test>::kill();
			assert!(FheMl::quote(model, 1).is_none(), "the mock has one worker");
			StorageVersion::new(5).put::<FheMl>();
			MigrateToV6::<Test>::on_runtime_upgrade();
			assert_eq!(FheMl::on_chain_storage_version(), 6);
			request(ALICE, model, input(0));
			// What the admin sets afterwards stays.
			assert_ok!(FheMl::set_untried_redundancy(RuntimeOrigin::root(), 3));
			MigrateToV6::<Test>::on_runtime_upgrade();
			assert_eq!(UntriedRedundancy::<Test>::get(), 3);
		});
	}
}
