//! Encryption of the integers that enter a circuit.

use crate::{
	algorithms::{expansion::slot_position, rlwe::RlweEncryptor},
	entities::{
		circuit::{Circuit, CircuitInputError},
		client_key::ClientKey,
		forest::ForestCircuit,
		input::EncryptedInput,
		linear::LinearCircuit,
		network::NetworkCircuit,
		selector::SelectorGadget,
	},
	modular,
	params::{MODULUS, POLYNOMIAL_SIZE},
	random,
	ring::Polynomial,
};
use fhe_ml_format::{Hash, InputPrefix};
use zeroize::Zeroizing;

impl ClientKey {
	/// Encrypts the integers `x`, one per input of `circuit`, for the model with hash `artifact`.
	///
	/// Returns the bytes of an input: [`Circuit::input_bytes`] of them.
	pub fn encrypt(
		&self,
		circuit: &Circuit,
		artifact: Hash,
		x: &[i64],
		seeder: &mut dyn random::Seeder,
	) -> Result<Vec<u8>, CircuitInputError> {
		circuit.check_input(x)?;
		let encryptor = RlweEncryptor::new(&self.secret, seeder);
		let bodies = match circuit {
			Circuit::Linear(circuit) => encrypt_linear(circuit, x, &encryptor),
			Circuit::Forest(circuit) => encrypt_slots(&forest_slots(circuit, x), &encryptor),
			Circuit::Network(circuit) => encrypt_slots(&network_slots(circuit, x), &encryptor),
		};
		let prefix = InputPrefix {
			artifact,
			server_key: self.server_key_hash,
			mask_seed: encryptor.mask_seed(),
		};
		Ok(EncryptedInput { prefix, bodies }.to_bytes())
	}
}

/// Features are shifted integers in the coefficients.
fn encrypt_linear(circuit: &LinearCircuit, x: &[i64], encryptor: &RlweEncryptor) -> Vec<u64> {
	let mut bodies = Vec::with_capacity(x.len());
	for (index, x) in x.chunks(POLYNOMIAL_SIZE).enumerate() {
		let mut message = Zeroizing::new(Polynomial::zero());
		for (slot, &x) in message.as_mut().iter_mut().zip(x) {
			*slot = modular::from_signed(i128::from(x) << circuit.message_shift());
		}
		let body = encryptor.body(index as u64, &message);
		bodies.extend(body.as_ref().iter().take(x.len()));
	}
	bodies
}

/// The residue of each slot of a forest's input.
fn forest_slots(circuit: &ForestCircuit, bits: &[i64]) -> Zeroizing<Vec<u64>> {
	let mut slots = Zeroizing::new(vec![0; circuit.slots()]);
	for (&bit, place) in bits.iter().zip(&circuit.slots_of) {
		if place.selects {
			write_selector(&mut slots[place.first..], bit, circuit.gadget());
		} else if let Some(slot) = slots.get_mut(place.first) {
			*slot = (bit as u64) << circuit.encoding().unit_log2;
		}
	}
	slots
}

/// The residue of each slot of a network's input: every bit of a feature is a selector.
fn network_slots(circuit: &NetworkCircuit, x: &[i64]) -> Zeroizing<Vec<u64>> {
	let gadget = circuit.gadget();
	let mut slots = Zeroizing::new(vec![0; circuit.slots()]);
	let selectors = slots.chunks_exact_mut(gadget.mask.levels as usize);
	for (selector, bit) in selectors.zip(circuit.layers().input_bits(x)) {
		write_selector(selector, bit.into(), gadget);
	}
	slots
}

/// The rows of a selector: the bit times each scale of the gadget.
fn write_selector(slots: &mut [u64], bit: i64, gadget: SelectorGadget) {
	for (level, slot) in (0..gadget.mask.levels).zip(slots) {
		*slot = bit as u64 * gadget.mask.scale(level);
	}
}

/// Packs slots into GLWEs, divided by N because the expansion multiplies by N; only the
/// coefficients that hold a slot are kept.
fn encrypt_slots(slots: &[u64], encryptor: &RlweEncryptor) -> Vec<u64> {
	let inverse = modular::pow(POLYNOMIAL_SIZE as u64, MODULUS - 2);
	let mut bodies = Vec::with_capacity(slots.len());
	for (index, slots) in slots.chunks(POLYNOMIAL_SIZE).enumerate() {
		let mut message = Zeroizing::new(Polynomial::zero());
		for (slot, &residue) in slots.iter().enumerate() {
			message.as_mut()[slot_position(slot)] = modular::mul(residue, inverse);
		}
		let body = encryptor.body(index as u64, &message);
		bodies.extend((0..slots.len()).map(|slot| body.as_ref()[slot_position(slot)]));
	}
	bodies
}
