//! Deep networks against plain evaluation.

#![allow(clippy::unwrap_used)]

use fhe_ml_engine::{
	BootstrapKey, BootstrapKeyError, Circuit, CircuitInputError, ClientKey, DeepCircuit,
	DeepCircuitError, EvaluateError, EvaluationBuffers, PreparedServerKey, ServerKey,
	circuits::deep::{DeepLayer, DeepLayers, DeepOutput, DeepTable, SparseRow},
	new_seeder,
};
use proptest::prelude::*;
use std::sync::LazyLock;

struct Keys {
	client: ClientKey,
	server_key: ServerKey,
	bootstrap_key: BootstrapKey,
	server: PreparedServerKey,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
	let mut seeder = new_seeder();
	let (client, server_key) = ClientKey::generate(seeder.as_mut());
	let bootstrap_key = client.bootstrap_key();
	let mut server =
		PreparedServerKey::new(&server_key).with_bootstrap_key(&bootstrap_key).unwrap();
	server.keep_selectors(0, 1 << 29);
	Keys { client, server_key, bootstrap_key, server }
});

/// Encrypts rows, evaluates and decrypts.
fn evaluate_rows(circuit: &Circuit, rows: &[Vec<i64>]) -> Vec<Vec<i64>> {
	let client = &KEYS.client;
	let input = client.encrypt_rows(circuit, [1; 32], rows, new_seeder().as_mut()).unwrap();
	assert_eq!(input.len(), circuit.input_bytes_of(rows.len() as u32));
	let mut buffers = EvaluationBuffers::default();
	let result = circuit.evaluate(Some(&KEYS.server), &input, &mut buffers).unwrap();
	assert_eq!(result.len(), circuit.result_bytes_of(rows.len() as u32));
	client.decrypt_rows(circuit, &input, &result).unwrap()
}

fn numbers(seed: u64) -> impl FnMut(i64) -> i64 {
	let mut state = seed;
	move |below| {
		state =
			state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
		(state >> 33) as i64 % below
	}
}

/// f over these arguments.
fn table(low: i64, high: i64, f: impl Fn(i64) -> i64) -> DeepTable {
	DeepTable { low, step_log2: 0, values: (low..=high).map(|x| f(x) as i32).collect() }
}

/// Lowest and highest sum of a row whose columns have these ranges.
fn reach(row: &SparseRow, ranges: &[(i64, i64)]) -> (i64, i64) {
	row.entries.iter().fold((row.bias, row.bias), |(low, high), &(column, weight)| {
		let (least, most) = ranges[column as usize];
		let (a, b) = (i64::from(weight) * least, i64::from(weight) * most);
		(low + a.min(b), high + a.max(b))
	})
}

/// Three hidden layers of few small values; the last one reads the two before it.
fn exact_layers() -> DeepLayers {
	let steps = [[1, 2, -1, -2, 0, 0], [0, 0, 1, 2, 1, 2], [-1, -2, 0, 0, 1, 2]];
	let first = DeepLayer {
		from: 0,
		rows: steps.iter().map(|steps| SparseRow::dense(0, steps)).collect(),
		tables: vec![table(-3, 6, |x| (x * x) % 3), table(-3, 6, |x| x.clamp(0, 2))],
		table_of: vec![0, 1, 0],
	};
	// Values of 0 to 2.
	let second = DeepLayer {
		from: 0,
		rows: [[1, 1, 1], [2, -1, 0], [-1, 1, -2]].map(|row| SparseRow::dense(1, &row)).to_vec(),
		tables: vec![table(-5, 7, |x| x.rem_euclid(3)), table(-5, 5, |x| i64::from(x > 0))],
		table_of: vec![0, 0, 1],
	};
	let third = DeepLayer {
		from: 0,
		rows: vec![
			SparseRow::dense(0, &[1, 0, -1, 0, 1, 1]),
			SparseRow::dense(-1, &[0, 1, 0, 1, 0, 1]),
		],
		tables: vec![table(-6, 6, |x| x * x)],
		table_of: vec![0, 0],
	};
	DeepLayers {
		feature_bits: vec![2, 2, 2],
		hidden: vec![first, second, third],
		outputs_from: 2,
		outputs: vec![
			DeepOutput { row: SparseRow::dense(7, &[1, -1]), range: (-30, 45) },
			DeepOutput { row: SparseRow::dense(0, &[0, 3]), range: (0, 110) },
		],
	}
}

