//! Requests of several rows for private models: price and quota count rows.

use super::*;

/// A private model that takes several rows.
fn rows_artifact() -> Vec<u8> {
	artifact_for_rows(CircuitKind::Private, 7)
}

/// What a worker is paid for five rows: as in the tests of public models, and for loading the key.
const FIVE_ROWS_FEE: u64 = {
	let work = 5 * (7 + 3) + 1 + SERVER_KEY_WORK;
	let bytes = (96 + 5 * 21) + (24 + 5 * 2 + 2 * 5);
	BASE_FEE + work * FEE_PER_WORK + bytes * FEE_PER_BYTE
};

/// A model that takes several rows, with worker 1 as evaluator, and a key of ALICE.
fn rows_market(price: u64, quota: Option<Quota<u64>>) {
	let terms = PrivateTermsOf::<Test> {
		quota,
		auditor: Some(AUDITOR),
		..private_terms(&[worker()], price)
	};
	let artifact = rows_artifact();
	assert_ok!(FheMl::register_private_model(signed(BOB), artifact, COMMITMENT, terms));
	assert_ok!(FheMl::register_server_key(signed(ALICE), server_key(1)));
}

fn ask_rows(seed: u8, rows: u32, max_fee: u64) -> DispatchResult {
	let key = hash(&server_key(1));
	let input = rows_for(&rows_artifact(), key.0, seed, rows);
	FheMl::request_inference(signed(ALICE), 0, Some(key), input, max_fee, 1)
}

/// A job of ALICE with this many rows.
fn rows_job(seed: u8, rows: u32) -> JobId {
	let job = NextJob::<Test>::get();
	assert_ok!(ask_rows(seed, rows, u64::MAX));
	draw_now();
	job
}

#[test]
fn every_row_costs_the_price() {
	run(|| {
		rows_market(PRICE, None);
		let quote = FheMl::quote_rows(0, 1, 5).unwrap();
		assert_eq!(quote.fee, FIVE_ROWS_FEE + 5 * PRICE);
		assert_eq!(FheMl::quote_rows(0, 1, 1), FheMl::quote(0, 1));
		assert_eq!(FheMl::quote(0, 1).unwrap().fee, work_fee(1) + PRICE);
		assert_noop!(ask_rows(0, 5, quote.fee - 1), Error::<Test>::FeeAboveMax);
		let (alice, bob) = (free(ALICE), free(BOB));
		assert_ok!(ask_rows(0, 5, quote.fee));
		let (job, model, owner) = (0, 0, ALICE);
		System::assert_last_event(
			Event::InferenceRequested { job, owner, model, redundancy: 1, fee: quote.fee, rows: 5 }
				.into(),
		);
		draw_now();
		assert_eq!(held(HoldReason::InferenceFee, ALICE), quote.fee);
		assert_eq!(PrivateJobs::<Test>::get(job).unwrap().price, 5 * PRICE);
		complete(job);
		assert!(was_seen(Event::PricePaid { job, model, owner: BOB, price: 5 * PRICE }));
		assert_eq!(free(BOB), bob + 5 * PRICE);
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + FIVE_ROWS_FEE);
		assert_ok!(FheMl::release(signed(ALICE), job));
		assert_eq!(free(ALICE), alice - quote.fee);
	});
}

#[test]
fn a_price_that_overflows_is_paid_by_nobody() {
	run(|| {
		rows_market(u64::MAX / 3, None);
		assert_noop!(ask_rows(0, 5, u64::MAX - 1), Error::<Test>::FeeAboveMax);
		assert_noop!(ask_rows(0, 5, u64::MAX), TokenError::FundsUnavailable);
		assert_eq!(FheMl::quote_rows(0, 1, 5).unwrap().fee, u64::MAX);
	});
}

#[test]
fn a_quota_counts_rows() {
	run(|| {
		rows_market(PRICE, Some(Quota { requests: 8, period: 1_000 }));
		let used = || QuotaUsed::<Test>::get(0, ALICE).map(|used| used.requests);
		assert_noop!(ask_rows(0, 9, u64::MAX), Error::<Test>::QuotaExceeded);
		assert_eq!(FheMl::quote_rows(0, 1, 9), None);
		assert!(FheMl::quote_rows(0, 1, 8).is_some());
		let first = rows_job(0, 5);
		assert_eq!(used(), Some(5));
		assert_noop!(ask_rows(1, 4, u64::MAX), Error::<Test>::QuotaExceeded);
		let second = rows_job(1, 3);
		assert_eq!(used(), Some(8));
		assert_noop!(ask_rows(2, 1, u64::MAX), Error::<Test>::QuotaExceeded);
		// Rows whose fee and price go back are not counted, those of a broken input are.
		post(second, Outcome::Failed(FailureReason::EvaluationFailed));
		assert_eq!(used(), Some(5));
		let broken = rows_job(3, 2);
		post(broken, Outcome::Failed(FailureReason::InputDoesNotDecode));
		assert_eq!(used(), Some(7));
		post(first, Outcome::Failed(FailureReason::EvaluationFailed));
		assert_eq!(used(), Some(2));
		assert_ok!(ask_rows(4, 6, u64::MAX));
	});
}

#[test]
fn a_quota_without_an_end_does_not_overflow() {
	run(|| {
		rows_market(PRICE, Some(Quota { requests: u32::MAX, period: 1_000 }));
		QuotaUsed::<Test>::insert(0, ALICE, QuotaUse { since: 0, requests: u32::MAX - 1 });
		assert_noop!(ask_rows(0, 2, u64::MAX), Error::<Test>::QuotaExceeded);
		assert_ok!(ask_rows(0, 1, u64::MAX));
	});
}

#[test]
fn prices_of_all_rows_go_back_if_nobody_answers() {
	run(|| {
		rows_market(PRICE, Some(Quota { requests: 8, period: 1_000 }));
		let (alice, bob) = (free(ALICE), free(BOB));
		let silent = rows_job(0, 5);
		run_to_block(record(silent).deadline + 1);
		let (owner, refund) = (ALICE, FIVE_ROWS_FEE + 5 * PRICE);
		assert!(was_seen(Event::InferenceExpired { job: silent, owner, refund }));
		assert_eq!(QuotaUsed::<Test>::get(0, ALICE), None);
		assert_ok!(FheMl::release(signed(ALICE), silent));
		assert_eq!((free(ALICE), free(BOB)), (alice, bob));
	});
}

#[test]
fn a_condemned_result_is_paid_back_with_the_prices_of_all_rows() {
	run(|| {
		rows_market(100, None);
		let job = rows_job(0, 5);
		complete(job);
		let alice = free(ALICE);
		assert_ok!(condemn(signed(AUDITOR), job));
		let refund = FIVE_ROWS_FEE + 5 * 100;
		assert!(refund < MODEL_BOND / 2);
		assert_eq!(free(ALICE), alice + refund);
		assert_eq!(free(SLASHED), MODEL_BOND - refund);
	});
}

#[test]
fn private_models_without_a_layout_take_one_row_per_request() {
	run(|| {
		let model = market(1);
		let key = hash(&server_key(1));
		let input = rows_for(&private_artifact(), key.0, 0, 2);
		let asked = FheMl::request_inference(signed(ALICE), model, Some(key), input, u64::MAX, 1);
		assert_noop!(asked, Error::<Test>::OneRowPerRequest);
		assert_eq!(FheMl::quote_rows(model, 1, 2), None);
	});
}
