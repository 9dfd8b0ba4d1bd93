//! Benchmarks. The contribution was made beforehand: a runtime has no secret keys.

use crate::{Contribution, pallet::*};
use frame_benchmarking::v2::*;
use frame_support::traits::Hooks;
use frame_system::RawOrigin;

#[benchmarks]
mod benchmarks {
	use super::*;

	/// With `on_finalize`. The block has no author's digest, which costs some microseconds to read.
	#[benchmark]
	fn on_initialize() {
		let now = 1u32.into();
		ContributedIn::<T>::put(now);

		#[block]
		{
			Pallet::<T>::on_initialize(now);
			Pallet::<T>::on_finalize(now);
		}

		assert_eq!(ContributedIn::<T>::get(), now);
	}

	#[benchmark]
	fn contribute() {
		let (turn, contribution) = Contribution::example();
		CurrentTurn::<T>::put(turn);
		frame_system::Pallet::<T>::set_block_number(1u32.into());

		#[extrinsic_call]
		_(RawOrigin::None, contribution);

		assert_eq!(ContributedIn::<T>::get(), 1u32.into());
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::chain(&[]), crate::mock::Test);
}
