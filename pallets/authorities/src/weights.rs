//! Weights of the calls.
//!
//! Estimates, not measured: twice the reads and writes that each call makes, a tenth of a millisecond for
//! each signature, and a millisecond for the lists, which have at most 32 members. `benchmarking.rs` measures
//! them with `scripts/benchmark-weights.sh`.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Picoseconds of a call that goes through a list.
const LIST: u64 = 1_000_000_000;
/// Picoseconds of checking a signature.
const SIGNATURE: u64 = 100_000_000;
/// Picoseconds of hashing a byte, with room to spare.
const BYTE: u64 = 10_000;
/// The proof size is not limited on a chain of its own; this is for one that is.
const PROOF_BYTES: u64 = 20_000;

/// Weights of the pallet's calls.
pub trait WeightInfo {
	/// Of `set_permanent`.
	fn set_permanent(authorities: u32) -> Weight;
	/// Of `become_candidate`.
	fn become_candidate() -> Weight;
	/// Of `leave_candidates`.
	fn leave_candidates() -> Weight;
	/// Of `withdraw_bond`.
	fn withdraw_bond() -> Weight;
	/// Of `come_back`.
	fn come_back() -> Weight;
	/// Of `set_session_length`.
	fn set_session_length() -> Weight;
	/// Of `report_double_seal`.
	fn report_double_seal() -> Weight;
	/// Of `authorize_double_seal`.
	fn authorize_double_seal(bytes: u32) -> Weight;
}

/// Weights by the database costs of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> SubstrateWeight<T> {
	fn of(time: u64, reads: u64, writes: u64) -> Weight {
		Weight::from_parts(time, PROOF_BYTES)
			.saturating_add(T::DbWeight::get().reads_writes(reads, writes))
	}
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn set_permanent(authorities: u32) -> Weight {
		let authorities = u64::from(authorities);
		Self::of(LIST, authorities.saturating_add(2), authorities.saturating_add(2))
	}

	/// The bonds of all others are read when there is no room.
	fn become_candidate() -> Weight {
		Self::of(LIST, 50, 12)
	}

	/// The planned set is made, with the keys and bonds of all.
	fn leave_candidates() -> Weight {
		Self::of(LIST, 110, 6)
	}

	fn withdraw_bond() -> Weight {
		Self::of(LIST, 10, 6)
	}

	fn come_back() -> Weight {
		Self::of(LIST, 2, 2)
	}

	fn set_session_length() -> Weight {
		Self::of(LIST, 2, 2)
	}

	fn report_double_seal() -> Weight {
		Self::of(LIST, 40, 24)
	}

	fn authorize_double_seal(bytes: u32) -> Weight {
		let bytes = u64::from(bytes).saturating_mul(BYTE);
		Self::of(bytes.saturating_add(SIGNATURE.saturating_mul(4)), 10, 0)
	}
}

impl WeightInfo for () {
	fn set_permanent(_: u32) -> Weight {
		Weight::zero()
	}
	fn become_candidate() -> Weight {
		Weight::zero()
	}
	fn leave_candidates() -> Weight {
		Weight::zero()
	}
	fn withdraw_bond() -> Weight {
		Weight::zero()
	}
	fn come_back() -> Weight {
		Weight::zero()
	}
	fn set_session_length() -> Weight {
		Weight::zero()
	}
	fn report_double_seal() -> Weight {
		Weight::zero()
	}
	fn authorize_double_seal(_: u32) -> Weight {
		Weight::zero()
	}
}
