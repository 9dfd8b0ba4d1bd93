//! The `.fheml` file: a model that is ready for the chain.

use crate::card::{
	Column, Encoding, EncryptedCard, FilterCard, HiddenLayer, ModelCard, Scores, Task,
};
use fhe_ml_engine::{Circuit, CompiledModel, CompiledModelError, Hash, blake2b_256};
use fhe_ml_format::{ArtifactPrefix, CircuitKind, MODEL_NAME_BYTES};

/// A decoded artifact.
#[derive(Clone, Debug)]
pub struct Artifact {
	/// The model card.
	pub card: Card,
	/// What collators evaluate.
	pub circuit: Circuit,
	/// For an encrypted model: hash of the server key whose client key encrypted it.
	pub encrypted_for: Option<Hash>,
	/// Whether the file says how rows lie in a result, as all do but old ones.
	takes_rows: bool,
	bytes: Vec<u8>,
	hash: Hash,
}

/// What an artifact says of its model.
#[derive(Clone, Debug, PartialEq)]
pub enum Card {
	/// Everything.
	Public(Box<ModelCard>),
	/// Sizes and cost; the rest is in the schema.
	Encrypted(EncryptedCard),
	/// Everything, of an image filter.
	Filter(FilterCard),
}

impl Card {
	/// Name of the model.
	pub fn name(&self) -> &str {
		match self {
			Self::Public(card) => &card.name,
			Self::Encrypted(card) => &card.name,
			Self::Filter(card) => &card.name,
		}
	}

	fn to_json(&self) -> serde_json::Result<Vec<u8>> {
		match self {
			Self::Public(card) => card.to_json(),
			Self::Encrypted(card) => serde_json::to_vec(card),
			Self::Filter(card) => serde_json::to_vec(card),
		}
	}
}

