//! One number of many along some axes.

use super::operator::{Operator, Run::One};
use crate::program::{
	call::Call,
	error::{Fault, unfit},
	tensor::{Kind, Tensor},
	walk::{Walk, around, axis, product, strides},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("ArgMax", 1.., One(|call| place_of(call, |a, b| a > b))),
	Operator::onnx("ArgMin", 1.., One(|call| place_of(call, |a, b| a < b))),
	Operator::onnx("CumSum", 11.., One(cumulated)),
	Operator::onnx("ReduceL1", 1.., One(|call| reduced(call, |all| all.map(f64::abs).sum()))),
	Operator::onnx(
		"ReduceL2",
		1..,
		One(|call| reduced(call, |all| all.map(|x| x * x).sum::<f64>().sqrt())),
	),
	Operator::onnx("ReduceLogSum", 1.., One(|call| reduced(call, |all| all.sum::<f64>().ln()))),
	Operator::onnx("ReduceLogSumExp", 1.., One(|call| reduced(call, log_sum_exp))),
	Operator::onnx("ReduceMax", 1.., One(|call| reduced(call, |all| extreme(all, |a, b| a > b)))),
	Operator::onnx("ReduceMean", 1.., One(|call| reduced(call, mean))),
	Operator::onnx("ReduceMin", 1.., One(|call| reduced(call, |all| extreme(all, |a, b| a < b)))),
	Operator::onnx("ReduceProd", 1.., One(|call| reduced(call, |all| all.product()))),
	Operator::onnx("ReduceSum", 1.., One(|call| reduced(call, |all| all.sum()))),
	Operator::onnx(
		"ReduceSumSquare",
		1..,
		One(|call| reduced(call, |all| all.map(|x| x * x).sum())),
	),
	Operator::onnx("TopK", 10.., super::operator::Run::Several(top)),
];

/// The numbers that become one.
type All<'a> = &'a mut dyn Iterator<Item = f64>;

fn mean(all: All) -> f64 {
	let mut count = 0.0;
	let sum: f64 = all.inspect(|_| count += 1.0).sum();
	sum / count
}

/// Without an overflow of the exponentials.
fn log_sum_exp(all: All) -> f64 {
	let (mut largest, mut sum) = (f64::NEG_INFINITY, 0.0);
	for x in all {
		if x > largest && x.is_finite() {
			sum *= if largest.is_finite() { (largest - x).exp() } else { 0.0 };
			largest = x;
		}
		sum += if largest.is_finite() { (x - largest).exp() } else { x.exp() };
	}
	if largest.is_finite() { largest + sum.ln() } else { sum.ln() }
}

/// What is no number stays so.
fn extreme(all: All, wins: fn(f64, f64) -> bool) -> f64 {
	all.reduce(|a, b| if a.is_nan() || wins(a, b) { a } else { b }).unwrap_or_default()
}

/// Which axes go, and the dimensions of the result.
fn plan(call: &Call, input: &Tensor) -> Result<(Vec<bool>, Vec<usize>), Fault> {
	let rank = input.dims.len();
	let axes = call.integers("axes", 1)?.unwrap_or_default();
	let nothing = axes.is_empty() && call.node.int("noop_with_empty_axes", 0) != 0;
	let mut goes = vec![axes.is_empty() && !nothing; rank];
	for at in axes {
		if let Some(goes) = goes.get_mut(axis(at, rank)?) {
			*goes = true;
		}
	}
	let keep = call.node.int("keepdims", 1) != 0;
	let dims = input.dims.iter().zip(&goes).filter_map(|(&dim, goes)| match goes {
		false => Some(dim),
		true => keep.then_some(1),
	});
	let dims = dims.collect();
	Ok((goes, dims))
}

fn reduced(call: &mut Call, function: fn(All) -> f64) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let numbers = input.as_numbers()?;
	let (goes, dims) = plan(call, input)?;
	let steps = strides(&input.dims);
	let part = |wanted: bool| -> (Vec<usize>, Vec<isize>) {
		let all = input.dims.iter().zip(&steps).zip(&goes).filter(|(_, goes)| **goes == wanted);
		all.map(|((&dim, &step), _)| (dim, step)).unzip()
	};
	let ((outer, outer_steps), (inner, inner_steps)) = (part(false), part(true));
	// Nothing is left to take an extreme or a mean of.
	if product(&inner) == 0 && product(&outer) > 0 {
		return unfit("its input has no elements");
	}
	let each = Walk::new(0, &outer, &outer_steps).map(|start| {
		let places = Walk::new(start, &inner, &inner_steps);
		function(&mut places.filter_map(|place| numbers.get(place).copied()))
	});
	call.collect(input.kind, dims, each)
}

