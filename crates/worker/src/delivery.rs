//! How outcomes reach the chain: the mailbox, and straight to the pool.

use crate::{LOG_TARGET, older_runtime::is_before_spec_5};
use codec::Encode;
use fhe_ml_primitives::{
	AssignedJob, FheMlApi, JobId, MailboxEntry, Outcome, Sent, Statement, Step, SubmissionPayload,
	WorkerId, WorkerSignature, commitment, mailbox_key, sent_key, worker_key::KEY_TYPE,
};
use sc_transaction_pool_api::{TransactionPool, TransactionSource};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::{
	H256,
	offchain::{OffchainStorage, STORAGE_PREFIX},
};
use sp_keystore::KeystorePtr;
use sp_runtime::{AccountId32, SaturatedConversion, traits::Block as BlockT};
use std::sync::Arc;

/// The mailbox between the worker and the pallet's offchain hook.
pub struct Mailbox<S> {
	storage: S,
}

impl<S: OffchainStorage> Mailbox<S> {
	/// The mailbox in the node's offchain database.
	pub fn new(storage: S) -> Self {
		Self { storage }
	}

	/// Leaves an outcome for the hook.
	pub fn put(&mut self, assigned: &AssignedJob, outcome: &Outcome) {
		let entry = MailboxEntry { input: assigned.input, outcome: outcome.clone() };
		let key = mailbox_key(&assigned.worker, assigned.job);
		self.storage.set(STORAGE_PREFIX, &key, &entry.encode());
	}

	/// Tells the hook what was sent when block `sent.at` was the best.
	pub fn mark_sent(&mut self, assigned: &AssignedJob, sent: Sent) {
		let key = sent_key(&assigned.worker, assigned.job);
		self.storage.set(STORAGE_PREFIX, &key, &sent.encode());
	}

	/// Removes all traces of a job.
	pub fn clear(&mut self, worker: &WorkerId, job: JobId) {
		self.storage.remove(STORAGE_PREFIX, &mailbox_key(worker, job));
		self.storage.remove(STORAGE_PREFIX, &sent_key(worker, job));
	}
}

/// Signs outcomes and sends them to the pool.
pub struct Sender<Client, Pool> {
	pub(crate) client: Arc<Client>,
	pub(crate) pool: Arc<Pool>,
	pub(crate) keystore: KeystorePtr,
}

/// Why an outcome was not sent. The mailbox has it, so the hook will.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
	/// The keystore has no such key, or failed.
	#[error("the keystore does not sign for worker {0:?}")]
	NoKey(WorkerId),
	/// The runtime did not build the transaction.
	#[error("the runtime: {0}")]
	Runtime(#[from] sp_api::ApiError),
	/// The pool refused it.
	#[error("the pool: {0}")]
	Pool(String),
}

impl<Client, Pool, Block> Sender<Client, Pool>
where
	Block: BlockT<Hash = H256>,
	Client: ProvideRuntimeApi<Block> + HeaderBackend<Block>,
	Client::Api: FheMlApi<Block, AccountId32, u128>,
	Pool: TransactionPool<Block = Block>,
{
	/// Sends what the chain now wants to know of an outcome: a commitment to it, or itself. Nothing if the
	/// chain waits for other workers.
	///
	/// # Errors
	///
	/// If the keystore, the runtime or the pool refuse.
	pub async fn send(
		&self,
		assigned: &AssignedJob,
		outcome: &Outcome,
	) -> Result<Option<Sent>, SendError> {
		let (step, hash) = (assigned.step, outcome.hash());
		let (worker, job) = (assigned.worker.clone(), assigned.job);
		let (best, api) = (self.client.info().best_hash, self.client.runtime_api());
		let transaction = match step {
			Step::Wait => return Ok(None),
			Step::Commit => {
				let made = commitment(&worker, job, &hash);
				let signature = self.sign(assigned, Statement::Commitment(made))?;
				api.commitment(best, worker, job, made, signature)?
			},
			Step::Post => {
				let signature = self.sign(assigned, Statement::Outcome(hash))?;
				if is_before_spec_5(&*self.client, best)? {
					#[allow(deprecated)] // That is what it is for.
					api.submission_before_version_4(best, worker, job, outcome.clone(), signature)?
				} else {
					api.submission(best, worker, job, hash, outcome.clone(), signature)?
				}
			},
		};
		self.submit(transaction).await?;
		let what = if step == Step::Commit { "commitment" } else { "result" };
		log::info!(target: LOG_TARGET, "job {job}: {what} sent to the pool");
		Ok(Some(Sent { step, at: self.client.info().best_number.saturated_into() }))
	}

	/// Tells the chain that this node cannot evaluate a job, because its engine has another version.
	///
	/// # Errors
	///
	/// If the keystore, the runtime or the pool refuse.
	pub async fn decline(&self, assigned: &AssignedJob) -> Result<(), SendError> {
		let signature = self.sign(assigned, Statement::Declined)?;
		let best = self.client.info().best_hash;
		let worker = assigned.worker.clone();
		let transaction =
			self.client.runtime_api().refusal(best, worker, assigned.job, signature)?;
		self.submit(transaction).await
	}

	/// Challenges a part of what other workers have posted.
	///
	/// # Errors
	///
	/// If the keystore, the runtime or the pool refuse, or the job is gone.
	pub async fn challenge(&self, assigned: &AssignedJob, part: u32) -> Result<(), SendError> {
		let signature = self.sign(assigned, Statement::Wrong(part))?;
		let best = self.client.info().best_hash;
		let (worker, job) = (assigned.worker.clone(), assigned.job);
		let transaction =
			self.client.runtime_api().challenge_transaction(best, worker, job, part, signature)?;
		self.submit(transaction).await
	}

	fn sign(
		&self,
		assigned: &AssignedJob,
		statement: Statement,
	) -> Result<WorkerSignature, SendError> {
		let payload = SubmissionPayload {
			genesis: self.client.info().genesis_hash,
			job: assigned.job,
			input: assigned.input,
			artifact: assigned.artifact,
			server_key: assigned.server_key,
			engine: assigned.engine,
			statement,
		};
		let bytes = match is_before_spec_5(&*self.client, self.client.info().best_hash)? {
			true => payload.to_sign_before_spec_5(),
			false => payload.to_sign(),
		};
		let public = assigned.worker.clone().into();
		let signature = self.keystore.sr25519_sign(KEY_TYPE, &public, &bytes);
		let signature = signature.ok().flatten();
		Ok(signature.ok_or_else(|| SendError::NoKey(assigned.worker.clone()))?.into())
	}

	async fn submit(&self, transaction: Block::Extrinsic) -> Result<(), SendError> {
		let best = self.client.info().best_hash;
		let sent = self.pool.submit_one(best, TransactionSource::Local, transaction).await;
		sent.map(|_| ()).map_err(|error| SendError::Pool(error.to_string()))
	}
}
