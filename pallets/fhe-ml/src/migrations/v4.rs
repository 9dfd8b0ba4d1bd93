//! To version 4: workers are drawn a block later, and open work is bounded.

use super::v5::{JobRecordV4, JobV4};
use crate::{load::all_work, pallet::*, types::*};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use fhe_ml_primitives::{
	Assignees, JobId, JobStatus, KeyHash, ModelId, OpenRequests, WorkerId, WorkerRecord,
	WorkerStatus,
};
use frame_support::{
	migrations::VersionedMigration, pallet_prelude::*, traits::UncheckedOnRuntimeUpgrade,
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_runtime::traits::Saturating;

/// To version 4: jobs have reserves and an engine version, workers know since when they are active, and open
/// requests are counted by account. Jobs keep the work that they were paid for. Their reserves are the workers
/// that are active now, and their engine is the first one.
pub type MigrateToV4<T> =
	VersionedMigration<3, 4, FromV3<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// A worker of version 3.
#[derive(Encode, Decode)]
pub(crate) struct WorkerRecordV3<AccountId, Balance, BlockNumber> {
	pub operator: AccountId,
	pub bond: Balance,
	pub status: WorkerStatus<BlockNumber>,
	pub open_jobs: u32,
	pub open_work: u64,
	pub completed: u64,
	pub missed: u32,
	pub slashed: u32,
}

/// A job of version 3.
#[derive(Encode, Decode)]
pub(crate) struct JobRecordV3<AccountId, Balance, BlockNumber> {
	pub owner: AccountId,
	pub model: ModelId,
	pub server_key: Option<KeyHash>,
	pub input: H256,
	pub input_bytes: u32,
	pub redundancy: u8,
	pub assignees: Assignees,
	pub work: u64,
	pub rounds: u8,
	pub requested_at: BlockNumber,
	pub deadline: BlockNumber,
	pub fee: Balance,
	pub deposit: Balance,
	pub status: JobStatus,
}

/// Jobs as version 4 stores them; the next migration reads them.
#[frame_support::storage_alias]
type Jobs<T: Config> = StorageMap<Pallet<T>, Twox64Concat, JobId, JobV4<T>>;

type WorkerV3<T> =
	WorkerRecordV3<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

/// The migration without the check of the version.
pub struct FromV3<T>(core::marker::PhantomData<T>);

impl<T: Config> FromV3<T> {
	fn job(
		old: JobRecordV3<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>,
		active: &[WorkerId],
	) -> JobV4<T> {
		let is_pending = old.status == JobStatus::Pending;
		let others = active.iter().filter(|worker| is_pending && !old.assignees.contains(worker));
		JobRecordV4 {
			reserves: Assignees::truncate_from(others.cloned().collect()),
			jurors: 0,
			owner: old.owner,
			model: old.model,
			server_key: old.server_key,
			input: old.input,
			input_bytes: old.input_bytes,
			redundancy: old.redundancy,
			assignees: old.assignees,
			engine: 1,
			work: old.work,
			rounds: old.rounds,
			requested_at: old.requested_at,
			assigned_at: old.requested_at,
			deadline: old.deadline,
			fee: old.fee,
			deposit: old.deposit,
			status: old.status,
		}
	}
}

impl<T: Config> UncheckedOnRuntimeUpgrade for FromV3<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut records = 0u64;
		let now = frame_system::Pallet::<T>::block_number();
		Workers::<T>::translate_values(|old: WorkerV3<T>| {
			records = records.saturating_add(1);
			Some(WorkerRecord {
				operator: old.operator,
				bond: old.bond,
				// A bond that leaves stays for the longer time that holds now.
				status: match old.status {
					WorkerStatus::Leaving { free_at } => WorkerStatus::Leaving {
						free_at: free_at.max(now.saturating_add(T::UnbondingDelay::get())),
					},
					other => other,
				},
				open_jobs: old.open_jobs,
				open_work: old.open_work,
				completed: old.completed,
				missed: old.missed,
				slashed: old.slashed,
				// Jobs that were assigned before are not punished by rules that nobody knew.
				active_since: now,
			})
		});
		let active = ActiveWorkers::<T>::get().into_inner();
		let mut open = Vec::new();
		Jobs::<T>::translate_values(|old: JobRecordV3<_, _, _>| {
			records = records.saturating_add(1);
			let record = Self::job(old, &active);
			if record.status == JobStatus::Pending {
				open.push((record.owner.clone(), all_work(record.work, record.redundancy)));
			}
			Some(record)
		});
		records = records.saturating_add(open.len() as u64);
		for (owner, work) in open {
			OpenOf::<T>::mutate(owner, |open| {
				*open = OpenRequests {
					jobs: open.jobs.saturating_add(1),
					work: open.work.saturating_add(work),
				};
			});
		}
		T::DbWeight::get().reads_writes(records, records)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		migrations::{MigrateToV5, v5::tests::put_old_model},
		mock::*,
		pallet::Jobs,
	};
	use frame_support::{
		assert_ok,
		storage::unhashed,
		traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
	};

	#[test]
	fn records_of_version_3_are_kept() {
		run(|| {
			assert_ok!(FheMl::register_model(RuntimeOrigin::root(), linear_model(), None));
			let model = 0;
			assert_ok!(join(BOB, 2));
			let number = request(ALICE, model, input(0));
			let new_job = Jobs::<Test>::get(number).unwrap();
			let new_worker = Workers::<Test>::get(worker()).unwrap();

			let old_job = JobRecordV3 {
				owner: new_job.owner,
				model,
				server_key: None,
				input: new_job.input,
				input_bytes: new_job.input_bytes,
				redundancy: new_job.redundancy,
				assignees: new_job.assignees.clone(),
				work: new_job.work,
				rounds: new_job.rounds,
				requested_at: new_job.requested_at,
				deadline: new_job.deadline,
				fee: new_job.fee,
				deposit: new_job.deposit,
				status: new_job.status,
			};
			unhashed::put(&Jobs::<Test>::hashed_key_for(number), &old_job);
			for (id, worker) in Workers::<Test>::iter().collect::<Vec<_>>() {
				let old = WorkerRecordV3 {
					operator: worker.operator,
					bond: worker.bond,
					status: worker.status,
					open_jobs: worker.open_jobs,
					open_work: worker.open_work,
					completed: worker.completed,
					missed: worker.missed,
					slashed: worker.slashed,
				};
				unhashed::put(&Workers::<Test>::hashed_key_for(id), &old);
			}
			put_old_model(model);
			OpenOf::<Test>::remove(ALICE);
			StorageVersion::new(3).put::<FheMl>();

			MigrateToV4::<Test>::on_runtime_upgrade();
			assert_eq!(FheMl::on_chain_storage_version(), 4);
			MigrateToV5::<Test>::on_runtime_upgrade();
			let now = System::block_number();
			let job = Jobs::<Test>::get(number).unwrap();
			assert_eq!(job, JobRecord { assigned_at: new_job.requested_at, ..new_job });
			assert_eq!(job.reserves.len(), 1, "the other worker");
			let worker = Workers::<Test>::get(worker()).unwrap();
			assert_eq!(worker, WorkerRecord { active_since: now, ..new_worker });
			assert_eq!(OpenOf::<Test>::get(ALICE).jobs, 1);
			assert_eq!(FheMl::on_chain_storage_version(), 5);
		});
	}
}
