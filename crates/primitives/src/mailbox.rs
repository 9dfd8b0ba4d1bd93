//! The mailbox: entries in the node's persistent offchain database, written by the native worker,
//! read by the pallet's offchain hook.

use crate::{JobId, Outcome, Step, WorkerId};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use sp_core::H256;

/// A finished evaluation that waits to be posted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MailboxEntry {
	/// Hash of the input that was evaluated; an entry left over from another fork does not match.
	pub input: H256,
	/// What became of the job.
	pub outcome: Outcome,
}

/// Offchain database key of the [`MailboxEntry`] of `worker` for `job`.
pub fn mailbox_key(worker: &WorkerId, job: JobId) -> Vec<u8> {
	(b"fhe-ml/mailbox/1/", worker, job).encode()
}

/// Offchain database key under which is kept what was sent last ([`Sent`], SCALE).
pub fn sent_key(worker: &WorkerId, job: JobId) -> Vec<u8> {
	(b"fhe-ml/sent/2/", worker, job).encode()
}

/// The last thing that a worker sent for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Sent {
	/// What it was.
	pub step: Step,
	/// Number of the best block at that time.
	pub at: u32,
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::crypto::UncheckedFrom;

	#[test]
	fn keys_are_pinned() {
		let worker = WorkerId::from(sp_core::sr25519::Public::unchecked_from([9; 32]));
		let tail = [[9; 32].as_slice(), &[5, 0, 0, 0, 0, 0, 0, 0]].concat();
		assert_eq!(mailbox_key(&worker, 5), [b"fhe-ml/mailbox/1/".as_slice(), &tail].concat());
		assert_eq!(sent_key(&worker, 5), [b"fhe-ml/sent/2/".as_slice(), &tail].concat());
	}
}
