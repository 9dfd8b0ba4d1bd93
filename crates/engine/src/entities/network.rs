//! Network circuits: one hidden layer of any activation over quantised features.

use crate::{
	entities::{
		cost::{SLOT_NANOSECONDS, excessive_mib, expansion_transforms, memory_bytes},
		input::EncryptedInput,
		result_encoding::{ResultEncoding, UNITS_LOG2},
		varint,
	},
	math::{
		params::POLYNOMIAL_SIZE,
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	noise::Variance,
};

pub use crate::entities::network_layers::{HiddenUnit, NetworkLayers};

/// A network with one hidden layer, compiled against the noise budget.
///
/// A hidden unit is a blind rotation: a polynomial whose coefficients are the table of its
/// activation is multiplied by X^-argument, one external product per bit of the input. Activations
/// are cut into limbs, which lie N / limbs coefficients apart in that polynomial, so that one
/// rotation brings all limbs of the activation to known places. Output weights are cut into digits
/// of a small base; each output and digit is an integer combination of the units, and the
/// automorphisms of the server key pack all of them into one GLWE.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkCircuit {
	layers: NetworkLayers,
	choice: Choice,
	encoding: ResultEncoding,
	noise: Variance,
}

/// Choices of the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Choice {
	gadget: u8,
	/// Limbs of an activation.
	limbs: usize,
	/// Bits of a limb.
	limb_bits: u32,
	/// Odd base of the balanced digits of a weight.
	weight_base: u32,
	/// Digits of a weight.
	weight_digits: usize,
}

/// Why a network circuit cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NetworkCircuitError {
	/// Nothing, or more than the format allows.
	#[error(
		"a network has 1 to 4096 features with 1 to 4096 bits in all, 1 to 512 hidden units and 1 to 256 outputs"
	)]
	Size,
	/// Tables or rows of different lengths, or a table that is no power of two.
	#[error("hidden unit or output {0} is malformed")]
	Shape(usize),
	/// The noise leaves no room.
	#[error(
		"the noise of {hidden} hidden units over {bits} bits is 2^{noise:.1} of the modulus, which leaves no room for activations and weights"
	)]
	NoRoom {
		/// Hidden units.
		hidden: usize,
		/// Encrypted bits.
		bits: usize,
		/// Standard deviation of one unit, log2 relative to q, with the finest gadget.
		noise: f64,
	},
	/// The parameters in the bytes do not satisfy the noise budget.
	#[error("the circuit's parameters do not satisfy its noise budget")]
	Budget,
	/// The evaluation would need too much memory.
	#[error("evaluation would take {mib} MiB of memory, and at most 4096 are allowed")]
	Memory {
		/// Mebibytes.
		mib: u64,
	},
	/// The bytes are truncated or malformed.
	#[error("the circuit's bytes are truncated or malformed")]
	Malformed,
}

const MAX_FEATURES: usize = 4096;
const MAX_BITS: usize = 4096;
const MAX_FEATURE_BITS: u32 = 8;
const MAX_HIDDEN: usize = 512;
const MAX_OUTPUTS: usize = 256;
const MAX_WEIGHT: u32 = 1 << 20;
/// Sums of |digit| that an i64 can multiply with residues.
const MAX_DIGIT_SUM: i64 = 1 << 11;
const FIXED_BYTES: usize = 16;
/// Nanoseconds for one transform with its share of everything else.
const TRANSFORM_NANOSECONDS: u64 = 2_400;

/// What is left of an activation above its lowest `shift` bits.
fn limb_of(activation: u16, shift: u32) -> u64 {
	u64::from(activation).checked_shr(shift).unwrap_or(0)
}

/// Balanced digits of `value` in an odd base, least significant first; the last one takes what is
/// left.
fn digits(value: i32, base: u32, count: usize) -> impl Iterator<Item = i64> {
	let (base, half) = (i64::from(base), i64::from(base / 2));
	let mut rest = i64::from(value);
	(1..=count).map(move |digit| {
		if digit == count {
			return rest;
		}
		let low = (rest + half).rem_euclid(base) - half;
		rest = (rest - low) / base;
		low
	})
}

