
//! Weights of `pallet_fhe_ml`, written by `scripts/benchmark-weights.sh`: do not edit.
//!
//! DATE: 2026-11-24, STEPS: `10`, REPEAT: `5`, CPU: `AMD EPYC`
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
	/// Weight of `register_bootstrap_key`.
	fn register_bootstrap_key() -> Weight;
	/// Weight of `remove_server_key`.
	fn remove_server_key() -> Weight;
	/// Weight of `request_inference`.
	fn request_inference(b: u32, w: u32, ) -> Weight;
	/// Weight of `submit_result`.
	fn submit_result(b: u32, n: u32, ) -> Weight;
	/// Weight of `commit_result`.
	fn commit_result() -> Weight;
	/// Weight of `authorize_commit_result`.
	fn authorize_commit_result() -> Weight;
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
	/// Weight of `seat_jobs`.
	fn seat_jobs(n: u32, ) -> Weight;
	/// Weight of `allow_model_deposit`.
	fn allow_model_deposit() -> Weight;
	/// Weight of `set_limits`.
	fn set_limits() -> Weight;
	/// Weight of `set_untried_redundancy`.
	fn set_untried_redundancy() -> Weight;
	/// Weight of `register_private_model`.
	fn register_private_model(b: u32, ) -> Weight;
	/// Weight of `update_private_model`.
	fn update_private_model() -> Weight;
	/// Weight of `retire_private_model`.
	fn retire_private_model() -> Weight;
	/// Weight of `withdraw_model_bond`.
	fn withdraw_model_bond() -> Weight;
	/// Weight of `resume_private_model`.
	fn resume_private_model() -> Weight;
	/// Weight of `condemn_result`.
	fn condemn_result() -> Weight;
	/// Weight of `set_private_registration`.
	fn set_private_registration() -> Weight;
	/// Weight of `allow_private_owner`.
	fn allow_private_owner() -> Weight;
	/// What any step of a job takes longer for a private model.
	fn private_job() -> Weight;
	/// Weight of `challenge`.
	fn challenge() -> Weight;
	/// Weight of `step`, with the verdict if there are workers that it is about.
	fn step(n: u32, ) -> Weight;
	/// Weight of `finalise`.
	fn finalise(n: u32, ) -> Weight;
}

