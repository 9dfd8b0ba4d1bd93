//! What a client checks a node's answers against: which chain it is, and public keys by their hashes.

use super::{best_block::BestBlock, connection::Chain, error::ChainError};
use fhe_ml_engine::{BootstrapKey, ClientKey, ServerKey};
use fhe_ml_primitives::KeyHash;
use subxt::{config::substrate::H256, rpcs::rpc_params};

impl Chain {
	/// The hash of its first block, which no other chain has.
	///
	/// # Errors
	/// If the node does not answer.
	pub async fn genesis_hash(&self) -> Result<[u8; 32], ChainError> {
		let hash: H256 = self.rpc.ask("chain_getBlockHash", rpc_params![0u32]).await?;
		Ok(hash.0)
	}
}

impl BestBlock {
	/// A registered server key with its bytes, whatever the node says: they must have this hash.
	///
	/// # Errors
	/// If the node does not answer.
	pub async fn server_key_bytes(&self, hash: KeyHash) -> Result<Option<ServerKey>, ChainError> {
		let bytes: Option<Vec<u8>> = self.fetch("ServerKeyBytes", (hash.0,)).await?;
		let key = bytes.and_then(|bytes| ServerKey::from_bytes(bytes).ok());
		Ok(key.filter(|key| key.hash() == hash.0))
	}

	/// The bootstrap key of a server key, as the node says. Inputs of deep networks name its hash, so a wrong one
	/// evaluates none of them.
	///
	/// # Errors
	/// If the node does not answer.
	pub async fn bootstrap_key_bytes(
		&self,
		server_key: KeyHash,
	) -> Result<Option<BootstrapKey>, ChainError> {
		if !self.has_storage("BootstrapKeyBytes") {
			return Ok(None);
		}
		let bytes: Option<Vec<u8>> = self.fetch("BootstrapKeyBytes", (server_key.0,)).await?;
		Ok(bytes.and_then(|bytes| BootstrapKey::from_bytes(bytes).ok()))
	}

	/// Whether the chain has the bootstrap key of these keys.
	///
	/// # Errors
	/// If the node does not answer.
	pub async fn has_bootstrap_key(&self, key: &ClientKey) -> Result<bool, ChainError> {
		// Runtimes of before know no deep networks.
		if !self.has_storage("BootstrapKeys") {
			return Ok(false);
		}
		let found: Option<[u8; 32]> = self.fetch("BootstrapKeys", (key.server_key_hash(),)).await?;
		Ok(found == Some(key.bootstrap_key().hash()))
	}
}
