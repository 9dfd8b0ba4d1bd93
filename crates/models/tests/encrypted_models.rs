//! Encrypted models against their public twins, and what their artifacts show.

#![allow(clippy::unwrap_used)]

mod common;

use common::{client_key, import, predict_encrypted, stride, test_rows};
use fhe_ml_engine::{
	Circuit, ClientKey, EvaluateError, EvaluationBuffers, circuits::forest::Node, new_seeder,
};
use fhe_ml_models::{
	Artifact, Card, EncryptModelError, EncryptedModel, FilterKind, Model, ModelError, Schema,
	SchemaError,
	card::{Encoding, ModelCard, ScaledFeature},
	encrypt_model, evaluate, image_filter,
};
use std::collections::HashSet;

fn encrypted(model: &Model, hide_shape: bool) -> EncryptedModel {
	encrypt_model(&model.artifact, client_key(), hide_shape, new_seeder().as_mut()).unwrap()
}

/// Through the bytes of both files.
fn opened(encrypted: &EncryptedModel) -> Model {
	let schema = encrypted.schema.seal(client_key(), new_seeder().as_mut()).unwrap();
	let artifact = Artifact::from_bytes(encrypted.artifact.as_bytes().to_vec()).unwrap();
	assert_eq!(artifact.circuit, encrypted.artifact.circuit);
	Model::new(artifact, Some((&schema, client_key()))).unwrap()
}

/// Predictions are those of the public twin, to the last bit.
fn check(name: &str, hide_shape: bool) {
	let public = import(name, !name.starts_with("modes"));
	let model = opened(&encrypted(&public, hide_shape));
	let mut buffers = EvaluationBuffers::default();
	let rows = test_rows(name);
	for (at, row) in rows.iter().enumerate().step_by(stride(&model, rows.len())) {
		let prediction = predict_encrypted(&model, row, &mut buffers);
		assert_eq!(prediction, public.predict_clear(row).unwrap(), "{name}, row {at}");
	}
	println!(
		"{name}: artifact {} bytes, {:?}, {:.2} ms (public {:.2} ms), {:?}",
		model.artifact.as_bytes().len(),
		model.card.sizes,
		model.card.cost.milliseconds_per_core,
		public.card.cost.milliseconds_per_core,
		model.card.cost.levelled,
	);
}

macro_rules! predicts_like_its_public_twin {
	($($model:ident $hidden:literal),* $(,)?) => { $(
		#[test]
		fn $model() {
			check(stringify!($model), false);
			if $hidden {
				check(stringify!($model), true);
			}
		}
	)* };
}

predicts_like_its_public_twin! {
	breast_cancer_boosting true,
	breast_cancer_forest_10x4 true,
	breast_cancer_hist_boosting false,
	breast_cancer_lightgbm false,
	breast_cancer_logistic true,
	breast_cancer_network false,
	breast_cancer_ridge false,
	breast_cancer_svc false,
	breast_cancer_tree true,
	breast_cancer_xgboost_10x3 true,
	breast_cancer_xgboost_50x4 true,
	diabetes_boosting false,
	diabetes_forest false,
	diabetes_two_targets false,
	diabetes_xgboost true,
	digits_network false,
	digits_tree false,
	digits_boosting false,
	digits_xgboost false,
	holes_xgboost true,
	iris_network false,
	iris_torch false,
	modes_classes_softmax_zero true,
	modes_double true,
	modes_sum true,
	wine_forest true,
	wine_lightgbm false,
	wine_logistic false,
	wine_xgboost true,
}

/// All byte runs of this length.
const RUN: usize = 8;

fn runs(bytes: &[u8]) -> HashSet<&[u8]> {
	bytes.windows(RUN).collect()
}

/// The bytes from the first difference on.
fn difference<'a>(a: &'a [u8], b: &'a [u8]) -> (&'a [u8], &'a [u8]) {
	let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap();
	(&a[at..], &b[at..])
}

const MODELS: [&str; 4] =
	["breast_cancer_logistic", "breast_cancer_xgboost_10x3", "wine_forest", "iris_network"];

#[test]
fn two_artifacts_of_one_model_share_no_run_of_ciphertext() {
	for name in MODELS {
		let public = import(name, true);
		let [first, second] = [(); 2].map(|()| encrypted(&public, false).artifact);
		// Before the seeds, everything is equal: nothing else is random.
		let (first, second) = difference(first.as_bytes(), second.as_bytes());
		assert!(first.len() > 500, "{name}");
		assert_eq!(runs(first).intersection(&runs(second)).count(), 0, "{name}");
	}
}

