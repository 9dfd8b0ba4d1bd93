//! How outcomes reach the chain: the mailbox, and straight to the pool.

use crate::LOG_TARGET;
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
	pub async fn send(
		&self,
		assigned: &AssignedJob,
		outcome: &Outcome,
	) -> Result<Option<Sent>, SendError> {
		let (step, hash) = (assigned.step, outcome.hash());
		let statement = match step {
			Step::Wait => return Ok(None),
			Step::Commit => {
				Statement::Commitment(commitment(&assigned.worker, assigned.job, &hash))
			},
			Step::Post => Statement::Outcome(hash),
		};
		let info = self.client.info();
		let payload = SubmissionPayload {
			genesis: info.genesis_hash,
			job: assigned.job,
			input: assigned.input,
			artifact: assigned.artifact,
			server_key: assigned.server_key,
			statement,
		};
		let public = assigned.worker.clone().into();
		let signature = self
			.keystore
			.sr25519_sign(KEY_TYPE, &public, &payload.to_sign())
			.ok()
			.flatten()
			.ok_or_else(|| SendError::NoKey(assigned.worker.clone()))?;
		let (best, api) = (info.best_hash, self.client.runtime_api());
		let (worker, job) = (assigned.worker.clone(), assigned.job);
		let signature = WorkerSignature::from(signature);
		let transaction = match statement {
			Statement::Commitment(made) => api.commitment(best, worker, job, made, signature)?,
			Statement::Outcome(_) => {
				api.submission(best, worker, job, outcome.clone(), signature)?
			},
		};
		self.pool
			.submit_one(best, TransactionSource::Local, transaction)
			.await
			.map_err(|error| SendError::Pool(error.to_string()))?;
		let what = if step == Step::Commit { "commitment" } else { "result" };
		log::info!(target: LOG_TARGET, "job {job}: {what} sent to the pool");
		Ok(Some(Sent { step, at: info.best_number.saturated_into() }))
	}
}
