//! Private models against ONNX Runtime, and what their users hold.

#![allow(clippy::unwrap_used)]

mod common;

use common::{client_key, dataset, expected, import, prepared_server_key, read_csv, test_rows};
use fhe_ml_engine::{
	Circuit, EvaluationBuffers, PrivateCircuit, circuits::forest::Node, new_seeder,
};
use fhe_ml_models::{
	Artifact, Card, Grid, GridError, Label, Model, PrivateError, PrivateFile, PrivateFileError,
	PrivateModel, PrivateOptions, Sampling, Told, VerifyError, card::Encoding, make_private,
	predict_private, verify_result,
};

const GENESIS: [u8; 32] = [1; 32];

fn private(name: &str, options: &PrivateOptions) -> Result<PrivateModel, PrivateError> {
	let public = import(name, true);
	let rows = read_csv(&format!("{}.train.csv", dataset(name))).into();
	make_private(&public.artifact, Some(&rows), options, new_seeder().as_mut())
}

fn with_grid(name: &str, grid: Grid) -> PrivateModel {
	private(name, &PrivateOptions { grid, ..PrivateOptions::default() }).unwrap()
}

/// Encrypted predictions of test rows are those of the private model in the clear; returns how many classes are
/// not ONNX Runtime's, the largest relative distance of scores, and of how many rows.
fn compare(name: &str, made: &PrivateModel, stride: usize) -> (usize, f64, usize) {
	// Through the bytes of both files.
	let artifact = Artifact::from_bytes(made.artifact.as_bytes().to_vec()).unwrap();
	let model = Model::new(artifact, None).unwrap();
	let file = PrivateFile::from_bytes(&made.file.to_bytes()).unwrap();
	assert_eq!(file.commitment(), made.file.commitment());
	let wanted = expected(name);
	let mut buffers = EvaluationBuffers::default();
	let (mut wrong, mut distance, mut count) = (0, 0.0f64, 0);
	for (at, row) in test_rows(name).iter().enumerate().step_by(stride) {
		let input = model.encrypt(client_key(), row, new_seeder().as_mut()).unwrap();
		let evaluator = &file.evaluator;
		let result = evaluator.evaluate(prepared_server_key(), &input, &GENESIS, &mut buffers);
		let found = model.decrypt(client_key(), &input, &result.unwrap()).unwrap();
		assert_eq!(found, predict_private(&model, &file, row).unwrap(), "{name}, row {at}");
		if let Some(classes) = &wanted.prediction {
			let class = match &found.prediction {
				Label::Integer(class) => serde_json::json!(class),
				Label::String(class) => serde_json::json!(class),
				other => panic!("{other:?}"),
			};
			wrong += usize::from(class != classes[at]);
		}
		for (found, wanted) in found.scores.iter().zip(&wanted.scores[at]) {
			distance = distance.max((found - wanted).abs() / (1.0 + wanted.abs()));
		}
		count += 1;
	}
	let Circuit::Private(circuit) = &made.artifact.circuit else { panic!("a private circuit") };
	println!(
		"{name}: {wrong} of {count} classes differ, scores by {distance:.1e}; input {} bytes, {:?}, leak {:.1} bits",
		model.card.sizes.input,
		circuit.bounds(),
		circuit.leak_bits_per_coefficient(),
	);
	(wrong, distance, count)
}

#[test]
fn trees_predict_as_onnx_runtime_does() {
	let made = with_grid("breast_cancer_xgboost_50x4", Grid::Decoys(64));
	assert_eq!(made.changed.0, 0);
	let (wrong, distance, count) = compare("breast_cancer_xgboost_50x4", &made, 1);
	assert_eq!((wrong, count), (0, 114));
	assert!(distance < 1e-3);
	let made = with_grid("diabetes_forest", Grid::Decoys(128));
	assert!(compare("diabetes_forest", &made, 8).1 < 1e-3);
	let made = with_grid("breast_cancer_tree", Grid::Exact);
	assert_eq!(compare("breast_cancer_tree", &made, 1).0, 0);
}

#[test]
fn linear_models_predict_as_onnx_runtime_does() {
	for name in ["breast_cancer_logistic", "wine_logistic"] {
		let made = private(name, &PrivateOptions::default()).unwrap();
		let (wrong, distance, _) = compare(name, &made, 1);
		assert_eq!(wrong, 0);
		assert!(distance < 1e-2);
	}
	let made = private("diabetes_ridge", &PrivateOptions::default()).unwrap();
	assert!(compare("diabetes_ridge", &made, 1).1 < 1e-2);
}

