//! How much errors matter.

/// How much a squared error matters in a row.
#[derive(Clone, Copy, Default)]
pub(super) struct ErrorWeight {
	/// To what the model reports.
	pub to_reported: f64,
	/// To that and to the scores.
	pub to_all: f64,
}
