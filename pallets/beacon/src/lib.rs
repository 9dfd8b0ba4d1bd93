//! Randomness that no author of a block chooses.
//!
//! Every block has one contribution: the output of a verifiable random function (VRF) with the Aura key
//! of its author, on the seed of the parent and the slot. The new seed is a hash of the old one and of
//! that output. Key and transcript allow one output only, so an author cannot choose its contribution; it
//! can give up its block, and then the next author's counts. `docs/beacon.md` has the odds.
//!
//! The contribution is a mandatory inherent: a block without it, with two, or with one that does not
//! verify is invalid.
//!
//! # When to read it
//!
//! | where | [`Randomness::random`] is of the seed of |
//! |---|---|
//! | `on_initialize`, and extrinsics before the contribution | the parent block |
//! | extrinsics after the contribution | this block, but its author knew it when it chose them |
//! | `on_finalize`, `on_idle`, offchain workers, the runtime API | this block |
//!
//! The second value says which: the number of the block whose contribution was the last. Whoever draws
//! lots must fix *everything* that the draw depends on before that block's author could know its seed,
//! which is when the parent was published: a draw in `on_finalize` of block N + 1 among what is in state
//! at the end of block N.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod api;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod contribution;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
pub mod weights;

pub use api::*;
pub use contribution::{Contribution, INHERENT_IDENTIFIER, Turn};
pub use pallet::*;
pub use weights::WeightInfo;

use codec::Encode;
use frame_support::traits::Randomness;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_io::hashing::blake2_256;

/// Target of the pallet's log lines.
const LOG_TARGET: &str = "runtime::beacon";

#[frame_support::pallet]
#[allow(missing_docs, clippy::expect_used)] // The macros generate them.
pub mod pallet {
	use super::*;
	use frame_support::{inherent::*, pallet_prelude::*};
	use frame_system::pallet_prelude::*;

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Who authors this block, by its digest and the authorities of the parent's state. It is asked in
		/// `on_initialize`, so every pallet that changes authorities there must have a higher index than
		/// the beacon.
		type FindTurn: Get<Option<Turn>>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// The seed of the block in [`ContributedIn`].
	#[pallet::storage]
	pub type Seed<T> = StorageValue<_, H256, ValueQuery>;

	/// The block with the last contribution.
	#[pallet::storage]
	pub type ContributedIn<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// Whose contribution this block still waits for.
	#[pallet::storage]
	pub type CurrentTurn<T> = StorageValue<_, Turn, OptionQuery>;

	#[pallet::error]
	pub enum Error<T> {
		/// The block has a contribution already.
		AlreadyContributed,
		/// The block's digest names no author.
		NoAuthor,
		/// It is not what the block's author must contribute to this seed in this slot.
		WrongContribution,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			// A session that begins in this block replaces the authorities in a later pallet's hook.
			CurrentTurn::<T>::set(T::FindTurn::get());
			T::WeightInfo::on_initialize()
		}

		fn on_finalize(now: BlockNumberFor<T>) {
			assert!(
				ContributedIn::<T>::get() == now,
				"every block has the contribution of its author to the beacon",
			);
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Contribute to the chain's randomness. The author's node puts this into its block; it is no
		/// transaction.
		///
		/// - `contribution`: VRF output and proof of the author's Aura key on the parent's seed and the slot.
		#[pallet::call_index(0)]
		#[pallet::weight((T::WeightInfo::contribute(), DispatchClass::Mandatory))]
		pub fn contribute(origin: OriginFor<T>, contribution: Contribution) -> DispatchResult {
			ensure_none(origin)?;
			let now = frame_system::Pallet::<T>::block_number();
			ensure!(ContributedIn::<T>::get() != now, Error::<T>::AlreadyContributed);
			let turn = CurrentTurn::<T>::take().ok_or(Error::<T>::NoAuthor)?;
			let seed = Seed::<T>::get();
			ensure!(contribution.is_of(&turn, &seed), Error::<T>::WrongContribution);
			Seed::<T>::put(contribution.next_seed(&seed));
			ContributedIn::<T>::put(now);
			Ok(())
		}
	}

	#[pallet::inherent]
	impl<T: Config> ProvideInherent for Pallet<T> {
		type Call = Call<T>;
		type Error = MakeFatalError<()>;
		const INHERENT_IDENTIFIER: InherentIdentifier = INHERENT_IDENTIFIER;

		fn create_inherent(data: &InherentData) -> Option<Self::Call> {
			match data.get_data(&Self::INHERENT_IDENTIFIER) {
				Ok(Some(contribution)) => return Some(Call::contribute { contribution }),
				Ok(None) => log::error!(
					target: LOG_TARGET,
					"this block will be invalid: its node contributes nothing to the beacon; \
					update the node",
				),
				Err(error) => log::error!(
					target: LOG_TARGET,
					"this block will be invalid: its contribution to the beacon does not decode: {error:?}",
				),
			}
			None
		}

		/// Nothing to check: whoever imports a block has no data of its own to compare with, and
		/// executing the call verifies it.
		fn check_inherent(_: &Self::Call, _: &InherentData) -> Result<(), Self::Error> {
			Ok(())
		}

		fn is_inherent(call: &Self::Call) -> bool {
			matches!(call, Call::contribute { .. })
		}
	}
}

impl<T: Config> Randomness<H256, BlockNumberFor<T>> for Pallet<T> {
	fn random(subject: &[u8]) -> (H256, BlockNumberFor<T>) {
		let random = blake2_256(&(b"fhe-ml/beacon/random", subject, Seed::<T>::get()).encode());
		(random.into(), ContributedIn::<T>::get())
	}
}
