//! Requests of several rows for public models.

use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{
	JobId, JobStatus, ModelId, Outcome, Quote, ResultBytes, RowLayout,
	format::{self, ArtifactPrefix, CircuitKind, MAX_ROWS},
};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::DispatchResult,
	traits::{Get, fungible::InspectHold},
};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

/// Rows of most requests here.
const ROWS: u32 = 5;
/// Seven units for evaluating each row, three for packing it, and one for loading.
const ROWS_WORK: u64 = 5 * (7 + 3) + 1;
/// A prefix and five rows of 21 bytes.
const ROWS_INPUT_BYTES: u32 = 96 + 5 * 21;
/// A prefix, five rows of two bytes, and two masks of five.
const ROWS_RESULT_BYTES: u32 = 24 + 5 * 2 + 2 * 5;
const ROWS_DEPOSIT: u64 = (ROWS_INPUT_BYTES + ROWS_RESULT_BYTES) as u64;

const fn rows_fee(workers: u64) -> u64 {
	BASE_FEE + ROWS_WORK * FEE_PER_WORK * workers + ROWS_DEPOSIT * FEE_PER_BYTE
}

fn held(reason: HoldReason) -> u64 {
	Balances::balance_on_hold(&reason.into(), &ALICE)
}

fn register(artifact: Vec<u8>) -> ModelId {
	let model = NextModel::<Test>::get();
	assert_ok!(FheMl::register_model(RuntimeOrigin::root(), artifact, None));
	model
}

/// A model that takes several rows.
fn rows_model() -> Vec<u8> {
	artifact_for_rows(CircuitKind::Linear, 7)
}

fn rows_input(seed: u8, rows: u32) -> Vec<u8> {
	rows_for(&rows_model(), [0; 32], seed, rows)
}

fn ask(model: ModelId, input: Vec<u8>, redundancy: u8) -> DispatchResult {
	let (origin, max_fee) = (RuntimeOrigin::signed(ALICE), 1_000_000);
	FheMl::request_inference(origin, model, None, input, max_fee, redundancy)
}

/// A job of ALICE whose workers are drawn.
fn job(input: &[u8], redundancy: u8) -> JobId {
	let job = NextJob::<Test>::get();
	assert_ok!(ask(0, input.to_vec(), redundancy));
	draw_now();
	job
}

fn posted(result: Vec<u8>) -> Outcome {
	Outcome::Completed(ResultBytes::try_from(result).unwrap())
}

#[test]
fn several_rows_are_one_job_whose_fee_deposit_and_work_count_them() {
	run(|| {
		let model = register(rows_model());
		let layout = Models::<Test>::get(model).unwrap().row_layout;
		assert_eq!(
			layout,
			Some(RowLayout { row_bytes: 2, rows_per_mask: 4, packing_work: 3 }),
			"users read it in the record"
		);
		let quote = Quote { fee: rows_fee(1), deposit: ROWS_DEPOSIT };
		assert_eq!(FheMl::quote_rows(model, 1, ROWS), Some(quote));

		let input = rows_input(0, ROWS);
		assert_eq!(input.len() as u32, ROWS_INPUT_BYTES);
		let origin = || RuntimeOrigin::signed(ALICE);
		let too_little = rows_fee(1) - 1;
		assert_noop!(
			FheMl::request_inference(origin(), model, None, input.clone(), too_little, 1),
			Error::<Test>::FeeAboveMax
		);
		let fee = rows_fee(1);
		assert_ok!(FheMl::request_inference(origin(), model, None, input.clone(), fee, 1));
		System::assert_last_event(
			Event::InferenceRequested { job: 0, owner: ALICE, model, redundancy: 1, fee, rows: 5 }
				.into(),
		);
		assert_eq!(held(HoldReason::InferenceFee), fee);
		assert_eq!(held(HoldReason::JobStorage), ROWS_DEPOSIT);
		assert_eq!(OpenOf::<Test>::get(ALICE).work, ROWS_WORK);
		assert_eq!(WaitingWork::<Test>::get(), ROWS_WORK);
		draw_now();
		let record = Jobs::<Test>::get(0).unwrap();
		assert_eq!((record.rows, record.engine, record.work), (5, 2, ROWS_WORK));
		assert_eq!(record.input_bytes, ROWS_INPUT_BYTES);
		assert_eq!(Workers::<Test>::get(worker()).unwrap().open_work, ROWS_WORK);
		// Five blocks' work, besides the time for any job.
		assert_eq!(record.deadline, 1 + DEADLINE + ROWS_WORK / WORK_PER_BLOCK);
		assert_eq!(FheMl::assigned_jobs(vec![worker()], 9)[0].engine, 2);

		let bytes = result(&input, 7);
		assert_eq!(bytes.len() as u32, ROWS_RESULT_BYTES);
		assert_ok!(apply(submission(0, posted(bytes.clone()))).unwrap());
		assert_eq!(Results::<Test>::get(0).unwrap().into_inner(), bytes);
		assert_eq!(Balances::free_balance(PAYOUT), EXISTENTIAL_DEPOSIT + fee);
		assert_ok!(FheMl::release(origin(), 0));
		assert_eq!(Balances::free_balance(ALICE), 10_000_000 - fee);
	});
}

