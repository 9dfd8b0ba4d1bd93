//! The calls and their sequences.

use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{
	FailureReason, JobId, JobStatus, Limits, Outcome, WorkerId, commitment, format::CircuitKind,
};
use frame_support::{traits::Hooks, weights::Weight};
use sp_core::Pair;
use sp_runtime::{StateVersion, traits::Dispatchable};
use std::fmt;

/// Calls with which each chain is made.
const LENGTH: u64 = 1_000;

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

/// Keys of workers that there may be.
const WORKERS: u64 = 7;

/// A number of a model or a job: mostly one that there is.
fn number(random: &mut Random, next: u64) -> u64 {
	next.saturating_sub(random.below(6))
}

fn some_worker(random: &mut Random) -> WorkerId {
	other_id(1 + random.below(WORKERS) as u8)
}

/// A pending job, more often than not.
fn some_job(random: &mut Random) -> JobId {
	let pending = Deadlines::<Test>::iter_keys().map(|(_, job)| job).collect::<Vec<_>>();
	match random.below(8) {
		1.. if !pending.is_empty() => random.one_of(&pending),
		_ => number(random, NextJob::<Test>::get()),
	}
}

/// A request for a model, by somebody who has the right key more often than not.
fn request(random: &mut Random) -> (RuntimeOrigin, Call<Test>) {
	let account = random.one_of(&ACCOUNTS);
	let model = number(random, NextModel::<Test>::get().into()) as u32;
	let (Some(record), Some(artifact)) =
		(Models::<Test>::get(model), ModelArtifacts::<Test>::get(model))
	else {
		return (RuntimeOrigin::signed(account), Call::retire_model { model });
	};
	let right = random.below(8) > 0;
	let any = hash(&server_key(random.below(3) as u8));
	let key = record.encrypted_for.filter(|_| right).unwrap_or(any);
	let owner = ServerKeys::<Test>::get(key).map(|record| record.owner).filter(|_| right);
	let server_key = (record.needs_server_key == right).then_some(key);
	let input = input_for(&artifact, key.0, random.below(200) as u8);
	let redundancy = random.one_of(&[1, 1, 2, 2, 3, 4, 5]);
	let most = fee(redundancy.into()) + SERVER_KEY_WORK * FEE_PER_WORK * u64::from(redundancy);
	let max_fee = most - u64::from(random.below(9) == 0);
	let call = Call::request_inference { model, server_key, input, max_fee, redundancy };
	(RuntimeOrigin::signed(owner.unwrap_or(account)), call)
}

/// What a worker thinks of a job, always the same: mostly the truth.
fn opinion(worker: &WorkerId, job: JobId) -> Option<Outcome> {
	let input = Inputs::<Test>::get(job)?;
	let mut character = Random(u64::from_le_bytes(hash(&input).0[..8].try_into().ok()?) ^ job);
	if character.below(4) == 0 {
		return Some(Outcome::Failed(FailureReason::InputDoesNotDecode));
	}
	let bytes: &[u8] = worker.as_ref();
	let mut lies = Random(u64::from_le_bytes(bytes[..8].try_into().ok()?) ^ job);
	let seed = if lies.below(9) == 0 { 1 + lies.below(2) as u8 } else { 0 };
	Some(completed(&input, seed))
}

/// What a worker, mostly a right one, posts for a job.
fn submission_of(random: &mut Random) -> Option<(RuntimeOrigin, Call<Test>)> {
	let job = some_job(random);
	let record = Jobs::<Test>::get(job)?;
	let worker = match random.below(9) {
		0 => some_worker(random),
		_ if record.assignees.is_empty() => return None,
		_ => random.one_of(&record.assignees),
	};
	let other = if random.below(12) == 0 { some_worker(random) } else { worker.clone() };
	let outcome = opinion(&other, job)?;
	let signature = other_pair(1).sign(b"checked by authorize only");
	let commits = Ballots::<Test>::get(job).commitment_of(&worker).is_none();
	let outcome_hash = outcome.hash();
	let call = if random.below(60) == 0 {
		Call::decline_job { worker, job, signature }
	} else if (record.redundancy > 1 && commits) != (random.below(20) == 0) {
		let commitment = commitment(&other, job, &outcome_hash);
		Call::commit_result { worker, job, commitment, signature }
	} else {
		Call::submit_result { worker, job, outcome_hash, signature, outcome }
	};
	Some((frame_system::RawOrigin::Authorized.into(), call))
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
			let artifact = artifact_of(circuit, 7, encrypted_for);
			let depositor = (random.below(3) > 0).then_some(account);
			(root, Call::register_model { artifact, depositor })
		},
		6 => {
			let model = number(random, NextModel::<Test>::get().into()) as u32;
			(if random.below(8) > 0 { root } else { signed }, Call::retire_model { model })
		},
		7..=11 => (signed, Call::register_server_key { server_key: server_key(key) }),
		12 => (signed, Call::remove_server_key { server_key: hash(&server_key(key)) }),
		13..=29 => request(random),
		30..=70 => submission_of(random).unwrap_or((signed, Call::release { job })),
		71..=77 => (signed, Call::release { job }),
		78 => (signed, Call::allow_model_deposit { most: random.below(2_000) }),
		79..=81 => (signed, Call::expire { job: some_job(random) }),
		82..=88 => {
			let seed = 1 + random.below(WORKERS) as u8;
			let owner = if random.below(8) == 0 { BOB } else { account };
			let proof = proof(&other_pair(seed), owner);
			(signed, Call::join_workers { worker: other_id(seed), proof })
		},
		89..=98 => {
			let worker = some_worker(random);
			// Mostly its own operator.
			let operator = Workers::<Test>::get(&worker).map(|record| record.operator);
			let caller =
				operator.filter(|_| random.below(8) > 0).map_or(signed, RuntimeOrigin::signed);
			match random.below(12) {
				0 => (caller, Call::leave_workers { worker }),
				1..=3 => (caller, Call::withdraw_bond { worker }),
				_ => (caller, Call::resume_worker { worker }),
			}
		},
		_ if random.below(4) > 0 => (root, Call::remove_worker { worker: some_worker(random) }),
		_ => {
			let (workers, min_redundancy) = (random.below(9) as u32, random.below(3) as u8);
			let limits = Limits { workers, min_redundancy, max_redundancy: 4 };
			(root, Call::set_limits { limits })
		},
	}
}