/// Why the bytes of an artifact were refused, or an artifact cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
	/// The file has no circuit.
	#[error(transparent)]
	Circuit(#[from] CompiledModelError),
	/// The model card is not valid JSON of this version.
	#[error("the model card does not decode: {0}")]
	Card(#[from] serde_json::Error),
	/// Card, prefix and circuit do not belong together.
	#[error("the model card does not fit the circuit: {0}")]
	Mismatch(&'static str),
	/// A name of no byte or too many.
	#[error("a model's name has 1 to 64 bytes, not {0}")]
	Name(usize),
}

impl Artifact {
	/// Puts the card and the circuit of a public model into one file.
	///
	/// # Errors
	/// If the card does not fit the circuit, the circuit is an encrypted one, or the name has not 1
	/// to 64 bytes.
	pub fn new(card: ModelCard, circuit: Circuit) -> Result<Self, ArtifactError> {
		check(&card, &circuit)?;
		Self::from_parts(Card::Public(card.into()), circuit, None)
	}

	/// Puts the card and the circuit of an encrypted model into one file. `key` is the hash of the
	/// server key whose client key encrypted it.
	///
	/// # Errors
	/// If the circuit is no encrypted one, or the name has not 1 to 64 bytes.
	pub fn encrypted(
		card: EncryptedCard,
		circuit: Circuit,
		key: Hash,
	) -> Result<Self, ArtifactError> {
		Self::from_parts(Card::Encrypted(card), circuit, Some(key))
	}

	/// Puts the card and the circuit of an image filter into one file.
	///
	/// # Errors
	/// If the circuit is no image filter of the size that the card says, or the name has not 1 to
	/// 64 bytes.
	pub fn filter(card: FilterCard, circuit: Circuit) -> Result<Self, ArtifactError> {
		check_filter(&card, &circuit)?;
		Self::from_parts(Card::Filter(card), circuit, None)
	}

	fn from_parts(
		card: Card,
		circuit: Circuit,
		encrypted_for: Option<Hash>,
	) -> Result<Self, ArtifactError> {
		if circuit.kind().is_encrypted() != encrypted_for.is_some() {
			return Err(ArtifactError::Mismatch("an encrypted model has a key, and no other"));
		}
		let mut name = [0; MODEL_NAME_BYTES];
		name.get_mut(..card.name().len())
			.filter(|name| !name.is_empty())
			.ok_or(ArtifactError::Name(card.name().len()))?
			.copy_from_slice(card.name().as_bytes());
		let card_json = card.to_json()?;
		let circuit_bytes = circuit.to_bytes();
		let prefix = ArtifactPrefix {
			circuit: circuit.kind(),
			input_bytes: circuit.input_bytes() as u32,
			result_bytes: circuit.result_bytes() as u32,
			work: circuit.work(),
			card_bytes: card_json.len() as u32,
			circuit_bytes: circuit_bytes.len() as u32,
			name,
			row_layout: Some(circuit.row_layout()),
			encrypted_for,
		};
		let header = prefix.to_bytes();
		let bytes = [&header[..prefix.encoded_len()], &card_json, &circuit_bytes].concat();
		let takes_rows = true;
		Ok(Self { card, circuit, encrypted_for, takes_rows, hash: blake2b_256(&bytes), bytes })
	}

	/// Decodes a `.fheml` file and checks that its parts belong together.
	///
	/// # Errors
	/// If a part does not decode, or prefix, card and circuit contradict each other.
	pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ArtifactError> {
		let (CompiledModel { prefix, circuit }, card_json) = CompiledModel::read(&bytes)?;
		let card = match prefix.encrypted_for {
			Some(_) => Card::Encrypted(serde_json::from_slice(card_json)?),
			None if prefix.circuit == CircuitKind::Filter => {
				let card = serde_json::from_slice(card_json)?;
				check_filter(&card, &circuit)?;
				Card::Filter(card)
			},
			None => {
				let card = serde_json::from_slice(card_json)?;
				check(&card, &circuit)?;
				Card::Public(Box::new(card))
			},
		};
		if prefix.name_str() != Some(card.name()) {
			return Err(ArtifactError::Mismatch("the names differ"));
		}
		let (encrypted_for, takes_rows) = (prefix.encrypted_for, prefix.row_layout.is_some());
		Ok(Self { card, circuit, encrypted_for, takes_rows, hash: blake2b_256(&bytes), bytes })
	}

	/// Most rows of one input by the bounds of the chain; 1 for artifacts of before inputs of many rows.
	pub fn most_rows(&self) -> u32 {
		if self.takes_rows { self.circuit.most_rows() } else { 1 }
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

/// Whether the sizes of the card are those of the circuit.
fn check_filter(card: &FilterCard, circuit: &Circuit) -> Result<(), ArtifactError> {
	let Circuit::Filter(filter) = circuit else {
		return Err(ArtifactError::Mismatch("the circuit is no image filter"));
	};
	let channels = (card.channels, card.output_channels);
	let same = (card.size, card.output_size) == (filter.size(), filter.output_size())
		&& channels == (filter.channels(), filter.output_channels());
	if same { Ok(()) } else { Err(ArtifactError::Mismatch("an image of another size")) }
}

/// Whether every index of the card exists in the circuit.
pub(crate) fn check(card: &ModelCard, circuit: &Circuit) -> Result<(), ArtifactError> {
	let outputs = circuit.outputs();
	let exist = |columns: &[Column]| columns.iter().all(|column| column.output < outputs);
	let fits = |scores: &Scores| !scores.columns.is_empty() && exist(&scores.columns);
	let features = card.columns().len();
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
		Encoding::HiddenLayer(HiddenLayer { features: scaled, largest, layer }) => {
			let lengths = [scaled.len(), largest.len(), layer.feature_bits.len()];
			(lengths == [features; 3]).then_some(layer.hidden.len())
		},
	};
	if inputs != Some(circuit.inputs()) {
		return Err(ArtifactError::Mismatch("another number of features"));
	}
	if card.output_steps.len() != outputs {
		return Err(ArtifactError::Mismatch("another number of outputs"));
	}
	let consistent = match &card.task {
		Task::Classification { classes, decision, .. } => decision.columns.len() == classes.len(),
		Task::Regression { .. } => true,
		Task::Computed(computed) => !computed.inputs.is_empty(),
	};
	if consistent && card.task.all_scores().into_iter().all(fits) {
		Ok(())
	} else {
		Err(ArtifactError::Mismatch("a column that does not exist"))
	}
}
