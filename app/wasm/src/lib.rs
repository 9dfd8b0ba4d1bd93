//! What a JavaScript client needs of the engine: keys, models, encryption and decryption. The package
//! `@fhe-ml/client` (`app/client`) wraps it with types and documentation.
//!
//! Secrets stay in the memory of this module and of its caller; nothing here talks to a network.

use fhe_ml_engine::{
	BootstrapKey, ClientKey, EvaluationBuffers, PreparedServerKey, Seed, Seeder, ServerKey,
};
use fhe_ml_format::{CircuitKind, InputPrefix};
use fhe_ml_models::{
	Artifact, Calibration, Card, Cell, EncodedRow, FilterKind, ImageFilter, ImportOptions,
	MOST_ANSWERS, Model as FheModel, Sampling, Step, Told, import_onnx as import,
	owner_key, wrong_part,
};
use std::cell::OnceCell;
use wasm_bindgen::prelude::*;

/// An error whose message is for people.
fn error(error: impl std::fmt::Display) -> JsError {
	JsError::new(&error.to_string())
}

/// Seeds from `crypto.getRandomValues`.
struct CryptoSeeder;

impl Seeder for CryptoSeeder {
	fn seed(&mut self) -> Seed {
		let mut bytes = [0; 16];
		if getrandom::getrandom(&mut bytes).is_err() {
			// No key or ciphertext may ever be made without it.
			wasm_bindgen::throw_str("this JavaScript engine has no crypto.getRandomValues");
		}
		Seed(u128::from_le_bytes(bytes))
	}

	fn is_available() -> bool {
		true
	}
}

/// A client key, which is secret, and its server key, which is public.
#[wasm_bindgen]
pub struct Keys {
	client: ClientKey,
	server: Option<ServerKey>,
	/// Ready for evaluation, once it is needed.
	prepared: OnceCell<PreparedServerKey>,
	/// The same with the bootstrap key.
	bootstrapped: OnceCell<PreparedServerKey>,
}

impl Keys {
	fn new(client: ClientKey, server: Option<ServerKey>) -> Self {
		Self { client, server, prepared: OnceCell::new(), bootstrapped: OnceCell::new() }
	}

	/// The server key, ready for circuits of this kind, if they take one and it is here.
	fn prepared(&self, kind: CircuitKind) -> Result<Option<&PreparedServerKey>, JsError> {
		let Some(server) = self.server.as_ref().filter(|_| kind.needs_server_key()) else {
			return Ok(None);
		};
		let cell =
			if kind.needs_bootstrap_key() { &self.bootstrapped } else { &self.prepared };
		if let Some(key) = cell.get() {
			return Ok(Some(key));
		}
		let key = self.client.prepare(server, kind).map_err(error)?;
		Ok(Some(cell.get_or_init(|| key)))
	}
}

/// Keys in bytes, ready for evaluation.
fn prepared(
	server_key: Option<Vec<u8>>,
	bootstrap_key: Option<Vec<u8>>,
) -> Result<Option<PreparedServerKey>, JsError> {
	let Some(server_key) = server_key else { return Ok(None) };
	let key = PreparedServerKey::new(&ServerKey::from_bytes(server_key).map_err(error)?);
	let Some(bootstrap_key) = bootstrap_key else { return Ok(Some(key)) };
	let bootstrap_key = BootstrapKey::from_bytes(bootstrap_key).map_err(error)?;
	Ok(Some(key.with_bootstrap_key(&bootstrap_key).map_err(error)?))
}

#[wasm_bindgen]
impl Keys {
	/// Makes a new pair.
	pub fn generate() -> Keys {
		let (client, server) = ClientKey::generate(&mut CryptoSeeder);
		Keys::new(client, Some(server))
	}

	/// The pair number `number` for an owner of private models, made from this one, as the tool makes it: the hash
	/// of the chain's genesis block and the owner's account have 32 bytes each.
	#[wasm_bindgen(js_name = forOwner)]
	pub fn for_owner(&self, genesis: &[u8], owner: &[u8], number: u32) -> Result<Keys, JsError> {
		let account = |bytes: &[u8]| bytes.try_into().map_err(|_| error("it takes 32 bytes"));
		let (client, server) =
			owner_key(&self.client, &account(genesis)?, &account(owner)?, number);
		Ok(Keys::new(client, Some(server)))
	}

