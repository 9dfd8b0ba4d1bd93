//! Image filters as models: what they do to an image, and the artifact for the chain.

use crate::{
	artifact::{Artifact, ArtifactError, Card},
	card::{self, Cost, FilterCard, FilterKind, Sizes},
};
use fhe_ml_engine::{
	Circuit, CircuitInputError, ClientKey, DecryptError, FilterCircuit, FilterCircuitError, Seeder,
	Tap,
};

/// Channels of the images: red, green, blue.
pub const CHANNELS: u8 = 3;

/// Weights of the 3 x 3 pixels around each one, and what their sum is divided by; or nothing for those
/// that are more than that.
fn stencil(filter: FilterKind) -> ([i16; 9], u32) {
	match filter {
		FilterKind::Identity | FilterKind::Rotate | FilterKind::BlackAndWhite => {
			([0, 0, 0, 0, 1, 0, 0, 0, 0], 1)
		},
		FilterKind::Inverted => ([0, 0, 0, 0, -1, 0, 0, 0, 0], 1),
		FilterKind::Blur => ([1; 9], 9),
		FilterKind::Sharpen => ([0, -1, 0, -1, 5, -1, 0, -1, 0], 1),
		FilterKind::RidgeDetection => ([-1, -1, -1, -1, 8, -1, -1, -1, -1], 1),
	}
}

