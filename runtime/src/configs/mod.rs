//! How each pallet is configured.

mod fees;

pub use fees::{BytesToFee, FEE_PER_TRANSACTION_BYTE, FollowFullness};

use crate::{
	AccountId, Aura, Balance, Balances, Beacon, Block, BlockNumber, EXISTENTIAL_DEPOSIT, HOURS,
	Hash, MICRO_UNIT, MILLI_UNIT, MINUTES, Nonce, PalletInfo, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeFreezeReason, RuntimeHoldReason, RuntimeOrigin, RuntimeTask, SLOT_DURATION_MILLIS,
	Session, System, TxExtension, UNIT, UncheckedExtrinsic, VERSION,
};
use frame_support::{
	PalletId, derive_impl, parameter_types,
	traits::{
		ConstBool, ConstU8, ConstU16, ConstU32, ConstU64, ConstU128, FindAuthor, Get,
		VariantCountOf,
	},
	weights::{
		IdentityFee, Weight,
		constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
	},
};
use frame_system::{
	EnsureRoot,
	limits::{BlockLength, BlockWeights},
	offchain::{CreateAuthorizedTransaction, CreateBare, CreateTransaction, CreateTransactionBase},
};
use pallet_beacon::Turn;
use pallet_transaction_payment::FungibleAdapter;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_runtime::{Perbill, generic::Era, traits::AccountIdConversion};
use sp_version::RuntimeVersion;

const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(75);

/// Five MiB, of which 3.75 are for ordinary extrinsics: a 2.5 MB server key fits into one.
const MAX_BLOCK_BYTES: u32 = 5 * 1024 * 1024;

parameter_types! {
	pub const BlockHashCount: BlockNumber = 2400;
	pub const Version: RuntimeVersion = VERSION;
	/// One second of computation in a slot of two.
	pub RuntimeBlockWeights: BlockWeights = BlockWeights::with_sensible_defaults(
		Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND, u64::MAX),
		NORMAL_DISPATCH_RATIO,
	);
	pub RuntimeBlockLength: BlockLength = BlockLength::builder()
		.max_length(MAX_BLOCK_BYTES)
		.modify_max_length_for_class(frame_support::dispatch::DispatchClass::Normal, |max| {
			*max = NORMAL_DISPATCH_RATIO * MAX_BLOCK_BYTES;
		})
		.build();
	/// A third of a block: beside an evaluation there is room for other transactions.
	pub const MaxAtOnce: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND / 3, u64::MAX / 2);
	/// Has what was slashed, for sudo to decide on.
	pub SlashAccount: AccountId = PalletId(*b"fhe/slsh").into_account_truncating();
}

pub(crate) mod authorities;

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type SingleBlockMigrations = (
		pallet_fhe_ml::migrations::MigrateToV4<Runtime>,
		pallet_fhe_ml::migrations::MigrateToV5<Runtime>,
		pallet_fhe_ml::migrations::MigrateToV6<Runtime>,
		authorities::SessionsFromFixedAuthorities,
	);
	type Block = Block;
	type BlockWeights = RuntimeBlockWeights;
	type BlockLength = RuntimeBlockLength;
	type AccountId = AccountId;
	type Nonce = Nonce;
	type Hash = Hash;
	type BlockHashCount = BlockHashCount;
	type DbWeight = ParityDbWeight;
	type Version = Version;
	type AccountData = pallet_balances::AccountData<Balance>;
	type SS58Prefix = ConstU16<42>;
	type MaxConsumers = ConstU32<16>;
}

impl pallet_aura::Config for Runtime {
	type AuthorityId = AuraId;
	type DisabledValidators = Session;
	type MaxAuthorities = ConstU32<32>;
	type AllowMultipleBlocksPerSlot = ConstBool<false>;
	type SlotDuration = ConstU64<SLOT_DURATION_MILLIS>;
}

impl pallet_timestamp::Config for Runtime {
	type Moment = u64;
	type OnTimestampSet = Aura;
	type MinimumPeriod = ConstU64<{ SLOT_DURATION_MILLIS / 2 }>;
	type WeightInfo = ();
}

impl pallet_balances::Config for Runtime {
	type MaxLocks = ConstU32<50>;
	type MaxReserves = ();
	type ReserveIdentifier = [u8; 8];
	type Balance = Balance;
	type RuntimeEvent = RuntimeEvent;
	type DustRemoval = ();
	type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
	type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type DoneSlashHandler = ();
}

impl pallet_transaction_payment::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type OnChargeTransaction = FungibleAdapter<Balances, ()>;
	type OperationalFeeMultiplier = ConstU8<5>;
	type WeightToFee = IdentityFee<Balance>;
	type LengthToFee = BytesToFee;
	type FeeMultiplierUpdate = FollowFullness<Runtime>;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}

impl pallet_sudo::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}

/// The Aura authority whose turn the slot in this block's digest is.
pub struct AuraTurn;

impl Get<Option<Turn>> for AuraTurn {
	fn get() -> Option<Turn> {
		let digest = System::digest();
		let logs = digest.logs.iter().filter_map(|log| log.as_pre_runtime());
		let author = pallet_aura::AuraAuthorId::<Runtime>::find_author(logs)?;
		// Aura's index is lower, so it has set the slot.
		let slot = pallet_aura::CurrentSlot::<Runtime>::get();
		Some(Turn { author: author.into(), slot: slot.into() })
	}
}

