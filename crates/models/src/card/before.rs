//! What the client computes of its row before it encrypts.

use crate::cell::Cell;
use crate::program::{Program, ProgramError, Values};
use serde::{Deserialize, Serialize};

/// A feature that is text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextFeature {
	/// Number of the feature.
	pub feature: usize,
	/// Texts that the model knows, if they are told.
	pub known: Vec<String>,
}

/// What the client computes of its row before it encrypts: encoders, imputers and whatever else needs no encryption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Before {
	/// A part of the ONNX graph that takes the features and gives the columns.
	pub program: Program,
	/// Names of the columns that are encoded instead of the features, in order.
	pub columns: Vec<String>,
}

impl Before {
	/// The columns of a row of features.
	///
	/// # Errors
	/// If the program cannot take the row.
	pub fn columns_of(&self, row: &[Cell]) -> Result<Vec<f64>, ProgramError> {
		let tensors = self.program.run_row(row)?;
		let numbers = tensors.into_iter().filter_map(|tensor| match tensor.values {
			Values::Numbers(numbers) => Some(numbers),
			Values::Text(_) => None,
		});
		Ok(numbers.flatten().collect())
	}
}
