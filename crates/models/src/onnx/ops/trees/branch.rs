//! The nodes of trees, whichever way a file writes them.

/// A node of a tree.
pub(super) enum TreeNode {
	/// (output, value).
	Leaf(Vec<(usize, f64)>),
	Branch(Branch),
}

/// A question and the numbers of the nodes after it.
pub(super) struct Branch {
	pub feature: i64,
	pub mode: Mode,
	/// The threshold, or the members of a set.
	pub values: Vec<f64>,
	/// Whether a missing value goes where a true answer does.
	pub missing_true: bool,
	pub on_true: usize,
	pub on_false: usize,
}

/// What a branch asks.
#[derive(Clone, Copy)]
pub(super) enum Mode {
	AtMost,
	Below,
	AtLeast,
	Above,
	Equal,
	NotEqual,
	Member,
}

impl Mode {
	/// By the name in `TreeEnsembleClassifier` and `TreeEnsembleRegressor`.
	pub fn of_name(name: &[u8]) -> Option<Self> {
		Some(match name {
			b"BRANCH_LEQ" => Self::AtMost,
			b"BRANCH_LT" => Self::Below,
			b"BRANCH_GTE" => Self::AtLeast,
			b"BRANCH_GT" => Self::Above,
			b"BRANCH_EQ" => Self::Equal,
			b"BRANCH_NEQ" => Self::NotEqual,
			_ => return None,
		})
	}

	/// By the number in `TreeEnsemble`.
	pub fn of_number(number: f64) -> Option<Self> {
		let modes = [
			Self::AtMost,
			Self::Below,
			Self::AtLeast,
			Self::Above,
			Self::Equal,
			Self::NotEqual,
			Self::Member,
		];
		modes.into_iter().zip(0u8..).find(|(_, at)| f64::from(*at) == number).map(|(mode, _)| mode)
	}
}
