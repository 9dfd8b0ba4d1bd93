//! Files of private models, and the circuits that their users get: decoding never panics, and what decodes is
//! written as it was read.
#![no_main]

use fhe_ml_engine::{PrivateCircuit, circuits::private::PrivateEvaluator};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
	if let Ok(circuit) = PrivateCircuit::from_bytes(data) {
		assert_eq!(PrivateCircuit::from_bytes(&circuit.to_bytes()), Ok(circuit.clone()));
		assert!(circuit.input_bytes() > 0 && circuit.result_bytes() > 0);
	}
	if let Ok(evaluator) = PrivateEvaluator::from_bytes(data) {
		let bytes = evaluator.to_bytes();
		assert!(PrivateEvaluator::from_bytes(&bytes).is_ok_and(|again| again.to_bytes() == bytes));
	}
});
