//! Models: compiled, saved, used on this machine.

use crate::{
	errors::{Exception, InputError, ModelError},
	keys::Keys,
	table::{Matrix, Predictions, Table},
	wait::{Cancel, still_wanted},
};
use fhe_ml_client::{
	chain::Prices,
	files,
	local::{
		LocalEvaluator, LocalPrediction, encode_row, encrypt_rows, predict_clear,
		predict_simulated, rows_together,
	},
};
use fhe_ml_engine::{BootstrapKey, EvaluationBuffers, PreparedServerKey, ServerKey, new_seeder};
use fhe_ml_models::{
	Artifact, Calibration, Card, Cell, EncryptedModel, Grid, ImportOptions, Prediction,
	PrivateFile, PrivateOptions, Told, encrypt_model, evaluate, import_onnx, import_onnx_file,
	make_private, predict_private,
};
use pyo3::{prelude::*, pybacked::PyBackedBytes, types::PyBytes};
use std::path::PathBuf;

/// Rows in the clear between two looks at Ctrl-C.
const ROWS_AT_ONCE: usize = 256;

/// A compiled model.
#[pyclass(frozen, module = "fhe_ml._native")]
pub struct Model {
	pub artifact: Artifact,
	/// With its card, unless it is encrypted and nobody has opened its schema.
	pub opened: Option<fhe_ml_models::Model>,
	/// The sealed schema of an encrypted model.
	schema: Option<Vec<u8>>,
	/// What the evaluators of a private model have.
	pub private: Option<PrivateFile>,
}

impl Model {
	fn new(artifact: Artifact) -> Result<Self, Exception> {
		let opened = match artifact.card {
			Card::Encrypted(_) => None,
			_ => Some(fhe_ml_models::Model::new(artifact.clone(), None)?),
		};
		Ok(Self { artifact, opened, schema: None, private: None })
	}

	/// The model with its card.
	pub fn opened(&self) -> Result<&fhe_ml_models::Model, Exception> {
		self.opened.as_ref().ok_or_else(|| {
			let sentence = "the model is encrypted: load it with its schema and the keys that it was encrypted for";
			Exception(ModelError::new_err(sentence))
		})
	}

	/// Rows in the order of the model's features.
	pub fn rows(&self, table: Table) -> Result<Vec<Vec<Cell>>, Exception> {
		table.for_model(&self.opened()?.card)
	}
}

#[pymethods]
impl Model {
	/// Compiles the bytes of an ONNX file.
	#[staticmethod]
	fn from_onnx(
		py: Python<'_>,
		onnx: PyBackedBytes,
		name: String,
		calibration: Option<Table>,
	) -> Result<Self, Exception> {
		py.detach(|| {
			let options = ImportOptions { name, calibration: calibration.map(Into::into) };
			Self::new(import_onnx(&onnx, &options)?)
		})
	}

	/// Compiles an ONNX file, and what it has of its data beside it.
	#[staticmethod]
	fn from_onnx_file(
		py: Python<'_>,
		path: PathBuf,
		name: String,
		calibration: Option<Table>,
	) -> Result<Self, Exception> {
		py.detach(|| {
			let options = ImportOptions { name, calibration: calibration.map(Into::into) };
			Self::new(import_onnx_file(&path, &options)?)
		})
	}

	/// The model of a `.fheml` file, with its schema and its private file if they lie next to it.
	#[staticmethod]
	fn load(
		py: Python<'_>,
		path: PathBuf,
		keys: Option<&Keys>,
		passphrase: Option<&[u8]>,
	) -> Result<Self, Exception> {
		py.detach(|| {
			let artifact = files::read_artifact(&path)?;
			if artifact.encrypted_for.is_some() {
				let beside = files::schema_path(&path);
				let schema = if beside.exists() { Some(files::read(&beside)?) } else { None };
				return Self::encrypted(artifact, schema, keys);
			}
			let private_path = files::private_path(&path);
			let mut model = Self::new(artifact)?;
			if model.artifact.circuit.kind().is_private() && private_path.exists() {
				let file = PrivateFile::open(&files::read(&private_path)?, passphrase)?;
				if file.artifact == model.artifact.hash() {
					model.private = Some(file);
				}
			}
			Ok(model)
		})
	}

