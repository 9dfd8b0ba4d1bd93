//! How fast this machine is. A model's work is counted in units of about a microsecond of one core of the
//! reference machine; others are faster or slower by a factor of two and more.

use fhe_ml_engine::{
	Circuit, ClientKey, EvaluationBuffers, ForestCircuit, PreparedServerKey, ServerKey,
	circuits::forest::{Node, Tree},
	new_seeder,
};
use std::time::{Duration, Instant};

/// Evaluations that are timed; the fastest counts, since everything else only slows them down.
const ROUNDS: usize = 5;
/// Trees of the model that is timed, full ones of depth 4.
const TREES: u32 = 10;

/// The measured speed of one thread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
	/// Work units that one thread does in a second.
	pub units_per_second: f64,
	/// What it takes to prepare a server key whose bytes are there.
	pub key_preparation: Duration,
}

impl Speed {
	/// Times a forest on the current thread. Takes about a tenth of a second; `None` if the forest cannot be
	/// evaluated, which the self-test would have found.
	pub fn measure() -> Option<Self> {
		let mut seeder = new_seeder();
		let (key, server_key) = ClientKey::generate(seeder.as_mut());
		let predicates = TREES.checked_mul(15)? as usize;
		let trees = (0..TREES).map(|number| full_tree(number.wrapping_mul(15))).collect();
		let circuit = Circuit::Forest(ForestCircuit::compile(predicates, 1, trees).ok()?);
		let bits = (0..predicates as i64).map(|at| at & 1).collect::<Vec<_>>();
		let input = key.encrypt(&circuit, [0; 32], &bits, seeder.as_mut()).ok()?;
		let mut buffers = EvaluationBuffers::default();
		let (mut evaluation, mut preparation) = (Duration::MAX, Duration::MAX);
		for _ in 0..ROUNDS {
			let bytes = server_key.as_bytes().to_vec();
			let start = Instant::now();
			let prepared = PreparedServerKey::new(&ServerKey::from_bytes(bytes).ok()?);
			preparation = preparation.min(start.elapsed());
			let start = Instant::now();
			circuit.evaluate(Some(&prepared), &input, &mut buffers).ok()?;
			evaluation = evaluation.min(start.elapsed());
		}
		let units_per_second = circuit.work() as f64 / evaluation.as_secs_f64().max(1e-9);
		Some(Self { units_per_second, key_preparation: preparation })
	}

	/// Time that `work` units take on one thread.
	pub fn time_for(&self, work: u64) -> Duration {
		Duration::try_from_secs_f64(work as f64 / self.units_per_second.max(1.0))
			.unwrap_or(Duration::MAX)
	}
}

/// A full tree of depth 4 over 15 predicates of its own.
fn full_tree(first: u32) -> Tree {
	let (mut nodes, mut next) = (Vec::new(), first);
	write_subtree(4, &mut next, &mut nodes);
	Tree { nodes }
}

fn write_subtree(depth: u32, predicate: &mut u32, nodes: &mut Vec<Node>) {
	let at = nodes.len();
	nodes.push(Node::Leaf(vec![(0, at as i32 * 37 % 2000 - 1000)]));
	if depth == 0 {
		return;
	}
	let number = *predicate;
	*predicate = predicate.wrapping_add(1);
	write_subtree(depth - 1, predicate, nodes);
	let one = nodes.len() as u32;
	if let Some(node) = nodes.get_mut(at) {
		*node = Node::Split { predicate: number, one };
	}
	write_subtree(depth - 1, predicate, nodes);
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_machine_has_a_speed() {
		let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
		let speed = pool.install(Speed::measure).unwrap();
		println!("{speed:?}");
		assert!(speed.units_per_second > 1_000.0, "{speed:?}");
		assert!(speed.time_for(1_000) > Duration::ZERO);
		assert_eq!(Speed { units_per_second: 0.0, ..speed }.time_for(u64::MAX), Duration::MAX);
	}
}
