//! The bytes of what evaluators have.

use super::{
	PrivateCircuit, PrivateCircuitError, PrivateEvaluator, PrivateLinear, Shape,
	compile::{Core, PrivateSource},
};
use crate::circuits::{
	bytes::{Reader, write_signed_varint},
	forest::ForestCircuit,
	network::NetworkCircuit,
};
use fhe_ml_format::Hash;
use zeroize::Zeroizing;

impl PrivateEvaluator {
	/// The secret (32 bytes), the length of the circuit (u32) and its bytes, then what the model computes. These
	/// bytes are the model: whoever has them needs no other.
	pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
		let circuit = self.circuit().to_bytes();
		let mut bytes = Zeroizing::new(self.secret.to_vec());
		bytes.extend((circuit.len() as u32).to_le_bytes());
		bytes.extend(circuit);
		match &self.core {
			Core::Forest(forest) => bytes.extend(forest.to_bytes()),
			Core::Network(network) => bytes.extend(network.to_bytes()),
			Core::Linear(linear) => {
				for &weight in linear.weights() {
					write_signed_varint(weight.into(), &mut bytes);
				}
				for &bias in linear.bias() {
					write_signed_varint(bias, &mut bytes);
				}
			},
		}
		bytes
	}

	/// Reads what [`PrivateEvaluator::to_bytes`] wrote.
	///
	/// # Errors
	/// If the bytes are truncated, oversized or malformed, or the model does not fit its circuit.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, PrivateCircuitError> {
		let malformed = || PrivateCircuitError::Malformed;
		let mut reader = Reader::new(bytes);
		let secret: Hash = reader.array().ok_or_else(malformed)?;
		let length = reader.count_u32().ok_or_else(malformed)?;
		let (circuit, rest) = reader.rest().split_at_checked(length).ok_or_else(malformed)?;
		let circuit = PrivateCircuit::from_bytes(circuit)?;
		let source = match &circuit.shape {
			Shape::Forest { .. } => {
				let (comparisons, outputs, trees) = ForestCircuit::trees_from_bytes(rest)?;
				PrivateSource::Forest { comparisons, outputs, trees }
			},
			Shape::Network { .. } => {
				PrivateSource::Network(NetworkCircuit::unencoded_from_bytes(rest)?.layers().clone())
			},
			Shape::Linear { features, feature_bits, .. } => {
				let linear =
					read_weights(rest, *features, circuit.outputs).ok_or_else(malformed)?;
				PrivateSource::Linear { linear, feature_bits: *feature_bits }
			},
		};
		Self::like(source, circuit, secret)
	}
}

fn read_weights(bytes: &[u8], features: usize, outputs: usize) -> Option<PrivateLinear> {
	let mut reader = Reader::new(bytes);
	// A weight takes a byte at least, so the bytes bound what is allocated.
	let count = features.checked_mul(outputs).filter(|&count| count <= bytes.len())?;
	let weights = (0..count)
		.map(|_| i32::try_from(reader.signed_varint()?).ok())
		.collect::<Option<Vec<i32>>>()?;
	let bias = (0..outputs).map(|_| reader.signed_varint()).collect::<Option<Vec<i64>>>()?;
	reader.rest().is_empty().then_some(())?;
	PrivateLinear::new(features, weights, bias).ok()
}
