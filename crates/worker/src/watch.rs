//! Evaluation of the jobs of others.

use crate::{
	blobs::{BestState, job_blobs},
	evaluation::{Evaluation, Evaluator, Parts},
};
use fhe_ml_primitives::{
	AssignedJob, FheMlApi, Outcome,
	format::{InputPrefix, is_known_engine},
};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::{AccountId32, traits::Block as BlockT};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What another look at a job gave.
pub(crate) struct Looked {
	/// The job, as if it were this node's.
	pub job: AssignedJob,
	/// The part that is wrong, if one is.
	pub wrong_part: Option<u32>,
}

/// Nothing is kept of an evaluation that is only compared.
struct Unkept;

impl Parts for Unkept {
	fn known(&self, _: u32) -> Option<Vec<u8>> {
		None
	}

	fn save(&self, _: u32, _: &[u8]) {}

	fn rows(&self, _: u32) {}
}

/// Evaluates a job of others, on the threads of the current pool, and compares.
pub(crate) fn looked_at<Client, Block>(
	client: &Client,
	evaluator: &Evaluator,
	job: AssignedJob,
) -> Looked
where
	Block: BlockT<Hash = H256>,
	Client: ProvideRuntimeApi<Block> + HeaderBackend<Block>,
	Client::Api: FheMlApi<Block, AccountId32, u128>,
{
	let compared = catch_unwind(AssertUnwindSafe(|| compare(client, evaluator, &job)));
	Looked { wrong_part: compared.ok().flatten(), job }
}

/// The part that is wrong. None, too, if the job is gone, or this node cannot say.
fn compare<Client, Block>(client: &Client, evaluator: &Evaluator, job: &AssignedJob) -> Option<u32>
where
	Block: BlockT<Hash = H256>,
	Client: ProvideRuntimeApi<Block> + HeaderBackend<Block>,
	Client::Api: FheMlApi<Block, AccountId32, u128>,
{
	if !is_known_engine(job.engine) {
		return None;
	}
	let stated = client.runtime_api().outcome(client.info().best_hash, job.job).ok()??;
	let known = evaluator.known(job);
	let blobs = job_blobs(client, job, &known)?;
	let best = BestState::<_, Block>::new(client, job);
	let found = match evaluator.evaluate(job, known, &blobs, &best, &Unkept) {
		// That this machine cannot do it says nothing of others.
		Evaluation::Outcome(found) if !is_of_this_machine(&found) => found,
		_ => return None,
	};
	if stated == found {
		return None;
	}
	let (Outcome::Completed(stated), Outcome::Completed(found)) = (&stated, &found) else {
		return Some(0);
	};
	let rows = InputPrefix::read(&blobs.input).map_or(1, |prefix| prefix.rows);
	let known = evaluator.known(job);
	let circuit = &known.model.as_ref()?.circuit;
	circuit.row_layout().first_difference(circuit.result_bytes() as u32, rows, stated, found)
}

fn is_of_this_machine(outcome: &Outcome) -> bool {
	use fhe_ml_primitives::FailureReason::{EvaluationCrashed, EvaluationFailed};
	matches!(outcome, Outcome::Failed(EvaluationCrashed | EvaluationFailed))
}
