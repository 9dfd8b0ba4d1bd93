//! How noise adds up over the trees of a forest.
//!
//! Products of different ciphertexts have independent noise. But equal subtrees are products of
//! equal ciphertexts, and a linear bit that decides in several trees brings its noise several times:
//! there amplitudes add up, not variances.

use super::ForestCircuit;
use crate::{
	circuits::tree::{Node, Tree},
	noise::Variance,
};
use alloc::collections::BTreeMap;
use alloc::{vec, vec::Vec};

/// What the mask of a subtree's value is made of. Leaves in the clear do not matter for it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Mask {
	Linear(u32, Vec<(u16, i64)>),
	Selection(u32, usize, usize),
}

/// The number of leaves, whose masks are zero.
const LEAF: usize = 0;

/// Noise of the selections of all trees: on the longest path of each, every selection counts as
/// often as its subtree occurs.
pub(super) fn of_selections(trees: &[Tree], product: Variance) -> Variance {
	let mut numbers: BTreeMap<Mask, usize> = BTreeMap::new();
	let mut occurrences = vec![0u32];
	let mut masks: Vec<Vec<usize>> = Vec::with_capacity(trees.len());
	for tree in trees {
		let mut mine = vec![LEAF; tree.nodes.len()];
		// Children come behind their parents.
		for (at, node) in tree.nodes.iter().enumerate().rev() {
			let Node::Split { predicate, one } = node else { continue };
			let one = *one as usize;
			let mask = match (tree.leaf(at + 1), tree.leaf(one)) {
				(Some(zero), Some(one)) => Mask::Linear(*predicate, difference(zero, one)),
				_ => Mask::Selection(*predicate, mine[at + 1], mine[one]),
			};
			let next = numbers.len() + 1;
			mine[at] = *numbers.entry(mask).or_insert(next);
			occurrences.resize(numbers.len() + 1, 0);
			occurrences[mine[at]] += 1;
		}
		masks.push(mine);
	}
	let longest = |(tree, masks): (&Tree, &Vec<usize>)| {
		let mut longest = vec![0.0f64; tree.nodes.len()];
		for (at, node) in tree.nodes.iter().enumerate().rev() {
			if let Node::Split { one, .. } = node
				&& !tree.is_linear(at)
			{
				let below = longest[at + 1].max(longest[*one as usize]);
				longest[at] = f64::from(occurrences[masks[at]]) + below;
			}
		}
		longest[0]
	};
	product.times(trees.iter().zip(&masks).map(longest).sum())
}

/// one - zero, without zeros.
fn difference(zero: &[(u16, i32)], one: &[(u16, i32)]) -> Vec<(u16, i64)> {
	let negated = zero.iter().map(|&(output, value)| (output, -i64::from(value)));
	let mut all: Vec<(u16, i64)> =
		one.iter().map(|&(output, value)| (output, value.into())).chain(negated).collect();
	all.sort_unstable_by_key(|(output, _)| *output);
	let sums = all.chunk_by(|a, b| a.0 == b.0);
	sums.map(|group| (group[0].0, group.iter().map(|(_, value)| value).sum()))
		.filter(|(_, value)| *value != 0)
		.collect()
}

/// Noise of linear bits: each tree takes at most one. `amplitude` is by how much a tree multiplies
/// the noise `row` of the bit at a node, 0 for nodes that are not linear.
///
/// The sum over the trees of x_t e_p(t) has the variance sum over p of (sum of the x_t with p(t) = p)²
/// = sum of x_t (sum of the x_t' with p(t') = p(t)).
pub(super) fn of_linear_bits(
	trees: &[Tree],
	predicates: usize,
	row: Variance,
	amplitude: impl Fn(&Tree, usize) -> f64,
) -> Variance {
	let linear = |tree: &Tree| -> Vec<(usize, f64)> {
		let linear = tree.splits().filter(|(.., is_linear)| *is_linear);
		let mut bits: Vec<(usize, f64)> =
			linear.map(|(at, predicate, _)| (predicate, amplitude(tree, at))).collect();
		// The largest of each bit.
		bits.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
		bits.dedup_by_key(|bit| bit.0);
		bits
	};
	let bits: Vec<Vec<(usize, f64)>> = trees.iter().map(linear).collect();
	let mut shared = vec![0.0; predicates];
	for &(predicate, amplitude) in bits.iter().flatten() {
		shared[predicate] += amplitude;
	}
	let largest = |bits: &Vec<(usize, f64)>| {
		bits.iter().map(|&(predicate, x)| x * shared[predicate]).fold(0.0, f64::max)
	};
	row.times(bits.iter().map(largest).sum())
}

impl ForestCircuit {
	/// Noise of the linear bits: each tree takes at most one, times a difference of leaves. The
	/// coefficient that is read has its own difference times the noise where the message is, and
	/// the other differences times noise from elsewhere, which is less.
	pub(super) fn linear_noise(&self, unit_log2: u32) -> Variance {
		let amplitude = |tree: &Tree, at: usize| {
			let Node::Split { predicate, one } = &tree.nodes[at] else { return 0.0 };
			let (Some(zero), Some(one)) = (tree.leaf(at + 1), tree.leaf(*one as usize)) else {
				return 0.0;
			};
			let scale = self.linear_noise_scale(*predicate as usize, unit_log2);
			let square = |(_, difference): (usize, i64)| {
				let scaled = difference as f64 * scale;
				scaled * scaled
			};
			libm::sqrt(self.difference(zero, one).into_iter().map(square).sum::<f64>())
		};
		let row = Variance::constant_after(self.linear_cut().stages());
		of_linear_bits(&self.trees, self.predicates, row, amplitude)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn tree(predicates: [u32; 2], leaves: [i32; 3]) -> Tree {
		let leaf = |value| Node::Leaf(vec![(0, value)]);
		let [first, second, third] = leaves.map(leaf);
		let nodes = vec![
			Node::Split { predicate: predicates[0], one: 4 },
			Node::Split { predicate: predicates[1], one: 3 },
			first,
			second,
			third,
		];
		Tree { nodes }
	}

	#[test]
	fn equal_products_add_up_in_amplitude() {
		let one = Variance(1.0);
		let different = [tree([0, 1], [1, 2, 3]), tree([0, 2], [1, 2, 3])];
		assert_eq!(of_selections(&different, one), Variance(2.0));
		// Another constant, the same mask.
		let equal = [tree([0, 1], [1, 2, 3]), tree([0, 1], [5, 6, 7])];
		assert_eq!(of_selections(&equal, one), Variance(4.0));
	}

	#[test]
	fn shared_linear_bits_add_up_in_amplitude() {
		let amplitude = |tree: &Tree, at: usize| match (tree.leaf(at + 1), tree.leaf(at + 2)) {
			(Some(zero), Some(one)) => f64::from(one[0].1 - zero[0].1),
			_ => 0.0,
		};
		let noise = |trees: &[Tree]| of_linear_bits(trees, 3, Variance(1.0), amplitude);
		let different = [tree([0, 1], [1, 3, 0]), tree([0, 2], [1, 4, 0])];
		assert_eq!(noise(&different), Variance(13.0));
		let equal = [tree([0, 1], [1, 3, 0]), tree([0, 1], [1, 4, 0])];
		assert_eq!(noise(&equal), Variance(25.0));
	}
}
