//! A runtime with the pallet, sessions, Aura, balances and offences; blocks are numbers and authors.

use crate::{self as pallet_authorities, NoIdentification, pallet::*};
use frame_support::{
	derive_impl,
	traits::{ConstBool, ConstU32, ConstU64, Hooks, VariantCountOf, fungible::Mutate},
};
use frame_system::{EnsureRoot, offchain};
use pallet_session::disabling::UpToLimitDisablingStrategy;
use sp_consensus_aura::sr25519::{AuthorityId as AuraId, AuthorityPair};
use sp_core::Pair;
use sp_runtime::{
	BuildStorage,
	testing::UintAuthorityId,
	traits::{ConvertInto, OpaqueKeys},
};

pub type AccountId = u64;
pub type Extension = frame_system::AuthorizeCall<Test>;
pub type Extrinsic =
	sp_runtime::generic::UncheckedExtrinsic<AccountId, RuntimeCall, UintAuthorityId, Extension>;
pub type Header = sp_runtime::generic::Header<u64, sp_runtime::traits::BlakeTwo256>;
type Block = sp_runtime::generic::Block<Header, Extrinsic>;

pub const LENGTH: u64 = 10;
pub const BOND: u64 = 1_000;
pub const PENALTY: u64 = 100;
pub const SLASHED: AccountId = 99;
pub const REPORTABLE: u32 = 5;
pub const BARRED: u32 = 4;
pub const MAX_AUTHORITIES: u32 = if cfg!(feature = "runtime-benchmarks") { 32 } else { 8 };

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
		RuntimeTask
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;

	#[runtime::pallet_index(1)]
	pub type Timestamp = pallet_timestamp;

	#[runtime::pallet_index(2)]
	pub type Aura = pallet_aura;

	#[runtime::pallet_index(3)]
	pub type Balances = pallet_balances;

	#[runtime::pallet_index(4)]
	pub type Authorities = pallet_authorities;

	#[runtime::pallet_index(5)]
	pub type Historical = pallet_session::historical;

	#[runtime::pallet_index(6)]
	pub type Session = pallet_session;

	#[runtime::pallet_index(7)]
	pub type Offences = pallet_offences;
}

sp_runtime::impl_opaque_keys! {
	pub struct Keys {
		pub aura: Aura,
	}
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
	type RuntimeHoldReason = RuntimeHoldReason;
}

#[derive_impl(pallet_timestamp::config_preludes::TestDefaultConfig)]
impl pallet_timestamp::Config for Test {}

impl pallet_aura::Config for Test {
	type AuthorityId = AuraId;
	type DisabledValidators = Session;
	type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
	type AllowMultipleBlocksPerSlot = ConstBool<false>;
	type SlotDuration = ConstU64<2>;
}

impl pallet_session::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Authorities;
	type NextSessionRotation = Authorities;
	type SessionManager = pallet_session::historical::NoteHistoricalRoot<Self, Authorities>;
	type SessionHandler = <Keys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = Keys;
	type DisablingStrategy = UpToLimitDisablingStrategy;
	type WeightInfo = ();
	type Currency = Balances;
	type KeyDeposit = ConstU64<0>;
}

impl pallet_session::historical::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type FullIdentification = ();
	type FullIdentificationOf = NoIdentification;
}

impl pallet_offences::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
	type OnOffenceHandler = Authorities;
}

impl Config for Test {
	type BondCurrency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type AdminOrigin = EnsureRoot<AccountId>;
	type ReportOffence = Offences;
	type CandidateBond = ConstU64<BOND>;
	type OfflinePenalty = ConstU64<PENALTY>;
	type SlashAccount = ConstU64<SLASHED>;
	type MinSessionLength = ConstU64<LENGTH>;
	type MaxSessionLength = ConstU64<100>;
	type ReportableSessions = ConstU32<REPORTABLE>;
	type BarredSessions = ConstU32<BARRED>;
	type WeightInfo = crate::weights::SubstrateWeight<Test>;
}

impl<Call> offchain::CreateTransactionBase<Call> for Test
where
	RuntimeCall: From<Call>,
{
	type Extrinsic = Extrinsic;
	type RuntimeCall = RuntimeCall;
}

impl<Call> offchain::CreateTransaction<Call> for Test
where
	RuntimeCall: From<Call>,
{
	type Extension = Extension;

	fn create_transaction(call: RuntimeCall, extension: Extension) -> Extrinsic {
		Extrinsic::new_transaction(call, extension)
	}
}

impl<Call> offchain::CreateAuthorizedTransaction<Call> for Test
where
	RuntimeCall: From<Call>,
{
	fn create_extension() -> Extension {
		Extension::new()
	}
}

/// The Aura key of an account.
pub fn pair(account: AccountId) -> AuthorityPair {
	AuthorityPair::from_seed(&[account as u8; 32])
}

/// The session keys of an account.
pub fn keys(account: AccountId) -> Keys {
	Keys { aura: pair(account).public() }
}

/// Runs a test on a chain whose permanent authorities are `1..=permanent`, and checks the books at its end.
/// Accounts 1 to 20 have money, those from 11 on session keys, too.
pub fn run(permanent: u64, test: impl FnOnce()) {
	let session = pallet_session::GenesisConfig::<Test> {
		keys: (1..=permanent).map(|account| (account, account, keys(account))).collect(),
		non_authority_keys: (11..=20).map(|account| (account, account, keys(account))).collect(),
	};
	let genesis = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: (1..=20).map(|account| (account, 10_000)).collect(),
			..Default::default()
		},
		authorities: GenesisConfig {
			permanent: (1..=permanent).collect(),
			session_length: Some(LENGTH),
		},
		session,
		..Default::default()
	};
	let mut externalities = sp_io::TestExternalities::from(genesis.build_storage().unwrap());
	externalities.execute_with(|| {
		Balances::mint_into(&SLASHED, 1_000).unwrap();
		System::set_block_number(1);
		test();
		Authorities::do_try_state().unwrap();
	});
}

/// Blocks up to the end of this session, authored in turns by those of the set who are not `silent`.
pub fn session(silent: &[AccountId]) {
	let index = Session::current_index();
	while Session::current_index() == index {
		block(silent);
	}
}

/// As many sessions, in which nobody is silent.
pub fn sessions(count: u32) {
	(0..count).for_each(|_| session(&[]));
}

fn block(silent: &[AccountId]) {
	use pallet_authorship::EventHandler;
	let number = System::block_number() + 1;
	let parent = sp_core::H256::from_low_u64_be(number - 1);
	System::initialize(&number, &parent, &Default::default());
	let disabled = Session::disabled_validators();
	let awake: Vec<_> = Session::validators()
		.into_iter()
		.zip(0u32..)
		.filter(|(account, at)| !silent.contains(account) && !disabled.contains(at))
		.collect();
	let (author, _) = awake[number as usize % awake.len()];
	Authorities::note_author(author);
	Session::on_initialize(number);
}

/// The set of this session.
pub fn set() -> Vec<AccountId> {
	Session::validators()
}

/// Whether an event was deposited in this block.
pub fn happened(event: Event<Test>) -> bool {
	System::events().into_iter().any(|record| record.event == event.clone().into())
}

/// What is held of an account.
pub fn held(account: AccountId) -> u64 {
	use frame_support::traits::fungible::InspectHold;
	Balances::balance_on_hold(&HoldReason::CandidateBond.into(), &account)
}
