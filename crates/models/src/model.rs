//! A model as its user needs it: an artifact, and the card that encodes rows and decodes outputs.

use crate::{
	artifact::{Artifact, ArtifactError, Card, check},
	card::{Encoding, HiddenLayer, ModelCard},
	cell::Cell,
	predict::{EncodeError, Prediction},
	program::ProgramError,
	schema::{Schema, SchemaError},
};
use fhe_ml_engine::{
	Circuit, CircuitInputError, ClientKey, DecryptError, Seeder, algorithms::decryption::only_row,
};

/// An artifact with its card.
///
/// A row has one value per feature, in the order and units of [`ModelCard::features`].
///
/// ```
/// use fhe_ml_engine::{ClientKey, EvaluationBuffers, new_seeder};
/// use fhe_ml_models::{ImportOptions, Model, evaluate, import_onnx};
///
/// let onnx = include_bytes!("../../../models/wine_logistic.onnx");
/// let options = ImportOptions { name: "wine".into(), calibration: None };
/// let model = Model::new(import_onnx(onnx, &options)?, None)?;
///
/// let mut seeder = new_seeder();
/// let (client_key, _server_key) = ClientKey::generate(seeder.as_mut());
/// let row = [13.0, 2.0, 2.4, 19.0, 100.0, 2.3, 2.0, 0.4, 1.6, 5.0, 1.0, 2.6, 700.0];
/// let input = model.encrypt(&client_key, &row, seeder.as_mut())?;
/// // On the collator; a linear model needs no server key.
/// let result = evaluate(&model.artifact, None, &input, &mut EvaluationBuffers::default())?;
/// let prediction = model.decrypt(&client_key, &input, &result)?;
/// assert_eq!(prediction, model.predict_clear(&row)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Model {
	/// What the chain has.
	pub artifact: Artifact,
	/// How rows are encoded and outputs decoded.
	pub card: ModelCard,
}

/// A row as the integers that are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRow(Vec<i64>);

impl AsRef<[i64]> for EncodedRow {
	fn as_ref(&self) -> &[i64] {
		&self.0
	}
}

