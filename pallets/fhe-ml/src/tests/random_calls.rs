//! Long random sequences of calls: whatever happens, no unit of money appears or vanishes, a call that
//! fails changes nothing, and every count agrees with what it counts.
//!
//! `FHE_ML_RANDOM_CALLS=1000000 cargo test --release -p pallet-fhe-ml random_calls` runs a million.

use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{FailureReason, JobStatus, Outcome, WorkerId, format::CircuitKind};
use frame_support::{traits::Hooks, weights::Weight};
use sp_core::Pair;
use sp_runtime::{StateVersion, traits::Dispatchable};

/// splitmix64.
struct Random(u64);

impl Random {
	fn next(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		mixed ^ (mixed >> 31)
	}

	fn below(&mut self, limit: u64) -> u64 {
		self.next() % limit
	}

	fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
		values[self.below(values.len() as u64) as usize].clone()
	}
}

const ACCOUNTS: [AccountId; 4] = [ALICE, BOB, PAYOUT, 4];

/// A number of a model or a job: mostly one that there is.
fn number(random: &mut Random, next: u64) -> u64 {
	next.saturating_sub(random.below(6))
}

fn some_worker(random: &mut Random) -> WorkerId {
	other_id(1 + random.below(4) as u8)
}

/// A request for a model, with the right key more often than not.
fn request(random: &mut Random) -> Call<Test> {
	let model = number(random, NextModel::<Test>::get().into()) as u32;
	let Some(artifact) = ModelArtifacts::<Test>::get(model) else {
		return Call::retire_model { model };
	};
	let needs_key = Models::<Test>::get(model).is_some_and(|model| model.needs_server_key);
	let key = hash(&server_key(random.below(3) as u8));
	let server_key = (needs_key != (random.below(10) == 0)).then_some(key);
	let input = input_for(&artifact, key.0, random.below(200) as u8);
	Call::request_inference {
		model,
		server_key,
		input,
		max_fee: FEE - u64::from(random.below(9) == 0),
	}
}

/// What a worker, mostly the right one, posts for a job.
fn submission_of(random: &mut Random) -> Option<(RuntimeOrigin, Call<Test>)> {
	let job = number(random, NextJob::<Test>::get());
	let record = Jobs::<Test>::get(job)?;
	let outcome = match random.below(4) {
		0 => Outcome::Failed(FailureReason::InputDoesNotDecode),
		_ => completed(&Inputs::<Test>::get(job)?, random.next() as u8),
	};
	let worker = match random.below(5) {
		0 => some_worker(random),
		_ => record.assignees.first()?.clone(),
	};
	let signature = other_pair(1).sign(b"checked by authorize only");
	let origin = frame_system::RawOrigin::Authorized.into();
	Some((origin, Call::submit_result { worker, job, outcome, signature }))
}

fn call(random: &mut Random) -> (RuntimeOrigin, Call<Test>) {
	let account = random.one_of(&ACCOUNTS);
	let signed = RuntimeOrigin::signed(account);
	let root = RuntimeOrigin::root();
	let job = number(random, NextJob::<Test>::get());
	let key = random.below(3) as u8;
	match random.below(100) {
		0..=5 => {
			let circuit = random.one_of(&[
				CircuitKind::Linear,
				CircuitKind::Forest,
				CircuitKind::EncryptedLinear,
				CircuitKind::EncryptedForest,
			]);
			let encrypted_for = circuit.is_encrypted().then(|| hash(&server_key(key)).0);
			(root, Call::register_model { artifact: artifact_of(circuit, 7, encrypted_for) })
		},
		6 => {
			let model = number(random, NextModel::<Test>::get().into()) as u32;
			(if random.below(2) == 0 { root } else { signed }, Call::retire_model { model })
		},
		7..=11 => (signed, Call::register_server_key { server_key: server_key(key) }),
		12 => (signed, Call::remove_server_key { server_key: hash(&server_key(key)) }),
		13..=50 => (signed, request(random)),
		51..=70 => submission_of(random).unwrap_or((signed, Call::expire { job })),
		71..=77 => (signed, Call::release { job }),
		78..=81 => (signed, Call::expire { job }),
		82..=88 => {
			let seed = 1 + random.below(4) as u8;
			let owner = if random.below(8) == 0 { BOB } else { account };
			let proof = proof(&other_pair(seed), owner);
			(signed, Call::join_workers { worker: other_id(seed), proof })
		},
		89 | 90 => (signed, Call::leave_workers { worker: some_worker(random) }),
		91..=93 => (signed, Call::withdraw_bond { worker: some_worker(random) }),
		94..=98 => (signed, Call::resume_worker { worker: some_worker(random) }),
		_ => (root, Call::remove_worker { worker: some_worker(random) }),
	}
}

#[test]
fn random_calls_keep_every_invariant() {
	let calls: u64 =
		std::env::var("FHE_ML_RANDOM_CALLS").map_or(4_000, |calls| calls.parse().unwrap());
	// Each sequence begins with a new chain.
	let length = 1_000.min(calls);
	let (mut succeeded, mut finished) = (0u64, [0u64; 3]);
	for sequence in 0..calls.div_ceil(length) {
		let mut random = Random(sequence);
		externalities().execute_with(|| {
			endow(4, 20_000);
			endow(PAYOUT, 50_000);
			let issuance = Balances::total_issuance();
			for number in 0..length {
				let (origin, call) = call(&mut random);
				// The keys are long: to hash the whole state takes milliseconds.
				let root = || sp_io::storage::root(StateVersion::V1);
				let before = (random.below(50) == 0).then(root);
				match RuntimeCall::from(call).dispatch(origin) {
					Ok(_) => succeeded += 1,
					Err(error) => {
						let after = before.is_some().then(root);
						assert_eq!(before, after, "{error:?} has changed the state");
					},
				}
				if random.below(4) == 0 {
					let now = System::block_number();
					let room = random.one_of(&[Weight::zero(), Weight::MAX]);
					FheMl::on_idle(now, room);
					System::set_block_number(now + 1 + random.below(8));
				}
				assert_eq!(Balances::total_issuance(), issuance, "{sequence}, {number}");
				if number % 100 == 0 || number + 1 == length {
					FheMl::do_try_state()
						.unwrap_or_else(|error| panic!("{sequence}, {number}: {error:?}"));
				}
			}
			for record in Jobs::<Test>::iter_values() {
				match record.status {
					JobStatus::Completed { .. } => finished[0] += 1,
					JobStatus::Failed { .. } => finished[1] += 1,
					JobStatus::Expired => finished[2] += 1,
					JobStatus::Pending => {},
				}
			}
		});
	}
	println!(
		"{succeeded} of {calls} calls succeeded; at the ends {finished:?} jobs were completed, failed, expired"
	);
	assert!(succeeded * 10 > calls, "only {succeeded} of {calls} calls succeed: nothing is tested");
	assert!(finished.iter().all(|count| *count > 0), "{finished:?}");
}
