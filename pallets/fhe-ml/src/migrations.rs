//! Storage migrations.

use crate::{Config, Models, Pallet};
use codec::{Decode, Encode};
use fhe_ml_primitives::{ModelName, ModelRecord, ModelStatus};
use frame_support::{
	migrations::VersionedMigration, traits::UncheckedOnRuntimeUpgrade, weights::Weight,
};
use sp_core::{Get, H256};

/// To version 2: models have the key that they are encrypted for; those of version 1 are not.
pub type MigrateToV2<T> =
	VersionedMigration<1, 2, AddModelKeys<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// A model of version 1.
#[derive(Encode, Decode)]
struct ModelRecordV1 {
	name: ModelName,
	artifact: H256,
	artifact_bytes: u32,
	input_bytes: u32,
	result_bytes: u32,
	work: u64,
	needs_server_key: bool,
	status: ModelStatus,
	open_jobs: u32,
}

/// The migration without the check of the version.
pub struct AddModelKeys<T>(core::marker::PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for AddModelKeys<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut models = 0u64;
		Models::<T>::translate_values(|old: ModelRecordV1| {
			models = models.saturating_add(1);
			Some(ModelRecord {
				name: old.name,
				artifact: old.artifact,
				artifact_bytes: old.artifact_bytes,
				input_bytes: old.input_bytes,
				result_bytes: old.result_bytes,
				work: old.work,
				needs_server_key: old.needs_server_key,
				encrypted_for: None,
				status: old.status,
				open_jobs: old.open_jobs,
			})
		});
		T::DbWeight::get().reads_writes(models, models)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::mock::*;
	use frame_support::{
		storage::unhashed,
		traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
	};

	#[test]
	fn models_of_version_1_are_kept() {
		run(|| {
			let model = register_linear_model();
			let record = Models::<Test>::get(model).unwrap();
			let old = ModelRecordV1 {
				name: record.name.clone(),
				artifact: record.artifact,
				artifact_bytes: record.artifact_bytes,
				input_bytes: record.input_bytes,
				result_bytes: record.result_bytes,
				work: record.work,
				needs_server_key: record.needs_server_key,
				status: record.status,
				open_jobs: record.open_jobs,
			};
			unhashed::put(&Models::<Test>::hashed_key_for(model), &old);
			StorageVersion::new(1).put::<FheMl>();
			MigrateToV2::<Test>::on_runtime_upgrade();
			assert_eq!(Models::<Test>::get(model), Some(record));
			assert_eq!(FheMl::on_chain_storage_version(), 2);
		});
	}
}
