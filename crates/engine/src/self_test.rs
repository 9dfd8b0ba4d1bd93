//! Whether this machine computes what every other machine computes.

mod bootstrapping;

pub use bootstrapping::bootstrap_self_test;

use crate::{
	Circuit, ClientKey, EvaluationBuffers, FilterCircuit, ForestCircuit, LinearCircuit,
	NetworkCircuit, PreparedServerKey, Seed, Seeder, Tap, blake2b_256,
	circuits::{
		forest::{Node, Tree},
		network::{HiddenUnit, NetworkLayers},
		private::{Padding, PrivateCircuit, PrivateEvaluator, PrivateSource},
	},
};

/// A machine whose results differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this machine computes another {what} from fixed seeds than all others ({found:02x?})")]
pub struct SelfTestError {
	/// Which blob differs.
	pub what: &'static str,
	/// The first bytes of its hash here.
	pub found: [u8; 8],
}

/// Seeds 1, 2, 3, ...
struct Counter(u128);

impl Seeder for Counter {
	fn seed(&mut self) -> Seed {
		self.0 += 1;
		Seed(self.0)
	}

	fn is_available() -> bool {
		true
	}
}

/// First bytes of the hashes of keys, inputs and results for fixed seeds. They must not change:
/// not with the CPU, the number of threads or the compiler, and not in later versions of the format.
/// Whoever changes one of the results raises `ENGINE_VERSION`, or honest workers of two builds disagree.
const EXPECTED: [(&str, [u8; 8]); 22] = [
	("client key", [214, 70, 165, 141, 123, 118, 49, 229]),
	("server key", [239, 16, 165, 106, 107, 216, 30, 168]),
	("linear input", [114, 170, 167, 94, 184, 68, 15, 136]),
	("linear result", [105, 169, 119, 101, 81, 103, 190, 111]),
	("forest input", [156, 19, 35, 44, 185, 246, 210, 240]),
	("forest result", [47, 72, 210, 19, 72, 176, 134, 4]),
	("network input", [101, 150, 173, 10, 54, 86, 158, 229]),
	("network result", [141, 147, 188, 110, 12, 116, 249, 173]),
	("encrypted linear model", [39, 82, 56, 215, 236, 192, 180, 234]),
	("result of an encrypted linear model", [152, 117, 73, 158, 45, 7, 18, 27]),
	("encrypted forest", [156, 94, 6, 103, 198, 144, 206, 233]),
	("result of an encrypted forest", [230, 89, 178, 35, 21, 125, 2, 182]),
	("image", [49, 246, 36, 224, 184, 204, 235, 73]),
	("filtered image", [248, 40, 79, 147, 64, 90, 82, 175]),
	("server key with an encryption of zero", [114, 186, 89, 242, 78, 247, 40, 92]),
	("private model of before", [108, 84, 39, 95, 154, 109, 84, 12]),
	("result of a private model of before", [73, 54, 154, 108, 41, 73, 236, 174]),
	("private model", [87, 244, 124, 111, 204, 91, 186, 166]),
	("result of a private model", [145, 157, 40, 116, 239, 169, 3, 124]),
	("input of three rows", [135, 97, 161, 220, 146, 215, 63, 122]),
	("result of three rows", [17, 157, 27, 253, 54, 255, 247, 195]),
	("result of three rows of a private model", [215, 218, 16, 188, 234, 220, 187, 27]),
];

/// Makes keys, encrypts and evaluates with fixed seeds, and compares every byte with what is known.
///
/// Takes a few hundredths of a second; a worker runs it before it takes any job.
///
/// # Errors
/// The first blob that has other bytes here.
pub fn self_test() -> Result<(), SelfTestError> {
	// The random generator of tfhe-rs panics on a CPU without AES instructions.
	let blobs = std::panic::catch_unwind(blobs).ok().flatten().unwrap_or_default();
	first_difference(EXPECTED, blobs)
}

