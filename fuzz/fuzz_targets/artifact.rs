//! `.fheml` files: decoding, encoding rows and decoding outputs never panic. The header is fixed up,
//! so that the fuzzer gets to the card and the circuit.
#![no_main]

use fhe_ml_models::{Artifact, Model};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
	let mut bytes = data.to_vec();
	if let Some(payload) = bytes.len().checked_sub(16) {
		bytes[12..16].copy_from_slice(&(payload as u32).to_le_bytes());
	}
	let Ok(artifact) = Artifact::from_bytes(bytes) else { return };
	assert!(!artifact.circuit.to_bytes().is_empty());
	if let Ok(model) = Model::new(artifact, None) {
		let _ = model.predict_clear(&vec![1.0; model.card.features.len()]);
		let _ = model.card.decode(&vec![1; model.artifact.circuit.outputs()]);
	}
});
