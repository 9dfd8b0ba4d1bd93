//! The light client: the chain read with proofs, from whichever full nodes answer.
//!
//! It verifies the authorities' finality votes since the genesis block of a chain specification, and what it
//! reads with a Merkle proof against the state root of a finalised block. No node has to be believed.

use serde_json::Value;
use std::{
	path::PathBuf,
	time::{Duration, SystemTime},
};
use subxt::{
	lightclient::{ChainConfig, LightClient, LightClientError},
	rpcs::RpcClient,
};

/// Where a specification names full nodes.
const BOOT_NODES: &str = "bootNodes";

/// What a light client starts from.
#[derive(Clone, Debug)]
pub struct Light {
	/// Chain specification in raw JSON, from somebody who is trusted: its genesis block is the root of all
	/// that is proven.
	pub spec: PathBuf,
	/// Addresses of full nodes, instead of those in the specification. They need not be trusted.
	pub bootnodes: Vec<String>,
}

/// A light client that does not get going.
#[derive(Debug, thiserror::Error)]
pub enum LightError {
	/// The specification cannot be read.
	#[error("cannot read the chain specification {path}: {source}")]
	Read {
		/// Its file.
		path: PathBuf,
		/// Why.
		source: std::io::Error,
	},
	/// It is none.
	#[error(
		"{path} is no chain specification: {source}; `fhe-ml-node export-chain-spec --raw` makes one"
	)]
	Spec {
		/// Its file.
		path: PathBuf,
		/// Why.
		source: serde_json::Error,
	},
	/// It cannot be used.
	#[error(
		"the light client cannot use {path}: {source}; `fhe-ml-node export-chain-spec --raw` makes one that it can"
	)]
	Start {
		/// Its file.
		path: PathBuf,
		/// Why.
		source: LightClientError,
	},
	/// It names no full nodes.
	#[error("{0} names no bootNodes; name a full node with --bootnode /ip4/.../tcp/.../p2p/...")]
	NoBootnodes(PathBuf),
	/// No full node answers.
	#[error(
		"none of the chain's full nodes answers the light client; name one with --bootnode /ip4/.../p2p/..."
	)]
	NoPeers,
	/// The head is too old.
	#[error(
		"the newest block that full nodes can prove is {0} seconds old: the chain stands still, or they hide newer blocks; name others with --bootnode"
	)]
	Stale(u64),
}

/// A chain specification, with the full nodes to ask.
#[derive(Clone, Debug)]
pub struct Specification(serde_json::Map<String, Value>);

impl Specification {
	/// Reads it.
	///
	/// # Errors
	/// If the file cannot be read, is no specification, or if no full nodes are named.
	pub fn read(light: &Light) -> Result<Self, LightError> {
		let path = || light.spec.clone();
		let text = std::fs::read(&light.spec)
			.map_err(|source| LightError::Read { path: path(), source })?;
		let mut spec: serde_json::Map<String, Value> = serde_json::from_slice(&text)
			.map_err(|source| LightError::Spec { path: path(), source })?;
		if !light.bootnodes.is_empty() {
			spec.insert(BOOT_NODES.into(), light.bootnodes.clone().into());
		}
		match spec.get(BOOT_NODES).and_then(Value::as_array) {
			Some(nodes) if !nodes.is_empty() => Ok(Self(spec)),
			_ => Err(LightError::NoBootnodes(path())),
		}
	}

	/// The JSON.
	pub fn into_json(self) -> String {
		Value::Object(self.0).to_string()
	}

	/// URLs of those full nodes that a browser can reach.
	pub fn web_sockets(&self) -> Vec<String> {
		let nodes = self.0.get(BOOT_NODES).and_then(Value::as_array).into_iter().flatten();
		nodes.filter_map(Value::as_str).filter_map(web_socket).collect()
	}
}

/// The URL of `/ip4/127.0.0.1/tcp/30333/ws/...` and the like.
fn web_socket(address: &str) -> Option<String> {
	let mut parts = address.strip_prefix('/')?.split('/');
	let (kind, host) = (parts.next()?, parts.next()?);
	let host = match kind {
		"ip4" | "dns" | "dns4" | "dns6" => host.to_string(),
		"ip6" => format!("[{host}]"),
		_ => return None,
	};
	let port = (parts.next()? == "tcp").then(|| parts.next()).flatten()?;
	match parts.next()? {
		"ws" => Some(format!("ws://{host}:{port}")),
		"wss" => Some(format!("wss://{host}:{port}")),
		_ => None,
	}
}

/// Starts a light client.
pub(super) fn start(light: &Light) -> Result<RpcClient, LightError> {
	let spec = Specification::read(light)?.into_json();
	let (_, rpc) = LightClient::relay_chain(ChainConfig::chain_spec(spec))
		.map_err(|source| LightError::Start { path: light.spec.clone(), source })?;
	Ok(RpcClient::new(rpc))
}

/// How long ago a block with this timestamp (milliseconds since 1970) was made.
pub(super) fn age(timestamp: u64) -> Duration {
	let made = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(timestamp));
	made.and_then(|made| SystemTime::now().duration_since(made).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn addresses_that_a_browser_can_reach_become_urls() {
		let url = |address: &str| web_socket(address);
		assert_eq!(url("/ip4/127.0.0.1/tcp/30333/ws/p2p/12D3").unwrap(), "ws://127.0.0.1:30333");
		assert_eq!(url("/ip6/::1/tcp/1/ws").unwrap(), "ws://[::1]:1");
		assert_eq!(
			url("/dns/node.example/tcp/443/wss/p2p/12D3").unwrap(),
			"wss://node.example:443"
		);
		for other in
			["/ip4/127.0.0.1/tcp/30333/p2p/12D3", "/ip4/127.0.0.1/udp/1/quic", "", "ws://a"]
		{
			assert_eq!(url(other), None, "{other}");
		}
	}

	#[test]
	fn a_specification_needs_full_nodes() {
		let folder = tempfile::tempdir().unwrap();
		let spec = folder.path().join("spec.json");
		std::fs::write(&spec, r#"{"name":"a","bootNodes":[]}"#).unwrap();
		let mut light = Light { spec: spec.clone(), bootnodes: Vec::new() };
		assert!(matches!(Specification::read(&light), Err(LightError::NoBootnodes(_))));
		light.bootnodes = vec!["/ip4/127.0.0.1/tcp/1/ws/p2p/12D3".into()];
		let read = Specification::read(&light).unwrap();
		assert_eq!(read.web_sockets(), ["ws://127.0.0.1:1"]);
		assert!(read.into_json().contains("/ip4/127.0.0.1/tcp/1/ws/p2p/12D3"));
		std::fs::write(&spec, "no json").unwrap();
		assert!(matches!(Specification::read(&light), Err(LightError::Spec { .. })));
	}
}
