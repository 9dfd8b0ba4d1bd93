//! What the targets share.

use fhe_ml_engine::{ClientKey, new_seeder};
use fhe_ml_models::{Artifact, ImportOptions, Model, encrypt_model, import_onnx};

/// A linear model, a tree and a network, and the same encrypted.
pub fn models(client: &ClientKey) -> Vec<Model> {
	let import = |onnx: &[u8]| {
		let options = ImportOptions { name: "fuzz".into(), calibration: None };
		import_onnx(onnx, &options).expect("a model of this repository")
	};
	let encrypt = |artifact: &Artifact| {
		let mut seeder = new_seeder();
		let model = encrypt_model(artifact, client, false, seeder.as_mut()).expect("it fits");
		let schema = model.schema.seal(client, seeder.as_mut()).expect("it is JSON");
		Model::new(model.artifact, Some((&schema, client))).expect("they belong together")
	};
	let public = [
		import(include_bytes!("../../models/wine_logistic.onnx")),
		import(include_bytes!("../../models/wine_tree.onnx")),
		import(include_bytes!("../../models/iris_network.onnx")),
	];
	let encrypted = public.each_ref().map(encrypt);
	let public = public.map(|artifact| Model::new(artifact, None).expect("it is not encrypted"));
	public.into_iter().chain(encrypted).collect()
}

/// The integers of a row in the middle of the model's data.
pub fn integers(model: &Model) -> Vec<i64> {
	let iris = [5.8, 3.0, 3.7, 1.2];
	let wine = [13.0, 2.3, 2.4, 19.5, 100.0, 2.3, 2.0, 0.4, 1.6, 5.0, 1.0, 2.6, 750.0];
	let row = if model.card.features.len() == iris.len() { &iris[..] } else { &wine };
	model.card.encode(row).expect("a row of the model")
}
