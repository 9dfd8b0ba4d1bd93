//! A runtime with the pallet, balances and the `AuthorizeCall` extension, and builders for blobs.

use crate as pallet_fhe_ml;
use crate::{ArtifactRefused, Case, Court, Docket, PrivateTermsOf, pallet::*};
use codec::{Decode, Encode};
use fhe_ml_primitives::{
	FailureReason, JobId, KeyHash, ModelId, Outcome, Progress, ResultBytes, Statement,
	SubmissionPayload, WorkerId, WorkerPair, WorkerSignature, commitment,
	format::{
		self, ArtifactPrefix, BootstrapKeyPrefix, CircuitKind, InputPrefix, MODEL_NAME_BYTES,
		ResultPrefix, RowLayout, ServerKeyPrefix,
	},
};
use frame_support::{
	derive_impl,
	dispatch::{DispatchResult, GetDispatchInfo},
	storage,
	traits::{ConstU8, ConstU32, ConstU64, Randomness, VariantCountOf},
	traits::{Hooks, fungible::Mutate},
	weights::Weight,
};
use frame_system::{EnsureRoot, offchain};
use sp_core::{H256, Pair};
use sp_io::hashing::blake2_256;
use sp_runtime::{
	ApplyExtrinsicResult, BuildStorage,
	testing::UintAuthorityId,
	traits::{Applyable, Checkable},
	transaction_validity::{TransactionSource, TransactionValidity},
};

pub type AccountId = u64;
pub type Extension = frame_system::AuthorizeCall<Test>;
pub type Extrinsic =
	sp_runtime::generic::UncheckedExtrinsic<AccountId, RuntimeCall, UintAuthorityId, Extension>;
type Block = sp_runtime::generic::Block<
	sp_runtime::generic::Header<u64, sp_runtime::traits::BlakeTwo256>,
	Extrinsic,
>;

pub const ALICE: AccountId = 1;
pub const BOB: AccountId = 2;
/// Operates the genesis worker.
pub const PAYOUT: AccountId = 9;
/// More than the fee of one inference, so that not every account can be paid.
pub const EXISTENTIAL_DEPOSIT: u64 = 200;
pub const BASE_FEE: u64 = 100;
pub const FEE_PER_WORK: u64 = 2;
pub const DEADLINE: u64 = 20;
pub const RESEND_AFTER: u64 = 3;
pub const INPUT_BYTES: u32 = InputPrefix::BYTES as u32 + 21;
pub const RESULT_BYTES: u32 = ResultPrefix::BYTES as u32 + 7;
pub const FEE_PER_BYTE: u64 = 3;
/// How rows lie in results of models that take several: four of them share a mask of five bytes.
pub const ROW_LAYOUT: RowLayout = RowLayout { row_bytes: 2, rows_per_mask: 4, packing_work: 3 };
/// Work units of a job of [`linear_model`]: seven for evaluation, one for reading model and input.
pub const WORK: u64 = 8;
pub const SERVER_KEY_WORK: u64 = 5;
pub const MAX_ACCOUNT_JOBS: u32 = 30;
pub const MAX_ACCOUNT_WORK: u64 = 600;
pub const MAX_WORKER_JOBS: u32 = 45;
pub const MAX_WORKER_WORK: u64 = 1_000;
/// Fee of one inference with [`linear_model`].
pub const FEE: u64 = fee(1);
/// The same with a redundancy of `workers`.
pub const fn fee(workers: u64) -> u64 {
	BASE_FEE + WORK * FEE_PER_WORK * workers + (INPUT_BYTES + RESULT_BYTES) as u64 * FEE_PER_BYTE
}
/// Three jobs of [`linear_model`] take two blocks.
pub const WORK_PER_BLOCK: u64 = 10;
pub const BOND: u64 = 5_000;
pub const PENALTY: u64 = 1_500;
pub const LIE_PENALTY: u64 = 4_000;
/// Few, so that tests meet the bounds; benchmarks need those of a real chain.
pub const MAX_WORKERS: u32 = if cfg!(feature = "runtime-benchmarks") { 64 } else { 6 };
pub const MAX_REDUNDANCY: u8 = if cfg!(feature = "runtime-benchmarks") { 8 } else { 4 };
/// Gets what is slashed.
pub const SLASHED: AccountId = 99;
pub const UNBONDING: u64 = 50;
pub const RELEASE_DELAY: u64 = 30;
pub const MODEL_BOND: u64 = 4_000;
pub const TERMS_DELAY: u64 = 6;
pub const DECLINE_DELAY: u64 = 4;
pub const CHALLENGE_PERIOD: u64 = 25;
pub const TRIAL_TIMEOUT: u64 = 10;
pub const CHALLENGE_BOND: u64 = 1_000;
pub const STEP_REWARD: u64 = 210;
pub const COMPENSATION: u64 = 600;
/// Steps of a part of a result, for [`MockCourt`].
pub const STEPS: u32 = 3;
/// Rows that [`MockCourt`] evaluates at once.
pub const ROWS_AT_ONCE: u64 = 8;
/// The last byte of a row that does not decode.
pub const BROKEN: u8 = 0xff;
/// What bytes of right results are for [`MockCourt`], behind their prefix.
pub const RIGHT: u8 = 5;

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
	pub type Balances = pallet_balances;

	#[runtime::pallet_index(2)]
	pub type FheMl = pallet_fhe_ml;
}

