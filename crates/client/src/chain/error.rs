//! What can go wrong with the chain, in sentences for people.

use super::light::LightError;
use fhe_ml_models::ArtifactError;
use fhe_ml_primitives::{FailureReason, JobId, ModelId};
use std::time::Duration;
use subxt::{
	config::substrate::H256,
	error::{BackendError, DispatchError, ExtrinsicError, RpcError},
	rpcs::client::reconnecting_rpc_client::Error as ReconnectError,
};

/// How long a node may be away: as long as it takes to start again and catch up.
pub(super) const AWAY: Duration = Duration::from_secs(60);

/// A request to the chain that failed.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
	/// No node answers.
	#[error(
		"no node answers at {url} ({why}); start one with `fhe-ml-node --dev` or name another with --url"
	)]
	Unreachable {
		/// The URL.
		url: String,
		/// Why.
		why: String,
	},
	/// The light client does not get going.
	#[error(transparent)]
	Light(#[from] LightError),
	/// Keys are made in the keystore of a node.
	#[error("this makes keys in the node at --url, which must be yours; leave out --light")]
	NeedsNode,
	/// A node of another chain.
	#[error("the node at {0} runs a chain without pallet-fhe-ml; name another with --url")]
	NotOurs(String),
	/// The node was there, and is away for too long.
	#[error(
		"the node has not answered for {} seconds; when it runs again, or with another --url, \
		`fhe-ml decrypt --job N` shows what was requested before",
		AWAY.as_secs()
	)]
	Away,
	/// The connection failed.
	#[error("the node: {0}")]
	Rpc(subxt::rpcs::Error),
	/// The node gave an answer that was not understood.
	#[error("the node: {0}")]
	Subxt(Box<subxt::Error>),
	/// Storage of another layout.
	#[error(
		"the node's answer does not decode ({0}); this tool and the node are of different versions"
	)]
	Decode(#[from] codec::Error),
	/// There is no such model.
	#[error(
		"the chain has no model {0} that takes requests; `fhe-ml model list` shows what there is"
	)]
	NoSuchModel(ModelId),
	/// There is no such server key.
	#[error("the chain does not have this server key")]
	NoSuchKey,
	/// The model on chain is not usable.
	#[error("model {model} on the chain does not decode: {source}")]
	Artifact {
		/// Its number.
		model: ModelId,
		/// Why.
		source: ArtifactError,
	},
	/// The dispatchable returned an error.
	#[error("the chain refused it: {0}")]
	Refused(String),
	/// The pool of the node refused the transaction.
	#[error("the node did not take the transaction: {0}")]
	NotTaken(String),
	/// The pool of the node has no room for it, or has it already.
	#[error("the node did not take the transaction now: {0}; try again in a minute")]
	NotNow(String),
	/// The pool of the node has dropped it, and takes these very bytes no more for half an hour.
	#[error(
		"the node dropped the transaction and does not take it again: {0}; try again in a minute"
	)]
	Banned(String),
	/// The transaction did not get into a block.
	#[error("the transaction was not included: {0}")]
	NotIncluded(String),
	/// Another transaction of the account has its nonce.
	#[error(
		"another transaction of this account was included with nonce {nonce} instead of this one; \
		do not use an account from two places at once, and try again"
	)]
	Replaced {
		/// The nonce.
		nonce: u64,
	},
	/// A block whose transactions nobody shows.
	#[error(
		"the node does not show block {0}, which may have the transaction; ask another node for it"
	)]
	BlockNotShown(H256),
	/// A block without the expected event.
	#[error("the transaction was included without the event {0}")]
	NoEvent(&'static str),
	/// The job failed.
	#[error("job {job} failed: {}", explain(.reason))]
	JobFailed {
		/// Its number.
		job: JobId,
		/// Why.
		reason: FailureReason,
	},
	/// The job is gone.
	#[error(
		"job {0} is no longer on the chain: its block was reverted or it was released; submit it again"
	)]
	JobGone(JobId),
	/// The job is still evaluated.
	#[error("job {0} has no result yet; try again in a few seconds")]
	NoResultYet(JobId),
	/// No result came.
	#[error(
		"job {0} got no result from any worker, and its fee went back; `fhe-ml release --job {0}` returns the deposit"
	)]
	Expired(JobId),
}

fn explain(reason: &FailureReason) -> &'static str {
	match reason {
		FailureReason::ModelDoesNotDecode => "the model on the chain does not decode",
		FailureReason::ServerKeyDoesNotDecode => "the server key on the chain does not decode",
		FailureReason::BootstrapKeyDoesNotDecode => {
			"the bootstrap key on the chain does not decode"
		},
		FailureReason::InputDoesNotDecode => {
			"the worker says that the encrypted input does not decode; if this tool made it, the worker is wrong: ask again with --redundancy 3"
		},
		FailureReason::EvaluationFailed => "the evaluation returned an error",
		FailureReason::EvaluationCrashed => "the evaluation crashed the worker",
		FailureReason::NoAgreement => {
			"its workers gave different results, and there were no more to ask; the fee went back"
		},
		FailureReason::ModelNotHeld => {
			"the evaluators of this private model lack its file; the fee and the price went back: tell the model's owner"
		},
	}
}