/// Dense layers of these widths over features of four bits, relu, and more levels than noise lets through.
fn wide_layers(widths: &[usize], outputs: usize) -> DeepLayers {
	let mut random = numbers(5);
	let mut weights = move |count: usize, most: i64| -> Vec<i32> {
		(0..count).map(|_| (random(2 * most + 1) - most) as i32).collect()
	};
	let features = 12;
	let mut ranges = vec![(0, 1); 4 * features];
	let mut hidden = Vec::new();
	for (at, &width) in widths.iter().enumerate() {
		let mut layer = DeepLayer {
			from: at.saturating_sub(1),
			rows: vec![],
			tables: vec![],
			table_of: vec![],
		};
		let mut next = Vec::new();
		for unit in 0..width {
			let row = if at == 0 {
				let steps =
					weights(features, 9).into_iter().flat_map(|w| (0..4).map(move |bit| w << bit));
				SparseRow::dense(0, &steps.collect::<Vec<_>>())
			} else {
				SparseRow::dense(0, &weights(ranges.len(), 7))
			};
			let (low, high) = reach(&row, &ranges);
			let step_log2 = 64 - ((high - low) as u64 / 1024).leading_zeros();
			let step_log2 = if at == 0 { 0 } else { step_log2 };
			let len = ((high - low) >> step_log2) + 1;
			let value = |at: i64| (low + (at << step_log2)).max(0) * 200 / high.max(1);
			let values = (0..len).map(|at| value(at) as i32).collect();
			layer.rows.push(row);
			layer.tables.push(DeepTable { low, step_log2, values });
			layer.table_of.push(unit as u16);
			next.push((0, 200));
		}
		hidden.push(layer);
		ranges = next;
	}
	let outputs = (0..outputs).map(|_| {
		let row = SparseRow::dense(0, &weights(ranges.len(), 15));
		let range = reach(&row, &ranges);
		DeepOutput { row, range }
	});
	let outputs = outputs.collect();
	DeepLayers { feature_bits: vec![4; features], outputs_from: hidden.len() - 1, hidden, outputs }
}

#[test]
fn exact_networks_decrypt_to_their_outputs() {
	let circuit = DeepCircuit::compile(exact_layers()).unwrap();
	assert!(circuit.is_exact());
	let mut random = numbers(9);
	let rows: Vec<Vec<i64>> = (0..8).map(|_| (0..3).map(|_| random(4)).collect()).collect();
	let expected: Vec<Vec<i64>> = rows.iter().map(|row| circuit.evaluate_clear(row)).collect();
	let deviations = circuit.score_deviations(&rows[0], 50).unwrap();
	assert_eq!(deviations, vec![0.0; 2]);
	let circuit = Circuit::Deep(circuit);
	assert_eq!(evaluate_rows(&circuit, &rows), expected);
	assert_eq!(evaluate_rows(&circuit, &rows[..1]), expected[..1]);
}

/// Outputs of encrypted rows are as far from the exact ones as the card says.
#[test]
fn outputs_deviate_as_predicted() {
	let circuit = DeepCircuit::compile(wide_layers(&[8, 8, 6], 4)).unwrap();
	assert!(!circuit.is_exact());
	let mut random = numbers(3);
	let rows: Vec<Vec<i64>> = (0..12).map(|_| (0..12).map(|_| random(16)).collect()).collect();
	let (mut measured, mut predicted) = (0.0, 0.0);
	let decrypted = evaluate_rows(&Circuit::Deep(circuit.clone()), &rows);
	for (row, outputs) in rows.iter().zip(decrypted) {
		let clear = circuit.evaluate_clear(row);
		let errors = outputs.iter().zip(&clear).map(|(a, b)| ((a - b) as f64).powi(2));
		measured += errors.sum::<f64>();
		let deviations = circuit.score_deviations(row, 100).unwrap();
		predicted += deviations.iter().map(|deviation| deviation.powi(2)).sum::<f64>();
	}
	let ratio = (measured / predicted).sqrt();
	println!("measured deviation {ratio:.3} times the predicted one");
	assert!((0.6..1.6).contains(&ratio), "{ratio}");
}

