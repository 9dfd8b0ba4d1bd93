//! Weights of `pallet_beacon`, as measured by hand: 400 executions of an empty block in WebAssembly, through
//! the RPC's `state_call` of `Core_execute_block`, on a dev node without the beacon and on one with it.
//!
//! DATE: 2026-11-26, CPU: two busy cores of an Intel Xeon. Difference of the fastest executions 0.5 to 0.8 ms, of
//! the fastest tenths 0.7 to 0.8, of the medians 1.1 to 1.4; nearly all of it is the verification. The
//! benchmark (`benchmarking.rs`) is there for `frame-omni-bencher`.

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
