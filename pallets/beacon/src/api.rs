//! The runtime API of a chain with the beacon.

use sp_core::H256;

sp_api::decl_runtime_apis! {
	/// What a block's author asks before it contributes, and whoever checks a draw.
	pub trait BeaconApi {
		/// The seed after this block.
		fn seed() -> H256;
	}
}
