
//! Weights of `pallet_fhe_ml`, written by `scripts/benchmark-weights.sh`: do not edit.
//!
//! DATE: 2026-11-22, STEPS: `10`, REPEAT: `5`, CPU: `AMD EPYC`
//! Not measured yet, but estimated with room to spare from those that are: `commit_result`,
//! `authorize_commit_result`, `set_limits`, and the parts of other calls that grow with the number of
//! workers (`k`, `n`). Run the script.
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
	fn request_inference(b: u32, k: u32, ) -> Weight;
	/// Weight of `submit_result`.
	fn submit_result(b: u32, n: u32, ) -> Weight;
	/// Weight of `authorize_submit_result`.
	fn authorize_submit_result(b: u32, ) -> Weight;
	/// Weight of `release`.
	fn release() -> Weight;
	/// Weight of `join_workers`.
	fn join_workers() -> Weight;
	/// Weight of `leave_workers`.
	fn leave_workers() -> Weight;
	/// Weight of `withdraw_bond`.
	fn withdraw_bond() -> Weight;
	/// Weight of `resume_worker`.
	fn resume_worker() -> Weight;
	/// Weight of `expire`.
	fn expire(n: u32, ) -> Weight;
	/// Weight of `commit_result`.
	fn commit_result() -> Weight;
	/// Weight of `authorize_commit_result`.
	fn authorize_commit_result() -> Weight;
	/// Weight of `set_limits`.
	fn set_limits() -> Weight;
}

