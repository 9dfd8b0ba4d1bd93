//! The bytes of deep networks.

use super::{
	Choice, DeepCircuit, DeepCircuitError, DeepLayer, DeepLayers, DeepOutput, DeepTable, SparseRow,
	compile::{
		MAX_FEATURE_BITS, MAX_FEATURES, MAX_LAYERS, MAX_OUTPUTS, MAX_STEP_LOG2, MAX_TABLE,
		MAX_UNITS, check, with_choice,
	},
};
use crate::circuits::{
	bytes::{Reader, write_signed_varint, write_varint},
	levelled::cost::check_memory,
};
use alloc::vec::Vec;

/// What the bytes of a deep network say.
struct Stored {
	layers: DeepLayers,
	choice: Choice,
	result_bits: u32,
}

/// A base-128 integer up to `most`.
fn count(reader: &mut Reader<'_>, most: usize) -> Option<usize> {
	usize::try_from(reader.varint()?).ok().filter(|&count| count <= most)
}

fn read_row(reader: &mut Reader<'_>) -> Option<SparseRow> {
	let bias = reader.signed_varint()?;
	// Every entry takes two bytes at least.
	let entries = count(reader, reader.rest().len())?;
	let mut next = 0u32;
	let entry = |_| {
		let skipped = u32::try_from(reader.varint()?).ok()?;
		let column = next.checked_add(skipped)?;
		next = column.checked_add(1)?;
		Some((column, i32::try_from(reader.signed_varint()?).ok()?))
	};
	Some(SparseRow { bias, entries: (0..entries).map(entry).collect::<Option<_>>()? })
}

fn write_row(row: &SparseRow, bytes: &mut Vec<u8>) {
	write_signed_varint(row.bias, bytes);
	write_varint(row.entries.len() as u64, bytes);
	let mut next = 0;
	for &(column, weight) in &row.entries {
		write_varint(u64::from(column - next), bytes);
		write_signed_varint(weight.into(), bytes);
		next = column + 1;
	}
}

fn read_table(reader: &mut Reader<'_>) -> Option<DeepTable> {
	let low = reader.signed_varint()?;
	let step_log2 = count(reader, MAX_STEP_LOG2 as usize)? as u32;
	let len = count(reader, MAX_TABLE)?;
	let mut value = 0i32;
	let values = (0..len).map(|_| {
		value = value.checked_add(i32::try_from(reader.signed_varint()?).ok()?)?;
		Some(value)
	});
	Some(DeepTable { low, step_log2, values: values.collect::<Option<_>>()? })
}

fn write_table(table: &DeepTable, bytes: &mut Vec<u8>) {
	write_signed_varint(table.low, bytes);
	write_varint(table.step_log2.into(), bytes);
	write_varint(table.values.len() as u64, bytes);
	let mut before = 0;
	for &value in &table.values {
		write_signed_varint(i64::from(value) - before, bytes);
		before = value.into();
	}
}

fn read_layer(reader: &mut Reader<'_>) -> Option<DeepLayer> {
	let from = count(reader, MAX_LAYERS)?;
	let units = count(reader, MAX_UNITS)?;
	let tables = count(reader, MAX_UNITS)?;
	Some(DeepLayer {
		from,
		rows: (0..units).map(|_| read_row(reader)).collect::<Option<_>>()?,
		tables: (0..tables).map(|_| read_table(reader)).collect::<Option<_>>()?,
		table_of: (0..units)
			.map(|_| count(reader, MAX_UNITS).map(|table| table as u16))
			.collect::<Option<_>>()?,
	})
}

fn read_output(reader: &mut Reader<'_>) -> Option<DeepOutput> {
	let row = read_row(reader)?;
	Some(DeepOutput { row, range: (reader.signed_varint()?, reader.signed_varint()?) })
}

impl Stored {
	fn read(bytes: &[u8]) -> Option<Self> {
		let mut reader = Reader::new(bytes);
		let [input_gadget, result_bits, zero] = reader.array()?;
		let features = count(&mut reader, MAX_FEATURES)?;
		let feature_bits = (0..features)
			.map(|_| count(&mut reader, MAX_FEATURE_BITS as usize).map(|bits| bits as u32))
			.collect::<Option<_>>()?;
		let layers = count(&mut reader, MAX_LAYERS)?;
		let hidden =
			(0..layers).map(|_| read_layer(&mut reader)).collect::<Option<Vec<DeepLayer>>>()?;
		let units = (0..layers).map(|_| reader.varint()).collect::<Option<_>>()?;
		let gadgets =
			(1..layers).map(|_| reader.array().map(|[gadget]| gadget)).collect::<Option<_>>()?;
		let outputs_from = count(&mut reader, MAX_LAYERS)?;
		let outputs = count(&mut reader, MAX_OUTPUTS)?;
		let outputs = (0..outputs).map(|_| read_output(&mut reader)).collect::<Option<_>>()?;
		let stored = Self {
			layers: DeepLayers { feature_bits, hidden, outputs_from, outputs },
			choice: Choice { input_gadget, gadgets, units },
			result_bits: result_bits.into(),
		};
		(zero == 0 && reader.rest().is_empty()).then_some(stored)
	}
}

impl DeepCircuit {
	/// Gadget of the input, bits of the result and a zero (u8); then, as base-128 integers: features and the bits of
	/// each, hidden layers, then those one by one (the first layer that it reads, units, tables; rows: bias, entries,
	/// for each the columns that are skipped and its weight; tables: lowest argument, logarithm of the step, values,
	/// their differences; the table of each unit), the units on the circle, the gadgets (u8) of all hidden layers but
	/// the first, the first layer that outputs read, outputs, and those one by one: row, lowest and highest value.
	pub fn to_bytes(&self) -> Vec<u8> {
		let DeepLayers { feature_bits, hidden, outputs_from, outputs } = &self.layers;
		let mut bytes = Vec::new();
		bytes.extend([self.choice.input_gadget, self.encoding.result_bits as u8, 0]);
		write_varint(feature_bits.len() as u64, &mut bytes);
		feature_bits.iter().for_each(|&bits| write_varint(bits.into(), &mut bytes));
		write_varint(hidden.len() as u64, &mut bytes);
		for layer in hidden {
			for number in [layer.from, layer.rows.len(), layer.tables.len()] {
				write_varint(number as u64, &mut bytes);
			}
			layer.rows.iter().for_each(|row| write_row(row, &mut bytes));
			layer.tables.iter().for_each(|table| write_table(table, &mut bytes));
			layer.table_of.iter().for_each(|&table| write_varint(table.into(), &mut bytes));
		}
		self.choice.units.iter().for_each(|&unit| write_varint(unit, &mut bytes));
		bytes.extend(&self.choice.gadgets);
		write_varint(*outputs_from as u64, &mut bytes);
		write_varint(outputs.len() as u64, &mut bytes);
		for output in outputs {
			write_row(&output.row, &mut bytes);
			write_signed_varint(output.range.0, &mut bytes);
			write_signed_varint(output.range.1, &mut bytes);
		}
		bytes
	}

	/// Reads what [`DeepCircuit::to_bytes`] wrote, and checks it against the noise budget.
	///
	/// # Errors
	/// If the bytes are truncated, oversized or malformed, if the parameters in them do not satisfy the noise budget, or
	/// if the evaluation would need too much memory.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, DeepCircuitError> {
		let Stored { layers, choice, result_bits } =
			Stored::read(bytes).ok_or(DeepCircuitError::Malformed)?;
		check(&layers)?;
		let circuit = with_choice(layers, choice, result_bits)?;
		check_memory(&circuit)?;
		Ok(circuit)
	}
}
