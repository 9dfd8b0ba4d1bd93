//! What the pallet, the worker and the client agree on: records, bounds, the payload that a worker
//! signs, the keys of the mailbox between the worker and the pallet's offchain hook, and the
//! runtime API.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod api;
pub mod authorities;
mod ballot;
pub mod bounds;
mod court;
mod court_api;
mod mailbox;
mod private;
mod records;
mod rows;
mod submission;
mod unit;

pub use api::*;
pub use ballot::{Ballot, MIN_JURY, MIN_LEAD, Verdict};
pub use court::{CourtView, ProvisionalJob, Trial, TrialScope};
pub use court_api::*;
pub use fhe_ml_format as format;
pub use mailbox::{MailboxEntry, Sent, mailbox_key, sent_key};
pub use private::{
	Absence, ComingTerms, PrivateJobRecord, PrivateModelRecord, PrivateModelState, PrivateTerms,
	Quota, QuotaUse, Suspension,
};
pub use records::{
	AssignedJob, AssignedJobBeforeSpec5, Assignees, FailureReason, JobBlobs, JobId, JobRecord,
	JobStatus, KeyHash, KeyRecord, Limits, ModelId, ModelName, ModelRecord, ModelStatus,
	OpenRequests, Quote, Step, WorkerRecord, WorkerStatus,
};
pub use rows::RowLayout;
pub use submission::{Outcome, ResultBytes, Statement, SubmissionPayload, commitment};
pub use unit::{DECIMALS, Fhe, NoAmount, UNIT};

/// The key with which a worker signs its results.
pub mod worker_key {
	use sp_application_crypto::{KeyTypeId, app_crypto, sr25519};

	/// Key type under which a worker's key lies in the keystore.
	pub const KEY_TYPE: KeyTypeId = KeyTypeId(*b"fhe!");

	app_crypto!(sr25519, KEY_TYPE);
}

/// Public key of a worker; identifies it on chain.
pub type WorkerId = worker_key::Public;

/// Signature of a worker.
pub type WorkerSignature = worker_key::Signature;

/// A pair of worker keys; only where there is a full crypto implementation.
#[cfg(feature = "std")]
pub type WorkerPair = worker_key::Pair;
