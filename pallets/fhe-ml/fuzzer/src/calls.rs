//! The calls and their sequences.

use crate::{PrivateTermsOf, mock::*, pallet::*};
use fhe_ml_primitives::{
	FailureReason, JobId, JobStatus, Limits, Outcome, Quota, Suspension, WorkerId, commitment,
	format::{ArtifactPrefix, CircuitKind},
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

/// Numbers of rows of one request; the last one is too much work.
const ROWS: [u32; 6] = [2, 3, 4, 5, 20, 300];

/// Price that no private model is above; some cannot be paid to an account that has nothing else.
const MOST_PRICE: u64 = 1_500;

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
	let private = PrivateModels::<Test>::iter_keys().collect::<Vec<_>>();
	let model = match random.below(3) {
		0 if !private.is_empty() => random.one_of(&private),
		_ => number(random, NextModel::<Test>::get().into()) as u32,
	};
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
	let several = record.row_layout.is_some() == right && random.below(3) == 0;
	let rows = if several { random.one_of(&ROWS) } else { 1 };
	let bootstraps = BootstrappedModels::<Test>::contains_key(model) == right;
	let named = BootstrapKeys::<Test>::get(key).filter(|_| bootstraps).unwrap_or(key);
	let mut input = rows_for(&artifact, named.0, random.below(200) as u8, rows);
	if random.below(40) == 0 {
		// Says that it has other rows than it has bytes for.
		input[10] ^= 1;
	}
	if random.below(6) == 0 {
		*input.last_mut().expect("a row") = BROKEN;
	}
	let redundancy = random.one_of(&[1, 1, 2, 2, 3, 4, 5]);
	let most = FheMl::quote_rows(model, redundancy, rows).map_or(MOST_PRICE, |quote| quote.fee);
	let max_fee = most - u64::from(random.below(9) == 0);
	let call = Call::request_inference { model, server_key, input, max_fee, redundancy };
	(RuntimeOrigin::signed(owner.unwrap_or(account)), call)
}

/// What a worker thinks of a job, always the same: mostly the truth.
fn opinion(worker: &WorkerId, job: JobId) -> Option<Outcome> {
	let input = Inputs::<Test>::get(job)?;
	let mut character = Random(u64::from_le_bytes(hash(&input).0[..8].try_into().ok()?) ^ job);
	let failed = Outcome::Failed(FailureReason::InputDoesNotDecode);
	let is_tried = Dockets::<Test>::contains_key(Jobs::<Test>::get(job)?.model);
	if !is_tried && character.below(4) == 0 {
		return Some(failed);
	}
	let bytes: &[u8] = worker.as_ref();
	let mut lies = Random(u64::from_le_bytes(bytes[..8].try_into().ok()?) ^ job);
	let fails = is_tried && input.last() == Some(&BROKEN);
	match lies.below(9) {
		0 if is_tried && !fails && lies.below(3) == 0 => Some(failed),
		0 => Some(completed(&input, 6 + lies.below(2) as u8)),
		_ if fails => Some(failed),
		_ => Some(completed(&input, RIGHT)),
	}
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
	// Evaluators lack their file now and then.
	let declines = if PrivateJobs::<Test>::contains_key(job) { 6 } else { 60 };
	let call = if random.below(declines) == 0 {
		Call::decline_job { worker, job, signature }
	} else if (record.redundancy > 1 && commits) != (random.below(20) == 0) {
		let commitment = commitment(&other, job, &outcome_hash);
		Call::commit_result { worker, job, commitment, signature }
	} else {
		Call::submit_result { worker, job, outcome_hash, signature, outcome }
	};
	Some((frame_system::RawOrigin::Authorized.into(), call))
}

/// The bytes of a model that takes one row per request, or several.
fn some_artifact(random: &mut Random, circuit: CircuitKind, key: u8) -> Vec<u8> {
	let row_layout = (random.below(2) == 0).then_some(ROW_LAYOUT);
	let encrypted_for = circuit.is_encrypted().then(|| hash(&server_key(key)).0);
	let mut prefix = ArtifactPrefix { row_layout, encrypted_for, ..prefix_of(circuit, 7) };
	// The court tries models by their names.
	let name = random.one_of(&[b"other", b"steps", b"steps", b"small", b"small", b"wrong"]);
	prefix.name[..name.len()].copy_from_slice(name);
	artifact_from(&prefix)
}