#[test]
fn ciphertexts_are_uniform() {
	for name in MODELS {
		let public = import(name, true);
		let [first, second] = [(); 2].map(|()| encrypted(&public, false).artifact);
		let (ciphertexts, _) = difference(first.as_bytes(), second.as_bytes());
		let mut counts = [0u32; 256];
		ciphertexts.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
		let expected = ciphertexts.len() as f64 / 256.0;
		let square = |&count: &u32| (f64::from(count) - expected).powi(2) / expected;
		let chi_squared: f64 = counts.iter().map(square).sum();
		// 255 degrees of freedom: mean 255, standard deviation 22.6.
		assert!((120.0..400.0).contains(&chi_squared), "{name}: {chi_squared}");
	}
}

/// Numbers and names in all forms in which they could lie in a file.
fn secrets(card: &ModelCard) -> Vec<Vec<u8>> {
	let mut secrets: Vec<Vec<u8>> =
		card.features.iter().map(|name| name.as_bytes().to_vec()).collect();
	let mut numbers: Vec<f64> = card.output_steps.clone();
	match &card.encoding {
		Encoding::Scaled(features) | Encoding::Levels { features, .. } => {
			numbers.extend(features.iter().flat_map(|feature| [feature.offset, feature.scale]));
		},
		Encoding::HiddenLayer(layer) => {
			numbers.extend(layer.features.iter().flat_map(|f| [f.offset, f.scale]));
		},
		Encoding::Predicates(predicates) => {
			numbers.extend(predicates.list.iter().map(|predicate| predicate.threshold));
		},
	}
	for number in numbers.into_iter().filter(|x| x.is_finite() && x.fract() != 0.0) {
		secrets.push(number.to_le_bytes().to_vec());
		secrets.push(number.to_string().into_bytes());
	}
	secrets.retain(|secret| secret.len() >= 6);
	secrets
}

/// Quantised weights and leaves as 64-bit integers, and in pairs as 32-bit ones.
fn quantised(model: &Model) -> Vec<Vec<u8>> {
	let weights: Vec<i32> = match &model.artifact.circuit {
		Circuit::Linear(linear) => linear.weights().to_vec(),
		Circuit::Network(network) => network.layers().weights.concat(),
		Circuit::Forest(forest) => {
			let nodes = forest.trees().iter().flat_map(|tree| &tree.nodes);
			let values = nodes.filter_map(|node| match node {
				Node::Leaf(values) => Some(values.iter().map(|(_, value)| *value)),
				Node::Split { .. } => None,
			});
			values.flatten().collect()
		},
		_ => Vec::new(),
	};
	let pairs =
		weights.windows(2).map(|pair| [pair[0].to_le_bytes(), pair[1].to_le_bytes()].concat());
	let single = weights.iter().map(|&weight| i64::from(weight).to_le_bytes().to_vec());
	single.chain(pairs).collect()
}

#[test]
fn artifacts_show_no_weight_threshold_or_name() {
	for name in MODELS {
		let public = import(name, true);
		let encrypted = encrypted(&public, false);
		let bytes = encrypted.artifact.as_bytes();
		let found = |secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
		let secrets = secrets(&public.card);
		assert!(secrets.len() > 8, "{name}");
		for secret in secrets {
			assert!(!found(&secret), "{name}: {}", String::from_utf8_lossy(&secret));
		}
		for secret in quantised(&public) {
			assert!(!found(&secret), "{name}: {secret:?}");
		}
		let Card::Encrypted(card) = &encrypted.artifact.card else { panic!("{name} is public") };
		assert!(card.kind.starts_with("encrypted "), "{}", card.kind);
	}
}

/// Two models of one shape have artifacts of one length that are equal up to hash and seed.
#[test]
fn linear_artifacts_depend_on_dimensions_only() {
	let shown = |name: &str| {
		let mut public = import(name, true);
		public.card.name = "model".into();
		let artifact = Artifact::new(public.card, public.artifact.circuit).unwrap();
		let encrypted =
			encrypt_model(&artifact, client_key(), true, new_seeder().as_mut()).unwrap();
		let bytes = encrypted.artifact.as_bytes().to_vec();
		let card = encrypted.artifact.card;
		(bytes.len(), card)
	};
	assert_eq!(shown("breast_cancer_logistic"), shown("breast_cancer_svc"));
	assert_eq!(shown("breast_cancer_logistic"), shown("breast_cancer_ridge"));
}

