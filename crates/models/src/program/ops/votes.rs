//! What a kernel classifier makes of its decisions between pairs of classes.

use super::operator::{Operator, Run::Several};
use crate::program::{
	call::Call,
	error::{Fault, unfit},
	tensor::{Kind, Tensor, Values},
};

/// Not ONNX's: the second half of `SVMClassifier`, whose first half is evaluated under encryption.
pub(super) const OPERATORS: &[Operator] =
	&[Operator::own("PairwiseVotes", 1.., Several(pairwise_votes))];

/// Most classes: a decision for each pair.
const MAX_CLASSES: usize = 1024;

/// The class with the most votes, and a score for each class: its probability if the model has learned that, else the
/// decisions.
///
/// Decisions are in the order (0, 1), (0, 2), ... (1, 2), ...; a positive one is a vote for the first class of its pair.
fn pairwise_votes(call: &mut Call) -> Result<Vec<Tensor>, Fault> {
	let decisions = call.input(0)?.as_numbers()?;
	let (integers, texts) = (call.node.ints("classes_integers"), call.texts("classes_texts")?);
	let count = integers.len().max(texts.len());
	let (a, b) = (call.floats("prob_a")?, call.floats("prob_b")?);
	let pairs = count * count.saturating_sub(1) / 2;
	let fits = (2..=MAX_CLASSES).contains(&count) && decisions.len() == pairs;
	if !fits || a.len() != b.len() || !(a.is_empty() || a.len() == pairs) {
		return unfit("it has not one decision for each pair of classes");
	}
	call.budget.charge(2 * count * count * (1 + if a.is_empty() { 0 } else { ROUNDS }))?;
	call.budget.numbers(2 * count * count)?;
	let class = most_votes(decisions, count);
	let label = match integers.get(class) {
		Some(&integer) => Tensor::numbers(Kind::Integer, vec![1], vec![integer as f64]),
		None => {
			let text = texts.get(class).cloned().unwrap_or_default();
			call.budget.text(&text)?;
			Tensor { kind: Kind::Text, dims: vec![1], values: Values::Text(vec![text]) }
		},
	};
	let scores = match (a.is_empty(), decisions) {
		(true, [decision]) => vec![-decision, *decision],
		(true, decisions) => decisions.to_vec(),
		(false, decisions) => {
			let single = |x: f64| f64::from(x as f32);
			let first = decisions.iter().zip(a.iter().zip(&b)).map(|(decision, (a, b))| {
				let probability = 1.0 / (1.0 + (decision * a + b).exp());
				single(probability).clamp(CERTAIN, 1.0 - CERTAIN)
			});
			coupled(&first.collect::<Vec<_>>(), count)
		},
	};
	let dims = vec![1, scores.len()];
	Ok(vec![label, call.collect(Kind::Single, dims, scores)?])
}

/// The first of the classes with the most votes.
fn most_votes(decisions: &[f64], count: usize) -> usize {
	let mut votes = vec![0usize; count];
	for ((first, second), &decision) in pairs(count).zip(decisions) {
		let winner = if decision > 0.0 { first } else { second };
		if let Some(votes) = votes.get_mut(winner) {
			*votes += 1;
		}
	}
	let most = votes.iter().max().copied().unwrap_or_default();
	votes.iter().position(|&votes| votes == most).unwrap_or_default()
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
	(0..count).flat_map(move |first| (first + 1..count).map(move |second| (first, second)))
}

/// Probabilities stay this far from 0 and 1.
const CERTAIN: f64 = 1e-7;
/// Most rounds of the iteration.
const ROUNDS: usize = 100;
/// Largest error, divided by the number of classes, at which it ends; ONNX Runtime's, since it shows in the result.
const ENOUGH: f64 = 0.005;

/// Probabilities of classes from those that the first class of each pair wins: Wu, Lin, Weng, "Probability estimates for
/// multi-class classification by pairwise coupling", JMLR 5 (2004), algorithm 2. They minimise p^T Q p with
/// Q_tt = sum of r_jt^2 and Q_tj = -r_jt r_tj.
fn coupled(first: &[f64], count: usize) -> Vec<f64> {
	let mut wins = vec![vec![0.0; count]; count];
	for ((winner, loser), &probability) in pairs(count).zip(first) {
		wins[winner][loser] = probability;
		wins[loser][winner] = 1.0 - probability;
	}
	let others = |t: usize| (0..count).filter(move |&j| j != t);
	let diagonal = |t: usize| -> f64 { others(t).map(|j| wins[j][t] * wins[j][t]).sum() };
	let q: Vec<Vec<f64>> = (0..count)
		.map(|t| {
			let entry = |j: usize| if j == t { diagonal(t) } else { -wins[j][t] * wins[t][j] };
			(0..count).map(entry).collect()
		})
		.collect();
	let mut p = vec![1.0 / count as f64; count];
	for _ in 0..ROUNDS.max(count) {
		let dot =
			|row: &Vec<f64>, p: &[f64]| -> f64 { row.iter().zip(p).map(|(a, b)| a * b).sum() };
		let mut qp: Vec<f64> = q.iter().map(|row| dot(row, &p)).collect();
		let mut pqp = dot(&p, &qp);
		let error = qp.iter().map(|entry| (entry - pqp).abs()).fold(0.0, f64::max);
		if error < ENOUGH / count as f64 {
			break;
		}
		for t in 0..count {
			let change = (pqp - qp[t]) / q[t][t];
			let scale = 1.0 + change;
			p[t] += change;
			pqp = (pqp + change * (change * q[t][t] + 2.0 * qp[t])) / (scale * scale);
			for j in 0..count {
				qp[j] = (qp[j] + change * q[t][j]) / scale;
				p[j] /= scale;
			}
		}
	}
	p
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_first_of_equal_classes_wins() {
		assert_eq!(most_votes(&[1.0, 1.0, -1.0], 3), 0);
		assert_eq!(most_votes(&[-1.0, 1.0, 1.0], 3), 1);
		// One vote each.
		assert_eq!(most_votes(&[1.0, -1.0, 1.0], 3), 0);
		assert_eq!(most_votes(&[0.0], 2), 1);
	}

	#[test]
	fn two_classes_have_the_probability_of_their_pair_and_consistent_pairs_theirs() {
		let two = coupled(&[0.8], 2);
		assert!((two[0] - 0.8).abs() < 0.005 && (two[1] - 0.2).abs() < 0.005, "{two:?}");
		let wanted = [0.5, 0.3, 0.2];
		let first: Vec<f64> = pairs(3).map(|(a, b)| wanted[a] / (wanted[a] + wanted[b])).collect();
		let found = coupled(&first, 3);
		assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 0.01), "{found:?}");
		assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9);
	}
}
