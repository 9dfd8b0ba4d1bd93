//! Presets of the genesis state: `dev` (one authority) and `local_testnet` (four).

use crate::{
	AccountId, AuthoritiesConfig, BalancesConfig, BlockNumber, FheMlConfig, MINUTES,
	RuntimeGenesisConfig, SessionConfig, SessionKeys, SudoConfig, UNIT,
};
use alloc::{vec, vec::Vec};
use fhe_ml_primitives::WorkerId;
use frame_support::build_struct_json_patch;
use serde_json::Value;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// What every account of the development keyring starts with.
const ENDOWMENT: u128 = 1_000_000 * UNIT;

/// Blocks of a session of the test chains: a minute, so that people see sessions end.
const TEST_SESSION_BLOCKS: BlockNumber = MINUTES;

/// Keys of one of the first authorities, each of which is a worker, too.
pub struct Authority {
	/// Authors blocks.
	pub aura: AuraId,
	/// Votes on finality.
	pub grandpa: GrandpaId,
	/// Signs results.
	pub worker: WorkerId,
	/// Is the authority, holds the worker's bond and is paid.
	pub account: AccountId,
}

impl Authority {
	/// Account, authority and keys, as the session pallet has them.
	fn session(&self) -> (AccountId, AccountId, SessionKeys) {
		let keys = SessionKeys {
			aura: self.aura.clone(),
			grandpa: self.grandpa.clone(),
			worker: self.worker.clone(),
		};
		(self.account.clone(), self.account.clone(), keys)
	}
}

fn authority(sr25519: Sr25519Keyring, ed25519: Ed25519Keyring) -> Authority {
	Authority {
		aura: sr25519.public().into(),
		grandpa: ed25519.public().into(),
		worker: sr25519.public().into(),
		account: sr25519.to_account_id(),
	}
}

/// The genesis state of a chain with these authorities, all on the admin's list; `root` is its sudo account.
pub fn genesis(
	authorities: &[Authority],
	session_length: BlockNumber,
	root: AccountId,
	balances: Vec<(AccountId, u128)>,
) -> Value {
	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig { balances },
		authorities: AuthoritiesConfig {
			permanent: authorities.iter().map(|keys| keys.account.clone()).collect::<Vec<_>>(),
			session_length: Some(session_length),
		},
		session: SessionConfig {
			keys: authorities.iter().map(Authority::session).collect::<Vec<_>>(),
		},
		sudo: SudoConfig { key: Some(root) },
		fhe_ml: FheMlConfig {
			workers: authorities
				.iter()
				.map(|keys| (keys.worker.clone(), keys.account.clone()))
				.collect::<Vec<_>>(),
		},
	})
}

/// Every account of the development keyring is rich, and Alice is root.
fn with_development_accounts(authorities: &[Authority]) -> Value {
	let endowed = Sr25519Keyring::well_known().map(|key| (key.to_account_id(), ENDOWMENT));
	let root = Sr25519Keyring::Alice.to_account_id();
	genesis(authorities, TEST_SESSION_BLOCKS, root, endowed.collect())
}

fn development() -> Value {
	let mut patch =
		with_development_accounts(&[authority(Sr25519Keyring::Alice, Ed25519Keyring::Alice)]);
	// It has one worker: with more, models that the court cannot try would take no requests.
	patch["fheMl"]["untriedRedundancy"] = 1.into();
	patch
}

fn local_testnet() -> Value {
	with_development_accounts(&[
		authority(Sr25519Keyring::Alice, Ed25519Keyring::Alice),
		authority(Sr25519Keyring::Bob, Ed25519Keyring::Bob),
		authority(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
		authority(Sr25519Keyring::Dave, Ed25519Keyring::Dave),
	])
}

/// The JSON patch of a preset.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let patch = match id.as_ref() {
		sp_genesis_builder::DEV_RUNTIME_PRESET => development(),
		sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET => local_testnet(),
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

/// Names of the presets.
pub fn preset_names() -> Vec<PresetId> {
	vec![
		PresetId::from(sp_genesis_builder::DEV_RUNTIME_PRESET),
		PresetId::from(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET),
	]
}
