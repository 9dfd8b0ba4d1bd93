//! The chain.

use crate::{
	errors::{ChainUnavailable, Exception, InputError, ModelError},
	keys::Keys,
	model::Model,
	table::{Labelled, Matrix, Predictions, Table},
	wait::{Cancel, wait},
};
use fhe_ml_client::{
	chain::{Account, Call, Chain as Connection, Light, Source},
	files,
	known_models::HexHash,
	owner_keys::OwnerKeys,
	programs::{self, Listener, PredictionRequest, Row},
	rows::RowSource,
};
use fhe_ml_models::Step;
use fhe_ml_primitives::{UNIT, WorkerStatus};
use pyo3::{prelude::*, types::PyBytes};
use std::{
	num::NonZeroUsize,
	path::PathBuf,
	sync::{Mutex, PoisonError},
};

/// A connection to a chain.
#[pyclass(frozen, module = "fhe_ml._native")]
pub struct Chain {
	connection: Connection,
	url: String,
}

/// How predictions are asked for.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Options {
	model: u32,
	account: String,
	redundancy: u8,
	max_fee: Option<u128>,
	scores: bool,
	round: Option<f64>,
	output: Option<PathBuf>,
	schema: Option<PathBuf>,
	rows_per_request: Option<usize>,
	release: bool,
	model_hash: Option<String>,
	trust_worker: bool,
}

/// What has been heard of a run.
struct Heard<'a> {
	rows: Mutex<Vec<Row>>,
	progress: Option<&'a Py<PyAny>>,
}

impl Heard<'_> {
	fn tell(&self, rows: usize, paid: u128, block: u64) {
		if let Some(progress) = self.progress {
			// A progress bar that fails must not end a run that is paid for.
			Python::attach(|py| {
				if let Err(error) = progress.call1(py, (rows, paid, block)) {
					error.write_unraisable(py, None);
				}
			});
		}
	}
}

impl Listener for Heard<'_> {
	fn begins(&self, _: usize, there: usize) {
		self.tell(there, 0, 0);
	}

	fn hears(&self, rows: Vec<Row>, paid: u128, block: u64) {
		self.tell(rows.len(), paid, block);
		self.rows.lock().unwrap_or_else(PoisonError::into_inner).extend(rows);
	}
}

fn account_of(suri: &str) -> Result<Account, Exception> {
	Ok(suri.parse::<Account>()?)
}

#[pymethods]
impl Chain {
	/// Connects to a node, or starts a light client from a chain specification.
	#[staticmethod]
	fn connect(
		py: Python<'_>,
		url: String,
		light: Option<PathBuf>,
		bootnodes: Vec<String>,
	) -> Result<Self, Exception> {
		let light = light.map(|spec| Light { spec, bootnodes });
		wait(py, None, || async {
			let source = Source { url: url.clone(), light };
			let connection = Connection::connect(&source).await?;
			Ok(Self { connection, url })
		})
	}

	/// Hash of the first block (0x...).
	fn genesis(&self, py: Python<'_>) -> Result<String, Exception> {
		let hash = wait(py, None, || async { Ok(self.connection.genesis_hash().await?) })?;
		Ok(format!("0x{}", hex::encode(hash)))
	}

	/// Number of the best block.
	fn block(&self, py: Python<'_>) -> Result<u64, Exception> {
		wait(py, None, || async { Ok(self.connection.best_block().await?.number()) })
	}

	#[getter]
	fn url(&self) -> &str {
		&self.url
	}

	/// The models of the chain as a JSON list.
	fn models_json(&self, py: Python<'_>) -> Result<String, Exception> {
		wait(py, None, || async {
			let best = self.connection.best_block().await?;
			Ok(serde_json::to_string(&programs::models(&best).await?)?)
		})
	}