#[test]
fn schemas_open_with_their_key_only() {
	let key = client_key();
	let encrypted = encrypted(&import("wine_forest", true), false);
	let sealed = encrypted.schema.seal(key, new_seeder().as_mut()).unwrap();
	assert_eq!(Schema::open(&sealed, key).unwrap(), encrypted.schema);
	let again = encrypted.schema.seal(key, new_seeder().as_mut()).unwrap();
	let (first, second) = difference(&sealed, &again);
	assert_eq!(runs(first).intersection(&runs(second)).count(), 0);

	let (stranger, _) = ClientKey::generate(new_seeder().as_mut());
	assert!(matches!(Schema::open(&sealed, &stranger), Err(SchemaError::AnotherKey)));
	for at in (16..sealed.len()).step_by(97).chain([20, 60, 90, sealed.len() - 1]) {
		let mut changed = sealed.clone();
		changed[at] ^= 1;
		let opened = Schema::open(&changed, key);
		let expected = matches!(opened, Err(SchemaError::NotAuthentic | SchemaError::AnotherKey));
		assert!(expected, "byte {at}: {opened:?}");
	}
	for len in 0..sealed.len().min(300) {
		assert!(Schema::open(&sealed[..len], key).is_err(), "{len} bytes");
	}
}

#[test]
fn models_take_the_schema_and_the_key_that_belong_to_them() {
	let key = client_key();
	let public = import("wine_forest", true);
	let one = encrypted(&public, false);
	let other = encrypted(&public, false);
	let schema = one.schema.seal(key, new_seeder().as_mut()).unwrap();
	let error =
		|artifact: &EncryptedModel, schema| Model::new(artifact.artifact.clone(), schema).err();
	assert!(matches!(error(&one, None), Some(ModelError::NeedsSchema)));
	assert!(matches!(error(&other, Some((&schema, key))), Some(ModelError::AnotherModel)));
	let (stranger, _) = ClientKey::generate(new_seeder().as_mut());
	assert!(matches!(error(&one, Some((&schema, &stranger))), Some(ModelError::AnotherKey)));
	let needless = Model::new(public.artifact.clone(), Some((&schema, key))).err();
	assert!(matches!(needless, Some(ModelError::NeedsNoSchema)));
	let twice = encrypt_model(&one.artifact, key, false, new_seeder().as_mut()).err();
	assert!(matches!(twice, Some(EncryptModelError::Encrypted)));
}

#[test]
fn what_cannot_be_encrypted_is_told_why() {
	let refused = |artifact: &Artifact| {
		encrypt_model(artifact, client_key(), false, new_seeder().as_mut()).unwrap_err()
	};
	let filter = image_filter(FilterKind::Blur, "blur", (8, 6)).unwrap();
	let error = refused(&filter);
	assert!(matches!(error, EncryptModelError::IsFilter), "{error:?}");
	assert!(error.to_string().contains("is an image filter"), "{error}");

	let model = import("breast_cancer_xgboost_10x3", true);
	let twin = encrypted(&model, false).artifact;
	assert!(matches!(refused(&twin), EncryptModelError::Encrypted));

	// A card that fits the circuit's number of inputs, but does not encode what trees compare.
	let mut card = model.card;
	let inputs = model.artifact.circuit.inputs();
	card.features = (0..inputs).map(|at| format!("f{at}")).collect();
	card.encoding = Encoding::Scaled(vec![ScaledFeature { offset: 0.0, scale: 1.0 }; inputs]);
	let made_up = Artifact::new(card, model.artifact.circuit).unwrap();
	assert!(matches!(refused(&made_up), EncryptModelError::Encoding));
}

#[test]
fn inputs_under_another_key_are_not_evaluated() {
	let (stranger, _) = ClientKey::generate(new_seeder().as_mut());
	for name in ["wine_logistic", "wine_forest"] {
		let model = opened(&encrypted(&import(name, true), false));
		let row = &test_rows(name)[0];
		let input = model.encrypt(&stranger, row, new_seeder().as_mut()).unwrap();
		let result = evaluate(&model.artifact, None, &input, &mut EvaluationBuffers::default());
		assert_eq!(result, Err(EvaluateError::AnotherServerKey), "{name}");
	}
}

#[test]
fn truncated_and_changed_artifacts_never_panic() {
	for name in ["wine_logistic", "breast_cancer_tree"] {
		let artifact = encrypted(&import(name, true), false).artifact;
		let bytes = artifact.as_bytes();
		for len in 0..bytes.len() {
			assert!(Artifact::from_bytes(bytes[..len].to_vec()).is_err(), "{name}: {len} bytes");
		}
		for at in 0..bytes.len().min(3000) {
			let mut changed = bytes.to_vec();
			changed[at] ^= 0x41;
			let _ = Artifact::from_bytes(changed);
		}
	}
}
