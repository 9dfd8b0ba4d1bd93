//! Bootstrap keys: whatever decodes can be prepared for the server key that it names.
#![no_main]

use fhe_ml_engine::{BootstrapKey, BootstrapKeyError, ClientKey, PreparedServerKey, new_seeder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
	// A whole key is 186 kB: the fuzzer's bytes are repeated behind its header.
	let mut bytes = data.to_vec();
	if data.len() > 64 {
		bytes = data.iter().copied().cycle().take(BootstrapKey::BYTES).collect();
		bytes[..data.len().min(64)].copy_from_slice(&data[..data.len().min(64)]);
	}
	if let Ok(key) = BootstrapKey::from_bytes(bytes) {
		let (_, server_key) = ClientKey::generate(new_seeder().as_mut());
		let refused = PreparedServerKey::new(&server_key).with_bootstrap_key(&key).err();
		assert_eq!(refused, Some(BootstrapKeyError::AnotherServerKey));
	}
});
