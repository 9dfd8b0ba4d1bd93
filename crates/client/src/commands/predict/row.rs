//! What is shown of a row.

use crate::output::tie;
use fhe_ml_models::Label;
use serde::Serialize;

/// One predicted row.
#[derive(Serialize)]
pub struct Row {
	/// Its number, from 0.
	pub row: usize,
	/// What the model predicts.
	pub prediction: Label,
	/// A probability or score per class, or the predicted values, if they are shown.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub scores: Option<Vec<f64>>,
	/// The decrypted outputs of the circuit, if they are shown.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub raw_scores: Option<Vec<f64>>,
	/// Whether the two best classes are closer to each other than scores are exact.
	#[serde(skip_serializing_if = "std::ops::Not::not")]
	pub tie: bool,
	/// The job that it was in.
	pub job: u64,
	/// Rows of the request; what follows is the request's.
	pub rows: usize,
	/// Block that has the request.
	pub requested_in_block: u64,
	/// Block in which the result was first seen.
	pub result_in_block: u64,
	/// What was paid, in the chain's smallest units.
	pub fee: String,
	/// Bytes of the encrypted rows.
	pub input_bytes: usize,
	/// Bytes of the encrypted answer.
	pub result_bytes: usize,
	/// Whether this machine has got the same result.
	pub verified: bool,
	/// Milliseconds that this took.
	pub verify_ms: Option<f64>,
}

impl Row {
	/// For people.
	pub fn text(&self) -> String {
		let scores = self.scores.as_ref().map_or(String::new(), |s| format!("scores {s:.6?}  "));
		format!(
			"row {}: {}  {scores}{}(job {}, block {} -> {}, {})",
			self.row,
			self.prediction,
			tie(self.tie),
			self.job,
			self.requested_in_block,
			self.result_in_block,
			match self.verify_ms {
				Some(milliseconds) => format!("verified in {milliseconds:.1} ms"),
				None => "not verified".into(),
			},
		)
	}
}
