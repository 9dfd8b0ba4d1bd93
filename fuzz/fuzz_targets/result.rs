//! Encrypted results of one row and of three: decryption refuses or gives one integer per output and row.
#![no_main]

use fhe_ml_engine::{ClientKey, new_seeder};
use fhe_ml_models::Model;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

struct Setup {
	/// With an input of one row, and one of three.
	models: Vec<(Model, [Vec<u8>; 2])>,
	client: ClientKey,
}

static SETUP: LazyLock<Setup> = LazyLock::new(|| {
	let (client, _) = ClientKey::generate(new_seeder().as_mut());
	let with_input = |model: Model| {
		let x = fhe_ml_fuzz::integers(&model);
		let (circuit, hash) = (&model.artifact.circuit, model.artifact.hash());
		let input = |rows: usize| {
			let rows = vec![x.clone(); rows];
			let input = client.encrypt_rows(circuit, hash, &rows, new_seeder().as_mut());
			input.expect("they are in range")
		};
		let inputs = [input(1), input(3)];
		(model, inputs)
	};
	let models = fhe_ml_fuzz::models(&client).into_iter().map(with_input).collect();
	Setup { models, client }
});

fuzz_target!(|data: &[u8]| {
	let setup = &*SETUP;
	let Some((&which, data)) = data.split_first() else { return };
	let (model, inputs) = &setup.models[usize::from(which) % setup.models.len()];
	let several = usize::from(which >> 6 & 1);
	let (input, rows) = (&inputs[several], [1, 3][several]);
	// The right header and tag, then the fuzzer's bytes, repeated to the right length or not.
	let mut result = Vec::new();
	let circuit = &model.artifact.circuit;
	let length = circuit.result_bytes_of(rows);
	if which & 0x80 == 0 && !data.is_empty() && length > 24 {
		result.extend(b"FHML\x01\0\x01\0\x04\0");
		result.extend((rows as u16 - 1).to_le_bytes());
		result.extend(((length - 16) as u32).to_le_bytes());
		result.extend(&fhe_ml_engine::blake2b_256(input)[..8]);
		result.extend(data.iter().copied().cycle().take(length - result.len()));
	} else {
		result.extend(data);
	}
	if let Ok(of_rows) = setup.client.decrypt_rows(circuit, input, &result) {
		assert_eq!(of_rows.len(), rows as usize);
		for outputs in of_rows {
			assert_eq!(outputs.len(), circuit.outputs());
			let _ = model.card.decode(&outputs);
		}
	}
});
