//! Private circuits: right results, noise as predicted, and what results tell of the model.

use super::{Padding, PrivateCircuit, PrivateEvaluator, PrivateLinear, PrivateSource};
use crate::{
	Circuit, ClientKey, EvaluateError, EvaluationBuffers, PreparedServerKey, ServerKey,
	circuits::{
		forest::{Node, Tree},
		levelled::decrypt::noise_of,
		network::{HiddenUnit, NetworkLayers},
	},
	new_seeder,
};
use proptest::prelude::*;
use std::sync::LazyLock;

struct Keys {
	client: ClientKey,
	server: PreparedServerKey,
	bytes: Vec<u8>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	let bytes = server.as_bytes().to_vec();
	Keys { client, server: PreparedServerKey::new(&server), bytes }
});

const GENESIS: [u8; 32] = [3; 32];

/// The numbers of a linear congruential generator.
struct Numbers(u64);

impl Numbers {
	fn below(&mut self, bound: u64) -> u64 {
		self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
		(self.0 >> 33) % bound
	}

	fn leaf(&mut self) -> Node {
		Node::Leaf(vec![(0, self.below(1 << 17) as i32 - (1 << 16))])
	}
}

fn grow(depth: u32, comparisons: u32, numbers: &mut Numbers, nodes: &mut Vec<Node>) {
	if depth == 0 {
		nodes.push(numbers.leaf());
		return;
	}
	let at = nodes.len();
	nodes.push(numbers.leaf());
	let predicate = numbers.below(comparisons.into()) as u32;
	grow(depth - 1, comparisons, numbers, nodes);
	nodes[at] = Node::Split { predicate, one: nodes.len() as u32 };
	grow(depth - 1, comparisons, numbers, nodes);
}

fn forest(count: u64, depth: u32, comparisons: u32, salt: u64) -> PrivateSource {
	let mut numbers = Numbers(salt);
	let tree = |_| {
		let mut nodes = Vec::new();
		grow(depth, comparisons, &mut numbers, &mut nodes);
		Tree { nodes }
	};
	let trees = (0..count).map(tree).collect();
	PrivateSource::Forest { comparisons: comparisons as usize, outputs: 1, trees }
}

/// Stumps, and trees of one selection above a bit that is only added, for every output in turn.
fn many_outputs(outputs: u16, comparisons: u32, salt: u64) -> PrivateSource {
	let mut numbers = Numbers(salt);
	let mut trees = Vec::new();
	for output in 0..outputs {
		let mut leaf = || Node::Leaf(vec![(output, numbers.below(1 << 12) as i32 - (1 << 11))]);
		let leaves: Vec<Node> = (0..3).map(|_| leaf()).collect();
		let mut split =
			|one| Node::Split { predicate: numbers.below(comparisons.into()) as u32, one };
		let inner = [split(4), split(3)];
		trees.push(Tree { nodes: inner.into_iter().chain(leaves.iter().cloned()).collect() });
		let stump = [split(2)].into_iter().chain(leaves.into_iter().take(2));
		trees.push(Tree { nodes: stump.collect() });
	}
	PrivateSource::Forest { comparisons: comparisons as usize, outputs: outputs.into(), trees }
}

fn linear(features: usize, outputs: usize, feature_bits: u32, salt: u64) -> PrivateSource {
	let mut numbers = Numbers(salt);
	let weights = (0..features * outputs).map(|_| numbers.below(60_001) as i32 - 30_000).collect();
	let bias = (0..outputs).map(|_| numbers.below(1 << 22) as i64 - (1 << 21)).collect();
	let linear = PrivateLinear::new(features, weights, bias).unwrap();
	PrivateSource::Linear { linear, feature_bits }
}

fn network(salt: u64) -> PrivateSource {
	let mut numbers = Numbers(salt);
	let unit = |numbers: &mut Numbers| {
		let steps: Vec<i32> = (0..12).map(|_| numbers.below(41) as i32 - 20).collect();
		let base = 256 + numbers.below(11) as i32 - 5;
		let table = (0..512u32).map(|at| (at.saturating_sub(250) / 2) as u16).collect();
		HiddenUnit { base, steps, table }
	};
	let hidden = (0..10).map(|_| unit(&mut numbers)).collect::<Vec<_>>();
	let row = |numbers: &mut Numbers| (0..10).map(|_| numbers.below(401) as i32 - 200).collect();
	let weights = (0..3).map(|_| row(&mut numbers)).collect();
	PrivateSource::Network(NetworkLayers { feature_bits: vec![3; 4], hidden, weights })
}