/// Why an artifact is of no use to a client.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
	/// It is encrypted.
	#[error("the model is encrypted: it takes the schema that `fhe-ml model import` wrote with it")]
	NeedsSchema,
	/// It takes images, not rows.
	#[error("the model is an image filter: it takes images, not rows of features")]
	IsFilter,
	/// It is not encrypted.
	#[error("the model is not encrypted: it takes no schema")]
	NeedsNoSchema,
	/// It is encrypted for another key.
	#[error("the model is encrypted for another client key")]
	AnotherKey,
	/// The schema cannot be opened.
	#[error(transparent)]
	Schema(#[from] SchemaError),
	/// The schema is that of another model.
	#[error("the schema belongs to another model")]
	AnotherModel,
	/// The schema's card does not fit the circuit.
	#[error(transparent)]
	Card(#[from] ArtifactError),
}

/// Why a row has no prediction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PredictError {
	/// It cannot be encoded.
	#[error(transparent)]
	Row(#[from] EncryptRowError),
	/// What the client makes of the outputs cannot be computed.
	#[error(transparent)]
	After(#[from] ProgramError),
}

impl From<EncodeError> for PredictError {
	fn from(error: EncodeError) -> Self {
		Self::Row(error.into())
	}
}

impl From<CircuitInputError> for PredictError {
	fn from(error: CircuitInputError) -> Self {
		Self::Row(error.into())
	}
}

/// Why a result is of no use.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
	/// It cannot be decrypted.
	#[error(transparent)]
	Decrypt(#[from] DecryptError),
	/// What the client makes of the outputs cannot be computed.
	#[error(transparent)]
	After(#[from] ProgramError),
}

/// Why a row cannot be encrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptRowError {
	/// Its values are not the model's features.
	#[error(transparent)]
	Encode(#[from] EncodeError),
	/// Its integers are out of the circuit's range.
	#[error("{0}; import the model with --calibration rows that cover such values")]
	Range(#[from] CircuitInputError),
}

impl Model {
	/// A public model, or an encrypted one with the bytes of its schema and the key that opens it.
	///
	/// # Errors
	/// If the schema is missing, needless or of another model, the key is another one, or the model
	/// is an image filter.
	pub fn new(
		artifact: Artifact,
		schema: Option<(&[u8], &ClientKey)>,
	) -> Result<Self, ModelError> {
		let card = match (&artifact.card, schema) {
			(Card::Public(card), None) => card.as_ref().clone(),
			(Card::Public(_), Some(_)) => return Err(ModelError::NeedsNoSchema),
			(Card::Filter(_), _) => return Err(ModelError::IsFilter),
			(Card::Encrypted(_), None) => return Err(ModelError::NeedsSchema),
			(Card::Encrypted(_), Some((bytes, key))) => {
				if artifact.encrypted_for != Some(key.server_key_hash()) {
					return Err(ModelError::AnotherKey);
				}
				let schema = Schema::open(bytes, key)?;
				if schema.artifact != artifact.hash() {
					return Err(ModelError::AnotherModel);
				}
				check(&schema.card, &artifact.circuit)?;
				schema.card
			},
		};
		Ok(Self { artifact, card })
	}

	/// The prediction of the quantised model without any encryption; not for encrypted models.
	///
	/// # Errors
	/// If the row does not have one finite number per feature, one is too far out of its range, or what the client
	/// computes of the outputs cannot be computed.
	pub fn predict_clear<C: Clone + Into<Cell>>(
		&self,
		row: &[C],
	) -> Result<Prediction, PredictError> {
		let outputs = self.artifact.circuit.evaluate_clear(&self.card.encode(row)?)?;
		Ok(self.card.decode(&outputs)?)
	}

	/// Encodes and encrypts a row of features.
	///
	/// # Errors
	/// If the row does not have one finite number per feature, or one is too far out of its range.
	pub fn encrypt<C: Clone + Into<Cell>>(
		&self,
		key: &ClientKey,
		row: &[C],
		seeder: &mut dyn Seeder,
	) -> Result<Vec<u8>, EncryptRowError> {
		self.encrypt_rows(key, &[self.encode(row)?], seeder).map_err(Into::into)
	}

	/// The integers that are encrypted for a row of features.
	///
	/// # Errors
	/// As [`Model::encrypt`].
	pub fn encode<C: Clone + Into<Cell>>(&self, row: &[C]) -> Result<EncodedRow, EncryptRowError> {
		let x = self.card.encode(row)?;
		self.artifact.circuit.check_input(&x)?;
		Ok(EncodedRow(x))
	}

	/// Encrypts rows as one input: at most [`Artifact::most_rows`] fit the bounds of the chain.
	///
	/// # Errors
	/// If there is no row or too many, or one was encoded for another model.
	pub fn encrypt_rows(
		&self,
		key: &ClientKey,
		rows: &[EncodedRow],
		seeder: &mut dyn Seeder,
	) -> Result<Vec<u8>, CircuitInputError> {
		key.encrypt_rows(&self.artifact.circuit, self.artifact.hash(), rows, seeder)
	}

	/// Decrypts and decodes a result of one row, which should have been [verified](crate::verify_result) before.
	///
	/// # Errors
	/// If the result belongs to another input or key, is one that the model gives for no row, or what the client
	/// computes of it cannot be computed.
	pub fn decrypt(
		&self,
		key: &ClientKey,
		input: &[u8],
		result: &[u8],
	) -> Result<Prediction, AnswerError> {
		Ok(only_row(self.decrypt_rows(key, input, result)?)?)
	}

	/// As [`Model::decrypt`], for an input of any number of rows: a prediction of each.
	///
	/// # Errors
	/// As [`Model::decrypt`].
	pub fn decrypt_rows(
		&self,
		key: &ClientKey,
		input: &[u8],
		result: &[u8],
	) -> Result<Vec<Prediction>, AnswerError> {
		let rows = key.decrypt_rows(&self.artifact.circuit, input, result)?;
		let largest = self.largest_output();
		let predict = |outputs: Vec<i64>| match largest {
			Some(largest) if outputs.iter().any(|output| output.abs() > largest) => {
				Err(DecryptError::OutOfRange.into())
			},
			_ => Ok(self.card.decode(&outputs)?),
		};
		rows.into_iter().map(predict).collect()
	}

	/// Where the card bounds the outputs more than the circuit does: the largest absolute value.
	///
	/// The inputs of an encrypted output layer are activations, of which the schema has the tables.
	fn largest_output(&self) -> Option<i64> {
		match (&self.artifact.circuit, &self.card.encoding) {
			(
				Circuit::EncryptedLinear(circuit),
				Encoding::HiddenLayer(HiddenLayer { layer, .. }),
			) => {
				let largest = layer.hidden.iter().map(|unit| unit.table.iter().copied().max());
				Some(circuit.largest_output(largest.map(|most| most.unwrap_or_default().into())))
			},
			_ => None,
		}
	}
}
