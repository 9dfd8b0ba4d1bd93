//! Predicted against measured noise, step by step.

use crate::{
	ClientKey, PreparedServerKey,
	algorithms::{
		expansion::{ExpansionBuffers, expand, slot_position},
		external_product::add_products,
		rlwe::RlweEncryptor,
	},
	entities::{
		rlwe::{RLWE_SIZE, mask_and_body_mut},
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	modular::{self, mul, to_signed},
	new_seeder,
	noise::Variance,
	params::{MODULUS, POLYNOMIAL_SIZE},
	random,
	ring::Polynomial,
};

struct Keys {
	client: ClientKey,
	server: PreparedServerKey,
}

fn keys() -> Keys {
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	Keys { client, server: PreparedServerKey::new(&server) }
}

impl Keys {
	fn phase(&self, rlwe: &[u64]) -> Polynomial {
		let (mask, body) = rlwe.split_at(POLYNOMIAL_SIZE);
		let mut product = self.client.secret.to_ntt();
		crate::kernels::mul_assign(product.as_mut(), mask);
		let mut phase = body.to_vec();
		crate::kernels::sub_assign(&mut phase, product.as_ref());
		crate::ring::inverse(&mut phase);
		phase.into()
	}

	/// Encrypts one residue per slot, and expands all of them.
	fn expanded(&self, messages: &[u64]) -> Vec<u64> {
		let encryptor = RlweEncryptor::new(&self.client.secret, new_seeder().as_mut());
		let inverse = modular::pow(POLYNOMIAL_SIZE as u64, MODULUS - 2);
		let mut packed = Polynomial::zero();
		for (slot, &message) in messages.iter().enumerate() {
			packed.as_mut()[slot_position(slot)] = mul(message, inverse);
		}
		let body = encryptor.body(0, &packed);
		let bodies: Vec<u64> =
			(0..messages.len()).map(|slot| body.as_ref()[slot_position(slot)]).collect();
		let mask = random::mask(&encryptor.mask_seed(), 0);
		let wanted: Vec<usize> = (0..messages.len()).collect();
		let mut rows = vec![0; messages.len() * RLWE_SIZE];
		let mut buffers = ExpansionBuffers::default();
		expand(&self.server, &mask, &bodies, &wanted, &mut buffers, &mut rows);
		rows
	}
}

/// Average of the squared noise of `found`, whose message is `expected`.
fn squared_noise(found: &Polynomial, expected: &Polynomial) -> f64 {
	let noise = |(&f, &e): (&u64, &u64)| (to_signed(modular::sub(f, e)) as f64).powi(2);
	let sum: f64 = found.as_ref().iter().zip(expected.as_ref()).map(noise).sum();
	sum / POLYNOMIAL_SIZE as f64
}

fn constant(value: u64) -> Polynomial {
	Polynomial::from(vec![value])
}

/// Within one bit, and never optimistic by more than half a bit.
fn assert_predicted(step: &str, measured: f64, predicted: Variance) {
	let difference = predicted.log2_relative() - Variance(measured).log2_relative();
	println!(
		"{step}: predicted 2^{:.2} of q, measured 2^{:.2}",
		predicted.log2_relative(),
		Variance(measured).log2_relative()
	);
	assert!(difference > -0.5, "{step}: optimistic by {} bits", -difference);
	assert!(difference < 1.0, "{step}: pessimistic by {difference} bits");
}

#[test]
fn expansion() {
	let keys = keys();
	for slots in [37, 2048] {
		let messages: Vec<u64> = (0..slots).map(|slot| (slot % 2) << 45).collect();
		let rows = keys.expanded(&messages);
		let squares: Vec<f64> = rows
			.chunks_exact(RLWE_SIZE)
			.zip(&messages)
			.map(|(row, &message)| squared_noise(&keys.phase(row), &constant(message)))
			.collect();
		let mean = squares.iter().sum::<f64>() / squares.len() as f64;
		assert_predicted(&format!("expansion of {slots} slots"), mean, Variance::expanded());
	}
}

fn external_product_noise(keys: &Keys, gadget: SelectorGadget) -> f64 {
	let levels = gadget.mask.levels;
	let samples = 24;
	let bit = |sample: u32| u64::from(!sample.is_multiple_of(3));
	let messages: Vec<u64> = (0..samples)
		.flat_map(|sample| (0..levels).map(move |level| bit(sample) * gadget.mask.scale(level)))
		.collect();
	let rows = keys.expanded(&messages);
	let mut sum = 0.0;
	for (sample, rows) in (0..samples).zip(rows.chunks_exact(levels as usize * RLWE_SIZE)) {
		// A noiseless ciphertext with a random mask.
		let mask = random::mask(&[sample as u8; 16], 1);
		let message = random::mask(&[sample as u8; 16], 2);
		let mut body = mask.to_ntt().mul(&keys.client.secret.to_ntt());
		body.add_assign(&message);
		let coefficients = [mask.as_ref(), body.as_ref()].concat();
		let mut product = vec![0; RLWE_SIZE];
		let parts = mask_and_body_mut(&mut product);
		add_products(&keys.server, rows, gadget, [&coefficients], [parts]);
		let expected = message.scale(bit(sample));
		sum += squared_noise(&keys.phase(&product), &expected);
	}
	sum / f64::from(samples)
}

#[test]
fn external_products() {
	let keys = keys();
	for gadget in SELECTOR_GADGETS {
		let predicted = Variance::external_product(gadget, Variance::expanded());
		let measured = external_product_noise(&keys, gadget);
		assert_predicted(&format!("external product {:?}", gadget.mask), measured, predicted);
	}
}

#[test]
fn fresh_encryption() {
	let squares: f64 = (0..64)
		.map(|index| squared_noise(&random::noise(&[1; 16], index), &Polynomial::zero()))
		.sum();
	assert_predicted("fresh encryption", squares / 64.0, Variance::FRESH);
}