/// Terms of a private model, mostly possible ones.
fn terms(random: &mut Random) -> PrivateTermsOf<Test> {
	let mut evaluators: Vec<_> = (0..1 + random.below(7)).map(|_| some_worker(random)).collect();
	if random.below(9) > 0 {
		evaluators.sort();
		evaluators.dedup();
	}
	let quota = Quota { requests: random.below(9) as u32, period: random.below(60) };
	PrivateTermsOf::<Test> {
		quota: (random.below(3) == 0).then_some(quota),
		auditor: (random.below(3) > 0).then(|| random.one_of(&ACCOUNTS)),
		..private_terms(&evaluators, random.below(MOST_PRICE))
	}
}

/// What owners, auditors and the admin do with private models, mostly with the right account.
fn private_call(random: &mut Random) -> (RuntimeOrigin, Call<Test>) {
	let account = random.one_of(&ACCOUNTS);
	let root = RuntimeOrigin::root();
	let models = PrivateModels::<Test>::iter().collect::<Vec<_>>();
	let register = |random: &mut Random, account| {
		let artifact = some_artifact(random, CircuitKind::Private, 0);
		let commitment = Default::default();
		let call = Call::register_private_model { artifact, commitment, terms: terms(random) };
		(RuntimeOrigin::signed(account), call)
	};
	if models.len() < 2 || random.below(30) == 0 {
		return register(random, account);
	}
	let (model, record) = random.one_of(&models);
	let right = random.below(8) > 0;
	let owner = RuntimeOrigin::signed(if right { record.owner } else { account });
	match random.below(40) {
		0..=6 => (owner, Call::update_private_model { model, terms: terms(random) }),
		7 => (owner, Call::retire_private_model { model }),
		8..=15 => (owner, Call::withdraw_model_bond { model }),
		16..=33 => {
			let origin = if random.below(2) == 0 { root } else { owner };
			(origin, Call::resume_private_model { model })
		},
		34..=36 => {
			let jobs = PrivateJobs::<Test>::iter().collect::<Vec<_>>();
			let any = number(random, NextJob::<Test>::get());
			let (job, auditor) = match jobs.is_empty() {
				true => (any, None),
				false => {
					let (job, private) = random.one_of(&jobs);
					(job, private.auditor)
				},
			};
			let auditor = RuntimeOrigin::signed(auditor.filter(|_| right).unwrap_or(account));
			let origin = if random.below(4) == 0 { root } else { auditor };
			(origin, Call::condemn_result { job, statement: Default::default() })
		},
		37 => {
			let origin = if right { root } else { owner };
			(origin, Call::set_private_registration { open: random.below(3) > 0 })
		},
		38 => {
			let allowed = random.below(2) == 0;
			(root, Call::allow_private_owner { owner: account, allowed })
		},
		_ => register(random, account),
	}
}

/// What anybody does with the court, mostly where it sits.
fn court_call(random: &mut Random) -> (RuntimeOrigin, Call<Test>) {
	let account = random.one_of(&ACCOUNTS);
	let signed = RuntimeOrigin::signed(account);
	let any = number(random, NextJob::<Test>::get());
	let trials = Trials::<Test>::iter_keys().collect::<Vec<_>>();
	let open = Provisional::<Test>::iter_keys().collect::<Vec<_>>();
	let one_of = |random: &mut Random, jobs: &[JobId]| match random.below(15) {
		1.. if !jobs.is_empty() => random.one_of(jobs),
		_ => any,
	};
	match random.below(20) {
		0..=13 if !trials.is_empty() => (signed, Call::step { job: one_of(random, &trials) }),
		0..=17 => {
			let job = one_of(random, &open);
			let parts = if random.below(4) == 0 { 7 } else { 2 };
			(signed, Call::challenge { job, part: random.below(parts) as u32 })
		},
		_ => {
			let job = one_of(random, &open);
			let owner = Jobs::<Test>::get(job).filter(|_| random.below(9) == 0);
			let caller = owner.map_or(signed, |record| RuntimeOrigin::signed(record.owner));
			(caller, Call::finalise { job })
		},
	}
}