impl pallet_beacon::Config for Runtime {
	type FindTurn = AuraTurn;
	type WeightInfo = pallet_beacon::weights::SubstrateWeight<Runtime>;
}

impl pallet_fhe_ml::Config for Runtime {
	type Currency = Balances;
	type Randomness = Beacon;
	type RuntimeHoldReason = RuntimeHoldReason;
	type AdminOrigin = EnsureRoot<AccountId>;
	/// A 2.4 MB server key holds 24 FHE.
	type DepositPerByte = ConstU128<{ 10 * MICRO_UNIT }>;
	type BaseFee = ConstU128<MILLI_UNIT>;
	type FeePerWork = ConstU128<MICRO_UNIT>;
	/// Reading 2.45 MB from the state, hashing and preparing them.
	type ServerKeyWork = ConstU64<40_000>;
	/// Reading, hashing and decoding a megabyte takes some fifteen milliseconds.
	type WorkPerKibibyte = ConstU64<15>;
	/// Ten minutes of one core.
	type MaxWork = ConstU64<600_000_000>;
	type MaxPending = ConstU32<10_000>;
	/// To draw all of them takes less than half of a block.
	type MaxWaiting = ConstU32<512>;
	type MaxAccountJobs = ConstU32<256>;
	/// Half of what one worker may have to do: half a minute of one core, for all rows of a request as well.
	type MaxAccountWork = ConstU64<30_000_000>;
	type MaxWorkerJobs = ConstU32<1_024>;
	/// Four minutes of the slowest worker.
	type MaxWorkerWork = ConstU64<60_000_000>;
	type MaxWorkers = ConstU32<64>;
	/// One minute, besides the time for the work itself.
	type JobDeadline = ConstU32<MINUTES>;
	/// A result of 4 kB costs less than half a thousandth of a unit.
	type FeePerByte = ConstU128<{ MICRO_UNIT / 10 }>;
	/// A quarter of what one core of the reference machine does in two seconds: for slower ones, and
	/// for blobs to be read.
	type WorkPerBlock = ConstU64<500_000>;
	type MaxRounds = ConstU8<5>;
	type WorkerBond = ConstU128<{ 1_000 * UNIT }>;
	type MissPenalty = ConstU128<UNIT>;
	/// Half of the bond: results are the same on every machine, so that a jury finds another is no accident.
	type LiePenalty = ConstU128<{ 500 * UNIT }>;
	type SlashAccount = SlashAccount;
	type MaxRedundancy = ConstU8<8>;
	/// A day longer than jobs stay on the chain.
	type UnbondingDelay = ConstU32<{ 8 * 24 * HOURS }>;
	/// Twenty seconds.
	type JoinDelay = ConstU32<10>;
	type ReleaseDelay = ConstU32<{ 7 * 24 * HOURS }>;
	type ResendAfter = ConstU32<5>;
	/// Out of it a user gets back what a condemned result has cost.
	type PrivateModelBond = ConstU128<{ 100 * UNIT }>;
	/// A minute: who has seen a price in time pays no other.
	type TermsDelay = ConstU32<MINUTES>;
	/// Half a minute: less than a job waits for its evaluators.
	type DeclineDelay = ConstU32<{ MINUTES / 2 }>;
	type Court = crate::court::EngineCourt;
	type MaxAtOnce = MaxAtOnce;
	/// Time for who watches, and for users that evaluate again.
	type ChallengePeriod = ConstU32<HOURS>;
	/// Ten minutes: blocks may be full, but not for so long.
	type TrialTimeout = ConstU32<{ 10 * MINUTES }>;
	/// More than the fee of any job that the court can try.
	type ChallengeBond = ConstU128<{ 100 * UNIT }>;
	/// A third of a block's weight costs a third of a unit.
	type StepReward = ConstU128<{ UNIT / 2 }>;
	/// A tenth of a bond: much more than the fee, and no reason to lie to oneself.
	type Compensation = ConstU128<{ 100 * UNIT }>;
	type WeightInfo = pallet_fhe_ml::weights::SubstrateWeight<Runtime>;
}

impl<Call> CreateTransactionBase<Call> for Runtime
where
	RuntimeCall: From<Call>,
{
	type Extrinsic = UncheckedExtrinsic;
	type RuntimeCall = RuntimeCall;
}

/// GRANDPA's reports of equivocations are unsigned.
impl<Call> CreateBare<Call> for Runtime
where
	RuntimeCall: From<Call>,
{
	fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_bare(call)
	}
}

impl<Call> CreateTransaction<Call> for Runtime
where
	RuntimeCall: From<Call>,
{
	type Extension = TxExtension;

	fn create_transaction(call: RuntimeCall, extension: TxExtension) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_transaction(call, extension)
	}
}

impl<Call> CreateAuthorizedTransaction<Call> for Runtime
where
	RuntimeCall: From<Call>,
{
	fn create_extension() -> TxExtension {
		(
			frame_system::AuthorizeCall::new(),
			frame_system::CheckNonZeroSender::new(),
			frame_system::CheckSpecVersion::new(),
			frame_system::CheckTxVersion::new(),
			frame_system::CheckGenesis::new(),
			frame_system::CheckEra::from(Era::Immortal),
			frame_system::CheckNonce::from(0),
			frame_system::CheckWeight::new(),
			pallet_transaction_payment::ChargeTransactionPayment::from(0),
			frame_metadata_hash_extension::CheckMetadataHash::new(false),
			frame_system::WeightReclaim::new(),
		)
	}
}