frame_support::parameter_types! {
	pub static JoinDelay: u64 = 0;
	pub BlockLength: frame_system::limits::BlockLength =
		frame_system::limits::BlockLength::builder().max_length(5 * 1024 * 1024).build();
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountData = pallet_balances::AccountData<u64>;
	type BlockLength = BlockLength;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type ExistentialDeposit = ConstU64<EXISTENTIAL_DEPOSIT>;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
	type RuntimeHoldReason = RuntimeHoldReason;
}

/// Randomness of each block, from its number and what a test sets.
pub struct TestRandomness;

impl Randomness<H256, u64> for TestRandomness {
	fn random(subject: &[u8]) -> (H256, u64) {
		let now = System::block_number();
		let set = storage::unhashed::get_or_default::<u64>(RANDOMNESS);
		(hash(&(subject, now, set).encode()), now)
	}
}

const RANDOMNESS: &[u8] = b"randomness of the mock";

/// Makes the draws of this block other ones.
pub fn set_randomness(number: u64) {
	storage::unhashed::put(RANDOMNESS, &number);
}

/// A court for models by their names: `steps` are tried in steps, `small` at once, `wrong` do not decode. With `crazy`
/// ones and `later` ones it does not what it has said.
pub struct MockCourt;

/// Of a step of the court, and so the room in which all hooks but that have theirs.
const STEP_WEIGHT: Weight = Weight::from_parts(400_000_000_000, 0);

impl Court for MockCourt {
	fn step_weight() -> Weight {
		STEP_WEIGHT
	}

	fn docket_weight(artifact_bytes: u32) -> Weight {
		Weight::from_parts(artifact_bytes.into(), 0)
	}

	fn docket(artifact: &[u8]) -> Result<Docket, ArtifactRefused> {
		let prefix = ArtifactPrefix::read(artifact).unwrap();
		match prefix.name_str().unwrap().trim_end_matches('\0') {
			"steps" => Ok(Docket::Steps { per_part: STEPS }),
			"small" => Ok(Docket::AtOnce { weight: Weight::from_parts(ROW_AT_ONCE, 0) }),
			"wrong" => Err(ArtifactRefused),
			"crazy" => Ok(Docket::Steps { per_part: 1 }),
			"later" => Ok(Docket::AtOnce { weight: Weight::from_parts(ROW_AT_ONCE, 0) }),
			_ => Ok(Docket::None),
		}
	}