fn evaluator(source: PrivateSource) -> PrivateEvaluator {
	PrivateEvaluator::new(source, Padding::default(), [5; 32]).unwrap()
}

/// Random integers that may enter.
fn row(circuit: &Circuit, numbers: &mut Numbers) -> Vec<i64> {
	let Circuit::Private(private) = circuit else { panic!("a private circuit") };
	let value = |_| match &private.shape {
		super::Shape::Forest { .. } => numbers.below(2) as i64,
		super::Shape::Linear { feature_bits, .. } => {
			let largest = 1 << feature_bits;
			numbers.below(2 * largest + 1) as i64 - largest as i64
		},
		super::Shape::Network { .. } => numbers.below(8) as i64,
	};
	(0..circuit.inputs()).map(value).collect()
}

#[test]
fn results_are_right_and_the_same_every_time() {
	let all = [
		forest(50, 4, 300, 1),
		forest(3, 1, 5, 2),
		// Bits that are only added come from the middle of the expansion, from later the more outputs there are.
		many_outputs(3, 1000, 6),
		many_outputs(12, 100, 7),
		many_outputs(40, 100, 8),
		many_outputs(120, 10, 9),
		linear(30, 3, 10, 3),
		linear(100, 20, 6, 4),
		network(5),
	];
	for (source, salt) in all.into_iter().zip(1..) {
		let (evaluator, mut numbers) = (evaluator(source), Numbers(salt));
		let circuit = Circuit::Private(evaluator.circuit().clone());
		let mut buffers = EvaluationBuffers::default();
		for _ in 0..10 {
			let x = row(&circuit, &mut numbers);
			let input = KEYS.client.encrypt(&circuit, [7; 32], &x, new_seeder().as_mut()).unwrap();
			assert_eq!(input.len(), circuit.input_bytes());
			let result = evaluator.evaluate(&KEYS.server, &input, &GENESIS, &mut buffers).unwrap();
			assert_eq!(result.len(), circuit.result_bytes());
			let found = KEYS.client.decrypt(&circuit, &input, &result).unwrap();
			assert_eq!(found, evaluator.evaluate_clear(&x).unwrap());
			// Replicas agree, and nobody averages noise by asking again.
			let read = PrivateEvaluator::from_bytes(&evaluator.to_bytes()).unwrap();
			let again = read.evaluate(&KEYS.server, &input, &GENESIS, &mut buffers).unwrap();
			assert_eq!(again, result);
			let other_chain =
				evaluator.evaluate(&KEYS.server, &input, &[4; 32], &mut buffers).unwrap();
			assert_ne!(other_chain, result);
		}
		assert_eq!(
			circuit.evaluate(Some(&KEYS.server), &[], &mut buffers),
			Err(EvaluateError::Private)
		);
	}
}

#[test]
fn a_key_without_an_encryption_of_zero_is_refused() {
	let evaluator = evaluator(forest(1, 2, 4, 1));
	let circuit = Circuit::Private(evaluator.circuit().clone());
	let input =
		KEYS.client.encrypt(&circuit, [7; 32], &[0, 1, 0, 1], new_seeder().as_mut()).unwrap();
	let new = ServerKey::from_bytes(KEYS.bytes.clone()).unwrap();
	let old = PreparedServerKey::new(&new.without_zero_row());
	let result = evaluator.evaluate(&old, &input, &GENESIS, &mut EvaluationBuffers::default());
	assert_eq!(result, Err(EvaluateError::OldServerKey));
}

#[test]
fn models_that_share_a_grid_look_alike() {
	let first = evaluator(forest(50, 4, 300, 1));
	let other = forest(50, 4, 300, 99);
	let second = PrivateEvaluator::like(other, first.circuit().clone(), [6; 32]).unwrap();
	assert_eq!(first.circuit().to_bytes(), second.circuit().to_bytes());
	assert_ne!(first.to_bytes().as_slice(), second.to_bytes().as_slice());
	// So does a smaller one, but not a larger one, or one with another grid.
	let like = |source| PrivateEvaluator::like(source, first.circuit().clone(), [6; 32]);
	assert!(like(forest(40, 3, 300, 5)).is_ok());
	assert!(like(forest(200, 6, 300, 5)).is_err());
	assert!(like(forest(50, 4, 301, 5)).is_err());
	assert!(like(linear(30, 1, 10, 3)).is_err());
}

