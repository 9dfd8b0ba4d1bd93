//! The records of `fhe-ml-primitives` with the types of a runtime filled in.

use crate::Config;
use frame_support::traits::fungible::Inspect;
use frame_system::pallet_prelude::BlockNumberFor;

pub use fhe_ml_primitives::{JobRecord, KeyRecord, ModelRecord, WorkerRecord};

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