fn call(random: &mut Random) -> (RuntimeOrigin, Call<Test>) {
	if random.below(7) == 0 {
		return court_call(random);
	}
	if random.below(12) == 0 {
		return private_call(random);
	}
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
				CircuitKind::Private,
				CircuitKind::Deep,
			]);
			let artifact = some_artifact(random, circuit, key);
			let depositor = (random.below(3) > 0).then_some(account);
			(root, Call::register_model { artifact, depositor })
		},
		6 => {
			let model = number(random, NextModel::<Test>::get().into()) as u32;
			(if random.below(8) > 0 { root } else { signed }, Call::retire_model { model })
		},
		7..=11 => (signed, Call::register_server_key { server_key: server_key(key) }),
		12 if random.below(2) == 0 => {
			let server_key = hash(&server_key(key));
			let owner = ServerKeys::<Test>::get(server_key).map(|record| record.owner);
			let bootstrap_key = bootstrap_key(server_key, random.below(2) as u8);
			let caller = RuntimeOrigin::signed(owner.unwrap_or(account));
			(caller, Call::register_bootstrap_key { bootstrap_key })
		},
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
			match random.below(2) {
				0 => (root, Call::set_limits { limits }),
				_ => {
					let least = random.below(6) as u8;
					(
						if random.below(8) > 0 { root } else { signed },
						Call::set_untried_redundancy { least },
					)
				},
			}
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
	/// How often a worker was slashed.
	pub slashed: u64,
	/// Jobs of several rows that were completed.
	pub several_rows: u64,
	/// Jobs of private models that were completed.
	pub private: u64,
	/// ... that had several rows.
	pub private_rows: u64,
	/// Jobs that no evaluator had the file for.
	pub not_held: u64,
	/// How often a disagreement of evaluators has suspended a private model.
	pub differing: u64,
	/// How often an audit has.
	pub condemned: u64,
	/// Challenges that were wrong.
	pub upheld: u64,
	/// Outcomes that the court has put right.
	pub corrected: u64,
	/// Jobs that came before it because workers differed.
	pub split: u64,
	/// Trials that nobody went on with.
	pub lapsed: u64,
	/// Provisional jobs that became final without a conviction.
	pub made_final: u64,
}

impl fmt::Display for Report {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self { calls, succeeded, completed, failed, disagreed, expired, slashed, .. } = self;
		let Self { several_rows, private, private_rows, not_held, differing, condemned, .. } = self;
		let Self { upheld, corrected, split, lapsed, made_final, .. } = self;
		write!(
			f,
			"{succeeded} of {calls} calls succeeded; jobs: {completed} completed, {several_rows} of them of several \
			rows, {failed} failed, {disagreed} without agreement, {expired} expired; workers slashed {slashed} \
			times; private models: {private} jobs completed, {private_rows} of them of several rows, {not_held} \
			without the file; {differing} suspended since evaluators differ, {condemned} by an audit; court: {upheld} \
			challenges were wrong, {corrected} outcomes put right, {split} splits, {lapsed} trials lapsed, \
			{made_final} jobs became final; no invariant broken"
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
	endow(4, 500_000);
	endow(SLASHED, EXISTENTIAL_DEPOSIT);
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
			JobStatus::Failed { reason: FailureReason::ModelNotHeld } => report.not_held += 1,
			JobStatus::Failed { .. } => report.failed += 1,
			JobStatus::Expired => report.expired += 1,
			JobStatus::Pending => {},
		}
	}
	for (job, record) in Jobs::<Test>::iter().filter(|(job, _)| Results::<Test>::contains_key(job))
	{
		let private = PrivateJobs::<Test>::contains_key(job);
		report.private += u64::from(private);
		report.several_rows += u64::from(record.rows > 1);
		report.private_rows += u64::from(private && record.rows > 1);
	}
	for record in System::events() {
		match record.event {
			RuntimeEvent::FheMl(Event::PrivateModelSuspended { reason, .. }) => match reason {
				Suspension::Disagreement => report.differing += 1,
				Suspension::Audit => report.condemned += 1,
			},
			RuntimeEvent::FheMl(Event::WorkerSlashed { .. }) => report.slashed += 1,
			RuntimeEvent::FheMl(Event::ResultUpheld { .. }) => report.upheld += 1,
			RuntimeEvent::FheMl(Event::OutcomeCorrected { .. }) => report.corrected += 1,
			RuntimeEvent::FheMl(Event::SplitInCourt { .. }) => report.split += 1,
			RuntimeEvent::FheMl(Event::TrialLapsed { .. }) => report.lapsed += 1,
			RuntimeEvent::FheMl(Event::InferenceFinal { .. }) => report.made_final += 1,
			_ => {},
		}
	}
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
		for seen in [report.several_rows, report.private_rows] {
			assert!(seen > 0, "{report}");
		}
		for seen in
			[report.upheld, report.corrected, report.split, report.lapsed, report.made_final]
		{
			assert!(seen > 0, "{report}");
		}
		for seen in [report.private, report.not_held, report.differing, report.condemned] {
			assert!(seen > 0, "{report}");
		}
	}
}
