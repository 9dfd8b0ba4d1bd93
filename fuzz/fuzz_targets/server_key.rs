//! Server keys: whatever decodes can be prepared.
#![no_main]

use fhe_ml_engine::{PreparedServerKey, ServerKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
	// A whole key is 2.4 MB: the fuzzer's bytes are repeated behind its header.
	let mut bytes = data.to_vec();
	if data.len() > 64 {
		bytes = data.iter().copied().cycle().take(ServerKey::BYTES).collect();
		bytes[..data.len().min(32)].copy_from_slice(&data[..data.len().min(32)]);
	}
	if let Ok(key) = ServerKey::from_bytes(bytes) {
		PreparedServerKey::new(&key);
	}
});
