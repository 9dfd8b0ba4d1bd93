//! Linear models, and what makes probabilities of scores.

use super::{
	arithmetic::sigmoid,
	operator::{
		Operator,
		Run::{One, Several},
	},
};
use crate::{
	program::{
		call::Call,
		error::{Fault, unfit},
		tensor::{Kind, Tensor},
		walk::around,
	},
	special::probit,
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("Hardmax", 1.., One(|call| normalised(call, hardmax))),
	Operator::onnx("LogSoftmax", 1.., One(|call| normalised(call, log_softmax))),
	Operator::onnx("LpNormalization", 1.., One(lp_normalization)),
	Operator::onnx("Softmax", 1.., One(|call| normalised(call, softmax))),
	Operator::ml("LinearClassifier", 1.., Several(linear_classifier)),
	Operator::ml("LinearRegressor", 1.., One(linear_regressor)),
];

fn largest(scores: &[f64]) -> f64 {
	scores.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn softmax(scores: &mut [f64]) {
	let most = largest(scores);
	scores.iter_mut().for_each(|score| *score = (*score - most).exp());
	let sum: f64 = scores.iter().sum();
	scores.iter_mut().for_each(|score| *score /= sum);
}

fn log_softmax(scores: &mut [f64]) {
	let most = largest(scores);
	let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
	scores.iter_mut().for_each(|score| *score -= most + sum.ln());
}

/// 1 for the first of the largest.
fn hardmax(scores: &mut [f64]) {
	let most = largest(scores);
	let first = scores.iter().position(|&score| score == most);
	for (at, score) in scores.iter_mut().enumerate() {
		*score = f64::from(Some(at) == first);
	}
}

/// Divides by a norm that is not zero.
fn divide(scores: &mut [f64], norm: f64) {
	if norm != 0.0 {
		scores.iter_mut().for_each(|score| *score /= norm);
	}
}

/// Divided by the sum of magnitudes, or by the length.
fn lp_normalization(call: &mut Call) -> Result<Tensor, Fault> {
	match call.node.int("p", 2) {
		1 => along(call, -1, false, |x| divide(x, x.iter().map(|x| x.abs()).sum())),
		2 => along(call, -1, false, |x| divide(x, x.iter().map(|x| x * x).sum::<f64>().sqrt())),
		other => unfit(format!("the norm {other}")),
	}
}

/// Along an axis from version 13 on, over it and all dimensions after it before.
fn normalised(call: &mut Call, function: fn(&mut [f64])) -> Result<Tensor, Fault> {
	match call.version {
		..13 => along(call, 1, true, function),
		_ => along(call, -1, false, function),
	}
}

/// Changes all numbers along an axis together, or along it and all dimensions after it.
fn along(
	call: &mut Call,
	default: i64,
	is_old: bool,
	function: fn(&mut [f64]),
) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let axis = call.axis(default, input.dims.len())?;
	let [before, len, after] = around(&input.dims, axis)?;
	let (len, after) = if is_old { (len.saturating_mul(after), 1) } else { (len, after) };
	let numbers = input.as_numbers()?;
	let mut result = call.map(input, Kind::Double, |x| x)?.as_numbers()?.to_vec();
	for (before, column) in
		(0..before).flat_map(|before| (0..after).map(move |after| (before, after)))
	{
		let start = before * len * after + column;
		let mut scores: Vec<f64> =
			numbers.iter().skip(start).step_by(after).take(len).copied().collect();
		function(&mut scores);
		let places = result.iter_mut().skip(start).step_by(after);
		places.zip(scores).for_each(|(place, score)| *place = score);
	}
	Ok(Tensor::rounded(input.kind, input.dims.clone(), result))
}

/// Rows of scores: coefficients, one row per output, and intercepts.
fn linear(call: &mut Call, outputs: usize) -> Result<(usize, Vec<f64>), Fault> {
	let input = call.input(0)?;
	let numbers = input.as_numbers()?;
	let (rows, columns) = match input.dims.as_slice() {
		[columns] => (1, *columns),
		[rows, columns] => (*rows, *columns),
		_ => return unfit("its input is no table"),
	};
	let (coefficients, intercepts) = (call.floats("coefficients")?, call.floats("intercepts")?);
	if columns == 0 || Some(coefficients.len()) != outputs.checked_mul(columns) {
		return unfit("its coefficients do not fit the columns");
	}
	if !intercepts.is_empty() && intercepts.len() != outputs {
		return unfit("it has not one intercept per output");
	}
	let size = call.budget.room(&[rows, outputs])?;
	call.budget.charge(size.saturating_mul(columns))?;
	let scores = numbers.chunks(columns).flat_map(|row| {
		coefficients.chunks(columns).enumerate().map(|(at, weights)| {
			let sum: f64 = row.iter().zip(weights).map(|(x, weight)| x * weight).sum();
			Kind::Single.round(sum + intercepts.get(at).copied().unwrap_or_default())
		})
	});
	Ok((rows, scores.collect()))
}

