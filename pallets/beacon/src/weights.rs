//! Weights of `pallet_beacon`.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of `pallet_beacon`.
pub trait WeightInfo {
	/// Weight of `on_initialize` and `on_finalize`.
	fn on_initialize() -> Weight;
	/// Weight of `contribute`.
	fn contribute() -> Weight;
}

/// Weights as measured, with the runtime's own database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Reads the digest, the slot, the authorities and the last contribution; writes whose turn it is.
	fn on_initialize() -> Weight {
		Weight::from_parts(10_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(4, 1))
	}

	fn contribute() -> Weight {
		Weight::from_parts(1_000_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
}
