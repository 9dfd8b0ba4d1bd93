//! One evaluation: the blobs of a job in, an outcome out. Never panics, whatever the bytes are.

use crate::{
	LOG_TARGET,
	kept::Kept,
	private_models::{NotHeld, PrivateModels, PrivateModelsOptions},
};
use fhe_ml_engine::{
	BootstrapKey, BootstrapKeyError, Circuit, CompiledModel, CompiledModelError, EvaluateError,
	EvaluationBuffers, PreparedServerKey, SelfTestError, ServerKeyError, blake2b_256,
	entities::input::InputError,
};
use fhe_ml_primitives::{
	AssignedJob, FailureReason, JobBlobs, Outcome, ResultBytes,
	format::{CircuitKind, InputPrefix},
};
use parking_lot::Mutex;
use sp_core::H256;
use std::{
	panic::{AssertUnwindSafe, catch_unwind},
	sync::{Arc, LazyLock},
};

/// Memory for decoded models.
const KEPT_MODELS: usize = 64 << 20;
/// Bytes of memory that a model takes for each of its artifact, at a guess on the safe side.
const MEMORY_OF_ARTIFACT: usize = 8;
/// Memory for prepared server keys, of which each takes 6 MB.
const KEPT_KEYS: usize = 192 << 20;

/// Before the first deep network, since it takes longer than the self-test of all that a node evaluates.
static SELF_TEST: LazyLock<Result<(), SelfTestError>> =
	LazyLock::new(fhe_ml_engine::bootstrap_self_test);

/// Evaluates jobs, and keeps what the next one can use.
pub struct Evaluator {
	models: Mutex<Kept<CompiledModel>>,
	keys: Mutex<Kept<PreparedServerKey>>,
	/// Keys for deep networks, with their selectors.
	bootstrapped_keys: Mutex<Kept<PreparedServerKey>>,
	/// Memory for the selectors of one of them.
	selector_memory: usize,
	buffers: Mutex<Vec<EvaluationBuffers>>,
	private: PrivateModels,
	/// Hash of the chain's genesis block.
	genesis: H256,
}

/// How an evaluation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluation {
	/// With something to post.
	Outcome(Outcome),
	/// The model is private, and this node does not have it.
	NotHeld,
	/// The bootstrap key that the input names is not on the chain as this node sees it now.
	Gone,
}

/// What few jobs need of the chain besides their blobs.
pub trait Lookup {
	/// The commitment of a job's private model.
	fn commitment(&self) -> Option<H256>;

	/// The bytes of the bootstrap key of a job's server key.
	fn bootstrap_key(&self) -> Option<Vec<u8>>;
}

/// Keeps the parts of results that have several, so that a crash costs one of them at the most.
pub trait Parts {
	/// A part that is known already.
	fn known(&self, part: u32) -> Option<Vec<u8>>;

	/// Part number `part` has been evaluated; there are others.
	fn save(&self, part: u32, bytes: &[u8]);

