//! Where the bits and leaves of a forest with encrypted leaves lie.

use crate::{
	circuits::{
		batch::{Batch, batches},
		tree::{Node, Tree},
	},
	math::params::{OCTET, POLYNOMIAL_SIZE},
};
use alloc::{vec, vec::Vec};

/// Coefficients of a ciphertext for each place in an octet.
const STRIDE: usize = POLYNOMIAL_SIZE / OCTET;

/// Where the ciphertexts of a bit are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BitPlace {
	/// Its number among the bits that select between subtrees.
	pub selector: Option<usize>,
	/// Its number among the bits that select between leaves; eight make a group.
	pub grouped: Option<usize>,
}

/// What the value of a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
	/// A selection between the values of its children.
	Selection,
	/// A leaf of a split that is in a product.
	InProduct,
	/// A split between two leaves: coefficients from `at` of a product.
	Product { product: usize, at: usize },
	/// Any other leaf: coefficients from `at` of a pool.
	Pooled { pool: usize, at: usize },
}

/// All splits between leaves by bits of one group, as many as fit a ciphertext.
///
/// The bits b_i of a group are the coefficients i 256 of one selector. Each split has some
/// coefficients q < 256 of its own, `spacing` apart, in a ciphertext D, where the differences of its
/// leaves are; the other coefficients q + 256 k are zero. So coefficient q + 256 i of the product is
/// b_i times the difference, for whatever bit i is wanted. The leaves of the zero children lie at
/// these coefficients in a second ciphertext, to which the product is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Product {
	pub group: usize,
	/// The values of the splits, tree by tree.
	values: Vec<ProductValue>,
	/// Trees with a value here.
	trees: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ProductValue {
	tree: usize,
	/// First coefficient.
	at: usize,
}

impl Product {
	fn is_new(&self, tree: usize) -> bool {
		self.values.last().is_none_or(|value| value.tree != tree)
	}

	/// For each tree a bound on the sum of the correlations of its value's noise with that of all
	/// trees.
	///
	/// The noise of a product is multiplied by the secret, whose coefficients have the mean 1/2, so
	/// two coefficients of it are correlated: L apart, by (1 - 2 L / N) / 2.
	///
	/// Trees with different `sum_of` do not add up.
	fn correlations(&self, sum_of: impl Fn(usize) -> usize) -> Vec<(usize, f64)> {
		let trees: Vec<&[ProductValue]> = self.values.chunk_by(|a, b| a.tree == b.tree).collect();
		let of_values = |a: &ProductValue, b: &ProductValue| {
			0.5 - a.at.abs_diff(b.at) as f64 / POLYNOMIAL_SIZE as f64
		};
		let of_trees = |a: &[ProductValue], b: &[ProductValue]| {
			let pairs = a.iter().flat_map(|a| b.iter().map(move |b| of_values(a, b)));
			pairs.fold(0.0, f64::max)
		};
		let sum = |mine: &&[ProductValue]| {
			let tree = mine[0].tree;
			let others = trees
				.iter()
				.filter(|other| other[0].tree != tree && sum_of(other[0].tree) == sum_of(tree));
			(tree, others.fold(1.0, |sum, other| sum + of_trees(mine, other)))
		};
		trees.iter().map(sum).collect()
	}
}

/// Choices of the compiler that a layout depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LayoutChoice {
	/// Coefficients of a leaf.
	pub width: usize,
	/// How far apart they are; a power of two. As many leaves lie interleaved.
	pub spacing: usize,
	/// Rows of a selector.
	pub levels: usize,
	/// Trees whose values may be in one product: their noise adds up too well, see
	/// [`Product::correlations`].
	pub trees_per_product: usize,
}

/// Leaves that are no child of a split between leaves lie in pools, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ForestLayout {
	/// One per node and tree.
	pub places: Vec<Vec<Place>>,
	/// One per predicate.
	pub bits: Vec<BitPlace>,
	/// Bits that select between subtrees.
	pub selectors: usize,
	/// Bits that select between leaves.
	pub grouped: usize,
	/// Products, batch by batch.
	pub products: Vec<Product>,
	/// Values in each pool.
	pub pools: Vec<usize>,
	pub batches: Vec<Batch>,
	/// The products of each batch.
	pub products_of: Vec<core::ops::Range<usize>>,
	/// Splits that select between subtrees.
	pub selections: u64,
	choice: LayoutChoice,
}

