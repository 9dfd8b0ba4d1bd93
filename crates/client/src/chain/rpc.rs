//! Questions to a node, which may be away for a while.

use super::error::{AWAY, ChainError};
use std::time::{Duration, Instant};
use subxt::rpcs::{
	RpcClient,
	client::{
		RpcParams,
		reconnecting_rpc_client::{
			ExponentialBackoff, PingConfig, RpcClient as ReconnectingClient,
		},
	},
};

/// Longest pause between two attempts.
const RECONNECT_PAUSE: Duration = Duration::from_secs(2);
/// A connection over which nothing came for so long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(20);

/// A connection to a node, or to a light client.
#[derive(Clone)]
pub(super) struct Rpc(pub(super) RpcClient);

impl Rpc {
	/// Connects to a node, and again whenever the connection breaks.
	pub(super) async fn connect(url: &str) -> Result<Self, ChainError> {
		let unreachable = |why: String| ChainError::Unreachable { url: url.into(), why };
		// The client that reconnects would also wait for a node that has never been there.
		RpcClient::from_insecure_url(url).await.map_err(|error| unreachable(error.to_string()))?;
		let backoff = ExponentialBackoff::from_millis(50).max_delay(RECONNECT_PAUSE);
		let policy = Pauses { backoff, since: None };
		let client = ReconnectingClient::builder()
			.retry_policy(policy)
			.enable_ws_ping(
				PingConfig::new().ping_interval(DEAD_AFTER / 4).inactive_limit(DEAD_AFTER),
			)
			.build(url)
			.await
			.map_err(|error| unreachable(error.to_string()))?;
		Ok(Self(RpcClient::new(client)))
	}

	/// Asks the node, again if the connection breaks meanwhile.
	pub(super) async fn ask<T: serde::de::DeserializeOwned>(
		&self,
		method: &str,
		params: RpcParams,
	) -> Result<T, ChainError> {
		loop {
			match self.0.request(method, params.clone()).await {
				// The client waits for the new connection with the next request.
				Err(error) if error.is_disconnected_will_reconnect() => {},
				other => return Ok(other?),
			}
		}
	}
}

/// Pauses between attempts to connect again, as long as the node may be away. A node that takes connections and
/// says nothing makes each attempt long, so it is time that counts.
#[derive(Clone)]
struct Pauses {
	backoff: ExponentialBackoff,
	since: Option<Instant>,
}

impl Iterator for Pauses {
	type Item = Duration;

	fn next(&mut self) -> Option<Duration> {
		let since = self.since.get_or_insert_with(Instant::now);
		(since.elapsed() < AWAY).then(|| self.backoff.next()).flatten()
	}
}
