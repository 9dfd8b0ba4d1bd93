//! Sessions, authorities and what becomes of those that fail.

use super::SlashAccount;
use crate::{
	AccountId, Aura, Authorities, Balances, HOURS, Historical, Offences, REPORTABLE_SESSIONS,
	Runtime, RuntimeEvent, RuntimeHoldReason, SESSION_BLOCKS, SessionKeys, UNIT,
};
use frame_support::traits::{ConstU32, ConstU64, ConstU128};
use frame_system::EnsureRoot;
use pallet_authorities::{NoIdentification, migrations::FromFixedAuthorities};
use pallet_grandpa::{AuthorityId as GrandpaId, EquivocationReportSystem};
use pallet_session::{
	FindAccountFromAuthorIndex,
	disabling::UpToLimitDisablingStrategy,
	historical::{IdentificationTuple, NoteHistoricalRoot},
};
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_runtime::traits::{Convert, ConvertInto, OpaqueKeys};

/// Today's chains have fixed authorities.
pub type SessionsFromFixedAuthorities =
	FromFixedAuthorities<Runtime, KeysOfFixedAuthority, ConstU32<SESSION_BLOCKS>>;

/// Session keys of an authority of a chain without sessions: it has no worker key on chain that is known to be
/// its own, so its Aura key, which is of the same kind, stands there until it sets its keys.
pub struct KeysOfFixedAuthority;

impl Convert<(AuraId, GrandpaId), SessionKeys> for KeysOfFixedAuthority {
	fn convert((aura, grandpa): (AuraId, GrandpaId)) -> SessionKeys {
		let worker = sp_core::sr25519::Public::from(aura.clone()).into();
		SessionKeys { aura, grandpa, worker }
	}
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<32>;
	type MaxNominators = ConstU32<0>;
	/// There is at most one set for each session.
	type MaxSetIdSessionEntries = ConstU64<{ REPORTABLE_SESSIONS as u64 }>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem = EquivocationReportSystem<
		Self,
		Offences,
		Historical,
		// Blocks for which the pool keeps a report.
		ConstU64<{ HOURS as u64 }>,
	>;
}

impl pallet_authorship::Config for Runtime {
	type FindAuthor = FindAccountFromAuthorIndex<Self, Aura>;
	type EventHandler = Authorities;
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Authorities;
	type NextSessionRotation = Authorities;
	type SessionManager = NoteHistoricalRoot<Self, Authorities>;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	/// A third at most, less one vote: as many as GRANDPA can spare.
	type DisablingStrategy = UpToLimitDisablingStrategy;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	/// As much as 128 bytes of a job hold; keys of nobody would cost nothing.
	type KeyDeposit = ConstU128<{ UNIT / 100 }>;
}

impl pallet_session::historical::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type FullIdentification = ();
	type FullIdentificationOf = NoIdentification;
}

impl pallet_offences::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type IdentificationTuple = IdentificationTuple<Self>;
	type OnOffenceHandler = Authorities;
}

impl pallet_authorities::Config for Runtime {
	type BondCurrency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type AdminOrigin = EnsureRoot<AccountId>;
	type ReportOffence = Offences;
	/// Ten times that of a worker: an authority can harm all of the chain.
	type CandidateBond = ConstU128<{ 10_000 * UNIT }>;
	/// A thousandth of the least bond: machines fail.
	type OfflinePenalty = ConstU128<{ 10 * UNIT }>;
	type SlashAccount = SlashAccount;
	type MinSessionLength = ConstU32<10>;
	type MaxSessionLength = ConstU32<{ 24 * HOURS }>;
	type ReportableSessions = ConstU32<REPORTABLE_SESSIONS>;
	type BarredSessions = ConstU32<REPORTABLE_SESSIONS>;
	type WeightInfo = pallet_authorities::weights::SubstrateWeight<Runtime>;
}