#[test]
fn networks_predict_nearly_as_onnx_runtime_does() {
	for name in ["iris_network", "breast_cancer_network"] {
		let made = private(name, &PrivateOptions::default()).unwrap();
		let (wrong, _, count) = compare(name, &made, 4);
		assert!(wrong * 20 <= count, "{name}: {wrong} of {count}");
		println!("{name}: {} of {} calibration rows change", made.changed.0, made.changed.1);
	}
}

#[test]
fn quantiles_change_few_predictions_and_tell_no_threshold() {
	let made = with_grid("breast_cancer_xgboost_10x3", Grid::Quantiles(64));
	assert!(made.changed.0 * 50 <= made.changed.1, "{:?}", made.changed);
	let (wrong, _, count) = compare("breast_cancer_xgboost_10x3", &made, 1);
	assert!(wrong * 20 <= count, "{wrong} of {count}");
}

/// What a user holds of two models with the same grid is the same to the byte.
#[test]
fn models_that_share_a_grid_cannot_be_told_apart() {
	let first = with_grid("breast_cancer_xgboost_50x4", Grid::Quantiles(64));
	let like = Grid::Like(Box::new(first.artifact.clone()));
	let other = with_grid("breast_cancer_xgboost_50x4", like.clone());
	assert_eq!(other.artifact.as_bytes(), first.artifact.as_bytes());
	assert_ne!(other.file.to_bytes(), first.file.to_bytes());
	assert_ne!(other.file.commitment(), first.file.commitment());
	let small = private(
		"breast_cancer_xgboost_10x3",
		&PrivateOptions { grid: like, ..PrivateOptions::default() },
	)
	.unwrap();
	assert_eq!(small.artifact.as_bytes(), first.artifact.as_bytes());
	// Yet it is another model.
	let model = Model::new(first.artifact.clone(), None).unwrap();
	let rows = test_rows("breast_cancer_xgboost_50x4");
	let differs = |row: &Vec<f64>| {
		let of = |file| predict_private(&model, file, row).unwrap().raw_scores;
		of(&first.file) != of(&small.file)
	};
	assert!(rows.iter().any(differs));
}

/// Users of the other model would encode rows for this one wrongly, or read its scores wrongly.
#[test]
fn a_model_looks_like_no_other_that_reads_rows_or_scores_in_another_way() {
	let like = |name: &str, other: &PrivateModel| {
		let grid = Grid::Like(Box::new(other.artifact.clone()));
		private(name, &PrivateOptions { grid, ..PrivateOptions::default() })
	};
	let logistic = private("breast_cancer_logistic", &PrivateOptions::default()).unwrap();
	assert_eq!(like("breast_cancer_logistic", &logistic).unwrap().changed.0, 0);
	// The same features and classes with ranges of other rows.
	let public = import("breast_cancer_logistic", true);
	let mut rows = read_csv("breast_cancer.train.csv");
	rows.rows.iter_mut().for_each(|row| row[0] *= 2.0);
	let grid = Grid::Like(Box::new(logistic.artifact.clone()));
	let options = PrivateOptions { grid, ..PrivateOptions::default() };
	let rows = rows.into();
	let other_ranges = make_private(&public.artifact, Some(&rows), &options, new_seeder().as_mut());
	assert!(matches!(other_ranges, Err(PrivateError::Circuit(_))));
	// The same grid, but the sum is a score and no vote.
	let trees = with_grid("breast_cancer_xgboost_10x3", Grid::Quantiles(16));
	assert!(like("breast_cancer_forest_10x4", &trees).is_err());
	assert!(like("breast_cancer_logistic", &trees).is_err());
}

/// No leaf, and nothing of the trees, is in what users see; thresholds are, among as many decoys as asked for.
#[test]
fn the_artifact_tells_what_it_says_and_nothing_else() {
	let public = import("breast_cancer_xgboost_50x4", true);
	let made = with_grid("breast_cancer_xgboost_50x4", Grid::Decoys(64));
	let Circuit::Forest(forest) = &public.artifact.circuit else { panic!("a forest") };
	let Card::Public(card) = &made.artifact.card else { panic!("a card") };
	let Encoding::Predicates(grid) = &card.encoding else { panic!("a grid") };
	assert_eq!(grid.list.len(), 64 * card.features.len());
	for feature in 0..card.features.len() {
		let of_feature = grid.list.iter().filter(|predicate| predicate.feature == feature);
		assert_eq!(of_feature.count(), 64);
	}
	let text = String::from_utf8_lossy(made.artifact.as_bytes()).into_owned();
	for value in forest.trees().iter().flat_map(|tree| &tree.nodes) {
		let Node::Leaf(values) = value else { continue };
		for (output, value) in values {
			let real = f64::from(*value) * public.card.output_steps[usize::from(*output)];
			for number in [real.to_string(), (real as f32).to_string()] {
				assert!(number.len() < 4 || !text.contains(&number), "{number}");
			}
		}
	}
	let told = Told::of(&made.artifact).unwrap();
	println!("{told:#?}");
	assert!(told.public.iter().any(|line| line.contains("1920 comparisons")));
	assert_eq!(Told::of(&public.artifact), None);
}

