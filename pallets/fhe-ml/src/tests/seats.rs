use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{JobId, JobStatus, WorkerId, WorkerStatus};
use frame_support::{assert_noop, assert_ok, traits::Hooks, weights::Weight};
use std::collections::BTreeMap;

/// Operators of the workers 2, 3, ...
fn operator(seed: u8) -> AccountId {
	20 + AccountId::from(seed)
}

/// Joins workers 2 to `count`.
fn join_up_to(count: u8) {
	for seed in 2..=count {
		endow(operator(seed), EXISTENTIAL_DEPOSIT + BOND);
		assert_ok!(join(operator(seed), seed));
	}
}

fn seats(job: JobId) -> Vec<WorkerId> {
	Jobs::<Test>::get(job).unwrap().assignees.into_inner()
}

fn reserves(job: JobId) -> Vec<WorkerId> {
	Jobs::<Test>::get(job).unwrap().reserves.into_inner()
}

/// The second block, in which what was requested in the first is drawn.
fn end_next_block() {
	System::set_block_number(2);
	FheMl::on_initialize(2);
	end_block(Weight::MAX);
}

/// How often each outcome of `draw` is seen in `draws` blocks with other randomness.
fn odds<K: Ord>(draws: u64, draw: impl Fn() -> K) -> BTreeMap<K, u64> {
	let mut seen = BTreeMap::new();
	for number in 0..draws {
		sp_io::storage::start_transaction();
		set_randomness(number);
		*seen.entry(draw()).or_default() += 1;
		sp_io::storage::rollback_transaction();
	}
	seen
}

/// Six standard deviations of a binomial distribution: a false alarm in 500 million.
fn assert_odds(seen: u64, draws: u64, expected: f64) {
	let deviation = (draws as f64 * expected * (1.0 - expected)).sqrt();
	let off = (seen as f64 - draws as f64 * expected).abs();
	assert!(off <= 6.0 * deviation, "{seen} of {draws} instead of {expected}");
}

#[test]
fn nobody_can_know_the_workers_of_a_job_in_the_block_of_its_request() {
	run(|| {
		let model = register_linear_model();
		join_up_to(6);
		let job = waiting_request(ALICE, model, input(0), 2);
		end_block(Weight::MAX);
		assert!(seats(job).is_empty());
		let drawn = odds(2_000, || {
			end_next_block();
			seats(job)
		});
		// Every ordered pair of six is drawn, each as often as every other.
		assert_eq!(drawn.len(), 30);
		for count in drawn.values() {
			assert_odds(*count, 2_000, 1.0 / 30.0);
		}
	});
}

/// Attack 2: the operator of two of six workers sees a request, and puts fillers before it, with tips or
/// without, as many as it likes. What it finds in the pool tells it nothing, and whatever it sends, both seats
/// are its own with the odds of 2 in 6 times 1 in 5.
#[test]
fn fillers_and_their_order_leave_the_odds_as_they_are() {
	run(|| {
		let model = register_linear_model();
		join_up_to(6);
		let mine = [other_id(2), other_id(3)];
		let draws = 2_000;
		for fillers in [0u8, 5, 29] {
			let captured = odds(draws, || {
				for seed in 0..fillers {
					waiting_request(BOB, model, input(100 + seed), 1);
				}
				let job = waiting_request(ALICE, model, input(0), 2);
				end_next_block();
				seats(job).iter().all(|worker| mine.contains(worker))
			});
			let captured = captured.get(&true).copied().unwrap_or_default();
			assert_odds(captured, draws, 2.0 / 6.0 / 5.0);
		}
	});
}

#[test]
fn the_place_of_a_request_leaves_the_odds_of_each_seat_and_reserve_as_they_are() {
	run(|| {
		let model = register_linear_model();
		join_up_to(6);
		let draws = 2_000;
		for before in [0u8, 7] {
			let drawn = odds(draws, || {
				for seed in 0..before {
					waiting_request(BOB, model, input(100 + seed), 1);
				}
				let job = waiting_request(ALICE, model, input(0), 2);
				end_next_block();
				[&seats(job)[1], &reserves(job)[0]].map(Clone::clone)
			});
			assert_eq!(drawn.len(), 30);
			for count in drawn.values() {
				assert_odds(*count, draws, 1.0 / 30.0);
			}
		}
	});
}

#[test]
fn workers_share_the_jobs_of_a_block_evenly() {
	run(|| {
		let model = register_linear_model();
		join_up_to(4);
		for number in 0..50 {
			set_randomness(number);
			sp_io::storage::start_transaction();
			for seed in 0..28 {
				waiting_request(ALICE, model, input(seed), 1);
			}
			run_to_block(2);
			for record in Workers::<Test>::iter_values() {
				assert!((6..=8).contains(&record.open_jobs), "{}", record.open_jobs);
			}
			sp_io::storage::rollback_transaction();
			System::set_block_number(1);
		}
	});
}

