//! Import, encryption, evaluation (on all cores) and decryption of every model of `models/`:
//! `cargo bench -p fhe-ml-models`.

#![allow(clippy::unwrap_used)]

use divan::{Bencher, black_box};
use fhe_ml_engine::{ClientKey, EvaluationBuffers, PreparedServerKey, new_seeder};
use fhe_ml_models::{
	Calibration, EncryptedModel, Grid, ImportOptions, Model, PrivateOptions, encrypt_model,
	evaluate, import_onnx, make_private,
};
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

fn calibration(name: &str) -> Option<Calibration<f64>> {
	let datasets = ["breast_cancer", "wine", "diabetes", "digits", "iris"];
	let dataset = datasets.into_iter().find(|dataset| name.starts_with(dataset))?;
	let mut reader = csv::Reader::from_path(folder().join(format!("{dataset}.train.csv"))).unwrap();
	let names = reader.headers().unwrap().iter().map(String::from).collect();
	let rows =
		reader.records().map(|row| row.unwrap().iter().map(|x| x.parse().unwrap()).collect());
	Some(Calibration { names, rows: rows.collect() })
}

fn import(name: &str) -> Model {
	let onnx = std::fs::read(folder().join(format!("{name}.onnx"))).unwrap();
	let options =
		ImportOptions { name: name.into(), calibration: calibration(name).map(Into::into) };
	Model::new(import_onnx(&onnx, &options).unwrap(), None).unwrap()
}

/// A row in the middle of the calibration file, or zeros.
fn row(name: &str, model: &Model) -> Vec<f64> {
	let rows = calibration(name).map(|calibration| calibration.rows);
	let row = rows.map(|mut rows| rows.swap_remove(rows.len() / 2));
	row.unwrap_or_else(|| vec![0.0; model.card.features.len()])
}

#[divan::bench(args = names(), sample_count = 20)]
fn encrypt(bencher: Bencher, name: &str) {
	let model = import(name);
	let row = row(name, &model);
	let mut seeder = new_seeder();
	bencher.bench_local(|| model.encrypt(&KEYS.0, black_box(&row), seeder.as_mut()));
}

fn bench_evaluation(bencher: Bencher, model: &Model, row: &[f64]) {
	let input = model.encrypt(&KEYS.0, row, new_seeder().as_mut()).unwrap();
	let mut buffers = EvaluationBuffers::default();
	bencher
		.bench_local(|| evaluate(&model.artifact, Some(&KEYS.1), black_box(&input), &mut buffers));
}

#[divan::bench(args = names(), sample_count = 20)]
fn evaluate_model(bencher: Bencher, name: &str) {
	let model = import(name);
	bench_evaluation(bencher, &model, &row(name, &model));
}

/// The same model, encrypted.
fn bench_encrypted(bencher: Bencher, name: &str, hide_shape: bool) {
	let public = import(name);
	let encrypted = encrypt_model(&public.artifact, &KEYS.0, hide_shape, new_seeder().as_mut());
	// Some have too many nodes to be padded or too many leaves to be encrypted.
	let Ok(EncryptedModel { artifact, schema }) = encrypted else { return };
	let schema = schema.seal(&KEYS.0, new_seeder().as_mut()).unwrap();
	let model = Model::new(artifact, Some((&schema, &KEYS.0))).unwrap();
	bench_evaluation(bencher, &model, &row(name, &model));
}

#[divan::bench(args = names(), sample_count = 20)]
fn evaluate_encrypted_model(bencher: Bencher, name: &str) {
	bench_encrypted(bencher, name, false);
}

#[divan::bench(args = names(), sample_count = 20)]
fn evaluate_hidden_model(bencher: Bencher, name: &str) {
	bench_encrypted(bencher, name, true);
}

/// Models whose private form is timed, with that many comparisons of every feature.
const PRIVATE: [(&str, usize); 4] = [
	("breast_cancer_xgboost_50x4", 64),
	("diabetes_forest", 128),
	("breast_cancer_logistic", 1),
	("iris_network", 1),
];

/// The same model, private: evaluated and sanitised.
#[divan::bench(args = 0..PRIVATE.len(), sample_count = 20)]
fn evaluate_private_model(bencher: Bencher, which: usize) {
	let (name, decoys) = PRIVATE[which];
	let public = import(name);
	let options = PrivateOptions { grid: Grid::Decoys(decoys), ..PrivateOptions::default() };
	let rows = calibration(name).map(Into::into);
	let made = make_private(&public.artifact, rows.as_ref(), &options, new_seeder().as_mut());
	let made = made.unwrap();
	let model = Model::new(made.artifact, None).unwrap();
	let input = model.encrypt(&KEYS.0, &row(name, &model), new_seeder().as_mut()).unwrap();
	println!("{name}, {decoys} comparisons of a feature: input of {} bytes", input.len());
	let (evaluator, mut buffers) = (made.file.evaluator, EvaluationBuffers::default());
	bencher.bench_local(|| evaluator.evaluate(&KEYS.1, black_box(&input), &[0; 32], &mut buffers));
}

#[divan::bench(args = names(), sample_count = 20)]
fn decrypt(bencher: Bencher, name: &str) {
	let model = import(name);
	let input = model.encrypt(&KEYS.0, &row(name, &model), new_seeder().as_mut()).unwrap();
	let mut buffers = EvaluationBuffers::default();
	let result = evaluate(&model.artifact, Some(&KEYS.1), &input, &mut buffers).unwrap();
	bencher.bench_local(|| model.decrypt(&KEYS.0, &input, black_box(&result)));
}