	fn step(case: &Case<'_>, carry: Vec<u8>) -> Progress {
		let done = match carry.as_slice() {
			[] => 0,
			carry => {
				let (input, part, done) = <(H256, u32, u32)>::decode(&mut &*carry).unwrap();
				let is_its_own = (input, part) == (hash(case.input), case.part);
				// Benchmarks make theirs up.
				if cfg!(feature = "runtime-benchmarks") && !is_its_own {
					return Progress::Done(Err(FailureReason::ModelDoesNotDecode));
				}
				assert!(is_its_own, "the carry of another case");
				done
			},
		};
		assert_eq!(case.server_key.map(hash), case.server_key_hash);
		let name = ArtifactPrefix::read(case.artifact).unwrap().name;
		if name.starts_with(b"crazy") {
			return Progress::Done(Ok(vec![RIGHT]));
		}
		let rows = InputPrefix::read(case.input).unwrap().rows;
		let layout = ArtifactPrefix::read(case.artifact).unwrap().row_layout;
		// A part with fewer rows than there can be is done one step earlier.
		let is_short = layout.is_some_and(|layout| {
			(layout.rows_of(rows, case.part).len() as u32) < layout.rows_per_mask
		});
		let steps = if is_short { STEPS - 1 } else { STEPS };
		if done + 1 < steps && !name.starts_with(b"small") {
			return Progress::Carry((hash(case.input), case.part, done + 1).encode());
		}
		let (rows, bytes) = match layout {
			None => (0..1, RESULT_BYTES - ResultPrefix::BYTES as u32),
			Some(layout) => {
				let rows = layout.rows_of(rows, case.part);
				let mask = RESULT_BYTES - ResultPrefix::BYTES as u32 - layout.row_bytes;
				(rows.clone(), mask + rows.len() as u32 * layout.row_bytes)
			},
		};
		let last_byte =
			|row: u32| case.input[format::input_bytes(INPUT_BYTES, row + 1) as usize - 1];
		Progress::Done(match rows.into_iter().any(|row| last_byte(row) == BROKEN) {
			true => Err(FailureReason::InputDoesNotDecode),
			false => Ok(vec![RIGHT; bytes as usize]),
		})
	}
}

/// Weight of a row that [`MockCourt`] evaluates at once.
const ROW_AT_ONCE: u64 = 1_000;

frame_support::parameter_types! {
	pub MaxAtOnce: Weight = Weight::from_parts(ROW_AT_ONCE * ROWS_AT_ONCE, 0);
}