/// Noise of a result in units of 1/q, before or after it is sanitised.
fn noises(evaluator: &PrivateEvaluator, rows: usize, sanitised: bool, salt: u64) -> Vec<f64> {
	let circuit = Circuit::Private(evaluator.circuit().clone());
	let mut buffers = EvaluationBuffers::default();
	let mut numbers = Numbers(salt);
	let mut noise = |_| {
		let mut x = row(&circuit, &mut numbers);
		if evaluator.circuit().comparisons() == Some(64) {
			x[32..].fill(0);
		}
		let input = KEYS.client.encrypt(&circuit, [7; 32], &x, new_seeder().as_mut()).unwrap();
		let coefficients = if sanitised {
			evaluator.sanitised(&KEYS.server, &input, &GENESIS, 0, &mut buffers).unwrap()
		} else {
			evaluator.evaluate_ciphertext(&KEYS.server, &input, &mut buffers).unwrap()
		};
		let positions = evaluator.circuit().positions();
		noise_of(evaluator.circuit().encoding(), &positions, &KEYS.client, &coefficients)
	};
	(0..rows).flat_map(&mut noise).collect()
}

fn deviation(noises: &[f64]) -> f64 {
	(noises.iter().map(|noise| noise * noise).sum::<f64>() / noises.len() as f64).sqrt()
}

#[test]
fn noise_is_as_predicted_before_and_after_flooding() {
	for source in [forest(50, 4, 300, 1), linear(30, 3, 10, 3), network(5)] {
		let evaluator = evaluator(source);
		let bounds = evaluator.circuit().bounds();
		let bare = deviation(&noises(&evaluator, 60, false, 1)).log2();
		let flooded = noises(&evaluator, 60, true, 1);
		let flooding = f64::from(bounds.flooding_log2);
		// Uniform up to 2^f has a deviation of 2^f / sqrt(3).
		let expected = flooding - 3f64.log2() / 2.0;
		let found = deviation(&flooded).log2();
		println!(
			"noise 2^{bare:.2}, predicted at most 2^{}; flooded 2^{found:.2}, predicted 2^{expected:.2}",
			bounds.noise_log2
		);
		assert!(bare <= f64::from(bounds.noise_log2) + 0.25, "optimistic: 2^{bare}");
		assert!((found - expected).abs() < 0.15);
		let most = flooded.iter().fold(0.0, |most: f64, noise| most.max(noise.abs()));
		assert!(most <= evaluator.circuit().encoding().tolerance as f64);
	}
}

/// One split for each of 20 trees, below `depth` splits on comparisons that hold for no row of [`noises`], so
/// that every such forest computes the same for these rows.
fn detour(depth: u32, salt: u64) -> PrivateSource {
	let mut numbers = Numbers(salt);
	let tree = |number: u32| {
		let mut nodes = Vec::new();
		for level in 0..depth {
			nodes.push(Node::Split { predicate: 32 + level, one: 0 });
		}
		let leaf = |value| Node::Leaf(vec![(0, value)]);
		let number = number as i32;
		nodes.push(Node::Split { predicate: number as u32, one: depth + 2 });
		nodes.extend([leaf(100 * number), leaf(7000 - number)]);
		for level in (0..depth as usize).rev() {
			let next = nodes.len() as u32;
			if let Node::Split { one, .. } = &mut nodes[level] {
				*one = next;
			}
			nodes.push(numbers.leaf());
		}
		Tree { nodes }
	};
	PrivateSource::Forest { comparisons: 64, outputs: 1, trees: (0..20).map(tree).collect() }
}