impl ChainError {
	/// Whether the pool judged by an older block than the chain's best one, as that of a node does which has
	/// just synced: it does not know the block that the transaction is valid from.
	pub(super) fn is_behind(&self) -> bool {
		matches!(self, Self::NotTaken(why) if why.contains("ancient birth block"))
	}

	/// Whether the full nodes that a light client asks did not answer: others, or the same a moment later, may.
	pub(super) fn is_of_peers(&self) -> bool {
		matches!(self, Self::Rpc(_) | Self::Subxt(_) | Self::BlockNotShown(_))
	}

	/// Whether something is not in the state that was read, and may be in a newer one.
	pub(super) fn is_missing(&self) -> bool {
		matches!(
			self,
			Self::NoSuchModel(_) | Self::NoSuchKey | Self::JobGone(_) | Self::NoResultYet(_)
		)
	}

	/// Whether the same transaction can be sent again later.
	pub(super) fn is_for_later(&self) -> bool {
		match self {
			Self::NotNow(_) | Self::Banned(_) => true,
			Self::Rpc(error) => error.is_disconnected_will_reconnect(),
			Self::Subxt(error) => error.is_disconnected_will_reconnect(),
			_ => false,
		}
	}

	/// Whether the chain refused a request for what is open already: some time later it may take it.
	pub fn is_of_load(&self) -> bool {
		const OF_LOAD: [&str; 5] = [
			"AllWorkersBusy",
			"TooManyOpenJobs",
			"TooMuchOpenWork",
			"TooManyPendingJobs",
			"TooManyWaitingJobs",
		];
		let Self::Refused(why) = self else { return false };
		let name = why.split(['.', ':']).nth(1);
		name.is_some_and(|name| OF_LOAD.contains(&name))
	}

	/// Whether the pool judged the transaction's nonce to be used.
	pub(super) fn is_outdated(&self) -> bool {
		matches!(self, Self::NotTaken(why) if why.contains("outdated"))
	}
}

/// Whether the client has given the node up. The errors around it show no sources.
fn is_given_up(error: &impl std::error::Error) -> bool {
	error.to_string().contains(&ReconnectError::Dropped.to_string())
}

impl From<subxt::rpcs::Error> for ChainError {
	fn from(error: subxt::rpcs::Error) -> Self {
		if is_given_up(&error) { Self::Away } else { Self::Rpc(error) }
	}
}

impl From<subxt::Error> for ChainError {
	fn from(error: subxt::Error) -> Self {
		if is_given_up(&error) { Self::Away } else { Self::Subxt(Box::new(error)) }
	}
}

macro_rules! from_subxt {
	($($error:ident),* $(,)?) => { $(
		impl From<subxt::error::$error> for ChainError {
			fn from(error: subxt::error::$error) -> Self {
				subxt::Error::from(error).into()
			}
		}
	)* };
}

/// Codes of the pool for transactions that it may take later: known already, of a priority too low for the one
/// with the same nonce or for a full pool.
const LATER: [i32; 3] = [1013, 1014, 1016];
/// Code of the pool for what it has dropped a while ago.
const BANNED: i32 = 1012;

from_subxt! {
	ConstantError,
	OnlineClientAtBlockError,
	StorageError,
	RuntimeApiError,
	EventsError,
}

impl From<ExtrinsicError> for ChainError {
	fn from(error: ExtrinsicError) -> Self {
		let ExtrinsicError::ErrorSubmittingTransaction(BackendError::Rpc(RpcError::ClientError(
			subxt::rpcs::Error::User(refused),
		))) = error
		else {
			return subxt::Error::from(error).into();
		};
		// The message is the same for all invalid transactions; the reason is in the data, if anywhere.
		let reason = refused.data.as_deref().map(|data| data.get());
		let text = |json| serde_json::from_str(json).unwrap_or_else(|_| String::from(json));
		match refused.code {
			BANNED => Self::Banned(refused.message),
			code if LATER.contains(&code) => Self::NotNow(refused.message),
			_ => Self::NotTaken(reason.map_or(refused.message, text)),
		}
	}
}

impl From<DispatchError> for ChainError {
	fn from(error: DispatchError) -> Self {
		Self::Refused(dispatch_error(&error))
	}
}

/// Name and documentation of a dispatch error.
fn dispatch_error(error: &DispatchError) -> String {
	if let DispatchError::Module(module) = error
		&& let Ok(details) = module.details()
	{
		let name = format!("{}.{}", details.pallet.name(), details.variant.name);
		let docs = details.variant.docs.join(" ");
		return format!("{name}: {}", docs.trim());
	}
	error.to_string()
}