#[test]
fn one_row_has_the_bytes_and_the_cost_of_a_model_without_a_layout() {
	run(|| {
		let old = register_linear_model();
		let new = register(rows_model());
		assert_eq!(FheMl::quote(old, 1), FheMl::quote(new, 1));
		assert_eq!(FheMl::quote(new, 1), FheMl::quote_rows(new, 1, 1));
		assert_eq!(FheMl::quote(new, 1).unwrap().fee, FEE);
		let input = rows_input(0, 1);
		let of_old = self::input(0);
		assert_eq!((&input[..16], &input[48..]), (&of_old[..16], &of_old[48..]));
		let job = request(ALICE, new, input.clone());
		let record = Jobs::<Test>::get(job).unwrap();
		assert_eq!((record.rows, record.engine, record.work), (1, 1, WORK));
		let two = posted(result_of(&input, 1, 2, ROW_LAYOUT.result_bytes(RESULT_BYTES, 2)));
		assert!(apply(submission(job, two)).is_err());
		let one = posted(result(&input, 1));
		assert_ok!(apply(submission(job, one)).unwrap());
	});
}

#[test]
fn models_without_a_layout_take_one_row_per_request() {
	run(|| {
		let model = register_linear_model();
		for rows in [2, MAX_ROWS] {
			let input = rows_for(&linear_model(), [0; 32], 0, rows);
			assert_noop!(ask(model, input, 1), Error::<Test>::OneRowPerRequest);
			assert_eq!(FheMl::quote_rows(model, 1, rows), None);
		}
		assert_ok!(ask(model, input(0), 1));
	});
}

#[test]
fn an_input_is_as_long_as_its_rows() {
	run(|| {
		let model = register(rows_model());
		for (rows, says) in [(1, 2), (2, 1), (4, 5), (6, 5)] {
			let mut input = rows_input(0, rows);
			input[10] = says - 1;
			assert_noop!(ask(model, input, 1), Error::<Test>::BlobWrongLength);
		}
		let mut too_many = rows_input(0, 1);
		too_many[10..12].copy_from_slice(&(MAX_ROWS as u16).to_le_bytes());
		assert_noop!(ask(model, too_many, 1), Error::<Test>::BlobMalformed);
		assert_eq!(FheMl::quote_rows(model, 1, MAX_ROWS + 1), None);
		assert_eq!(FheMl::quote_rows(model, 1, 0), None);
	});
}

#[test]
fn several_rows_are_no_more_work_than_an_account_may_have_open_but_one_row_may_be() {
	run(|| {
		let model = register(rows_model());
		// Ten units a row, and two for loading as many bytes.
		let most = ((MAX_ACCOUNT_WORK - 2) / 10) as u32;
		let too_many = rows_input(0, most + 1);
		assert_noop!(ask(model, too_many, 1), Error::<Test>::TooManyRowsForWork);
		assert_eq!(FheMl::quote_rows(model, 1, most + 1), None);
		assert!(FheMl::quote_rows(model, 1, most).is_some());
		assert_ok!(ask(model, rows_input(0, most), 1));
		assert_eq!(Jobs::<Test>::get(0).unwrap().work, 10 * u64::from(most) + 2);
		// Every row counts for what an account may have open.
		assert_noop!(ask(model, rows_input(1, 2), 1), Error::<Test>::TooMuchOpenWork);

		let dear_artifact = artifact_for_rows(CircuitKind::Linear, MAX_ACCOUNT_WORK + 1);
		let dear = register(dear_artifact.clone());
		let rows = |rows| rows_for(&dear_artifact, [0; 32], 0, rows);
		assert_noop!(ask(dear, rows(2), 1), Error::<Test>::TooManyRowsForWork);
		assert_ok!(join(BOB, 2));
		let (origin, max_fee) = (RuntimeOrigin::signed(BOB), 1_000_000);
		assert_ok!(FheMl::request_inference(origin, dear, None, rows(1), max_fee, 1));
	});
}

