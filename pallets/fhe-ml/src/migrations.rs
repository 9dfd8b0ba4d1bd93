//! Storage migrations.

use crate::{pallet::*, types::*};
use codec::{Decode, Encode};
use fhe_ml_primitives::{
	Assignees, JobStatus, KeyHash, ModelId, ModelName, ModelRecord, ModelStatus, WorkerRecord,
	WorkerStatus,
};
use frame_support::{
	migrations::VersionedMigration, pallet_prelude::*, traits::UncheckedOnRuntimeUpgrade,
};
use sp_core::H256;
use sp_runtime::traits::Zero;

/// To version 3: jobs have a redundancy (those of version 2 one worker), workers have a history (which
/// begins now), and models may have a deposit (those of version 2 have none).
pub type MigrateToV3<T> =
	VersionedMigration<2, 3, FromV2<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// A model of version 2.
#[derive(Encode, Decode)]
pub(crate) struct ModelRecordV2 {
	pub name: ModelName,
	pub artifact: H256,
	pub artifact_bytes: u32,
	pub input_bytes: u32,
	pub result_bytes: u32,
	pub work: u64,
	pub needs_server_key: bool,
	pub encrypted_for: Option<KeyHash>,
	pub status: ModelStatus,
	pub open_jobs: u32,
}

/// A worker of version 2.
#[derive(Encode, Decode)]
pub(crate) struct WorkerRecordV2<AccountId, Balance, BlockNumber> {
	pub operator: AccountId,
	pub bond: Balance,
	pub status: WorkerStatus<BlockNumber>,
	pub open_jobs: u32,
	pub open_work: u64,
}

/// A job of version 2.
#[derive(Encode, Decode)]
pub(crate) struct JobRecordV2<AccountId, Balance, BlockNumber> {
	pub owner: AccountId,
	pub model: ModelId,
	pub server_key: Option<KeyHash>,
	pub input: H256,
	pub input_bytes: u32,
	pub assignees: Assignees,
	pub work: u64,
	pub rounds: u8,
	pub requested_at: BlockNumber,
	pub deadline: BlockNumber,
	pub fee: Balance,
	pub deposit: Balance,
	pub status: JobStatus,
}

/// The migration without the check of the version.
pub struct FromV2<T>(core::marker::PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for FromV2<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut records = 0u64;
		Models::<T>::translate_values(|old: ModelRecordV2| {
			records = records.saturating_add(1);
			Some(ModelRecord {
				name: old.name,
				artifact: old.artifact,
				artifact_bytes: old.artifact_bytes,
				input_bytes: old.input_bytes,
				result_bytes: old.result_bytes,
				work: old.work,
				needs_server_key: old.needs_server_key,
				encrypted_for: old.encrypted_for,
				status: old.status,
				open_jobs: old.open_jobs,
				depositor: None,
				deposit: Zero::zero(),
			})
		});
		Workers::<T>::translate_values(|old: WorkerRecordV2<_, _, _>| {
			records = records.saturating_add(1);
			Some(WorkerRecord {
				operator: old.operator,
				bond: old.bond,
				status: old.status,
				open_jobs: old.open_jobs,
				open_work: old.open_work,
				completed: 0,
				missed: 0,
				slashed: 0,
			})
		});
		Jobs::<T>::translate_values(|old: JobRecordV2<_, _, _>| {
			records = records.saturating_add(1);
			Some(JobRecord {
				owner: old.owner,
				model: old.model,
				server_key: old.server_key,
				input: old.input,
				input_bytes: old.input_bytes,
				redundancy: 1,
				assignees: old.assignees,
				work: old.work,
				rounds: old.rounds,
				requested_at: old.requested_at,
				deadline: old.deadline,
				fee: old.fee,
				deposit: old.deposit,
				status: old.status,
			})
		});
		T::DbWeight::get().reads_writes(records, records)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::mock::*;
	use frame_support::{
		assert_ok,
		storage::unhashed,
		traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
	};

	#[test]
	fn records_of_version_2_are_kept() {
		run(|| {
			assert_ok!(FheMl::register_model(RuntimeOrigin::root(), linear_model(), None));
			let model = 0;
			let number = request(ALICE, model, input(0));
			let new_model = Models::<Test>::get(model).unwrap();
			let new_job = Jobs::<Test>::get(number).unwrap();
			let new_worker = Workers::<Test>::get(worker()).unwrap();

			let old_model = ModelRecordV2 {
				name: new_model.name.clone(),
				artifact: new_model.artifact,
				artifact_bytes: new_model.artifact_bytes,
				input_bytes: new_model.input_bytes,
				result_bytes: new_model.result_bytes,
				work: new_model.work,
				needs_server_key: new_model.needs_server_key,
				encrypted_for: new_model.encrypted_for,
				status: new_model.status,
				open_jobs: new_model.open_jobs,
			};
			let old_job = JobRecordV2 {
				owner: new_job.owner,
				model,
				server_key: None,
				input: new_job.input,
				input_bytes: new_job.input_bytes,
				assignees: new_job.assignees.clone(),
				work: new_job.work,
				rounds: new_job.rounds,
				requested_at: new_job.requested_at,
				deadline: new_job.deadline,
				fee: new_job.fee,
				deposit: new_job.deposit,
				status: new_job.status,
			};
			let old_worker = WorkerRecordV2 {
				operator: new_worker.operator,
				bond: new_worker.bond,
				status: new_worker.status,
				open_jobs: new_worker.open_jobs,
				open_work: new_worker.open_work,
			};
			unhashed::put(&Models::<Test>::hashed_key_for(model), &old_model);
			unhashed::put(&Jobs::<Test>::hashed_key_for(number), &old_job);
			unhashed::put(&Workers::<Test>::hashed_key_for(worker()), &old_worker);
			StorageVersion::new(2).put::<FheMl>();

			MigrateToV3::<Test>::on_runtime_upgrade();
			assert_eq!(Models::<Test>::get(model), Some(new_model));
			assert_eq!(Jobs::<Test>::get(number), Some(new_job));
			assert_eq!(Workers::<Test>::get(worker()), Some(new_worker));
			assert_eq!(FheMl::on_chain_storage_version(), 3);
		});
	}
}