impl NetworkCircuit {
	/// Chooses gadget, limbs and digits: the least time, then the smallest result.
	pub fn compile(layers: NetworkLayers) -> Result<Self, NetworkCircuitError> {
		check(&layers)?;
		let table_len = layers.hidden.first().map_or(1, |unit| unit.table.len());
		let limbs = POLYNOMIAL_SIZE / table_len;
		let activations = layers.hidden.iter().flat_map(|unit| &unit.table);
		let activation_bits = 16 - activations.copied().max().unwrap_or(0).leading_zeros();
		let limb_bits = activation_bits.div_ceil(limbs as u32).max(1);
		let weights = || layers.weights.iter().flatten();
		let largest = weights().map(|weight| weight.unsigned_abs()).max().unwrap_or_default();
		let mut best: Option<Self> = None;
		let mut noise = Variance::ZERO;
		for gadget in 0..SELECTOR_GADGETS.len() as u8 {
			for weight_base in [65, 33, 17, 9, 5, 3] {
				let mut weight_digits = 1;
				while u64::from(largest) > (u64::from(weight_base).pow(weight_digits) - 1) / 2 {
					weight_digits += 1;
				}
				let weight_digits = weight_digits as usize;
				let choice = Choice { gadget, limbs, limb_bits, weight_base, weight_digits };
				let outputs = (layers.weights.len() * weight_digits).next_power_of_two();
				if outputs > table_len {
					break;
				}
				let ranges = ranges(&layers, choice);
				noise = unit_noise(&layers, choice);
				let total = total_noise(&layers, choice);
				let chosen = UNITS_LOG2
					.into_iter()
					.find_map(|unit| ResultEncoding::choose(unit, total, &ranges));
				if let Some(encoding) = chosen.filter(|_| digit_sums_fit(&layers, choice)) {
					let layers = layers.clone();
					let circuit = Self { layers, choice, encoding, noise: total };
					if best.as_ref().is_none_or(|best| circuit.nanoseconds() < best.nanoseconds()) {
						best = Some(circuit);
					}
					break;
				}
			}
		}
		let no_room = || NetworkCircuitError::NoRoom {
			hidden: layers.hidden.len(),
			bits: layers.bits(),
			noise: noise.log2_relative(),
		};
		best.ok_or_else(no_room)?.check_memory()
	}

	fn check_memory(self) -> Result<Self, NetworkCircuitError> {
		match excessive_mib(self.memory_bytes()) {
			Some(mib) => Err(NetworkCircuitError::Memory { mib }),
			None => Ok(self),
		}
	}
	/// The layers.
	pub fn layers(&self) -> &NetworkLayers {
		&self.layers
	}

	/// Number of features.
	pub fn features(&self) -> usize {
		self.layers.feature_bits.len()
	}

	/// Number of encrypted bits.
	pub fn bits(&self) -> usize {
		self.layers.bits()
	}

	/// Number of integers that decryption gives.
	pub fn outputs(&self) -> usize {
		self.layers.weights.len()
	}

	/// The gadget of the selectors.
	pub fn gadget(&self) -> SelectorGadget {
		SELECTOR_GADGETS[usize::from(self.choice.gadget)]
	}

	/// How the outputs lie in a result.
	pub fn encoding(&self) -> &ResultEncoding {
		&self.encoding
	}

	/// Limbs of an activation times digits of a weight: ciphertext integers per output.
	pub fn limbs(&self) -> usize {
		self.choice.limbs * self.choice.weight_digits
	}

	/// Slots of an input.
	pub fn slots(&self) -> usize {
		self.bits() * self.gadget().mask.levels as usize
	}

	/// Predicted standard deviation of the result's noise, log2 relative to q.
	pub fn noise_log2(&self) -> f64 {
		self.total_noise().log2_relative()
	}