impl Config for Test {
	type Currency = Balances;
	type Randomness = TestRandomness;
	type RuntimeHoldReason = RuntimeHoldReason;
	type AdminOrigin = EnsureRoot<AccountId>;
	type DepositPerByte = ConstU64<1>;
	type BaseFee = ConstU64<BASE_FEE>;
	type FeePerWork = ConstU64<FEE_PER_WORK>;
	type MaxWork = ConstU64<1_000>;
	type ServerKeyWork = ConstU64<SERVER_KEY_WORK>;
	type WorkPerKibibyte = ConstU64<1>;
	type MaxPending = ConstU32<40>;
	type MaxWaiting = ConstU32<{ if cfg!(feature = "runtime-benchmarks") { 128 } else { 35 } }>;
	type MaxAccountJobs =
		ConstU32<{ if cfg!(feature = "runtime-benchmarks") { 128 } else { MAX_ACCOUNT_JOBS } }>;
	type MaxAccountWork = ConstU64<MAX_ACCOUNT_WORK>;
	type MaxWorkerJobs =
		ConstU32<{ if cfg!(feature = "runtime-benchmarks") { 512 } else { MAX_WORKER_JOBS } }>;
	type MaxWorkerWork = ConstU64<MAX_WORKER_WORK>;
	type MaxWorkers = ConstU32<MAX_WORKERS>;
	type JobDeadline = ConstU64<DEADLINE>;
	type FeePerByte = ConstU64<FEE_PER_BYTE>;
	type WorkPerBlock = ConstU64<WORK_PER_BLOCK>;
	type MaxRounds = ConstU8<2>;
	type WorkerBond = ConstU64<BOND>;
	type MissPenalty = ConstU64<PENALTY>;
	type LiePenalty = ConstU64<LIE_PENALTY>;
	type SlashAccount = ConstU64<SLASHED>;
	type MaxRedundancy = ConstU8<MAX_REDUNDANCY>;
	type JoinDelay = JoinDelay;
	type UnbondingDelay = ConstU64<UNBONDING>;
	type ReleaseDelay = ConstU64<RELEASE_DELAY>;
	type ResendAfter = ConstU64<RESEND_AFTER>;
	type PrivateModelBond = ConstU64<MODEL_BOND>;
	type TermsDelay = ConstU64<TERMS_DELAY>;
	type DeclineDelay = ConstU64<DECLINE_DELAY>;
	type Court = MockCourt;
	type MaxAtOnce = MaxAtOnce;
	type ChallengePeriod = ConstU64<CHALLENGE_PERIOD>;
	type TrialTimeout = ConstU64<TRIAL_TIMEOUT>;
	type ChallengeBond = ConstU64<CHALLENGE_BOND>;
	type StepReward = ConstU64<STEP_REWARD>;
	type Compensation = ConstU64<COMPENSATION>;
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

/// The worker of the genesis state.
pub fn worker_pair() -> WorkerPair {
	WorkerPair::from_seed(&[1; 32])
}

pub fn worker() -> WorkerId {
	worker_pair().public()
}

/// Another worker's key.
pub fn other_pair(seed: u8) -> WorkerPair {
	WorkerPair::from_seed(&[seed; 32])
}

/// What `author_rotateKeysWithOwner` gives for a key and an account.
pub fn proof(pair: &WorkerPair, operator: AccountId) -> WorkerSignature {
	pair.sign(&[b"POP_".as_slice(), &operator.encode()].concat())
}

/// The public key of [`other_pair`].
pub fn other_id(seed: u8) -> WorkerId {
	other_pair(seed).public()
}

/// Gives money out of nowhere.
pub fn endow(account: AccountId, amount: u64) {
	Balances::mint_into(&account, amount).unwrap();
}

/// Joins another worker.
pub fn join(operator: AccountId, seed: u8) -> DispatchResult {
	let pair = other_pair(seed);
	let origin = RuntimeOrigin::signed(operator);
	FheMl::join_workers(origin, pair.public(), proof(&pair, operator))
}

/// Ends block `now` and all up to block `block`, with all the weight that the hooks want, but none for steps of trials.
pub fn run_to_block(block: u64) {
	let room = Weight::from_parts(STEP_WEIGHT.ref_time(), u64::MAX);
	while System::block_number() < block {
		end_block(room);
		System::set_block_number(System::block_number() + 1);
		FheMl::on_initialize(System::block_number());
	}
	end_block(room);
}

/// Runs the hooks at the end of a block.
pub fn end_block(room: Weight) {
	FheMl::on_idle(System::block_number(), room);
	FheMl::on_finalize(System::block_number());
}

/// Runs `test` at block 1 and checks the storage afterwards.
pub fn run(test: impl FnOnce()) {
	externalities().execute_with(|| {
		test();
		FheMl::do_try_state().unwrap();
	});
}

pub fn externalities() -> sp_io::TestExternalities {
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: vec![
				(ALICE, 10_000_000),
				(BOB, 10_000_000),
				(PAYOUT, EXISTENTIAL_DEPOSIT + BOND),
			],
			..Default::default()
		},
		// Most tests are of one worker, and most models of theirs have no docket.
		fhe_ml: GenesisConfig { workers: vec![(worker(), PAYOUT)], untried_redundancy: Some(1) },
		..Default::default()
	}
	.build_storage()
	.unwrap();
	let mut externalities = sp_io::TestExternalities::new(storage);
	externalities.execute_with(|| {
		System::set_block_number(1);
		frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(0xaa));
	});
	externalities
}

/// As [`externalities`], with a keystore for workers' keys.
#[cfg(all(test, feature = "runtime-benchmarks"))]
pub fn externalities_with_keystore() -> sp_io::TestExternalities {
	let mut externalities = externalities();
	let keystore = sp_keystore::testing::MemoryKeystore::new();
	externalities.register_extension(sp_keystore::KeystoreExt::new(keystore));
	externalities
}

/// An artifact with an empty card and an empty circuit; the pallet looks at the prefix only.
pub fn artifact(work: u64) -> Vec<u8> {
	artifact_of(CircuitKind::Linear, work, None)
}

/// The same of an encrypted model.
pub fn encrypted_artifact(circuit: CircuitKind, key: H256) -> Vec<u8> {
	artifact_of(circuit, 7, Some(key.0))
}

pub fn artifact_of(circuit: CircuitKind, work: u64, encrypted_for: Option<[u8; 32]>) -> Vec<u8> {
	artifact_from(&ArtifactPrefix { encrypted_for, ..prefix_of(circuit, work) })
}

