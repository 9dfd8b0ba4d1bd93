//! Texts to other texts, and to counts of their words.

use super::operator::{Operator, Run::One};
use crate::program::{
	call::Call,
	error::{Fault, unfit},
	tensor::{Kind, Tensor},
	walk::{broadcast, spread},
};
use std::collections::{HashMap, HashSet};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("StringConcat", 20.., One(string_concat)),
	Operator::onnx("StringNormalizer", 10.., One(string_normalizer)),
	Operator::onnx("TfIdfVectorizer", 9.., One(tf_idf_vectorizer)),
];

/// Texts of both inputs, one after the other.
fn string_concat(call: &mut Call) -> Result<Tensor, Fault> {
	let (a, b) = (call.input(0)?, call.input(1)?);
	let (left, right) = (a.as_texts()?, b.as_texts()?);
	let dims = broadcast(&a.dims, &b.dims)?;
	call.budget.room(&dims)?;
	let mut texts = Vec::new();
	for (a, b) in spread(&a.dims, &dims).zip(spread(&b.dims, &dims)) {
		let (Some(a), Some(b)) = (left.get(a), right.get(b)) else { break };
		// Before they are put together.
		call.budget.text(a)?;
		call.budget.text(b)?;
		texts.push([a.as_str(), b].concat());
	}
	Ok(Tensor::texts(dims, texts))
}

/// Without some words, and in another case; one row at most.
fn string_normalizer(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let is_row = match input.dims.as_slice() {
		[_] => false,
		[1, _] => true,
		_ => return unfit("its input is neither a vector nor one row"),
	};
	let is_exact = call.node.int("is_case_sensitive", 0) != 0;
	let compared = |text: &str| if is_exact { text.into() } else { text.to_lowercase() };
	let stopwords = call.texts("stopwords")?;
	let stopwords: HashSet<String> = stopwords.iter().map(|word| compared(word)).collect();
	let action = call.node.string("case_change_action", "NONE");
	let change: fn(&str) -> String = match action.as_str() {
		"NONE" => str::to_string,
		"LOWER" => str::to_lowercase,
		"UPPER" => str::to_uppercase,
		other => return unfit(format!("case_change_action {other}")),
	};
	let mut texts = Vec::new();
	for text in input.as_texts()? {
		if stopwords.is_empty() || !stopwords.contains(&compared(text)) {
			call.budget.text(text)?;
			texts.push(change(text));
		}
	}
	if texts.is_empty() {
		texts.push(String::new());
	}
	let len = texts.len();
	Ok(Tensor::texts(if is_row { vec![1, len] } else { vec![len] }, texts))
}

/// A word: text, or an integer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Word<'a> {
	Text(&'a str),
	Integer(i64),
}

impl Word<'_> {
	/// Operations that a look at it takes.
	fn cost(self) -> usize {
		match self {
			Self::Text(text) => 1 + text.len(),
			Self::Integer(_) => 1,
		}
	}
}

/// The sequences of words that are counted, and the column of each.
struct Pool<'a> {
	columns: HashMap<&'a [Word<'a>], usize>,
	/// Words of the shortest and longest ones that count.
	lengths: (usize, usize),
	skips: usize,
}

impl Pool<'_> {
	/// Adds the sequences of a row to the counts of its columns.
	///
	/// # Errors
	/// If it takes too many operations.
	fn count(&self, row: &[Word], counts: &mut [f64], call: &mut Call) -> Result<(), Fault> {
		let (mut shortest, longest) = self.lengths;
		for distance in 1..=self.skips.saturating_add(1) {
			if shortest > longest || (shortest - 1).saturating_mul(distance) >= row.len() {
				break;
			}
			for start in 0..row.len() {
				let mut sequence = Vec::new();
				let mut cost = 1;
				for word in row.iter().skip(start).step_by(distance).take(longest) {
					sequence.push(*word);
					cost += word.cost();
					call.budget.charge(cost)?;
					if sequence.len() < shortest {
						continue;
					}
					let column = self.columns.get(sequence.as_slice());
					if let Some(count) = column.and_then(|&column| counts.get_mut(column)) {
						*count += 1.0;
					}
				}
			}
			// Single words are the same at every distance.
			shortest = shortest.max(2);
		}
		Ok(())
	}
}