/// Weights as measured, with the runtime's own database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `FheMl::NextModel` (r:1 w:1)
	/// Proof: `FheMl::NextModel` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ModelArtifacts` (r:0 w:1)
	/// Proof: `FheMl::ModelArtifacts` (`max_values`: None, `max_size`: Some(3145744), added: 3148219, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:0 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(169), added: 2644, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[104, 1048576]`.
	fn register_model(b: u32, ) -> Weight {
		// Minimum execution time: 9_504_000 picoseconds.
		Weight::from_parts(31_333_296, 1489)
			// Standard Error: 2
			.saturating_add(Weight::from_parts(2_342, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `FheMl::Models` (r:1 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(169), added: 2644, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ModelArtifacts` (r:0 w:1)
	/// Proof: `FheMl::ModelArtifacts` (`max_values`: None, `max_size`: Some(3145744), added: 3148219, mode: `MaxEncodedLen`)
	fn retire_model() -> Weight {
		// Minimum execution time: 10_846_000 picoseconds.
		Weight::from_parts(21_142_000, 3634)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `FheMl::ServerKeys` (r:1 w:1)
	/// Proof: `FheMl::ServerKeys` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ServerKeyBytes` (r:0 w:1)
	/// Proof: `FheMl::ServerKeyBytes` (`max_values`: None, `max_size`: Some(2621476), added: 2623951, mode: `MaxEncodedLen`)
	fn register_server_key() -> Weight {
		// Minimum execution time: 5_594_295_000 picoseconds.
		Weight::from_parts(5_775_307_000, 3586)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `FheMl::ServerKeys` (r:1 w:1)
	/// Proof: `FheMl::ServerKeys` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ServerKeyBytes` (r:0 w:1)
	/// Proof: `FheMl::ServerKeyBytes` (`max_values`: None, `max_size`: Some(2621476), added: 2623951, mode: `MaxEncodedLen`)
	fn remove_server_key() -> Weight {
		// Minimum execution time: 64_817_000 picoseconds.
		Weight::from_parts(78_869_000, 3586)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `FheMl::Models` (r:1 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(169), added: 2644, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::PendingCount` (r:1 w:1)
	/// Proof: `FheMl::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::NextJob` (r:1 w:1)
	/// Proof: `FheMl::NextJob` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:0)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `System::ParentHash` (r:1 w:0)
	/// Proof: `System::ParentHash` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(113), added: 2588, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Jobs` (r:0 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(716), added: 3191, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Deadlines` (r:0 w:1)
	/// Proof: `FheMl::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Inputs` (r:0 w:1)
	/// Proof: `FheMl::Inputs` (`max_values`: None, `max_size`: Some(1048596), added: 1051071, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Pending` (r:0 w:1)
	/// Proof: `FheMl::Pending` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[96, 262144]`.
	fn request_inference(b: u32, k: u32, ) -> Weight {
		// Minimum execution time: 86_771_000 picoseconds.
		Weight::from_parts(91_121_018, 3634)
			// Standard Error: 4
			.saturating_add(Weight::from_parts(2_453, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(7_u64))
			.saturating_add(T::DbWeight::get().writes(9_u64))
			.saturating_add(Weight::from_parts(30000000, 2600).saturating_mul(k.into()))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(k.into())))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(k.into())))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(716), added: 3191, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(113), added: 2588, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:1 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(169), added: 2644, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::PendingCount` (r:1 w:1)
	/// Proof: `FheMl::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Results` (r:0 w:1)
	/// Proof: `FheMl::Results` (`max_values`: None, `max_size`: Some(262164), added: 264639, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Deadlines` (r:0 w:1)
	/// Proof: `FheMl::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Pending` (r:0 w:1)
	/// Proof: `FheMl::Pending` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[24, 262144]`.
	fn submit_result(b: u32, n: u32, ) -> Weight {
		// Minimum execution time: 59_780_000 picoseconds.
		Weight::from_parts(65_078_322, 4181)
			// Standard Error: 4
			.saturating_add(Weight::from_parts(2_422, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(5_u64))
			.saturating_add(T::DbWeight::get().writes(8_u64))
			.saturating_add(Weight::from_parts(80000000, 2600).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads((4_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes((4_u64).saturating_mul(n.into())))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:0)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(716), added: 3191, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:1 w:0)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(113), added: 2588, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:1 w:0)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(169), added: 2644, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[24, 262144]`.
	fn authorize_submit_result(b: u32, ) -> Weight {
		// Minimum execution time: 49_084_000 picoseconds.
		Weight::from_parts(50_175_577, 4181)
			// Standard Error: 1
			.saturating_add(Weight::from_parts(1_744, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(5_u64))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(716), added: 3191, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Results` (r:0 w:1)
	/// Proof: `FheMl::Results` (`max_values`: None, `max_size`: Some(262164), added: 264639, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Inputs` (r:0 w:1)
	/// Proof: `FheMl::Inputs` (`max_values`: None, `max_size`: Some(1048596), added: 1051071, mode: `MaxEncodedLen`)
	fn release() -> Weight {
		// Minimum execution time: 43_745_000 picoseconds.
		Weight::from_parts(46_580_000, 4181)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(113), added: 2588, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	fn join_workers() -> Weight {
		// Minimum execution time: 76_255_000 picoseconds.
		Weight::from_parts(80_200_000, 3586)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(113), added: 2588, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	fn leave_workers() -> Weight {
		// Minimum execution time: 11_287_000 picoseconds.
		Weight::from_parts(12_189_000, 3578)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(113), added: 2588, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	fn withdraw_bond() -> Weight {
		// Minimum execution time: 36_234_000 picoseconds.
		Weight::from_parts(37_977_000, 3586)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(113), added: 2588, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	fn resume_worker() -> Weight {
		// Minimum execution time: 44_447_000 picoseconds.
		Weight::from_parts(46_560_000, 3586)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(716), added: 3191, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:2 w:2)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(113), added: 2588, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(121), added: 2596, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `System::ParentHash` (r:1 w:0)
	/// Proof: `System::ParentHash` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Deadlines` (r:0 w:2)
	/// Proof: `FheMl::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Pending` (r:0 w:2)
	/// Proof: `FheMl::Pending` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn expire(n: u32, ) -> Weight {
		// Minimum execution time: 64_277_000 picoseconds.
		Weight::from_parts(68_753_000, 6166)
			.saturating_add(T::DbWeight::get().reads(6_u64))
			.saturating_add(T::DbWeight::get().writes(9_u64))
			.saturating_add(Weight::from_parts(100000000, 2600).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads((6_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes((5_u64).saturating_mul(n.into())))
	}
	fn commit_result() -> Weight {
		Weight::from_parts(100_000_000, 6166)
			.saturating_add(T::DbWeight::get().reads(6_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	fn authorize_commit_result() -> Weight {
		Weight::from_parts(80_000_000, 6166)
			.saturating_add(T::DbWeight::get().reads(5_u64))
	}
	fn set_limits() -> Weight {
		Weight::from_parts(10_000_000, 0)
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
}
