//! The compiled runtime evaluates what native code evaluates, to the byte.

use codec::{Decode, Encode};
use fhe_ml_engine::{ClientKey, EvaluationBuffers, PreparedServerKey, ServerKey, new_seeder};
use fhe_ml_models::{Artifact, Calibration, ImportOptions, Model, encrypt_model, import_onnx};
use fhe_ml_primitives::Progress;
use sc_executor::WasmExecutor;
use sc_executor_common::runtime_blob::RuntimeBlob;
use sp_core::{
	H256,
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
};
use std::{sync::LazyLock, time::Instant};

static KEYS: LazyLock<(ClientKey, ServerKey, PreparedServerKey)> = LazyLock::new(|| {
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	let prepared = PreparedServerKey::new(&server);
	(client, server, prepared)
});

/// The runtime as nodes execute it.
struct Compiled {
	executor: WasmExecutor<sp_io::SubstrateHostFunctions>,
	code: &'static [u8],
}

impl Compiled {
	fn new() -> Self {
		let code = crate::WASM_BINARY.expect("the runtime is compiled for these tests");
		Self { executor: WasmExecutor::builder().build(), code }
	}

	fn slice(
		&self,
		artifact: &Artifact,
		key: Option<&ServerKey>,
		input: &[u8],
		part: u32,
		rest: Vec<u8>,
	) -> Progress {
		let key = key.map(|key| (key.as_bytes().to_vec(), H256(key.hash())));
		let arguments = (artifact.as_bytes(), key, input, part, rest).encode();
		self.call("CourtApi_slice", &arguments)
	}

	fn slices(&self, artifact: &Artifact) -> Option<u32> {
		self.call("CourtApi_slices", &artifact.as_bytes().encode())
	}

	/// A slice, and the bytes that the runtime's allocator had given out at most, and has taken of the address space.
	fn measured_slice(
		&self,
		artifact: &Artifact,
		input: &[u8],
		rest: Vec<u8>,
	) -> (Progress, [u32; 2]) {
		let (_, server, _) = &*KEYS;
		let key = Some((server.as_bytes().to_vec(), H256(server.hash())));
		let arguments = (artifact.as_bytes(), key, input, 0u32, rest).encode();
		let blob = RuntimeBlob::uncompress_if_needed(self.code).unwrap();
		let mut externalities = sp_io::TestExternalities::default();
		let (found, stats) = self.executor.uncached_call_with_allocation_stats(
			blob,
			&mut externalities.ext(),
			false,
			"CourtApi_slice",
			&arguments,
		);
		let stats = stats.unwrap();
		let progress = Progress::decode(&mut found.unwrap().as_slice()).unwrap();
		(progress, [stats.bytes_allocated_peak, stats.address_space_used])
	}

	fn call<T: Decode>(&self, method: &str, arguments: &[u8]) -> T {
		let fetcher = WrappedRuntimeCode(self.code.into());
		let code = RuntimeCode { code_fetcher: &fetcher, heap_pages: None, hash: vec![1] };
		let mut externalities = sp_io::TestExternalities::default();
		let (found, _) = self.executor.call(
			&mut externalities.ext(),
			&code,
			method,
			arguments,
			CallContext::Onchain { import: false },
		);
		T::decode(&mut found.unwrap().as_slice()).unwrap()
	}
}

