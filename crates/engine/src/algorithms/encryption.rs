//! Encryption of the integers that enter a circuit.

use crate::{
	algorithms::{
		encrypted_linear::{digit_rows, encrypt_coefficients},
		expansion::slot_position,
		rlwe::RlweEncryptor,
	},
	entities::{
		circuit::{Circuit, CircuitInputError},
		client_key::ClientKey,
		encrypted_forest::EncryptedForestCircuit,
		forest::ForestCircuit,
		input::EncryptedInput,
		network::NetworkCircuit,
	},
	math::{
		modular,
		params::{MODULUS, OCTET, POLYNOMIAL_SIZE},
		ring::Polynomial,
		selector::SelectorGadget,
	},
	sampling::secrets::Seeder,
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
		seeder: &mut dyn Seeder,
	) -> Result<Vec<u8>, CircuitInputError> {
		circuit.check_input(x)?;
		let encryptor = RlweEncryptor::new(&self.secret, seeder);
		let bodies = match circuit {
			Circuit::Linear(circuit) => {
				encrypt_coefficients(x, circuit.message_shift(), &encryptor)
			},
			Circuit::Filter(circuit) => {
				encrypt_coefficients(x, circuit.message_shift(), &encryptor)
			},
			Circuit::Forest(circuit) => encrypt_slots(&forest_slots(circuit, x), 0, &encryptor),
			Circuit::Network(circuit) => encrypt_slots(&network_slots(circuit, x), 0, &encryptor),
			Circuit::EncryptedLinear(circuit) => {
				let (limb_bits, limbs) = (circuit.limb_bits(), circuit.input_limbs());
				let digits = Zeroizing::new(digit_rows(x.iter().copied(), limb_bits, limbs));
				encrypt_coefficients(&digits, circuit.message_shift(), &encryptor)
			},
			Circuit::EncryptedForest(circuit) => {
				encrypt_slots(&encrypted_forest_slots(circuit, x), circuit.octets(), &encryptor)
			},
		};
		let prefix = InputPrefix {
			artifact,
			server_key: self.server_key_hash,
			mask_seed: encryptor.mask_seed(),
		};
		Ok(EncryptedInput { prefix, bodies }.to_bytes())
	}
}

/// The residue of each slot of a forest's input.
fn forest_slots(circuit: &ForestCircuit, bits: &[i64]) -> Zeroizing<Vec<u64>> {
	let mut slots = Zeroizing::new(vec![0; circuit.slots()]);
	for (&bit, place) in bits.iter().zip(&circuit.slots_of) {
		if place.selects {
			write_selector(slots[place.first..].iter_mut(), bit, circuit.gadget());
		} else if let Some(slot) = slots.get_mut(place.first) {
			*slot = (bit as u64) << circuit.encoding().unit_log2;
		}
	}
	slots
}

/// The residue of each slot of an input for a forest with encrypted leaves: the selectors of groups,
/// then those of single bits.
fn encrypted_forest_slots(circuit: &EncryptedForestCircuit, bits: &[i64]) -> Zeroizing<Vec<u64>> {
	let mut slots = Zeroizing::new(vec![0; circuit.slots()]);
	let gadget = circuit.gadget();
	let (octets, selectors) = slots.split_at_mut(OCTET * circuit.octets());
	for (&bit, place) in bits.iter().zip(&circuit.layout.bits) {
		if let Some(grouped) = place.grouped {
			let first = OCTET * circuit.group_row(grouped / OCTET) + grouped % OCTET;
			let rows = octets[first..].iter_mut().step_by(OCTET);
			write_selector(rows, bit, gadget);
		}
		if let Some(selector) = place.selector {
			let first = circuit.selector_row(selector) - circuit.octets();
			write_selector(selectors[first..].iter_mut(), bit, gadget);
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
		write_selector(selector.iter_mut(), bit.into(), gadget);
	}
	slots
}

/// The rows of a selector: the bit times each scale of the gadget.
fn write_selector<'a>(slots: impl Iterator<Item = &'a mut u64>, bit: i64, gadget: SelectorGadget) {
	for (level, slot) in (0..gadget.mask.levels).zip(slots) {
		*slot = bit as u64 * gadget.mask.scale(level);
	}
}

/// Packs slots into GLWEs, divided by what the expansion multiplies by: N, and N / 8 for those of the
/// first `octets` octets. Only the coefficients that hold a slot are kept.
fn encrypt_slots(slots: &[u64], octets: usize, encryptor: &RlweEncryptor) -> Vec<u64> {
	let inverse_of = |factor: usize| modular::pow(factor as u64, MODULUS - 2);
	let (inverse, in_octet) = (inverse_of(POLYNOMIAL_SIZE), inverse_of(POLYNOMIAL_SIZE / OCTET));
	let mut bodies = Vec::with_capacity(slots.len());
	for (index, slots) in slots.chunks(POLYNOMIAL_SIZE).enumerate() {
		let mut message = Zeroizing::new(Polynomial::zero());
		for (slot, &residue) in slots.iter().enumerate() {
			let is_in_octet = index * POLYNOMIAL_SIZE + slot < octets * OCTET;
			let inverse = if is_in_octet { in_octet } else { inverse };
			message.as_mut()[slot_position(slot)] = modular::mul(residue, inverse);
		}
		let body = encryptor.body(index as u64, &message);
		bodies.extend((0..slots.len()).map(|slot| body.as_ref()[slot_position(slot)]));
	}
	bodies
}