/// The places along an axis of the largest or smallest numbers; of equals the first, or the last one.
fn place_of(call: &mut Call, wins: fn(f64, f64) -> bool) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let numbers = input.as_numbers()?;
	let at = call.axis(0, input.dims.len())?;
	let [before, len, after] = around(&input.dims, at)?;
	let last = call.node.int("select_last_index", 0) != 0;
	let mut dims = input.dims.clone();
	match call.node.int("keepdims", 1) {
		0 => drop(dims.remove(at)),
		_ => dims.iter_mut().skip(at).take(1).for_each(|dim| *dim = 1),
	}
	if len == 0 {
		return unfit("its input has no elements");
	}
	let places = (0..before).flat_map(|before| (0..after).map(move |after| (before, after)));
	let best = places.map(|(before, column)| {
		let start = before * len * after + column;
		let column = numbers.iter().skip(start).step_by(after).take(len).copied().enumerate();
		let better = |a: f64, b: f64| wins(b, a) || last && b == a;
		let best = column.reduce(|a, b| if better(a.1, b.1) { b } else { a });
		best.map_or(0.0, |(at, _)| at as f64)
	});
	call.collect(Kind::Integer, dims, best)
}

/// Sums of all elements so far along an axis.
fn cumulated(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let numbers = input.as_numbers()?;
	let at = axis(call.input(1)?.as_number()? as i64, input.dims.len())?;
	let [_, len, after] = around(&input.dims, at)?;
	let without_own = call.node.int("exclusive", 0) != 0;
	let backwards = call.node.int("reverse", 0) != 0;
	let mut sums = call.map(input, input.kind, |_| 0.0)?.as_numbers()?.to_vec();
	for start in (0..numbers.len()).filter(|start| (start / after.max(1)) % len.max(1) == 0) {
		let mut sum = 0.0;
		for step in 0..len {
			let step = if backwards { len - 1 - step } else { step };
			let place = start + step * after;
			let own = numbers.get(place).copied().unwrap_or_default();
			let with_own = input.kind.round(sum + own);
			if let Some(result) = sums.get_mut(place) {
				*result = if without_own { sum } else { with_own };
			}
			sum = with_own;
		}
	}
	Ok(Tensor::numbers(input.kind, input.dims.clone(), sums))
}

/// The largest or smallest numbers along an axis in order, and their places.
fn top(call: &mut Call) -> Result<Vec<Tensor>, Fault> {
	let input = call.input(0)?;
	let numbers = input.as_numbers()?;
	let at = call.axis(-1, input.dims.len())?;
	let [before, len, after] = around(&input.dims, at)?;
	let count = call.input(1)?.as_number()?;
	if !(0.0..=len as f64).contains(&count) {
		return unfit(format!("the first {count} of {len}"));
	}
	let (count, largest) = (count as usize, call.node.int("largest", 1) != 0);
	let mut dims = input.dims.clone();
	dims.iter_mut().skip(at).take(1).for_each(|dim| *dim = count);
	let size = call.budget.room(&dims)?;
	call.budget.charge(numbers.len().saturating_mul(32))?;
	// For each place before the axis: columns, of which each is in order.
	let mut places = vec![0; size];
	for (before, column) in
		(0..before).flat_map(|before| (0..after).map(move |after| (before, after)))
	{
		let start = before * len * after + column;
		let all = numbers.iter().copied().enumerate().skip(start).step_by(after).take(len);
		let mut all: Vec<(usize, f64)> = all.collect();
		all.sort_by(|a, b| if largest { b.1.total_cmp(&a.1) } else { a.1.total_cmp(&b.1) });
		for (rank, (place, _)) in all.into_iter().take(count).enumerate() {
			if let Some(result) = places.get_mut((before * count + rank) * after + column) {
				*result = place;
			}
		}
	}
	let along: Vec<f64> =
		places.iter().map(|place| ((place / after.max(1)) % len.max(1)) as f64).collect();
	let values = call.pick(input, dims.clone(), places)?;
	Ok(vec![values, call.collect(Kind::Integer, dims, along)?])
}
