//! The steps of an evaluation.

use super::{Keys, assert_predicted, constant, keys, squared_noise};
use crate::{
	algorithms::{
		expansion::{Cut, Wanted},
		external_product::add_products,
		modulus_switch::switch,
		packing::{pack, packed_position},
	},
	entities::rlwe::{RLWE_SIZE, mask_and_body_mut},
	math::{
		modular::{self, mul, to_signed},
		params::{MODULUS, POLYNOMIAL_SIZE},
		ring::Polynomial,
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	noise::Variance,
	sampling::{self, secrets},
};

#[test]
fn expansion() {
	let keys = keys();
	for entries in [37, 2048] {
		let messages: Vec<u64> = (0..entries).map(|entry| (entry % 2) << 45).collect();
		let rows = keys.expanded(&messages);
		let squares: Vec<f64> = rows
			.chunks_exact(RLWE_SIZE)
			.zip(&messages)
			.map(|(row, &message)| squared_noise(&keys.phase(row), &constant(message)))
			.collect();
		let mean = squares.iter().sum::<f64>() / squares.len() as f64;
		assert_predicted(&format!("expansion of {entries} entries"), mean, Variance::expanded());
		if entries == 2048 {
			let noise = |(row, &message): (&[u64], &u64)| {
				to_signed(modular::sub(keys.phase(row).as_ref()[0], message)) as f64
			};
			let squares = rows.chunks_exact(RLWE_SIZE).zip(&messages).map(noise).map(|e| e * e);
			let mean = squares.sum::<f64>() / rows.chunks_exact(RLWE_SIZE).len() as f64;
			let predicted = Variance::expanded_constant();
			assert_predicted("expansion, where the message is", mean, predicted);
		}
	}
}

/// Every entry where a ciphertext in the middle of the expansion has it, and nothing where none has.
#[test]
fn middle_of_an_expansion() {
	let keys = keys();
	let messages: Vec<u64> = (0..2048).map(|entry| (entry * entry % 3) << 45).collect();
	for coefficients in [1, 3, 16, 40, 256] {
		let cut = Cut::with_distance(coefficients);
		let wide: Vec<usize> = (0..messages.len() / cut.entries()).collect();
		let rows = keys.expanded_to(&messages, Wanted { cut, wide: &wide, entries: &[] });
		let phases: Vec<Polynomial> =
			rows.chunks_exact(RLWE_SIZE).map(|row| keys.phase(row)).collect();
		let noise = |at: usize, position: usize, message: u64| {
			let value = phases[at].as_ref()[position];
			to_signed(modular::sub(mul(value, cut.entries() as u64), message)) as f64
		};
		let squares = messages.iter().enumerate().map(|(entry, &message)| {
			noise(entry / cut.entries(), cut.position(entry), message).powi(2)
		});
		let mean = squares.sum::<f64>() / messages.len() as f64;
		let step = format!("{} entries in a ciphertext", cut.entries());
		assert_predicted(&step, mean, Variance::constant_after(cut.stages()));
		for between in 1..coefficients {
			assert!(noise(0, between, 0).abs() < (1u64 << 40) as f64);
		}
	}
	assert_eq!(Cut::with_distance(257), Cut::END);
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
		let mask = sampling::mask(&[sample as u8; 16], 1);
		let message = sampling::mask(&[sample as u8; 16], 2);
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
		let predicted = Variance::external_product(gadget, Variance::expanded(), 1.0);
		let measured = external_product_noise(&keys, gadget);
		assert_predicted(&format!("external product {:?}", gadget.mask), measured, predicted);
	}
}

#[test]
fn fresh_encryption() {
	let squares: f64 = (0..64)
		.map(|index| squared_noise(&secrets::noise(&[1; 16], index), &Polynomial::zero()))
		.sum();
	assert_predicted("fresh encryption", squares / 64.0, Variance::FRESH);
}

#[test]
fn modulus_switch() {
	let keys = keys();
	for bits in [12, 20] {
		let mut squares = 0.0;
		for sample in 0..16 {
			let mask = sampling::mask(&[sample; 16], 1);
			let message = sampling::mask(&[sample; 16], 2);
			let mut body = mask.to_ntt().mul(&keys.client.secret.to_ntt());
			body.add_assign(&message);
			// There and back again: going back rounds by less than one residue.
			let round_trip = |values: &Polynomial| {
				let back = |&x: &u64| (u128::from(switch(x, bits)) * u128::from(MODULUS)) >> bits;
				let coefficients: Vec<u64> =
					values.as_ref().iter().map(|x| back(x) as u64).collect();
				Polynomial::from(coefficients).into_ntt()
			};
			let switched = [round_trip(&mask).as_ref(), round_trip(&body).as_ref()].concat();
			squares += squared_noise(&keys.phase(&switched), &message);
		}
		let predicted = Variance::modulus_switch(bits);
		assert_predicted(&format!("modulus switch to {bits} bits"), squares / 16.0, predicted);
	}
}

#[test]
fn packing() {
	let keys = keys();
	let steps = POLYNOMIAL_SIZE.ilog2();
	let (mut squares, mut count) = (0.0, 0);
	for sample in 0..4 {
		let messages: Vec<Polynomial> =
			(0..64).map(|index| sampling::mask(&[sample; 16], index)).collect();
		let encrypt = |(index, message): (u64, &Polynomial)| {
			let mask = sampling::mask(&[sample + 100; 16], index);
			let mut body = mask.to_ntt().mul(&keys.client.secret.to_ntt());
			body.add_assign(message);
			[mask.as_ref(), body.as_ref()].concat()
		};
		let ciphertexts = (0..).zip(&messages).map(encrypt).collect();
		let packed = pack(&keys.server, ciphertexts, steps);
		let phase = keys.phase(packed.as_ref());
		for (number, message) in messages.iter().enumerate() {
			let expected = mul(message.as_ref()[0], 1 << steps);
			let found = phase.as_ref()[packed_position(number, steps)];
			squares += (to_signed(modular::sub(found, expected)) as f64).powi(2);
			count += 1;
		}
	}
	assert_predicted("packing", squares / f64::from(count), Variance::packing());
}
