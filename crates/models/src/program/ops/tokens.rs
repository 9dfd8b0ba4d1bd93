//! Words of texts, found with the simplest patterns.

use super::operator::{Operator, Run::One};
use crate::program::{
	call::Call,
	error::{Fault, unfit},
	tensor::Tensor,
};

pub(super) const OPERATORS: &[Operator] = &[Operator::microsoft("Tokenizer", 1.., One(tokenizer))];

/// A set of characters, as `[a-z_]`, `\w`, `.` or a character has it in a regular expression.
struct Pattern {
	ranges: Vec<(char, char)>,
	is_negated: bool,
	/// Whether a token is as many of them as stand together (`+`), not one.
	repeats: bool,
}

const WORD: [(char, char); 4] = [('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')];
const SPACE: [(char, char); 3] = [(' ', ' '), ('\t', '\n'), ('\x0c', '\r')];

impl Pattern {
	fn has(&self, c: char) -> bool {
		self.ranges.iter().any(|&(first, last)| (first..=last).contains(&c)) != self.is_negated
	}

	/// `None` for every regular expression that is not one set of characters.
	fn parse(text: &str) -> Option<Self> {
		let (text, repeats) = match text.strip_suffix('+') {
			Some(rest) if !rest.is_empty() && !rest.ends_with('\\') => (rest, true),
			_ => (text, false),
		};
		let list = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
		let (ranges, is_negated) = match list {
			Some(list) => {
				let (list, is_negated) = match list.strip_prefix('^') {
					Some(rest) => (rest, true),
					None => (list, false),
				};
				(ranges(list)?, is_negated)
			},
			// All but a line feed.
			None if text == "." => (vec![('\n', '\n')], true),
			None if text.starts_with('\\') => (ranges(text)?, false),
			None if text.contains(['^', '$', '|', '*', '?', '(', ')', '[', '{']) => return None,
			None => (ranges(text)?, false),
		};
		let is_one = list.is_some() || text == "." || is_one_item(text);
		is_one.then_some(Self { ranges, is_negated, repeats })
	}

	fn tokens<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
		let parts = text.split(|c| !self.has(c)).filter(|part| !part.is_empty());
		parts.flat_map(|part| {
			let whole = self.repeats.then_some(part);
			let each = part.split_inclusive(|_| true).filter(|_| !self.repeats);
			whole.into_iter().chain(each)
		})
	}
}

fn is_one_item(text: &str) -> bool {
	text.strip_prefix('\\').unwrap_or(text).chars().count() == 1
}

/// The characters and ranges between brackets.
fn ranges(list: &str) -> Option<Vec<(char, char)>> {
	let mut found = Vec::new();
	let mut rest = list.chars().peekable();
	while let Some(c) = rest.next() {
		let first = match c {
			'\\' => match rest.next()? {
				'w' => {
					found.extend(WORD);
					continue;
				},
				's' => {
					found.extend(SPACE);
					continue;
				},
				'd' => {
					found.push(('0', '9'));
					continue;
				},
				't' => '\t',
				'n' => '\n',
				'r' => '\r',
				escaped if escaped.is_alphanumeric() => return None,
				escaped => escaped,
			},
			'[' => return None,
			c => c,
		};
		// A dash at the end is one.
		let mut ahead = rest.clone();
		let last = match (ahead.next(), ahead.next()) {
			(Some('-'), Some('\\')) => return None,
			(Some('-'), Some(last)) => {
				rest = ahead;
				last
			},
			_ => first,
		};
		found.push((first, last));
	}
	Some(found)
}

/// For each text, its tokens, filled up to the largest number of them.
fn tokenizer(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	if call.node.int("mark", 0) != 0 {
		return unfit("with marks at start and end");
	}
	let pattern = |text: &str| match Pattern::parse(text) {
		Some(pattern) => Ok(pattern),
		None => unfit(format!("the pattern `{text}`: only one set of characters is supported")),
	};
	let expression = call.node.string("tokenexp", "");
	let pattern = match call.texts("separators")?.as_slice() {
		[] if expression.is_empty() => return unfit("it has neither separators nor tokens"),
		[] => pattern(&expression)?,
		// Every character is a token.
		[empty] if empty.is_empty() => {
			Pattern { ranges: Vec::new(), is_negated: true, repeats: false }
		},
		separators => {
			let mut ranges = Vec::new();
			for text in separators {
				let separator = pattern(text)?;
				if separator.is_negated {
					return unfit(format!("the separator `{text}`"));
				}
				ranges.extend(separator.ranges);
			}
			Pattern { ranges, is_negated: true, repeats: true }
		},
	};
	let shortest = usize::try_from(call.node.int("mincharnum", 1)).unwrap_or_default();
	let texts = input.as_texts()?;
	// Every character is compared with the ranges, two times.
	let cost = texts.iter().map(|text| text.len() * (2 + 2 * pattern.ranges.len())).sum();
	call.budget.charge(cost)?;
	let kept = |text| pattern.tokens(text).filter(|token| token.chars().count() >= shortest);
	let most = texts.iter().map(|text| kept(text).count()).max().unwrap_or_default();
	let mut dims = input.dims.clone();
	dims.push(most);
	let size = call.budget.room(&dims)?;
	let filler = call.node.string("pad_value", "");
	let mut tokens = Vec::with_capacity(size);
	for text in texts {
		let padded = kept(text).chain(std::iter::repeat(filler.as_str()));
		for token in padded.take(most) {
			call.budget.text(token)?;
			tokens.push(token.to_string());
		}
	}
	Ok(Tensor::texts(dims, tokens))
}
