//! The command line.

use clap::{Args, Parser, Subcommand, builder::PossibleValuesParser};
use fhe_ml_client::{
	chain::{Account, Chain, ChainError, Light, Source},
	known_models::HexHash,
	rows::RowRange,
};
use fhe_ml_models::{FilterKind, Step};
use fhe_ml_primitives::Fhe;
use std::{
	num::{NonZeroU32, NonZeroUsize},
	path::PathBuf,
};
use tokio::sync::OnceCell;

/// Machine learning on a blockchain, on data that nobody but its owner can read.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
	/// Print JSON, one object per line, and no progress.
	#[arg(long, global = true)]
	pub json: bool,

	#[command(subcommand)]
	pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
	/// Make a client key (secret) and its server key (public).
	Keygen {
		/// Folder for client.key and server.key.
		#[arg(long, value_name = "DIR")]
		out: PathBuf,
	},
	/// Import, inspect, register and list models.
	#[command(subcommand)]
	Model(ModelCommand),
	/// Register and remove server keys on the chain. Linear models need none, all others do.
	#[command(subcommand)]
	Key(KeyCommand),
	/// Join and leave the workers of the chain.
	#[command(subcommand)]
	Worker(WorkerCommand),
	/// Be an authority of the chain: author its blocks and vote on finality.
	#[command(subcommand)]
	Authority(AuthorityCommand),
	/// Show what one prediction costs.
	Quote {
		/// Number of the model on the chain.
		#[arg(long)]
		model: u32,
		#[command(flatten)]
		redundancy: Redundancy,
		#[command(flatten)]
		node: Node,
	},
	/// Encrypt rows, have the chain evaluate a model on them, and decrypt the results.
	Predict(Predict),
	/// Encrypt one row into a file, for polkadot.js.
	Encrypt(Encrypt),
	/// Decrypt a result that the chain has for an encrypted row.
	Decrypt(Decrypt),
	/// Evaluate a finished job again and say whether its result is right. Anybody can: nothing is decrypted.
	Verify(Verify),
	/// Evaluate a finished job of a private model again, with its file, and say whether its result is right.
	Audit(Audit),
	/// Remove a finished job from the chain and get its deposit back.
	Release {
		/// Number of the job.
		#[arg(long)]
		job: u64,
		#[command(flatten)]
		signer: Signer,
	},
	/// Encrypt, evaluate and decrypt rows on this machine, without a chain.
	Evaluate(Evaluate),
	/// Serve the web page, on this machine only.
	App(App),
}

#[derive(Subcommand)]
pub enum ModelCommand {
	/// Compile an ONNX model to a .fheml file.
	Import {
		/// The ONNX file.
		onnx: PathBuf,
		/// Name of the model [default: the file's].
		#[arg(long)]
		name: Option<String>,
		/// CSV file with a header: its columns name the features, its rows show their ranges.
		#[arg(long, value_name = "CSV")]
		calibration: Option<PathBuf>,
		/// Encrypt the model under the client key in this folder: only the owner of that key can use
		/// it, and nobody can read its weights on the chain. Writes a schema next to the .fheml file.
		#[arg(long, value_name = "DIR")]
		encrypt_for: Option<PathBuf>,
		/// Pad the trees of an encrypted model, so that nothing but their number and depth shows.
		#[arg(long, requires = "encrypt_for")]
		hide_shape: bool,
		#[command(flatten)]
		private: PrivateImport,
		/// The .fheml file to write.
		#[arg(short, long, value_name = "FHEML")]
		output: PathBuf,
	},
	/// Make a model of an image filter: identity, inverted, rotate, black-and-white, blur, sharpen or
	/// ridge-detection.
	Filter {
		/// What it does.
		#[arg(value_parser = PossibleValuesParser::new(FilterKind::ALL.map(|(name, _)| name)))]
		filter: String,
		/// Name of the model [default: the filter's].
		#[arg(long)]
		name: Option<String>,
		/// Columns of the images.
		#[arg(long, default_value_t = 100)]
		width: u16,
		/// Rows of the images.
		#[arg(long, default_value_t = 100)]
		height: u16,
		/// The .fheml file to write.
		#[arg(short, long, value_name = "FHEML")]
		output: PathBuf,
	},
	/// List the ONNX operators that import follows into the encrypted core, and those that the client runs.
	Operators,
	/// Show the card of a model.
	Inspect {
		/// The .fheml file.
		model: PathBuf,
		/// Folder with client.key, to see all of an encrypted model.
		#[arg(long = "key", value_name = "DIR")]
		key: Option<PathBuf>,
		#[command(flatten)]
		schema: Schema,
	},
	/// Register a model on the chain, as admin.
	Register {
		/// The .fheml file.
		model: PathBuf,
		#[command(flatten)]
		signer: Signer,
	},
	#[command(flatten)]
	Owner(OwnerCommand),
	/// Retire a model on the chain, as admin, or as owner of a private one: it takes no new requests.
	Retire {
		/// Number of the model.
		model: u32,
		#[command(flatten)]
		signer: Signer,
	},
	/// List the models on the chain.
	List {
		#[command(flatten)]
		node: Node,
	},
}

