//! To version 5: requests of several rows.

use crate::{pallet::*, types::*};
use codec::{Decode, Encode};
use fhe_ml_primitives::{
	Assignees, JobStatus, KeyHash, ModelId, ModelName, ModelRecord, ModelStatus,
};
use frame_support::{
	migrations::VersionedMigration, pallet_prelude::*, traits::UncheckedOnRuntimeUpgrade,
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;

/// To version 5: models say how rows lie in their results, and jobs how many rows they have. Models of before take
/// one row per request, and jobs of before have one.
pub type MigrateToV5<T> =
	VersionedMigration<4, 5, FromV4<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// A model of version 4.
#[derive(Encode, Decode)]
pub(super) struct ModelRecordV4<AccountId, Balance> {
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
	pub depositor: Option<AccountId>,
	pub deposit: Balance,
}

/// A job of version 4.
#[derive(Encode, Decode)]
pub(super) struct JobRecordV4<AccountId, Balance, BlockNumber> {
	pub owner: AccountId,
	pub model: ModelId,
	pub server_key: Option<KeyHash>,
	pub input: H256,
	pub input_bytes: u32,
	pub redundancy: u8,
	pub assignees: Assignees,
	pub reserves: Assignees,
	pub jurors: u8,
	pub engine: u16,
	pub work: u64,
	pub rounds: u8,
	pub requested_at: BlockNumber,
	pub assigned_at: BlockNumber,
	pub deadline: BlockNumber,
	pub fee: Balance,
	pub deposit: Balance,
	pub status: JobStatus,
}

type ModelV4<T> = ModelRecordV4<<T as frame_system::Config>::AccountId, BalanceOf<T>>;

pub(super) type JobV4<T> =
	JobRecordV4<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

/// The migration without the check of the version.
pub struct FromV4<T>(core::marker::PhantomData<T>);

impl<T: Config> FromV4<T> {
	fn model(old: ModelV4<T>) -> ModelRecordOf<T> {
		ModelRecord {
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
			depositor: old.depositor,
			deposit: old.deposit,
			row_layout: None,
		}
	}

	fn job(old: JobV4<T>) -> JobRecordOf<T> {
		JobRecord {
			owner: old.owner,
			model: old.model,
			server_key: old.server_key,
			input: old.input,
			input_bytes: old.input_bytes,
			redundancy: old.redundancy,
			assignees: old.assignees,
			reserves: old.reserves,
			jurors: old.jurors,
			engine: old.engine,
			work: old.work,
			rounds: old.rounds,
			requested_at: old.requested_at,
			assigned_at: old.assigned_at,
			deadline: old.deadline,
			fee: old.fee,
			deposit: old.deposit,
			status: old.status,
			rows: 1,
		}
	}
}

impl<T: Config> UncheckedOnRuntimeUpgrade for FromV4<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut records = 0u64;
		Models::<T>::translate_values(|old: ModelV4<T>| {
			records = records.saturating_add(1);
			Some(Self::model(old))
		});
		Jobs::<T>::translate_values(|old: JobV4<T>| {
			records = records.saturating_add(1);
			Some(Self::job(old))
		});
		T::DbWeight::get().reads_writes(records, records)
	}
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;
	use crate::mock::*;
	use frame_support::{
		assert_ok,
		storage::unhashed,
		traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
	};

	/// Writes the model in the bytes of version 4.
	pub fn put_old_model(model: ModelId) {
		let new = Models::<Test>::get(model).unwrap();
		let old = ModelRecordV4 {
			name: new.name,
			artifact: new.artifact,
			artifact_bytes: new.artifact_bytes,
			input_bytes: new.input_bytes,
			result_bytes: new.result_bytes,
			work: new.work,
			needs_server_key: new.needs_server_key,
			encrypted_for: new.encrypted_for,
			status: new.status,
			open_jobs: new.open_jobs,
			depositor: new.depositor,
			deposit: new.deposit,
		};
		unhashed::put(&Models::<Test>::hashed_key_for(model), &old);
	}

	fn put_old_job(job: u64) {
		let new = Jobs::<Test>::get(job).unwrap();
		let old = JobRecordV4 {
			owner: new.owner,
			model: new.model,
			server_key: new.server_key,
			input: new.input,
			input_bytes: new.input_bytes,
			redundancy: new.redundancy,
			assignees: new.assignees,
			reserves: new.reserves,
			jurors: new.jurors,
			engine: new.engine,
			work: new.work,
			rounds: new.rounds,
			requested_at: new.requested_at,
			assigned_at: new.assigned_at,
			deadline: new.deadline,
			fee: new.fee,
			deposit: new.deposit,
			status: new.status,
		};
		unhashed::put(&Jobs::<Test>::hashed_key_for(job), &old);
	}

	#[test]
	fn models_of_before_take_one_row_and_jobs_of_before_have_one() {
		run(|| {
			let key = hash(&server_key(1));
			assert_ok!(FheMl::register_server_key(RuntimeOrigin::signed(ALICE), server_key(1)));
			let model = register_linear_model();
			let encrypted =
				encrypted_artifact(fhe_ml_primitives::format::CircuitKind::EncryptedForest, key);
			assert_ok!(FheMl::register_model(RuntimeOrigin::root(), encrypted, None));
			assert_ok!(join(BOB, 2));
			assert_ok!(join(BOB, 3));
			let done = request(ALICE, model, input(0));
			let worker = Jobs::<Test>::get(done).unwrap().assignees[0].clone();
			let pair = (1..4).map(other_pair).find(|pair| sp_core::Pair::public(pair) == worker);
			apply(submission_by(&pair.unwrap(), done, completed(&input(0), 5))).unwrap().unwrap();
			let open = request_of(ALICE, model, input(1), 2);
			let models: Vec<_> = Models::<Test>::iter().collect();
			let jobs: Vec<_> = Jobs::<Test>::iter().collect();
			assert_eq!((models.len(), jobs.len()), (2, 2));

			models.iter().for_each(|(model, _)| put_old_model(*model));
			jobs.iter().for_each(|(job, _)| put_old_job(*job));
			StorageVersion::new(4).put::<FheMl>();
			assert!(Jobs::<Test>::get(open).is_none(), "these are not the bytes of today");

			MigrateToV5::<Test>::on_runtime_upgrade();
			assert_eq!(Models::<Test>::iter().collect::<Vec<_>>(), models);
			assert_eq!(Jobs::<Test>::iter().collect::<Vec<_>>(), jobs);
			assert!(models.iter().all(|(_, model)| model.row_layout.is_none()));
			assert!(jobs.iter().all(|(_, job)| job.rows == 1 && job.engine == 1));
			assert_eq!(FheMl::on_chain_storage_version(), 5);
		});
	}
}
