//! What a transaction pays for its place in a block: more, the fuller blocks have been.

use crate::{Balance, Runtime};
use core::marker::PhantomData;
use frame_support::{
	dispatch::DispatchClass,
	traits::Get,
	weights::{Weight, WeightToFee},
};
use pallet_transaction_payment::{Multiplier, MultiplierUpdate};
use sp_runtime::{
	FixedPointNumber, Perquintill,
	traits::{Convert, One, Saturating},
};

/// Price of a byte of a transaction, in units of 10^-12 FHE, when blocks are not full: a server key pays a quarter
/// of an FHE, a block full of remarks 0.4.
pub const FEE_PER_TRANSACTION_BYTE: Balance = 100_000;

/// The fee for a transaction's bytes. The SDK multiplies the fee for weight only by what `FollowFullness` says.
pub struct BytesToFee;

impl WeightToFee for BytesToFee {
	type Balance = Balance;

	/// The length comes as a weight.
	fn weight_to_fee(length: &Weight) -> Balance {
		let price = FEE_PER_TRANSACTION_BYTE.saturating_mul(length.ref_time().into());
		pallet_transaction_payment::Pallet::<Runtime>::next_fee_multiplier()
			.saturating_mul_int(price)
	}
}

/// Share of the block for ordinary transactions that leaves fees as they are.
const TARGET: Perquintill = Perquintill::from_percent(25);

/// By how much a block that is not as full as `TARGET` changes fees: full ones double them in 30 blocks.
const SPEED: (u128, u128) = (31, 1_000);

/// Most that a fee can be of what it is in quiet times.
const MAX: u32 = 1_000;

/// Fees follow the fuller of weight and length of blocks, both as shares of what ordinary transactions may take.
/// `TargetedFeeAdjustment` of the SDK looks at weight only, and here 3.9 MB of remarks weigh nothing.
pub struct FollowFullness<T>(PhantomData<T>);

impl<T: frame_system::Config> FollowFullness<T> {
	/// How full the block that ends is.
	fn fullness() -> Perquintill {
		let weights = T::BlockWeights::get();
		let most = weights.get(DispatchClass::Normal).max_total.unwrap_or(weights.max_block);
		let weight = *frame_system::Pallet::<T>::block_weight().get(DispatchClass::Normal);
		let by_weight = Perquintill::from_rational(weight.ref_time(), most.ref_time().max(1));
		let length = *T::BlockLength::get().max.get(DispatchClass::Normal);
		let size = u64::from(frame_system::Pallet::<T>::block_size());
		let by_length = Perquintill::from_rational(size, u64::from(length.max(1)));
		by_weight.max(by_length)
	}

	/// The multiplier after a block that is this full: m (1 + v d + (v d)^2 / 2), with d the difference to the
	/// target (the first terms of an exponential function, as in the SDK).
	fn next(previous: Multiplier, fullness: Perquintill) -> Multiplier {
		let (above, difference) = if fullness >= TARGET {
			(true, fullness.saturating_sub(TARGET))
		} else {
			(false, TARGET.saturating_sub(fullness))
		};
		let speed = Multiplier::saturating_from_rational(SPEED.0, SPEED.1);
		let first = speed.saturating_mul(Multiplier::from(difference));
		let second = first.saturating_mul(first) / Multiplier::saturating_from_integer(2);
		let factor = if above {
			Multiplier::one().saturating_add(first).saturating_add(second)
		} else {
			Multiplier::one().saturating_sub(first).saturating_add(second)
		};
		previous.saturating_mul(factor).clamp(Self::min(), Self::max())
	}
}

impl<T: frame_system::Config> Convert<Multiplier, Multiplier> for FollowFullness<T> {
	fn convert(previous: Multiplier) -> Multiplier {
		Self::next(previous, Self::fullness())
	}
}

impl<T: frame_system::Config> MultiplierUpdate for FollowFullness<T> {
	fn min() -> Multiplier {
		Multiplier::one()
	}

	fn max() -> Multiplier {
		Multiplier::saturating_from_integer(MAX)
	}

	fn target() -> Perquintill {
		TARGET
	}

	fn variability() -> Multiplier {
		Multiplier::saturating_from_rational(SPEED.0, SPEED.1)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use frame_support::dispatch::GetDispatchInfo;
	use pallet_transaction_payment::NextFeeMultiplier;

	/// The multiplier after `blocks` blocks that are this full.
	fn after(start: Multiplier, blocks: u32, percent: u64) -> f64 {
		let fullness = Perquintill::from_percent(percent);
		(0..blocks).fold(start, |m, _| FollowFullness::<Runtime>::next(m, fullness)).to_float()
	}

	#[test]
	fn a_minute_of_full_blocks_doubles_fees_and_quiet_ones_bring_them_back() {
		let double = after(Multiplier::one(), 30, 100);
		assert!((1.95..2.05).contains(&double), "{double}");
		assert_eq!(after(Multiplier::one(), 1_000, 25), 1.0);
		assert_eq!(after(Multiplier::one(), 1_000, 0), 1.0);
		assert_eq!(after(Multiplier::one(), 10_000, 100), 1_000.0);
		let back = after(Multiplier::saturating_from_integer(2), 90, 0);
		assert!((1.0..1.02).contains(&back), "{back}");
	}

	#[test]
	fn full_blocks_cost_more_the_longer_they_last() {
		let mut state = sp_io::TestExternalities::default();
		state.execute_with(|| {
			let bytes = *crate::configs::RuntimeBlockLength::get().max.get(DispatchClass::Normal);
			let remark = frame_system::Call::<Runtime>::remark { remark: vec![0; bytes as usize] };
			let info = crate::RuntimeCall::from(remark).get_dispatch_info();
			let (mut multiplier, mut paid) = (Multiplier::one(), 0.0);
			let mut at = std::collections::BTreeMap::new();
			for number in 1..=43_200u32 {
				NextFeeMultiplier::<Runtime>::put(multiplier);
				let fee = crate::TransactionPayment::compute_fee(bytes, &info, 0);
				paid += fee as f64 / crate::UNIT as f64;
				multiplier = FollowFullness::<Runtime>::next(multiplier, Perquintill::one());
				if [1, 30, 1_800, 43_200].contains(&number) {
					println!("{number} full blocks cost {paid:.1} FHE");
					at.insert(number, paid);
				}
			}
			assert!(at[&1] > 0.39 && at[&30] > 16.0, "{at:?}");
			assert!(at[&1_800] > 600_000.0 && at[&43_200] > 16_000_000.0, "{at:?}");
		});
	}
}
