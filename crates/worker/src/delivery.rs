//! How outcomes reach the chain: the mailbox, and straight to the pool.

use crate::{LOG_TARGET, older_runtime::is_before_spec_5};
use codec::Encode;
use fhe_ml_primitives::{
	AssignedJob, FheMlApi, JobId, Outcome, Sent, Statement, Step, SubmissionPayload, WorkerId,
	WorkerSignature, commitment, mailbox_key, sent_key, worker_key::KEY_TYPE,
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
use std::{sync::Arc, time::Duration};

/// How long the pool may take for a block: a part of a slot.
const POOL_PATIENCE: Duration = Duration::from_millis(500);

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
		let key = mailbox_key(&assigned.worker, assigned.job);
		self.storage.set(STORAGE_PREFIX, &key, &mailbox_entry(assigned.input, outcome));
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

/// The bytes of a [`MailboxEntry`](fhe_ml_primitives::MailboxEntry), without a copy of the outcome.
fn mailbox_entry(input: H256, outcome: &Outcome) -> Vec<u8> {
	(input, outcome).encode()
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
	/// Waits until the pool knows of the best block, for a while. Before that it refuses what is said of jobs that this
	/// block has assigned, and the hook sends it a block later.
	pub async fn until_pool_is_ready(&self) {
		let best = self.client.info().best_hash;
		drop(self.pool.ready_at_with_timeout(best, POOL_PATIENCE).await);
	}

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
		let is_old = is_before_spec_5(&*self.client, best)?;
		let transaction = match step {
			Step::Wait => return Ok(None),
			Step::Commit => {
				let made = commitment(&worker, job, &hash);
				let signature = self.sign(assigned, Statement::Commitment(made), is_old)?;
				api.commitment(best, worker, job, made, signature)?
			},
			Step::Post => {
				let signature = self.sign(assigned, Statement::Outcome(hash), is_old)?;
				if is_old {
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
		let best = self.client.info().best_hash;
		let is_old = is_before_spec_5(&*self.client, best)?;
		let signature = self.sign(assigned, Statement::Declined, is_old)?;
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
		let signature = self.sign(assigned, Statement::Wrong(part), false)?;
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
		is_old: bool,
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
		let bytes = match is_old {
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

#[cfg(test)]
mod tests {
	use super::*;
	use codec::Decode;
	use fhe_ml_primitives::{FailureReason, MailboxEntry, ResultBytes};

	#[test]
	fn the_hook_reads_what_the_worker_leaves_in_the_mailbox() {
		let input = H256::repeat_byte(7);
		let completed = Outcome::Completed(ResultBytes::truncate_from(vec![1, 2, 3]));
		for outcome in [completed, Outcome::Failed(FailureReason::InputDoesNotDecode)] {
			let bytes = mailbox_entry(input, &outcome);
			let entry = MailboxEntry::decode(&mut bytes.as_slice()).unwrap();
			assert_eq!((entry.input, entry.outcome), (input, outcome));
		}
	}
}
