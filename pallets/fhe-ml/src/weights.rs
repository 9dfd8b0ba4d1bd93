//! placeholder until generated
#![allow(missing_docs)]
use frame_support::weights::{Weight, constants::RocksDbWeight};
/// Weights of the calls of `pallet-fhe-ml`.
pub trait WeightInfo {
	fn register_model(b: u32) -> Weight;
	fn retire_model() -> Weight;
	fn register_server_key() -> Weight;
	fn remove_server_key() -> Weight;
	fn request_inference(b: u32) -> Weight;
	fn submit_result(b: u32) -> Weight;
	fn authorize_submit_result(b: u32) -> Weight;
	fn release() -> Weight;
	fn add_worker() -> Weight;
	fn remove_worker() -> Weight;
}
pub struct SubstrateWeight<T>(core::marker::PhantomData<T>);
impl<T> WeightInfo for SubstrateWeight<T> {
	fn register_model(b: u32) -> Weight {
		Weight::from_parts(20_000_000 + 3_000 * b as u64, 0)
			.saturating_add(RocksDbWeight::get().reads_writes(1, 3))
	}
	fn retire_model() -> Weight {
		Weight::from_parts(20_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(1, 2))
	}
	fn register_server_key() -> Weight {
		Weight::from_parts(8_000_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(2, 3))
	}
	fn remove_server_key() -> Weight {
		Weight::from_parts(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(2, 3))
	}
	fn request_inference(b: u32) -> Weight {
		Weight::from_parts(120_000_000 + 3_000 * b as u64, 0)
			.saturating_add(RocksDbWeight::get().reads_writes(7, 8))
	}
	fn submit_result(b: u32) -> Weight {
		Weight::from_parts(120_000_000 + 3_000 * b as u64, 0)
			.saturating_add(RocksDbWeight::get().reads_writes(7, 8))
	}
	fn authorize_submit_result(b: u32) -> Weight {
		Weight::from_parts(120_000_000 + 3_000 * b as u64, 0)
			.saturating_add(RocksDbWeight::get().reads_writes(4, 0))
	}
	fn release() -> Weight {
		Weight::from_parts(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(4, 7))
	}
	fn add_worker() -> Weight {
		Weight::from_parts(20_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(2, 2))
	}
	fn remove_worker() -> Weight {
		Weight::from_parts(20_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(2, 2))
	}
}