fn first_difference<const BLOBS: usize>(
	expected: [(&'static str, [u8; 8]); BLOBS],
	blobs: [Vec<u8>; BLOBS],
) -> Result<(), SelfTestError> {
	for ((what, expected), blob) in expected.into_iter().zip(blobs) {
		let found = blake2b_256(&blob).first_chunk().copied().unwrap_or_default();
		if found != expected {
			return Err(SelfTestError { what, found });
		}
	}
	Ok(())
}

fn blobs() -> Option<[Vec<u8>; 22]> {
	let mut seeder = Counter(0);
	let (new_client_key, new_server_key) = ClientKey::generate(&mut seeder);
	// Keys of version 1, of which there are some on chains.
	let server_key = new_server_key.without_zero_row();
	let client_key = new_client_key.with_server_key(server_key.hash());
	let prepared = PreparedServerKey::new(&server_key);
	let mut buffers = EvaluationBuffers::default();
	let mut run = |circuit: &Circuit, x: &[i64], expected: Vec<i64>, seeder: &mut Counter| {
		let input = client_key.encrypt(circuit, [7; 32], x, seeder).ok()?;
		let result = circuit.evaluate(Some(&prepared), &input, &mut buffers).ok()?;
		let outputs = client_key.decrypt(circuit, &input, &result).ok()?;
		(outputs == expected).then_some((input, result))
	};
	let (linear, forest, network) = (linear()?, forest()?, network()?);
	let features: Vec<i64> = (0..2050).map(|at| at * 31 % 1000).collect();
	let bits: Vec<i64> = (0..21).map(|at| at % 2).collect();
	let sums = linear.combine(&linear.evaluate_limbs(&features).ok()?);
	let without_bias = sums.iter().zip(linear.bias()).map(|(sum, bias)| sum - bias).collect();
	let votes = forest.evaluate_clear(&bits);

	let public_linear = Circuit::Linear(linear.clone());
	let public_forest = Circuit::Forest(forest.clone());
	let activations = network.evaluate_clear(&[5, 0, 3]);
	let network = Circuit::Network(network);
	let (linear_input, linear_result) = run(&public_linear, &features, sums, &mut seeder)?;
	let (forest_input, forest_result) = run(&public_forest, &bits, votes.clone(), &mut seeder)?;
	let (network_input, network_result) = run(&network, &[5, 0, 3], activations, &mut seeder)?;

	let linear = client_key.encrypt_linear(&linear, &mut seeder).ok()?;
	let linear = Circuit::EncryptedLinear(linear);
	let (_, encrypted_linear_result) = run(&linear, &features, without_bias, &mut seeder)?;
	let forest = client_key.encrypt_forest(&forest, false, &mut seeder).ok()?;
	let forest = Circuit::EncryptedForest(forest.circuit.into());
	let (_, encrypted_forest_result) = run(&forest, &bits, votes, &mut seeder)?;
	let filter = filter()?;
	let pixels: Vec<i64> = (0..filter.inputs() as i64).map(|at| at * 31 % 256).collect();
	let filtered = filter.evaluate_clear(&pixels);
	let (image, filtered_image) = run(&Circuit::Filter(filter), &pixels, filtered, &mut seeder)?;
	let prepared = PreparedServerKey::new(&new_server_key);
	let mut ask = |private: &PrivateEvaluator, seeder: &mut Counter| {
		let circuit = Circuit::Private(private.circuit().clone());
		let input = new_client_key.encrypt(&circuit, [7; 32], &bits, seeder).ok()?;
		let result = private.evaluate(&prepared, &input, &[1; 32], &mut buffers).ok()?;
		let outputs = new_client_key.decrypt(&circuit, &input, &result).ok()?;
		(outputs == private.evaluate_clear(&bits).ok()?).then_some(result)
	};
	let (late, early) = (private_of_before()?, private()?);
	let late_result = ask(&late, &mut seeder)?;
	let early_result = ask(&early, &mut seeder)?;
	let rows: Vec<Vec<i64>> =
		(1..4).map(|row| (0..21).map(|at| at * row % 3 % 2).collect()).collect();
	let mut encrypt =
		|circuit: &Circuit| new_client_key.encrypt_rows(circuit, [7; 32], &rows, &mut seeder).ok();
	let rows_input = encrypt(&public_forest)?;
	let rows_result = public_forest.evaluate(Some(&prepared), &rows_input, &mut buffers).ok()?;
	let private_rows = encrypt(&Circuit::Private(early.circuit().clone()))?;
	let private_rows = early.evaluate(&prepared, &private_rows, &[1; 32], &mut buffers).ok()?;
	Some([
		client_key.to_bytes().to_vec(),
		server_key.as_bytes().to_vec(),
		linear_input,
		linear_result,
		forest_input,
		forest_result,
		network_input,
		network_result,
		linear.to_bytes(),
		encrypted_linear_result,
		forest.to_bytes(),
		encrypted_forest_result,
		image,
		filtered_image,
		new_server_key.as_bytes().to_vec(),
		late.to_bytes().to_vec(),
		late_result,
		early.to_bytes().to_vec(),
		early_result,
		rows_input,
		rows_result,
		private_rows,
	])
}

/// More features than one RLWE holds.
fn linear() -> Option<LinearCircuit> {
	let features = 2050;
	let weights = (0..features).map(|at| (at * 7919 % 60_001) - 30_000).collect();
	LinearCircuit::new(features as usize, 8, 2, weights, vec![-12_345]).ok()
}

/// Three by three pixels around each of two channels, turned.
fn filter() -> Option<FilterCircuit> {
	let tap = |at: i8| Tap {
		output: at as u8 % 2,
		input: at as u8 / 9,
		dx: at % 3 - 1,
		dy: at / 3 % 3 - 1,
		weight: i16::from(at) * 37 - 300,
	};
	FilterCircuit::new((50, 41), 2, true, (0..18).map(tap).collect(), vec![100, -7]).ok()
}

/// The trees of [`forest`], on a grid.
fn on_grid() -> Option<PrivateSource> {
	let trees = forest()?.trees().to_vec();
	Some(PrivateSource::Forest { comparisons: 21, outputs: 1, trees })
}

fn private() -> Option<PrivateEvaluator> {
	PrivateEvaluator::new(on_grid()?, Padding::default(), [9; 32]).ok()
}

/// What [`private`] was before bits that trees only add left the expansion early. There are such on chains.
fn private_of_before() -> Option<PrivateEvaluator> {
	let circuit = [
		1, 1, 0, 37, 43, 4, 14, 45, 15, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 21, 0, 0,
		0, 1, 3, 6,
	];
	let circuit = PrivateCircuit::from_bytes(&circuit).ok()?;
	PrivateEvaluator::like(on_grid()?, circuit, [9; 32]).ok()
}

/// Three trees of depth 3.
fn forest() -> Option<ForestCircuit> {
	let tree = |number: u32| {
		let mut nodes = Vec::new();
		let mut leaf = number as i32;
		write_subtree(3, &mut (7 * number), &mut leaf, &mut nodes);
		Tree { nodes }
	};
	ForestCircuit::compile(21, 1, (0..3).map(tree).collect()).ok()
}

/// Three hidden units over eight bits, two outputs.
fn network() -> Option<NetworkCircuit> {
	let unit = |number: i32| HiddenUnit {
		base: 500,
		steps: (0..8).map(|at| (at * 37 + number * 11) % 41 - 20).collect(),
		table: (0..1024).map(|at| (at * at / 4096 + number) as u16).collect(),
	};
	let layers = NetworkLayers {
		feature_bits: vec![3, 1, 4],
		hidden: (0..3).map(unit).collect(),
		weights: vec![vec![100, -7, 33], vec![0, 127, -127]],
	};
	NetworkCircuit::compile(layers).ok()
}

fn write_subtree(depth: u32, predicate: &mut u32, leaf: &mut i32, nodes: &mut Vec<Node>) {
	if depth == 0 {
		*leaf = (*leaf * 31 + 17) % 8191;
		nodes.push(Node::Leaf(vec![(0, *leaf - 4000)]));
		return;
	}
	let (at, number) = (nodes.len(), *predicate);
	*predicate += 1;
	nodes.push(Node::Leaf(Vec::new()));
	write_subtree(depth - 1, predicate, leaf, nodes);
	nodes[at] = Node::Split { predicate: number, one: nodes.len() as u32 };
	write_subtree(depth - 1, predicate, leaf, nodes);
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn results_do_not_depend_on_the_number_of_threads() {
		for threads in [1, 2, 3] {
			let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
			assert_eq!(pool.install(self_test), Ok(()), "{threads} threads");
		}
	}
}