/// A convolution of two channels with a stride, and the average of its windows: sparse rows.
#[test]
fn convolutions_are_sparse_rows() {
	let (side, kernel) = (4i64, [1, -1, 1, 1, 0, -1, 1, 1, -1]);
	let tap = |x: i64, y: i64, dx: i64, dy: i64| {
		let (x, y) = (x + dx - 1, y + dy - 1);
		((0..side).contains(&x) && (0..side).contains(&y)).then_some((y * side + x) as u32)
	};
	let row = |x: i64, y: i64| {
		let taps = (0..9).filter_map(|at| Some((tap(x, y, at % 3, at / 3)?, kernel[at as usize])));
		SparseRow { bias: 0, entries: taps.filter(|(_, weight)| *weight != 0).collect() }
	};
	let rows: Vec<SparseRow> = [(0, 0), (2, 0), (0, 2), (2, 2)].map(|(x, y)| row(x, y)).to_vec();
	let first = DeepLayer {
		from: 0,
		rows: rows.clone(),
		tables: vec![table(-6, 6, |x| x.clamp(0, 3))],
		table_of: vec![0; 4],
	};
	let pool = DeepLayer {
		from: 0,
		rows: vec![SparseRow::dense(0, &[1, 1, 1, 1])],
		tables: vec![table(-1, 12, |x| x / 4)],
		table_of: vec![0],
	};
	let layers = DeepLayers {
		feature_bits: vec![1; 16],
		hidden: vec![first, pool],
		outputs_from: 1,
		outputs: vec![DeepOutput { row: SparseRow::dense(0, &[1]), range: (0, 3) }],
	};
	let circuit = DeepCircuit::compile(layers).unwrap();
	assert!(circuit.is_exact());
	let mut random = numbers(2);
	let pixels: Vec<Vec<i64>> = (0..4).map(|_| (0..16).map(|_| random(2)).collect()).collect();
	let convolved = |image: &[i64]| {
		let at = |x: i64, y: i64| {
			let inside = (0..side).contains(&x) && (0..side).contains(&y);
			if inside { image[(y * side + x) as usize] } else { 0 }
		};
		let of_window = |(x, y): (i64, i64)| {
			let product =
				|tap: i64| i64::from(kernel[tap as usize]) * at(x + tap % 3 - 1, y + tap / 3 - 1);
			(0..9).map(product).sum::<i64>().clamp(0, 3)
		};
		[(0, 0), (2, 0), (0, 2), (2, 2)].into_iter().map(of_window).sum::<i64>() / 4
	};
	let expected: Vec<Vec<i64>> = pixels.iter().map(|image| vec![convolved(image)]).collect();
	assert_eq!(evaluate_rows(&Circuit::Deep(circuit), &pixels), expected);
}

/// max(a, b) = b + relu(a - b): a pooling layer is bootstraps of differences, and sums that read several layers.
#[test]
fn maxima_are_differences_and_sums() {
	let feature = |at: usize| {
		let mut steps = [0; 8];
		(steps[2 * at], steps[2 * at + 1]) = (1, 2);
		SparseRow::dense(0, &steps)
	};
	let relu = |low, high| table(low, high, |x| x.max(0));
	let layer = |rows: Vec<SparseRow>, table| {
		let table_of = vec![0; rows.len()];
		DeepLayer { from: 0, rows, tables: vec![table], table_of }
	};
	let identity = layer((0..4).map(feature).collect(), relu(0, 3));
	let differences = [[1, -1, 0, 0], [0, 0, 1, -1]].map(|row| SparseRow::dense(0, &row));
	let differences = layer(differences.to_vec(), relu(-3, 3));
	let last = layer(vec![SparseRow::dense(0, &[0, 1, 0, -1, 1, -1])], relu(-3, 3));
	let circuit = DeepCircuit::compile(DeepLayers {
		feature_bits: vec![2; 4],
		hidden: vec![identity, differences, last],
		outputs_from: 0,
		outputs: vec![DeepOutput {
			row: SparseRow::dense(0, &[0, 0, 0, 1, 0, 1, 1]),
			range: (0, 3),
		}],
	})
	.unwrap();
	assert!(circuit.is_exact());
	let mut random = numbers(8);
	let rows: Vec<Vec<i64>> = (0..6).map(|_| (0..4).map(|_| random(4)).collect()).collect();
	let expected: Vec<Vec<i64>> = rows.iter().map(|row| vec![*row.iter().max().unwrap()]).collect();
	assert_eq!(evaluate_rows(&Circuit::Deep(circuit), &rows), expected);
}