fn power_of_two(text: &str) -> Result<NonZeroU32, String> {
	let number = text.parse().ok().filter(|number: &NonZeroU32| number.is_power_of_two());
	number.ok_or_else(|| "it is no power of two".into())
}

/// How to make a model private.
#[derive(Args)]
pub struct PrivateImport {
	/// Make the model private: anybody may ask, and only the evaluators that you name have it. Writes a .fhemlp
	/// file for them next to the .fheml file. Needs --calibration.
	#[arg(long, requires = "calibration", conflicts_with = "encrypt_for")]
	pub private: bool,
	/// Comparisons that users of trees encrypt: decoys:N (for every feature N, the trees' among them),
	/// quantiles:N (thresholds move to N quantiles of a feature), exact (the trees' only), or like:FHEML (those of
	/// another private model, so that nobody can tell both apart).
	#[arg(long, value_name = "GRID", default_value = "decoys:48", requires = "private")]
	pub grid: String,
	/// Noise that hides the model, as a multiple of the evaluation's, at least; a power of two.
	#[arg(long, value_name = "N", default_value = "64", value_parser = power_of_two, requires = "private")]
	pub kappa: NonZeroU32,
	/// File whose first line is a passphrase for the .fhemlp file.
	#[arg(long, value_name = "FILE", requires = "private")]
	pub passphrase_file: Option<PathBuf>,
}

/// What the owner of a private model offers.
#[derive(Args)]
pub struct OfferTerms {
	/// Public key of a worker that has the private file (0x...), as `fhe-ml worker list` shows it; once for each.
	#[arg(long = "evaluator", value_name = "KEY", required = true)]
	pub evaluators: Vec<String>,
	/// Price of a row in FHE, which you get besides the workers' fee.
	#[arg(long, value_name = "FHE")]
	pub price: Fhe,
	/// Most requests of an account in a period [default: no bound].
	#[arg(long, value_name = "N")]
	pub quota: Option<u32>,
	/// Blocks of a period.
	#[arg(long, value_name = "BLOCKS", default_value_t = 43_200, requires = "quota")]
	pub period: u32,
	/// Account that may condemn wrong results, besides the admin.
	#[arg(long, value_name = "ADDRESS")]
	pub auditor: Option<String>,
}

/// What the owner of a private model does.
#[derive(Subcommand)]
pub enum OwnerCommand {
	/// Register a private model: anybody may. A deposit and a bond are held from --suri.
	Offer {
		/// The .fheml file.
		model: PathBuf,
		/// The .fhemlp file, which stays here: the chain gets a commitment to it.
		#[arg(long, value_name = "FHEMLP")]
		private: PathBuf,
		/// File whose first line is its passphrase.
		#[arg(long, value_name = "FILE")]
		passphrase_file: Option<PathBuf>,
		#[command(flatten)]
		terms: OfferTerms,
		#[command(flatten)]
		signer: Signer,
	},
	/// Change the terms of your private model. Open jobs keep theirs, and new ones come into force a minute later.
	Terms {
		/// Number of the model.
		model: u32,
		#[command(flatten)]
		terms: OfferTerms,
		#[command(flatten)]
		signer: Signer,
	},
	/// Let your private model take requests again, after its evaluators had different results.
	Resume {
		/// Number of the model.
		model: u32,
		#[command(flatten)]
		signer: Signer,
	},
	/// Get the bond of your private model back, some time after it was retired.
	WithdrawBond {
		/// Number of the model.
		model: u32,
		#[command(flatten)]
		signer: Signer,
	},
}