	pub(crate) fn total_noise(&self) -> Variance {
		self.noise + Variance::modulus_switch(self.encoding.result_bits)
	}

	/// Exact length of an input in bytes.
	pub fn input_bytes(&self) -> usize {
		EncryptedInput::encoded_len(self.slots())
	}

	/// Exact length of a result in bytes.
	pub fn result_bytes(&self) -> usize {
		self.encoding.result_bytes()
	}

	/// External products of all blind rotations.
	fn rotations(&self) -> u64 {
		let steps = self.layers.hidden.iter().flat_map(|unit| &unit.steps);
		steps.filter(|&&step| step != 0).count() as u64
	}

	/// Number-theoretic transforms of one evaluation.
	pub fn transforms(&self) -> u64 {
		let expansion = expansion_transforms(self.slots() as u64);
		let packed = (self.combinations() + 11) as u64;
		expansion + self.rotations() * (self.gadget().transforms()) + packed * 20
	}

	/// Estimated nanoseconds of one core for one evaluation.
	pub fn nanoseconds(&self) -> u64 {
		let packed = (self.combinations() + 11) as u64;
		let combined = packed * self.layers.hidden.len() as u64 * 2_000;
		self.slots() as u64 * SLOT_NANOSECONDS
			+ (self.rotations() * self.gadget().transforms() + packed * 20) * TRANSFORM_NANOSECONDS
			+ combined
	}

	/// Bytes of memory that one evaluation takes, besides the server key.
	pub fn memory_bytes(&self) -> u64 {
		let outputs = self.combinations().next_power_of_two();
		memory_bytes(self.slots() + self.layers.hidden.len() + 2 * outputs)
	}

	/// The first hidden unit whose argument leaves its table.
	pub(crate) fn out_of_range(&self, x: &[i64]) -> Option<usize> {
		let bits = self.layers.input_bits(x);
		let leaves = |unit: &HiddenUnit| {
			usize::try_from(unit.argument(&bits)).map_or(true, |at| at >= unit.table.len())
		};
		self.layers.hidden.iter().position(leaves)
	}

	/// The outputs on quantised features that are in range; what decryption gives.
	pub fn evaluate_clear(&self, x: &[i64]) -> Vec<i64> {
		let bits = self.layers.input_bits(x);
		let activation = |unit: &HiddenUnit| {
			let at = usize::try_from(unit.argument(&bits)).unwrap_or_default();
			i64::from(unit.table.get(at).copied().unwrap_or_default())
		};
		let activations: Vec<i64> = self.layers.hidden.iter().map(activation).collect();
		let output = |weights: &Vec<i32>| {
			weights.iter().zip(&activations).map(|(&weight, a)| i64::from(weight) * a).sum()
		};
		self.layers.weights.iter().map(output).collect()
	}

	/// Lowest and highest value of each output, whatever the features are.
	pub fn output_ranges(&self) -> Vec<(i64, i64)> {
		let extremes = |unit: &HiddenUnit| {
			let values = || unit.table.iter().map(|&value| i64::from(value));
			(values().min().unwrap_or_default(), values().max().unwrap_or_default())
		};
		let extremes: Vec<(i64, i64)> = self.layers.hidden.iter().map(extremes).collect();
		let weights = self.layers.weights.iter();
		weights.map(|row| reach(row.iter().map(|&w| w.into()), &extremes)).collect()
	}

	/// The polynomial of a unit's table: limb r of table\[i\] in coefficient r N / limbs + i.
	pub(crate) fn table_coefficients(&self, unit: &HiddenUnit) -> Vec<u64> {
		let Choice { limbs, limb_bits, .. } = self.choice;
		let mask = (1u64 << limb_bits) - 1;
		let limb = |limb: usize| {
			let shift = limb as u32 * limb_bits;
			unit.table.iter().map(move |&value| limb_of(value, shift) & mask)
		};
		(0..limbs).flat_map(limb).map(|value| value << self.encoding.unit_log2).collect()
	}

