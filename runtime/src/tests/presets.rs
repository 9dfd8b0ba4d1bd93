//! Genesis states by their names.

use crate::{Runtime, RuntimeGenesisConfig, System, genesis_config_presets};
use pallet_fhe_ml::UntriedRedundancy;
use serde_json::Value;
use sp_runtime::BuildStorage;

/// The first block of a chain of this preset.
pub fn chain_of(preset: &str) -> sp_io::TestExternalities {
	let patch = genesis_config_presets::get_preset(&preset.into()).unwrap();
	let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).unwrap();
	merge(&mut config, serde_json::from_slice(&patch).unwrap());
	let config: RuntimeGenesisConfig = serde_json::from_value(config).unwrap();
	let mut chain = sp_io::TestExternalities::from(config.build_storage().unwrap());
	chain.execute_with(|| System::set_block_number(1));
	chain
}

fn merge(config: &mut Value, patch: Value) {
	match (config, patch) {
		(Value::Object(config), Value::Object(patch)) => {
			for (key, value) in patch {
				merge(config.entry(key).or_insert(Value::Null), value);
			}
		},
		(config, patch) => *config = patch,
	}
}

#[test]
fn a_chain_with_one_worker_believes_it_and_others_ask_three() {
	for (preset, least) in [
		(sp_genesis_builder::DEV_RUNTIME_PRESET, 1),
		(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET, 3),
	] {
		chain_of(preset)
			.execute_with(|| assert_eq!(UntriedRedundancy::<Runtime>::get(), least, "{preset}"));
	}
}
