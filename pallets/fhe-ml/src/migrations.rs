//! Storage migrations.

use crate::{pallet::*, types::*};
use codec::{Decode, Encode};
use fhe_ml_primitives::{
	Assignees, JobId, JobStatus, KeyHash, ModelId, ModelName, ModelRecord, ModelStatus, WorkerId,
	WorkerStatus,
};
use frame_support::{
	migrations::VersionedMigration,
	pallet_prelude::*,
	traits::{UncheckedOnRuntimeUpgrade, fungible::MutateHold},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_runtime::traits::Zero;

/// To version 2: models have the key that they are encrypted for (those of version 1 are not),
/// workers have a bond, and pending jobs are listed by their deadlines.
pub type MigrateToV2<T> =
	VersionedMigration<1, 2, FromV1<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// A model of version 1.
#[derive(Encode, Decode)]
pub(crate) struct ModelRecordV1 {
	pub name: ModelName,
	pub artifact: H256,
	pub artifact_bytes: u32,
	pub input_bytes: u32,
	pub result_bytes: u32,
	pub work: u64,
	pub needs_server_key: bool,
	pub status: ModelStatus,
	pub open_jobs: u32,
}

/// A worker of version 1.
#[derive(Encode, Decode)]
pub(crate) struct WorkerRecordV1<AccountId> {
	pub payout: AccountId,
}

/// A job of version 1.
#[derive(Encode, Decode)]
pub(crate) struct JobRecordV1<AccountId, Balance, BlockNumber> {
	pub owner: AccountId,
	pub model: ModelId,
	pub server_key: Option<KeyHash>,
	pub input: H256,
	pub input_bytes: u32,
	pub assignees: Assignees,
	pub requested_at: BlockNumber,
	pub deadline: BlockNumber,
	pub fee: Balance,
	pub deposit: Balance,
	pub status: JobStatus,
}

/// The migration without the check of the version.
pub struct FromV1<T>(core::marker::PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for FromV1<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut records = 0u64;
		Models::<T>::translate_values(|old: ModelRecordV1| {
			records = records.saturating_add(1);
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
		Workers::<T>::translate_values(|old: WorkerRecordV1<T::AccountId>| {
			records = records.saturating_add(1);
			Some(migrated_worker::<T>(old))
		});
		NextSweep::<T>::put(frame_system::Pallet::<T>::block_number());
		Jobs::<T>::translate(|number, old: JobRecordV1<_, _, _>| {
			records = records.saturating_add(1);
			Some(migrated_job::<T>(number, old))
		});
		T::DbWeight::get().reads_writes(records.saturating_mul(2), records.saturating_mul(4))
	}
}

/// Its bond is held, if its account has it; otherwise the worker goes on without.
fn migrated_worker<T: Config>(old: WorkerRecordV1<T::AccountId>) -> WorkerRecordOf<T> {
	let bond = T::WorkerBond::get();
	let held = T::Currency::hold(&HoldReason::WorkerBond.into(), &old.payout, bond);
	WorkerRecord {
		operator: old.payout,
		bond: if held.is_ok() { bond } else { Zero::zero() },
		status: WorkerStatus::Active,
		open_jobs: 0,
		open_work: 0,
	}
}

fn migrated_job<T: Config>(
	number: JobId,
	old: JobRecordV1<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>,
) -> JobRecordOf<T> {
	let work = Models::<T>::get(old.model).map_or(1, |model| model.work);
	if old.status == JobStatus::Pending {
		Deadlines::<T>::insert(old.deadline, number, ());
		NextSweep::<T>::mutate(|first| *first = (*first).min(old.deadline));
		for worker in &old.assignees {
			count::<T>(worker, work);
		}
	}
	JobRecord {
		owner: old.owner,
		model: old.model,
		server_key: old.server_key,
		input: old.input,
		input_bytes: old.input_bytes,
		assignees: old.assignees,
		work,
		rounds: 1,
		requested_at: old.requested_at,
		deadline: old.deadline,
		fee: old.fee,
		deposit: old.deposit,
		status: old.status,
	}
}

fn count<T: Config>(worker: &WorkerId, work: u64) {
	Workers::<T>::mutate(worker, |record| {
		if let Some(record) = record {
			record.open_jobs = record.open_jobs.saturating_add(1);
			record.open_work = record.open_work.saturating_add(work);
		}
	});
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::mock::*;
	use frame_support::{
		assert_ok,
		storage::unhashed,
		traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion, tokens::Precision},
	};

	#[test]
	fn records_of_version_1_are_kept() {
		run(|| {
			let model = register_linear_model();
			let number = request(ALICE, model, input(0));
			let (new_model, new_job) =
				(Models::<Test>::get(model).unwrap(), Jobs::<Test>::get(number).unwrap());
			let new_worker = Workers::<Test>::get(worker()).unwrap();

			let old_model = ModelRecordV1 {
				name: new_model.name.clone(),
				artifact: new_model.artifact,
				artifact_bytes: new_model.artifact_bytes,
				input_bytes: new_model.input_bytes,
				result_bytes: new_model.result_bytes,
				work: new_model.work,
				needs_server_key: new_model.needs_server_key,
				status: new_model.status,
				open_jobs: new_model.open_jobs,
			};
			let old_job = JobRecordV1 {
				owner: new_job.owner,
				model,
				server_key: None,
				input: new_job.input,
				input_bytes: new_job.input_bytes,
				assignees: new_job.assignees.clone(),
				requested_at: new_job.requested_at,
				deadline: new_job.deadline,
				fee: new_job.fee,
				deposit: new_job.deposit,
				status: new_job.status,
			};
			let reason = HoldReason::WorkerBond.into();
			assert_ok!(Balances::release(&reason, &PAYOUT, BOND, Precision::Exact));
			unhashed::put(&Models::<Test>::hashed_key_for(model), &old_model);
			unhashed::put(&Jobs::<Test>::hashed_key_for(number), &old_job);
			let old_worker = WorkerRecordV1 { payout: PAYOUT };
			unhashed::put(&Workers::<Test>::hashed_key_for(worker()), &old_worker);
			Deadlines::<Test>::remove(new_job.deadline, number);
			StorageVersion::new(1).put::<FheMl>();

			MigrateToV2::<Test>::on_runtime_upgrade();
			assert_eq!(Models::<Test>::get(model), Some(new_model));
			assert_eq!(Jobs::<Test>::get(number), Some(new_job));
			assert_eq!(Workers::<Test>::get(worker()), Some(new_worker));
			assert_eq!(FheMl::on_chain_storage_version(), 2);
		});
	}
}