	/// The model of the bytes of a `.fheml` file.
	#[staticmethod]
	fn from_bytes(
		py: Python<'_>,
		artifact: PyBackedBytes,
		schema: Option<PyBackedBytes>,
		keys: Option<&Keys>,
	) -> Result<Self, Exception> {
		py.detach(|| {
			let artifact = Artifact::from_bytes(artifact.to_vec())?;
			match artifact.encrypted_for {
				Some(_) => Self::encrypted(artifact, schema.map(|schema| schema.to_vec()), keys),
				None => Self::new(artifact),
			}
		})
	}

	/// Writes the `.fheml` file, and the schema or the private file next to it.
	#[pyo3(signature = (path, passphrase=None))]
	fn save(
		&self,
		py: Python<'_>,
		path: PathBuf,
		passphrase: Option<&[u8]>,
	) -> Result<(), Exception> {
		py.detach(|| {
			match (&self.schema, &self.private) {
				(Some(schema), _) => {
					files::write_encrypted_model(&path, &self.artifact, schema)?;
				},
				(None, Some(private)) => {
					let bytes = match passphrase {
						Some(passphrase) => private.seal(passphrase, new_seeder().as_mut())?,
						None => private.to_bytes().to_vec(),
					};
					files::write_private_model(&path, &self.artifact, &bytes)?;
				},
				(None, None) => files::write(&path, self.artifact.as_bytes())?,
			}
			Ok(())
		})
	}

	/// The same model, encrypted for the owner of these keys.
	fn encrypt_for(
		&self,
		py: Python<'_>,
		keys: &Keys,
		hide_shape: bool,
	) -> Result<Self, Exception> {
		py.detach(|| {
			let mut seeder = new_seeder();
			let EncryptedModel { artifact, schema } =
				encrypt_model(&self.artifact, &keys.client, hide_shape, seeder.as_mut())?;
			let sealed = schema.seal(&keys.client, seeder.as_mut())?;
			Self::encrypted(artifact, Some(sealed), Some(keys))
		})
	}

	/// A private model of this one, and on how many of so many rows it predicts otherwise.
	fn make_private(
		&self,
		py: Python<'_>,
		rows: Table,
		grid: &str,
		kappa: u32,
	) -> Result<(Self, (usize, usize)), Exception> {
		py.detach(|| {
			let grid = grid_of(grid)?;
			if !kappa.is_power_of_two() {
				return Err(Exception(InputError::new_err("kappa is a power of two, like 64")));
			}
			let card = &self.opened()?.card;
			let names = card.features.clone();
			let rows = Calibration { names, rows: rows.for_model(card)? };
			let options = PrivateOptions { grid, kappa_log2: kappa.ilog2() };
			let made = make_private(&self.artifact, Some(&rows), &options, new_seeder().as_mut())?;
			let mut model = Self::new(made.artifact)?;
			model.private = Some(made.file);
			Ok((model, made.changed))
		})
	}