	/// The rows of digits that are combined: for each output and digit, one digit per hidden unit.
	pub(crate) fn digit_rows(&self) -> Vec<Vec<i64>> {
		digit_rows(&self.layers, self.choice)
	}

	/// How many combinations of hidden units there are: one per output and digit of its weights.
	pub(crate) fn combinations(&self) -> usize {
		self.outputs() * self.choice.weight_digits
	}

	/// Integers that lie next to each other in a result: limbs are N / limbs apart.
	pub(crate) fn table_len(&self) -> usize {
		POLYNOMIAL_SIZE / self.choice.limbs
	}

	/// Puts limbs and digits together: `values` are all digits of all outputs for the first limb,
	/// then for the next.
	pub(crate) fn combine(&self, values: &[i64]) -> Vec<i64> {
		let Choice { limb_bits, weight_base, weight_digits, .. } = self.choice;
		let mut outputs = vec![0i64; self.outputs()];
		let rows = self.combinations();
		for (limb, values) in values.chunks_exact(rows).enumerate() {
			for (output, digits) in outputs.iter_mut().zip(values.chunks_exact(weight_digits)) {
				let whole = digits
					.iter()
					.rev()
					.fold(0i64, |sum, &d| sum.wrapping_mul(weight_base.into()).wrapping_add(d));
				*output = output.wrapping_add(whole.wrapping_shl(limb as u32 * limb_bits));
			}
		}
		outputs
	}

	/// Fixed fields (features, hidden units, outputs: u16; log2 of the table's length, gadget,
	/// limb bits, weight base, weight digits, unit, result bits: u8; zeros), then as base-128
	/// integers the bits of the features; base, steps and the table's differences of each unit; the
	/// weights.
	pub fn to_bytes(&self) -> Vec<u8> {
		let NetworkLayers { feature_bits, hidden, weights } = &self.layers;
		let mut bytes = Vec::new();
		for count in [feature_bits.len(), hidden.len(), weights.len()] {
			bytes.extend((count as u16).to_le_bytes());
		}
		let Choice { gadget, limb_bits, weight_base, weight_digits, .. } = self.choice;
		bytes.extend([self.table_len().ilog2() as u8, gadget, limb_bits as u8, weight_base as u8]);
		bytes.extend([weight_digits as u8, self.encoding.unit_log2 as u8]);
		bytes.extend([self.encoding.result_bits as u8, 0, 0, 0]);
		for &bits in feature_bits {
			varint::write(bits.into(), &mut bytes);
		}
		for unit in hidden {
			varint::write_signed(unit.base.into(), &mut bytes);
			for &step in &unit.steps {
				varint::write_signed(step.into(), &mut bytes);
			}
			let mut before = 0;
			for &value in &unit.table {
				varint::write_signed(i64::from(value) - before, &mut bytes);
				before = i64::from(value);
			}
		}
		for &weight in weights.iter().flatten() {
			varint::write_signed(weight.into(), &mut bytes);
		}
		bytes
	}

	/// Reads what [`NetworkCircuit::to_bytes`] wrote, and checks it against the noise budget.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, NetworkCircuitError> {
		read(bytes).ok_or(NetworkCircuitError::Malformed)?
	}
}

