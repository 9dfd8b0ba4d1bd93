//! The runtime APIs that the node and the worker call.

use crate::{
	AccountId, Aura, Authorities, Balance, Block, BlockNumber, Executive, FheMl, Grandpa,
	Historical, InherentDataExt, Nonce, Runtime, RuntimeCall, RuntimeGenesisConfig, SessionKeys,
	System, TransactionPayment, VERSION, court::EngineCourt,
};
use alloc::vec::Vec;
use codec::Encode;
use fhe_ml_primitives::{
	AssignedJob, CourtView, JobBlobs, JobId, KeyHash, ModelId, Outcome, Progress, Quote, WorkerId,
	WorkerRecord, WorkerSignature, authorities::Overview,
};
use frame_support::{
	genesis_builder_helper::{build_state, get_preset},
	traits::KeyOwnerProofSystem,
	weights::Weight,
};
use pallet_fhe_ml::{Case, Court, Docket};
use pallet_grandpa::AuthorityId as GrandpaId;
use sp_api::impl_runtime_apis;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_core::{OpaqueMetadata, crypto::KeyTypeId};
use sp_runtime::{
	ApplyExtrinsicResult,
	traits::{Block as BlockT, NumberFor},
	transaction_validity::{TransactionSource, TransactionValidity},
};
use sp_session::OpaqueGeneratedSessionKeys;
use sp_version::RuntimeVersion;