	/// Reads the bytes of `client.key`, and of `server.key` if there are any.
	pub fn read(client_key: &[u8], server_key: Option<Vec<u8>>) -> Result<Keys, JsError> {
		let client = ClientKey::from_bytes(client_key).map_err(error)?;
		let server = server_key.map(ServerKey::from_bytes).transpose().map_err(error)?;
		if server.as_ref().is_some_and(|server| server.hash() != client.server_key_hash()) {
			return Err(error("the server key does not belong to the client key"));
		}
		Ok(Keys::new(client, server))
	}

	/// The bytes of `client.key`. Secret.
	#[wasm_bindgen(js_name = clientKey)]
	pub fn client_key(&self) -> Vec<u8> {
		self.client.to_bytes().to_vec()
	}

	/// The bytes of `server.key`, if the pair was made or read with one.
	#[wasm_bindgen(js_name = serverKey)]
	pub fn server_key(&self) -> Option<Vec<u8>> {
		self.server.as_ref().map(|server| server.as_bytes().to_vec())
	}

	/// The bytes of the bootstrap key, which deep networks take besides: they follow from the client key.
	#[wasm_bindgen(js_name = bootstrapKey)]
	pub fn bootstrap_key(&self) -> Vec<u8> {
		self.client.bootstrap_key().as_bytes().to_vec()
	}

	/// BLAKE2b-256 hash of the server key: how the chain names it.
	#[wasm_bindgen(js_name = serverKeyHash)]
	pub fn server_key_hash(&self) -> Vec<u8> {
		self.client.server_key_hash().to_vec()
	}
}

/// Answers of one owner's private models after which a key for that owner is used up.
#[wasm_bindgen(js_name = mostAnswers)]
pub fn most_answers() -> u32 {
	MOST_ANSWERS
}

/// How many rows an input has.
#[wasm_bindgen(js_name = rowsOf)]
pub fn rows_of(input: &[u8]) -> Result<u32, JsError> {
	Ok(InputPrefix::read(input).map_err(error)?.rows)
}

/// The first part of a result that is wrong, if one is; an error if nobody can know.
fn first_wrong_part(
	artifact: &Artifact,
	server_key: Option<&PreparedServerKey>,
	input: &[u8],
	result: &[u8],
) -> Result<Option<u32>, JsError> {
	let buffers = &mut EvaluationBuffers::default();
	wrong_part(artifact, server_key, input, result, buffers).map_err(error)
}

/// A model, as its user has it.
#[wasm_bindgen]
pub struct Model {
	model: FheModel,
	sampling: Sampling,
}

#[wasm_bindgen]
impl Model {
	/// Reads a `.fheml` artifact: from the chain's `ModelArtifacts`, a file, or `importOnnx`. An encrypted
	/// model takes its schema and the bytes of the client key that it is encrypted for.
	#[wasm_bindgen(constructor)]
	pub fn new(
		artifact: Vec<u8>,
		schema: Option<Vec<u8>>,
		client_key: Option<Vec<u8>>,
	) -> Result<Model, JsError> {
		let artifact = Artifact::from_bytes(artifact).map_err(error)?;
		let key = client_key.map(|key| ClientKey::from_bytes(&key)).transpose().map_err(error)?;
		let schema = match (&schema, &key) {
			(Some(schema), Some(key)) => Some((schema.as_slice(), key)),
			(None, _) => None,
			(Some(_), None) => return Err(error("a schema is opened with its client key")),
		};
		let model = FheModel::new(artifact, schema).map_err(error)?;
		Ok(Model { model, sampling: Sampling::default() })
	}

	/// The model card as JSON.
	pub fn card(&self) -> Result<String, JsError> {
		serde_json::to_string(&self.model.card).map_err(error)
	}

	/// Whether nobody but its owner's evaluators can evaluate it, so that no result of it can be verified.
	#[wasm_bindgen(js_name = isPrivate)]
	pub fn is_private(&self) -> bool {
		self.model.artifact.circuit.kind().is_private()
	}

	/// What the owner of a private model shows of it, in words, as JSON; nothing for other models.
	pub fn told(&self) -> Option<String> {
		let Told { public, answers, hidden } = Told::of(&self.model.artifact)?;
		let told = serde_json::json!({ "public": public, "answers": answers, "hidden": hidden });
		Some(told.to_string())
	}

	/// BLAKE2b-256 hash of the artifact.
	pub fn hash(&self) -> Vec<u8> {
		self.model.artifact.hash().to_vec()
	}

	/// Encrypts one row of features, in the order of the card: numbers, texts and `null` for what is missing, as JSON.
	pub fn encrypt(&self, keys: &Keys, row: &str) -> Result<Vec<u8>, JsError> {
		let row: Vec<Cell> = serde_json::from_str(row).map_err(error)?;
		self.model.encrypt(&keys.client, &row, &mut CryptoSeeder).map_err(error)
	}

