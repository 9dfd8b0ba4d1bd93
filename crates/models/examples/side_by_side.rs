//! One model, public and private, row by row in turns: what `scripts/bench-private.sh` puts beside its peers.
//!
//! `side_by_side MODEL.onnx TRAIN.csv TEST.csv` prints JSON: for each form of the model its predictions on encrypted
//! rows, sizes and times. `RAYON_NUM_THREADS` sets the threads.

use fhe_ml_engine::{ClientKey, EvaluationBuffers, PreparedServerKey, new_seeder};
use fhe_ml_models::{
	Calibration, Cell, Grid, ImportOptions, Label, Model, PrivateFile, PrivateOptions, evaluate,
	import_onnx, make_private,
};
use serde_json::{Value, json};
use std::{error::Error, time::Instant};

/// A form of the model, and what was measured of it.
struct Form {
	name: &'static str,
	model: Model,
	/// What its evaluators have, if it is private.
	file: Option<PrivateFile>,
	predictions: Vec<Value>,
	encrypt_ms: Vec<f64>,
	ms: Vec<f64>,
	decrypt_ms: Vec<f64>,
}

impl Form {
	fn new(name: &'static str, model: Model, file: Option<PrivateFile>) -> Self {
		let [encrypt_ms, ms, decrypt_ms] = [(); 3].map(|()| Vec::new());
		Self { name, model, file, predictions: Vec::new(), encrypt_ms, ms, decrypt_ms }
	}

	fn row(
		&mut self,
		client: &ClientKey,
		server: &PreparedServerKey,
		row: &[Cell],
		buffers: &mut EvaluationBuffers,
	) -> Result<(), Box<dyn Error>> {
		let start = Instant::now();
		let input = self.model.encrypt(client, row, new_seeder().as_mut())?;
		self.encrypt_ms.push(milliseconds(start));
		let start = Instant::now();
		let result = match &self.file {
			Some(file) => file.evaluator.evaluate(server, &input, &[0; 32], buffers)?,
			None => evaluate(&self.model.artifact, Some(server), &input, buffers)?,
		};
		self.ms.push(milliseconds(start));
		let start = Instant::now();
		let prediction = self.model.decrypt(client, &input, &result)?;
		self.decrypt_ms.push(milliseconds(start));
		self.predictions.push(match prediction.prediction {
			Label::Integer(class) => class.into(),
			other => format!("{other:?}").into(),
		});
		Ok(())
	}

	fn report(&self) -> Value {
		let sizes = &self.model.card.sizes;
		json!({
			"name": self.name,
			"predictions": self.predictions,
			"artifact": self.model.artifact.as_bytes().len(),
			"key": sizes.server_key,
			"input": sizes.input,
			"result": sizes.result,
			"encrypt_ms": self.encrypt_ms,
			"ms": self.ms,
			"decrypt_ms": self.decrypt_ms,
		})
	}
}

fn milliseconds(start: Instant) -> f64 {
	start.elapsed().as_secs_f64() * 1000.0
}

fn read_csv(path: &str) -> Result<Calibration, Box<dyn Error>> {
	let mut reader = csv::Reader::from_path(path)?;
	let names = reader.headers()?.iter().map(String::from).collect();
	let rows = reader.deserialize().collect::<Result<Vec<Vec<f64>>, _>>()?;
	Ok(Calibration { names, rows }.into())
}

fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<String> = std::env::args().collect();
	let [_, onnx, train, test] = arguments.as_slice() else {
		return Err("usage: side_by_side MODEL.onnx TRAIN.csv TEST.csv".into());
	};
	let (train, test) = (read_csv(train)?, read_csv(test)?);
	let options = ImportOptions { name: "model".into(), calibration: Some(train.clone()) };
	let public = import_onnx(&std::fs::read(onnx)?, &options)?;
	let private = |name, grid| -> Result<Form, Box<dyn Error>> {
		let options = PrivateOptions { grid, ..PrivateOptions::default() };
		let made = make_private(&public, Some(&train), &options, new_seeder().as_mut())?;
		Ok(Form::new(name, Model::new(made.artifact, None)?, Some(made.file)))
	};
	let mut forms = [
		Form::new("public", Model::new(public.clone(), None)?, None),
		private("private, decoys:48", Grid::Decoys(48))?,
		private("private, exact", Grid::Exact)?,
	];
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	let (server, mut buffers) = (PreparedServerKey::new(&server), EvaluationBuffers::default());
	for row in &test.rows {
		for form in &mut forms {
			form.row(&client, &server, row, &mut buffers)?;
		}
	}
	println!("{}", Value::from_iter(forms.iter().map(Form::report)));
	Ok(())
}