#[derive(Subcommand)]
pub enum KeyCommand {
	/// Register the server key, for models that need one.
	Register {
		#[command(flatten)]
		key: Key,
		/// Register the bootstrap key, too, which deep networks take besides.
		#[arg(long, conflicts_with = "for_model")]
		deep: bool,
		/// Register the key for the owner of this private model instead: each owner gets a key of its own, which
		/// is made from the one in the folder.
		#[arg(long, value_name = "MODEL")]
		for_model: Option<u32>,
		/// Make that owner's next key first: one key serves 256 answers.
		#[arg(long, requires = "for_model")]
		next: bool,
		#[command(flatten)]
		signer: Signer,
	},
	/// Write the bootstrap key into a file, for polkadot.js: `key register --deep` registers it without.
	Bootstrap {
		#[command(flatten)]
		key: Key,
		/// The file.
		#[arg(long, value_name = "FILE", default_value = "bootstrap.key")]
		output: PathBuf,
	},
	/// Remove the server key, and the bootstrap key with it, and get their deposits back.
	Remove {
		#[command(flatten)]
		key: Key,
		/// Remove all keys for the owner of this private model instead.
		#[arg(long, value_name = "MODEL")]
		for_model: Option<u32>,
		#[command(flatten)]
		signer: Signer,
	},
}

#[derive(Subcommand)]
pub enum WorkerCommand {
	/// Make a worker key in the keystore of the node at --url and join with it. The bond is held from
	/// --suri, which is paid for the worker's results.
	Join {
		#[command(flatten)]
		signer: Signer,
	},
	/// Leave: the worker is assigned no more jobs, and its bond is free after a while.
	Leave {
		#[command(flatten)]
		worker: WorkerKey,
		#[command(flatten)]
		signer: Signer,
	},
	/// Get the bond of a worker back that left long enough ago.
	Withdraw {
		#[command(flatten)]
		worker: WorkerKey,
		#[command(flatten)]
		signer: Signer,
	},
	/// Resume a worker that was suspended for a missed deadline, once its node runs again.
	Resume {
		#[command(flatten)]
		worker: WorkerKey,
		#[command(flatten)]
		signer: Signer,
	},
	/// List the workers of the chain.
	List {
		#[command(flatten)]
		node: Node,
	},
}

#[derive(Subcommand)]
pub enum AuthorityCommand {
	/// Make session keys in the keystore of the node at --url, register them for --suri, and become a
	/// candidate with its bond.
	Join {
		/// The bond, in FHE [default: the least one]. More goes before less.
		#[arg(long, value_name = "FHE")]
		bond: Option<u64>,
		#[command(flatten)]
		signer: Signer,
	},
	/// Leave the candidates. Let the node run until the authority is in no set any more.
	Leave {
		#[command(flatten)]
		signer: Signer,
	},
	/// Get the bond back, some time after leaving.
	Withdraw {
		#[command(flatten)]
		signer: Signer,
	},
	/// Come back after a session without a block, once the node runs again: an authority on the admin's
	/// list as it was, a candidate with the bond filled up.
	ComeBack {
		#[command(flatten)]
		signer: Signer,
	},
	/// List the authorities of the chain.
	List {
		#[command(flatten)]
		node: Node,
	},
}

/// Which worker.
#[derive(Args)]
pub struct WorkerKey {
	/// Public key of the worker (0x...), as `fhe-ml worker list` shows it.
	#[arg(long = "worker", value_name = "KEY")]
	pub key: String,
}

/// How many workers must agree.
#[derive(Args)]
pub struct Redundancy {
	/// Workers that must get the same result, byte for byte, each paid for its work.
	#[arg(long = "redundancy", value_name = "K", default_value_t = 1)]
	pub count: u8,
}

/// Where the keys are.
#[derive(Args)]
pub struct Key {
	/// Folder with client.key and server.key.
	#[arg(long = "key", value_name = "DIR")]
	pub folder: PathBuf,
}

/// Where the schema of an encrypted model is.
#[derive(Args)]
pub struct Schema {
	/// Schema of an encrypted model [default: the .schema file next to the .fheml file].
	#[arg(long = "schema", value_name = "FILE")]
	pub path: Option<PathBuf>,
}

/// Which artifact the model must have.
#[derive(Args)]
pub struct ModelHash {
	/// Hash of the model's artifact (0x...), as `fhe-ml model inspect` shows it; a model with another one is
	/// refused [default: the hash at the model's first use, from `known-models` in the key folder].
	#[arg(long = "model-hash", value_name = "HASH")]
	pub named: Option<HexHash>,
}

/// Whether results are decrypted as they come.
#[derive(Args)]
pub struct Trust {
	/// Decrypt without evaluating again what the worker has evaluated. A worker that lies can then learn your
	/// client key from the scores that you show or act upon.
	#[arg(long = "trust-worker")]
	pub worker: bool,
}

