//! How the rows of a file are cut into requests.

use fhe_ml_client::chain::{BestBlock, ChainError, Prices};
use fhe_ml_models::Artifact;

/// Work units of a request, about a microsecond of one core each: some seconds, so that several workers share a
/// file, and what a crash costs is little.
const WORK_OF_REQUEST: u64 = 4_000_000;
/// Requests that are on their way at one time.
const REQUESTS_AT_ONCE: usize = 32;
/// Bytes of inputs that are on their way at one time: a block has room for 3.75 MiB of transactions.
const BYTES_AT_ONCE: usize = 12 << 20;

/// How the rows of a file are cut into requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
	/// Rows of a request.
	pub rows: usize,
	/// Requests that are on their way at one time.
	pub at_once: usize,
}

/// What the chain allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
	/// Work units that the open requests of one account may have.
	pub account_work: u64,
	/// Prices, and what loading counts for.
	pub prices: Prices,
}

impl Limits {
	/// Those of the chain's runtime.
	pub fn of(best: &BestBlock) -> Result<Self, ChainError> {
		// Runtimes before version 5 have no such limit.
		let account_work = best.constant("MaxAccountWork").unwrap_or(u64::MAX);
		Ok(Self { account_work, prices: best.prices()? })
	}
}

impl Plan {
	/// At most `wanted` rows in a request, if that is said.
	pub fn new(model: &Artifact, redundancy: u8, wanted: Option<usize>, limits: &Limits) -> Self {
		let work = |rows: usize| limits.prices.work_of(model, redundancy, rows as u32);
		let most = wanted.unwrap_or(usize::MAX).clamp(1, model.most_rows() as usize);
		// Who names a number gets it, as far as the chain takes it.
		let seconds = if wanted.is_some() { u64::MAX } else { WORK_OF_REQUEST };
		let target = seconds.min(limits.account_work);
		let rows = (1..=most).take_while(|&rows| work(rows) <= target).last().unwrap_or(1);
		let by_work = limits.account_work / work(rows).max(1);
		let by_bytes = BYTES_AT_ONCE / model.circuit.input_bytes_of(rows as u32).max(1);
		let at_once = by_bytes.min(by_work.min(REQUESTS_AT_ONCE as u64) as usize);
		Self { rows, at_once: at_once.clamp(1, REQUESTS_AT_ONCE) }
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_models::{ImportOptions, import_onnx};

	const LIMITS: Limits = Limits { account_work: 30_000_000, prices: Prices::OF_RELEASE };

	fn model(onnx: &[u8]) -> Artifact {
		import_onnx(onnx, &ImportOptions { name: "model".into(), calibration: None }).unwrap()
	}

	#[test]
	fn requests_keep_to_work_and_bounds() {
		for onnx in [
			&include_bytes!("../../../../../models/wine_logistic.onnx")[..],
			include_bytes!("../../../../../models/wine_forest.onnx"),
			include_bytes!("../../../../../models/breast_cancer_xgboost_50x4.onnx"),
		] {
			let model = model(onnx);
			let plan = Plan::new(&model, 1, None, &LIMITS);
			assert!(plan.rows > 10 && plan.rows <= model.most_rows() as usize, "{plan:?}");
			let work = LIMITS.prices.work_of(&model, 1, plan.rows as u32);
			assert!(work <= WORK_OF_REQUEST, "{plan:?}");
			assert!(work * plan.at_once as u64 <= LIMITS.account_work, "{plan:?}");
			let thrice = Plan::new(&model, 3, None, &LIMITS);
			assert!(thrice.rows <= plan.rows && thrice.at_once <= plan.at_once, "{thrice:?}");
		}
	}

	#[test]
	fn a_number_of_rows_that_is_named_is_taken_within_the_bounds() {
		let model = model(include_bytes!("../../../../../models/wine_forest.onnx"));
		let rows = |wanted| Plan::new(&model, 1, Some(wanted), &LIMITS).rows;
		assert_eq!((rows(0), rows(1), rows(7)), (1, 1, 7));
		assert!(rows(usize::MAX) <= model.most_rows() as usize);
		let poor = Limits { account_work: 1, ..LIMITS };
		assert_eq!(Plan::new(&model, 1, Some(7), &poor), Plan { rows: 1, at_once: 1 });
	}
}