	/// The bytes of a model's artifact.
	fn artifact<'py>(&self, py: Python<'py>, model: u32) -> Result<Bound<'py, PyBytes>, Exception> {
		let found = wait(py, None, || async { Ok(self.connection.artifact(model).await?.1) })?;
		Ok(PyBytes::new(py, found.as_bytes()))
	}

	/// Public keys of the workers (0x...), those that take jobs.
	fn workers(&self, py: Python<'_>) -> Result<Vec<String>, Exception> {
		wait(py, None, || async {
			let workers = self.connection.best_block().await?.workers().await?;
			let active =
				workers.into_iter().filter(|(_, worker)| worker.status == WorkerStatus::Active);
			let key = |worker: &fhe_ml_primitives::WorkerId| {
				let bytes: &[u8] = worker.as_ref();
				format!("0x{}", hex::encode(bytes))
			};
			Ok(active.map(|(worker, _)| key(&worker)).collect())
		})
	}

	/// What a request of so many rows costs and holds, in units of 10^-12 FHE; nothing if it is not taken.
	fn quote(
		&self,
		py: Python<'_>,
		model: u32,
		redundancy: u8,
		rows: u32,
	) -> Result<Option<(u128, u128)>, Exception> {
		wait(py, None, || async {
			let quote = self.connection.best_block().await?.quote(model, redundancy, rows).await?;
			Ok(quote.map(|quote| (quote.fee, quote.deposit)))
		})
	}

	/// Registers a model as admin; returns its number.
	fn register(&self, py: Python<'_>, model: &Model, account: &str) -> Result<u32, Exception> {
		let account = account_of(account)?;
		wait(py, None, || async {
			let bytes = model.artifact.as_bytes();
			Ok(self.connection.register_model(bytes, &account).await?)
		})
	}

	/// Offers a private model; returns its number.
	#[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
	fn offer(
		&self,
		py: Python<'_>,
		model: &Model,
		evaluators: Vec<String>,
		price: &str,
		quota: Option<(u32, u32)>,
		auditor: Option<String>,
		account: &str,
	) -> Result<u32, Exception> {
		let account = account_of(account)?;
		let offer = programs::offer(evaluators, price, quota, auditor)?;
		let file = model.private.as_ref().ok_or_else(|| {
			let sentence = "the model is not private, or its file is not here: make one with model.make_private(X)";
			Exception(ModelError::new_err(sentence))
		})?;
		wait(py, None, || async {
			let (bytes, commitment) = (model.artifact.as_bytes(), file.commitment());
			let registered =
				self.connection.register_private_model(bytes, commitment, offer, &account).await?;
			Ok(registered)
		})
	}

	/// Retires a model, as admin or as the owner of a private one.
	fn retire(&self, py: Python<'_>, model: u32, account: &str) -> Result<(), Exception> {
		let account = account_of(account)?;
		wait(py, None, || async {
			let private = self.connection.best_block().await?.private_model(model).await?;
			match private.filter(|private| private.owner == account.bytes()) {
				Some(_) => {
					let call = "retire_private_model";
					self.connection.call_of_owner(call, model, &account).await?;
				},
				None => self.connection.retire_model(model, &account).await?,
			}
			Ok(())
		})
	}

	/// Registers the server key, or the one for the owner of a private model, and for deep networks the bootstrap key,
	/// too; returns whether one was not there.
	#[pyo3(signature = (keys, account, for_model=None, next=false, deep=false))]
	fn register_key(
		&self,
		py: Python<'_>,
		keys: &Keys,
		account: &str,
		for_model: Option<u32>,
		next: bool,
		deep: bool,
	) -> Result<bool, Exception> {
		let account = account_of(account)?;
		wait(py, None, || async {
			let server_key = match for_model {
				None => keys.server_key().clone(),
				Some(model) => {
					let owner_keys = self.owner_keys(keys, model).await?;
					let made = if next { owner_keys.make_next()? } else { owner_keys.newest()? };
					files::read_server_key(&made.folder)?
				},
			};
			let mut made = self.connection.register_server_key(&server_key, &account).await?;
			if deep {
				made |= self.connection.register_bootstrap_key(&keys.client, &account).await?;
			}
			Ok(made)
		})
	}

	/// Removes jobs for their deposits.
	fn release(&self, py: Python<'_>, jobs: Vec<u64>, account: &str) -> Result<(), Exception> {
		let account = account_of(account)?;
		wait(py, None, || async {
			let calls = jobs.into_iter().map(Call::release).collect();
			Ok(self.connection.submit_all(calls, &account).await?)
		})
	}

	/// Asks for predictions of rows, and waits for them.
	#[pyo3(signature = (model, rows, keys, options, progress=None, cancel=None))]
	#[expect(clippy::too_many_arguments, reason = "they are keyword arguments in Python")]
	fn predict(
		&self,
		py: Python<'_>,
		model: &Model,
		rows: Table,
		keys: &Keys,
		options: Options,
		progress: Option<Py<PyAny>>,
		cancel: Option<&Cancel>,
	) -> Result<Predictions, Exception> {
		let is_private = model.artifact.circuit.kind().is_private();
		let folder = if is_private { keys.named_folder()? } else { keys.folder_for_tool()? };
		let request = PredictionRequest {
			model: options.model,
			keys: folder,
			schema: options.schema,
			redundancy: options.redundancy,
			max_fee: options.max_fee,
			scores: options.scores,
			round: options.round.map(Step::try_from).transpose()?,
			output: options.output,
			rows_per_request: match options.rows_per_request.map(NonZeroUsize::new) {
				Some(None) => {
					let sentence = "a request has a row at least: rows_per_request is 1 or more";
					return Err(Exception(InputError::new_err(sentence)));
				},
				Some(count) => count,
				None => None,
			},
			release: options.release,
			model_hash: options.model_hash.as_deref().map(str::parse::<HexHash>).transpose()?,
			trust_worker: options.trust_worker,
			account: account_of(&options.account)?,
		};
		let heard = Heard { rows: Mutex::default(), progress: progress.as_ref() };
		let asked = wait(py, cancel, || async {
			let source = RowSource::of_cells(model.rows(rows)?);
			programs::predict(&self.connection, request, &source, &heard).await?;
			Ok(())
		});
		let rows = heard.rows.into_inner().unwrap_or_else(PoisonError::into_inner);
		let predictions = of_rows(rows);
		match asked {
			Ok(()) => Ok(predictions),
			// What is there is paid for, so the exception has it.
			Err(Exception(error)) => {
				error.value(py).setattr("predictions", predictions)?;
				Err(Exception(error))
			},
		}
	}

	/// Which answers of private models the keys for a model's owner have given, and how many they may.
	fn answers_left(&self, py: Python<'_>, keys: &Keys, model: u32) -> Result<u32, Exception> {
		wait(py, None, || async {
			let newest = self.owner_keys(keys, model).await?.newest()?;
			Ok(fhe_ml_models::MOST_ANSWERS.saturating_sub(newest.count_answers(0)?))
		})
	}

	/// Units of 10^-12 FHE in one FHE.
	#[classattr]
	fn unit() -> u128 {
		UNIT
	}
}

impl Chain {
	async fn owner_keys(&self, keys: &Keys, model: u32) -> Result<OwnerKeys, Exception> {
		let private = self.connection.private_model(model).await?.ok_or_else(|| {
			let sentence =
				format!("model {model} is not private: its owner gets no key of its own");
			Exception(ChainUnavailable::new_err(sentence))
		})?;
		let genesis = self.connection.genesis_hash().await?;
		Ok(OwnerKeys::of(&keys.named_folder()?, &genesis, &private.owner)?)
	}
}

fn of_rows(mut rows: Vec<Row>) -> Predictions {
	rows.sort_by_key(|row| row.row);
	Predictions {
		rows: rows.iter().map(|row| row.row).collect(),
		scores: Matrix::of(rows.iter().map(|row| row.scores.as_deref())),
		raw_scores: Matrix::of(rows.iter().map(|row| row.raw_scores.as_deref())),
		ties: rows.iter().map(|row| row.tie).collect(),
		jobs: rows.iter().map(|row| row.job).collect(),
		milliseconds: Vec::new(),
		labels: rows.into_iter().map(|row| Labelled::from(row.prediction)).collect(),
	}
}