/// Which node to talk to, or which chain to verify.
#[derive(Args)]
pub struct Node {
	/// WebSocket of a node. The tool believes what it says of the chain: it must be yours, or use --light.
	#[arg(long, env = "FHE_ML_URL", default_value = "ws://127.0.0.1:9944")]
	pub url: String,
	/// Chain specification (raw JSON). With it the tool is a light client: it believes no node, but verifies
	/// finality votes and storage proofs. --url is not used.
	#[arg(long, env = "FHE_ML_LIGHT", value_name = "SPEC")]
	pub light: Option<PathBuf>,
	/// Full node that the light client asks, /ip4/.../tcp/.../p2p/...; it needs no trust [default: those in
	/// the specification].
	#[arg(long = "bootnode", value_name = "ADDRESS", requires = "light")]
	pub bootnodes: Vec<String>,
	/// One for a whole command: a light client takes seconds to start.
	#[arg(skip)]
	connection: OnceCell<Chain>,
}

impl Node {
	/// What a program is connected to.
	pub fn connected(chain: Chain) -> Self {
		let connection = OnceCell::new_with(Some(chain));
		Self { url: String::new(), light: None, bootnodes: Vec::new(), connection }
	}

	/// Connects to the node, or starts the light client; once, however often it is called.
	pub async fn connect(&self) -> Result<Chain, ChainError> {
		let source = || Source { url: self.url.clone(), light: self.light() };
		let connect = || async { Chain::connect(&source()).await };
		self.connection.get_or_try_init(connect).await.cloned()
	}

	/// What the light client starts from, if there is to be one.
	pub fn light(&self) -> Option<Light> {
		let light = |spec| Light { spec, bootnodes: self.bootnodes.clone() };
		self.light.clone().map(light)
	}
}

/// Who signs, and which node to talk to.
#[derive(Args)]
pub struct Signer {
	/// Secret phrase, seed, or development account like //Alice. It pays fees and deposits.
	#[arg(long, env = "FHE_ML_SURI", hide_env_values = true)]
	pub suri: Account,
	#[command(flatten)]
	pub node: Node,
}

/// Rows of a CSV file.
#[derive(Args)]
pub struct Input {
	/// CSV file whose header names the model's features.
	#[arg(long = "input", value_name = "CSV")]
	pub table: PathBuf,
}

#[derive(Args)]
pub struct App {
	/// Port on 127.0.0.1; 0 for any that is free.
	#[arg(long, default_value_t = 8888)]
	pub port: u16,
	#[command(flatten)]
	pub node: Node,
}

#[derive(Args)]
pub struct Predict {
	/// Number of the model on the chain.
	#[arg(long)]
	pub model: u32,
	#[command(flatten)]
	pub input: Input,
	/// Rows a..b, b excluded, counted from 0 [default: all].
	#[arg(long, value_name = "A..B")]
	pub rows: Option<RowRange>,
	#[command(flatten)]
	pub key: Key,
	#[command(flatten)]
	pub schema: Schema,
	#[command(flatten)]
	pub redundancy: Redundancy,
	/// Most that one row may cost, in units of 10^-12 FHE [default: a tenth more than this machine computes
	/// from the model and the chain's prices, and at most four times the prices of this release].
	#[arg(long)]
	pub max_fee: Option<u128>,
	/// Show the scores of a private model, not only what it predicts. Nobody but its owner's evaluators can check
	/// them, and made-up ones tell whoever sees them bits of your client key.
	#[arg(long)]
	pub scores: bool,
	/// Show a private model's value as a multiple of this number, which tells fewer bits than all of its digits.
	#[arg(long, value_name = "STEP")]
	pub round: Option<Step>,
	/// Write the predictions into this CSV file instead of showing them. A run that is interrupted goes on where it
	/// was when the same command is given again, and asks and pays for nothing twice.
	#[arg(long, value_name = "CSV")]
	pub output: Option<PathBuf>,
	/// Most rows of one request; what rows of one request have in common is paid for once [default: some seconds
	/// of evaluation, within the chain's bounds].
	#[arg(long, value_name = "N")]
	pub rows_per_request: Option<NonZeroUsize>,
	/// Remove the jobs from the chain afterwards, for their deposits.
	#[arg(long)]
	pub release: bool,
	#[command(flatten)]
	pub model_hash: ModelHash,
	#[command(flatten)]
	pub trust: Trust,
	#[command(flatten)]
	pub signer: Signer,
}