/// What ONNX Runtime takes for zero in SOFTMAX_ZERO.
const NEARLY_ZERO: f64 = 1e-7;

/// Zeros stay.
fn softmax_zero(scores: &mut [f64]) {
	let most = largest(scores);
	for score in scores.iter_mut() {
		let is_zero = score.abs() <= NEARLY_ZERO;
		*score = if is_zero { *score * (-most).exp() } else { (*score - most).exp() };
	}
	let sum: f64 = scores.iter().sum();
	scores.iter_mut().for_each(|score| *score /= sum);
}

/// Transforms rows of so many scores.
fn post_transform(call: &Call, scores: &mut [f64], outputs: usize) -> Result<(), Fault> {
	let of_each = |scores: &mut [f64], function: fn(f64) -> f64| {
		scores.iter_mut().for_each(|score| *score = function(*score));
	};
	let rows = scores.chunks_mut(outputs.max(1));
	match call.node.string("post_transform", "NONE").as_str() {
		"NONE" => {},
		"LOGISTIC" => of_each(scores, sigmoid),
		"PROBIT" => of_each(scores, probit),
		"SOFTMAX" => rows.for_each(softmax),
		"SOFTMAX_ZERO" => rows.for_each(softmax_zero),
		other => return unfit(format!("post_transform {other}")),
	}
	Ok(())
}

fn linear_regressor(call: &mut Call) -> Result<Tensor, Fault> {
	let targets = usize::try_from(call.node.int("targets", 1)).unwrap_or_default();
	let (rows, mut scores) = linear(call, targets)?;
	// Of one target ONNX Runtime ignores all others.
	if targets != 1 || call.node.string("post_transform", "NONE") == "PROBIT" {
		post_transform(call, &mut scores, targets)?;
	}
	Ok(Tensor::rounded(Kind::Single, vec![rows, targets], scores))
}

/// The label and the scores of each row.
fn linear_classifier(call: &mut Call) -> Result<Vec<Tensor>, Fault> {
	let classes = call.node.ints("classlabels_ints");
	let names = call.texts("classlabels_strings")?;
	let count = if classes.is_empty() { names.len() } else { classes.len() };
	let columns = call.input(0)?.dims.last().copied().unwrap_or_default();
	let given = call.node.floats("coefficients").len().checked_div(columns).unwrap_or_default();
	if given == 0 || given != count && !(given == 1 && count == 2) {
		return unfit("it has not one row of coefficients per class");
	}
	let (rows, mut scores) = linear(call, given)?;
	let best = scores.chunks(given).map(|scores| match scores {
		[score] if count == 2 => usize::from(*score > 0.0),
		_ => scores.iter().enumerate().fold(0, |best, (at, score)| {
			if scores.get(best).is_some_and(|best| score > best) { at } else { best }
		}),
	});
	let best: Vec<usize> = best.collect();
	let labels = match classes.is_empty() {
		true => {
			let names = Tensor::texts(vec![names.len()], names);
			call.pick(&names, vec![rows], best)?
		},
		false => {
			let label = |&at: &usize| classes.get(at).map_or(0.0, |&class| class as f64);
			call.collect(Kind::Integer, vec![rows], best.iter().map(label))?
		},
	};
	match given == 1 && count == 2 {
		true => scores = two_sided(call, &scores)?,
		false => post_transform(call, &mut scores, count)?,
	}
	Ok(vec![labels, Tensor::rounded(Kind::Single, vec![rows, count], scores)])
}

/// Scores of both classes from that of the second one, as ONNX Runtime makes them.
fn two_sided(call: &mut Call, scores: &[f64]) -> Result<Vec<f64>, Fault> {
	let both: fn(f64) -> [f64; 2] = match call.node.string("post_transform", "NONE").as_str() {
		"LOGISTIC" => |score| [sigmoid(-score), sigmoid(score)],
		"NONE" | "SOFTMAX" | "SOFTMAX_ZERO" => |score| [1.0 - score, score],
		other => return unfit(format!("post_transform {other} of two classes with one score")),
	};
	call.budget.room(&[scores.len(), 2])?;
	Ok(scores.iter().flat_map(|&score| both(score)).collect())
}
