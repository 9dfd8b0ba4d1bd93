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