#[test]
fn the_chance_of_a_worker_is_its_share_of_the_bond() {
	run(|| {
		let model = register_linear_model();
		join_up_to(4);
		// One has paid for something: half of the bond of the others.
		Workers::<Test>::mutate(other_id(4), |worker| {
			if let Some(worker) = worker {
				worker.bond = BOND / 2;
			}
		});
		let job = waiting_request(ALICE, model, input(0), 1);
		let draws = 4_000;
		let drawn = odds(draws, || {
			end_next_block();
			seats(job)
		});
		let seen = |seed| drawn.get(&vec![other_id(seed)]).copied().unwrap_or_default();
		assert_odds(seen(4), draws, 1.0 / 7.0);
		for seed in [1, 2, 3] {
			assert_odds(seen(seed), draws, 2.0 / 7.0);
		}
		// For the books, which know of no penalty.
		Workers::<Test>::mutate(other_id(4), |worker| {
			if let Some(worker) = worker {
				worker.bond = BOND;
			}
		});
	});
}

#[test]
fn reserves_come_in_the_order_of_the_draw_whoever_joins_later() {
	run(|| {
		let model = register_linear_model();
		join_up_to(5);
		let job = request(ALICE, model, input(0));
		let order = reserves(job);
		join_up_to_one_more(6);
		set_randomness(77);
		run_to_block(2 + DEADLINE);
		assert_eq!(seats(job), [order[0].clone()]);
		assert_eq!(reserves(job), order[1..]);
	});
}

fn join_up_to_one_more(seed: u8) {
	endow(operator(seed), EXISTENTIAL_DEPOSIT + BOND);
	assert_ok!(join(operator(seed), seed));
}

/// The author of a block knows what is drawn at its end while it chooses the block's transactions.
#[test]
fn what_happens_in_the_block_of_a_draw_does_not_change_it() {
	run(|| {
		let model = register_linear_model();
		join_up_to(4);
		let job = waiting_request(ALICE, model, input(0), 2);
		let drawn = |in_block: &dyn Fn()| {
			sp_io::storage::start_transaction();
			System::set_block_number(2);
			FheMl::on_initialize(2);
			in_block();
			end_block(Weight::MAX);
			let drawn = (seats(job), reserves(job));
			sp_io::storage::rollback_transaction();
			System::set_block_number(1);
			drawn
		};
		let undisturbed = drawn(&|| {});
		let joins = || join_up_to_one_more(5);
		let leaves = || {
			assert_ok!(FheMl::remove_worker(RuntimeOrigin::root(), other_id(2)));
		};
		let fills = || {
			Workers::<Test>::mutate(other_id(3), |worker| {
				if let Some(worker) = worker {
					(worker.open_jobs, worker.open_work) = (1, MAX_WORKER_WORK);
				}
			});
		};
		let asks = || _ = waiting_request(BOB, model, input(1), 1);
		for in_block in [&joins as &dyn Fn(), &leaves, &fills, &asks] {
			assert_eq!(drawn(in_block), undisturbed);
		}
	});
}

#[test]
fn who_has_just_joined_or_resumed_is_not_drawn_yet() {
	run(|| {
		JoinDelay::set(10);
		let model = register_linear_model();
		System::set_block_number(3);
		join_up_to(3);
		let job = waiting_request(ALICE, model, input(0), 2);
		run_to_block(12);
		assert!(seats(job).is_empty(), "one is no two");
		run_to_block(13);
		assert_eq!(seats(job).len(), 2);
		JoinDelay::set(0);
	});
}

#[test]
fn a_full_worker_is_not_drawn() {
	run(|| {
		let model = register_linear_model();
		join_up_to(3);
		Workers::<Test>::mutate(worker(), |worker| {
			if let Some(worker) = worker {
				(worker.open_jobs, worker.open_work) = (1, MAX_WORKER_WORK - WORK + 1);
			}
		});
		let job = waiting_request(ALICE, model, input(0), 1);
		let drawn = odds(200, || {
			end_next_block();
			seats(job)
		});
		assert_eq!(drawn.len(), 2);
		assert!(!drawn.contains_key(&vec![worker()]));
		Workers::<Test>::mutate(worker(), |worker| {
			if let Some(worker) = worker {
				(worker.open_jobs, worker.open_work) = (0, 0);
			}
		});
	});
}

