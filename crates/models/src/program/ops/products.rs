//! Products of matrices, and what belongs to networks.

use super::operator::{
	Operator,
	Run::{One, Several},
	paired,
};
use crate::program::{
	call::Call,
	error::{Fault, unfit},
	tensor::{Kind, Tensor},
	walk::{around, broadcast, product, spread},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("BatchNormalization", 9.., One(batch_normalization)),
	Operator::onnx("Dropout", 7.., Several(dropout)),
	Operator::onnx("Gemm", 7.., One(gemm)),
	Operator::onnx("MatMul", 1.., One(matmul)),
];

/// Numbers of a matrix, and how far its next row and column are.
#[derive(Clone, Copy)]
struct Matrix<'a> {
	numbers: &'a [f64],
	start: usize,
	steps: [usize; 2],
}

impl Matrix<'_> {
	fn at(&self, row: usize, column: usize) -> f64 {
		let [down, right] = self.steps;
		let place = self.start + row * down + column * right;
		self.numbers.get(place).copied().unwrap_or_default()
	}

	/// An element of a product over so many.
	fn product(&self, other: &Self, row: usize, column: usize, inner: usize) -> f64 {
		(0..inner).map(|at| self.at(row, at) * other.at(at, column)).sum()
	}
}

fn cost(lengths: [usize; 3]) -> usize {
	lengths.into_iter().fold(1, |cost: usize, len| cost.saturating_mul(len))
}

/// As NumPy does: vectors are rows on the left and columns on the right, and other dimensions are broadcast.
fn matmul(call: &mut Call) -> Result<Tensor, Fault> {
	let (a, b) = (call.input(0)?, call.input(1)?);
	let (left, right) = (a.as_numbers()?, b.as_numbers()?);
	if a.kind != b.kind {
		return unfit("its inputs are of several types");
	}
	let (rows, inner, a_outer) = match a.dims.as_slice() {
		[] => return unfit("its first input has no dimension"),
		[inner] => (None, *inner, &[][..]),
		[outer @ .., rows, inner] => (Some(*rows), *inner, outer),
	};
	let (columns, b_inner, b_outer) = match b.dims.as_slice() {
		[] => return unfit("its second input has no dimension"),
		[inner] => (None, *inner, &[][..]),
		[outer @ .., inner, columns] => (Some(*columns), *inner, outer),
	};
	if inner != b_inner {
		return unfit(format!("{inner} columns do not fit {b_inner} rows"));
	}
	let outer = broadcast(a_outer, b_outer)?;
	let dims: Vec<usize> = outer.iter().copied().chain(rows).chain(columns).collect();
	let (rows, columns) = (rows.unwrap_or(1), columns.unwrap_or(1));
	let size = call.budget.room(&dims)?;
	call.budget.charge(cost([size, inner, 1]))?;
	let starts = spread(a_outer, &outer).zip(spread(b_outer, &outer));
	let mut numbers = Vec::with_capacity(size);
	for (a, b) in starts.take(size) {
		let a = Matrix { numbers: left, start: a * rows * inner, steps: [inner, 1] };
		let b = Matrix { numbers: right, start: b * inner * columns, steps: [columns, 1] };
		for row in 0..rows {
			numbers.extend((0..columns).map(|column| a.product(&b, row, column, inner)));
		}
	}
	Ok(Tensor::rounded(call.input(0)?.kind, dims, numbers))
}

/// alpha A B + beta C, with A and B transposed if asked for.
fn gemm(call: &mut Call) -> Result<Tensor, Fault> {
	let (a, b, node) = (call.input(0)?, call.input(1)?, call.node);
	let (left, right) = (a.as_numbers()?, b.as_numbers()?);
	let (&[a_rows, a_columns], &[b_rows, b_columns]) = (a.dims.as_slice(), b.dims.as_slice())
	else {
		return unfit("its inputs are no matrices");
	};
	let oriented = |numbers, rows, columns, turned: &str| match node.int(turned, 0) {
		0 => (Matrix { numbers, start: 0, steps: [columns, 1] }, rows, columns),
		_ => (Matrix { numbers, start: 0, steps: [1, columns] }, columns, rows),
	};
	let (left, rows, inner) = oriented(left, a_rows, a_columns, "transA");
	let (right, b_inner, columns) = oriented(right, b_rows, b_columns, "transB");
	if inner != b_inner || a.kind != b.kind {
		return unfit(format!("{inner} columns do not fit {b_inner} rows"));
	}
	let (alpha, beta) = (node.float("alpha", 1.0), node.float("beta", 1.0));
	let dims = vec![rows, columns];
	call.budget.charge(cost([rows, columns, inner]))?;
	let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
	let sums = places.map(|(row, column)| alpha * left.product(&right, row, column, inner));
	// Not rounded before the bias is added.
	let product = call.collect(Kind::Double, dims.clone(), sums)?;
	match call.optional(2) {
		None => call.collect(a.kind, dims, product.as_numbers()?.iter().copied()),
		Some(bias) if bias.kind != a.kind || broadcast(&bias.dims, &dims)? != dims => {
			unfit("its third input does not fit")
		},
		Some(bias) => paired(call, &product, bias, a.kind, |sum, bias| sum + beta * bias),
	}
}

/// With the moments that were learnt: the second dimension is that of the channels.
fn batch_normalization(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	if call.node.int("training_mode", 0) != 0 {
		return unfit("in training mode");
	}
	let channels = if input.dims.len() < 2 { 1 } else { around(&input.dims, 1)?[1] };
	let numbers = input.as_numbers()?;
	let mut learnt = Vec::with_capacity(4);
	for at in 1..5 {
		let each = call.input(at)?.as_numbers()?;
		if each.len() != channels {
			return unfit(format!(
				"its input {at} has not one number for each of {channels} channels"
			));
		}
		learnt.push(each);
	}
	let &[scale, bias, mean, variance] = learnt.as_slice() else {
		return unfit("its inputs do not fit");
	};
	let epsilon = call.node.float("epsilon", f64::from(1e-5f32));
	let after: usize = product(input.dims.get(2..).unwrap_or_default()).max(1);
	let normal = numbers.iter().enumerate().map_while(|(place, x)| {
		let channel = place / after % channels.max(1);
		let deviation = (variance.get(channel)? + epsilon).sqrt();
		Some((x - mean.get(channel)?) / deviation * scale.get(channel)? + bias.get(channel)?)
	});
	call.collect(input.kind, input.dims.clone(), normal)
}

/// Drops nothing after training.
fn dropout(call: &mut Call) -> Result<Vec<Tensor>, Fault> {
	let input = call.input(0)?;
	if call.optional(2).map(Tensor::as_number).transpose()?.is_some_and(|training| training != 0.0)
	{
		return unfit("in training mode");
	}
	let copy = call.budget.copy(input)?;
	let mask = call.map(input, Kind::Bool, |_| 1.0)?;
	Ok(vec![copy, mask])
}
