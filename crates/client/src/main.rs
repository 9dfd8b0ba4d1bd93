//! The `fhe-ml` tool.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
	fhe_ml_client::tool().await
}
