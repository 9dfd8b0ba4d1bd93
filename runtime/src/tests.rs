//! What fits into a block, and the order of hooks.

mod authorities;
mod court;
mod presets;

use crate::{Aura, Beacon, Runtime, RuntimeCall, configs::RuntimeBlockWeights};
use codec::Encode;
use fhe_ml_primitives::format::ServerKeyPrefix;
use frame_support::{
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::PalletInfoAccess,
	weights::Weight,
};

/// Signature, address and extensions of a signed extrinsic, generously.
const ENVELOPE: usize = 256;

fn fit_into_a_block(calls: &[RuntimeCall]) {
	let weights = RuntimeBlockWeights::get();
	let class = weights.get(DispatchClass::Normal);
	let room = class.max_total.map(|max| max.saturating_sub(weights.base_block));
	let (mut weight, mut bytes) = (Weight::zero(), 0);
	for call in calls {
		weight = weight.saturating_add(call.get_dispatch_info().call_weight);
		weight = weight.saturating_add(class.base_extrinsic);
		bytes += call.encoded_size() + ENVELOPE;
	}
	let max = *<Runtime as frame_system::Config>::BlockLength::get().max.get(DispatchClass::Normal);
	assert!(room.is_some_and(|room| weight.all_lte(room)), "{weight:?} in {room:?}");
	assert!(bytes <= max as usize, "{bytes} bytes in {max}");
}

#[test]
fn a_server_key_fits() {
	let server_key = vec![0; ServerKeyPrefix::KEY_BYTES];
	fit_into_a_block(&[pallet_fhe_ml::Call::register_server_key { server_key }.into()]);
}

#[test]
fn a_hundred_requests_of_13_kilobytes_fit() {
	for redundancy in [1, 3] {
		let call = pallet_fhe_ml::Call::request_inference {
			model: 0,
			server_key: None,
			input: vec![0; 13 * 1024],
			max_fee: 0,
			redundancy,
		};
		fit_into_a_block(&vec![call.into(); 100]);
	}
}

#[test]
fn the_beacon_learns_of_a_slot_after_aura() {
	assert!(Aura::index() < Beacon::index(), "hooks run in the order of the indices");
}