/// An artifact of a model that takes several rows in one request.
pub fn artifact_for_rows(circuit: CircuitKind, work: u64) -> Vec<u8> {
	artifact_from(&ArtifactPrefix { row_layout: Some(ROW_LAYOUT), ..prefix_of(circuit, work) })
}

pub fn artifact_from(prefix: &ArtifactPrefix) -> Vec<u8> {
	prefix.to_bytes()[..prefix.encoded_len()].to_vec()
}

/// What an artifact says of a model that takes one row per request and is not encrypted.
pub fn prefix_of(circuit: CircuitKind, work: u64) -> ArtifactPrefix {
	let mut name = [0; MODEL_NAME_BYTES];
	name[..4].copy_from_slice(b"iris");
	ArtifactPrefix {
		circuit,
		input_bytes: INPUT_BYTES,
		result_bytes: RESULT_BYTES,
		work,
		card_bytes: 0,
		circuit_bytes: 0,
		name,
		row_layout: None,
		encrypted_for: None,
	}
}

/// An artifact of a model with this name, for one row or several.
pub fn named_artifact(circuit: CircuitKind, named: &str, several_rows: bool) -> Vec<u8> {
	let mut name = [0; MODEL_NAME_BYTES];
	name[..named.len()].copy_from_slice(named.as_bytes());
	let row_layout = several_rows.then_some(ROW_LAYOUT);
	artifact_from(&ArtifactPrefix { name, row_layout, ..prefix_of(circuit, 7) })
}

pub fn linear_model() -> Vec<u8> {
	artifact(7)
}

pub fn hash(bytes: &[u8]) -> H256 {
	blake2_256(bytes).into()
}

pub fn server_key(seed: u8) -> Vec<u8> {
	let mut key = ServerKeyPrefix { mask_seed: [seed; 16], has_zero_row: true }.to_bytes().to_vec();
	key.resize(ServerKeyPrefix::KEY_BYTES, 0);
	key
}

/// The bootstrap key of a server key; `seed` makes it unique.
pub fn bootstrap_key(server_key: H256, seed: u8) -> Vec<u8> {
	let prefix = BootstrapKeyPrefix { server_key: server_key.0, mask_seed: [seed; 16] };
	let mut key = prefix.to_bytes().to_vec();
	key.resize(BootstrapKeyPrefix::KEY_BYTES, 0);
	key
}

/// An input for [`linear_model`]; `seed` makes it unique.
pub fn input(seed: u8) -> Vec<u8> {
	input_for(&linear_model(), [0; 32], seed)
}

pub fn input_for(artifact: &[u8], server_key: [u8; 32], seed: u8) -> Vec<u8> {
	rows_for(artifact, server_key, seed, 1)
}

/// An input of `rows` rows.
pub fn rows_for(artifact: &[u8], server_key: [u8; 32], seed: u8, rows: u32) -> Vec<u8> {
	let bytes = format::input_bytes(INPUT_BYTES, rows);
	let prefix =
		InputPrefix { artifact: hash(artifact).0, server_key, mask_seed: [seed; 16], rows };
	let mut input = prefix.to_bytes(bytes - InputPrefix::BYTES as u32).to_vec();
	input.resize(bytes as usize, 0);
	input
}

/// A result of evaluating `input`, with as many rows.
pub fn result(input: &[u8], seed: u8) -> Vec<u8> {
	let rows = InputPrefix::read(input).map_or(1, |prefix| prefix.rows);
	result_of(input, seed, rows, ROW_LAYOUT.result_bytes(RESULT_BYTES, rows))
}

/// A result for `input` that says it has `rows` rows, with `bytes` bytes.
pub fn result_of(input: &[u8], seed: u8, rows: u32, bytes: u32) -> Vec<u8> {
	let mut input_tag = [0; 8];
	input_tag.copy_from_slice(&hash(input).0[..8]);
	let bodies = bytes - ResultPrefix::BYTES as u32;
	let mut result = ResultPrefix { input_tag, rows }.to_bytes(bodies).to_vec();
	result.resize(bytes as usize, seed);
	result
}

pub fn completed(input: &[u8], seed: u8) -> Outcome {
	Outcome::Completed(ResultBytes::try_from(result(input, seed)).unwrap())
}

