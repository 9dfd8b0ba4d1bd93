//! ONNX files: import never panics, and what it makes reads back.
#![no_main]

use fhe_ml_models::{Artifact, ImportOptions, Model, import_onnx};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|onnx: &[u8]| {
	let options = ImportOptions { name: "fuzz".into(), calibration: None };
	if let Ok(artifact) = import_onnx(onnx, &options) {
		let again = Artifact::from_bytes(artifact.as_bytes().to_vec());
		assert!(again.is_ok_and(|again| again.hash() == artifact.hash()));
		let model = Model::new(artifact, None).expect("it is not encrypted");
		let _ = model.predict_clear(&vec![0.5; model.card.features.len()]);
	}
});