	/// Most rows of one input that fit the bounds of the chain.
	#[wasm_bindgen(js_name = mostRows)]
	pub fn most_rows(&self) -> u32 {
		self.model.artifact.most_rows()
	}

	/// Encrypts rows as one input, each as `encrypt` takes it; `first` is the number of the first one, for errors.
	#[wasm_bindgen(js_name = encryptRows)]
	pub fn encrypt_rows(
		&self,
		keys: &Keys,
		rows: Vec<String>,
		first: usize,
	) -> Result<Vec<u8>, JsError> {
		let encode = |row: &String| -> Result<EncodedRow, String> {
			let row: Vec<Cell> = serde_json::from_str(row).map_err(|error| error.to_string())?;
			self.model.encode(&row).map_err(|error| error.to_string())
		};
		let encoded: Vec<EncodedRow> = rows
			.iter()
			.zip(first..)
			.map(|(row, at)| encode(row).map_err(|why| error(format!("row {at}: {why}"))))
			.collect::<Result<_, _>>()?;
		self.model.encrypt_rows(&keys.client, &encoded, &mut CryptoSeeder).map_err(error)
	}

	/// Decrypts a result for an input that `encrypt` made; a prediction as JSON, its values as multiples of `step`.
	pub fn decrypt(
		&self,
		keys: &Keys,
		input: &[u8],
		result: &[u8],
		step: Option<f64>,
	) -> Result<String, JsError> {
		let step = step.map(Step::try_from).transpose().map_err(error)?;
		let prediction =
			self.model.decrypt(&keys.client, input, result).map_err(error)?.rounded(step);
		serde_json::to_string(&prediction).map_err(error)
	}

	/// As `decrypt`, for an input that `encryptRows` made: an array with a prediction of each row.
	#[wasm_bindgen(js_name = decryptRows)]
	pub fn decrypt_rows(
		&self,
		keys: &Keys,
		input: &[u8],
		result: &[u8],
		step: Option<f64>,
	) -> Result<String, JsError> {
		let step = step.map(Step::try_from).transpose().map_err(error)?;
		let rows = self.model.decrypt_rows(&keys.client, input, result).map_err(error)?;
		let rounded: Vec<_> = rows.into_iter().map(|row| row.rounded(step)).collect();
		serde_json::to_string(&rounded).map_err(error)
	}

	/// Whether the next result is to be verified: every one, or a sample if an evaluation takes long.
	#[wasm_bindgen(js_name = picksResult)]
	pub fn picks_result(&mut self) -> bool {
		self.sampling.picks(&self.model.artifact, &mut CryptoSeeder)
	}

	/// Evaluates again with the server key of these keys, if the model needs one; the first part of the result that is
	/// wrong, if one is.
	#[wasm_bindgen(js_name = wrongPart)]
	pub fn wrong_part(
		&mut self,
		keys: &Keys,
		input: &[u8],
		result: &[u8],
	) -> Result<Option<u32>, JsError> {
		let key = keys.prepared(self.model.artifact.circuit.kind())?;
		let wrong = first_wrong_part(&self.model.artifact, key, input, result)?;
		Ok(self.noted(wrong))
	}

	/// The same with the bytes of a server key, and of its bootstrap key.
	#[wasm_bindgen(js_name = wrongPartWith)]
	pub fn wrong_part_with(
		&mut self,
		server_key: Option<Vec<u8>>,
		bootstrap_key: Option<Vec<u8>>,
		input: &[u8],
		result: &[u8],
	) -> Result<Option<u32>, JsError> {
		let key = prepared(server_key, bootstrap_key)?;
		let wrong = first_wrong_part(&self.model.artifact, key.as_ref(), input, result)?;
		Ok(self.noted(wrong))
	}

	/// After a wrong result every one is verified.
	fn noted(&mut self, wrong: Option<u32>) -> Option<u32> {
		if wrong.is_some() {
			self.sampling.suspect();
		}
		wrong
	}

	/// The prediction of the quantised model without encryption, as JSON; not for encrypted models.
	#[wasm_bindgen(js_name = predictClear)]
	pub fn predict_clear(&self, row: &str) -> Result<String, JsError> {
		let row: Vec<Cell> = serde_json::from_str(row).map_err(error)?;
		let prediction = self.model.predict_clear(&row).map_err(error)?;
		serde_json::to_string(&prediction).map_err(error)
	}

