//! Encrypted inputs of one row and of several: evaluation refuses or evaluates, and the result has the announced length.
#![no_main]

use fhe_ml_engine::{Circuit, ClientKey, EvaluationBuffers, PreparedServerKey, new_seeder};
use fhe_ml_models::Model;
use libfuzzer_sys::fuzz_target;
use std::sync::{LazyLock, Mutex};

struct Setup {
	models: Vec<Model>,
	client: ClientKey,
	server: PreparedServerKey,
	buffers: Mutex<EvaluationBuffers>,
}

static SETUP: LazyLock<Setup> = LazyLock::new(|| {
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	let models = fhe_ml_fuzz::models(&client);
	Setup { models, client, server: PreparedServerKey::new(&server), buffers: Mutex::default() }
});

fuzz_target!(|data: &[u8]| {
	let setup = &*SETUP;
	let Some((&which, data)) = data.split_first() else { return };
	let model = &setup.models[usize::from(which) % setup.models.len()];
	let circuit: &Circuit = &model.artifact.circuit;
	// A good input, changed at the places that the fuzzer says.
	let rows = vec![fhe_ml_fuzz::integers(model); 1 + usize::from(which >> 5 & 3)];
	let hash = model.artifact.hash();
	let input = setup.client.encrypt_rows(circuit, hash, &rows, new_seeder().as_mut());
	let mut input = input.expect("they are in range");
	for change in data.chunks_exact(3) {
		let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % input.len();
		input[at] ^= change[2];
	}
	if which & 0x80 != 0 {
		input.truncate(input.len().saturating_sub(data.len()));
	}
	let mut buffers = setup.buffers.lock().expect("no panic before");
	if let Ok(result) = circuit.evaluate(Some(&setup.server), &input, &mut buffers) {
		assert_eq!(result.len(), circuit.result_bytes_of(rows.len() as u32));
		if let Ok(outputs) = setup.client.decrypt_rows(circuit, &input, &result) {
			assert_eq!(outputs.len(), rows.len());
			for outputs in outputs {
				let _ = model.card.decode(&outputs);
			}
		}
	}
});
