//! Encryption of weights and of features.

use super::{
	EncryptedLinearCircuit, EncryptedLinearError,
	shape::{LinearShape, WEIGHT_BITS},
};
use crate::{
	algorithms::encryption::{RlweEncryptor, encrypt_coefficients},
	circuits::{client::EncryptInput, limbs, linear::LinearCircuit},
	entities::client_key::ClientKey,
	sampling::secrets::Seeder,
};
use zeroize::Zeroizing;

impl ClientKey {
	/// Encrypts the weights of a linear circuit. Its bias stays with the caller, who adds it to the
	/// decrypted outputs.
	///
	/// # Errors
	/// If the circuit has too many features, outputs or weights to be encrypted, or a weight of 24 bits
	/// or more.
	pub fn encrypt_linear(
		&self,
		circuit: &LinearCircuit,
		seeder: &mut dyn Seeder,
	) -> Result<EncryptedLinearCircuit, EncryptedLinearError> {
		let shape = LinearShape::new(circuit.features(), circuit.outputs())?;
		let limit = 1 << (WEIGHT_BITS - 1);
		if let Some(at) = circuit.weights().iter().position(|&w| i64::from(w).abs() >= limit) {
			return Err(EncryptedLinearError::WeightTooLarge(at));
		}
		let rows = circuit.weights().chunks_exact(circuit.features());
		let mut digits = Zeroizing::new(Vec::with_capacity(shape.weights()));
		for row in rows {
			let row = row.iter().copied().map(i64::from);
			digits.extend(digit_rows(row, shape.limb_bits(), shape.weight_limbs()));
		}
		let encryptor = RlweEncryptor::new(&self.secret, seeder);
		let bodies = encrypt_coefficients(&digits, shape.shift(), &encryptor);
		Ok(shape.with_weights(encryptor.mask_seed(), bodies))
	}
}

impl EncryptInput for EncryptedLinearCircuit {
	fn encrypt_input(&self, x: &[i64], encryptor: &RlweEncryptor) -> Vec<u64> {
		let digits = digit_rows(x.iter().copied(), self.limb_bits(), self.input_limbs());
		encrypt_coefficients(&Zeroizing::new(digits), self.message_shift(), encryptor)
	}
}

/// First limb 0 of all values, then limb 1, and so on.
fn digit_rows(values: impl Iterator<Item = i64>, limb_bits: u32, count: usize) -> Vec<i64> {
	let split = values.map(|value| limbs::split(value, limb_bits, count).collect());
	let split = Zeroizing::new(split.collect::<Vec<Vec<i64>>>());
	(0..count).flat_map(|limb| split.iter().map(move |digits| digits[limb])).collect()
}
