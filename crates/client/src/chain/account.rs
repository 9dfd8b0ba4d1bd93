//! Accounts that sign.

use std::str::FromStr;
use subxt::config::substrate::AccountId32;
use subxt_signer::{SecretUri, sr25519::Keypair};

/// An account that signs.
#[derive(Clone)]
pub struct Account(pub(super) Keypair);

impl Account {
	/// Its public key.
	pub(super) fn id(&self) -> AccountId32 {
		self.0.public_key().to_account_id()
	}

	/// The bytes of its public key.
	pub fn bytes(&self) -> [u8; 32] {
		self.0.public_key().0
	}

	/// Its address.
	pub fn address(&self) -> String {
		self.id().to_string()
	}
}

/// A secret URI that is not one.
#[derive(Debug, thiserror::Error)]
#[error("it is not a secret phrase, a seed or a development account like //Alice: {0}")]
pub struct AccountError(String);

impl FromStr for Account {
	type Err = AccountError;

	fn from_str(suri: &str) -> Result<Self, AccountError> {
		let uri = SecretUri::from_str(suri).map_err(|error| AccountError(error.to_string()))?;
		Ok(Self(Keypair::from_uri(&uri).map_err(|error| AccountError(error.to_string()))?))
	}
}