	/// Predicts rows on this machine.
	#[pyo3(signature = (rows, mode, keys=None, threads=1, rows_per_request=None, progress=None, cancel=None))]
	#[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
	fn predict(
		&self,
		py: Python<'_>,
		rows: Table,
		mode: &str,
		keys: Option<&Keys>,
		threads: usize,
		rows_per_request: Option<usize>,
		progress: Option<Py<PyAny>>,
		cancel: Option<&Cancel>,
	) -> Result<Predictions, Exception> {
		py.detach(|| {
			let rows = self.rows(rows)?;
			let done = |count: usize| -> Result<(), Exception> {
				still_wanted(cancel)?;
				match &progress {
					Some(progress) => {
						Python::attach(|py| progress.call1(py, (count,)).map(drop)).map_err(Into::into)
					},
					None => Ok(()),
				}
			};
			let predicted = match mode {
				"encrypted" => {
					let keys = keys.ok_or_else(|| {
						let sentence = "mode \"encrypted\" needs keys: make some with Keys.generate(), or use mode \"clear\"";
						Exception(InputError::new_err(sentence))
					})?;
					self.encrypted_rows(&rows, keys, threads, rows_per_request, done)?
				},
				"clear" | "simulate" => self.clear_rows(&rows, mode == "simulate", done)?,
				mode => {
					let sentence = format!("`{mode}` is no mode; one is encrypted, clear or simulate");
					return Err(Exception(InputError::new_err(sentence)));
				},
			};
			let of = |row: &LocalPrediction| (row.encrypt_ms, row.evaluate_ms, row.decrypt_ms);
			let milliseconds = predicted.iter().map(of).collect();
			Ok(predictions_of(predicted.into_iter().map(|row| row.prediction), milliseconds))
		})
	}

	/// Rows as one encrypted input, for a worker.
	fn encrypt<'py>(
		&self,
		py: Python<'py>,
		rows: Table,
		keys: &Keys,
	) -> Result<Bound<'py, PyBytes>, Exception> {
		let input = py.detach(|| {
			let (model, rows) = (self.opened()?, self.rows(rows)?);
			let most = self.artifact.most_rows() as usize;
			if rows.len() > most {
				let sentence = format!(
					"one input has room for {most} rows of this model, not {}: encrypt fewer",
					rows.len()
				);
				return Err(Exception(InputError::new_err(sentence)));
			}
			let encode = |(row, values): (usize, &Vec<Cell>)| encode_row(model, row, values);
			let encoded = rows.iter().enumerate().map(encode).collect::<Result<Vec<_>, _>>()?;
			Ok(encrypt_rows(model, &keys.client, 0, &encoded)?)
		})?;
		Ok(PyBytes::new(py, &input))
	}

	/// What a worker does: evaluates the model on an encrypted input, with the bytes of a server key if it needs one,
	/// and of a bootstrap key if it is a deep network.
	fn evaluate<'py>(
		&self,
		py: Python<'py>,
		input: PyBackedBytes,
		server_key: Option<PyBackedBytes>,
		bootstrap_key: Option<PyBackedBytes>,
		threads: usize,
	) -> Result<Bound<'py, PyBytes>, Exception> {
		let result = py.detach(|| {
			let key = match server_key.filter(|_| self.artifact.circuit.kind().needs_server_key()) {
				Some(bytes) => Some(prepared_of(&bytes, bootstrap_key.as_deref())?),
				None => None,
			};
			let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
			let mut buffers = EvaluationBuffers::default();
			let evaluated =
				pool.install(|| evaluate(&self.artifact, key.as_ref(), &input, &mut buffers));
			evaluated.map_err(|error| {
				Exception(InputError::new_err(format!("the evaluation failed: {error}")))
			})
		})?;
		Ok(PyBytes::new(py, &result))
	}

	/// Decrypts the result of an encrypted input.
	fn decrypt(
		&self,
		py: Python<'_>,
		input: PyBackedBytes,
		result: PyBackedBytes,
		keys: &Keys,
	) -> Result<Predictions, Exception> {
		py.detach(|| {
			let found = self.opened()?.decrypt_rows(&keys.client, &input, &result);
			let found = found.map_err(|error| {
				let sentence =
					format!("{error}; use the key and the input that the result was made with");
				Exception(InputError::new_err(sentence))
			})?;
			Ok(predictions_of(found.into_iter(), Vec::new()))
		})
	}

	/// The model card as JSON; of an encrypted model that is not opened, what everybody sees.
	fn card_json(&self) -> Result<String, Exception> {
		Ok(match (&self.opened, &self.artifact.card) {
			(Some(model), _) => serde_json::to_string(&model.card)?,
			(None, Card::Public(card)) => serde_json::to_string(card)?,
			(None, Card::Encrypted(card)) => serde_json::to_string(card)?,
			(None, Card::Filter(card)) => serde_json::to_string(card)?,
		})
	}

	/// What users of a private model read in it, learn from its answers, and do not learn.
	fn told(&self) -> Option<(Vec<String>, Vec<String>, Vec<String>)> {
		Told::of(&self.artifact).map(|told| (told.public, told.answers, told.hidden))
	}

	/// Units of 10^-12 FHE that a request of so many rows costs by the prices of this release.
	fn fee(&self, redundancy: u8, rows: u32) -> u128 {
		Prices::OF_RELEASE.fee(&self.artifact, redundancy, rows)
	}

	/// The bytes of the `.fheml` file.
	fn artifact_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
		PyBytes::new(py, self.artifact.as_bytes())
	}

	/// The bytes of the sealed schema of an encrypted model.
	fn schema_bytes(&self) -> Option<Vec<u8>> {
		self.schema.clone()
	}

	#[getter]
	fn name(&self) -> &str {
		self.artifact.card.name()
	}

	#[getter]
	fn hash(&self) -> String {
		format!("0x{}", hex::encode(self.artifact.hash()))
	}

	#[getter]
	fn artifact_size(&self) -> usize {
		self.artifact.as_bytes().len()
	}

	#[getter]
	fn most_rows(&self) -> u32 {
		self.artifact.most_rows()
	}

	#[getter]
	fn needs_server_key(&self) -> bool {
		self.artifact.circuit.kind().needs_server_key()
	}

	/// `public`, `encrypted` or `private`.
	#[getter]
	fn visibility(&self) -> &'static str {
		let kind = self.artifact.circuit.kind();
		match (kind.is_encrypted(), kind.is_private()) {
			(true, _) => "encrypted",
			(_, true) => "private",
			_ => "public",
		}
	}

	/// Whether the card is there, so that rows can be encoded.
	#[getter]
	fn is_open(&self) -> bool {
		self.opened.is_some()
	}
}

