//! The records of `fhe-ml-primitives` with the types of a runtime filled in.

use crate::Config;
use codec::{Decode, Encode, MaxEncodedLen};
use fhe_ml_primitives::{Trial, WorkerId};
use frame_support::traits::fungible::Inspect;
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;

pub use fhe_ml_primitives::{
	JobRecord, KeyRecord, ModelRecord, PrivateJobRecord, PrivateModelRecord, PrivateTerms,
	WorkerRecord,
};

/// The balance type of the pallet's currency.
pub type BalanceOf<T> =
	<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// A model of this runtime.
pub type ModelRecordOf<T> = ModelRecord<<T as frame_system::Config>::AccountId, BalanceOf<T>>;

/// A job of this runtime.
pub type JobRecordOf<T> =
	JobRecord<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

/// A worker of this runtime.
pub type WorkerRecordOf<T> =
	WorkerRecord<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

/// Terms of a private model of this runtime.
pub type PrivateTermsOf<T> =
	PrivateTerms<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

/// A private model of this runtime.
pub type PrivateModelRecordOf<T> =
	PrivateModelRecord<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

/// What a job of a private model has besides its record.
pub type PrivateJobRecordOf<T> =
	PrivateJobRecord<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

/// A worker that can be drawn, as it was when the block began.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo, MaxEncodedLen)]
pub struct Candidate {
	/// Its key.
	pub worker: WorkerId,
	/// Its bond.
	pub bond: u128,
	/// Fees that the bond answers for.
	pub at_risk: u128,
	/// Its unfinished jobs.
	pub open_jobs: u32,
	/// Their work units.
	pub open_work: u64,
}

/// A trial of this runtime.
pub type TrialOf<T> =
	Trial<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;