/// Who decrypts results of one of two models that give equal outputs and look alike guesses which it is from the
/// noise: rightly, if nothing hides it, and as often as by tossing a coin, if it is sanitised.
#[test]
fn noise_tells_models_apart_unless_it_is_sanitised() {
	let deep = evaluator(detour(6, 1));
	let flat = PrivateEvaluator::like(detour(1, 2), deep.circuit().clone(), [8; 32]).unwrap();
	assert_eq!(deep.circuit(), flat.circuit());
	let right = |sanitised: bool| {
		// The middle of what both have, which the distinguisher learns first.
		let learn = |evaluator| deviation(&noises(evaluator, 40, sanitised, 1));
		let middle = (learn(&deep) * learn(&flat)).sqrt();
		let guesses = (0..40).flat_map(|trial| {
			let found = |evaluator| deviation(&noises(evaluator, 6, sanitised, 100 + trial));
			[found(&deep) > middle, found(&flat) <= middle]
		});
		guesses.filter(|is_right| *is_right).count()
	};
	let (bare, sanitised) = (right(false), right(true));
	println!("right guesses of 80: {bare} from bare results, {sanitised} from sanitised ones");
	assert!(bare >= 76, "{bare}");
	// Five standard deviations of 80 tosses.
	assert!((18..=62).contains(&sanitised), "{sanitised}");
}

/// The mask of a bare result is a combination of masks that the user knows; that of a sanitised one is not.
#[test]
fn masks_tell_nothing() {
	let PrivateSource::Forest { comparisons, outputs, mut trees } = forest(3, 0, 64, 1) else {
		panic!("a forest")
	};
	trees.truncate(2);
	let source = PrivateSource::Forest { comparisons, outputs, trees };
	let evaluator = evaluator(source);
	let circuit = Circuit::Private(evaluator.circuit().clone());
	let x = vec![0; circuit.inputs()];
	let input = KEYS.client.encrypt(&circuit, [7; 32], &x, new_seeder().as_mut()).unwrap();
	let mut buffers = EvaluationBuffers::default();
	// Trees without a split: the mask is zero, which tells that there is none.
	let bare = evaluator.evaluate_ciphertext(&KEYS.server, &input, &mut buffers).unwrap();
	assert!(bare[..2048].iter().all(|&value| value == 0));
	let hidden = evaluator.sanitised(&KEYS.server, &input, &GENESIS, 0, &mut buffers).unwrap();
	let mean = hidden[..2048].iter().map(|&value| value as f64).sum::<f64>() / 2048.0;
	let modulus = crate::math::params::MODULUS as f64;
	assert!((mean / modulus - 0.5).abs() < 0.05);
	let part = evaluator.packing(1).to_bytes(&hidden, 1);
	let result = Circuit::assemble(&input, &[part]).unwrap();
	assert_eq!(
		KEYS.client.decrypt(&circuit, &input, &result).unwrap(),
		evaluator.evaluate_clear(&x).unwrap()
	);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn bytes_read_back(trees in 1u64..20, depth in 0u32..4, salt in any::<u64>()) {
		let evaluator = evaluator(forest(trees, depth, 17, salt));
		let circuit = evaluator.circuit();
		let read = PrivateCircuit::from_bytes(&circuit.to_bytes()).unwrap();
		prop_assert_eq!(&read, circuit);
		let again = PrivateEvaluator::from_bytes(&evaluator.to_bytes()).unwrap();
		prop_assert_eq!(again.to_bytes(), evaluator.to_bytes());
	}

	#[test]
	fn damaged_bytes_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), kind in 0..3) {
		let source = match kind {
			0 => forest(3, 2, 9, 1),
			1 => linear(4, 2, 10, 1),
			_ => network(1),
		};
		let mut bytes = evaluator(source).to_bytes().to_vec();
		let at = at.index(bytes.len());
		bytes[at] = byte;
		let _ = PrivateEvaluator::from_bytes(&bytes);
		let _ = PrivateEvaluator::from_bytes(&bytes[..at]);
		let mut circuit = evaluator(linear(4, 2, 10, 1)).circuit().to_bytes();
		let at = at % circuit.len();
		circuit[at] = byte;
		let _ = PrivateCircuit::from_bytes(&circuit);
		let _ = PrivateCircuit::from_bytes(&circuit[..at]);
	}

	#[test]
	fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
		let _ = PrivateCircuit::from_bytes(&bytes);
		let _ = PrivateEvaluator::from_bytes(&bytes);
	}
}
