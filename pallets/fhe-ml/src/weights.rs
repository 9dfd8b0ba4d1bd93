
//! Weights of `pallet_fhe_ml`, written by `scripts/benchmark-weights.sh`: do not edit.
//!
//! DATE: 2026-11-22, STEPS: `10`, REPEAT: `5`, CPU: `AMD EPYC`
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, runtime in WebAssembly

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weight functions of `pallet_fhe_ml`.
pub trait WeightInfo {
	/// Weight of `register_model`.
	fn register_model(b: u32, ) -> Weight;
	/// Weight of `retire_model`.
	fn retire_model() -> Weight;
	/// Weight of `register_server_key`.
	fn register_server_key() -> Weight;
	/// Weight of `remove_server_key`.
	fn remove_server_key() -> Weight;
	/// Weight of `request_inference`.
	fn request_inference(b: u32, ) -> Weight;
	/// Weight of `submit_result`.
	fn submit_result(b: u32, ) -> Weight;
	/// Weight of `authorize_submit_result`.
	fn authorize_submit_result(b: u32, ) -> Weight;
	/// Weight of `release`.
	fn release() -> Weight;
	/// Weight of `join_workers`.
	fn join_workers() -> Weight;
	/// Weight of `withdraw_bond`.
	fn withdraw_bond() -> Weight;
	/// Weight of `resume_worker`.
	fn resume_worker() -> Weight;
	/// Weight of `expire`.
	fn expire() -> Weight;
	/// Weight of `leave_workers`.
	fn leave_workers() -> Weight;
}

/// Weights as measured, with the runtime's own database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `FheMl::NextModel` (r:1 w:1)
	/// Proof: `FheMl::NextModel` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ModelArtifacts` (r:0 w:1)
	/// Proof: `FheMl::ModelArtifacts` (`max_values`: None, `max_size`: Some(1048592), added: 1051067, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:0 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(136), added: 2611, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[104, 1048576]`.
	fn register_model(b: u32, ) -> Weight {
		// Minimum execution time: 9_935_000 picoseconds.
		Weight::from_parts(34_039_175, 1489)
			// Standard Error: 2
			.saturating_add(Weight::from_parts(2_381, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `FheMl::Models` (r:1 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(136), added: 2611, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ModelArtifacts` (r:0 w:1)
	/// Proof: `FheMl::ModelArtifacts` (`max_values`: None, `max_size`: Some(1048592), added: 1051067, mode: `MaxEncodedLen`)
	fn retire_model() -> Weight {
		// Minimum execution time: 11_307_000 picoseconds.
		Weight::from_parts(15_433_000, 3601)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `FheMl::ServerKeys` (r:1 w:1)
	/// Proof: `FheMl::ServerKeys` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(103), added: 2578, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ServerKeyBytes` (r:0 w:1)
	/// Proof: `FheMl::ServerKeyBytes` (`max_values`: None, `max_size`: Some(2621476), added: 2623951, mode: `MaxEncodedLen`)
	fn register_server_key() -> Weight {
		// Minimum execution time: 5_412_402_000 picoseconds.
		Weight::from_parts(5_792_473_000, 3568)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `FheMl::ServerKeys` (r:1 w:1)
	/// Proof: `FheMl::ServerKeys` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(103), added: 2578, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ServerKeyBytes` (r:0 w:1)
	/// Proof: `FheMl::ServerKeyBytes` (`max_values`: None, `max_size`: Some(2621476), added: 2623951, mode: `MaxEncodedLen`)
	fn remove_server_key() -> Weight {
		// Minimum execution time: 75_153_000 picoseconds.
		Weight::from_parts(87_241_000, 3568)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `FheMl::Models` (r:1 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(136), added: 2611, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::PendingCount` (r:1 w:1)
	/// Proof: `FheMl::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::NextJob` (r:1 w:1)
	/// Proof: `FheMl::NextJob` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:0)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `System::ParentHash` (r:1 w:0)
	/// Proof: `System::ParentHash` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(103), added: 2578, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Jobs` (r:0 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(707), added: 3182, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Inputs` (r:0 w:1)
	/// Proof: `FheMl::Inputs` (`max_values`: None, `max_size`: Some(262164), added: 264639, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Pending` (r:0 w:1)
	/// Proof: `FheMl::Pending` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[96, 262144]`.
	fn request_inference(b: u32, ) -> Weight {
		// Minimum execution time: 84_887_000 picoseconds.
		Weight::from_parts(88_195_489, 3601)
			// Standard Error: 3
			.saturating_add(Weight::from_parts(2_521, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(6_u64))
			.saturating_add(T::DbWeight::get().writes(7_u64))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(707), added: 3182, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:1 w:0)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:1 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(136), added: 2611, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(103), added: 2578, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::PendingCount` (r:1 w:1)
	/// Proof: `FheMl::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Results` (r:0 w:1)
	/// Proof: `FheMl::Results` (`max_values`: None, `max_size`: Some(262164), added: 264639, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Pending` (r:0 w:1)
	/// Proof: `FheMl::Pending` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[24, 262144]`.
	fn submit_result(b: u32, ) -> Weight {
		// Minimum execution time: 59_589_000 picoseconds.
		Weight::from_parts(62_689_142, 4172)
			// Standard Error: 4
			.saturating_add(Weight::from_parts(2_558, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(5_u64))
			.saturating_add(T::DbWeight::get().writes(6_u64))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:0)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(707), added: 3182, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:1 w:0)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:1 w:0)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(136), added: 2611, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[24, 262144]`.
	fn authorize_submit_result(b: u32, ) -> Weight {
		// Minimum execution time: 51_598_000 picoseconds.
		Weight::from_parts(53_524_369, 4172)
			// Standard Error: 1
			.saturating_add(Weight::from_parts(1_839, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(4_u64))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(707), added: 3182, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(103), added: 2578, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Results` (r:0 w:1)
	/// Proof: `FheMl::Results` (`max_values`: None, `max_size`: Some(262164), added: 264639, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Inputs` (r:0 w:1)
	/// Proof: `FheMl::Inputs` (`max_values`: None, `max_size`: Some(262164), added: 264639, mode: `MaxEncodedLen`)
	fn release() -> Weight {
		// Minimum execution time: 42_734_000 picoseconds.
		Weight::from_parts(46_490_000, 4172)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	fn join_workers() -> Weight {
		// Minimum execution time: 10_956_000 picoseconds.
		Weight::from_parts(12_328_000, 3545)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	fn leave_workers() -> Weight {
		// Minimum execution time: 9_975_000 picoseconds.
		Weight::from_parts(11_036_000, 3545)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	fn withdraw_bond() -> Weight {
		Weight::from_parts(60_000_000, 3601)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	fn resume_worker() -> Weight {
		Weight::from_parts(60_000_000, 3601)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	fn expire() -> Weight {
		Weight::from_parts(150_000_000, 8000)
			.saturating_add(T::DbWeight::get().reads(8_u64))
			.saturating_add(T::DbWeight::get().writes(10_u64))
	}
}
