//! `fhe-ml verify`, and what `predict` and `decrypt` verify before they decrypt.

use crate::{
	cli::{Node, Trust, Verify},
	commands::standing::Standing,
	error::CommandError,
	models::{check_named, hex_hash},
	output::Output,
};
use codec::Encode;
use fhe_ml_client::{
	chain::{BestBlock, EndedJob, Job},
	files,
};
use fhe_ml_engine::{
	ClientKey, EvaluateError, EvaluationBuffers, PreparedServerKey, blake2b_256, new_seeder,
};
use fhe_ml_models::{Artifact, Sampling, VerifyError, evaluate, verify_result, wrong_part};
use fhe_ml_primitives::{JobStatus, KeyHash, Outcome, format::CircuitKind};
use serde_json::json;
use std::{
	path::Path,
	sync::{Mutex, PoisonError},
	time::Instant,
};

/// Evaluates again what workers have evaluated.
pub struct Verifier {
	server_key: Option<PreparedServerKey>,
	state: Mutex<(EvaluationBuffers, Sampling)>,
}

impl Verifier {
	/// Verifies with this server key, if the model needs one.
	fn new(server_key: Option<PreparedServerKey>) -> Self {
		Self { server_key, state: Mutex::default() }
	}

	/// With the server key in a key folder or else on the chain; `None` if the user trusts the worker.
	pub async fn of_key(
		model: &Artifact,
		folder: &Path,
		client_key: &ClientKey,
		node: &Node,
		trust: &Trust,
	) -> Result<Option<Self>, CommandError> {
		if model.circuit.kind().is_private() {
			return Ok(None);
		}
		if trust.worker {
			eprintln!(
				"warning: --trust-worker decrypts without verifying; a worker that lies learns bits of your client key from every score that you show or act upon"
			);
			return Ok(None);
		}
		let kind = model.circuit.kind();
		let key = match kind.needs_server_key() {
			false => None,
			true if folder.join(files::SERVER_KEY).exists() => {
				Some(client_key.prepare(&files::read_server_key(folder)?, kind)?)
			},
			true => {
				let best = node.connect().await?.best_block().await?;
				Some(key_of_chain(&best, client_key.server_key_hash().into(), kind).await?)
			},
		};
		Ok(Some(Self::new(key)))
	}

	/// Verifies a result, unless the model is slow and the result is not among those picked. Returns the
	/// milliseconds that it took.
	pub fn verify(
		&self,
		model: &Artifact,
		input: &[u8],
		result: &[u8],
	) -> Result<Option<f64>, VerifyError> {
		let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
		let (buffers, sampling) = &mut *state;
		if !sampling.picks(model, new_seeder().as_mut()) {
			return Ok(None);
		}
		let start = Instant::now();
		let verified = verify_result(model, self.server_key.as_ref(), input, result, buffers);
		if verified.is_err() {
			sampling.suspect();
		}
		verified.map(|()| Some(start.elapsed().as_secs_f64() * 1000.0))
	}
}

/// A server key of the chain, ready for the evaluation of circuits of this kind.
pub async fn key_of_chain(
	best: &BestBlock,
	hash: KeyHash,
	kind: CircuitKind,
) -> Result<PreparedServerKey, CommandError> {
	let missing = || CommandError::NoKeyToVerify(hex_hash(&hash.0));
	let key = best.server_key_bytes(hash).await?.ok_or_else(missing)?;
	let prepared = PreparedServerKey::new(&key);
	if !kind.needs_bootstrap_key() {
		return Ok(prepared);
	}
	let bootstrap_key = best.bootstrap_key_bytes(hash).await?.ok_or_else(missing)?;
	Ok(prepared.with_bootstrap_key(&bootstrap_key)?)
}

/// The workers that a job was assigned to, as `fhe-ml worker list` shows them.
fn workers(job: &Job) -> Vec<String> {
	job.assignees.iter().map(|worker| format!("0x{}", hex::encode(worker.encode()))).collect()
}

/// The sentence for a result that failed verification.
pub fn refused(error: VerifyError, job: Option<(u64, &Job)>) -> CommandError {
	let what = job.map_or("the result".into(), |(number, job)| {
		format!("the result of job {number} (worker {})", workers(job).join(", "))
	});
	match error {
		VerifyError::WrongResult => CommandError::WrongResult(what),
		error => CommandError::Unverified { what, source: error },
	}
}