fn read(name: &str) -> Vec<u8> {
	std::fs::read(format!("{}/../models/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn table(name: &str) -> Calibration<f64> {
	parse(&read(&format!("{name}.csv")))
}

fn parse(csv: &[u8]) -> Calibration<f64> {
	let text = std::str::from_utf8(csv).unwrap();
	let mut lines = text.lines();
	let names = lines.next().unwrap().split(',').map(String::from).collect();
	let row = |line: &str| line.split(',').map(|value| value.parse().unwrap()).collect();
	Calibration { names, rows: lines.map(row).collect() }
}

/// Tables of rows in `models/`; names of models begin with them.
const DATA: [&str; 5] = ["breast_cancer", "diabetes", "digits", "iris", "wine"];

/// A model of `models/`, and rows for it.
fn import(name: &str) -> (Artifact, Vec<Vec<f64>>) {
	let data = DATA.into_iter().find(|data| name.starts_with(data)).unwrap();
	let options = ImportOptions {
		name: name.into(),
		calibration: Some(table(&format!("{data}.train")).into()),
	};
	let artifact = import_onnx(&read(&format!("{name}.onnx")), &options).unwrap();
	(artifact, table(&format!("{data}.test")).rows)
}

/// All parts of rows by the compiled runtime, each compared with native code.
fn compare(name: &str, model: &Model, rows: &[Vec<f64>]) {
	static RUNTIME: LazyLock<Compiled> = LazyLock::new(Compiled::new);
	let (client, server, prepared) = &*KEYS;
	let encoded: Vec<_> = rows.iter().map(|row| model.encode(row).unwrap()).collect();
	let input = model.encrypt_rows(client, &encoded, new_seeder().as_mut()).unwrap();
	let circuit = &model.artifact.circuit;
	let key = circuit.kind().needs_server_key().then_some(server);
	let start = Instant::now();
	let expected = RUNTIME.slices(&model.artifact);
	let decoding = start.elapsed().as_secs_f64() * 1e3;
	let (mut slices, mut longest, mut largest, mut total) = (0, 0.0f64, 0, 0.0);
	for part in 0..circuit.parts(rows.len() as u32) {
		let mut rest = Vec::new();
		let found = loop {
			let start = Instant::now();
			let outcome = RUNTIME.slice(&model.artifact, key, &input, part, rest);
			let taken = start.elapsed().as_secs_f64() * 1e3;
			longest = longest.max(taken);
			total += taken;
			slices += 1;
			match outcome {
				Progress::Carry(bytes) => rest = bytes,
				Progress::Done(Ok(bytes)) => break bytes,
				other => panic!("{name}: {other:?}"),
			}
			largest = largest.max(rest.len());
		};
		let buffers = &mut EvaluationBuffers::default();
		let native = circuit.evaluate_part(Some(prepared), &input, part, buffers).unwrap();
		assert!(found == native, "{name}: part {part} differs");
	}
	if rows.len() == 1 && circuit.row_layout().rows_per_mask == 1 {
		assert_eq!(expected, Some(slices), "{name}");
	}
	println!(
		"{name}, {} bytes in {decoding:.1} ms, {} rows, {} units of work: {slices} slices, {total:.0} ms, at most {longest:.0}, {largest} bytes between",
		model.artifact.as_bytes().len(),
		rows.len(),
		circuit.work()
	);
}

/// Every model of `models/`, or those whose name has one of `words` in it.
fn models(words: &[&str]) -> Vec<String> {
	let folder = format!("{}/../models", env!("CARGO_MANIFEST_DIR"));
	let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name());
	let names = files.filter_map(|name| Some(name.to_str()?.strip_suffix(".onnx")?.to_owned()));
	let has_data = |name: &String| DATA.iter().any(|data| name.starts_with(data));
	let is_whole = |name: &String| !std::fs::exists(format!("{folder}/{name}.onnx.data")).unwrap();
	let is_known = |name: &String| has_data(name) && is_whole(name);
	let mut names: Vec<_> = names
		.filter(is_known)
		.filter(|name| words.is_empty() || words.iter().any(|word| name.contains(word)))
		.collect();
	names.sort();
	names
}

#[test]
fn the_compiled_runtime_gives_the_bytes_of_native_code() {
	for name in models(&[]) {
		let (artifact, rows) = import(&name);
		let model = Model::new(artifact, None).unwrap();
		if model.artifact.circuit.slices(1, 0).is_some() {
			compare(&name, &model, &rows[..1]);
		} else {
			println!("{name}: too large");
		}
	}
}

#[test]
fn so_it_does_for_encrypted_models_and_many_rows() {
	for name in models(&["breast_cancer_xgboost_10x3", "wine_logistic"]) {
		let (public, rows) = import(&name);
		let (client, ..) = &*KEYS;
		let mut seeder = new_seeder();
		let encrypted = encrypt_model(&public, client, false, seeder.as_mut()).unwrap();
		let schema = encrypted.schema.seal(client, seeder.as_mut()).unwrap();
		let model = Model::new(encrypted.artifact, Some((&schema, client))).unwrap();
		compare(&format!("{name}, encrypted"), &model, &rows[..1]);
		let model = Model::new(public, None).unwrap();
		compare(&name, &model, &rows[..7]);
	}
	// What packs a row of ten scores is a slice of its own.
	let (artifact, rows) = import("digits_network");
	compare("digits_network", &Model::new(artifact, None).unwrap(), &rows[..2]);
}

/// Most bytes of the heap that a slice may have at one time. An allocation alone may have 32 MiB, or the executor
/// refuses it and the call fails.
const MOST_HEAP: u32 = 64 << 20;

/// The slices that have most to do with: a forest with the longest input that there is, a network with the most that
/// rests, and the model whose artifact is the longest.
#[test]
fn a_slice_takes_little_memory() {
	let folder = format!("{}/fhe-ml-court-{}", std::env::temp_dir().display(), std::process::id());
	// Each call compiles the runtime, or reads it here.
	let executor = WasmExecutor::builder().with_cache_path(&folder).build();
	let runtime = Compiled { executor, ..Compiled::new() };
	let longest = |artifact: &Artifact| artifact.most_rows() as usize;
	let two: fn(&Artifact) -> usize = |_| 2;
	for (name, rows_of, slices) in [
		("breast_cancer_xgboost_50x4", longest as fn(&Artifact) -> usize, 3),
		("digits_xgboost", two, 3),
		("digits_network", two, usize::MAX),
	] {
		let (artifact, rows) = import(name);
		let count = rows_of(&artifact);
		let model = Model::new(artifact, None).unwrap();
		let encoded: Vec<_> =
			rows.iter().cycle().take(count).map(|row| model.encode(row).unwrap()).collect();
		let input = model.encrypt_rows(&KEYS.0, &encoded, new_seeder().as_mut()).unwrap();
		let (mut rest, mut most) = (Vec::new(), [0; 2]);
		for _ in 0..slices {
			let (progress, heap) = runtime.measured_slice(&model.artifact, &input, rest);
			most = [0, 1].map(|at| heap[at].max(most[at]));
			match progress {
				Progress::Carry(bytes) => rest = bytes,
				Progress::Done(Ok(_)) => break,
				other => panic!("{name}: {other:?}"),
			}
		}
		println!(
			"{name}, {count} rows, input of {} bytes: heap {:.1} MiB, address space {:.1} MiB",
			input.len(),
			f64::from(most[0]) / f64::from(1 << 20),
			f64::from(most[1]) / f64::from(1 << 20),
		);
		assert!(most[0] <= MOST_HEAP, "{name}: {} bytes of the heap", most[0]);
	}
	std::fs::remove_dir_all(folder).unwrap();
}

/// Models of a folder (`*.onnx`, with `rows.csv`), small ones first: how court time grows with work. See
/// `scripts/bench-court.sh`.
#[test]
#[ignore = "a benchmark of models that a script trains"]
fn curve() {
	let folder = std::env::var("FHE_ML_CURVE").expect("FHE_ML_CURVE names a folder");
	let read = |name: &str| std::fs::read(format!("{folder}/{name}")).unwrap();
	let rows = parse(&read("rows.csv"));
	let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name());
	let names = files.filter_map(|name| Some(name.to_str()?.strip_suffix(".onnx")?.to_owned()));
	let import = |name: String| {
		let options = ImportOptions { name: name.clone(), calibration: Some(rows.clone().into()) };
		let artifact = import_onnx(&read(&format!("{name}.onnx")), &options).unwrap();
		(name, Model::new(artifact, None).unwrap())
	};
	let mut models: Vec<_> = names.map(import).collect();
	models.sort_by_key(|(_, model)| model.artifact.circuit.work());
	for (name, model) in models {
		match model.artifact.circuit.slices(1, 0) {
			Some(_) => compare(&name, &model, &rows.rows[..1]),
			None => println!("{name}: too large"),
		}
	}
}