/// Weights as measured, with the runtime's own database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::NextModel` (r:1 w:1)
	/// Proof: `FheMl::NextModel` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ModelArtifacts` (r:0 w:1)
	/// Proof: `FheMl::ModelArtifacts` (`max_values`: None, `max_size`: Some(3145744), added: 3148219, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:0 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(218), added: 2693, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[104, 1048576]`.
	fn register_model(b: u32, ) -> Weight {
		// NOT MEASURED: `BootstrappedModels` is written, too.
		// Minimum execution time: 58_266_000 picoseconds.
		Weight::from_parts(71_738_368, 3604)
			// Standard Error: 0
			.saturating_add(Weight::from_parts(2_633, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(5_u64))
	}
	/// Storage: `FheMl::Models` (r:1 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(218), added: 2693, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ModelArtifacts` (r:0 w:1)
	/// Proof: `FheMl::ModelArtifacts` (`max_values`: None, `max_size`: Some(3145744), added: 3148219, mode: `MaxEncodedLen`)
	fn retire_model() -> Weight {
		// NOT MEASURED: `BootstrappedModels` is removed, too.
		// Minimum execution time: 56_744_000 picoseconds.
		Weight::from_parts(67_991_000, 3683)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	/// Storage: `FheMl::ServerKeys` (r:1 w:1)
	/// Proof: `FheMl::ServerKeys` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ServerKeyBytes` (r:0 w:1)
	/// Proof: `FheMl::ServerKeyBytes` (`max_values`: None, `max_size`: Some(2621476), added: 2623951, mode: `MaxEncodedLen`)
	fn register_server_key() -> Weight {
		// Minimum execution time: 5_955_012_000 picoseconds.
		Weight::from_parts(6_835_779_000, 3604)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	fn register_bootstrap_key() -> Weight {
		// NOT MEASURED: `register_server_key` hashes 13 times as many bytes.
		Weight::from_parts(700_000_000, 3604)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	/// Storage: `FheMl::ServerKeys` (r:1 w:1)
	/// Proof: `FheMl::ServerKeys` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ServerKeyBytes` (r:0 w:1)
	/// Proof: `FheMl::ServerKeyBytes` (`max_values`: None, `max_size`: Some(2621476), added: 2623951, mode: `MaxEncodedLen`)
	fn remove_server_key() -> Weight {
		// NOT MEASURED: the bootstrap key and its hash are removed, too.
		// Minimum execution time: 84_946_000 picoseconds.
		Weight::from_parts(97_064_000, 3604)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(5_u64))
	}
	/// Storage: `FheMl::AdminLimits` (r:1 w:0)
	/// Proof: `FheMl::AdminLimits` (`max_values`: Some(1), `max_size`: Some(6), added: 501, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:1 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(218), added: 2693, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::PendingCount` (r:1 w:1)
	/// Proof: `FheMl::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::NextJob` (r:1 w:1)
	/// Proof: `FheMl::NextJob` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:0)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `System::ParentHash` (r:1 w:0)
	/// Proof: `System::ParentHash` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:8 w:8)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Jobs` (r:0 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(717), added: 3192, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Deadlines` (r:0 w:1)
	/// Proof: `FheMl::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Inputs` (r:0 w:1)
	/// Proof: `FheMl::Inputs` (`max_values`: None, `max_size`: Some(1048596), added: 1051071, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::UntriedRedundancy` (r:1 w:0)
	/// Proof: `FheMl::UntriedRedundancy` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[96, 262144]`.
	/// The range of component `w` is `[1, 64]`.
	fn request_inference(b: u32, w: u32, ) -> Weight {
		// NOT MEASURED: `BootstrappedModels` and `BootstrapKeys` are read, too.
		// NOT MEASURED since workers are drawn later: the old base, twice, and 15 us for each record of a worker.
		Weight::from_parts(100_000_000, 3683)
			.saturating_add(Weight::from_parts(2_990, 0).saturating_mul(b.into()))
			.saturating_add(Weight::from_parts(15_000_000, 0).saturating_mul(w.into()))
			.saturating_add(T::DbWeight::get().reads(15_u64))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(w.into())))
			.saturating_add(T::DbWeight::get().writes(11_u64))
			.saturating_add(Weight::from_parts(0, 2604).saturating_mul(w.into()))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(717), added: 3192, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:16 w:16)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Ballots` (r:1 w:1)
	/// Proof: `FheMl::Ballots` (`max_values`: None, `max_size`: Some(1554), added: 4029, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:1 w:1)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(218), added: 2693, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:2 w:2)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:16 w:16)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::PendingCount` (r:1 w:1)
	/// Proof: `FheMl::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Results` (r:0 w:1)
	/// Proof: `FheMl::Results` (`max_values`: None, `max_size`: Some(262164), added: 264639, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Deadlines` (r:0 w:1)
	/// Proof: `FheMl::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::RevealedOutcomes` (r:0 w:1)
	/// Proof: `FheMl::RevealedOutcomes` (`max_values`: None, `max_size`: Some(262197), added: 264672, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Pending` (r:0 w:16)
	/// Proof: `FheMl::Pending` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[24, 262144]`.
	/// The range of component `n` is `[2, 16]`.
	fn submit_result(b: u32, n: u32, ) -> Weight {
		// Minimum execution time: 1_493_084_000 picoseconds.
		Weight::from_parts(0, 6218)
			// Standard Error: 0
			.saturating_add(Weight::from_parts(5_779, 0).saturating_mul(b.into()))
			// Standard Error: 0
			.saturating_add(Weight::from_parts(103_328_615, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(7_u64))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(10_u64))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 2604).saturating_mul(n.into()))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(717), added: 3192, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:1 w:0)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Ballots` (r:1 w:1)
	/// Proof: `FheMl::Ballots` (`max_values`: None, `max_size`: Some(1554), added: 4029, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Deadlines` (r:0 w:2)
	/// Proof: `FheMl::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	fn commit_result() -> Weight {
		// Minimum execution time: 59_077_000 picoseconds.
		Weight::from_parts(65_597_000, 5019)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:0)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(717), added: 3192, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:1 w:0)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Ballots` (r:1 w:0)
	/// Proof: `FheMl::Ballots` (`max_values`: None, `max_size`: Some(1554), added: 4029, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:1 w:0)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(218), added: 2693, mode: `MaxEncodedLen`)
	fn authorize_commit_result() -> Weight {
		// Minimum execution time: 85_216_000 picoseconds.
		Weight::from_parts(90_765_000, 5019)
			.saturating_add(T::DbWeight::get().reads(5_u64))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:0)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(717), added: 3192, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:1 w:0)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Ballots` (r:1 w:0)
	/// Proof: `FheMl::Ballots` (`max_values`: None, `max_size`: Some(1554), added: 4029, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Models` (r:1 w:0)
	/// Proof: `FheMl::Models` (`max_values`: None, `max_size`: Some(218), added: 2693, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// The range of component `b` is `[24, 262144]`.
	fn authorize_submit_result(b: u32, ) -> Weight {
		// Minimum execution time: 91_155_000 picoseconds.
		Weight::from_parts(96_938_898, 5019)
			// Standard Error: 0
			.saturating_add(Weight::from_parts(1_700, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(5_u64))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(717), added: 3192, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Results` (r:0 w:1)
	/// Proof: `FheMl::Results` (`max_values`: None, `max_size`: Some(262164), added: 264639, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Inputs` (r:0 w:1)
	/// Proof: `FheMl::Inputs` (`max_values`: None, `max_size`: Some(1048596), added: 1051071, mode: `MaxEncodedLen`)
	fn release() -> Weight {
		// Minimum execution time: 62_152_000 picoseconds.
		Weight::from_parts(68_121_000, 4182)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::AdminLimits` (r:1 w:0)
	/// Proof: `FheMl::AdminLimits` (`max_values`: Some(1), `max_size`: Some(6), added: 501, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	fn join_workers() -> Weight {
		// Minimum execution time: 106_087_000 picoseconds.
		Weight::from_parts(115_532_000, 3604)
			.saturating_add(T::DbWeight::get().reads(4_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	fn leave_workers() -> Weight {
		// Minimum execution time: 16_986_000 picoseconds.
		Weight::from_parts(20_770_000, 3594)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	fn withdraw_bond() -> Weight {
		// Minimum execution time: 50_175_000 picoseconds.
		Weight::from_parts(54_311_000, 3604)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `FheMl::Workers` (r:1 w:1)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::AdminLimits` (r:1 w:0)
	/// Proof: `FheMl::AdminLimits` (`max_values`: Some(1), `max_size`: Some(6), added: 501, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	fn resume_worker() -> Weight {
		// Minimum execution time: 61_902_000 picoseconds.
		Weight::from_parts(66_078_000, 3604)
			.saturating_add(T::DbWeight::get().reads(4_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `FheMl::Jobs` (r:1 w:1)
	/// Proof: `FheMl::Jobs` (`max_values`: None, `max_size`: Some(717), added: 3192, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Ballots` (r:1 w:1)
	/// Proof: `FheMl::Ballots` (`max_values`: None, `max_size`: Some(1554), added: 4029, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Workers` (r:32 w:32)
	/// Proof: `FheMl::Workers` (`max_values`: None, `max_size`: Some(129), added: 2604, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:16 w:16)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:15 w:15)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::ActiveWorkers` (r:1 w:1)
	/// Proof: `FheMl::ActiveWorkers` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `System::ParentHash` (r:1 w:0)
	/// Proof: `System::ParentHash` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Deadlines` (r:0 w:2)
	/// Proof: `FheMl::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `FheMl::Pending` (r:0 w:32)
	/// Proof: `FheMl::Pending` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// The range of component `n` is `[1, 16]`.
	fn expire(n: u32, ) -> Weight {
		// Minimum execution time: 174_569_000 picoseconds.
		Weight::from_parts(51_815_000, 5019)
			// Standard Error: 0
			.saturating_add(Weight::from_parts(72_405_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().reads((4_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(4_u64))
			.saturating_add(T::DbWeight::get().writes((6_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 5208).saturating_mul(n.into()))
	}
	/// The range of component `n` is `[1, 128]`.
	fn seat_jobs(n: u32, ) -> Weight {
		// NOT MEASURED yet: 64 workers, and what they answer for, are read and written; each job is drawn among them in 300 us.
		Weight::from_parts(1_500_000, 0)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(
				T::DbWeight::get().reads_writes(131_u64, 130_u64).saturating_mul(n.min(1).into())
			)
			.saturating_add(Weight::from_parts(300_000_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes((11_u64).saturating_mul(n.into())))
	}
	/// Storage: `FheMl::ModelAllowances` (r:0 w:1)
	fn allow_model_deposit() -> Weight {
		// NOT MEASURED yet: `set_limits` writes as much.
		Weight::from_parts(15_000_000, 0)
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `FheMl::AdminLimits` (r:0 w:1)
	/// Proof: `FheMl::AdminLimits` (`max_values`: Some(1), `max_size`: Some(6), added: 501, mode: `MaxEncodedLen`)
	fn set_limits() -> Weight {
		// Minimum execution time: 4_617_000 picoseconds.
		Weight::from_parts(5_307_000, 0)
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	fn set_untried_redundancy() -> Weight {
		// NOT MEASURED: `set_limits` writes as much, and does not read the limits.
		Weight::from_parts(15_000_000, 1491)
			.saturating_add(T::DbWeight::get().reads_writes(1_u64, 1_u64))
	}
	fn register_private_model(b: u32, ) -> Weight {
		// NOT MEASURED: `register_model`, a bond, and sixteen workers looked up.
		Self::register_model(b)
			.saturating_add(Weight::from_parts(200_000_000, 0))
			.saturating_add(T::DbWeight::get().reads_writes(22_u64, 3_u64))
	}
	fn update_private_model() -> Weight {
		// NOT MEASURED: sixteen workers looked up, one record written.
		Weight::from_parts(150_000_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(18_u64, 1_u64))
	}
	fn retire_private_model() -> Weight {
		// NOT MEASURED: `retire_model`, and one record.
		Self::retire_model()
			.saturating_add(Weight::from_parts(50_000_000, 0))
			.saturating_add(T::DbWeight::get().reads_writes(2_u64, 1_u64))
	}
	fn withdraw_model_bond() -> Weight {
		// NOT MEASURED: `withdraw_bond`, and 64 counts of quotas.
		Weight::from_parts(300_000_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(67_u64, 67_u64))
	}
	fn resume_private_model() -> Weight {
		// NOT MEASURED: `resume_worker` does as much.
		Weight::from_parts(150_000_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(4_u64, 3_u64))
	}
	fn condemn_result() -> Weight {
		// NOT MEASURED: two transfers out of a bond, three records.
		Weight::from_parts(400_000_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(7_u64, 6_u64))
	}
	fn set_private_registration() -> Weight {
		// NOT MEASURED: `set_limits` writes as much.
		Weight::from_parts(15_000_000, 0)
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	fn allow_private_owner() -> Weight {
		// NOT MEASURED: `set_limits` writes as much.
		Weight::from_parts(15_000_000, 0)
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	fn private_job() -> Weight {
		// NOT MEASURED: the records of the model and of the job, the quota, one transfer.
		Weight::from_parts(150_000_000, 0)
			.saturating_add(T::DbWeight::get().reads_writes(8_u64, 6_u64))
	}
	fn challenge() -> Weight {
		// NOT MEASURED: `withdraw_bond` and as much again, with five records read and three written.
		Weight::from_parts(110_000_000, 3683)
			.saturating_add(T::DbWeight::get().reads_writes(9_u64, 6_u64))
	}
	/// The range of component `n` is `[0, 16]`.
	fn step(n: u32, ) -> Weight {
		// NOT MEASURED: `register_server_key` hashes 2.4 MB in 6 ms; artifact, key, input and carry are 7.5 MiB to read,
		// carry and parts 1.25 to write. Each worker's bond is paid out in four transfers, where `expire` has one.
		Weight::from_parts(20_000_000_000, 5019)
			.saturating_add(Weight::from_parts(300_000_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(30_u64, 30_u64))
			.saturating_add(T::DbWeight::get().reads_writes(4_u64, 4_u64).saturating_mul(n.into()))
	}
	/// The range of component `n` is `[1, 33]`.
	fn finalise(n: u32, ) -> Weight {
		// NOT MEASURED: `submit_result` without a result's bytes; `n` is who is paid.
		Weight::from_parts(150_000_000, 6218)
			.saturating_add(Weight::from_parts(103_000_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads_writes(8_u64, 8_u64))
			.saturating_add(T::DbWeight::get().reads_writes(3_u64, 3_u64).saturating_mul(n.into()))
	}
}
