//! What a worker submits, and the payload that it signs.

use crate::{FailureReason, JobId, KeyHash, WorkerId, bounds};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::{
	BoundedVec,
	traits::{BlakeTwo256, Hash},
};

/// An encrypted result.
pub type ResultBytes = BoundedVec<u8, bounds::MaxResultBytes>;

/// What became of a job at one worker.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub enum Outcome {
	/// It was evaluated; these are the bytes of the encrypted result.
	Completed(ResultBytes),
	/// It cannot be evaluated.
	Failed(FailureReason),
}

impl Outcome {
	/// BLAKE2b-256 of the SCALE encoding.
	pub fn hash(&self) -> H256 {
		BlakeTwo256::hash_of(self)
	}
}

/// What a worker commits to before any worker of the job shows its outcome.
///
/// Only who knows the outcome can make it, and it is of no use to another worker.
pub fn commitment(worker: &WorkerId, job: JobId, outcome: &H256) -> H256 {
	BlakeTwo256::hash_of(&(b"fhe-ml/commitment/1", worker, job, outcome))
}

/// What a worker says of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub enum Statement {
	/// [`Outcome::hash`].
	Outcome(H256),
	/// [`commitment()`] to it.
	Commitment(H256),
	/// It cannot evaluate the job: its engine has another version.
	Declined,
	/// This part of what other workers have posted is wrong.
	Wrong(u32),
}

/// All that binds a statement to its chain, its job and what was evaluated.
///
/// Its SCALE encoding behind [`SubmissionPayload::DOMAIN`] is what a worker signs. No block is part
/// of it: a result is the same on every fork that has the same job.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
pub struct SubmissionPayload {
	/// Hash of the chain's genesis block.
	pub genesis: H256,
	/// The job.
	pub job: JobId,
	/// Hash of the input.
	pub input: H256,
	/// Hash of the model's artifact.
	pub artifact: H256,
	/// Hash of the server key, if there is one.
	pub server_key: Option<KeyHash>,
	/// Version of the evaluation that the job asks for.
	pub engine: u16,
	/// What the worker says.
	pub statement: Statement,
}

impl SubmissionPayload {
	/// Domain separator of the signature.
	pub const DOMAIN: &'static [u8] = b"fhe-ml/submission/3";

	/// The bytes that are signed.
	pub fn to_sign(&self) -> Vec<u8> {
		let mut bytes = Self::DOMAIN.to_vec();
		self.encode_to(&mut bytes);
		bytes
	}

	/// The bytes that were signed for runtimes before spec version 5: nodes are upgraded before the runtime,
	/// and work on in between.
	pub fn to_sign_before_spec_5(&self) -> Vec<u8> {
		let Self { genesis, job, input, artifact, server_key, engine: _, statement } = self;
		let mut bytes = b"fhe-ml/submission/2".to_vec();
		(genesis, job, input, artifact, server_key, statement).encode_to(&mut bytes);
		bytes
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn signed_bytes_are_pinned() {
		let payload = SubmissionPayload {
			genesis: H256::repeat_byte(1),
			job: 0x0807_0605_0403_0201,
			input: H256::repeat_byte(2),
			artifact: H256::repeat_byte(3),
			server_key: None,
			engine: 0x0201,
			statement: Statement::Outcome(H256::repeat_byte(4)),
		};
		let mut expected = b"fhe-ml/submission/3".to_vec();
		expected.extend([1; 32]);
		expected.extend([1, 2, 3, 4, 5, 6, 7, 8]);
		expected.extend([2; 32]);
		expected.extend([3; 32]);
		expected.extend([0, 1, 2, 0]);
		expected.extend([4; 32]);
		assert_eq!(payload.to_sign(), expected);

		let mut before = b"fhe-ml/submission/2".to_vec();
		before.extend(&expected[19..124]);
		before.extend(&expected[126..]);
		assert_eq!(payload.to_sign_before_spec_5(), before);
	}

	#[test]
	fn outcomes_hash_apart() {
		let empty = Outcome::Completed(ResultBytes::default());
		let failed = Outcome::Failed(FailureReason::InputDoesNotDecode);
		assert_ne!(empty.hash(), failed.hash());
	}
}