#[derive(Args)]
pub struct Verify {
	/// Number of the job.
	#[arg(long)]
	pub job: u64,
	/// The .fheml file of the model [default: what the chain has].
	#[arg(long, value_name = "FHEML")]
	pub model: Option<PathBuf>,
	/// Hash of the model's artifact (0x...); a model with another one is refused.
	#[arg(long, value_name = "HASH")]
	pub model_hash: Option<HexHash>,
	/// If the outcome is wrong, challenge it as --suri: a bond is held until the chain has evaluated the job itself.
	#[arg(long, requires = "suri")]
	pub challenge: bool,
	/// Secret phrase, seed, or development account like //Alice, for --challenge.
	#[arg(long, env = "FHE_ML_SURI", hide_env_values = true)]
	pub suri: Option<Account>,
	#[command(flatten)]
	pub node: Node,
}

#[derive(Args)]
pub struct Audit {
	/// Number of the job.
	#[arg(long)]
	pub job: u64,
	/// The .fhemlp file of the model.
	#[arg(long, value_name = "FHEMLP")]
	pub private: PathBuf,
	/// File whose first line is its passphrase.
	#[arg(long, value_name = "FILE")]
	pub passphrase_file: Option<PathBuf>,
	/// If the result is wrong, say so on the chain as this account, which must be the model's auditor.
	#[arg(long, value_name = "SURI")]
	pub condemn: Option<Account>,
	#[command(flatten)]
	pub node: Node,
}

#[derive(Args)]
pub struct Encrypt {
	/// A .fheml file, or the number of a model on the chain.
	#[arg(long)]
	pub model: String,
	#[command(flatten)]
	pub input: Input,
	/// Which row, counted from 0.
	#[arg(long, default_value_t = 0)]
	pub row: usize,
	/// Rows a..b, b excluded, as the input of one request.
	#[arg(long, value_name = "A..B", conflicts_with = "row")]
	pub rows: Option<RowRange>,
	#[command(flatten)]
	pub key: Key,
	#[command(flatten)]
	pub schema: Schema,
	/// File for the encrypted rows.
	#[arg(short, long)]
	pub output: PathBuf,
	#[command(flatten)]
	pub model_hash: ModelHash,
	#[command(flatten)]
	pub node: Node,
}

#[derive(Args)]
pub struct Decrypt {
	/// Show the scores of a private model, not only what it predicts. Nobody but its owner's evaluators can check
	/// them, and made-up ones tell whoever sees them bits of your client key.
	#[arg(long)]
	pub scores: bool,
	/// Show a private model's value as a multiple of this number, which tells fewer bits than all of its digits.
	#[arg(long, value_name = "STEP")]
	pub round: Option<Step>,
	/// Number of the job; takes the input and the result from the chain.
	#[arg(long, conflicts_with_all = ["input", "result"])]
	pub job: Option<u64>,
	/// A .fheml file, or the number of a model on the chain [default with --job: the job's].
	#[arg(long, required_unless_present = "job")]
	pub model: Option<String>,
	/// File with the encrypted row.
	#[arg(long, required_unless_present = "job")]
	pub input: Option<PathBuf>,
	/// File with the result: bytes, or the 0x... that polkadot.js shows.
	#[arg(long, required_unless_present = "job")]
	pub result: Option<PathBuf>,
	#[command(flatten)]
	pub key: Key,
	#[command(flatten)]
	pub schema: Schema,
	#[command(flatten)]
	pub model_hash: ModelHash,
	#[command(flatten)]
	pub trust: Trust,
	#[command(flatten)]
	pub node: Node,
}

#[derive(Args)]
pub struct Evaluate {
	/// The .fheml file.
	pub model: PathBuf,
	#[command(flatten)]
	pub input: Input,
	/// Rows a..b, b excluded, counted from 0 [default: all].
	#[arg(long, value_name = "A..B")]
	pub rows: Option<RowRange>,
	/// Run the quantised model on plaintext, without any encryption.
	#[arg(long)]
	pub clear: bool,
	/// Threads for one evaluation; linear models use one whatever this says.
	#[arg(long, default_value = "1")]
	pub threads: NonZeroUsize,
	/// Rows that are encrypted and evaluated together, as one request.
	#[arg(long, value_name = "N", default_value = "1")]
	pub rows_per_request: NonZeroUsize,
	/// Folder with client.key and server.key; not needed with --clear.
	#[arg(long = "key", value_name = "DIR", required_unless_present = "clear")]
	pub key: Option<PathBuf>,
	#[command(flatten)]
	pub schema: Schema,
}
