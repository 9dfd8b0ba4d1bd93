//! Registration of keys.

use super::{account::Account, call::Call, connection::Chain, error::ChainError};
use fhe_ml_engine::{ClientKey, ServerKey};

impl Chain {
	/// Registers a server key, if the chain does not have it; returns whether it did not.
	///
	/// # Errors
	/// If the chain refuses it, or cannot be reached.
	pub async fn register_server_key(
		&self,
		key: &ServerKey,
		account: &Account,
	) -> Result<bool, ChainError> {
		if self.has_server_key(key.hash().into()).await? {
			return Ok(false);
		}
		self.submit(Call::register_server_key(key.as_bytes()), account).await?;
		Ok(true)
	}

	/// Registers the bootstrap key of these keys, whose server key is registered, if the chain does not have it; returns
	/// whether it did not.
	///
	/// # Errors
	/// If the chain refuses it, or cannot be reached.
	pub async fn register_bootstrap_key(
		&self,
		key: &ClientKey,
		account: &Account,
	) -> Result<bool, ChainError> {
		if self.best_block().await?.has_bootstrap_key(key).await? {
			return Ok(false);
		}
		self.submit(Call::register_bootstrap_key(key.bootstrap_key().as_bytes()), account).await?;
		Ok(true)
	}
}
