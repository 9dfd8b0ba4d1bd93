//! `TreeEnsembleClassifier` and `TreeEnsembleRegressor` as formulas.

use super::{
	ImportError,
	formula::{Affine, Basis, Formula, ScoreFormula, Step},
	graph::Node,
	operators::{Follower, post_transform, scores, two_sided},
	trees::{self, CLASS_LEAVES, LeafNames, TARGET_LEAVES},
};
use crate::card::Transform;

impl Follower {
	/// A classifier made of trees.
	///
	/// With two classes and one score s per row, ONNX Runtime takes the second class if s > 0.5
	/// when all weights are non-negative (probabilities), otherwise if s > 0.
	pub(super) fn tree_classifier(&mut self, node: Node) -> Result<Vec<Formula>, ImportError> {
		let classes = node
			.classes("classlabels_int64s", "classlabels_strings")
			.ok_or_else(|| node.malformed("it has no class labels"))?;
		let transform = post_transform(node)?;
		let ids = node.ints("class_ids");
		let one_score = classes.len() == 2 && ids.iter().all(|id| Some(id) == ids.first());
		let base = node.numbers("base_values")?;
		if !one_score {
			let affine = self.forest(node, &CLASS_LEAVES, classes.len())?;
			let affine = match base.len() {
				0 => affine,
				len if len == classes.len() => affine.stepped(Step::Add, &base),
				_ => return Err(node.malformed("it has not one base value per class")),
			};
			if classes.len() == 2 {
				return Err(node.unsupported("two classes with two scores"));
			}
			let label = Formula::Label(ScoreFormula::plain(affine.clone()), Some(classes));
			return Ok(vec![label, scores(affine, transform)]);
		}
		let all_positive = node.numbers(CLASS_LEAVES.weights)?.iter().all(|&weight| weight >= 0.0);
		let class = ids.first().copied().unwrap_or_default();
		let all = self.forest(node, &CLASS_LEAVES, 2)?;
		let mut score = Affine {
			basis: all.basis,
			rows: all.rows.into_iter().skip(class as usize).take(1).collect(),
			chains: vec![None],
		};
		// With two base values, the second one counts.
		if let Some(&base) = base.last() {
			score = score.stepped(Step::Add, &[base]);
		}
		if all_positive {
			let decision = two_sided(&score.stepped(Step::Subtract, &[0.5]));
			let mut probabilities = score.stepped(Step::SubtractFrom, &[1.0]);
			probabilities.rows.extend(score.rows);
			probabilities.chains.push(None);
			let label = Formula::Label(ScoreFormula::plain(decision), Some(classes));
			return Ok(vec![label, scores(probabilities, Transform::Identity)]);
		}
		if transform == Transform::Probit {
			return Err(node.unsupported("post_transform PROBIT of two classes"));
		}
		let affine = two_sided(&score);
		let label = Formula::Label(ScoreFormula::plain(affine.clone()), Some(classes));
		Ok(vec![label, scores(affine, transform)])
	}

	pub(super) fn tree_regressor(&mut self, node: Node) -> Result<Formula, ImportError> {
		let transform = post_transform(node)?;
		let targets = usize::try_from(node.int("n_targets", 1)).ok().filter(|&n| n > 0);
		let targets = targets.ok_or_else(|| node.malformed("its number of targets"))?;
		let mut affine = self.forest(node, &TARGET_LEAVES, targets)?;
		match node.string("aggregate_function", "SUM").as_str() {
			"SUM" => {},
			"AVERAGE" => {
				let trees = self.forest.as_ref().map_or(1, |forest| forest.trees.len()) as f64;
				affine = affine.stepped(Step::Divide, &vec![trees; targets]);
			},
			other => return Err(node.unsupported(format!("aggregate_function {other}"))),
		}
		let base = node.numbers("base_values")?;
		let affine = match base.len() {
			0 => affine,
			len if len == targets => affine.stepped(Step::Add, &base),
			_ => return Err(node.malformed("it has not one base value per target")),
		};
		match (transform, targets) {
			(Transform::Identity, _) | (Transform::Probit, 1) => Ok(scores(affine, transform)),
			// ONNX Runtime ignores some of them for one target.
			_ => Err(node.unsupported("a post_transform of a regression")),
		}
	}

	/// Reads the trees of a node; their sums become the basis of what follows.
	fn forest(
		&mut self,
		node: Node,
		leaves: &LeafNames,
		outputs: usize,
	) -> Result<Affine, ImportError> {
		if self.forest.is_some() {
			return Err(node.unsupported("a second ensemble of trees in one model"));
		}
		let affine = self.affine(node, 0)?;
		let columns = affine.chains.iter().cloned().collect::<Option<Vec<_>>>();
		let columns = columns
			.filter(|_| affine.basis == Basis::Features)
			.ok_or_else(|| node.unsupported("trees over combinations of features"))?;
		self.forest = Some(trees::read(node, leaves, outputs, &columns)?);
		Ok(Affine::variables(Basis::Forest, 0, outputs, outputs))
	}
}
