//! Encrypt, evaluate and decrypt rows on this machine, without a chain.

use fhe_ml_engine::{
	Circuit, CircuitInputError, ClientKey, EvaluateError, EvaluationBuffers, PreparedServerKey,
	Seeder, new_seeder,
};
use fhe_ml_models::{
	AnswerError, Artifact, Cell, EncodedRow, EncryptRowError, Model, PredictError, Prediction,
	evaluate,
};
use std::time::Instant;

/// Work units of a request of many rows, a microsecond of one core each: a second, so that progress shows.
const WORK_TOGETHER: u64 = 1_000_000;

/// Why rows have no predictions.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
	/// A row cannot be encrypted.
	#[error("row {row}: {source}")]
	Encrypt {
		/// Its number.
		row: usize,
		/// Why.
		source: EncryptRowError,
	},
	/// A row has no prediction in the clear.
	#[error("row {row}: {source}")]
	Predict {
		/// Its number.
		row: usize,
		/// Why.
		source: PredictError,
	},
	/// The evaluation failed.
	#[error("the evaluation failed: {0}")]
	Evaluate(#[from] EvaluateError),
	/// The result is of no use.
	#[error(transparent)]
	Answer(#[from] AnswerError),
}

/// A predicted row, with its share of the times of its request.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalPrediction {
	/// What the model predicts.
	pub prediction: Prediction,
	/// Milliseconds of encryption.
	pub encrypt_ms: f64,
	/// Milliseconds of evaluation.
	pub evaluate_ms: f64,
	/// Milliseconds of decryption.
	pub decrypt_ms: f64,
	/// Bytes of the request's input.
	pub input_bytes: usize,
	/// Bytes of the request's result.
	pub result_bytes: usize,
}

/// A model with the keys to evaluate it, and the threads.
pub struct LocalEvaluator<'a> {
	/// The model.
	pub model: &'a Model,
	/// The key of its user.
	pub client_key: &'a ClientKey,
	/// The key of its workers, if the model needs one.
	pub server_key: Option<&'a PreparedServerKey>,
	/// Threads of an evaluation.
	pub pool: &'a rayon::ThreadPool,
	/// Memory that evaluations use again.
	pub buffers: EvaluationBuffers,
}

impl LocalEvaluator<'_> {
	/// Encrypts rows from number `first` on as one input, evaluates and decrypts it.
	///
	/// # Errors
	/// If a row cannot be encrypted, or the evaluation fails.
	pub fn request(
		&mut self,
		first: usize,
		rows: &[impl AsRef<[Cell]>],
	) -> Result<Vec<LocalPrediction>, LocalError> {
		let Self { model, client_key, server_key, pool, buffers } = self;
		let share = |start: Instant| start.elapsed().as_secs_f64() * 1000.0 / rows.len() as f64;
		let start = Instant::now();
		let encode = |(at, row): (usize, &_)| encode_row(model, first + at, AsRef::as_ref(row));
		let encoded = rows.iter().enumerate().map(encode).collect::<Result<Vec<_>, _>>()?;
		let input = encrypt_rows(model, client_key, first, &encoded)?;
		let encrypt_ms = share(start);
		let start = Instant::now();
		let result = pool.install(|| evaluate(&model.artifact, *server_key, &input, buffers))?;
		let evaluate_ms = share(start);
		let start = Instant::now();
		let predictions = model.decrypt_rows(client_key, &input, &result)?;
		let decrypt_ms = share(start);
		let (input_bytes, result_bytes) = (input.len(), result.len());
		let row = |prediction| LocalPrediction {
			prediction,
			encrypt_ms,
			evaluate_ms,
			decrypt_ms,
			input_bytes,
			result_bytes,
		};
		Ok(predictions.into_iter().map(row).collect())
	}
}

/// Encodes row number `row`.
///
/// # Errors
/// If the row is not one of the model's features.
pub fn encode_row(model: &Model, row: usize, values: &[Cell]) -> Result<EncodedRow, LocalError> {
	model.encode(values).map_err(|source| LocalError::Encrypt { row, source })
}