	/// This many rows have been evaluated.
	fn rows(&self, count: u32);
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
enum EvaluationError {
	#[error("model: {0}")]
	Model(#[from] CompiledModelError),
	#[error("server key: {0}")]
	ServerKey(#[from] ServerKeyError),
	#[error("bootstrap key: {0}")]
	BootstrapKey(#[from] BootstrapKeyError),
	#[error("the bootstrap key that the input names is not on the chain")]
	Gone,
	#[error("this machine does not evaluate deep networks as it should: {0}")]
	Unfit(SelfTestError),
	#[error(transparent)]
	Input(#[from] EvaluateError),
	#[error(transparent)]
	NotHeld(#[from] NotHeld),
}

impl Evaluator {
	/// For the chain with this genesis block, and these private models. `selector_memory` bytes are for the expanded
	/// selectors of bootstrap keys.
	pub fn new(genesis: H256, private: PrivateModelsOptions, selector_memory: usize) -> Self {
		Self {
			bootstrapped_keys: Mutex::new(Kept::new(selector_memory.max(KEPT_KEYS))),
			selector_memory,
			private: PrivateModels::new(private),
			genesis,
			models: Mutex::new(Kept::new(KEPT_MODELS)),
			keys: Mutex::new(Kept::new(KEPT_KEYS)),
			buffers: Mutex::default(),
		}
	}

	/// The private models of this node.
	pub fn private(&self) -> &PrivateModels {
		&self.private
	}
}

/// What the evaluator still has of earlier jobs.
#[derive(Default)]
pub struct Known {
	/// The model of a job.
	pub model: Option<Arc<CompiledModel>>,
	/// The server key of a job.
	pub key: Option<Arc<PreparedServerKey>>,
}

impl Evaluator {
	/// What need not be read from the chain for a job.
	pub fn known(&self, assigned: &AssignedJob) -> Known {
		let key = assigned.server_key;
		Known {
			model: self.models.lock().get(&assigned.artifact),
			key: key.and_then(|key| self.keys.lock().get(&key)),
		}
	}

	/// Evaluates an assigned job, on the threads of the current pool. What is not `known` must be in
	/// `blobs`; `parts` keeps what is done.
	pub fn evaluate(
		&self,
		assigned: &AssignedJob,
		known: Known,
		blobs: &JobBlobs,
		lookup: &dyn Lookup,
		parts: &dyn Parts,
	) -> Evaluation {
		let job = assigned.job;
		let run = || self.try_evaluate(assigned, known, blobs, lookup, parts);
		Evaluation::Outcome(match catch_unwind(AssertUnwindSafe(run)) {
			Ok(Ok(result)) => match ResultBytes::try_from(result) {
				Ok(result) => Outcome::Completed(result),
				Err(_) => failed(job, FailureReason::EvaluationFailed, "the result is too long"),
			},
			Ok(Err(error)) => {
				let reason = match &error {
					EvaluationError::Model(_) => FailureReason::ModelDoesNotDecode,
					EvaluationError::ServerKey(_) => FailureReason::ServerKeyDoesNotDecode,
					EvaluationError::BootstrapKey(_) => FailureReason::BootstrapKeyDoesNotDecode,
					EvaluationError::Gone => return Evaluation::Gone,
					EvaluationError::Unfit(_) => FailureReason::EvaluationCrashed,
					EvaluationError::Input(_) => FailureReason::InputDoesNotDecode,
					EvaluationError::NotHeld(why) => {
						let model = assigned.model;
						log::error!(target: LOG_TARGET, "job {job} of model {model}: {why}");
						return Evaluation::NotHeld;
					},
				};
				failed(job, reason, &error.to_string())
			},
			Err(_) => failed(job, FailureReason::EvaluationCrashed, "the evaluation panicked"),
		})
	}

	/// What kind of circuit the model of a job is, as a metric's label, once it has been decoded.
	pub fn kind(&self, assigned: &AssignedJob) -> &'static str {
		match self.models.lock().peek(&assigned.artifact).map(|model| model.circuit.kind()) {
			Some(CircuitKind::Linear) => "linear",
			Some(CircuitKind::Forest) => "forest",
			Some(CircuitKind::Network) => "network",
			Some(CircuitKind::EncryptedLinear) => "encrypted linear",
			Some(CircuitKind::EncryptedForest) => "encrypted forest",
			Some(CircuitKind::Filter) => "filter",
			Some(CircuitKind::Private) => "private",
			Some(CircuitKind::Deep) => "deep",
			None => "unknown",
		}
	}

	fn try_evaluate(
		&self,
		assigned: &AssignedJob,
		known: Known,
		blobs: &JobBlobs,
		lookup: &dyn Lookup,
		parts: &dyn Parts,
	) -> Result<Vec<u8>, EvaluationError> {
		let model = match known.model {
			Some(model) => model,
			None => {
				let bytes = blobs.artifact.as_deref().unwrap_or_default();
				let memory = bytes.len().saturating_mul(MEMORY_OF_ARTIFACT);
				let model = Arc::new(CompiledModel::read(bytes)?.0);
				self.models.lock().insert(assigned.artifact, model.clone(), memory);
				model
			},
		};
		let key = match (known.key, &blobs.server_key, assigned.server_key) {
			(Some(key), ..) => Some(key),
			(None, Some(bytes), Some(hash)) => {
				let key = Arc::new(PreparedServerKey::read(bytes, hash.0)?);
				self.keys.lock().insert(hash, key.clone(), PreparedServerKey::MEMORY_BYTES);
				Some(key)
			},
			_ => None,
		};
		let key = match key {
			Some(key) if model.circuit.kind().needs_bootstrap_key() => {
				Some(self.with_bootstrap_key(&key, &model.circuit, &blobs.input, lookup)?)
			},
			key => key,
		};
		let file = match &model.circuit {
			Circuit::Private(_) => Some(self.private.get(lookup.commitment(), assigned.artifact)?),
			_ => None,
		};
		let input = &blobs.input;
		let mut buffers = self.buffers.lock().pop().unwrap_or_default();
		let evaluate = |part| match (&file, &key) {
			(Some(file), Some(key)) => {
				file.evaluator.evaluate_part(key, input, &self.genesis.0, part, &mut buffers)
			},
			_ => model.evaluate_part(key.as_deref(), input, part, &mut buffers),
		};
		let result = in_parts(&model.circuit, input, parts, evaluate);
		self.buffers.lock().push(buffers);
		Ok(result?)
	}

	/// A server key with the bootstrap key that the input names, and as many of the selectors that the circuit takes as
	/// there is memory for.
	fn with_bootstrap_key(
		&self,
		key: &PreparedServerKey,
		circuit: &Circuit,
		input: &[u8],
		lookup: &dyn Lookup,
	) -> Result<Arc<PreparedServerKey>, EvaluationError> {
		SELF_TEST.clone().map_err(EvaluationError::Unfit)?;
		let gadget = match circuit {
			Circuit::Deep(network) => network.bootstrap_gadget().unwrap_or_default(),
			_ => 0,
		};
		let prefix = InputPrefix::read(input).map_err(InputError::Header);
		let hash = H256(prefix.map_err(EvaluateError::from)?.server_key);
		let place = H256(blake2b_256(&[&hash.0[..], &[gadget as u8]].concat()));
		if let Some(known) = self.bootstrapped_keys.lock().get(&place) {
			return Ok(known);
		}
		let bytes = lookup.bootstrap_key().filter(|bytes| blake2b_256(bytes) == hash.0);
		let bootstrap_key = BootstrapKey::from_bytes(bytes.ok_or(EvaluationError::Gone)?)?;
		let mut key = key.clone().with_bootstrap_key(&bootstrap_key)?;
		key.keep_selectors(gadget, self.selector_memory);
		let memory = key.memory_bytes();
		let key = Arc::new(key);
		self.bootstrapped_keys.lock().insert(place, key.clone(), memory);
		Ok(key)
	}
}

/// A result from those parts that are known and those that are evaluated now.
fn in_parts(
	circuit: &Circuit,
	input: &[u8],
	parts: &dyn Parts,
	mut evaluate: impl FnMut(u32) -> Result<Vec<u8>, EvaluateError>,
) -> Result<Vec<u8>, EvaluateError> {
	let rows = InputPrefix::read(input).map_err(InputError::Header)?.rows;
	let count = circuit.parts(rows);
	let mut found = Vec::with_capacity(count as usize);
	for part in 0..count {
		let bytes = match parts.known(part).filter(|_| count > 1) {
			Some(known) => known,
			None => {
				let bytes = evaluate(part)?;
				if count > 1 {
					parts.save(part, &bytes);
				}
				parts.rows(circuit.rows_of_part(rows, part));
				bytes
			},
		};
		found.push(bytes);
	}
	Circuit::assemble(input, &found)
}

fn failed(job: u64, reason: FailureReason, why: &str) -> Outcome {
	log::warn!(target: LOG_TARGET, "job {job} fails: {why}");
	Outcome::Failed(reason)
}

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_engine::{ClientKey, new_seeder};
	use fhe_ml_models::{
		Artifact, Calibration, Cell, ImportOptions, Model, encrypt_model, import_onnx,
	};
	use std::collections::BTreeMap;

	fn blobs(onnx: &[u8], row: &[f64], encrypted: bool) -> JobBlobs {
		let options = ImportOptions { name: "model".into(), calibration: None };
		let public = import_onnx(onnx, &options).unwrap();
		let mut seeder = new_seeder();
		let (key, server_key) = ClientKey::generate(seeder.as_mut());
		let model = match encrypted {
			false => Model::new(public, None).unwrap(),
			true => {
				let model = encrypt_model(&public, &key, false, seeder.as_mut()).unwrap();
				let schema = model.schema.seal(&key, seeder.as_mut()).unwrap();
				Model::new(model.artifact, Some((&schema, &key))).unwrap()
			},
		};
		let input = model.encrypt(&key, row, seeder.as_mut()).unwrap();
		JobBlobs {
			artifact: Some(model.artifact.as_bytes().to_vec()),
			server_key: (model.card.sizes.server_key > 0).then(|| server_key.as_bytes().to_vec()),
			input,
		}
	}

	fn linear(encrypted: bool) -> JobBlobs {
		blobs(include_bytes!("../../../models/wine_logistic.onnx"), &[1.0; 13], encrypted)
	}

	fn forest(encrypted: bool) -> JobBlobs {
		blobs(include_bytes!("../../../models/wine_forest.onnx"), &[1.0; 13], encrypted)
	}

	fn evaluate(evaluator: &Evaluator, blobs: &JobBlobs) -> Outcome {
		evaluate_with(evaluator, blobs, &Memory::default())
	}

	fn assigned(blobs: &JobBlobs) -> AssignedJob {
		AssignedJob {
			job: 0,
			worker: sp_core::sr25519::Public::from_raw([0; 32]).into(),
			model: 0,
			artifact: blake2b_256(blobs.artifact.as_deref().unwrap()).into(),
			server_key: blobs.server_key.as_deref().map(|key| blake2b_256(key).into()),
			input: blake2b_256(&blobs.input).into(),
			engine: fhe_ml_primitives::format::ENGINE_VERSION,
			work: 0,
			step: fhe_ml_primitives::Step::Post,
			deadline: 0,
		}
	}

	fn evaluate_with(evaluator: &Evaluator, blobs: &JobBlobs, parts: &dyn Parts) -> Outcome {
		let assigned = assigned(blobs);
		let known = evaluator.known(&assigned);
		match evaluator.evaluate(&assigned, known, blobs, &NothingElse, parts) {
			Evaluation::Outcome(outcome) => outcome,
			other => panic!("{other:?}"),
		}
	}

	/// A chain that has no more than the blobs.
	struct NothingElse;

	impl Lookup for NothingElse {
		fn commitment(&self) -> Option<H256> {
			None
		}

		fn bootstrap_key(&self) -> Option<Vec<u8>> {
			None
		}
	}

	/// Parts in memory, and how many rows were evaluated.
	#[derive(Default)]
	struct Memory(Mutex<(BTreeMap<u32, Vec<u8>>, u32)>);

	impl Parts for Memory {
		fn known(&self, part: u32) -> Option<Vec<u8>> {
			self.0.lock().0.get(&part).cloned()
		}

		fn save(&self, part: u32, bytes: &[u8]) {
			self.0.lock().0.insert(part, bytes.to_vec());
		}

		fn rows(&self, count: u32) {
			self.0.lock().1 += count;
		}
	}

	#[test]
	fn parts_that_are_known_are_not_evaluated_again() {
		let mut blobs = forest(false);
		let artifact = Artifact::from_bytes(blobs.artifact.clone().unwrap()).unwrap();
		let model = Model::new(artifact, None).unwrap();
		let mut seeder = new_seeder();
		let (key, server_key) = ClientKey::generate(seeder.as_mut());
		let per_part = model.artifact.circuit.row_layout().rows_per_mask;
		let rows: Vec<_> = (0..=2 * per_part).map(|_| model.encode(&[1.0; 13]).unwrap()).collect();
		blobs.server_key = Some(server_key.as_bytes().to_vec());
		blobs.input = model.encrypt_rows(&key, &rows, seeder.as_mut()).unwrap();

		let evaluator = Evaluator::new(H256::zero(), PrivateModelsOptions::default(), 0);
		let parts = Memory::default();
		let whole = evaluate_with(&evaluator, &blobs, &parts);
		assert_eq!(parts.0.lock().1, rows.len() as u32);
		parts.0.lock().0.remove(&1);
		parts.0.lock().1 = 0;
		assert_eq!(evaluate_with(&evaluator, &blobs, &parts), whole);
		assert_eq!(parts.0.lock().1, per_part, "the part that was lost");
	}

	#[test]
	fn good_blobs_give_the_same_result_again_and_again() {
		let evaluator = Evaluator::new(H256::zero(), PrivateModelsOptions::default(), 0);
		for blobs in [linear(false), forest(false), linear(true), forest(true)] {
			let first = evaluate(&evaluator, &blobs);
			assert!(matches!(first, Outcome::Completed(_)), "{first:?}");
			assert_eq!(evaluate(&evaluator, &blobs), first);
		}
	}

	#[test]
	fn hostile_blobs_fail_with_the_blob_that_is_wrong() {
		let evaluator = Evaluator::new(H256::zero(), PrivateModelsOptions::default(), 0);
		for good in [linear(false), forest(false), linear(true), forest(true)] {
			let mut model = good.clone();
			model.artifact.as_mut().unwrap().pop();
			let outcome = evaluate(&evaluator, &model);
			assert_eq!(outcome, Outcome::Failed(FailureReason::ModelDoesNotDecode));

			let mut input = good;
			let tail = input.input.len() - 8;
			input.input[tail..].fill(0xff);
			let outcome = evaluate(&evaluator, &input);
			assert_eq!(outcome, Outcome::Failed(FailureReason::InputDoesNotDecode));
		}
		let mut key = forest(false);
		if let Some(bytes) = &mut key.server_key {
			bytes[1000..1010].fill(0xff);
		}
		let outcome = evaluate(&evaluator, &key);
		assert_eq!(outcome, Outcome::Failed(FailureReason::ServerKeyDoesNotDecode));
	}

	/// A chain with this bootstrap key.
	struct WithBootstrapKey(Option<Vec<u8>>);

	impl Lookup for WithBootstrapKey {
		fn commitment(&self) -> Option<H256> {
			None
		}

		fn bootstrap_key(&self) -> Option<Vec<u8>> {
			self.0.clone()
		}
	}

	/// A deep network, a row of it, and its bootstrap key.
	fn deep() -> (JobBlobs, Vec<u8>) {
		let table = include_str!("../../../models/digits.train.csv");
		let mut lines = table.lines().map(|line| line.split(','));
		let names = lines.next().unwrap().map(String::from).collect();
		let rows = lines.map(|line| line.map(|cell| cell.parse().unwrap()).collect());
		let rows: Vec<Vec<f64>> = rows.take(300).collect();
		let row = rows[0].clone();
		let cells = |row: &Vec<f64>| row.iter().copied().map(Cell::Number).collect();
		let calibration = Some(Calibration { names, rows: rows.iter().map(cells).collect() });
		let options = ImportOptions { name: "digits".into(), calibration };
		let onnx = include_bytes!("../../../models/digits_mlp_32_32.onnx");
		let model = Model::new(import_onnx(onnx, &options).unwrap(), None).unwrap();
		let mut seeder = new_seeder();
		let (key, server_key) = ClientKey::generate(seeder.as_mut());
		let blobs = JobBlobs {
			artifact: Some(model.artifact.as_bytes().to_vec()),
			server_key: Some(server_key.as_bytes().to_vec()),
			input: model.encrypt(&key, &row, seeder.as_mut()).unwrap(),
		};
		(blobs, key.bootstrap_key().as_bytes().to_vec())
	}

	#[test]
	fn deep_networks_take_the_bootstrap_key_that_their_input_names() {
		let (mut blobs, key) = deep();
		let kept = Evaluator::new(H256::zero(), PrivateModelsOptions::default(), 32 << 20);
		let evaluate = |evaluator: &Evaluator, blobs: &JobBlobs, key: Option<&[u8]>| {
			let assigned = assigned(blobs);
			let (known, key) =
				(evaluator.known(&assigned), WithBootstrapKey(key.map(<[u8]>::to_vec)));
			evaluator.evaluate(&assigned, known, blobs, &key, &Memory::default())
		};
		assert_eq!(evaluate(&kept, &blobs, None), Evaluation::Gone);
		assert_eq!(evaluate(&kept, &blobs, Some(&key[1..])), Evaluation::Gone);
		let found = evaluate(&kept, &blobs, Some(&key));
		assert!(matches!(found, Evaluation::Outcome(Outcome::Completed(_))), "{found:?}");
		// The key is known now; and how many selectors are kept changes no byte.
		assert_eq!(evaluate(&kept, &blobs, None), found);
		let other = Evaluator::new(H256::zero(), PrivateModelsOptions::default(), 0);
		assert_eq!(evaluate(&other, &blobs, Some(&key)), found);

		let mut broken = key;
		broken[1000..2000].fill(0xff);
		blobs.input[48..80].copy_from_slice(&blake2b_256(&broken));
		let failed = Outcome::Failed(FailureReason::BootstrapKeyDoesNotDecode);
		assert_eq!(evaluate(&kept, &blobs, Some(&broken)), Evaluation::Outcome(failed));
	}
}
