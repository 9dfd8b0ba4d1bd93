//! Random networks against plain evaluation.

#![allow(clippy::unwrap_used)]

mod common;

use common::evaluate;
use fhe_ml_engine::{
	Circuit, NetworkCircuit,
	circuits::network::{HiddenUnit, NetworkLayers},
};
use proptest::prelude::*;

/// Steps such that every argument stays in the table.
fn layers() -> impl Strategy<Value = NetworkLayers> {
	let sizes = (
		proptest::collection::vec(0u32..4, 1..4),
		1usize..5,
		1usize..4,
		prop_oneof![Just(2048usize), Just(1024), Just(512)],
	);
	let sizes = sizes.prop_filter("no bit", |(bits, ..)| bits.iter().any(|&bits| bits > 0));
	sizes.prop_flat_map(|(feature_bits, hidden, outputs, table_len)| {
		let bits = feature_bits.iter().sum::<u32>() as usize;
		let room = (table_len / 2 / bits) as i32;
		let unit = (
			proptest::collection::vec(-room + 1..room, bits),
			proptest::collection::vec(0u16..200, table_len),
		)
			.prop_map(move |(steps, table)| HiddenUnit {
				base: table_len as i32 / 2,
				steps,
				table,
			});
		(
			Just(feature_bits),
			proptest::collection::vec(unit, hidden),
			proptest::collection::vec(proptest::collection::vec(-120..=120, hidden), outputs),
		)
			.prop_map(|(feature_bits, hidden, weights)| NetworkLayers {
				feature_bits,
				hidden,
				weights,
			})
	})
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(40))]

	#[test]
	fn random_networks_decrypt_to_their_outputs(layers in layers(), seed in any::<u64>()) {
		let x: Vec<i64> = layers
			.feature_bits
			.iter()
			.enumerate()
			.map(|(at, &bits)| (seed.rotate_left(at as u32 * 7) & ((1 << bits) - 1)) as i64)
			.collect();
		let circuit = NetworkCircuit::compile(layers).unwrap();
		prop_assert_eq!(&NetworkCircuit::from_bytes(&circuit.to_bytes()).unwrap(), &circuit);
		let circuit = Circuit::Network(circuit);
		prop_assert_eq!(evaluate(&circuit, &x), circuit.evaluate_clear(&x).unwrap());
	}

	#[test]
	fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
		let _ = NetworkCircuit::from_bytes(&bytes);
	}
}

fn large() -> NetworkLayers {
	let unit = |number: i32| HiddenUnit {
		base: 512,
		steps: (0..256).map(|at| (at * 7 + number) % 5 - 2).collect(),
		table: (0..1024).map(|at| (at - 400).max(0) as u16 / 10).collect(),
	};
	NetworkLayers {
		feature_bits: vec![4; 64],
		hidden: (0..32).map(unit).collect(),
		weights: (0..10)
			.map(|c| (0..32).map(|h| (h * 37 + c * 11) % 241 - 120).collect())
			.collect(),
	}
}

#[test]
fn a_network_of_the_size_of_digits_is_exact() {
	let circuit = NetworkCircuit::compile(large()).unwrap();
	println!(
		"{:?}, {} limbs, {} coefficients, noise 2^{:.1}, budget 2^{:.1}, result {} bytes, {} transforms, {} ms",
		circuit.gadget().mask,
		circuit.limbs(),
		circuit.input_coefficients(),
		circuit.noise_log2(),
		circuit.encoding().budget_log2(),
		circuit.result_bytes(),
		circuit.transforms(),
		circuit.nanoseconds() / 1_000_000,
	);
	let circuit = Circuit::Network(circuit);
	let x: Vec<i64> = (0..64).map(|at| at * 5 % 16).collect();
	let start = std::time::Instant::now();
	assert_eq!(evaluate(&circuit, &x), circuit.evaluate_clear(&x).unwrap());
	println!("{:?}", start.elapsed());
}

#[test]
fn arguments_beyond_the_table_are_refused_before_encryption() {
	let mut layers = large();
	layers.hidden[3].steps.fill(4);
	let circuit = Circuit::Network(NetworkCircuit::compile(layers).unwrap());
	let error = circuit.check_input(&[15; 64]).unwrap_err().to_string();
	assert_eq!(error, "hidden unit 3 is out of the model's range for these features");
	assert!(circuit.check_input(&[16; 64]).is_err());
	assert!(circuit.check_input(&[0; 63]).is_err());
	assert!(circuit.check_input(&[0; 64]).is_ok());
}

#[test]
fn malformed_bytes_are_refused() {
	let circuit = NetworkCircuit::compile(large()).unwrap();
	let bytes = circuit.to_bytes();
	for len in (0..bytes.len()).step_by(97) {
		assert!(NetworkCircuit::from_bytes(&bytes[..len]).is_err(), "{len} bytes");
	}
	for at in 0..200 {
		let mut broken = bytes.clone();
		broken[at] ^= 0x15;
		let _ = NetworkCircuit::from_bytes(&broken);
	}
}

#[test]
fn networks_that_do_not_fit_the_noise_budget_are_refused_with_the_numbers() {
	let table = (0..2048).map(|at| at % 1000).collect();
	let unit = HiddenUnit { base: 0, steps: vec![1; 2048], table };
	let layers = NetworkLayers {
		feature_bits: vec![8; 256],
		hidden: vec![unit; 256],
		weights: vec![vec![1000; 256]],
	};
	let error = NetworkCircuit::compile(layers).unwrap_err().to_string();
	assert!(error.contains("the noise of 256 hidden units over 2048 bits is 2^-14"), "{error}");
}
