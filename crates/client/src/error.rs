//! Why a command failed.

use crate::words::counted;
use fhe_ml_client::{
	chain::{ChainError, LightError},
	files::FileError,
	known_models::KnownModelError,
	local::LocalError,
	owner_keys::OwnerKeyError,
	rows::TableError,
};
use fhe_ml_engine::{BootstrapKeyError, DecryptError, EvaluateError};
use fhe_ml_models::{
	AnswerError, ArtifactError, EncryptModelError, EncryptRowError, FilterError, ImportError,
	ModelError, PredictError, PrivateError, PrivateFileError, ProgramError, SchemaError,
	VerifyError,
};
use std::path::PathBuf;

/// Why a command failed: one sentence, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
	#[error(transparent)]
	File(#[from] FileError),
	#[error(transparent)]
	Table(#[from] TableError),
	#[error(transparent)]
	Chain(#[from] ChainError),
	#[error(transparent)]
	Light(#[from] LightError),
	#[error("{0}")]
	Import(#[from] ImportError),
	#[error("the model is not usable: {0}")]
	Artifact(#[from] ArtifactError),
	#[error("{0}")]
	Filter(#[from] FilterError),
	#[error("{0}")]
	EncryptModel(#[from] EncryptModelError),
	#[error("{0}")]
	Schema(#[from] SchemaError),
	#[error(
		"model {0} is encrypted; name the schema that `fhe-ml model import` wrote with it: --schema FILE"
	)]
	NeedsSchema(u32),
	#[error("model {model} cannot be used: {source}{}", key_advice(.source))]
	Model { model: u32, source: ModelError },
	#[error(
		"the model is encrypted: it cannot be evaluated in the clear; give --key instead of --clear"
	)]
	NotClear,
	#[error("row {row}: {source}")]
	Encrypt { row: usize, source: EncryptRowError },
	#[error("row {row}: {source}")]
	Predict { row: usize, source: PredictError },
	#[error("cannot make {threads} threads: {source}")]
	Threads { threads: usize, source: rayon::ThreadPoolBuildError },
	#[error("{0}; use the key and the input that the job was requested with")]
	Decrypt(DecryptError),
	#[error(
		"the result is decrypted, and {0}: the model's card asks for more than this tool computes, so its owner must import it again"
	)]
	After(ProgramError),
	#[error(
		"{0} is not what the model gives on this input: the worker lied or runs another version, so no score is shown; publish nothing of it, ask again with --redundancy 3, and report the worker"
	)]
	WrongResult(String),
	#[error(
		"the outcome of job {0} is wrong, and challenged: `fhe-ml verify --job {0}` says what the chain makes of it"
	)]
	Challenged(u64),
	#[error("{what} is not decrypted: {source}")]
	Unverified { what: String, source: VerifyError },
	#[error(
		"there is no server key {0} on the chain, and without it nobody can verify; name a key folder that has server.key"
	)]
	NoKeyToVerify(String),
	#[error(
		"input or result of job {0} are not those of its record, which no honest node says; ask another node with --url"
	)]
	Inconsistent(u64),
	#[error("{0}")]
	Private(#[from] PrivateError),
	#[error("{0}")]
	SealPrivate(#[from] PrivateFileError),
	#[error("{path} cannot be used: {source}")]
	PrivateFile { path: PathBuf, source: PrivateFileError },
	#[error("{0}")]
	OwnerKey(#[from] OwnerKeyError),
	#[error("`{0}` is no grid; one is decoys:48, quantiles:64, exact or like:FILE.fheml")]
	Grid(String),
	#[error("`{0}` is no amount of FHE, like 0.01 or 5, with at most 12 digits after the point")]
	Price(String),
	#[error("`{0}` is not the address of an account")]
	Address(String),
	#[error("{} does not belong to {}: import both together", .private.display(), .model.display())]
	AnotherArtifact { model: PathBuf, private: PathBuf },
	#[error("model {0} is not private: `fhe-ml verify` says whether its results are right")]
	NotPrivate(u32),
	#[error("model {0} is not private: its owner gets no key of its own, so leave out --for-model")]
	NoOwnerOf(u32),
	#[error("the commitment of the file is {found}, and model {model} has {wanted}")]
	AnotherCommitment { model: u32, found: String, wanted: String },
	#[error(
		"job {0} is one of a private model: only who has its file can evaluate it again, with `fhe-ml audit`"
	)]
	NeedsAudit(u64),
	#[error("the model is private, and its owner's answers are counted: name the job with --job")]
	PrivateNeedsJob,
	#[error(
		"job {job} is one of private model {model}, whose owner the chain does not know any more: nobody answers for its result"
	)]
	NoOwner { job: u64, model: u32 },
	#[error(
		"the result of job {0} is wrong: its evaluators did not use the committed model, or changed what it gave"
	)]
	Condemned(u64),
	#[error(
		"the owner of model {model} asks {price} for each row, {total} with the workers' fee: give --max-fee {fee} if you agree to that"
	)]
	PriceNotAgreed { model: u32, price: String, total: String, fee: u128 },
	#[error("{0}")]
	KnownModel(#[from] KnownModelError),
	#[error("the evaluation failed: {0}")]
	Evaluate(#[from] EvaluateError),
	#[error(
		"{0}: client.key and server.key of a key folder must be those that `fhe-ml keygen` made together"
	)]
	BootstrapKey(#[from] BootstrapKeyError),
	#[error("cannot write JSON: {0}")]
	Json(#[from] serde_json::Error),
	#[error(
		"model {model} takes no requests with redundancy {redundancy}: it is retired, or the chain's limits do not allow that; `fhe-ml model list` shows what there is"
	)]
	NoQuote { model: u32, redundancy: u8 },
	#[error(
		"model {model} takes no requests with redundancy {redundancy}: at least {least} workers must agree on its results, each paid for its work; ask again with --redundancy {least}"
	)]
	RedundancyTooLow { model: u32, redundancy: u8, least: u8 },
	#[error("model {model} is evaluated with your server key, and the chain does not have it; `fhe-ml key register --key {}` registers it", .folder.display())]
	NoServerKey { model: u32, folder: PathBuf },
	#[error("model {model} is a deep network, which takes a bootstrap key beside your server key, and the chain does not have it; `fhe-ml key register --deep --key {}` registers it", .folder.display())]
	NoBootstrapKey { model: u32, folder: PathBuf },
	#[error("the owner of model {model} gets a key of its own, and the chain does not have it; `fhe-ml key register --key {} --for-model {model}` registers it", .folder.display())]
	NoOwnerKey { model: u32, folder: PathBuf },
	#[error("the chain has none of the keys in {} that were made for the owner of model {model}", .folder.display())]
	NothingToRemove { model: u32, folder: PathBuf },
	#[error("job {0} was asked under a key that is not in this key folder")]
	KeyOfJob(u64),
	#[error(
		"the file is a private model, whose owner gets a key of its own: name the model by its number on the chain"
	)]
	PrivateByFile,
	#[error("`{0}` is not the public key of a worker; `fhe-ml worker list` shows them")]
	WorkerKey(String),
	#[error(
		"this fhe-ml was built without the page; `scripts/build-page.sh` and a new build add it"
	)]
	NoPage,
	#[error("`{0}` is not the WebSocket of a node, like ws://127.0.0.1:9944")]
	NodeUrl(String),
	#[error(
		"a browser reaches full nodes by WebSocket only, and the specification names none like \
		/ip4/127.0.0.1/tcp/30333/ws/p2p/...; name one with --bootnode (the node needs --listen-addr .../ws)"
	)]
	NoWebSocket,
	#[error("cannot serve on 127.0.0.1:{port}: {source}; name another with --port")]
	Listen { port: u16, source: std::io::Error },
	#[error("one row costs {quote}, more than --max-fee {max_fee}")]
	TooExpensive { quote: u128, max_fee: u128 },
	#[error(
		"the chain asks {quote} for {}, and it should be at most {most} by what this machine computes; \
		give --max-fee {} if you agree to that",
		counted(*.rows, "row"), .quote.div_ceil((*.rows).max(1) as u128)
	)]
	Overpriced { rows: usize, quote: u128, most: u128 },
	#[error(
		"one input has room for {most} rows of this model, not {rows}: encrypt fewer with --rows A..B"
	)]
	TooManyRows { rows: usize, most: usize },
	#[error("cannot write {path}: {source}", path = .path.display())]
	Scores { path: PathBuf, source: std::io::Error },
	#[error("cannot write CSV: {0}")]
	Csv(csv::Error),
	#[error("{} is there already: name another file with --output, or move it away", .0.display())]
	ScoresExist(PathBuf),
	#[error("another fhe-ml is writing {}", .0.display())]
	ScoresInUse(PathBuf),
	#[error(
		"{} is damaged, so nobody knows what was asked for: name another file with --output, or remove it with its folder, and the rows are asked and paid for again", .0.display()
	)]
	BooksDamaged(PathBuf),
	#[error(
		"{} has the books of a run with another table, model, key or account: give those again and it goes on, or name another file with --output", .books.display()
	)]
	AnotherRun { books: PathBuf },
	#[error(
		"{done} of {rows} rows are there, and then: {first}; give the same command again and it goes on, asking for nothing twice (--output {})", .path.display()
	)]
	Interrupted { path: PathBuf, done: usize, rows: usize, first: String },
	#[error("{failed} of {rows} rows failed; the first: {first}")]
	SomeRows { failed: usize, rows: usize, first: String },
}

impl From<LocalError> for CommandError {
	fn from(error: LocalError) -> Self {
		match error {
			LocalError::Encrypt { row, source } => Self::Encrypt { row, source },
			LocalError::Predict { row, source } => Self::Predict { row, source },
			LocalError::Evaluate(error) => Self::Evaluate(error),
			LocalError::Answer(error) => error.into(),
		}
	}
}

impl From<AnswerError> for CommandError {
	fn from(error: AnswerError) -> Self {
		match error {
			AnswerError::Decrypt(error) => Self::Decrypt(error),
			AnswerError::After(error) => Self::After(error),
		}
	}
}

/// What helps if it is the key that is wrong.
fn key_advice(error: &ModelError) -> &'static str {
	match error {
		ModelError::AnotherKey => "; `fhe-ml model list` shows the key that it needs",
		_ => "",
	}
}
