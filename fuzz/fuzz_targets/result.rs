//! Encrypted results: decryption refuses or gives one integer per output.
#![no_main]

use fhe_ml_engine::{ClientKey, new_seeder};
use fhe_ml_models::{Artifact, ImportOptions, import_onnx};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

struct Setup {
	models: Vec<(Artifact, Vec<u8>)>,
	client: ClientKey,
}

static SETUP: LazyLock<Setup> = LazyLock::new(|| {
	let (client, _) = ClientKey::generate(new_seeder().as_mut());
	let model = |onnx: &[u8]| {
		let options = ImportOptions { name: "fuzz".into(), calibration: None };
		let model = import_onnx(onnx, &options).expect("a model of this repository");
		let x = vec![0; model.circuit.inputs()];
		let input = client.encrypt(&model.circuit, model.hash(), &x, new_seeder().as_mut());
		(model, input.expect("zeros are in range"))
	};
	let models = vec![
		model(include_bytes!("../../models/wine_logistic.onnx")),
		model(include_bytes!("../../models/wine_tree.onnx")),
		model(include_bytes!("../../models/iris_network.onnx")),
	];
	Setup { models, client }
});

fuzz_target!(|data: &[u8]| {
	let setup = &*SETUP;
	let Some((&which, data)) = data.split_first() else { return };
	let (model, input) = &setup.models[usize::from(which) % setup.models.len()];
	// The right header and tag, then the fuzzer's bytes, repeated to the right length or not.
	let mut result = Vec::new();
	let length = model.circuit.result_bytes();
	if which & 0x80 == 0 && !data.is_empty() && length > 24 {
		result.extend(b"FHML\x01\0\x01\0\x04\0\0\0");
		result.extend(((length - 16) as u32).to_le_bytes());
		result.extend(&fhe_ml_engine::blake2b_256(input)[..8]);
		result.extend(data.iter().copied().cycle().take(length - result.len()));
	} else {
		result.extend(data);
	}
	if let Ok(outputs) = setup.client.decrypt(&model.circuit, input, &result) {
		assert_eq!(outputs.len(), model.circuit.outputs());
		model.card.decode(&outputs);
	}
});
