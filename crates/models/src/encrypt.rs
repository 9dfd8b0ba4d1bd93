//! From a public model to an encrypted one.

use crate::{
	artifact::{Artifact, ArtifactError, Card},
	bounds::{BoundsError, check_bounds},
	card::{
		self, Comparison, Cost, Encoding, EncryptedCard, HiddenLayer, Predicate, Predicates, Sizes,
	},
	schema::Schema,
};
use fhe_ml_engine::{
	Circuit, ClientKey, EncryptedForestError, EncryptedLinearError, LinearCircuit,
	LinearCircuitError, NetworkCircuit, Seeder,
};

/// An encrypted model: what goes on chain, and what stays with the client key.
#[derive(Clone, Debug)]
pub struct EncryptedModel {
	/// For everybody.
	pub artifact: Artifact,
	/// For whoever has the client key.
	pub schema: Schema,
}

/// Why a model cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptModelError {
	/// It is encrypted already.
	#[error("the model is encrypted already")]
	Encrypted,
	/// It is private.
	#[error("the model is private already: only its owner's evaluators have it")]
	Private,
	/// It is an image filter.
	#[error("the model is an image filter: what it does is no secret, so it cannot be encrypted")]
	IsFilter,
	/// Deep networks are evaluated in the clear.
	#[error("the weights of deep networks cannot be encrypted")]
	IsDeep,
	/// Card and circuit do not have the same kind of inputs.
	#[error("the model cannot be encrypted: its card encodes other inputs than its circuit takes")]
	Encoding,
	/// A linear model does not fit.
	#[error("the model cannot be encrypted: {0}")]
	Linear(#[from] EncryptedLinearError),
	/// An output layer does not fit.
	#[error("the model's output layer cannot be encrypted: {0}")]
	OutputLayer(#[from] LinearCircuitError),
	/// A forest does not fit.
	#[error("the model cannot be encrypted: {0}")]
	Forest(#[from] EncryptedForestError),
	/// The artifact or its inputs are larger than a chain takes.
	#[error("the encrypted model does not fit a chain: {0}")]
	Bounds(#[from] BoundsError),
	/// The artifact cannot be written.
	#[error(transparent)]
	Artifact(#[from] ArtifactError),
}

/// Encrypts a public model under a client key.
///
/// With `hide_shape`, trees are padded to full ones of one depth. The hidden layer of a network is
/// always left to the client, who knows it from the schema; the chain has the output layer.
///
/// # Errors
/// If the model is encrypted already or an image filter, or its encrypted form does not fit the noise
/// budget or a chain.
pub fn encrypt_model(
	model: &Artifact,
	key: &ClientKey,
	hide_shape: bool,
	seeder: &mut dyn Seeder,
) -> Result<EncryptedModel, EncryptModelError> {
	let mut card = match &model.card {
		Card::Public(card) => card.as_ref().clone(),
		Card::Encrypted(_) => return Err(EncryptModelError::Encrypted),
		Card::Filter(_) => return Err(EncryptModelError::IsFilter),
	};
	let (circuit, kind) = match (&model.circuit, &mut card.encoding) {
		(Circuit::Linear(linear), _) => {
			card.output_bias = linear.bias().to_vec();
			(
				Circuit::EncryptedLinear(key.encrypt_linear(linear, seeder)?),
				"encrypted linear model",
			)
		},
		(Circuit::Forest(forest), Encoding::Predicates(predicates)) => {
			let encrypted = key.encrypt_forest(forest, hide_shape, seeder)?;
			*predicates = renumbered(predicates, &encrypted.predicates);
			(Circuit::EncryptedForest(encrypted.circuit.into()), "encrypted forest")
		},
		(Circuit::Network(network), Encoding::Levels { features, largest }) => {
			let mut layer = network.layers().clone();
			layer.weights.clear();
			let (features, largest) = (std::mem::take(features), std::mem::take(largest));
			card.encoding = Encoding::HiddenLayer(HiddenLayer { features, largest, layer });
			let linear = key.encrypt_linear(&output_layer(network)?, seeder)?;
			(Circuit::EncryptedLinear(linear), "encrypted output layer")
		},
		(Circuit::Forest(_) | Circuit::Network(_), _) => return Err(EncryptModelError::Encoding),
		(Circuit::Filter(_), _) => return Err(EncryptModelError::IsFilter),
		(Circuit::Private(_), _) => return Err(EncryptModelError::Private),
		(Circuit::Deep(_), _) => return Err(EncryptModelError::IsDeep),
		(Circuit::EncryptedLinear(_) | Circuit::EncryptedForest(_), _) => {
			return Err(EncryptModelError::Encrypted);
		},
	};
	card.kind = format!("encrypted {}", card.kind);
	card.sizes = Sizes::of(&circuit);
	card.cost = Cost::of(&circuit);
	card.decryption_failure_probability = card::failure_probability(&circuit);
	let shown = EncryptedCard {
		name: card.name.clone(),
		kind: kind.into(),
		sizes: card.sizes,
		cost: card.cost.clone(),
		decryption_failure_probability: card.decryption_failure_probability,
	};
	let artifact = Artifact::encrypted(shown, circuit, key.server_key_hash())?;
	check_bounds(&artifact)?;
	Ok(EncryptedModel { schema: Schema { artifact: artifact.hash(), card }, artifact })
}

/// The predicates of an encrypted forest's bits.
fn renumbered(public: &Predicates, numbers: &[Option<u32>]) -> Predicates {
	// Holds for no number, missing or not.
	let never = Predicate {
		feature: 0,
		comparison: Comparison::AtMost,
		threshold: f64::NEG_INFINITY,
		others: Vec::new(),
		missing: false,
	};
	let predicate = |number: &Option<u32>| {
		let public = number.and_then(|number| public.list.get(number as usize));
		public.unwrap_or(&never).clone()
	};
	Predicates {
		list: numbers.iter().map(predicate).collect(),
		single_precision: public.single_precision,
	}
}

/// The output layer as a linear circuit whose features are activations.
fn output_layer(network: &NetworkCircuit) -> Result<LinearCircuit, LinearCircuitError> {
	let weights = &network.layers().weights;
	let hidden = network.layers().hidden.len();
	LinearCircuit::new(hidden, 8, 3, weights.concat(), vec![0; weights.len()])
}
