//! `fhe-ml-node new-chain`: a specification of a chain of one's own, and keys for its first authorities.

use crate::chain_spec;
use fhe_ml_runtime::{
	AccountId, SESSION_BLOCKS, UNIT,
	genesis_config_presets::{Authority, genesis},
};
use sc_keystore::LocalKeystore;
use sc_network::config::{NodeKeyConfig, Secret};
use sp_core::{
	Pair,
	crypto::{KeyTypeId, Ss58Codec, key_types},
	ed25519, sr25519,
};
use sp_keystore::Keystore;
use std::{
	fs::{self, DirBuilder, OpenOptions},
	io::{self, Write},
	os::unix::fs::{DirBuilderExt, OpenOptionsExt},
	path::{Path, PathBuf},
};

/// What the root account starts with; it endows the others.
const ROOT_BALANCE: u128 = 100_000_000 * UNIT;
/// What each authority's account starts with: its worker's bond, and some more.
const AUTHORITY_BALANCE: u128 = 10_000 * UNIT;
/// Type of the worker's key.
const WORKER: KeyTypeId = KeyTypeId(*b"fhe!");

/// Make a new chain: its specification, and keys for its first authorities.
///
/// Writes DIR/spec.json, which everybody needs, DIR/root.phrase (the admin's account, which endows all
/// others), and for every authority DIR/node-N: a base path with its keys, and account.phrase. Hand each
/// folder to its operator and to nobody else.
#[derive(Debug, clap::Args)]
pub struct NewChainCmd {
	/// Name of the chain, of letters, digits, blanks and dashes.
	#[arg(long)]
	name: String,

	/// Number of first authorities, each of which is a worker, too.
	#[arg(long, default_value = "4", value_parser = clap::value_parser!(u8).range(1..=32))]
	authorities: u8,

	/// Folder to make; it must not exist.
	#[arg(long, value_name = "DIR")]
	output: PathBuf,
}

/// Secrets and public keys of one account or authority.
struct Phrase {
	phrase: String,
	account: AccountId,
}

impl Phrase {
	fn generate() -> Self {
		let (pair, phrase, _) = sr25519::Pair::generate_with_phrase(None);
		Self { phrase, account: pair.public().into() }
	}

	fn write(&self, path: &Path) -> io::Result<()> {
		let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
		writeln!(file, "{}", self.phrase)
	}
}

impl NewChainCmd {
	pub fn run(&self) -> sc_cli::Result<()> {
		let id = self.id()?;
		if self.output.exists() {
			let message =
				format!("{} exists already; name another --output", self.output.display());
			return Err(message.into());
		}
		self.folder(&self.output)?;
		let root = Phrase::generate();
		root.write(&self.output.join("root.phrase"))?;
		let mut balances = vec![(root.account.clone(), ROOT_BALANCE)];
		let mut authorities = Vec::new();
		for number in 1..=self.authorities {
			let folder = self.output.join(format!("node-{number}"));
			let (authority, peer) = self.authority(&folder, &id)?;
			balances.push((authority.account.clone(), AUTHORITY_BALANCE));
			println!("node-{number}  account {}  peer {peer}", authority.account.to_ss58check());
			authorities.push(authority);
		}
		println!("root    account {}", root.account.to_ss58check());
		let state = genesis(&authorities, SESSION_BLOCKS, root.account, balances);
		let spec = chain_spec::custom(&self.name, &id, state)?.as_json(true)?;
		let path = self.output.join("spec.json");
		fs::write(&path, spec)?;
		println!(
			"\n{spec} describes the chain. Each operator runs\n\n  \
			fhe-ml-node --chain {spec} --base-path {dir}/node-N --validator \\\n    \
			--bootnodes /ip4/ADDRESS/tcp/30333/p2p/PEER\n\n\
			with ADDRESS and PEER of another node (the first leaves it out).",
			spec = path.display(),
			dir = self.output.display(),
		);
		Ok(())
	}

	/// The chain's id: its name as folders have it.
	fn id(&self) -> sc_cli::Result<String> {
		let good = |c: char| c.is_ascii_alphanumeric() || c == ' ' || c == '-';
		if self.name.trim().is_empty() || !self.name.chars().all(good) {
			let message =
				format!("`{}` is not a name of letters, digits, blanks, dashes", self.name);
			return Err(message.into());
		}
		Ok(self.name.trim().to_ascii_lowercase().replace(' ', "-"))
	}

	fn folder(&self, path: &Path) -> io::Result<()> {
		DirBuilder::new().recursive(true).mode(0o700).create(path)
	}

	/// Makes the keys of one authority; returns its public keys and its peer id.
	fn authority(&self, folder: &Path, id: &str) -> sc_cli::Result<(Authority, String)> {
		let chain = folder.join("chains").join(id);
		let (keys, network) = (chain.join("keystore"), chain.join("network"));
		self.folder(&keys)?;
		self.folder(&network)?;
		let account = Phrase::generate();
		account.write(&folder.join("account.phrase"))?;

		let keystore = LocalKeystore::open(keys, None)
			.map_err(|error| sc_cli::Error::Application(Box::new(error)))?;
		let insert = |kind: KeyTypeId, phrase: &str, public: &[u8]| {
			let failed = || format!("{} cannot be written", folder.display());
			keystore.insert(kind, phrase, public).map_err(|()| sc_cli::Error::Input(failed()))
		};
		let (aura, phrase, _) = sr25519::Pair::generate_with_phrase(None);
		insert(key_types::AURA, &phrase, aura.public().as_ref())?;
		let (grandpa, phrase, _) = ed25519::Pair::generate_with_phrase(None);
		insert(key_types::GRANDPA, &phrase, grandpa.public().as_ref())?;
		let (worker, phrase, _) = sr25519::Pair::generate_with_phrase(None);
		insert(WORKER, &phrase, worker.public().as_ref())?;

		let secret = Secret::File(network.join("secret_ed25519"));
		let peer = NodeKeyConfig::Ed25519(secret).into_keypair()?.public().to_peer_id();
		let authority = Authority {
			aura: aura.public().into(),
			grandpa: grandpa.public().into(),
			worker: worker.public().into(),
			account: account.account,
		};
		Ok((authority, peer.to_base58()))
	}
}