#[test]
fn results_depend_on_neither_threads_nor_kept_selectors() {
	let circuit = Circuit::Deep(DeepCircuit::compile(exact_layers()).unwrap());
	let input = KEYS.client.encrypt(&circuit, [1; 32], &[1, 2, 3], new_seeder().as_mut()).unwrap();
	let evaluate = |server: &PreparedServerKey, threads: usize| {
		let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
		let mut buffers = EvaluationBuffers::default();
		pool.install(|| circuit.evaluate(Some(server), &input, &mut buffers).unwrap())
	};
	let expected = evaluate(&KEYS.server, 1);
	assert_eq!(evaluate(&KEYS.server, 3), expected);
	let server = PreparedServerKey::new(&KEYS.server_key);
	let server = server.with_bootstrap_key(&KEYS.bootstrap_key).unwrap();
	assert_eq!(evaluate(&server, 2), expected);
}

#[test]
fn keys_that_do_not_belong_together_are_refused() {
	let circuit = Circuit::Deep(DeepCircuit::compile(exact_layers()).unwrap());
	let input = KEYS.client.encrypt(&circuit, [1; 32], &[0, 1, 2], new_seeder().as_mut()).unwrap();
	let server = PreparedServerKey::new(&KEYS.server_key);
	let mut buffers = EvaluationBuffers::default();
	let mut evaluate = |server| circuit.evaluate(server, &input, &mut buffers);
	assert_eq!(evaluate(None), Err(EvaluateError::NoServerKey));
	assert_eq!(evaluate(Some(&server)), Err(EvaluateError::NoBootstrapKey));
	let (other, other_key) = ClientKey::generate(new_seeder().as_mut());
	let foreign = other.bootstrap_key();
	assert_eq!(
		PreparedServerKey::new(&KEYS.server_key).with_bootstrap_key(&foreign).err(),
		Some(BootstrapKeyError::AnotherServerKey)
	);
	let other = PreparedServerKey::new(&other_key).with_bootstrap_key(&foreign).unwrap();
	assert_eq!(evaluate(Some(&other)), Err(EvaluateError::AnotherServerKey));
}

#[test]
fn keys_read_back_and_bad_bytes_are_refused() {
	let bytes = KEYS.bootstrap_key.as_bytes().to_vec();
	assert_eq!(bytes.len(), BootstrapKey::BYTES);
	assert_eq!(BootstrapKey::from_bytes(bytes.clone()).as_ref(), Ok(&KEYS.bootstrap_key));
	for len in [0, 15, 16, 63, 64, 1000, bytes.len() - 1] {
		assert!(BootstrapKey::from_bytes(bytes[..len].to_vec()).is_err());
	}
	// An entry of a selector, and a coefficient of a row, that are not reduced modulo q.
	for at in [64, 64 + 96_563] {
		let mut bad = bytes.clone();
		bad[at..at + 7].fill(0xff);
		assert!(matches!(BootstrapKey::from_bytes(bad), Err(BootstrapKeyError::Bodies { .. })));
	}
	assert!(ServerKey::from_bytes(bytes).is_err());
}

#[test]
fn what_leaves_a_range_is_refused() {
	let mut layers = exact_layers();
	// The first unit's argument is x0 - x1.
	layers.hidden[0].tables[0] = table(-1, 6, |_| 0);
	// Then output 0 is constant enough to leave a narrow range.
	layers.outputs[1].range = (0, 3);
	let circuit = Circuit::Deep(DeepCircuit::compile(layers).unwrap());
	assert_eq!(
		circuit.check_input(&[0, 3, 0]),
		Err(CircuitInputError::HiddenOutOfRange { unit: 0 })
	);
	assert_eq!(circuit.check_input(&[4, 0, 0]), Err(CircuitInputError::Value(0)));
	assert_eq!(circuit.check_input(&[0, 0]), Err(CircuitInputError::Count { found: 2, wanted: 3 }));
	let refused = (0..64).filter(|at| {
		let found = circuit.check_input(&[at % 4, at / 4 % 4, at / 16]);
		found == Err(CircuitInputError::OutOfRange { output: 1 })
	});
	assert!(refused.count() > 0);
}

