//! `.fheml` files: decoding, encoding rows and decoding outputs never panic. The header is fixed up,
//! so that the fuzzer gets to the card and the circuit.
#![no_main]

use fhe_ml_models::Artifact;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
	let mut bytes = data.to_vec();
	if let Some(payload) = bytes.len().checked_sub(16) {
		bytes[12..16].copy_from_slice(&(payload as u32).to_le_bytes());
	}
	if let Ok(artifact) = Artifact::from_bytes(bytes) {
		let row = vec![1.0; artifact.card.features.len()];
		if let Ok(x) = artifact.card.encode(&row) {
			let _ = artifact.circuit.evaluate_clear(&x);
		}
		artifact.card.decode(&vec![1; artifact.circuit.outputs()]);
		assert_eq!(artifact.circuit.to_bytes().is_empty(), false);
	}
});