impl LayoutChoice {
	/// The first coefficient of value number `number`.
	fn position(&self, number: usize) -> usize {
		number / self.spacing * self.width * self.spacing + number % self.spacing
	}

	/// How many values fit `coefficients` coefficients.
	fn capacity(&self, coefficients: usize) -> usize {
		coefficients / (self.width * self.spacing).max(1) * self.spacing
	}

	/// The coefficients of a value.
	fn coefficients(self, first: usize) -> impl Iterator<Item = usize> {
		(0..self.width).map(move |at| first + at * self.spacing)
	}
}

/// Appends the numbers of the ciphertexts that a tree needs, in any order: octets, then others.
fn rows_of(tree: &Tree, bits: &[BitPlace], levels: usize, octets: usize, rows: &mut Vec<usize>) {
	for (_, predicate, is_linear) in tree.splits() {
		let bit = bits[predicate];
		let first = match is_linear {
			true => bit.grouped.map(|number| number / OCTET * levels),
			false => bit.selector.map(|number| octets + number * levels),
		};
		rows.extend(first.into_iter().flat_map(|first| first..first + levels));
	}
}

impl ForestLayout {
	/// Some trees as a batch, and the ascending numbers of the products that they need.
	pub fn batch_of(&self, trees: &[Tree], range: core::ops::Range<usize>) -> (Batch, Vec<usize>) {
		let levels = self.choice.levels;
		let octets = self.grouped.div_ceil(OCTET) * levels;
		let (mut rows, mut numbers) = (Vec::new(), Vec::new());
		for tree in trees.get(range.clone()).unwrap_or_default() {
			rows_of(tree, &self.bits, levels, octets, &mut rows);
		}
		for place in self.places.get(range.clone()).unwrap_or_default().iter().flatten() {
			if let Place::Product { product, .. } = place {
				numbers.push(*product);
			}
		}
		for list in [&mut rows, &mut numbers] {
			list.sort_unstable();
			list.dedup();
		}
		(Batch { trees: range, rows }, numbers)
	}

	/// `None` if a leaf has more coefficients than a product can take.
	pub fn new(trees: &[Tree], predicates: usize, choice: LayoutChoice) -> Option<Self> {
		let levels = choice.levels;
		if choice.capacity(STRIDE) == 0 {
			return None;
		}
		let mut bits = vec![BitPlace::default(); predicates];
		let (mut selectors, mut grouped, mut selections) = (0, 0, 0);
		let number = |place: &mut Option<usize>, next: &mut usize| {
			place.get_or_insert_with(|| {
				*next += 1;
				*next - 1
			});
		};
		for (_, predicate, is_linear) in trees.iter().flat_map(Tree::splits) {
			let bit = &mut bits[predicate];
			if is_linear {
				number(&mut bit.grouped, &mut grouped);
			} else {
				number(&mut bit.selector, &mut selectors);
				selections += 1;
			}
		}
		let octets = grouped.div_ceil(OCTET) * levels;
		let batches = batches(trees, octets + selectors * levels, |tree, rows| {
			rows_of(tree, &bits, levels, octets, rows);
		});
		let mut layout = Self {
			places: Vec::with_capacity(trees.len()),
			bits,
			selectors,
			grouped,
			products: Vec::new(),
			pools: Vec::new(),
			batches,
			products_of: Vec::new(),
			selections,
			choice,
		};
		// The product of each group that still has room, in this batch.
		let mut open: Vec<Option<usize>> = vec![None; grouped.div_ceil(OCTET)];
		for batch in layout.batches.clone() {
			open.fill(None);
			let first = layout.products.len();
			for number in batch.trees {
				let places = layout.place(number, &trees[number], &mut open);
				layout.places.push(places);
			}
			layout.products_of.push(first..layout.products.len());
		}
		Some(layout)
	}