/// Encrypts rows from number `first` on as one input.
///
/// # Errors
/// If there are none or too many, or one was encoded for another model.
pub fn encrypt_rows(
	model: &Model,
	key: &ClientKey,
	first: usize,
	rows: &[EncodedRow],
) -> Result<Vec<u8>, LocalError> {
	let input = model.encrypt_rows(key, rows, new_seeder().as_mut());
	let failed =
		|source: CircuitInputError| LocalError::Encrypt { row: first, source: source.into() };
	input.map_err(failed)
}

/// The prediction of row number `row` without any encryption.
///
/// # Errors
/// If the row is not one of the model's features.
pub fn predict_clear(model: &Model, row: usize, values: &[Cell]) -> Result<Prediction, LocalError> {
	model.predict_clear(values).map_err(|source| LocalError::Predict { row, source })
}

/// As [`predict_clear`], with the noise of an encrypted evaluation: what a circuit's formula says of its standard
/// deviation, drawn for every output, moves it by as many steps as the noise has; in deep networks noise is drawn
/// layer by layer. Circuits that have a hard bound for their noise have none to draw.
///
/// # Errors
/// As [`predict_clear`].
pub fn predict_simulated(
	model: &Model,
	row: usize,
	values: &[Cell],
	seeder: &mut dyn Seeder,
) -> Result<Prediction, LocalError> {
	let failed = |source| LocalError::Predict { row, source };
	let integers = model.card.encode(values).map_err(PredictError::from).map_err(failed)?;
	let outputs = match &model.artifact.circuit {
		Circuit::Deep(circuit) => circuit.simulate(&integers, seeder.seed().0 as u64),
		circuit => circuit.evaluate_clear(&integers),
	};
	let mut outputs = outputs.map_err(PredictError::from).map_err(failed)?;
	if let Some(cost) = &model.card.cost.levelled {
		// Messages are two budgets apart.
		let deviation = (cost.noise_log2 - cost.budget_log2 - 1.0).exp2();
		for output in &mut outputs {
			*output += (deviation * normal(seeder)).round() as i64;
		}
	}
	model.card.decode(&outputs).map_err(PredictError::from).map_err(failed)
}

/// A normally distributed number, by Box and Muller.
fn normal(seeder: &mut dyn Seeder) -> f64 {
	let seed = seeder.seed().0;
	let uniform = |bits: u64| ((bits >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
	let (radius, angle) = (uniform(seed as u64), uniform((seed >> 64) as u64));
	(-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

/// How many rows of a model make a request of about a second.
pub fn rows_together(model: &Artifact) -> usize {
	let fits = |rows: &u32| model.circuit.work_of(*rows) <= WORK_TOGETHER;
	(1..=model.most_rows()).take_while(fits).last().unwrap_or(1) as usize
}

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_models::{ImportOptions, import_onnx};

	#[test]
	fn drawn_noise_is_normal() {
		let mut seeder = new_seeder();
		let drawn: Vec<f64> = (0..20_000).map(|_| normal(seeder.as_mut())).collect();
		let mean = drawn.iter().sum::<f64>() / 20_000.0;
		let variance = drawn.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
		assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.06, "{mean} {variance}");
	}

	#[test]
	fn noise_beyond_the_budget_changes_what_is_predicted_and_noise_within_does_not() {
		let onnx = include_bytes!("../../../models/wine_forest.onnx");
		let options = ImportOptions { name: "wine".into(), calibration: None };
		let mut model = Model::new(import_onnx(onnx, &options).unwrap(), None).unwrap();
		let row: Vec<Cell> = (0..13).map(|x| Cell::Number(x.into())).collect();
		let clear = predict_clear(&model, 0, &row).unwrap();
		let mut seeder = new_seeder();
		assert_eq!(predict_simulated(&model, 0, &row, seeder.as_mut()).unwrap(), clear);
		if let Some(cost) = &mut model.card.cost.levelled {
			cost.noise_log2 = cost.budget_log2 + 20.0;
		}
		let noisy = predict_simulated(&model, 0, &row, seeder.as_mut()).unwrap();
		assert_ne!(noisy.raw_scores, clear.raw_scores);
	}
}