fn read(bytes: &[u8]) -> Option<Result<NetworkCircuit, NetworkCircuitError>> {
	let (fixed, mut rest) = bytes.split_first_chunk::<FIXED_BYTES>()?;
	let [
		f0,
		f1,
		h0,
		h1,
		o0,
		o1,
		table_log2,
		gadget,
		limb_bits,
		base,
		digits,
		unit,
		result,
		zeros @ ..,
	] = *fixed;
	let count = |low, high| usize::from(u16::from_le_bytes([low, high]));
	let (features, hidden, outputs) = (count(f0, f1), count(h0, h1), count(o0, o1));
	let sizes = features <= MAX_FEATURES && hidden <= MAX_HIDDEN && outputs <= MAX_OUTPUTS;
	let table_len = 1usize.checked_shl(table_log2.into()).filter(|&len| len <= POLYNOMIAL_SIZE)?;
	let choice = Choice {
		gadget,
		limbs: POLYNOMIAL_SIZE / table_len,
		limb_bits: limb_bits.into(),
		weight_base: base.into(),
		weight_digits: digits.into(),
	};
	let choices = usize::from(gadget) < SELECTOR_GADGETS.len()
		&& (1..=16).contains(&limb_bits)
		&& base % 2 == 1
		&& base >= 3
		&& (1..=20).contains(&digits)
		&& (outputs * usize::from(digits)).next_power_of_two() <= table_len;
	if zeros != [0; 3] || !sizes || !choices {
		return None;
	}
	let bytes = &mut rest;
	let signed = |bytes: &mut &[u8]| i32::try_from(varint::read_signed(bytes)?).ok();
	let feature_bits = (0..features)
		.map(|_| u32::try_from(varint::read(bytes)?).ok().filter(|&bits| bits <= MAX_FEATURE_BITS))
		.collect::<Option<Vec<u32>>>()?;
	let bits: usize = feature_bits.iter().map(|&bits| bits as usize).sum();
	let units = (0..hidden).map(|_| {
		let base = signed(bytes)?;
		let steps = (0..bits).map(|_| signed(bytes)).collect::<Option<_>>()?;
		let mut value = 0;
		let table = (0..table_len).map(|_| {
			value += i64::from(signed(bytes)?);
			u16::try_from(value).ok()
		});
		Some(HiddenUnit { base, steps, table: table.collect::<Option<_>>()? })
	});
	let hidden_units = units.collect::<Option<Vec<_>>>()?;
	let weights = (0..outputs)
		.map(|_| (0..hidden).map(|_| signed(bytes)).collect::<Option<Vec<i32>>>())
		.collect::<Option<Vec<_>>>()?;
	if !bytes.is_empty() {
		return None;
	}
	let layers = NetworkLayers { feature_bits, hidden: hidden_units, weights };
	Some(with_choice(layers, choice, unit.into(), result.into()))
}

fn with_choice(
	layers: NetworkLayers,
	choice: Choice,
	unit_log2: u32,
	result_bits: u32,
) -> Result<NetworkCircuit, NetworkCircuitError> {
	check(&layers)?;
	let fits =
		|value: u16| u32::from(value) >> (choice.limb_bits * choice.limbs as u32).min(31) == 0;
	if !layers.hidden.iter().flat_map(|unit| &unit.table).all(|&value| fits(value)) {
		return Err(NetworkCircuitError::Budget);
	}
	let noise = total_noise(&layers, choice);
	let encoding = ResultEncoding::new(unit_log2, result_bits, noise, &ranges(&layers, choice));
	match encoding {
		Some(encoding) if digit_sums_fit(&layers, choice) => {
			NetworkCircuit { layers, choice, encoding, noise }.check_memory()
		},
		_ => Err(NetworkCircuitError::Budget),
	}
}

/// Whether an i64 holds every combination of residues.
fn digit_sums_fit(layers: &NetworkLayers, choice: Choice) -> bool {
	let sum = |row: &Vec<i64>| row.iter().map(|digit| digit.abs()).sum::<i64>();
	digit_rows(layers, choice).iter().map(sum).all(|sum| sum < MAX_DIGIT_SUM)
}

fn digit_rows(layers: &NetworkLayers, choice: Choice) -> Vec<Vec<i64>> {
	let Choice { weight_base, weight_digits, .. } = choice;
	let rows = layers.weights.iter().flat_map(|weights| {
		let all: Vec<Vec<i64>> = weights
			.iter()
			.map(|&weight| digits(weight, weight_base, weight_digits).collect())
			.collect();
		(0..weight_digits).map(move |digit| all.iter().map(|weight| weight[digit]).collect())
	});
	rows.collect()
}

