//! Whether the outcome of a job is final.

use fhe_ml_client::chain::{BestBlock, ChainError};
use fhe_ml_primitives::JobId;
use serde_json::{Value, json};
use std::fmt::{self, Display};

/// Seconds between two blocks.
const SECONDS_PER_BLOCK: u64 = 2;

/// Whether anybody can still challenge the outcome of a job.
pub enum Standing {
	/// No more.
	Final,
	/// Before block `final_at`, which comes after so many blocks.
	Provisional { final_at: u64, blocks: u64 },
	/// The chain evaluates the job itself.
	InCourt { steps: u32, steps_in_all: u32 },
}

impl Standing {
	/// Of a job that has ended.
	pub async fn of(best: &BestBlock, job: JobId) -> Result<Self, ChainError> {
		let Some(view) = best.court(job).await? else { return Ok(Self::Final) };
		Ok(match (view.trial, view.final_at.map(u64::from)) {
			(Some(trial), _) => {
				Self::InCourt { steps: trial.steps, steps_in_all: trial.steps_in_all }
			},
			(None, Some(final_at)) => {
				Self::Provisional { final_at, blocks: final_at.saturating_sub(best.number()) }
			},
			(None, None) => Self::Final,
		})
	}

	/// Adds what it says to the fields of a job.
	pub fn add_to(&self, fields: &mut Value) {
		let (final_at, court) = match self {
			Self::Final => (None, None),
			Self::Provisional { final_at, .. } => (Some(*final_at), None),
			Self::InCourt { steps, steps_in_all } => {
				(None, Some(json!({ "steps": steps, "steps_in_all": steps_in_all })))
			},
		};
		fields["final"] = json!(matches!(self, Self::Final));
		fields["final_at"] = json!(final_at);
		fields["in_court"] = json!(court);
	}
}

impl Display for Standing {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Final => write!(f, "final"),
			Self::Provisional { final_at, blocks } => {
				let minutes = (blocks * SECONDS_PER_BLOCK).div_ceil(60);
				write!(
					f,
					"not final: anybody can challenge it before block {final_at}, in {minutes} minutes"
				)
			},
			Self::InCourt { steps, steps_in_all } => {
				write!(f, "in court: the chain has made {steps} of at most {steps_in_all} steps")
			},
		}
	}
}
