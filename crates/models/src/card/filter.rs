//! What an artifact says of an image filter.

use super::cost::{Cost, Sizes};
use serde::{Deserialize, Serialize};

/// What a filter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterKind {
	/// Nothing.
	Identity,
	/// Dark becomes light.
	Inverted,
	/// A quarter turn, clockwise.
	Rotate,
	/// Luminance.
	BlackAndWhite,
	/// The mean of nine pixels.
	Blur,
	/// Five times the pixel less its four neighbours.
	Sharpen,
	/// Eight times the pixel less its eight neighbours.
	RidgeDetection,
}

impl FilterKind {
	/// All of them, with their names.
	pub const ALL: [(&'static str, Self); 7] = [
		("identity", Self::Identity),
		("inverted", Self::Inverted),
		("rotate", Self::Rotate),
		("black-and-white", Self::BlackAndWhite),
		("blur", Self::Blur),
		("sharpen", Self::Sharpen),
		("ridge-detection", Self::RidgeDetection),
	];

	/// Its name.
	pub fn name(self) -> &'static str {
		Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
	}
}

/// The card of an image filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilterCard {
	/// Name of the model.
	pub name: String,
	/// Kind of the evaluated circuit, for people.
	pub kind: String,
	/// What it does.
	pub filter: FilterKind,
	/// Columns and rows of the images that it takes.
	pub size: (usize, usize),
	/// Columns and rows of the images that it gives.
	pub output_size: (usize, usize),
	/// Channels of the images that it takes: red, green, blue.
	pub channels: usize,
	/// Channels of the images that it gives: three, or one.
	pub output_channels: usize,
	/// What the client divides the decrypted integers by.
	pub divisor: u32,
	/// Sizes in bytes.
	pub sizes: Sizes,
	/// What collators compute.
	pub cost: Cost,
	/// Probability that a result decrypts wrongly: zero.
	pub decryption_failure_probability: f64,
}
