//! The offchain hook: sends what the native worker left in the mailbox.
//!
//! It looks at state, never at the events of its block, so it makes up for restarts, forks and
//! skipped blocks: as long as a job is pending and its mailbox entry is there, it comes again.

use crate::{LOG_TARGET, pallet::*};
use fhe_ml_primitives::{
	JobId, MailboxEntry, Sent, Statement, Step, WorkerId, commitment, mailbox_key, sent_key,
};
use frame_support::traits::Get;
use frame_system::{offchain::SubmitTransaction, pallet_prelude::BlockNumberFor};
use sp_runtime::{
	RuntimeAppPublic, SaturatedConversion, offchain::storage::StorageValueRef, traits::Saturating,
};

/// Most results that one run of the hook sends, so that it stays short.
const MAX_SENDS_PER_BLOCK: usize = 64;

impl<T: Config> Pallet<T> {
	pub(crate) fn send_finished(block: BlockNumberFor<T>) {
		let mut budget = MAX_SENDS_PER_BLOCK;
		for worker in WorkerId::all().into_iter().filter(|key| Workers::<T>::contains_key(key)) {
			for job in Pending::<T>::iter_key_prefix(&worker) {
				if budget == 0 {
					return;
				}
				if Self::send_if_due(&worker, job, block) {
					budget = budget.saturating_sub(1);
				}
			}
		}
	}

	/// Sends what a job now wants of its mailbox entry, unless there is none or it was sent a moment ago.
	fn send_if_due(worker: &WorkerId, job: JobId, block: BlockNumberFor<T>) -> bool {
		let mailbox = mailbox_key(worker, job);
		let Ok(Some(entry)) = StorageValueRef::persistent(&mailbox).get::<MailboxEntry>() else {
			return false;
		};
		let Some(record) = Jobs::<T>::get(job).filter(|record| record.input == entry.input) else {
			return false;
		};
		let step = Self::next_step(job, &record, worker);
		if step == Step::Wait {
			return false;
		}
		let sent_key = sent_key(worker, job);
		let sent = StorageValueRef::persistent(&sent_key);
		if let Ok(Some(last)) = sent.get::<Sent>() {
			// A time in the future was written on a longer fork that is gone.
			let at = BlockNumberFor::<T>::from(last.at);
			let resend_at = at.saturating_add(T::ResendAfter::get());
			if last.step == step && at <= block && block < resend_at {
				return false;
			}
		}
		let hash = entry.outcome.hash();
		let statement = match step {
			Step::Commit => Self::check_commitment(worker, job)
				.map(|_| Statement::Commitment(commitment(worker, job, &hash))),
			_ => Self::check_submission(worker, job, &hash, &entry.outcome)
				.map(|_| Statement::Outcome(hash)),
		};
		let statement = match statement {
			Ok(statement) => statement,
			Err(error) => {
				log::warn!(target: LOG_TARGET, "job {job}: result not sent: {error:?}");
				return false;
			},
		};
		let Some(payload) = Self::submission_payload(job, &record, statement) else {
			return false;
		};
		let Some(signature) = worker.sign(&payload.to_sign()) else {
			log::warn!(target: LOG_TARGET, "job {job}: the keystore does not sign for {worker:?}");
			return false;
		};
		sent.set(&Sent { step, at: SaturatedConversion::saturated_into(block) });
		let worker = worker.clone();
		let transaction = match statement {
			Statement::Commitment(made) => Self::commitment(worker, job, made, signature),
			_ => Self::submission(worker, job, hash, entry.outcome, signature),
		};
		if SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).is_err() {
			log::debug!(target: LOG_TARGET, "job {job}: the pool has it already");
		}
		true
	}
}