/// Lowest and highest value of each integer in a result, in the order that `combine` takes.
fn ranges(layers: &NetworkLayers, choice: Choice) -> Vec<(i64, i64)> {
	let mask = (1u64 << choice.limb_bits) - 1;
	let rows = digit_rows(layers, choice);
	let limb = |limb: usize| {
		let extremes = layers.hidden.iter().map(|unit| {
			let shift = limb as u32 * choice.limb_bits;
			let values = || unit.table.iter().map(|&value| (limb_of(value, shift) & mask) as i64);
			(values().min().unwrap_or_default(), values().max().unwrap_or_default())
		});
		let extremes: Vec<(i64, i64)> = extremes.collect();
		rows.iter().map(|row| reach(row.iter().copied(), &extremes)).collect::<Vec<_>>()
	};
	(0..choice.limbs).flat_map(limb).collect()
}

/// Lowest and highest sum of products of weights with integers between these extremes.
fn reach(weights: impl Iterator<Item = i64>, extremes: &[(i64, i64)]) -> (i64, i64) {
	weights.zip(extremes).fold((0, 0), |(low, high), (weight, &(least, most))| {
		let (a, b) = (weight * least, weight * most);
		(low + a.min(b), high + a.max(b))
	})
}

/// Noise of one hidden unit: one external product per bit.
fn unit_noise(layers: &NetworkLayers, choice: Choice) -> Variance {
	let gadget = SELECTOR_GADGETS[usize::from(choice.gadget)];
	let product = Variance::external_product(gadget, Variance::expanded(), 1.0);
	let products = |unit: &HiddenUnit| unit.steps.iter().filter(|&&step| step != 0).count();
	let most = layers.hidden.iter().map(products).max().unwrap_or_default();
	product.times(most as f64)
}

/// Noise of the combination with the largest digits, and of the packing.
fn total_noise(layers: &NetworkLayers, choice: Choice) -> Variance {
	let squares = |row: &Vec<i64>| row.iter().map(|&digit| (digit * digit) as f64).sum::<f64>();
	let largest = digit_rows(layers, choice).iter().map(squares).fold(0.0, f64::max);
	unit_noise(layers, choice).times(largest) + Variance::packing()
}

fn check(layers: &NetworkLayers) -> Result<(), NetworkCircuitError> {
	let NetworkLayers { feature_bits, hidden, weights } = layers;
	let sizes = (1..=MAX_FEATURES).contains(&feature_bits.len())
		&& (1..=MAX_BITS).contains(&layers.bits())
		&& feature_bits.iter().all(|&bits| bits <= MAX_FEATURE_BITS)
		&& (1..=MAX_HIDDEN).contains(&hidden.len())
		&& (1..=MAX_OUTPUTS).contains(&weights.len());
	if !sizes {
		return Err(NetworkCircuitError::Size);
	}
	let table_len = hidden.first().map_or(0, |unit| unit.table.len());
	let bits = layers.bits();
	let is_table = table_len.is_power_of_two() && (32..=POLYNOMIAL_SIZE).contains(&table_len);
	let unit_fits = |unit: &HiddenUnit| unit.table.len() == table_len && unit.steps.len() == bits;
	if let Some(at) = hidden.iter().position(|unit| !is_table || !unit_fits(unit)) {
		return Err(NetworkCircuitError::Shape(at));
	}
	let row_fits = |row: &Vec<i32>| {
		row.len() == hidden.len() && row.iter().all(|weight| weight.unsigned_abs() <= MAX_WEIGHT)
	};
	match weights.iter().position(|row| !row_fits(row)) {
		Some(at) => Err(NetworkCircuitError::Shape(at)),
		None => Ok(()),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn digits_put_together_give_the_weight() {
		for base in [3, 5, 9] {
			for value in -121..=121 {
				let digits: Vec<i64> = digits(value, base, 5).collect();
				let whole = digits.iter().rev().fold(0, |sum, digit| sum * i64::from(base) + digit);
				assert_eq!(whole, i64::from(value));
				assert!(digits.iter().all(|digit| digit.unsigned_abs() <= u64::from(base / 2)));
			}
		}
	}
}