/// What a run has seen.
#[derive(Debug, Default)]
pub struct Report {
	/// Calls that were made.
	pub calls: u64,
	/// Calls that succeeded.
	pub succeeded: u64,
	/// Jobs at the ends of the sequences that were completed.
	pub completed: u64,
	/// ... that failed for a reason that workers agreed on.
	pub failed: u64,
	/// ... whose workers did not agree.
	pub disagreed: u64,
	/// ... that expired.
	pub expired: u64,
	/// Workers that were slashed.
	pub slashed: u64,
}

impl fmt::Display for Report {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self { calls, succeeded, completed, failed, disagreed, expired, slashed } = self;
		write!(
			f,
			"{succeeded} of {calls} calls succeeded; jobs: {completed} completed, {failed} failed, \
			{disagreed} without agreement, {expired} expired; {slashed} workers slashed; no invariant broken"
		)
	}
}

/// Makes `calls` calls, in sequences with the numbers `first`, `first + 1`, ...; panics at the first
/// broken invariant, with the number of the sequence and of the call.
pub fn run(first: u64, calls: u64) -> Report {
	let mut report = Report { calls, ..Report::default() };
	for sequence in first..first.saturating_add(calls.div_ceil(LENGTH)) {
		externalities().execute_with(|| run_sequence(sequence, LENGTH.min(calls), &mut report));
	}
	report
}

fn run_sequence(sequence: u64, length: u64, report: &mut Report) {
	let mut random = Random(sequence);
	endow(4, 50_000);
	endow(PAYOUT, 500_000);
	// Enough workers for a jury, to begin with.
	for seed in 2..=6 {
		join(4, seed).unwrap();
	}
	let issuance = Balances::total_issuance();
	for number in 0..length {
		let (origin, call) = call(&mut random);
		// The keys are long: to hash the whole state takes milliseconds.
		let root = || sp_io::storage::root(StateVersion::V1);
		let before = (random.below(50) == 0).then(root);
		match RuntimeCall::from(call).dispatch(origin) {
			Ok(_) => report.succeeded += 1,
			Err(error) => {
				let after = before.is_some().then(root);
				assert_eq!(before, after, "{sequence}, {number}: {error:?} has changed the state");
			},
		}
		if random.below(12) == 0 {
			let now = System::block_number();
			let room = random.one_of(&[Weight::zero(), Weight::MAX]);
			set_randomness(random.next());
			end_block(room);
			let next = now + 1 + random.below(5);
			System::set_block_number(next);
			FheMl::on_initialize(next);
		}
		assert_eq!(Balances::total_issuance(), issuance, "{sequence}, {number}");
		if number % 100 == 0 || number + 1 == length {
			FheMl::do_try_state().unwrap_or_else(|error| panic!("{sequence}, {number}: {error:?}"));
		}
	}
	for record in Jobs::<Test>::iter_values() {
		match record.status {
			JobStatus::Completed { .. } => report.completed += 1,
			JobStatus::Failed { reason: FailureReason::NoAgreement } => report.disagreed += 1,
			JobStatus::Failed { .. } => report.failed += 1,
			JobStatus::Expired => report.expired += 1,
			JobStatus::Pending => {},
		}
	}
	report.slashed +=
		Workers::<Test>::iter_values().map(|worker| u64::from(worker.slashed)).sum::<u64>();
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn random_calls_keep_every_invariant_and_reach_every_end() {
		let report = run(0, 16_000);
		println!("{report}");
		assert!(report.succeeded * 10 > report.calls, "nothing is tested");
		for seen in
			[report.completed, report.failed, report.disagreed, report.expired, report.slashed]
		{
			assert!(seen > 0, "{report}");
		}
	}
}