impl_runtime_apis! {
	impl sp_api::Core<Block> for Runtime {
		fn version() -> RuntimeVersion {
			VERSION
		}

		fn execute_block(block: <Block as BlockT>::LazyBlock) {
			Executive::execute_block(block);
		}

		fn initialize_block(header: &<Block as BlockT>::Header) -> sp_runtime::ExtrinsicInclusionMode {
			Executive::initialize_block(header)
		}
	}

	impl sp_api::Metadata<Block> for Runtime {
		fn metadata() -> OpaqueMetadata {
			OpaqueMetadata::new(Runtime::metadata().into())
		}

		fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
			Runtime::metadata_at_version(version)
		}

		fn metadata_versions() -> Vec<u32> {
			Runtime::metadata_versions()
		}
	}

	impl frame_support::view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
		fn execute_view_function(
			id: frame_support::view_functions::ViewFunctionId,
			input: Vec<u8>,
		) -> Result<Vec<u8>, frame_support::view_functions::ViewFunctionDispatchError> {
			Runtime::execute_view_function(id, input)
		}
	}

	impl sp_block_builder::BlockBuilder<Block> for Runtime {
		fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
			Executive::apply_extrinsic(extrinsic)
		}

		fn finalize_block() -> <Block as BlockT>::Header {
			Executive::finalize_block()
		}

		fn inherent_extrinsics(
			data: sp_inherents::InherentData,
		) -> Vec<<Block as BlockT>::Extrinsic> {
			data.create_extrinsics()
		}

		fn check_inherents(
			block: <Block as BlockT>::LazyBlock,
			data: sp_inherents::InherentData,
		) -> sp_inherents::CheckInherentsResult {
			data.check_extrinsics(&block)
		}
	}

	impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
		fn validate_transaction(
			source: TransactionSource,
			tx: <Block as BlockT>::Extrinsic,
			block_hash: <Block as BlockT>::Hash,
		) -> TransactionValidity {
			Executive::validate_transaction(source, tx, block_hash)
		}
	}

	impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
		fn offchain_worker(header: &<Block as BlockT>::Header) {
			Executive::offchain_worker(header)
		}
	}

	impl fhe_ml_primitives::CourtApi<Block> for Runtime {
		fn slice(
			artifact: Vec<u8>,
			server_key: Option<(Vec<u8>, sp_core::H256)>,
			input: Vec<u8>,
			part: u32,
			carry: Vec<u8>,
		) -> Progress {
			let case = Case {
				artifact: &artifact,
				server_key: server_key.as_ref().map(|(key, _)| key.as_slice()),
				server_key_hash: server_key.as_ref().map(|(_, hash)| *hash),
				input: &input,
				part,
			};
			EngineCourt::step(&case, carry)
		}

		fn slices(artifact: Vec<u8>) -> Option<u32> {
			match EngineCourt::docket(&artifact).ok()? {
				Docket::None => None,
				Docket::AtOnce { .. } => Some(1),
				Docket::Steps { per_part } => Some(per_part),
			}
		}
	}

	impl fhe_ml_primitives::FheMlApi<Block, AccountId, Balance> for Runtime {
		fn assigned_jobs(workers: Vec<WorkerId>, limit: u32) -> Vec<AssignedJob> {
			FheMl::assigned_jobs(workers, limit)
		}

		fn job_blobs(job: JobId, artifact: bool, server_key: bool) -> Option<JobBlobs> {
			FheMl::job_blobs(job, artifact, server_key)
		}

		fn bootstrap_key(server_key: KeyHash) -> Option<Vec<u8>> {
			FheMl::bootstrap_key(server_key)
		}

		fn submission(
			worker: WorkerId,
			job: JobId,
			outcome_hash: sp_core::H256,
			outcome: Outcome,
			signature: WorkerSignature,
		) -> <Block as BlockT>::Extrinsic {
			FheMl::submission(worker, job, outcome_hash, outcome, signature)
		}

		fn commitment(
			worker: WorkerId,
			job: JobId,
			commitment: sp_core::H256,
			signature: WorkerSignature,
		) -> <Block as BlockT>::Extrinsic {
			FheMl::commitment(worker, job, commitment, signature)
		}

		fn refusal(
			worker: WorkerId,
			job: JobId,
			signature: WorkerSignature,
		) -> <Block as BlockT>::Extrinsic {
			FheMl::refusal(worker, job, signature)
		}

		fn quote(model: ModelId, redundancy: u8) -> Option<Quote<Balance>> {
			FheMl::quote(model, redundancy)
		}

		fn quote_rows(model: ModelId, redundancy: u8, rows: u32) -> Option<Quote<Balance>> {
			FheMl::quote_rows(model, redundancy, rows)
		}

		fn private_commitment(model: ModelId) -> Option<sp_core::H256> {
			FheMl::private_commitment(model)
		}

		fn court(job: JobId) -> Option<CourtView<AccountId, Balance>> {
			FheMl::court(job)
		}

		fn ended_between(
			first: BlockNumber,
			last: BlockNumber,
			worker: WorkerId,
		) -> Vec<(AssignedJob, Vec<WorkerId>)> {
			FheMl::ended_between(first, last, worker)
		}

		fn outcome(job: JobId) -> Option<Outcome> {
			FheMl::outcome(job)
		}

		fn challenge_transaction(
			worker: WorkerId,
			job: JobId,
			part: u32,
			signature: WorkerSignature,
		) -> <Block as BlockT>::Extrinsic {
			FheMl::challenge_transaction(worker, job, part, signature)
		}

		fn workers() -> Vec<(WorkerId, WorkerRecord<AccountId, Balance, BlockNumber>)> {
			FheMl::workers()
		}
	}

	impl pallet_beacon::BeaconApi<Block> for Runtime {
		fn seed() -> sp_core::H256 {
			pallet_beacon::Seed::<Runtime>::get()
		}
	}

	impl fhe_ml_primitives::authorities::AuthoritiesApi<Block, AccountId, Balance> for Runtime {
		fn authorities_overview() -> Overview<AccountId, Balance> {
			Authorities::overview()
		}

		fn double_seal_report(
			authority: AuraId,
			first: <Block as BlockT>::Header,
			second: <Block as BlockT>::Header,
		) -> <Block as BlockT>::Extrinsic {
			Authorities::double_seal_report(authority, first, second)
		}
	}

	impl sp_consensus_aura::AuraApi<Block, AuraId> for Runtime {
		fn slot_duration() -> sp_consensus_aura::SlotDuration {
			sp_consensus_aura::SlotDuration::from_millis(Aura::slot_duration())
		}

		fn authorities() -> Vec<AuraId> {
			pallet_aura::Authorities::<Runtime>::get().into_inner()
		}
	}

	impl sp_session::SessionKeys<Block> for Runtime {
		fn generate_session_keys(owner: Vec<u8>, seed: Option<Vec<u8>>) -> OpaqueGeneratedSessionKeys {
			SessionKeys::generate(&owner, seed).into()
		}

		fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
			SessionKeys::decode_into_raw_public_keys(&encoded)
		}
	}

	impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
		fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
			Grandpa::grandpa_authorities()
		}

		fn current_set_id() -> sp_consensus_grandpa::SetId {
			Grandpa::current_set_id()
		}

		fn submit_report_equivocation_unsigned_extrinsic(
			equivocation_proof: sp_consensus_grandpa::EquivocationProof<
				<Block as BlockT>::Hash,
				NumberFor<Block>,
			>,
			key_owner_proof: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			let key_owner_proof = key_owner_proof.decode()?;
			Grandpa::submit_unsigned_equivocation_report(equivocation_proof, key_owner_proof)
		}

		fn generate_key_ownership_proof(
			_set_id: sp_consensus_grandpa::SetId,
			authority_id: GrandpaId,
		) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
			Historical::prove((sp_consensus_grandpa::KEY_TYPE, authority_id))
				.map(|proof| sp_consensus_grandpa::OpaqueKeyOwnershipProof::new(proof.encode()))
		}
	}

	impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
		fn account_nonce(account: AccountId) -> Nonce {
			System::account_nonce(account)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance>
		for Runtime
	{
		fn query_info(
			uxt: <Block as BlockT>::Extrinsic,
			len: u32,
		) -> pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_info(uxt, len)
		}
		fn query_fee_details(
			uxt: <Block as BlockT>::Extrinsic,
			len: u32,
		) -> pallet_transaction_payment::FeeDetails<Balance> {
			TransactionPayment::query_fee_details(uxt, len)
		}
		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}
		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<Block, Balance, RuntimeCall>
		for Runtime
	{
		fn query_call_info(
			call: RuntimeCall,
			len: u32,
		) -> pallet_transaction_payment::RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_call_info(call, len)
		}
		fn query_call_fee_details(
			call: RuntimeCall,
			len: u32,
		) -> pallet_transaction_payment::FeeDetails<Balance> {
			TransactionPayment::query_call_fee_details(call, len)
		}
		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}
		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	impl frame_benchmarking::Benchmark<Block> for Runtime {
		fn benchmark_metadata(extra: bool) -> (
			Vec<frame_benchmarking::BenchmarkList>,
			Vec<frame_support::traits::StorageInfo>,
		) {
			use crate::*;
			use frame_benchmarking::{BenchmarkList, baseline::Pallet as BaselineBench};
			use frame_support::traits::StorageInfoTrait;
			use frame_system_benchmarking::{
				Pallet as SystemBench, extensions::Pallet as SystemExtensionsBench,
			};

			let mut list = Vec::<BenchmarkList>::new();
			list_benchmarks!(list, extra);
			(list, AllPalletsWithSystem::storage_info())
		}

		#[allow(non_local_definitions)]
		fn dispatch_benchmark(
			config: frame_benchmarking::BenchmarkConfig,
		) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
			use crate::*;
			use frame_benchmarking::{BenchmarkBatch, baseline, baseline::Pallet as BaselineBench};
			use frame_support::traits::WhitelistedStorageKeys;
			use frame_system_benchmarking::{
				Pallet as SystemBench, extensions::Pallet as SystemExtensionsBench,
			};
			use sp_storage::TrackedStorageKey;

			impl frame_system_benchmarking::Config for Runtime {}
			impl baseline::Config for Runtime {}

			let whitelist: Vec<TrackedStorageKey> =
				AllPalletsWithSystem::whitelisted_storage_keys();
			let mut batches = Vec::<BenchmarkBatch>::new();
			let params = (&config, &whitelist);
			add_benchmarks!(params, batches);
			Ok(batches)
		}
	}

	#[cfg(feature = "try-runtime")]
	#[allow(clippy::expect_used)] // A failed check must stop the dry run with a backtrace.
	impl frame_try_runtime::TryRuntime<Block> for Runtime {
		fn on_runtime_upgrade(checks: frame_try_runtime::UpgradeCheckSelect) -> (Weight, Weight) {
			let weight = Executive::try_runtime_upgrade(checks).expect("the upgrade is sound");
			(weight, crate::configs::RuntimeBlockWeights::get().max_block)
		}

		fn execute_block(
			block: <Block as BlockT>::LazyBlock,
			state_root_check: bool,
			signature_check: bool,
			select: frame_try_runtime::TryStateSelect,
		) -> Weight {
			Executive::try_execute_block(block, state_root_check, signature_check, select)
				.expect("the block executes")
		}
	}

	impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
		fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
			build_state::<RuntimeGenesisConfig>(config)
		}

		fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
			get_preset::<RuntimeGenesisConfig>(id, crate::genesis_config_presets::get_preset)
		}

		fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
			crate::genesis_config_presets::preset_names()
		}
	}
}
