//! How a connection to the chain begins.

use super::{
	best_block::PALLET,
	blocks::Blocks,
	connection::Chain,
	error::ChainError,
	light::{self, Light, LightError},
	rpc::Rpc,
};
use std::{sync::Arc, time::Duration};
use subxt::{OnlineClient, backend::LegacyBackend, rpcs::rpc_params};
use tokio::time::{Instant, sleep};

/// How long the light client may take to find the head of the chain.
const SYNC_TIMEOUT: Duration = Duration::from_secs(90);
/// How long until one of the chain's full nodes must have answered it.
const PEERS_TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is asked whether it has.
const SYNC_POLL: Duration = Duration::from_millis(200);
/// A head this young is the chain's newest: blocks come every 2 seconds, and are final 2 to 3 blocks later.
const FRESH_HEAD: Duration = Duration::from_secs(8);
/// How long to wait for such a head: peers announce their newest block after the light client has connected,
/// and until then it reads an older state, without the user's last transactions.
const FRESH_TIMEOUT: Duration = Duration::from_secs(20);
/// Peers that show nothing younger than this hide newer blocks, or the chain stands still.
const OLDEST_HEAD: Duration = Duration::from_secs(120);

/// Where the chain is read from.
#[derive(Clone, Debug)]
pub struct Source {
	/// WebSocket of a node, which is believed. With a light client it is not asked.
	pub url: String,
	/// A light client, which believes no node.
	pub light: Option<Light>,
}

/// What `system_health` says.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Health {
	peers: usize,
	is_syncing: bool,
}

impl Chain {
	/// Connects to a node, or starts a light client and waits until it knows the head of the chain.
	///
	/// # Errors
	/// If no node answers, if it runs another chain, or if the light client does not get going.
	pub async fn connect(source: &Source) -> Result<Self, ChainError> {
		let url = &source.url;
		let rpc = match &source.light {
			Some(light) => Rpc(light::start(light)?),
			None => Rpc::connect(url).await?,
		};
		// The legacy methods know every block at once; a `chainHead` subscription lags behind.
		let backend = LegacyBackend::builder().build(rpc.0.clone());
		let client = OnlineClient::from_backend(Arc::new(backend)).await.map_err(|error| {
			ChainError::Unreachable { url: url.clone(), why: error.to_string() }
		})?;
		let chain =
			Self { client, rpc, is_light: source.light.is_some(), blocks: Blocks::default() };
		if chain.is_light {
			chain.wait_for_head().await?;
		}
		if chain.best_block().await?.at.metadata_ref().pallet_by_name(PALLET).is_none() {
			return Err(ChainError::NotOurs(url.clone()));
		}
		Ok(chain)
	}

	/// Waits until the light client has the chain's newest finalised block; an older one is taken if the peers
	/// show no newer one.
	async fn wait_for_head(&self) -> Result<(), ChainError> {
		let start = Instant::now();
		let in_time = || start.elapsed() < SYNC_TIMEOUT;
		let mut health: Health = self.rpc.0.request("system_health", rpc_params![]).await?;
		while health.is_syncing || health.peers == 0 {
			if !in_time() || health.peers == 0 && start.elapsed() >= PEERS_TIMEOUT {
				return Err(LightError::NoPeers.into());
			}
			sleep(SYNC_POLL).await;
			health = self.rpc.0.request("system_health", rpc_params![]).await?;
		}
		let since = Instant::now();
		loop {
			let age = self.best_block().await?.age().await?;
			let patient = since.elapsed() < FRESH_TIMEOUT;
			if age <= FRESH_HEAD || (!patient && age <= OLDEST_HEAD) {
				return Ok(());
			}
			if !in_time() {
				return Err(LightError::Stale(age.as_secs()).into());
			}
			sleep(SYNC_POLL).await;
		}
	}
}