#[test]
fn what_is_longer_than_the_chain_stores_is_refused() {
	run(|| {
		let layout = format::RowLayout { row_bytes: 100_000, rows_per_mask: 1, packing_work: 0 };
		let wide = artifact_from(&ArtifactPrefix {
			result_bytes: 200_000,
			row_layout: Some(layout),
			..prefix_of(CircuitKind::Linear, 7)
		});
		let model = register(wide.clone());
		assert_noop!(
			ask(model, rows_for(&wide, [0; 32], 0, 2), 1),
			Error::<Test>::TooManyRowsForResult
		);
		assert_eq!(FheMl::quote_rows(model, 1, 2), None);
		assert!(FheMl::quote_rows(model, 1, 1).is_some());
		// With a mask for both, and both in the space that there is.
		let shared = format::RowLayout { rows_per_mask: 2, ..layout };
		let result_bytes = 150_000;
		let narrow = artifact_from(&ArtifactPrefix {
			result_bytes,
			row_layout: Some(shared),
			..prefix_of(CircuitKind::Linear, 7)
		});
		let model = register(narrow);
		assert!(FheMl::quote_rows(model, 1, 2).is_some());
		assert_eq!(FheMl::quote_rows(model, 1, 3), None);

		let long = artifact_from(&ArtifactPrefix {
			input_bytes: 600_000,
			row_layout: Some(ROW_LAYOUT),
			..prefix_of(CircuitKind::Linear, 7)
		});
		let model = register(long);
		assert_eq!(FheMl::quote_rows(model, 1, 2), None);
		let max: u32 = fhe_ml_primitives::bounds::MaxInputBytes::get();
		assert_noop!(ask(model, vec![0; max as usize + 1], 1), Error::<Test>::BlobTooLong);
	});
}

#[test]
fn a_layout_that_cannot_be_is_refused() {
	run(|| {
		let row_layout = Some(format::RowLayout { rows_per_mask: 0, ..ROW_LAYOUT });
		let artifact =
			artifact_from(&ArtifactPrefix { row_layout, ..prefix_of(CircuitKind::Linear, 7) });
		assert_noop!(
			FheMl::register_model(RuntimeOrigin::root(), artifact, None),
			Error::<Test>::BlobMalformed
		);
	});
}

#[test]
fn a_result_has_the_rows_of_its_job_and_their_length() {
	run(|| {
		register(rows_model());
		let input = rows_input(0, ROWS);
		let job = job(&input, 1);
		let wrong = |rows, bytes, error: Error<Test>| {
			let outcome = posted(result_of(&input, 1, rows, bytes));
			let checked = FheMl::do_submit_result(worker(), job, outcome.hash(), outcome.clone());
			assert_noop!(checked, error);
			let refused = TransactionValidityError::Invalid(InvalidTransaction::Custom(1));
			assert_eq!(validate(submission(job, outcome)), Err(refused));
		};
		for rows in [1, 4, 6] {
			wrong(rows, ROWS_RESULT_BYTES, Error::ResultOfOtherRows);
			let bytes = ROW_LAYOUT.result_bytes(RESULT_BYTES, rows);
			wrong(rows, bytes, Error::ResultOfOtherRows);
		}
		for bytes in [ROWS_RESULT_BYTES - 1, ROWS_RESULT_BYTES + 1, RESULT_BYTES] {
			wrong(ROWS, bytes, Error::BlobWrongLength);
		}
		assert_ok!(apply(submission(job, posted(result(&input, 1)))).unwrap());
	});
}

#[test]
fn several_workers_agree_on_all_rows_at_once() {
	run(|| {
		register(rows_model());
		assert_ok!(join(BOB, 2));
		let input = rows_input(0, ROWS);
		let job = job(&input, 2);
		assert_eq!(held(HoldReason::InferenceFee), rows_fee(2));
		assert_eq!(OpenOf::<Test>::get(ALICE).work, 2 * ROWS_WORK);
		let outcome = completed(&input, 3);
		for seed in [1, 2] {
			assert_ok!(apply(commitment_by(&other_pair(seed), job, &outcome)).unwrap());
		}
		assert_ok!(apply(submission(job, outcome)).unwrap());
		let status = Jobs::<Test>::get(job).unwrap().status;
		assert!(matches!(status, JobStatus::Completed { .. }));
		assert_eq!(held(HoldReason::InferenceFee), 0);
		assert_eq!(OpenOf::<Test>::iter().count(), 0);
	});
}

#[test]
fn a_request_of_several_rows_that_expires_gives_everything_back() {
	run(|| {
		register(rows_model());
		let job = job(&rows_input(0, ROWS), 1);
		let deadline = Jobs::<Test>::get(job).unwrap().deadline;
		run_to_block(deadline + 1);
		assert_eq!(Jobs::<Test>::get(job).unwrap().status, JobStatus::Expired);
		assert_ok!(FheMl::release(RuntimeOrigin::signed(ALICE), job));
		assert_eq!(Balances::free_balance(ALICE), 10_000_000);
	});
}