#[test]
fn malformed_layers_are_refused() {
	let malformed = |change: fn(&mut DeepLayers)| {
		let mut layers = exact_layers();
		change(&mut layers);
		DeepCircuit::compile(layers).unwrap_err()
	};
	assert_eq!(malformed(|layers| layers.hidden.clear()), DeepCircuitError::Size);
	assert_eq!(malformed(|layers| layers.outputs.clear()), DeepCircuitError::Size);
	assert_eq!(malformed(|layers| layers.feature_bits[0] = 9), DeepCircuitError::Size);
	assert_eq!(malformed(|layers| layers.hidden[1].from = 1), DeepCircuitError::Shape(1));
	assert_eq!(malformed(|layers| layers.hidden[1].table_of[0] = 2), DeepCircuitError::Shape(1));
	assert_eq!(
		malformed(|layers| layers.hidden[2].rows[0].entries[0].0 = 6),
		DeepCircuitError::Shape(2)
	);
	assert_eq!(
		malformed(|layers| layers.hidden[2].rows[0].entries[0].1 = 1025),
		DeepCircuitError::Shape(2)
	);
	assert_eq!(
		malformed(|layers| layers.hidden[0].tables[1].step_log2 = 9),
		DeepCircuitError::Shape(0)
	);
	assert_eq!(malformed(|layers| layers.outputs_from = 3), DeepCircuitError::Shape(3));
	assert_eq!(malformed(|layers| layers.outputs[0].range = (1, 0)), DeepCircuitError::Shape(3));
	// Weights that amplify the noise of values beyond the circle.
	let loud = malformed(|layers| {
		let columns = layers.hidden[0].rows.len();
		layers.hidden[1].rows = vec![SparseRow::dense(0, &vec![1024; columns]); 3];
		let row = layers.hidden[0].rows[0].clone();
		layers.hidden[0].rows = vec![row; 2048];
		layers.hidden[0].table_of = vec![0; 2048];
		layers.hidden[1].rows[0] = SparseRow::dense(0, &[1024; 2048]);
	});
	assert!(matches!(
		loud,
		DeepCircuitError::NoRoom { layer: 1, row: 0 } | DeepCircuitError::Shape(2)
	));
}

#[test]
fn bytes_read_back_and_truncated_ones_are_refused() {
	for layers in [exact_layers(), wide_layers(&[8, 8, 6], 4)] {
		let circuit = DeepCircuit::compile(layers).unwrap();
		let bytes = circuit.to_bytes();
		assert_eq!(DeepCircuit::from_bytes(&bytes), Ok(circuit));
		for len in (0..bytes.len()).step_by(7) {
			assert!(DeepCircuit::from_bytes(&bytes[..len]).is_err(), "{len}");
		}
		assert!(DeepCircuit::from_bytes(&[bytes, vec![0]].concat()).is_err());
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(300))]

	/// Neither panics nor takes what it would write otherwise.
	#[test]
	fn changed_bytes_are_refused_or_of_another_circuit(
		at in any::<proptest::sample::Index>(),
		byte in any::<u8>(),
	) {
		static BYTES: LazyLock<Vec<u8>> =
			LazyLock::new(|| DeepCircuit::compile(exact_layers()).unwrap().to_bytes());
		let mut bytes = BYTES.clone();
		let at = at.index(bytes.len());
		bytes[at] = byte;
		if let Ok(circuit) = DeepCircuit::from_bytes(&bytes) {
			prop_assert_eq!(DeepCircuit::from_bytes(&circuit.to_bytes()), Ok(circuit));
		}
	}

	#[test]
	fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
		prop_assert!(DeepCircuit::from_bytes(&bytes).is_err());
	}
}
