//! One request: sent, waited for, verified and decrypted.

use super::{
	agreed::Agreed,
	row::Row,
	table::{Booked, Scores},
};
use crate::{
	commands::verify::{Verifier, refused},
	error::CommandError,
};
use fhe_ml_client::chain::{Account, Call, Chain, ChainError, Job, PendingRequest, RequestedJob};
use fhe_ml_engine::{ClientKey, blake2b_256};
use fhe_ml_models::{Model, Step};
use fhe_ml_primitives::JobStatus;
use std::{
	ops::Range,
	sync::{Mutex, MutexGuard, PoisonError},
	time::Duration,
};

/// How often the chain is asked for a result.
const POLL_INTERVAL: Duration = Duration::from_millis(400);
/// Before a request is made again that the chain had no room for.
const LOAD_PAUSE: Duration = Duration::from_secs(4);
/// Times that a request is made again that the chain had no room for: a quarter of an hour.
const LOAD_PATIENCE: u32 = 225;

/// Rows that are encrypted.
pub struct Request {
	/// Number of the first row.
	pub first: usize,
	pub rows: usize,
	pub input: Vec<u8>,
	/// What the books say of it, if an earlier run may have sent it.
	pub booked: Option<Booked>,
}

/// A request that is on its way.
pub struct SentRequest {
	request: Request,
	way: Way,
}

enum Way {
	/// In the pool.
	Pending(Box<PendingRequest>),
	/// In a block, as an earlier run has sent it.
	Found(RequestedJob),
}

impl Way {
	fn pending(pending: PendingRequest) -> Self {
		Self::Pending(pending.into())
	}
}

/// What came of a request.
pub struct Answer {
	pub rows: Vec<Row>,
	pub job: u64,
	pub fee: u128,
	/// Block in which the result was seen.
	pub block: u64,
}

/// A failure, and how many rows it is one of.
pub type Failure = (CommandError, usize);

/// The nonces of an account: each is used by one request, and the next one only after that was sent.
pub struct Nonces(tokio::sync::Mutex<u64>);

impl Nonces {
	pub async fn of(chain: &Chain, account: &Account) -> Result<Self, ChainError> {
		Ok(Self(tokio::sync::Mutex::new(chain.next_nonce(account).await?)))
	}
}

/// What all predictions need.
pub struct Session<'a> {
	/// Whether scores are shown.
	pub scores: bool,
	/// What values are rounded to multiples of.
	pub round: Option<Step>,
	pub chain: Chain,
	pub account: Account,
	pub nonces: Nonces,
	pub model: &'a Model,
	pub model_id: u32,
	pub key: ClientKey,
	/// Unless the user trusts the workers.
	pub verifier: Option<Verifier>,
	pub server_key: Option<[u8; 32]>,
	pub prices: Agreed,
	pub redundancy: u8,
	/// The file that is written, if one is.
	pub table: Option<Mutex<Scores>>,
}