#[test]
fn a_job_that_finds_too_little_room_takes_none_from_the_next() {
	run(|| {
		let model = register_linear_model();
		join_up_to(2);
		let fill = |seed: u8, jobs: u32, work: u64| {
			Workers::<Test>::mutate(other_id(seed), |worker| {
				if let Some(worker) = worker {
					(worker.open_jobs, worker.open_work) = (jobs, work);
				}
			});
		};
		let of_two = waiting_request(ALICE, model, input(0), 2);
		let of_one = waiting_request(BOB, model, input(1), 1);
		// Meanwhile one has room for one more job, the other for none.
		fill(1, 1, MAX_WORKER_WORK);
		fill(2, 1, MAX_WORKER_WORK - WORK);
		// Whichever of them comes first in the random order of the jobs.
		let drawn = odds(40, || {
			end_next_block();
			(seats(of_two).len(), seats(of_one).len())
		});
		assert_eq!(drawn.into_keys().collect::<Vec<_>>(), [(0, 1)]);
		fill(1, 0, 0);
		fill(2, 0, 0);
	});
}

#[test]
fn to_fill_the_others_up_does_not_bring_jobs_to_the_rest() {
	run(|| {
		let model = register_linear_model();
		join_up_to(3);
		let fill = |seed: u8, jobs: u32, work: u64| {
			Workers::<Test>::mutate(other_id(seed), |worker| {
				if let Some(worker) = worker {
					(worker.open_jobs, worker.open_work) = (jobs, work);
				}
			});
		};
		for seed in [1, 2] {
			fill(seed, 1, MAX_WORKER_WORK);
		}
		let job = waiting_request(ALICE, model, input(0), 1);
		run_to_block(4);
		assert!(seats(job).is_empty(), "a third of the bond alone gets no job");
		let job_of_two = waiting_request(BOB, model, input(1), 2);
		fill(2, 0, 0);
		run_to_block(5);
		assert_eq!(seats(job).len(), 1);
		run_to_block(6);
		assert!(seats(job_of_two).is_empty(), "two thirds of the bond alone certify nothing");
		fill(1, 0, 0);
		run_to_block(7);
		assert_eq!(seats(job_of_two).len(), 2);
	});
}

#[test]
fn a_request_is_refused_at_once_when_the_workers_have_no_room() {
	run(|| {
		assert_ok!(FheMl::register_model(RuntimeOrigin::root(), artifact(500), None));
		let ask = |owner: AccountId, seed| {
			let input = input_for(&artifact(500), [0; 32], seed);
			FheMl::request_inference(RuntimeOrigin::signed(owner), 0, None, input, 1_000_000, 1)
		};
		assert_ok!(ask(ALICE, 0));
		// It waits, and is counted all the same.
		assert_noop!(ask(BOB, 1), Error::<Test>::AllWorkersBusy);
		run_to_block(2);
		assert_noop!(ask(BOB, 1), Error::<Test>::AllWorkersBusy);
		join_up_to(2);
		assert_ok!(ask(BOB, 1));
	});
}

#[test]
fn a_job_that_expires_without_workers_left_is_not_one_that_waits() {
	run(|| {
		let model = register_linear_model();
		request(ALICE, model, input(0));
		System::set_block_number(2 + DEADLINE);
		let waiting = waiting_request(ALICE, model, input(1), 1);
		let work = WaitingWork::<Test>::get();
		assert_eq!(work, WORK);
		assert_ok!(FheMl::expire(RuntimeOrigin::signed(BOB), waiting - 1));
		assert_eq!(WaitingWork::<Test>::get(), work);
	});
}

#[test]
fn a_worker_that_is_suspended_is_no_reserve() {
	run(|| {
		let model = register_linear_model();
		join_up_to(3);
		let job = request(ALICE, model, input(0));
		let order = reserves(job);
		Workers::<Test>::mutate(&order[0], |worker| {
			if let Some(worker) = worker {
				worker.status = WorkerStatus::Suspended;
			}
		});
		ActiveWorkers::<Test>::mutate(|active| active.retain(|worker| *worker != order[0]));
		run_to_block(2 + DEADLINE);
		assert_eq!(seats(job), [order[1].clone()]);
	});
}

#[test]
fn the_draws_of_a_block_are_announced_at_its_beginning() {
	run(|| {
		let model = register_linear_model();
		let idle = FheMl::on_initialize(1);
		for seed in 0..3 {
			waiting_request(ALICE, model, input(seed), 1);
		}
		assert!(FheMl::on_initialize(2).ref_time() > 100 * idle.ref_time());
		run_to_block(2);
		assert_eq!(PendingCount::<Test>::get(), 3);
		assert_eq!(FheMl::on_initialize(3), idle);
		assert!(Jobs::<Test>::iter_values().all(|job| job.status == JobStatus::Pending));
	});
}
