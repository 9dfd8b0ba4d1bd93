//! What an inference costs, computed on this machine: a node may quote anything.

use super::{best_block::BestBlock, error::ChainError};
use fhe_ml_models::Artifact;

/// What the chain charges for, in its smallest units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
	/// Every inference.
	pub base: u128,
	/// A work unit of one worker.
	pub work: u128,
	/// A byte of input and result.
	pub byte: u128,
	/// Work units that loading a server key counts for.
	pub server_key_work: u64,
	/// Work units that loading a kibibyte of model and input counts for.
	pub kibibyte_work: u64,
}

impl Prices {
	/// Those of this release, rounded up where releases differ.
	pub const OF_RELEASE: Self = Self {
		base: 1_000_000_000,
		work: 1_000_000,
		byte: 100_000,
		server_key_work: 50_000,
		kibibyte_work: 20,
	};

	/// Work units of a request of this many rows, for all its workers.
	pub fn work_of(&self, model: &Artifact, redundancy: u8, rows: u32) -> u64 {
		let circuit = &model.circuit;
		let input = circuit.input_bytes_of(rows);
		let kibibytes = model.as_bytes().len().saturating_add(input).div_ceil(1024) as u64;
		let key = if circuit.kind().needs_server_key() { self.server_key_work } else { 0 };
		let loading = kibibytes.saturating_mul(self.kibibyte_work).saturating_add(key);
		circuit.work_of(rows).saturating_add(loading).saturating_mul(redundancy.into())
	}

	/// What a request of this many rows costs.
	pub fn fee(&self, model: &Artifact, redundancy: u8, rows: u32) -> u128 {
		let circuit = &model.circuit;
		let work = self.work_of(model, redundancy, rows);
		let bytes = circuit.input_bytes_of(rows).saturating_add(circuit.result_bytes_of(rows));
		let for_work = self.work.saturating_mul(work.into());
		self.base.saturating_add(for_work).saturating_add(self.byte.saturating_mul(bytes as u128))
	}

	/// Most that is paid for a request unless the user allows more: a tenth more than by these prices, and
	/// never more than four times what it costs by those of this release, since it may be a node that names
	/// the prices.
	pub fn most(&self, model: &Artifact, redundancy: u8, rows: u32) -> u128 {
		let fee = self.fee(model, redundancy, rows);
		let of_release = Self::OF_RELEASE.fee(model, redundancy, rows);
		fee.saturating_add(fee / 10).min(of_release.saturating_mul(4))
	}
}

impl BestBlock {
	/// The prices in the constants of the chain's runtime. A light client has verified them.
	///
	/// # Errors
	/// If the runtime has other constants.
	pub fn prices(&self) -> Result<Prices, ChainError> {
		Ok(Prices {
			base: self.constant("BaseFee")?,
			work: self.constant("FeePerWork")?,
			byte: self.constant("FeePerByte")?,
			// Runtimes before version 5 charge for evaluation only.
			server_key_work: self.constant("ServerKeyWork").unwrap_or_default(),
			kibibyte_work: self.constant("WorkPerKibibyte").unwrap_or_default(),
		})
	}
}