/// Whatever work its owner claims: a client that samples must not let a result pass that it cannot verify.
#[test]
fn every_result_of_a_private_model_is_picked_and_none_is_verified() {
	let made = with_grid("breast_cancer_tree", Grid::Exact);
	let (mut sampling, mut seeder) = (Sampling::default(), new_seeder());
	// The claimed work follows the kind, the outputs and six logarithms.
	let mut claim = made.artifact.circuit.to_bytes();
	claim[9..17].copy_from_slice(&(1u64 << 40).to_le_bytes());
	let claim = Circuit::Private(PrivateCircuit::from_bytes(&claim).unwrap());
	assert_eq!(claim.work(), 1 << 40);
	let Card::Public(card) = &made.artifact.card else { panic!("a card") };
	let claim = Artifact::new(card.as_ref().clone(), claim).unwrap();
	assert!((0..100).all(|_| sampling.picks(&claim, seeder.as_mut())));
	let model = Model::new(made.artifact.clone(), None).unwrap();
	let row = &test_rows("breast_cancer_tree")[0];
	let input = model.encrypt(client_key(), row, seeder.as_mut()).unwrap();
	let (key, mut buffers) = (prepared_server_key(), EvaluationBuffers::default());
	let result = made.file.evaluator.evaluate(key, &input, &GENESIS, &mut buffers).unwrap();
	let refused = verify_result(&made.artifact, Some(key), &input, &result, &mut buffers);
	assert!(matches!(refused, Err(VerifyError::Evaluate(_))));
}

#[test]
fn files_are_sealed_under_a_passphrase() {
	let made = with_grid("breast_cancer_tree", Grid::Exact);
	let sealed = made.file.seal(b"correct horse", new_seeder().as_mut()).unwrap();
	let plain = made.file.to_bytes();
	assert!(!sealed.windows(16).any(|part| plain.windows(16).any(|other| other == part)));
	let opened = PrivateFile::open(&sealed, Some(b"correct horse")).unwrap();
	assert_eq!(opened.to_bytes(), plain);
	let refused = |passphrase| PrivateFile::open(&sealed, passphrase).unwrap_err();
	assert!(matches!(refused(None), PrivateFileError::Sealed));
	assert!(matches!(refused(Some(b"wrong")), PrivateFileError::NotAuthentic));
	let mut damaged = sealed.clone();
	damaged[60] ^= 1;
	assert!(matches!(
		PrivateFile::open(&damaged, Some(b"correct horse")),
		Err(PrivateFileError::NotAuthentic)
	));
	assert!(PrivateFile::open(&plain, None).is_ok());
	for len in 0..plain.len().min(200) {
		assert!(PrivateFile::open(&plain[..len], None).is_err());
	}
}

#[test]
fn what_cannot_be_made_private_says_why() {
	let refused = |name, grid| {
		private(name, &PrivateOptions { grid, ..PrivateOptions::default() }).unwrap_err()
	};
	let error = refused("breast_cancer_xgboost_50x4", Grid::Decoys(2));
	let PrivateError::Grid(GridError::TooFew { found, .. }) = &error else { panic!("{error}") };
	assert!(*found > 2);
	assert!(matches!(
		refused("breast_cancer_tree", Grid::Decoys(0)),
		PrivateError::Grid(GridError::Size)
	));
	let public = import("breast_cancer_tree", true);
	let (options, mut seeder) = (PrivateOptions::default(), new_seeder());
	let without_rows = make_private(&public.artifact, None, &options, seeder.as_mut());
	assert!(matches!(without_rows, Err(PrivateError::NoCalibration)));
	let private = with_grid("breast_cancer_tree", Grid::Exact).artifact;
	let rows = read_csv("breast_cancer.train.csv").into();
	let twice = make_private(&private, Some(&rows), &options, seeder.as_mut());
	assert!(matches!(twice, Err(PrivateError::Kind(_))));
}
