//! Results of workers that lie, on the models of `models/`.

#![allow(clippy::unwrap_used)]

mod common;

use common::{client_key, import, prepared_server_key, test_rows};
use fhe_ml_engine::{
	Circuit, EvaluationBuffers, entities::switched_result::SwitchedResult, new_seeder,
};
use fhe_ml_models::{
	Artifact, FilterKind, ImageFilter, Model, VerifyError, encrypt_model, evaluate, image_filter,
	verify_result,
};

/// A model, an input for it and the honest result.
struct Job {
	artifact: Artifact,
	input: Vec<u8>,
	result: Vec<u8>,
}

impl Job {
	fn new(artifact: Artifact, input: Vec<u8>) -> Self {
		let buffers = &mut EvaluationBuffers::default();
		let result = evaluate(&artifact, Some(prepared_server_key()), &input, buffers).unwrap();
		Self { artifact, input, result }
	}

	fn of(model: &Model, row: &[f64]) -> Self {
		let input = model.encrypt(client_key(), row, new_seeder().as_mut()).unwrap();
		Self::new(model.artifact.clone(), input)
	}

	fn verify(&self, result: &[u8]) -> Result<(), VerifyError> {
		let buffers = &mut EvaluationBuffers::default();
		verify_result(&self.artifact, Some(prepared_server_key()), &self.input, result, buffers)
	}
}

fn encrypted_twin(public: &Model) -> Model {
	let (key, mut seeder) = (client_key(), new_seeder());
	let model = encrypt_model(&public.artifact, key, false, seeder.as_mut()).unwrap();
	let schema = model.schema.seal(key, seeder.as_mut()).unwrap();
	Model::new(model.artifact, Some((&schema, key))).unwrap()
}

/// One of each kind of circuit.
fn jobs() -> Vec<Job> {
	let mut jobs = Vec::new();
	for name in ["breast_cancer_logistic", "breast_cancer_xgboost_10x3", "iris_network"] {
		let model = import(name, true);
		let row = &test_rows(name)[0];
		jobs.extend([Job::of(&model, row), Job::of(&encrypted_twin(&model), row)]);
	}
	let filter = image_filter(FilterKind::Blur, "blur", (8, 6)).unwrap();
	let filter = ImageFilter::new(filter).unwrap();
	let input = filter.encrypt(client_key(), &[7; 3 * 8 * 6], new_seeder().as_mut()).unwrap();
	jobs.push(Job::new(filter.artifact, input));
	jobs
}

#[test]
fn honest_results_are_right_and_every_flipped_bit_makes_them_wrong() {
	for job in jobs() {
		let kind = job.artifact.circuit.kind();
		job.verify(&job.result).unwrap();
		for at in (0..8 * job.result.len()).step_by(8 * job.result.len() / 20 + 1) {
			let mut wrong = job.result.clone();
			wrong[at / 8] ^= 1 << (at % 8);
			let refused = job.verify(&wrong);
			assert!(matches!(refused, Err(VerifyError::WrongResult)), "{kind:?}, bit {at}");
		}
		assert!(matches!(job.verify(&[]), Err(VerifyError::WrongResult)));
		assert!(matches!(job.verify(&job.result[1..]), Err(VerifyError::WrongResult)));
	}
}

#[test]
fn what_cannot_be_verified_is_not_called_right() {
	let jobs = jobs();
	let buffers = &mut EvaluationBuffers::default();
	let key = Some(prepared_server_key());
	let (linear, forest) = (&jobs[0], &jobs[2]);
	let other = verify_result(&linear.artifact, key, &forest.input, &forest.result, buffers);
	assert!(matches!(other, Err(VerifyError::AnotherModel)), "{other:?}");
	let no_key = verify_result(&forest.artifact, None, &forest.input, &forest.result, buffers);
	assert!(matches!(no_key, Err(VerifyError::Evaluate(_))), "{no_key:?}");
	let no_input = verify_result(&forest.artifact, key, &[1, 2], &forest.result, buffers);
	assert!(matches!(no_input, Err(VerifyError::Evaluate(_))), "{no_input:?}");
}

/// `attacks/keyleak.mjs`: a mask of chosen powers brings bits of the client key into the scores. Decryption
/// cannot tell them from other scores of the model; an evaluation of one's own can.
#[test]
fn results_that_would_show_bits_of_the_client_key_decrypt_but_are_never_right() {
	let model = import("breast_cancer_xgboost_50x4", true);
	let job = Job::of(&model, &test_rows("breast_cancer_xgboost_50x4")[0]);
	let Circuit::Forest(forest) = &model.artifact.circuit else { panic!("a forest") };
	let encoding = forest.encoding();
	let (count, bits) = (encoding.coefficients(), encoding.result_bits);
	let unit = 1u64 << (encoding.unit_log2 + bits - 51);
	let key = client_key().to_bytes();
	let secret = |at: usize| i64::from(key[48 + at / 8] >> (at % 8) & 1);
	let value = |result: &[u8]| {
		let prediction = model.decrypt(client_key(), &job.input, result).unwrap();
		(prediction.raw_scores[0] / model.card.output_steps[0]).round() as i64
	};
	let mut made_up = SwitchedResult::from_bytes(&job.result, count, bits).unwrap();
	made_up.mask.fill(0);
	// All limbs in the middle of their ranges.
	made_up.bodies.fill(0);
	let base = value(&made_up.to_bytes());
	let mut told = 0;
	for at in count..count + 64 {
		let mut question = made_up.clone();
		question.mask[at] = unit;
		let answer = value(&question.to_bytes()) - base;
		// The lowest limb meets bit N - at, the next ones its neighbours.
		told += i64::from(answer & 1 == secret(2048 - at));
		assert!(matches!(job.verify(&question.to_bytes()), Err(VerifyError::WrongResult)));
	}
	assert_eq!(told, 64, "without verification every question is answered");
}
