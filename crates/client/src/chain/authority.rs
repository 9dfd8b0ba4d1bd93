//! Calls and questions about authorities.

use super::{
	account::Account, best_block::BestBlock, call::Call, connection::Chain, error::ChainError,
	requests::SessionKeys,
};
use codec::{Compact, Decode, Encode};
use fhe_ml_primitives::authorities::{AuthorityRole, CandidateStatus, Overview};
use subxt::config::substrate::AccountId32;

/// The pallet.
const PALLET: &str = "Authorities";

/// A candidate that has joined.
#[derive(Clone, Debug)]
pub struct JoinedCandidate {
	/// Its session keys.
	pub keys: Vec<u8>,
	/// Its bond.
	pub bond: u128,
	/// Block that it joined in.
	pub block: u64,
}

impl BestBlock {
	/// All authorities.
	///
	/// # Errors
	/// If the runtime cannot be asked.
	pub async fn authorities(&self) -> Result<Overview<AccountId32, u128>, ChainError> {
		let call = "AuthoritiesApi_authorities_overview";
		let answer = self.at.runtime_apis().call_raw(call, None).await?;
		Ok(Decode::decode(&mut answer.as_slice())?)
	}

	/// The least bond of a candidate.
	fn candidate_bond(&self) -> Result<u128, ChainError> {
		self.constant_of(PALLET, "CandidateBond")
	}
}

impl Chain {
	/// `leave_candidates` or `withdraw_bond`; returns the block.
	///
	/// # Errors
	/// As [`Chain::submit`].
	pub async fn call_of_authority(
		&self,
		name: &'static str,
		account: &Account,
	) -> Result<u64, ChainError> {
		self.submit(Call::new(PALLET, name, Vec::new()), account).await
	}

	/// Makes session keys in the node's keystore, registers them and becomes a candidate, with the least bond
	/// if none is named.
	///
	/// # Errors
	/// If the node makes no keys (with a light client: always), or as [`Chain::submit`].
	pub async fn join_authorities(
		&self,
		bond: Option<u128>,
		account: &Account,
	) -> Result<JoinedCandidate, ChainError> {
		let bond = match bond {
			Some(bond) => bond,
			None => self.best_block().await?.candidate_bond()?,
		};
		let SessionKeys { keys, proof } = self.rotate_keys(account).await?;
		// The keys are a tuple of fixed length, the proof is of any.
		let arguments = [keys.as_slice(), &proof.encode()].concat();
		self.submit(Call::new("Session", "set_keys", arguments), account).await?;
		let call = Call::new(PALLET, "become_candidate", Compact(bond).encode());
		let block = self.submit(call, account).await?;
		Ok(JoinedCandidate { keys, bond, block })
	}

	/// Brings an authority back that was offline, whichever way it is one; returns the block.
	///
	/// # Errors
	/// As [`Chain::submit`].
	pub async fn authority_comes_back(&self, account: &Account) -> Result<u64, ChainError> {
		let best = self.best_block().await?;
		let mut known = best.authorities().await?.authorities.into_iter();
		let role = known.find(|known| known.account == account.id()).map(|known| known.role);
		let call = match role {
			Some(AuthorityRole::Candidate(record)) if record.status == CandidateStatus::Dropped => {
				let bond = record.bond.max(best.candidate_bond()?);
				Call::new(PALLET, "become_candidate", Compact(bond).encode())
			},
			// The chain says what is wrong with all others.
			_ => Call::new(PALLET, "come_back", Vec::new()),
		};
		self.submit(call, account).await
	}
}
