//! The command line.

use crate::new_chain::NewChainCmd;
use fhe_ml_worker::WatchShare;
use std::{num::NonZeroUsize, path::PathBuf};

/// A collator of the fhe-ml chain: authors blocks and evaluates models on encrypted inputs.
#[derive(Debug, clap::Parser)]
pub struct Cli {
	#[command(subcommand)]
	pub subcommand: Option<Subcommand>,

	#[command(flatten)]
	pub run: sc_cli::RunCmd,

	#[command(flatten)]
	pub worker: WorkerOptions,
}

/// How this node evaluates jobs.
#[derive(Clone, Debug, clap::Args)]
pub struct WorkerOptions {
	/// Threads that evaluate models [default: all cores but one].
	#[arg(long, value_name = "N")]
	pub worker_threads: Option<NonZeroUsize>,

	/// Folder with the files of private models (.fhemlp) that this node evaluates; it is looked through again
	/// and again.
	#[arg(long, value_name = "DIR")]
	pub private_models: Option<PathBuf>,

	/// File whose first line is the passphrase of those files.
	#[arg(long, value_name = "FILE", requires = "private_models")]
	pub private_models_passphrase: Option<PathBuf>,

	/// Memory for the expanded selectors of a bootstrap key, in MiB: all of them take up to 390, and need not be expanded
	/// again for the next row of a deep network then.
	#[arg(long, value_name = "MIB", default_value_t = 512)]
	pub selector_memory: usize,

	/// How many of the jobs of other workers this node evaluates again when it has nothing else to do: all, none, or
	/// 1/N. It challenges what is wrong, for half of the liar's bond; what it answers with is held from the
	/// worker's operator until the court has decided.
	#[arg(long, value_name = "SHARE", default_value = "1/16")]
	pub watch: WatchShare,

	/// Do not evaluate jobs, even if this node has a worker key.
	#[arg(long)]
	pub no_worker: bool,
}

#[derive(Debug, clap::Subcommand)]
#[allow(clippy::large_enum_variant)] // Parsed once.
pub enum Subcommand {
	/// Make, insert and inspect keys.
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Make a new chain: its specification, and keys for its first authorities.
	NewChain(NewChainCmd),

	/// Export a chain specification.
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Validate blocks.
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Export blocks.
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Export the state of a block into a chain specification.
	ExportState(sc_cli::ExportStateCmd),

	/// Import blocks.
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Remove the whole chain from this machine.
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Revert the chain to a previous state.
	Revert(sc_cli::RevertCmd),

	/// Show figures about the database.
	ChainInfo(sc_cli::ChainInfoCmd),
}
