//! The `.fheml` file: a model that is ready for the chain.

use crate::card::{Column, Encoding, ModelCard, Scores, Task};
use fhe_ml_engine::{Circuit, CircuitError, Hash, HeaderError, blake2b_256};
use fhe_ml_format::{ArtifactPrefix, MODEL_NAME_BYTES};

/// A decoded artifact.
#[derive(Clone, Debug)]
pub struct Artifact {
	/// The model card.
	pub card: ModelCard,
	/// What collators evaluate.
	pub circuit: Circuit,
	bytes: Vec<u8>,
	hash: Hash,
}

/// Why the bytes of an artifact were refused, or an artifact cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
	/// The header is not that of an artifact.
	#[error(transparent)]
	Header(#[from] HeaderError),
	/// The model card is not valid JSON of this version.
	#[error("the model card does not decode: {0}")]
	Card(#[from] serde_json::Error),
	/// The circuit does not decode.
	#[error("the circuit does not decode: {0}")]
	Circuit(#[from] CircuitError),
	/// Card, prefix and circuit do not belong together.
	#[error("the model card does not fit the circuit: {0}")]
	Mismatch(&'static str),
	/// A name of no byte or too many.
	#[error("a model's name has 1 to 64 bytes, not {0}")]
	Name(usize),
}

impl Artifact {
	/// Puts a card and a circuit into one file.
	pub fn new(card: ModelCard, circuit: Circuit) -> Result<Self, ArtifactError> {
		let mut name = [0; MODEL_NAME_BYTES];
		name.get_mut(..card.name.len())
			.filter(|name| !name.is_empty())
			.ok_or(ArtifactError::Name(card.name.len()))?
			.copy_from_slice(card.name.as_bytes());
		let card_json = serde_json::to_vec(&card)?;
		let circuit_bytes = circuit.to_bytes();
		let prefix = ArtifactPrefix {
			circuit: circuit.kind(),
			input_bytes: circuit.input_bytes() as u32,
			result_bytes: circuit.result_bytes() as u32,
			work: circuit.work(),
			card_bytes: card_json.len() as u32,
			circuit_bytes: circuit_bytes.len() as u32,
			name,
		};
		let bytes = [prefix.to_bytes().as_slice(), &card_json, &circuit_bytes].concat();
		check(&card, &circuit)?;
		Ok(Self { card, circuit, hash: blake2b_256(&bytes), bytes })
	}

	/// Decodes a `.fheml` file and checks that its parts belong together.
	pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ArtifactError> {
		let prefix = ArtifactPrefix::read(&bytes)?;
		let (card_json, circuit_bytes) = bytes[ArtifactPrefix::BYTES..]
			.split_at_checked(prefix.card_bytes as usize)
			.ok_or(HeaderError::WrongLength)?;
		let card: ModelCard = serde_json::from_slice(card_json)?;
		let circuit = Circuit::from_bytes(prefix.circuit, circuit_bytes)?;
		check(&card, &circuit)?;
		if prefix.name_str() != Some(card.name.as_str()) {
			return Err(ArtifactError::Mismatch("the names differ"));
		}
		if prefix.input_bytes as usize != circuit.input_bytes()
			|| prefix.result_bytes as usize != circuit.result_bytes()
			|| prefix.work != circuit.work()
		{
			return Err(ArtifactError::Mismatch("sizes or work differ from the circuit's"));
		}
		Ok(Self { card, circuit, hash: blake2b_256(&bytes), bytes })
	}

	/// The bytes of the file.
	pub fn as_bytes(&self) -> &[u8] {
		&self.bytes
	}

	/// BLAKE2b-256 of the bytes; inputs are bound to it.
	pub fn hash(&self) -> Hash {
		self.hash
	}
}

/// Whether every index of the card exists in the circuit.
fn check(card: &ModelCard, circuit: &Circuit) -> Result<(), ArtifactError> {
	let outputs = circuit.outputs();
	let exist = |columns: &[Column]| columns.iter().all(|column| column.output < outputs);
	let fits = |scores: &Scores| !scores.columns.is_empty() && exist(&scores.columns);
	let features = card.features.len();
	let inputs = match &card.encoding {
		Encoding::Scaled(scaled) if scaled.len() != features => None,
		Encoding::Scaled(_) => Some(features),
		Encoding::Levels { features: scaled, largest } => {
			(scaled.len() == features && largest.len() == features).then_some(features)
		},
		Encoding::Predicates(predicates) => predicates
			.list
			.iter()
			.all(|predicate| predicate.feature < features)
			.then_some(predicates.list.len()),
	};
	if inputs != Some(circuit.inputs()) {
		return Err(ArtifactError::Mismatch("another number of features"));
	}
	if card.output_steps.len() != outputs {
		return Err(ArtifactError::Mismatch("another number of outputs"));
	}
	let consistent = match &card.task {
		Task::Classification { classes, decision, scores } => {
			fits(decision) && fits(scores) && decision.columns.len() == classes.len()
		},
		Task::Regression { targets } => fits(targets),
	};
	if consistent { Ok(()) } else { Err(ArtifactError::Mismatch("a column that does not exist")) }
}