	fn place(&mut self, number: usize, tree: &Tree, open: &mut [Option<usize>]) -> Vec<Place> {
		let mut places = vec![Place::Selection; tree.nodes.len()];
		for (at, node) in tree.nodes.iter().enumerate() {
			match node {
				Node::Split { predicate, one } if tree.is_linear(at) => {
					let grouped = self.bits[*predicate as usize].grouped.unwrap_or_default();
					places[at] = self.place_in_product(grouped, number, open);
					places[at + 1] = Place::InProduct;
					places[*one as usize] = Place::InProduct;
				},
				Node::Leaf(_) if places[at] == Place::Selection => {
					places[at] = self.place_in_pool();
				},
				_ => {},
			}
		}
		places
	}

	fn place_in_product(
		&mut self,
		grouped: usize,
		tree: usize,
		open: &mut [Option<usize>],
	) -> Place {
		let (group, index) = (grouped / OCTET, grouped % OCTET);
		let choice = self.choice;
		let has_room = |product: &Product| {
			let trees = product.trees + usize::from(product.is_new(tree));
			product.values.len() < choice.capacity(STRIDE) && trees <= choice.trees_per_product
		};
		let room = open[group].filter(|&at| has_room(&self.products[at]));
		let product = room.unwrap_or_else(|| {
			self.products.push(Product { group, values: Vec::new(), trees: 0 });
			self.products.len() - 1
		});
		open[group] = Some(product);
		let into = &mut self.products[product];
		let at = STRIDE * index + choice.position(into.values.len());
		into.trees += usize::from(into.is_new(tree));
		into.values.push(ProductValue { tree, at });
		Place::Product { product, at }
	}

	fn place_in_pool(&mut self) -> Place {
		let choice = self.choice;
		if self.pools.last().is_none_or(|values| *values == choice.capacity(POLYNOMIAL_SIZE)) {
			self.pools.push(0);
		}
		let pool = self.pools.len() - 1;
		let at = choice.position(self.pools[pool]);
		self.pools[pool] += 1;
		Place::Pooled { pool, at }
	}

	/// For each tree a bound on the sum of its correlations with the trees that it shares a product
	/// with, and with itself (1); 0 for a tree without splits.
	pub fn correlations(&self, sum_of: impl Fn(usize) -> usize) -> Vec<f64> {
		let mut largest: Vec<f64> = vec![0.0; self.places.len()];
		for product in &self.products {
			for (tree, sum) in product.correlations(&sum_of) {
				largest[tree] = largest[tree].max(sum);
			}
		}
		largest
	}

	/// The coefficients that are kept of each ciphertext: two per product, then the pools.
	pub fn positions(&self) -> Vec<Vec<u16>> {
		let choice = self.choice;
		let of_product = |product: &Product| {
			let values = || product.values.iter().map(|value| value.at);
			let columns = values().flat_map(|at| choice.coefficients(difference_position(at)));
			let columns = columns.flat_map(|q| (0..OCTET).map(move |k| (STRIDE * k + q) as u16));
			let zeros = values().flat_map(|at| choice.coefficients(at)).map(|at| at as u16);
			[columns.collect(), zeros.collect()]
		};
		let of_pool = |&values: &usize| {
			let values = (0..values).map(|number| choice.position(number));
			values.flat_map(|at| choice.coefficients(at)).map(|at| at as u16).collect()
		};
		self.products.iter().flat_map(of_product).chain(self.pools.iter().map(of_pool)).collect()
	}

	/// How many coefficients are kept in all.
	pub fn kept(&self) -> usize {
		let in_products: usize = self.products.iter().map(|product| product.values.len()).sum();
		let in_pools: usize = self.pools.iter().sum();
		self.choice.width * ((OCTET + 1) * in_products + in_pools)
	}

	/// The coefficients of a value whose first one is `at`.
	pub fn coefficients(&self, at: usize) -> impl Iterator<Item = usize> {
		self.choice.coefficients(at)
	}

	/// Number of ciphertexts.
	pub fn ciphertexts(&self) -> usize {
		2 * self.products.len() + self.pools.len()
	}

	/// The ciphertext of a pool.
	pub fn pool(&self, pool: usize) -> usize {
		2 * self.products.len() + pool
	}

	/// Groups of bits that select between leaves.
	pub fn groups(&self) -> usize {
		self.grouped.div_ceil(OCTET)
	}
}

/// The coefficient of D where the difference of a product's value is.
pub(super) fn difference_position(at: usize) -> usize {
	at % STRIDE
}
