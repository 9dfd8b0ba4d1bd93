//! Predicted against measured noise, step by step.

mod bootstrapping;
mod circuits;
mod steps;

use crate::{
	ClientKey, PreparedServerKey,
	algorithms::{
		encryption::RlweEncryptor,
		expansion::{ExpansionBuffers, Wanted, entry_position, expand},
	},
	entities::rlwe::RLWE_SIZE,
	math::{
		kernels,
		modular::{self, mul, to_signed},
		params::{MODULUS, POLYNOMIAL_SIZE},
		ring::{self, Polynomial},
	},
	new_seeder,
	noise::Variance,
	sampling,
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
		kernels::mul_assign(product.as_mut(), mask);
		let mut phase = body.to_vec();
		kernels::sub_assign(&mut phase, product.as_ref());
		ring::inverse(&mut phase);
		phase.into()
	}

	/// Encrypts one residue per entry, and expands all of them.
	fn expanded(&self, messages: &[u64]) -> Vec<u64> {
		let wanted: Vec<usize> = (0..messages.len()).collect();
		self.expanded_to(messages, Wanted::entries(&wanted))
	}

	/// Encrypts one residue per entry, and expands what is wanted.
	fn expanded_to(&self, messages: &[u64], wanted: Wanted<'_>) -> Vec<u64> {
		let encryptor = RlweEncryptor::new(&self.client.secret, new_seeder().as_mut());
		let inverse = modular::pow(POLYNOMIAL_SIZE as u64, MODULUS - 2);
		let mut packed = Polynomial::zero();
		for (entry, &message) in messages.iter().enumerate() {
			packed.as_mut()[entry_position(entry)] = mul(message, inverse);
		}
		let body = encryptor.body(0, &packed);
		let bodies: Vec<u64> =
			(0..messages.len()).map(|entry| body.as_ref()[entry_position(entry)]).collect();
		let mask = sampling::mask(&encryptor.mask_seed(), 0);
		let mut wide = vec![0; wanted.wide.len() * RLWE_SIZE];
		let mut rows = vec![0; wanted.entries.len() * RLWE_SIZE];
		let mut buffers = ExpansionBuffers::default();
		expand(&self.server, &mask, &bodies, wanted, &mut buffers, &mut wide, &mut rows);
		wide.append(&mut rows);
		wide
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
