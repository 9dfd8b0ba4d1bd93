//! Import, encryption, evaluation (on all cores) and decryption of every model of `models/`:
//! `cargo bench -p fhe-ml-models`.

#![allow(clippy::unwrap_used)]

use divan::{Bencher, black_box};
use fhe_ml_engine::{ClientKey, EvaluationBuffers, PreparedServerKey, new_seeder};
use fhe_ml_models::{Artifact, Calibration, ImportOptions, evaluate, import_onnx};
use std::{path::PathBuf, sync::LazyLock};

fn main() {
	divan::main();
}

static KEYS: LazyLock<(ClientKey, PreparedServerKey)> = LazyLock::new(|| {
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	(client, PreparedServerKey::new(&server))
});

fn folder() -> PathBuf {
	PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

fn names() -> Vec<String> {
	let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
	let models = files.filter(|path| path.extension().is_some_and(|kind| kind == "onnx"));
	let mut names: Vec<String> =
		models.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
	names.sort();
	names
}

fn calibration(name: &str) -> Option<Calibration> {
	let datasets = ["breast_cancer", "wine", "diabetes", "digits", "iris"];
	let dataset = datasets.into_iter().find(|dataset| name.starts_with(dataset))?;
	let mut reader = csv::Reader::from_path(folder().join(format!("{dataset}.train.csv"))).unwrap();
	let names = reader.headers().unwrap().iter().map(String::from).collect();
	let rows =
		reader.records().map(|row| row.unwrap().iter().map(|x| x.parse().unwrap()).collect());
	Some(Calibration { names, rows: rows.collect() })
}

fn import(name: &str) -> Artifact {
	let onnx = std::fs::read(folder().join(format!("{name}.onnx"))).unwrap();
	let options = ImportOptions { name: name.into(), calibration: calibration(name) };
	import_onnx(&onnx, &options).unwrap()
}

/// The integers of a row in the middle of the calibration file, or of zeros.
fn row(name: &str, model: &Artifact) -> Vec<i64> {
	let rows = calibration(name).map(|calibration| calibration.rows);
	let row = rows.map(|mut rows| rows.swap_remove(rows.len() / 2));
	model.card.encode(&row.unwrap_or_else(|| vec![0.0; model.card.features.len()])).unwrap()
}

#[divan::bench(args = names(), sample_count = 20)]
fn encrypt(bencher: Bencher, name: &str) {
	let model = import(name);
	let x = row(name, &model);
	let mut seeder = new_seeder();
	bencher.bench_local(|| {
		KEYS.0.encrypt(&model.circuit, model.hash(), black_box(&x), seeder.as_mut())
	});
}

#[divan::bench(args = names(), sample_count = 20)]
fn evaluate_model(bencher: Bencher, name: &str) {
	let model = import(name);
	let x = row(name, &model);
	let input = KEYS.0.encrypt(&model.circuit, model.hash(), &x, new_seeder().as_mut()).unwrap();
	let mut buffers = EvaluationBuffers::default();
	bencher.bench_local(|| evaluate(&model, Some(&KEYS.1), black_box(&input), &mut buffers));
}

#[divan::bench(args = names(), sample_count = 20)]
fn decrypt(bencher: Bencher, name: &str) {
	let model = import(name);
	let x = row(name, &model);
	let input = KEYS.0.encrypt(&model.circuit, model.hash(), &x, new_seeder().as_mut()).unwrap();
	let result =
		evaluate(&model, Some(&KEYS.1), &input, &mut EvaluationBuffers::default()).unwrap();
	bencher.bench_local(|| KEYS.0.decrypt(&model.circuit, &input, black_box(&result)));
}
