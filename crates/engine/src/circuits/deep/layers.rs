//! What a deep network computes, in integers.

use alloc::vec::Vec;

/// A row of a sparse integer matrix, and what is added to its product: `bias + sum of weight value[column]`.
///
/// Dense layers, convolutions with any stride, padding and groups, average pooling, sums of residual connections and
/// folded normalisation are such rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SparseRow {
	/// What is added.
	pub bias: i64,
	/// Ascending columns, each with its weight.
	pub entries: Vec<(u32, i32)>,
}

impl SparseRow {
	/// A row of a dense matrix.
	pub fn dense(bias: i64, weights: &[i32]) -> Self {
		let entries = (0..).zip(weights.iter().copied()).filter(|(_, weight)| *weight != 0);
		Self { bias, entries: entries.collect() }
	}

	/// The row's value for these columns; those that there are not count as 0.
	pub fn apply(&self, values: &[i64]) -> i64 {
		let product = |&(column, weight): &(u32, i32)| {
			i64::from(weight) * values.get(column as usize).copied().unwrap_or_default()
		};
		self.bias + self.entries.iter().map(product).sum::<i64>()
	}

	/// The weight of a column.
	pub(super) fn weight(&self, column: u32) -> i32 {
		let at = self.entries.partition_point(|(other, _)| *other < column);
		self.entries.get(at).filter(|(other, _)| *other == column).map_or(0, |(_, weight)| *weight)
	}
}

/// An activation of integers: `values[(x - low) >> step_log2]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeepTable {
	/// The lowest argument.
	pub low: i64,
	/// Arguments of one value: 2^`step_log2`.
	pub step_log2: u32,
	/// The values.
	pub values: Vec<i32>,
}

impl DeepTable {
	/// Number of arguments.
	pub fn width(&self) -> i64 {
		(self.values.len() as i64) << self.step_log2
	}

	/// The highest argument.
	pub fn high(&self) -> i64 {
		self.low + self.width() - 1
	}

	/// The argument that lies at 0 on the circle.
	pub(super) fn centre(&self) -> i64 {
		self.low + self.width() / 2
	}

	/// Whether it has a value for an argument.
	pub fn holds(&self, argument: i64) -> bool {
		(self.low..=self.high()).contains(&argument)
	}

	/// The value of an argument, or of the nearest one that has a value.
	pub fn value(&self, argument: i64) -> i32 {
		let at = (argument.clamp(self.low, self.high()) - self.low) >> self.step_log2;
		self.values.get(at as usize).copied().unwrap_or_default()
	}
}

/// A hidden layer: unit u has the value `tables[table_of[u]]` of `rows[u]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeepLayer {
	/// The first hidden layer whose values it reads: its columns are the values of layers `from`, `from` + 1, ... up to
	/// the one before it, one after the other. The first layer reads the bits of the features instead, and has 0.
	pub from: usize,
	/// One row per unit.
	pub rows: Vec<SparseRow>,
	/// Activations. In the first layer none has more than 2048 arguments.
	pub tables: Vec<DeepTable>,
	/// The activation of each unit.
	pub table_of: Vec<u16>,
}

impl DeepLayer {
	/// The activation of a unit.
	pub(super) fn table(&self, unit: usize) -> Option<&DeepTable> {
		self.tables.get(usize::from(*self.table_of.get(unit)?))
	}

	/// Rows with their activations.
	pub(super) fn units(&self) -> impl Iterator<Item = (&SparseRow, &DeepTable)> {
		self.rows.iter().enumerate().filter_map(|(unit, row)| Some((row, self.table(unit)?)))
	}
}

/// An output: a row of integers that reads hidden layers, and its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeepOutput {
	/// What it is.
	pub row: SparseRow,
	/// Lowest and highest value; rows of features for which it has others are refused.
	pub range: (i64, i64),
}

/// What a deep network computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeepLayers {
	/// Bits of each feature; a feature of b bits takes the integers below 2^b.
	pub feature_bits: Vec<u32>,
	/// The hidden layers.
	pub hidden: Vec<DeepLayer>,
	/// The first hidden layer that the outputs read; their columns are the values of it and those after it.
	pub outputs_from: usize,
	/// The outputs.
	pub outputs: Vec<DeepOutput>,
}

/// For each hidden layer the first one of those whose values have the same unit: layers that are read together. `from`
/// has for each hidden layer the first one that it reads (the first layer reads none), `outputs_from` is that of the
/// outputs.
pub fn unit_groups(from: &[usize], outputs_from: usize) -> Vec<usize> {
	let count = from.len();
	let mut group: Vec<usize> = (0..count).collect();
	let readers = from.iter().copied().zip(0..).skip(1);
	for (from, to) in readers.chain([(outputs_from, count)]) {
		let read: Vec<usize> = group.iter().copied().take(to).skip(from).collect();
		let Some(&first) = read.iter().min() else { continue };
		group.iter_mut().filter(|group| read.contains(group)).for_each(|group| *group = first);
	}
	group
}

impl DeepLayers {
	/// The [`unit_groups`] of its layers.
	pub(super) fn unit_groups(&self) -> Vec<usize> {
		let from: Vec<usize> = self.hidden.iter().map(|layer| layer.from).collect();
		unit_groups(&from, self.outputs_from)
	}

	/// Number of encrypted bits.
	pub fn bits(&self) -> usize {
		self.feature_bits.iter().map(|&bits| bits as usize).sum()
	}

	/// The bits of quantised features, least significant first.
	pub fn input_bits(&self, x: &[i64]) -> Vec<u64> {
		let bits = |(&bits, &x): (&u32, &i64)| (0..bits).map(move |bit| (x >> bit & 1) as u64);
		self.feature_bits.iter().zip(x).flat_map(bits).collect()
	}

	/// For every column of a reader of layers `from`.. up to, not including, `to`: the layer that it is of.
	pub(super) fn layers_of_columns(&self, from: usize, to: usize) -> Vec<usize> {
		let layers = self.hidden.iter().enumerate().take(to).skip(from);
		layers.flat_map(|(at, layer)| core::iter::repeat_n(at, layer.rows.len())).collect()
	}
}
