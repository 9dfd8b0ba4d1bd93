//! A runtime with the beacon and a pallet that replaces the authorities as a session does. Its blocks go
//! through the real executive.

use crate::{self as pallet_beacon, Contribution, Seed, Turn};
use codec::{Decode, Encode};
use frame_support::{derive_impl, traits::Get};
use sp_core::{
	H256, Pair as _,
	crypto::VrfSecret,
	sr25519::{Pair, Public},
};
use sp_io::TestExternalities;
use sp_runtime::{
	ApplyExtrinsicResult, BuildStorage, Digest, DigestItem,
	testing::UintAuthorityId,
	traits::{BlakeTwo256, Block as _, Header as _},
	transaction_validity::{TransactionSource, TransactionValidity},
};

pub type Extrinsic = sp_runtime::generic::UncheckedExtrinsic<u64, RuntimeCall, UintAuthorityId, ()>;
pub type Header = sp_runtime::generic::Header<u64, BlakeTwo256>;
pub type Block = sp_runtime::generic::Block<Header, Extrinsic>;
type Executive = frame_executive::Executive<
	Test,
	Block,
	frame_system::ChainContext<Test>,
	Test,
	AllPalletsWithSystem,
>;

/// Replaces the authorities at the beginning of a block.
#[frame_support::pallet]
#[allow(missing_docs)]
pub mod sessions {
	use super::Public;
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;

	#[pallet::config]
	pub trait Config: frame_system::Config {}

	#[pallet::pallet]
	#[pallet::without_storage_info]
	pub struct Pallet<T>(_);

	#[pallet::storage]
	pub type Authorities<T> = StorageValue<_, Vec<Public>, ValueQuery>;

	/// Block and authorities of the next session.
	#[pallet::storage]
	pub type Next<T: Config> = StorageValue<_, (BlockNumberFor<T>, Vec<Public>)>;

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			if let Some((at, authorities)) = Next::<T>::get()
				&& at == now
			{
				Authorities::<T>::put(authorities);
			}
			Weight::zero()
		}
	}
}

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(RuntimeCall, RuntimeEvent, RuntimeError, RuntimeOrigin, RuntimeTask)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;

	#[runtime::pallet_index(1)]
	pub type Beacon = pallet_beacon;

	#[runtime::pallet_index(2)]
	pub type Sessions = sessions;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
}

impl sessions::Config for Test {}

impl pallet_beacon::Config for Test {
	type FindTurn = RoundRobin;
	type WeightInfo = crate::weights::SubstrateWeight<Test>;
}

/// Of the digest that holds a block's slot.
const ENGINE: [u8; 4] = *b"test";

pub struct RoundRobin;

impl Get<Option<Turn>> for RoundRobin {
	fn get() -> Option<Turn> {
		let digest = System::digest();
		let (_, mut slot) = digest.logs.iter().find_map(|log| log.as_pre_runtime())?;
		let slot = u64::decode(&mut slot).ok()?;
		let authorities = sessions::Authorities::<Test>::get();
		let at = slot as usize % authorities.len();
		Some(Turn { author: authorities[at], slot })
	}
}

pub fn pair(seed: u8) -> Pair {
	Pair::from_seed(&[seed; 32])
}

/// A chain with these authorities before its first block.
pub fn chain(authorities: &[Pair]) -> TestExternalities {
	let storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let mut chain = TestExternalities::new(storage);
	chain.execute_with(|| {
		sessions::Authorities::<Test>::put(publics(authorities));
	});
	chain
}

pub fn publics(pairs: &[Pair]) -> Vec<Public> {
	pairs.iter().map(|pair| pair.public()).collect()
}

/// The seed as it is.
pub fn seed() -> H256 {
	Seed::<Test>::get()
}

/// What `pair` contributes to `seed` in `slot`.
pub fn signed(pair: &Pair, seed: &H256, slot: u64) -> Contribution {
	pair.vrf_sign(&Contribution::to_sign(seed, slot)).into()
}

pub fn inherent(contribution: Contribution) -> Extrinsic {
	Extrinsic::new_bare(RuntimeCall::Beacon(pallet_beacon::Call::contribute { contribution }))
}

/// Begins the next block, in `slot`.
pub fn begin(slot: u64) {
	let digest = Digest { logs: vec![DigestItem::PreRuntime(ENGINE, slot.encode())] };
	begin_with(digest);
}

pub fn begin_with(digest: Digest) {
	let number = System::block_number() + 1;
	let header = Header::new(number, H256::zero(), H256::zero(), H256::zero(), digest);
	Executive::initialize_block(&header);
}

/// Puts an extrinsic into the block.
pub fn apply(extrinsic: Extrinsic) -> ApplyExtrinsicResult {
	Executive::apply_extrinsic(extrinsic)
}

/// Ends the block.
pub fn finalize() -> Header {
	Executive::finalize_block()
}

/// Authors a block in `slot` as `author`.
pub fn author(author: &Pair, slot: u64) -> Block {
	begin(slot);
	let extrinsic = inherent(signed(author, &seed(), slot));
	apply(extrinsic.clone()).unwrap().unwrap();
	Block::new(finalize(), vec![extrinsic])
}

/// Executes a block as a node that imports it.
pub fn import(block: Block) {
	Executive::execute_block(block.into());
}

/// What the pool asks of a transaction.
pub fn validate(source: TransactionSource, extrinsic: Extrinsic) -> TransactionValidity {
	Executive::validate_transaction(source, extrinsic, H256::zero())
}
