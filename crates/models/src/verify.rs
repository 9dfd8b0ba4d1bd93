//! Whether a result is what a model gives on an input.
//!
//! An evaluation has one right result, to the byte, and everybody can compute it: model, server key and
//! input are public. A user who decrypts another result tells whoever sees the scores bits of the client
//! key, so a client evaluates again before it decrypts.

use crate::{artifact::Artifact, evaluate::evaluate};
use fhe_ml_engine::{
	EvaluateError, EvaluationBuffers, PreparedServerKey, Seeder, entities::input::InputError,
};
use fhe_ml_format::InputPrefix;

/// Why a result is not to be decrypted.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
	/// The result is another one.
	#[error("the result is not what the model gives on this input")]
	WrongResult,
	/// The input was encrypted for another model.
	#[error("the input was encrypted for another model")]
	AnotherModel,
	/// The input cannot be evaluated here, so nobody knows.
	#[error("the result cannot be verified: {0}")]
	Evaluate(#[from] EvaluateError),
}

/// Evaluates `model` on `input` and compares: every honest worker gets exactly these bytes.
///
/// ```
/// use fhe_ml_engine::{ClientKey, EvaluationBuffers, new_seeder};
/// use fhe_ml_models::{FilterKind, ImageFilter, VerifyError, evaluate, image_filter, verify_result};
///
/// let filter = ImageFilter::new(image_filter(FilterKind::Blur, "blur", (4, 4))?)?;
/// let mut seeder = new_seeder();
/// let (client_key, _server_key) = ClientKey::generate(seeder.as_mut());
/// let input = filter.encrypt(&client_key, &[7; 3 * 4 * 4], seeder.as_mut())?;
///
/// let (model, buffers) = (&filter.artifact, &mut EvaluationBuffers::default());
/// let mut result = evaluate(model, None, &input, buffers)?;
/// verify_result(model, None, &input, &result, buffers)?;
/// result[0] ^= 1;
/// let refused = verify_result(model, None, &input, &result, buffers);
/// assert!(matches!(refused, Err(VerifyError::WrongResult)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the result is another one, or cannot be verified.
pub fn verify_result(
	model: &Artifact,
	server_key: Option<&PreparedServerKey>,
	input: &[u8],
	result: &[u8],
	buffers: &mut EvaluationBuffers,
) -> Result<(), VerifyError> {
	match wrong_part(model, server_key, input, result, buffers)? {
		None => Ok(()),
		Some(_) => Err(VerifyError::WrongResult),
	}
}

/// Evaluates `model` on `input`, and names the first part of `result` (rows that share a mask) that is another one;
/// 0 if the lengths differ.
///
/// # Errors
/// If the result cannot be verified.
pub fn wrong_part(
	model: &Artifact,
	server_key: Option<&PreparedServerKey>,
	input: &[u8],
	result: &[u8],
	buffers: &mut EvaluationBuffers,
) -> Result<Option<u32>, VerifyError> {
	let prefix =
		InputPrefix::read(input).map_err(InputError::Header).map_err(EvaluateError::from)?;
	if prefix.artifact != model.hash() {
		return Err(VerifyError::AnotherModel);
	}
	let right = evaluate(model, server_key, input, buffers)?;
	let circuit = &model.circuit;
	let one_row = circuit.result_bytes() as u32;
	Ok(circuit.row_layout().first_difference(one_row, prefix.rows, result, &right))
}

/// Which results of a model are verified: all of them, unless an evaluation takes long. Then the first,
/// and each of the others with a probability of one in eight, but never fewer than one in eight.
///
/// The choice is made after the result is known, so its worker cannot know it.
#[derive(Clone, Debug, Default)]
pub struct Sampling {
	/// Results since the last one that was verified; `None` before the first.
	passed: Option<u32>,
	suspicious: bool,
}

/// Times that an evaluation takes in a browser what it takes natively.
const SLOWDOWN: u64 = if cfg!(target_arch = "wasm32") { 24 } else { 1 };
/// Work units, a native microsecond each, up to which every result is verified: about a second.
const ALWAYS_VERIFIED: u64 = 1_000_000 / SLOWDOWN;
/// One result of this many.
const ONE_IN: u32 = 8;

impl Sampling {
	/// Whether to verify the result that is there now.
	///
	/// Every result of a private model is picked, so that [`verify_result`] refuses it: its owner claims the work,
	/// and must not choose thereby that results pass.
	pub fn picks(&mut self, model: &Artifact, seeder: &mut dyn Seeder) -> bool {
		model.circuit.kind().is_private() || self.picks_of(model.circuit.work(), seeder)
	}

	fn picks_of(&mut self, work: u64, seeder: &mut dyn Seeder) -> bool {
		let passed = self.passed.map_or(ONE_IN, |passed| passed + 1);
		let mut drawn = || seeder.seed().0.is_multiple_of(ONE_IN.into());
		let picked = work <= ALWAYS_VERIFIED || self.suspicious || passed >= ONE_IN || drawn();
		self.passed = Some(if picked { 0 } else { passed });
		picked
	}

	/// From now on every result is verified: one was wrong.
	pub fn suspect(&mut self) {
		self.suspicious = true;
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_engine::new_seeder;

	fn picks(work: u64, count: usize) -> Vec<bool> {
		let (mut sampling, mut seeder) = (Sampling::default(), new_seeder());
		(0..count).map(|_| sampling.picks_of(work, seeder.as_mut())).collect()
	}

	#[test]
	fn every_result_of_a_fast_model_is_verified() {
		assert!(picks(ALWAYS_VERIFIED, 100).into_iter().all(|picked| picked));
	}

	#[test]
	fn of_a_slow_model_the_first_and_at_least_one_in_eight_are_verified_at_random() {
		let picked = picks(ALWAYS_VERIFIED + 1, 4000);
		assert!(picked[0]);
		assert!(picked.windows(8).all(|eight| eight.contains(&true)));
		let share = picked.iter().filter(|picked| **picked).count();
		assert!((500..1200).contains(&share), "{share} of 4000");
		assert_ne!(picked, picks(ALWAYS_VERIFIED + 1, 4000));
	}

	#[test]
	fn after_a_wrong_result_all_are_verified() {
		let (mut sampling, mut seeder) = (Sampling::default(), new_seeder());
		sampling.suspect();
		assert!((0..100).all(|_| sampling.picks_of(u64::MAX, seeder.as_mut())));
	}
}
