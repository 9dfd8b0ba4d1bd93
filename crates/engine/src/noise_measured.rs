//! Predicted against measured noise, step by step.

use crate::{
	Circuit, ClientKey, EvaluationBuffers, ForestCircuit, LinearCircuit, NetworkCircuit,
	PreparedServerKey,
	algorithms::{
		expansion::{ExpansionBuffers, Wanted, expand, slot_position},
		external_product::add_products,
		packing::{pack, packed_position},
		rlwe::RlweEncryptor,
	},
	entities::{
		forest::{Node, Tree},
		input::EncryptedInput,
		network::{HiddenUnit, NetworkLayers},
		result::EncryptedResult,
		result_encoding::ResultEncoding,
		rlwe::{RLWE_SIZE, mask_and_body_mut},
		selector::{SELECTOR_GADGETS, SelectorGadget},
		switched_result::{SwitchedResult, switch},
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
		expand(
			&self.server,
			&mask,
			&bodies,
			Wanted { octets: &[], slots: &wanted },
			&mut buffers,
			&mut rows,
		);
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
		if slots == 2048 {
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
		let predicted = Variance::external_product(gadget, Variance::expanded(), 1.0);
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

#[test]
fn modulus_switch() {
	let keys = keys();
	for bits in [12, 20] {
		let mut squares = 0.0;
		for sample in 0..16 {
			let mask = random::mask(&[sample; 16], 1);
			let message = random::mask(&[sample; 16], 2);
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
			(0..64).map(|index| random::mask(&[sample; 16], index)).collect();
		let encrypt = |(index, message): (u64, &Polynomial)| {
			let mask = random::mask(&[sample + 100; 16], index);
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

/// Mean squared noise of the integers in the results of a circuit.
fn result_noise(
	keys: &Keys,
	circuit: &Circuit,
	encoding: &ResultEncoding,
	positions: &[usize],
	samples: u64,
) -> f64 {
	let secret = keys.client.secret.as_ref();
	let (bits, unit_log2) = (encoding.result_bits, encoding.unit_log2);
	let mut buffers = EvaluationBuffers::default();
	let (mut squares, mut count) = (0.0, 0);
	for sample in 0..samples {
		let x: Vec<i64> = (0..circuit.inputs() as u64)
			.map(|at| {
				(at.wrapping_mul(0x9e37_79b9) ^ sample.wrapping_mul(0x85eb_ca6b)) as i64 >> 7 & 1
			})
			.collect();
		let input = keys.client.encrypt(circuit, [0; 32], &x, new_seeder().as_mut()).unwrap();
		let result = circuit.evaluate(Some(&keys.server), &input, &mut buffers).unwrap();
		let result = SwitchedResult::from_bytes(&result, positions.len(), bits).unwrap();
		for (&at, &body) in positions.iter().zip(&result.bodies) {
			let product = (0..POLYNOMIAL_SIZE).fold(0i64, |sum, i| {
				let j = (POLYNOMIAL_SIZE + at - i) % POLYNOMIAL_SIZE;
				let term = (result.mask[i] * secret[j]) as i64;
				if i > at { sum - term } else { sum + term }
			});
			let phase = (body as i64 - product) as f64 * MODULUS as f64 / (1u64 << bits) as f64;
			// Whatever the integer is: the distance to the next multiple of the unit.
			let unit = (1u64 << unit_log2) as f64;
			squares += (phase - (phase / unit).round() * unit).powi(2);
			count += 1;
		}
	}
	squares / f64::from(count)
}

/// Full trees with predicates of their own.
fn forest(trees: u32, depth: u32) -> ForestCircuit {
	fn grow(depth: u32, next: &mut u32, nodes: &mut Vec<Node>) {
		if depth == 0 {
			nodes.push(Node::Leaf(vec![(0, nodes.len() as i32 * 7919 % 4001 - 2000)]));
			return;
		}
		let (at, predicate) = (nodes.len(), *next);
		*next += 1;
		nodes.push(Node::Leaf(Vec::new()));
		grow(depth - 1, next, nodes);
		nodes[at] = Node::Split { predicate, one: nodes.len() as u32 };
		grow(depth - 1, next, nodes);
	}
	let mut next = 0;
	let tree = |_| {
		let mut nodes = Vec::new();
		grow(depth, &mut next, &mut nodes);
		Tree { nodes }
	};
	let trees = (0..trees).map(tree).collect();
	ForestCircuit::compile(next as usize, 1, trees).unwrap()
}

#[test]
fn sums_of_trees() {
	let keys = keys();
	for (trees, depth) in [(30, 1), (10, 3), (20, 4)] {
		let forest = forest(trees, depth);
		let (encoding, predicted) = (forest.encoding().clone(), forest.total_noise());
		let positions: Vec<usize> = (0..encoding.coefficients()).collect();
		let measured = result_noise(&keys, &Circuit::Forest(forest), &encoding, &positions, 24);
		assert_predicted(&format!("{trees} trees of depth {depth}"), measured, predicted);
	}
}

#[test]
fn sums_of_trees_with_encrypted_leaves() {
	let keys = keys();
	for (trees, depth) in [(30, 1), (10, 3), (20, 4)] {
		let forest = forest(trees, depth);
		let encrypted = keys.client.encrypt_forest(&forest, false, new_seeder().as_mut()).unwrap();
		let circuit = encrypted.circuit;
		let (encoding, predicted) = (circuit.encoding().clone(), circuit.total_noise());
		let positions: Vec<usize> = circuit.result_positions().collect();
		let circuit = Circuit::EncryptedForest(circuit.into());
		let measured = result_noise(&keys, &circuit, &encoding, &positions, 24);
		let step = format!("{trees} trees of depth {depth} with encrypted leaves");
		assert_predicted(&step, measured, predicted);
	}
}

/// The prediction is for limbs of the largest size, the average limb has a third of their square.
#[test]
fn products_of_encrypted_integers() {
	let keys = keys();
	for features in [30i32, 1000] {
		let weights = (0..features).map(|at| (at * 7919 % 60_001) - 30_000).collect();
		let linear = LinearCircuit::new(features as usize, 8, 2, weights, vec![0]).unwrap();
		let circuit = keys.client.encrypt_linear(&linear, new_seeder().as_mut()).unwrap();
		let predicted = circuit.noise_log2();
		let x: Vec<i64> = (0..features).map(|at| i64::from(at) * 123_456_789 % (1 << 34)).collect();
		let wrapped = Circuit::EncryptedLinear(circuit.clone());
		let (mut squares, mut count) = (0.0, 0);
		for _ in 0..40 {
			let input = keys.client.encrypt(&wrapped, [0; 32], &x, new_seeder().as_mut()).unwrap();
			let result = circuit.evaluate(&input).unwrap();
			let input = EncryptedInput::from_bytes(&input, circuit.slots()).unwrap();
			let result = EncryptedResult::from_bytes(&result, circuit.results()).unwrap();
			for phase in circuit.phases(&keys.client, &input, &result) {
				let unit = (1u64 << (2 * circuit.message_shift())) as f64;
				let phase = phase as f64;
				squares += (phase - (phase / unit).round() * unit).powi(2);
				count += 1;
			}
		}
		let measured = Variance(squares / f64::from(count)).log2_relative();
		println!(
			"{features} features: predicted at most 2^{predicted:.2} of q, measured 2^{measured:.2}"
		);
		assert!(measured < predicted && predicted < measured + 2.5);
	}
}

#[test]
fn networks() {
	let keys = keys();
	let unit = |number: i32| HiddenUnit {
		base: 500,
		steps: (0..40)
			.map(|at| (at * 37 + number * 11) % 19 - 9)
			.map(|t| t + (t == 0) as i32)
			.collect(),
		table: (0..1024).map(|at| (at % 61) as u16).collect(),
	};
	let layers = NetworkLayers {
		feature_bits: vec![1; 40],
		hidden: (0..8).map(unit).collect(),
		// All of one size: the prediction is for the largest combination.
		weights: vec![vec![1, -1, 1, 1, -1, 1, -1, -1]; 6],
	};
	let network = NetworkCircuit::compile(layers).unwrap();
	let (encoding, predicted) = (network.encoding().clone(), network.total_noise());
	let positions: Vec<usize> = network.result_positions().collect();
	let measured = result_noise(&keys, &Circuit::Network(network), &encoding, &positions, 24);
	assert_predicted("network of 8 units over 40 bits", measured, predicted);
}