pub fn register_linear_model() -> ModelId {
	let model = NextModel::<Test>::get();
	FheMl::allow_model_deposit(RuntimeOrigin::signed(BOB), u64::MAX).unwrap();
	FheMl::register_model(RuntimeOrigin::root(), linear_model(), Some(BOB)).unwrap();
	model
}

pub fn request(owner: AccountId, model: ModelId, input: Vec<u8>) -> JobId {
	request_of(owner, model, input, 1)
}

/// A request that `redundancy` workers must agree on; they are drawn at once, as if the next block ended.
pub fn request_of(owner: AccountId, model: ModelId, input: Vec<u8>, redundancy: u8) -> JobId {
	let job = waiting_request(owner, model, input, redundancy);
	draw_now();
	job
}

/// Draws what waits, as if the next block ended.
pub fn draw_now() {
	let next = System::block_number() + 1;
	FheMl::on_initialize(next);
	FheMl::on_finalize(next);
}

/// A request whose workers are not drawn yet.
pub fn waiting_request(owner: AccountId, model: ModelId, input: Vec<u8>, redundancy: u8) -> JobId {
	let job = NextJob::<Test>::get();
	let (origin, key) = (RuntimeOrigin::signed(owner), None::<KeyHash>);
	let max_fee = fee(redundancy.into());
	FheMl::request_inference(origin, model, key, input, max_fee, redundancy).unwrap();
	job
}

/// Signs a statement as `pair` would for the job as it is in storage.
pub fn sign(pair: &WorkerPair, job: JobId, statement: Statement) -> WorkerSignature {
	let record = Jobs::<Test>::get(job).unwrap();
	let payload = SubmissionPayload {
		genesis: H256::repeat_byte(0xaa),
		job,
		input: record.input,
		artifact: Models::<Test>::get(record.model).unwrap().artifact,
		server_key: record.server_key,
		engine: record.engine,
		statement,
	};
	pair.sign(&payload.to_sign())
}

pub fn submission(job: JobId, outcome: Outcome) -> Extrinsic {
	submission_by(&worker_pair(), job, outcome)
}

pub fn submission_by(pair: &WorkerPair, job: JobId, outcome: Outcome) -> Extrinsic {
	let hash = outcome.hash();
	let signature = sign(pair, job, Statement::Outcome(hash));
	FheMl::submission(pair.public(), job, hash, outcome, signature)
}

/// A transaction with which `pair` declines a job.
pub fn refusal_by(pair: &WorkerPair, job: JobId) -> Extrinsic {
	FheMl::refusal(pair.public(), job, sign(pair, job, Statement::Declined))
}

/// A transaction with which `pair` commits to `outcome`.
pub fn commitment_by(pair: &WorkerPair, job: JobId, outcome: &Outcome) -> Extrinsic {
	let made = commitment(&pair.public(), job, &outcome.hash());
	let signature = sign(pair, job, Statement::Commitment(made));
	FheMl::commitment(pair.public(), job, made, signature)
}

/// Puts a transaction through the extensions into the block, as a block author does.
pub fn apply(extrinsic: Extrinsic) -> ApplyExtrinsicResult {
	let len = extrinsic.encoded_size();
	let info = extrinsic.function.get_dispatch_info();
	let checked = Checkable::check(extrinsic, &frame_system::ChainContext::<Test>::default())?;
	checked.apply::<Test>(&info, len).map(|result| result.map(|_| ()).map_err(|e| e.error))
}

/// What the pool asks of a transaction.
pub fn validate(extrinsic: Extrinsic) -> TransactionValidity {
	let len = extrinsic.encoded_size();
	let info = extrinsic.function.get_dispatch_info();
	let checked = Checkable::check(extrinsic, &frame_system::ChainContext::<Test>::default())?;
	checked.validate::<Test>(TransactionSource::External, &info, len)
}

/// What the chain has of a private model.
pub fn private_artifact() -> Vec<u8> {
	artifact_of(CircuitKind::Private, 7, None)
}

/// Terms with these evaluators and this price, without quota and auditor.
pub fn private_terms(evaluators: &[WorkerId], price: u64) -> PrivateTermsOf<Test> {
	let evaluators = evaluators.to_vec().try_into().unwrap();
	PrivateTermsOf::<Test> { evaluators, price, quota: None, auditor: None }
}
