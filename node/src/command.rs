//! Runs what the command line asks for.

use crate::{
	chain_spec,
	cli::{Cli, Subcommand},
	service,
	worker::StartWorker,
};
use fhe_ml_runtime::opaque::Block;
use sc_cli::SubstrateCli;

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"FHE-ML Node".into()
	}

	fn impl_version() -> String {
		env!("SUBSTRATE_CLI_IMPL_VERSION").into()
	}

	fn description() -> String {
		env!("CARGO_PKG_DESCRIPTION").into()
	}

	fn author() -> String {
		env!("CARGO_PKG_AUTHORS").into()
	}

	fn support_url() -> String {
		"README.md".into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
		Ok(Box::new(chain_spec::load(id)?))
	}
}

/// Runs what the command line asks for, with this worker.
pub fn run(start_worker: StartWorker) -> sc_cli::Result<()> {
	let cli = Cli::from_args();
	let Some(subcommand) = &cli.subcommand else {
		let options = cli.worker.clone();
		return cli.create_runner(&cli.run)?.run_node_until_exit(|config| async move {
			service::new_full(config, options, start_worker).map_err(sc_cli::Error::Service)
		});
	};
	match subcommand {
		Subcommand::Key(cmd) => cmd.run(&cli),
		Subcommand::NewChain(cmd) => cmd.run(),
		Subcommand::ExportChainSpec(cmd) => {
			let spec = cli.load_spec(&cmd.chain)?;
			cmd.run(spec)
		},
		Subcommand::CheckBlock(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let parts = service::new_partial(&config)?;
			Ok((cmd.run(parts.client, parts.import_queue), parts.task_manager))
		}),
		Subcommand::ExportBlocks(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let parts = service::new_partial(&config)?;
			Ok((cmd.run(parts.client, config.database), parts.task_manager))
		}),
		Subcommand::ExportState(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let parts = service::new_partial(&config)?;
			Ok((cmd.run(parts.client, config.chain_spec), parts.task_manager))
		}),
		Subcommand::ImportBlocks(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let parts = service::new_partial(&config)?;
			Ok((cmd.run(parts.client, parts.import_queue), parts.task_manager))
		}),
		Subcommand::PurgeChain(cmd) => {
			cli.create_runner(cmd)?.sync_run(|config| cmd.run(config.database))
		},
		Subcommand::Revert(cmd) => cli.create_runner(cmd)?.async_run(|config| {
			let parts = service::new_partial(&config)?;
			let revert_finality = Box::new(|client, _, blocks| {
				sc_consensus_grandpa::revert(client, blocks)?;
				Ok(())
			});
			let run = cmd.run(parts.client, parts.backend, Some(revert_finality));
			Ok((run, parts.task_manager))
		}),
		Subcommand::ChainInfo(cmd) => {
			cli.create_runner(cmd)?.sync_run(|config| cmd.run::<Block>(&config))
		},
	}
}