impl Model {
	fn encrypted(
		artifact: Artifact,
		schema: Option<Vec<u8>>,
		keys: Option<&Keys>,
	) -> Result<Self, Exception> {
		let opened = match (&schema, keys) {
			(Some(schema), Some(keys)) => Some(fhe_ml_models::Model::new(
				artifact.clone(),
				Some((schema.as_slice(), &keys.client)),
			)?),
			_ => None,
		};
		Ok(Self { artifact, opened, schema, private: None })
	}

	fn encrypted_rows(
		&self,
		rows: &[Vec<Cell>],
		keys: &Keys,
		threads: usize,
		rows_per_request: Option<usize>,
		done: impl Fn(usize) -> Result<(), Exception>,
	) -> Result<Vec<LocalPrediction>, Exception> {
		let model = self.opened()?;
		let kind = self.artifact.circuit.kind();
		if kind.is_private() {
			return Err(Exception(ModelError::new_err(
				"a private model is evaluated by the workers that its owner names: ask for it on a chain, or use mode \"clear\" with its file",
			)));
		}
		let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
		let mut evaluator = LocalEvaluator {
			model,
			client_key: &keys.client,
			server_key: match kind.needs_server_key() {
				true => Some(keys.prepared()?),
				false => None,
			},
			pool: &pool,
			buffers: EvaluationBuffers::default(),
		};
		let together = rows_per_request.unwrap_or_else(|| rows_together(&self.artifact));
		let together = together.clamp(1, self.artifact.most_rows() as usize);
		let mut predicted = Vec::with_capacity(rows.len());
		for chunk in rows.chunks(together) {
			predicted.extend(evaluator.request(predicted.len(), chunk)?);
			done(chunk.len())?;
		}
		Ok(predicted)
	}

