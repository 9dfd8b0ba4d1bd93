//! `fhe-ml app`: serves the page, on this machine only.

use crate::{cli::App, error::CommandError, output::Output};
use axum::{
	Router,
	extract::State,
	http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
	response::{IntoResponse, Response},
	routing::get,
};
use fhe_ml_client::chain::Specification;
use rust_embed::RustEmbed;
use serde_json::json;
use std::net::Ipv4Addr;
use tokio::net::TcpListener;

/// What `scripts/build-page.sh` has made.
#[derive(RustEmbed)]
#[folder = "../../app/page/dist"]
struct Page;

/// What every answer needs.
#[derive(Clone)]
struct Settings {
	node: String,
	port: u16,
	policy: HeaderValue,
	/// Chain specification for the page's light client.
	spec: Option<String>,
}

pub async fn run(options: App, output: Output) -> Result<(), CommandError> {
	if Page::get("index.html").is_none() {
		return Err(CommandError::NoPage);
	}
	let App { port, node } = options;
	let spec = node.light().map(|light| Specification::read(&light)).transpose()?;
	let full_nodes = spec.as_ref().map(Specification::web_sockets).unwrap_or_default();
	if spec.is_some() && full_nodes.is_empty() {
		return Err(CommandError::NoWebSocket);
	}
	let policy =
		policy(&node.url, &full_nodes).ok_or_else(|| CommandError::NodeUrl(node.url.clone()))?;
	let busy = |source| CommandError::Listen { port, source };
	let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(busy)?;
	let port = listener.local_addr().map_err(busy)?.port();
	let url = format!("http://127.0.0.1:{port}/");
	output.print(&json!({ "url": url }), &format!("Running on local URL:  {url}"))?;
	let router = Router::new()
		.route("/config.json", get(config))
		.route("/spec.json", get(specification))
		.fallback(get(asset))
		.with_state(Settings {
			node: node.url,
			port,
			policy,
			spec: spec.map(Specification::into_json),
		});
	axum::serve(listener, router)
		.with_graceful_shutdown(async {
			// Without signals it runs until it is killed.
			let _ = tokio::signal::ctrl_c().await;
		})
		.await
		.map_err(busy)
}

/// Only this origin's own scripts run, and they talk to this origin, the node and the light client's full nodes only.
fn policy(node: &str, full_nodes: &[String]) -> Option<HeaderValue> {
	let is_source = |url: &str| {
		let scheme = url.starts_with("ws://") || url.starts_with("wss://");
		scheme && url.chars().all(|c| c.is_ascii_alphanumeric() || ":/.-[]_".contains(c))
	};
	if !is_source(node) {
		return None;
	}
	let full_nodes = full_nodes.iter().filter(|url| is_source(url));
	let full_nodes = full_nodes.map(|url| format!(" {url}")).collect::<String>();
	let policy = format!(
		"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
		connect-src 'self' {node}{full_nodes}; worker-src 'self'; base-uri 'none'; form-action 'none'; \
		frame-ancestors 'none'"
	);
	HeaderValue::from_str(&policy).ok()
}

async fn config(State(settings): State<Settings>, headers: HeaderMap) -> Response {
	let body = json!({ "node": settings.node, "light": settings.spec.is_some() }).to_string();
	answer(&settings, &headers, "application/json", body.into_bytes())
}

async fn specification(State(settings): State<Settings>, headers: HeaderMap) -> Response {
	match settings.spec.clone() {
		Some(spec) => answer(&settings, &headers, "application/json", spec.into_bytes()),
		None => StatusCode::NOT_FOUND.into_response(),
	}
}

async fn asset(State(settings): State<Settings>, headers: HeaderMap, uri: Uri) -> Response {
	let path = match uri.path().trim_start_matches('/') {
		"" => "index.html",
		path => path,
	};
	match Page::get(path) {
		Some(file) => {
			let kind = file.metadata.mimetype().to_owned();
			answer(&settings, &headers, &kind, file.data.into_owned())
		},
		None => StatusCode::NOT_FOUND.into_response(),
	}
}

/// Another site whose name leads to this machine (DNS rebinding) gets nothing.
fn answer(settings: &Settings, headers: &HeaderMap, kind: &str, body: Vec<u8>) -> Response {
	let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
	let port = settings.port;
	if ![format!("127.0.0.1:{port}"), format!("localhost:{port}")].iter().any(|own| own == host) {
		return StatusCode::MISDIRECTED_REQUEST.into_response();
	}
	let headers = [
		(header::CONTENT_TYPE, HeaderValue::from_str(kind)),
		(header::CONTENT_SECURITY_POLICY, Ok(settings.policy.clone())),
		(header::X_CONTENT_TYPE_OPTIONS, Ok(HeaderValue::from_static("nosniff"))),
		(header::REFERRER_POLICY, Ok(HeaderValue::from_static("no-referrer"))),
		(header::CACHE_CONTROL, Ok(HeaderValue::from_static("no-cache"))),
	];
	let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value.ok()?)));
	(HeaderMap::from_iter(headers), body).into_response()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_policy_lets_the_page_talk_to_its_node_only() {
		let full_nodes = ["ws://127.0.0.1:30333", "ws://a; script-src *"].map(String::from);
		let policy = policy("ws://127.0.0.1:9944", &full_nodes).unwrap();
		let policy = policy.to_str().unwrap();
		assert!(policy.contains("connect-src 'self' ws://127.0.0.1:9944 ws://127.0.0.1:30333;"));
		for bad in ["http://a", "ws://a; script-src *", "ws://a b", "ws://a'*'"] {
			assert!(super::policy(bad, &[]).is_none(), "{bad}");
		}
	}
}