impl Session<'_> {
	fn table(&self) -> Option<MutexGuard<'_, Scores>> {
		self.table.as_ref().map(|table| table.lock().unwrap_or_else(PoisonError::into_inner))
	}

	/// Requests that an earlier run has begun.
	pub fn begun(&self) -> Result<Vec<Request>, CommandError> {
		let Some(table) = self.table() else { return Ok(Vec::new()) };
		let request = |booked: Booked| {
			let input = table.input(&booked)?;
			Ok(Request { first: booked.first, rows: booked.rows, input, booked: Some(booked) })
		};
		table.open().to_vec().into_iter().map(request).collect()
	}

	/// The row behind the last one that an earlier run has asked for.
	pub fn planned(&self) -> usize {
		self.table().map_or(0, |table| table.planned())
	}

	/// Rows that are in the file.
	pub fn done(&self) -> Range<usize> {
		self.table().map_or(0..0, |table| table.done())
	}

	/// Jobs of requests whose rows an earlier run has written.
	pub fn jobs_of_before(&self) -> Vec<u64> {
		self.table().map_or(Vec::new(), |table| table.jobs().to_vec())
	}

	/// Writes the rows of a job.
	pub fn write(&self, rows: &[Row], job: u64) -> Result<(), CommandError> {
		self.table().map_or(Ok(()), |mut table| table.write(&self.model.card, rows, job))
	}

	/// All rows are written.
	pub fn finish(&self) -> Result<(), CommandError> {
		self.table().map_or(Ok(()), |table| table.finish())
	}

	/// Sends a request, unless an earlier run has.
	pub async fn send(&self, request: Request) -> Result<SentRequest, Failure> {
		let rows = request.rows;
		let way = match &request.booked {
			Some(booked) => self.look_for(&request, booked).await,
			None => self.ask(&request, None).await.map(Way::pending),
		};
		Ok(SentRequest { way: way.map_err(|error| (error, rows))?, request })
	}

	/// Hands a request to the pool, in the books first; with this nonce, or the account's next one.
	async fn ask(
		&self,
		request: &Request,
		nonce: Option<u64>,
	) -> Result<PendingRequest, CommandError> {
		let mut next = self.nonces.0.lock().await;
		let used = nonce.unwrap_or(*next);
		let max_fee = self.prices.most(request.rows);
		if self.table.is_some() {
			let since = self.chain.best_block().await?.number();
			let Request { first, rows, .. } = *request;
			let booked = Booked { first, rows, nonce: used, since };
			if let Some(mut table) = self.table() {
				table.asked(&booked, &request.input)?;
			}
		}
		let server_key = self.server_key.map(Into::into);
		let (model, redundancy) = (self.model_id, self.redundancy);
		let call = Call::request_inference(model, server_key, &request.input, max_fee, redundancy);
		let pending = self.chain.request(call, &self.account, used).await?;
		*next = (*next).max(used + 1);
		Ok(pending)
	}

	/// What became of a request that an earlier run has booked. It may be on the chain, in a pool, or nowhere,
	/// and is asked again only if it is nowhere, or failed.
	async fn look_for(&self, request: &Request, booked: &Booked) -> Result<Way, CommandError> {
		let hash = blake2b_256(&request.input);
		loop {
			let best = self.chain.best_block().await?;
			let used = best.nonce(&self.account).await? > booked.nonce;
			if let Some((number, job)) =
				best.job_of_input(&self.account, hash, booked.since).await?
			{
				match job.status {
					JobStatus::Failed { .. } | JobStatus::Expired => {},
					_ => {
						let (fee, block) = (job.fee, job.requested_at.into());
						return Ok(Way::Found(RequestedJob { job: number, fee, block }));
					},
				}
			}
			if used {
				return self.ask(request, None).await.map(Way::pending);
			}
			if self.chain.next_nonce(&self.account).await? <= booked.nonce {
				return self.ask(request, Some(booked.nonce)).await.map(Way::pending);
			}
			tokio::time::sleep(POLL_INTERVAL).await;
		}
	}

	/// Waits for the result of a request, verifies and decrypts it.
	pub async fn answer(&self, sent: SentRequest) -> Result<Answer, Failure> {
		let rows = sent.request.rows;
		self.try_answer(sent).await.map_err(|error| (error, rows))
	}

	async fn try_answer(&self, sent: SentRequest) -> Result<Answer, CommandError> {
		let SentRequest { request, mut way } = sent;
		let mut refusals = 0;
		let (requested, (job, result, block)) = loop {
			match self.finish_one(&mut way, &request.input).await {
				Err(error) if error.is_of_load() && refusals < LOAD_PATIENCE => {
					refusals += 1;
					tokio::time::sleep(LOAD_PAUSE).await;
					way = Way::pending(self.ask(&request, None).await?);
				},
				finished => break finished?,
			}
		};
		let verify_ms = match &self.verifier {
			Some(verifier) => {
				let verify = || verifier.verify(&self.model.artifact, &request.input, &result);
				let verified = tokio::task::block_in_place(verify);
				verified.map_err(|error| refused(error, Some((requested.job, &job))))?
			},
			None => None,
		};
		let decrypt = || self.model.decrypt_rows(&self.key, &request.input, &result);
		let predictions = tokio::task::block_in_place(decrypt)?;
		let row = |(prediction, row): (fhe_ml_models::Prediction, usize)| {
			let decrypted = prediction.rounded(self.round);
			Row {
				row,
				prediction: decrypted.prediction,
				scores: self.scores.then_some(decrypted.scores),
				raw_scores: self.scores.then_some(decrypted.raw_scores),
				tie: self.scores && decrypted.tie,
				job: requested.job,
				rows: request.rows,
				requested_in_block: requested.block,
				result_in_block: block,
				fee: requested.fee.to_string(),
				input_bytes: request.input.len(),
				result_bytes: result.len(),
				verified: verify_ms.is_some(),
				verify_ms,
			}
		};
		let rows = predictions.into_iter().zip(request.first..).map(row).collect();
		Ok(Answer { rows, job: requested.job, fee: requested.fee, block })
	}

	/// Waits for the job of a request and its result. A job whose block was reverted comes back in another one,
	/// perhaps with another number.
	async fn finish_one(
		&self,
		way: &mut Way,
		input: &[u8],
	) -> Result<(RequestedJob, (Job, Vec<u8>, u64)), ChainError> {
		let pending = match way {
			Way::Found(requested) => {
				return Ok((requested.clone(), self.wait(requested, input).await?));
			},
			Way::Pending(pending) => pending,
		};
		let mut requested = pending.job().await?;
		loop {
			match self.wait(&requested, input).await {
				Err(gone @ ChainError::JobGone(_)) => {
					let again = pending.job().await?;
					if again == requested {
						return Err(gone);
					}
					requested = again;
				},
				finished => return Ok((requested, finished?)),
			}
		}
	}

	/// Waits for the result of a job, and sees to it that it is the job of this input.
	async fn wait(
		&self,
		requested: &RequestedJob,
		input: &[u8],
	) -> Result<(Job, Vec<u8>, u64), ChainError> {
		let hash = blake2b_256(input);
		loop {
			let (job, result, block) = self
				.chain
				.read(|best| async move {
					let job = best.job(requested.job).await?;
					let completed = |job: &Job| matches!(job.status, JobStatus::Completed { .. });
					let result = match job.as_ref().is_some_and(completed) {
						true => best.result(requested.job).await?,
						false => None,
					};
					Ok((job, result, best.number()))
				})
				.await?;
			let job =
				job.filter(|job| job.input.0 == hash).ok_or(ChainError::JobGone(requested.job))?;
			match job.status {
				JobStatus::Completed { .. } => {
					let result = result.ok_or(ChainError::JobGone(requested.job))?;
					return Ok((job, result, block));
				},
				JobStatus::Failed { reason } => {
					return Err(ChainError::JobFailed { job: requested.job, reason });
				},
				JobStatus::Expired => return Err(ChainError::Expired(requested.job)),
				JobStatus::Pending => tokio::time::sleep(POLL_INTERVAL).await,
			}
		}
	}
}