/// Whether a result is the one that its job names.
fn agrees(job: &Job, outcome: &Outcome) -> bool {
	match outcome {
		Outcome::Completed(result) => {
			job.status == JobStatus::Completed { result: blake2b_256(result).into() }
		},
		Outcome::Failed(_) => true,
	}
}

/// What an evaluation says of what workers say.
enum Compared {
	/// It says the same.
	Right {
		/// How long it took.
		milliseconds: f64,
	},
	/// It says something else, of this part at least.
	Wrong { part: u32 },
}

/// Evaluates again, and compares with what workers say.
fn compare(
	artifact: &Artifact,
	key: Option<&PreparedServerKey>,
	input: &[u8],
	stated: &Outcome,
) -> Result<Compared, VerifyError> {
	let start = Instant::now();
	let buffers = &mut EvaluationBuffers::default();
	let part = match stated {
		Outcome::Completed(stated) => {
			match wrong_part(artifact, key, input, stated, buffers) {
				// There is no result of an input that does not decode.
				Err(VerifyError::Evaluate(EvaluateError::Input(_))) => Some(0),
				part => part?,
			}
		},
		// A job is given up rightly if it cannot be evaluated here either.
		Outcome::Failed(_) => evaluate(artifact, key, input, buffers).is_ok().then_some(0),
	};
	let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
	Ok(part.map_or(Compared::Right { milliseconds }, |part| Compared::Wrong { part }))
}

/// `fhe-ml verify`.
pub async fn run(options: Verify, output: Output) -> Result<(), CommandError> {
	let number = options.job;
	let chain = options.node.connect().await?;
	let (best, EndedJob { job, input, outcome }) = chain.ended(number).await?;
	let model = job.model;
	let artifact = match &options.model {
		Some(path) => files::read_artifact(path)?,
		None => best.artifact(model).await?,
	};
	check_named(&artifact, model, options.model_hash)?;
	if artifact.circuit.kind().is_private() {
		return Err(CommandError::NeedsAudit(number));
	}
	if job.input.0 != blake2b_256(&input) || !agrees(&job, &outcome) {
		return Err(CommandError::Inconsistent(number));
	}
	let kind = artifact.circuit.kind();
	let key = match job.server_key.filter(|_| kind.needs_server_key()) {
		Some(hash) => Some(key_of_chain(&best, hash, kind).await?),
		None => None,
	};
	let compared = compare(&artifact, key.as_ref(), &input, &outcome)
		.map_err(|error| refused(error, Some((number, &job))))?;
	let (milliseconds, wrong) = match compared {
		Compared::Right { milliseconds } => (Some(milliseconds), None),
		Compared::Wrong { part } => (None, Some(part)),
	};
	let standing = Standing::of(&best, number).await?;
	let challenged = match (wrong, options.suri.filter(|_| options.challenge)) {
		(Some(part), Some(account)) => Some(chain.challenge(number, part, &account).await?),
		_ => None,
	};
	let workers = workers(&job);
	let mut json = json!({
		"job": number,
		"right": wrong.is_none(),
		"model": model,
		"model_hash": hex_hash(&artifact.hash()),
		"workers": workers,
		"verify_ms": milliseconds,
		"wrong_part": wrong,
		"challenged_in_block": challenged,
	});
	standing.add_to(&mut json);
	let what = match &outcome {
		Outcome::Completed(_) => "the result",
		Outcome::Failed(_) => "the failure",
	};
	let text = format!(
		"job {number}: {what} of worker {} is {}; {}",
		workers.join(", "),
		match milliseconds {
			Some(milliseconds) => format!("right (evaluated again in {milliseconds:.1} ms)"),
			None => "wrong".into(),
		},
		match challenged {
			Some(block) => format!("challenged in block {block}, and the chain decides"),
			None => standing.to_string(),
		},
	);
	output.print(&json, &text)?;
	match (wrong, challenged) {
		(None, _) => Ok(()),
		(Some(_), Some(_)) => Err(CommandError::Challenged(number)),
		(Some(_), None) => Err(refused(VerifyError::WrongResult, Some((number, &job)))),
	}
}