	/// What a collator does: evaluates the model on an input.
	pub fn evaluate(
		&self,
		server_key: Option<Vec<u8>>,
		bootstrap_key: Option<Vec<u8>>,
		input: &[u8],
	) -> Result<Vec<u8>, JsError> {
		let key = prepared(server_key, bootstrap_key)?;
		let mut buffers = Default::default();
		fhe_ml_models::evaluate(&self.model.artifact, key.as_ref(), input, &mut buffers)
			.map_err(error)
	}
}

/// An image filter, as its user has it. Images are bytes: red, green, blue of each pixel, row by row.
#[wasm_bindgen]
pub struct Filter {
	filter: ImageFilter,
}

#[wasm_bindgen]
impl Filter {
	/// Reads the artifact of a filter.
	#[wasm_bindgen(constructor)]
	pub fn new(artifact: Vec<u8>) -> Result<Filter, JsError> {
		let artifact = Artifact::from_bytes(artifact).map_err(error)?;
		Ok(Filter { filter: ImageFilter::new(artifact).map_err(error)? })
	}

	/// The filter's card as JSON.
	pub fn card(&self) -> Result<String, JsError> {
		serde_json::to_string(&self.filter.card).map_err(error)
	}

	/// BLAKE2b-256 hash of the artifact.
	pub fn hash(&self) -> Vec<u8> {
		self.filter.artifact.hash().to_vec()
	}

	/// Encrypts an image.
	pub fn encrypt(&self, keys: &Keys, image: &[u8]) -> Result<Vec<u8>, JsError> {
		self.filter.encrypt(&keys.client, image, &mut CryptoSeeder).map_err(error)
	}

	/// Decrypts the filtered image.
	pub fn decrypt(&self, keys: &Keys, input: &[u8], result: &[u8]) -> Result<Vec<u8>, JsError> {
		self.filter.decrypt(&keys.client, input, result).map_err(error)
	}

	/// Filters again; the first part of the result that is wrong, if one is.
	#[wasm_bindgen(js_name = wrongPart)]
	pub fn wrong_part(&self, input: &[u8], result: &[u8]) -> Result<Option<u32>, JsError> {
		first_wrong_part(&self.filter.artifact, None, input, result)
	}

	/// The filtered image without encryption.
	#[wasm_bindgen(js_name = applyClear)]
	pub fn apply_clear(&self, image: &[u8]) -> Result<Vec<u8>, JsError> {
		self.filter.apply_clear(image).map_err(error)
	}

	/// What a collator does: filters an encrypted image.
	pub fn evaluate(&self, input: &[u8]) -> Result<Vec<u8>, JsError> {
		let circuit = &self.filter.artifact;
		fhe_ml_models::evaluate(circuit, None, input, &mut Default::default()).map_err(error)
	}
}

/// Makes the artifact of an image filter: `identity`, `inverted`, `rotate`, `black-and-white`, `blur`,
/// `sharpen` or `ridge-detection`.
#[wasm_bindgen(js_name = imageFilter)]
pub fn image_filter(filter: &str, width: u16, height: u16) -> Result<Vec<u8>, JsError> {
	let known = FilterKind::ALL.into_iter().find(|(name, _)| *name == filter);
	let (name, kind) = known.ok_or_else(|| error(format!("there is no image filter {filter}")))?;
	let artifact = fhe_ml_models::image_filter(kind, name, (width, height)).map_err(error)?;
	Ok(artifact.as_bytes().to_vec())
}

/// Compiles an ONNX model to an artifact. `columns` names the features, and `rows`, as JSON, show their ranges; both
/// empty for none.
#[wasm_bindgen(js_name = importOnnx)]
pub fn import_onnx(
	onnx: &[u8],
	name: String,
	columns: Vec<String>,
	rows: &str,
) -> Result<Vec<u8>, JsError> {
	let calibration = match columns.is_empty() {
		true => None,
		false => {
			Some(Calibration { names: columns, rows: serde_json::from_str(rows).map_err(error)? })
		},
	};
	let artifact = import(onnx, &ImportOptions { name, calibration }).map_err(error)?;
	Ok(artifact.as_bytes().to_vec())
}

/// What everybody can read of an artifact, encrypted or not, as JSON: its name, kind, sizes, cost.
#[wasm_bindgen(js_name = publicCard)]
pub fn public_card(artifact: Vec<u8>) -> Result<String, JsError> {
	let artifact = Artifact::from_bytes(artifact).map_err(error)?;
	match &artifact.card {
		Card::Public(card) => serde_json::to_string(card.as_ref()),
		Card::Encrypted(card) => serde_json::to_string(card),
		Card::Filter(card) => serde_json::to_string(card),
	}
	.map_err(error)
}
