//! How many workers must agree where the court cannot try what they say.

use super::*;
use fhe_ml_primitives::Limits;
use frame_support::{assert_noop, dispatch::DispatchResult};
use sp_runtime::DispatchError;

fn set(least: u8) -> DispatchResult {
	FheMl::set_untried_redundancy(RuntimeOrigin::root(), least)
}

/// A request of ALICE for a model with this name.
fn ask(model: ModelId, named: &str, redundancy: u8) -> DispatchResult {
	let (alice, input) = (RuntimeOrigin::signed(ALICE), input_named(named, redundancy));
	FheMl::request_inference(alice, model, None, input, fee(4), redundancy)
}

#[test]
fn models_without_a_docket_need_several_workers_and_those_with_one_do_not() {
	in_court(|| {
		for seed in 2..=4 {
			assert_ok!(join(operator(seed), seed));
		}
		let heavy = register(artifact_named("heavy"));
		let tried = register(artifact_named("steps"));
		let at_once = register(artifact_named("small"));
		assert!(FheMl::quote(heavy, 1).is_some());
		assert_ok!(set(3));
		for redundancy in [1, 2] {
			let refused = ask(heavy, "heavy", redundancy);
			assert_noop!(refused, Error::<Test>::RedundancyBelowUntried);
			assert_eq!(FheMl::quote(heavy, redundancy), None);
			assert_eq!(FheMl::quote_rows(heavy, redundancy, 1), None);
		}
		assert_eq!(FheMl::quote(heavy, 3).unwrap().fee, fee(3));
		assert_ok!(ask(heavy, "heavy", 3));
		assert_ok!(ask(heavy, "heavy", 4));
		assert_ok!(ask(tried, "steps", 1));
		assert_ok!(ask(at_once, "small", 1));
		assert!(FheMl::quote(tried, 1).is_some() && FheMl::quote(at_once, 1).is_some());
	});
}

#[test]
fn other_reasons_of_a_refusal_are_named_first() {
	in_court(|| {
		let heavy = register(artifact_named("heavy"));
		assert_ok!(set(3));
		for redundancy in [0, MAX_REDUNDANCY + 1] {
			let refused = ask(heavy, "heavy", redundancy);
			assert_noop!(refused, Error::<Test>::RedundancyOutOfBounds);
		}
		assert_noop!(ask(heavy + 1, "heavy", 1), Error::<Test>::UnknownModel);
		assert_ok!(FheMl::retire_model(RuntimeOrigin::root(), heavy));
		assert_noop!(ask(heavy, "heavy", 1), Error::<Test>::ModelIsRetired);
		// Three must agree, and there is one.
		let other = register(artifact_named("heavy"));
		assert_noop!(ask(other, "heavy", 3), Error::<Test>::TooFewWorkers);
	});
}

#[test]
fn an_admin_sets_it_within_the_limits_and_the_limits_above_it() {
	in_court(|| {
		let refused = FheMl::set_untried_redundancy(RuntimeOrigin::signed(ALICE), 2);
		assert_noop!(refused, DispatchError::BadOrigin);
		for least in [0, MAX_REDUNDANCY + 1] {
			assert_noop!(set(least), Error::<Test>::ImpossibleLimits);
		}
		assert_ok!(set(3));
		System::assert_last_event(Event::UntriedRedundancySet { least: 3 }.into());
		let limits = |max_redundancy| {
			let limits = Limits { workers: 6, min_redundancy: 1, max_redundancy };
			FheMl::set_limits(RuntimeOrigin::root(), limits)
		};
		assert_noop!(limits(2), Error::<Test>::ImpossibleLimits);
		assert_ok!(limits(3));
		assert_noop!(set(4), Error::<Test>::ImpossibleLimits);
		assert_ok!(set(2));
		assert_ok!(limits(2));
	});
}

#[test]
fn what_is_requested_already_goes_on() {
	in_court(|| {
		let job = job_named("heavy", 1);
		assert_ok!(set(3));
		post(job, completed(&input_named("heavy", 0), RIGHT));
		assert!(Results::<Test>::contains_key(job));
	});
}

#[test]
fn a_new_chain_asks_for_three_unless_its_genesis_says_otherwise() {
	use sp_runtime::BuildStorage;
	let least = |untried_redundancy| {
		let fhe_ml = GenesisConfig { workers: Vec::new(), untried_redundancy };
		let storage = RuntimeGenesisConfig { fhe_ml, ..Default::default() }.build_storage();
		sp_io::TestExternalities::new(storage.unwrap()).execute_with(UntriedRedundancy::<Test>::get)
	};
	assert_eq!((least(None), least(Some(1)), least(Some(4))), (3, 1, 4));
}