/// Counts of sequences of words in each row, weighted.
fn tf_idf_vectorizer(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, node) = (call.input(0)?, call.node);
	let number = |name: &str| match usize::try_from(node.int(name, 0)) {
		Ok(number) => Ok(number),
		Err(_) => unfit(format!("{name} is negative")),
	};
	let texts = call.texts("pool_strings")?;
	let pool: Vec<Word> = match input.kind {
		Kind::Text => texts.iter().map(|text| Word::Text(text)).collect(),
		_ => node.ints("pool_int64s").iter().map(|&word| Word::Integer(word)).collect(),
	};
	let starts = super::shapes::dims(node.ints("ngram_counts"))?;
	let columns = super::shapes::dims(node.ints("ngram_indexes"))?;
	let outputs = columns.iter().max().map_or(0, |last| last.saturating_add(1));
	let mut sequences = Vec::new();
	for (at, &start) in starts.iter().enumerate() {
		let end = starts.get(at + 1).copied().unwrap_or(pool.len());
		let Some(part) = pool.get(start..end) else {
			return unfit("its sequences are not in its pool");
		};
		sequences.extend(part.chunks_exact(at + 1));
	}
	if sequences.len() != columns.len() {
		return unfit("it has not one column for each sequence");
	}
	let lengths = (number("min_gram_length")?.max(1), number("max_gram_length")?.min(starts.len()));
	let counted = Pool {
		columns: sequences.into_iter().zip(columns.iter().copied()).collect(),
		lengths,
		skips: number("max_skip_count")?,
	};
	let (rows, len) = match input.dims.as_slice() {
		[len] => (1, *len),
		[rows, len] => (*rows, *len),
		_ => return unfit("its input is neither a vector nor a table"),
	};
	let size = call.budget.room(&[rows, outputs])?;
	let words: Vec<Word> = match input.values.texts() {
		Some(texts) => texts.iter().map(|text| Word::Text(text)).collect(),
		None => input.as_integers()?.into_iter().map(Word::Integer).collect(),
	};
	let mut counts = vec![0.0; size];
	let parts = words.chunks(len.max(1)).zip(counts.chunks_mut(outputs.max(1)));
	for (row, counts) in parts {
		counted.count(row, counts, call)?;
	}
	weigh(call, &mut counts, &columns, outputs)?;
	let dims = if input.dims.len() == 1 { vec![outputs] } else { vec![rows, outputs] };
	Ok(Tensor::rounded(Kind::Single, dims, counts))
}

/// What becomes of counts of rows with so many columns; there is a weight for each sequence, which has this column.
fn weigh(
	call: &mut Call,
	counts: &mut [f64],
	columns: &[usize],
	outputs: usize,
) -> Result<(), Fault> {
	let given = call.floats("weights")?;
	call.budget.room(&[outputs])?;
	let mut weights = vec![1.0; outputs];
	for (&column, weight) in columns.iter().zip(given) {
		if let Some(place) = weights.get_mut(column) {
			*place = weight;
		}
	}
	let weight = |column: usize| weights.get(column).copied().unwrap_or_default();
	let columns = counts.iter_mut().enumerate().map(|(at, count)| (at % outputs.max(1), count));
	match call.node.string("mode", "TF").as_str() {
		"TF" => {},
		"IDF" => columns.for_each(|(column, count)| {
			*count = if *count > 0.0 { weight(column) } else { 0.0 };
		}),
		"TFIDF" => columns.for_each(|(column, count)| *count *= weight(column)),
		other => return unfit(format!("the mode {other}")),
	}
	Ok(())
}