	fn clear_rows(
		&self,
		rows: &[Vec<Cell>],
		is_noisy: bool,
		done: impl Fn(usize) -> Result<(), Exception>,
	) -> Result<Vec<LocalPrediction>, Exception> {
		let model = self.opened()?;
		let kind = self.artifact.circuit.kind();
		if kind.is_encrypted() {
			return Err(Exception(ModelError::new_err(
				"the model is encrypted: it cannot be evaluated in the clear; use mode \"encrypted\"",
			)));
		}
		let mut seeder = new_seeder();
		let mut predict = |row: usize, values: &Vec<Cell>| match (kind.is_private(), &self.private)
		{
			(true, Some(file)) => predict_private(model, file, values)
				.map_err(|error| Exception(InputError::new_err(format!("row {row}: {error}")))),
			(true, None) => Err(Exception(ModelError::new_err(
				"the model is private, and its file is not here: ask for it on a chain",
			))),
			(false, _) if is_noisy => Ok(predict_simulated(model, row, values, seeder.as_mut())?),
			(false, _) => Ok(predict_clear(model, row, values)?),
		};
		let mut predicted = Vec::with_capacity(rows.len());
		for chunk in rows.chunks(ROWS_AT_ONCE) {
			for values in chunk {
				let prediction = predict(predicted.len(), values)?;
				predicted.push(LocalPrediction {
					prediction,
					encrypt_ms: 0.0,
					evaluate_ms: 0.0,
					decrypt_ms: 0.0,
					input_bytes: 0,
					result_bytes: 0,
				});
			}
			done(chunk.len())?;
		}
		Ok(predicted)
	}
}

/// A public key as others send it, ready for evaluation.
fn prepared_of(server: &[u8], bootstrap: Option<&[u8]>) -> Result<PreparedServerKey, Exception> {
	let unusable = |what: &str, error: String| {
		Exception(InputError::new_err(format!("the {what} key is not usable: {error}")))
	};
	let key = ServerKey::from_bytes(server.to_vec())
		.map_err(|error| unusable("server", error.to_string()))?;
	let prepared = PreparedServerKey::new(&key);
	let Some(bootstrap) = bootstrap else { return Ok(prepared) };
	BootstrapKey::from_bytes(bootstrap.to_vec())
		.and_then(|key| prepared.with_bootstrap_key(&key))
		.map_err(|error| unusable("bootstrap", error.to_string()))
}

fn predictions_of(
	rows: impl Iterator<Item = Prediction>,
	milliseconds: Vec<(f64, f64, f64)>,
) -> Predictions {
	let rows: Vec<Prediction> = rows.collect();
	Predictions {
		rows: (0..rows.len()).collect(),
		scores: Matrix::of(rows.iter().map(|row| Some(row.scores.as_slice()))),
		raw_scores: Matrix::of(rows.iter().map(|row| Some(row.raw_scores.as_slice()))),
		ties: rows.iter().map(|row| row.tie).collect(),
		jobs: Vec::new(),
		milliseconds,
		labels: rows.into_iter().map(|row| row.prediction.into()).collect(),
	}
}

/// `exact`, `decoys:N` or `quantiles:N`.
fn grid_of(text: &str) -> Result<Grid, Exception> {
	let (kind, count) = text.split_once(':').unwrap_or((text, ""));
	let wrong = || {
		let sentence = format!("`{text}` is no grid; one is decoys:48, quantiles:64 or exact");
		Exception(InputError::new_err(sentence))
	};
	match kind {
		"exact" if count.is_empty() => Ok(Grid::Exact),
		"decoys" => Ok(Grid::Decoys(count.parse().map_err(|_| wrong())?)),
		"quantiles" => Ok(Grid::Quantiles(count.parse().map_err(|_| wrong())?)),
		_ => Err(wrong()),
	}
}
