//! The runtime of the fhe-ml chain: Aura, GRANDPA, balances, sudo, `pallet-beacon` and
//! `pallet-fhe-ml`.

#![cfg_attr(not(feature = "std"), no_std)]
// The runtime macros generate undocumented items and `expect`s.
#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

extern crate alloc;

#[cfg(feature = "std")]
#[allow(dead_code)] // The generated file has more than the node needs.
mod wasm {
	include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}
#[cfg(feature = "std")]
pub use wasm::WASM_BINARY;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod configs;
mod court;
pub mod genesis_config_presets;

use alloc::vec::Vec;
use sp_runtime::{
	MultiAddress, MultiSignature, generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
};
use sp_version::RuntimeVersion;

/// Types for the node, which must not depend on the runtime's own.
pub mod opaque {
	use super::*;

	pub use sp_runtime::OpaqueExtrinsic as UncheckedExtrinsic;

	/// Block header.
	pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
	/// Block.
	pub type Block = generic::Block<Header, UncheckedExtrinsic>;
}

impl_opaque_keys! {
	pub struct SessionKeys {
		pub aura: Aura,
		pub grandpa: Grandpa,
		pub worker: FheMl,
	}
}

#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: alloc::borrow::Cow::Borrowed("fhe-ml"),
	impl_name: alloc::borrow::Cow::Borrowed("fhe-ml-node"),
	authoring_version: 1,
	spec_version: 9,
	impl_version: 1,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 3,
	system_version: 1,
};

/// Two seconds: a user waits for a result two blocks, and two seconds leave room for 4 MB blocks
/// to spread. It cannot be changed once a chain has started.
pub const SLOT_DURATION_MILLIS: u64 = 2000;

pub const MINUTES: BlockNumber = 60_000 / (SLOT_DURATION_MILLIS as BlockNumber);
pub const HOURS: BlockNumber = MINUTES * 60;

/// Blocks of a session of a new chain: a node that restarts or is upgraded is back well within.
pub const SESSION_BLOCKS: BlockNumber = HOURS;
/// Sessions after which an offence can no longer be reported: a week of hours.
pub const REPORTABLE_SESSIONS: u32 = 7 * 24;

pub use fhe_ml_primitives::UNIT;
pub const MILLI_UNIT: Balance = UNIT / 1_000;
pub const MICRO_UNIT: Balance = UNIT / 1_000_000;
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_UNIT;

pub type Signature = MultiSignature;
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
pub type Balance = u128;
pub type Nonce = u32;
pub type Hash = sp_core::H256;
pub type BlockNumber = u32;
pub type Address = MultiAddress<AccountId, ()>;
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// `AuthorizeCall` comes first: the extensions after it see the authorized origin.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);

pub type UncheckedExtrinsic =
	generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;

pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;

	#[runtime::pallet_index(1)]
	pub type Timestamp = pallet_timestamp;

	#[runtime::pallet_index(2)]
	pub type Aura = pallet_aura;

	#[runtime::pallet_index(3)]
	pub type Grandpa = pallet_grandpa;

	#[runtime::pallet_index(4)]
	pub type Balances = pallet_balances;

	#[runtime::pallet_index(5)]
	pub type TransactionPayment = pallet_transaction_payment;

	#[runtime::pallet_index(6)]
	pub type Sudo = pallet_sudo;

	#[runtime::pallet_index(7)]
	pub type FheMl = pallet_fhe_ml;

	/// Hooks run in the order of these indices. The beacon takes down whose turn a block is before a
	/// session that begins in it replaces the authorities: whatever does that needs a higher index.
	#[runtime::pallet_index(8)]
	pub type Beacon = pallet_beacon;

	// For the same reason authors are noted (10) before sessions end (13).
	#[runtime::pallet_index(10)]
	pub type Authorship = pallet_authorship;

	#[runtime::pallet_index(11)]
	pub type Authorities = pallet_authorities;

	#[runtime::pallet_index(12)]
	pub type Historical = pallet_session::historical;

	#[runtime::pallet_index(13)]
	pub type Session = pallet_session;

	#[runtime::pallet_index(14)]
	pub type Offences = pallet_offences;
}

#[cfg(test)]
mod tests;
