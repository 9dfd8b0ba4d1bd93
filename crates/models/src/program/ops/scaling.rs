//! Columns of a table to other numbers.

use super::operator::{Operator, Run::One};
use crate::program::{
	call::Call,
	error::{Fault, unfit},
	tensor::{Kind, Tensor},
	walk::product,
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::ml("Binarizer", 1.., One(binarizer)),
	Operator::ml("FeatureVectorizer", 1.., One(feature_vectorizer)),
	Operator::ml("Imputer", 1.., One(imputer)),
	Operator::ml("Normalizer", 1.., One(normalizer)),
	Operator::ml("Scaler", 1.., One(scaler)),
	Operator::ml("ZipMap", 1.., One(zip_map)),
];

/// The number of columns: the second dimension, or that of a vector.
fn columns(tensor: &Tensor) -> usize {
	tensor.dims.get(1).or(tensor.dims.first()).copied().unwrap_or(1).max(1)
}

/// 1 above a threshold, 0 elsewhere.
fn binarizer(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, threshold) = (call.input(0)?, call.node.float("threshold", 0.0));
	call.map(input, input.kind, |x| f64::from(x > threshold))
}

/// Tables next to each other, each cut or filled with zeros to so many columns.
fn feature_vectorizer(call: &mut Call) -> Result<Tensor, Fault> {
	let inputs = call.all()?;
	let wanted = super::shapes::dims(call.node.ints("inputdimensions"))?;
	if wanted.len() != inputs.len() {
		return unfit("it has not one number of columns for each input");
	}
	let rows = |tensor: &Tensor| match tensor.dims.as_slice() {
		[] | [_] => 1,
		[rows, ..] => *rows,
	};
	let count = inputs.first().map_or(0, |first| rows(first));
	if inputs.iter().any(|input| rows(input) != count) {
		return unfit("its inputs have several numbers of rows");
	}
	let numbers = inputs.iter().map(|input| input.as_numbers());
	let numbers = numbers.collect::<Result<Vec<_>, Fault>>()?;
	let total = wanted.iter().fold(0usize, |total, &len| total.saturating_add(len));
	let (numbers, wanted) = (&numbers, &wanted);
	let values = (0..count).flat_map(|row| {
		numbers.iter().zip(wanted).flat_map(move |(numbers, &len)| {
			let own = numbers.len().checked_div(count).unwrap_or_default();
			(0..len).map(move |at| match at < own {
				true => numbers.get(row * own + at).copied().unwrap_or_default(),
				false => 0.0,
			})
		})
	});
	call.collect(Kind::Single, vec![count, total], values)
}

/// Another number for each one that is missing, for all columns or each of them.
fn imputer(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let (imputed, missing) = match input.kind {
		Kind::Integer => {
			let imputed = call.node.ints("imputed_value_int64s").iter().map(|&x| x as f64);
			(imputed.collect(), call.node.int("replaced_value_int64", 0) as f64)
		},
		_ => {
			let missing = call.node.float("replaced_value_float", 0.0);
			(call.floats("imputed_value_floats")?, missing)
		},
	};
	let columns = columns(input);
	let per_column = imputed.len() == columns;
	if !per_column && imputed.len() != 1 {
		return unfit("it has not one number for each column");
	}
	let is_missing = |x: f64| x == missing || x.is_nan() && missing.is_nan();
	let value = |(at, &x): (usize, &f64)| match is_missing(x) {
		true => imputed.get(if per_column { at % columns } else { 0 }).copied().unwrap_or(x),
		false => x,
	};
	let values = input.as_numbers()?.iter().enumerate().map(value);
	call.collect(input.kind, input.dims.clone(), values)
}

/// (x - offset) scale, for all columns or each of them.
fn scaler(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let (offset, scale) = (call.floats("offset")?, call.floats("scale")?);
	let columns = columns(input);
	let fits = |numbers: &[f64]| numbers.len() == columns || numbers.len() == 1;
	if offset.len() != scale.len() || !fits(&offset) {
		return unfit("it has not one offset and scale for each column");
	}
	let pairs = offset.iter().zip(&scale).cycle();
	let is_single = input.kind == Kind::Single;
	let scaled = input.as_numbers()?.iter().zip(pairs).map(|(x, (offset, scale))| {
		// ONNX Runtime rounds in between, too.
		let shifted = x - offset;
		(if is_single { Kind::Single.round(shifted) } else { shifted }) * scale
	});
	call.collect(Kind::Single, input.dims.clone(), scaled)
}

/// Rows divided by their largest number, by the sum of their magnitudes, or by their length.
fn normalizer(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let norm = call.node.string("norm", "MAX");
	let numbers = input.as_numbers()?;
	let (len, after) = match input.dims.as_slice() {
		[] => return unfit("its input has no dimension"),
		[len] => (*len, 1),
		[_, len, after @ ..] => (*len, product(after)),
	};
	let mut normal = call.map(input, Kind::Double, |x| x)?.as_numbers()?.to_vec();
	let row = |start: usize| numbers.iter().skip(start).step_by(after.max(1)).take(len);
	for start in (0..numbers.len()).filter(|start| start / after.max(1) % len.max(1) == 0) {
		let divisor = match norm.as_str() {
			"MAX" => row(start).copied().fold(f64::NEG_INFINITY, f64::max),
			"L1" => row(start).map(|x| x.abs()).sum(),
			"L2" => row(start).map(|x| x * x).sum::<f64>().sqrt(),
			other => return unfit(format!("the norm {other}")),
		};
		if divisor != 0.0 {
			let each = normal.iter_mut().skip(start).step_by(after.max(1)).take(len);
			each.for_each(|x| *x /= divisor);
		}
	}
	Ok(Tensor::rounded(Kind::Single, input.dims.clone(), normal))
}

/// The scores as they are: their names are the model's business.
fn zip_map(call: &mut Call) -> Result<Tensor, Fault> {
	call.budget.copy(call.input(0)?)
}
