//! Chain specifications: built-in presets of the runtime, or a JSON file.

use fhe_ml_runtime::WASM_BINARY;
use sc_chain_spec::{ChainSpecBuilder, NoExtension};
use sc_service::{ChainType, GenericChainSpec};
use serde_json::Value;
use std::path::PathBuf;

/// The specification that `--chain ID` names.
pub fn load(id: &str) -> Result<GenericChainSpec, String> {
	match id {
		"dev" => preset("FHE-ML Development", "dev", ChainType::Development, "development"),
		"" | "local" => preset("FHE-ML Local", "local", ChainType::Local, "local_testnet"),
		path => GenericChainSpec::from_json_file(PathBuf::from(path)),
	}
}

fn preset(
	name: &str,
	id: &str,
	chain_type: ChainType,
	genesis: &str,
) -> Result<GenericChainSpec, String> {
	Ok(builder(name, id, chain_type)?.with_genesis_config_preset_name(genesis).build())
}

/// A chain that is made now, with this patch to the default genesis state.
pub fn custom(name: &str, id: &str, genesis: Value) -> Result<GenericChainSpec, String> {
	Ok(builder(name, id, ChainType::Live)?.with_genesis_config_patch(genesis).build())
}

fn builder(
	name: &str,
	id: &str,
	chain_type: ChainType,
) -> Result<ChainSpecBuilder<NoExtension>, String> {
	let wasm = WASM_BINARY.ok_or("this node was built without its runtime (SKIP_WASM_BUILD)")?;
	let mut properties = sc_service::Properties::new();
	properties.insert("tokenSymbol".into(), "FHE".into());
	properties.insert("tokenDecimals".into(), fhe_ml_primitives::DECIMALS.into());
	properties.insert("ss58Format".into(), 42.into());
	Ok(GenericChainSpec::builder(wasm, None)
		.with_name(name)
		.with_id(id)
		.with_chain_type(chain_type)
		.with_protocol_id("fhe-ml")
		.with_properties(properties))
}