/// Why there is no such filter.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
	/// The circuit cannot be.
	#[error(transparent)]
	Circuit(#[from] FilterCircuitError),
	/// The artifact cannot be.
	#[error(transparent)]
	Artifact(#[from] ArtifactError),
	/// The artifact is another model's.
	#[error("the model is no image filter")]
	NoFilter,
	/// The image has another size.
	#[error("the image has {found} bytes instead of {wanted}: red, green, blue, row by row")]
	ImageSize {
		/// Bytes that are there.
		found: usize,
		/// Bytes that there should be.
		wanted: usize,
	},
	/// The pixels cannot be encrypted.
	#[error(transparent)]
	Input(#[from] CircuitInputError),
}

/// The artifact of a filter for images of this many columns and rows.
///
/// # Errors
/// If there is no circuit for images of this size, or the name has not 1 to 64 bytes.
pub fn image_filter(
	filter: FilterKind,
	name: &str,
	size: (u16, u16),
) -> Result<Artifact, FilterError> {
	let (stencil, mut divisor) = stencil(filter);
	let around = |output: u8, input: u8, factor: i16| {
		let taps = stencil.into_iter().zip(0i8..).filter(|(weight, _)| *weight != 0);
		taps.map(move |(weight, at)| Tap {
			output,
			input,
			dx: at % 3 - 1,
			dy: at / 3 - 1,
			weight: weight * factor,
		})
	};
	let taps: Vec<Tap> = match filter {
		FilterKind::BlackAndWhite => {
			divisor = 256;
			// ITU-R BT.601.
			[77, 150, 29]
				.into_iter()
				.zip(0..)
				.flat_map(|(weight, input)| around(0, input, weight))
				.collect()
		},
		_ => (0..CHANNELS).flat_map(|channel| around(channel, channel, 1)).collect(),
	};
	let outputs = if filter == FilterKind::BlackAndWhite { 1 } else { CHANNELS.into() };
	let bias = if filter == FilterKind::Inverted { 255 } else { 0 };
	let rotated = filter == FilterKind::Rotate;
	let circuit = FilterCircuit::new(size, CHANNELS, rotated, taps, vec![bias; outputs])?;
	let (size, output_size) = (circuit.size(), circuit.output_size());
	let output_channels = circuit.output_channels();
	let circuit = Circuit::Filter(circuit);
	let card = FilterCard {
		name: name.into(),
		kind: "image filter".into(),
		filter,
		size,
		output_size,
		channels: CHANNELS.into(),
		output_channels,
		divisor,
		sizes: Sizes::of(&circuit),
		cost: Cost::of(&circuit),
		decryption_failure_probability: card::failure_probability(&circuit),
	};
	Ok(Artifact::filter(card, circuit)?)
}

/// An image filter as its user needs it. Images are bytes: red, green, blue of each pixel, row by row
/// (grey only, if the filter gives one channel).
#[derive(Clone, Debug)]
pub struct ImageFilter {
	/// What the chain has.
	pub artifact: Artifact,
	/// What it does.
	pub card: FilterCard,
}

impl ImageFilter {
	/// Of the artifact of a filter.
	///
	/// # Errors
	/// If it is the artifact of another model.
	pub fn new(artifact: Artifact) -> Result<Self, FilterError> {
		match &artifact.card {
			Card::Filter(card) => Ok(Self { card: card.clone(), artifact }),
			_ => Err(FilterError::NoFilter),
		}
	}

	/// Encrypts an image.
	///
	/// # Errors
	/// If the image has another size.
	pub fn encrypt(
		&self,
		key: &ClientKey,
		image: &[u8],
		seeder: &mut dyn Seeder,
	) -> Result<Vec<u8>, FilterError> {
		let planes = self.planes(image)?;
		Ok(key.encrypt(&self.artifact.circuit, self.artifact.hash(), &planes, seeder)?)
	}

	/// Decrypts the filtered image.
	///
	/// # Errors
	/// If the result belongs to another input or key, or does not decode.
	pub fn decrypt(
		&self,
		key: &ClientKey,
		input: &[u8],
		result: &[u8],
	) -> Result<Vec<u8>, DecryptError> {
		Ok(self.image(&key.decrypt(&self.artifact.circuit, input, result)?))
	}

	/// The filtered image without encryption.
	///
	/// # Errors
	/// If the image has another size.
	pub fn apply_clear(&self, image: &[u8]) -> Result<Vec<u8>, FilterError> {
		Ok(self.image(&self.artifact.circuit.evaluate_clear(&self.planes(image)?)?))
	}

	/// Channel by channel, as the circuit has it.
	fn planes(&self, image: &[u8]) -> Result<Vec<i64>, FilterError> {
		let (channels, wanted) = (self.card.channels, self.artifact.circuit.inputs());
		if image.len() != wanted {
			return Err(FilterError::ImageSize { found: image.len(), wanted });
		}
		let plane = |channel| image.iter().skip(channel).step_by(channels).map(|&v| i64::from(v));
		Ok((0..channels).flat_map(plane).collect())
	}

	/// Pixel by pixel, divided, rounded and clipped.
	fn image(&self, outputs: &[i64]) -> Vec<u8> {
		let channels = self.card.output_channels.max(1);
		let (pixels, divisor) = (outputs.len() / channels, i64::from(self.card.divisor).max(1));
		let value = |at: usize| {
			let plane = outputs.get(at % channels * pixels + at / channels);
			let sum = plane.copied().unwrap_or_default();
			(sum + divisor / 2).div_euclid(divisor).clamp(0, 255) as u8
		};
		(0..outputs.len()).map(value).collect()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_engine::{EvaluationBuffers, new_seeder};
	use fhe_ml_format::bounds::{MAX_INPUT_BYTES, MAX_RESULT_BYTES};

	fn filter(kind: FilterKind, size: (u16, u16)) -> ImageFilter {
		let artifact = image_filter(kind, kind.name(), size).unwrap();
		ImageFilter::new(Artifact::from_bytes(artifact.as_bytes().to_vec()).unwrap()).unwrap()
	}

	fn image(pixels: usize) -> Vec<u8> {
		(0..3 * pixels).map(|at| (at * at * 7 + at / 3) as u8).collect()
	}

	#[test]
	fn encrypted_images_are_filtered_as_plain_ones() {
		let mut seeder = new_seeder();
		let (key, _) = ClientKey::generate(seeder.as_mut());
		for (_, kind) in FilterKind::ALL {
			let filter = filter(kind, (100, 100));
			let image = image(100 * 100);
			let input = filter.encrypt(&key, &image, seeder.as_mut()).unwrap();
			let buffers = &mut EvaluationBuffers::default();
			let result = filter.artifact.circuit.evaluate(None, &input, buffers).unwrap();
			assert!(input.len() <= 250_000 && input.len() <= MAX_INPUT_BYTES);
			assert!(result.len() <= 250_000 && result.len() <= MAX_RESULT_BYTES);
			let decrypted = filter.decrypt(&key, &input, &result).unwrap();
			assert_eq!(decrypted, filter.apply_clear(&image).unwrap(), "{kind:?}");
		}
	}

	#[test]
	fn filters_do_what_they_are_called() {
		let apply = |kind, image: &[u8]| filter(kind, (3, 1)).apply_clear(image).unwrap();
		let image = [0, 0, 0, 90, 90, 90, 255, 255, 0];
		assert_eq!(apply(FilterKind::Identity, &image), image);
		assert_eq!(apply(FilterKind::Inverted, &image), image.map(|value| 255 - value));
		assert_eq!(apply(FilterKind::BlackAndWhite, &image), [0, 90, 226]);
		assert_eq!(apply(FilterKind::Blur, &image)[..3], [30, 30, 30]);
		assert_eq!(apply(FilterKind::Blur, &image)[3..6], [115, 115, 30]);
		assert_eq!(apply(FilterKind::Sharpen, &image)[3..6], [15, 15, 255]);
		assert_eq!(apply(FilterKind::RidgeDetection, &[7; 9]), [0; 9]);
		assert_eq!(filter(FilterKind::Rotate, (3, 1)).card.output_size, (1, 3));
		assert!(filter(FilterKind::Blur, (3, 1)).apply_clear(&[0; 8]).is_err());
	}
}
