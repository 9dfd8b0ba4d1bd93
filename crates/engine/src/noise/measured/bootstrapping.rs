//! The steps of a bootstrap.

use super::{Keys, assert_predicted, constant, squared_noise};
use crate::{
	BootstrapKey, ClientKey, PreparedServerKey, ServerKey,
	algorithms::{
		bootstrapping::{
			bootstrap,
			rotation::rotate_all,
			selectors::{Selectors, expand_selectors, residues_of_selector},
			switches::{switch_key, switch_modulus},
		},
		encryption::{RlweEncryptor, encrypt_entries, pair_entries},
		expansion::{EvaluationBuffers, Packed},
	},
	entities::rlwe::RLWE_SIZE,
	math::{
		bootstrap_params::{BOOTSTRAP_GADGETS, PATTERNS},
		modular::{self, to_signed},
		params::{MODULUS, POLYNOMIAL_SIZE},
		ring::Polynomial,
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	new_seeder,
	noise::Variance,
	sampling,
};
use std::sync::LazyLock;

struct BootstrapKeys {
	keys: Keys,
	server_key: ServerKey,
	small: Polynomial,
	key: BootstrapKey,
}

static KEYS: LazyLock<BootstrapKeys> = LazyLock::new(|| {
	let mut seeder = new_seeder();
	let (client, server_key) = ClientKey::generate(seeder.as_mut());
	let (small, key) = client.bootstrap_key_with_secret(seeder.as_mut());
	let server = PreparedServerKey::new(&server_key).with_bootstrap_key(&key).unwrap();
	BootstrapKeys {
		keys: Keys { client, server },
		server_key,
		small: Polynomial::clone(&small),
		key,
	}
});

impl BootstrapKeys {
	/// A noiseless encryption.
	fn encrypt(&self, message: &Polynomial, sample: u8) -> Vec<u64> {
		let mask = sampling::mask(&[sample; 16], 1);
		let mut body = mask.to_ntt().mul(&self.keys.client.secret.to_ntt());
		body.add_assign(message);
		[mask.as_ref(), body.as_ref()].concat()
	}

	/// The phase of coefficients under the small secret.
	fn small_phase(&self, rlwe: &[u64]) -> Polynomial {
		let (mask, body) = rlwe.split_at(POLYNOMIAL_SIZE);
		let product = Polynomial::from(mask.to_vec()).into_ntt().mul(&self.small.to_ntt());
		let phases = body.iter().zip(product.as_ref()).map(|(&b, &p)| modular::sub(b, p));
		Polynomial::from(phases.collect::<Vec<_>>())
	}

	/// The phase of coefficients under s.
	fn phase(&self, rlwe: &[u64]) -> Polynomial {
		let mut transforms = rlwe.to_vec();
		transforms.chunks_exact_mut(POLYNOMIAL_SIZE).for_each(crate::math::ring::forward);
		self.keys.phase(&transforms)
	}

	/// Whole selectors of the pairs of these bits.
	fn selectors(&self, bits: &[u64], gadget: SelectorGadget) -> Vec<u64> {
		let encryptor = RlweEncryptor::new(&self.keys.client.secret, new_seeder().as_mut());
		let bodies = encrypt_entries(&pair_entries(bits, gadget), 0, 0, &encryptor);
		let packed = Packed { mask_seed: encryptor.mask_seed(), first_index: 0, bodies: &bodies };
		let square = &self.keys.server.bootstrap().unwrap().square;
		let selectors = Selectors { packed, gadget };
		let pairs = 0..bits.len().div_ceil(2);
		let buffers = &mut EvaluationBuffers::default();
		expand_selectors(&self.keys.server, square, &selectors, pairs, buffers)
	}
}

/// Multiplies by X^`power`.
fn moved(polynomial: &[u64], power: usize) -> Polynomial {
	let mut moved = vec![0; POLYNOMIAL_SIZE];
	crate::entities::rlwe::rotate(polynomial, -(power as i32), &mut moved);
	Polynomial::from(moved)
}

#[test]
fn rows_of_selectors() {
	let keys = &*KEYS;
	let bits = [1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1];
	for gadget in BOOTSTRAP_GADGETS {
		let selectors = keys.selectors(&bits, gadget);
		let size = residues_of_selector(gadget);
		let (rows, levels) = (size / RLWE_SIZE, gadget.mask.levels as usize);
		let (mut minus_secret, mut plain) = ([0.0, 0.0], [0.0, 0.0]);
		for (number, selector) in selectors.chunks_exact(size).enumerate() {
			let (pair, pattern) = (number / PATTERNS, number % PATTERNS);
			let (x, y) = (bits[2 * pair], bits[2 * pair + 1]);
			let bit = u64::from((x, y) == [(1, 0), (0, 1), (1, 1)][pattern]);
			for row in 0..rows {
				// 16 residues of the mask, then as many of the body, row by row.
				let part = |component: usize| {
					let blocks = selector.as_chunks::<16>().0.iter();
					blocks.skip(2 * row + component).step_by(2 * rows).flatten().copied()
				};
				let phase = keys.keys.phase(&part(0).chain(part(1)).collect::<Vec<_>>());
				let (sums, expected) = if row < levels {
					let scaled = keys.keys.client.secret.scale(bit * gadget.mask.scale(row as u32));
					let negated =
						scaled.as_ref().iter().map(|&s| modular::neg(s)).collect::<Vec<_>>();
					(&mut minus_secret, Polynomial::from(negated))
				} else {
					let scale = gadget.body().scale((row - levels) as u32);
					(&mut plain, constant(bit * scale))
				};
				sums[0] += squared_noise(&phase, &expected);
				sums[1] += 1.0;
			}
		}
		let mean = |[sum, count]: [f64; 2]| sum / count;
		assert_predicted("rows of -s", mean(minus_secret), Variance::minus_secret_row());
		assert_predicted("rows without s", mean(plain), Variance::expanded());
	}
}

#[test]
fn key_switch_to_the_small_secret() {
	let keys = &*KEYS;
	let bootstrap_key = keys.keys.server.bootstrap().unwrap();
	let mut squares = 0.0;
	for sample in 0..8 {
		let message = sampling::mask(&[sample; 16], 2);
		let switched = switch_key(bootstrap_key, &keys.encrypt(&message, sample));
		squares += squared_noise(&keys.small_phase(&switched), &message);
	}
	assert_predicted("key switch", squares / 8.0, Variance::switch_to_small());
}

/// Its variance, and that its mean is taken off.
#[test]
fn centred_modulus_switch() {
	let keys = &*KEYS;
	let (mut squares, mut sum, mut count) = (0.0, 0.0, 0.0);
	for sample in 0..4 {
		let mask = sampling::mask(&[sample; 16], 1);
		let body = sampling::mask(&[sample; 16], 2);
		let rlwe = [mask.as_ref(), body.as_ref()].concat();
		let phase = keys.small_phase(&rlwe);
		for at in 0..POLYNOMIAL_SIZE {
			let switched = switch_modulus(&rlwe, at);
			let product: u64 = switched
				.mask
				.iter()
				.zip(keys.small.as_ref())
				.map(|(&a, &z)| u64::from(a) * z)
				.sum();
			let steps = 2 * POLYNOMIAL_SIZE as u64;
			let found = (u64::from(switched.body) + steps * steps - product) % steps;
			let mut error =
				found as f64 / steps as f64 - phase.as_ref()[at] as f64 / MODULUS as f64;
			error -= error.round();
			squares += (error * MODULUS as f64).powi(2);
			sum += error * MODULUS as f64;
			count += 1.0;
		}
	}
	let predicted = Variance::centred_modulus_switch();
	assert_predicted("centred modulus switch", squares / count, predicted);
	// Coefficients of a polynomial have correlated errors, hence more than 1 / sqrt(count).
	let mean = sum / count / predicted.0.sqrt();
	assert!(mean.abs() < 0.2, "mean {mean} standard deviations");
}

/// With any gadget of selectors, since the first layer of a network takes any.
#[test]
fn rotations_by_encrypted_bits() {
	let keys = &*KEYS;
	let bits: Vec<u64> = (0..97).map(|at| at * 7 % 11 % 2).collect();
	let step = |accumulator: usize, bit: usize| (accumulator * 577 + bit * 1337 + 1) % 4096;
	for gadget in SELECTOR_GADGETS {
		let selectors = keys.selectors(&bits, gadget);
		let tables: Vec<Polynomial> = (0..3).map(|at| sampling::mask(&[at; 16], 3)).collect();
		let mut accumulators: Vec<Vec<u64>> =
			tables.iter().zip(0..).map(|(table, sample)| keys.encrypt(table, sample)).collect();
		// The last bit is alone, so whatever its partner's step is, nothing moves by it.
		let steps = |at: usize, pair: usize| [step(at, 2 * pair), step(at, 2 * pair + 1)];
		rotate_all(gadget, &selectors, steps, &mut accumulators);
		let mut squares = 0.0;
		for (at, (accumulator, table)) in accumulators.iter().zip(&tables).enumerate() {
			let set = bits.iter().enumerate().filter(|(_, set)| **set == 1);
			let power: usize = set.map(|(bit, _)| step(at, bit)).sum();
			squares +=
				squared_noise(&keys.phase(accumulator), &moved(table.as_ref(), power % 4096));
		}
		let predicted = Variance::pair_step(gadget).times(49.0);
		assert_predicted(&format!("rotation {:?}", gadget.mask), squares / 3.0, predicted);
	}
}

/// The noise of what comes out, and that the argument is where it should be.
#[test]
fn bootstraps() {
	let keys = &*KEYS;
	let server = &keys.keys.server;
	let key = server.bootstrap().unwrap();
	for (number, gadget) in BOOTSTRAP_GADGETS.into_iter().enumerate() {
		let messages = [12_345, MODULUS / 3, MODULUS - 777].map(constant);
		let inputs: Vec<Vec<u64>> = messages
			.iter()
			.zip(7..)
			.map(|(message, sample)| keys.encrypt(message, sample))
			.collect();
		let tables: Vec<Polynomial> = (0..3).map(|at| sampling::mask(&[at; 16], 3)).collect();
		let mut buffers = EvaluationBuffers::default();
		let table = |at: usize| tables[at].as_ref();
		let outputs = bootstrap(server, key, number, &inputs, table, &mut buffers);
		let mut squares = 0.0;
		for ((output, message), table) in outputs.iter().zip(&messages).zip(&tables) {
			let phase = keys.phase(output);
			// The one rotation that leaves small noise only is the argument.
			let noise_of =
				|argument: usize| squared_noise(&phase, &moved(table.as_ref(), 4096 - argument));
			let exact = message.as_ref()[0] as f64 / MODULUS as f64 * 4096.0;
			let near = (-30..=30).map(|offset| (exact as i64 + offset).rem_euclid(4096) as usize);
			let noise = near.map(noise_of).fold(f64::MAX, f64::min);
			squares += noise;
		}
		let predicted = Variance::bootstrapped(gadget);
		assert_predicted(&format!("bootstrap {:?}", gadget.mask), squares / 3.0, predicted);
	}
}

/// From a ciphertext to the argument: both switches together, in many coefficients.
#[test]
fn arguments() {
	let keys = &*KEYS;
	let key = keys.keys.server.bootstrap().unwrap();
	let (mut second, mut fourth, mut count) = (0.0, 0.0, 0.0);
	for sample in 0..4 {
		let message = sampling::mask(&[sample; 16], 2);
		let switched = switch_key(key, &keys.encrypt(&message, sample + 50));
		for at in 0..POLYNOMIAL_SIZE {
			let lwe = switch_modulus(&switched, at);
			let product = lwe.mask.iter().zip(keys.small.as_ref());
			let product: u64 = product.map(|(&a, &z)| u64::from(a) * z).sum();
			let found = (u64::from(lwe.body) + 4096 * 4096 - product) % 4096;
			let mut error = found as f64 / 4096.0 - message.as_ref()[at] as f64 / MODULUS as f64;
			error -= error.round();
			second += error.powi(2);
			fourth += error.powi(4);
			count += 1.0;
		}
	}
	let measured = second / count * (MODULUS as f64).powi(2);
	assert_predicted("argument", measured, Variance::argument());
	// 13.5 deviations of a Gaussian mean 2^-135 only if it is one.
	let kurtosis = fourth / count / (second / count).powi(2);
	assert!((kurtosis - 3.0).abs() < 0.4, "kurtosis {kurtosis}");
}

/// Expanded once or layer by layer, all of them or some: the same bytes.
#[test]
fn kept_selectors_change_nothing() {
	let keys = &*KEYS;
	let server = PreparedServerKey::new(&keys.server_key);
	let mut server = server.with_bootstrap_key(&keys.key).unwrap();
	let inputs = vec![keys.encrypt(&constant(MODULUS / 5), 9)];
	let table = sampling::mask(&[1; 16], 3);
	let outputs = |server: &PreparedServerKey| {
		let key = server.bootstrap().unwrap();
		let buffers = &mut EvaluationBuffers::default();
		bootstrap(server, key, 0, &inputs, |_| table.as_ref(), buffers)
	};
	let expected = outputs(&server);
	for memory_bytes in [0, 50 << 20, 400 << 20] {
		server.keep_selectors(0, memory_bytes);
		assert_eq!(outputs(&server), expected);
	}
	server.keep_selectors(1, 50 << 20);
	assert_eq!(outputs(&server), expected);
	// And they are right: a value of the table near the argument.
	let found = keys.phase(&expected[0]).as_ref()[0];
	let argument = 4096 / 5;
	let near = (argument - 40..argument + 40)
		.map(|at| to_signed(modular::sub(found, table.as_ref()[at])).unsigned_abs());
	assert!(near.min().unwrap() < 1 << 42);
}
