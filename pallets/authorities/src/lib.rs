//! Who authors blocks and votes on finality.
//!
//! The authorities of a session are those on the admin's list ("permanent" ones) and, by the size of their
//! bonds, candidates. The set changes between sessions: what is decided in one session is planned at its end
//! for the session after next, as `pallet-session` does it.
//!
//! An authority that authored nothing in a whole session is dropped (`offline.rs`), but only as many as
//! GRANDPA can spare. One that seals two blocks of a slot or votes twice in a round of GRANDPA is slashed,
//! disabled at once and barred (`punish.rs`, `double_seal.rs`).

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub use pallet::*;
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod candidates;
mod double_seal;
pub mod migrations;
#[cfg(test)]
mod mock;
mod offence;
mod offline;
mod punish;
mod sessions;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", feature = "std"))]
mod try_state;
pub mod weights;

pub use offence::DoubleSeal;
pub use sessions::NoIdentification;

#[frame_support::pallet]
#[allow(missing_docs, clippy::expect_used)] // The macros generate them.
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use codec::Encode;
	use fhe_ml_primitives::authorities::CandidateRecord;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Inspect, Mutate, MutateHold},
	};
	use frame_system::{offchain::CreateAuthorizedTransaction, pallet_prelude::*};
	use sp_consensus_aura::sr25519::AuthorityId as AuraId;
	use sp_staking::{SessionIndex, offence::ReportOffence};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// Balance of a bond.
	pub type BalanceOf<T> =
		<<T as Config>::BondCurrency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: From<Event<Self>>>
		+ pallet_aura::Config<AuthorityId = AuraId>
		+ pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
		+ pallet_session::historical::Config<FullIdentification = ()>
		+ CreateAuthorizedTransaction<Call<Self>>
	{
		/// The currency of bonds.
		type BondCurrency: Mutate<Self::AccountId>
			+ MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;

		/// Who sets the list of permanent authorities and the length of sessions.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Where double seals are reported; it calls this pallet back as `OnOffenceHandler`, once for each.
		type ReportOffence: ReportOffence<Self::AccountId, (Self::AccountId, ()), DoubleSeal<Self::AccountId>>;

		/// The least bond of a candidate.
		#[pallet::constant]
		type CandidateBond: Get<BalanceOf<Self>>;

		/// What a candidate that was silent for a session loses.
		#[pallet::constant]
		type OfflinePenalty: Get<BalanceOf<Self>>;

		/// Account that gets what is slashed.
		#[pallet::constant]
		type SlashAccount: Get<Self::AccountId>;

		/// The shortest session, in blocks.
		#[pallet::constant]
		type MinSessionLength: Get<BlockNumberFor<Self>>;

		/// The longest session, in blocks.
		#[pallet::constant]
		type MaxSessionLength: Get<BlockNumberFor<Self>>;

		/// Sessions after which an offence can no longer be reported; bonds are held for longer.
		#[pallet::constant]
		type ReportableSessions: Get<SessionIndex>;

		/// Sessions for which a punished account cannot be a candidate.
		#[pallet::constant]
		type BarredSessions: Get<SessionIndex>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// Why the pallet holds an account's funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Bond of a candidate; back some time after `leave_candidates`.
		CandidateBond,
	}

	/// An authority on the admin's list.
	#[derive(
		Clone,
		Debug,
		PartialEq,
		Eq,
		Encode,
		Decode,
		DecodeWithMemTracking,
		MaxEncodedLen,
		scale_info::TypeInfo,
	)]
	pub struct Permanent<AccountId> {
		/// Its account.
		pub account: AccountId,
		/// It was silent for a session, and is left out until it calls `come_back`.
		pub offline: bool,
	}

	/// The admin's list. These need no bond.
	#[pallet::storage]
	pub type PermanentAuthorities<T: Config> =
		StorageValue<_, BoundedVec<Permanent<T::AccountId>, T::MaxAuthorities>, ValueQuery>;

	/// All accounts with a bond.
	#[pallet::storage]
	pub type Candidates<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, CandidateRecord<BalanceOf<T>>>;

	/// The candidates that are active.
	#[pallet::storage]
	pub type ActiveCandidates<T: Config> =
		StorageValue<_, BoundedVec<T::AccountId, T::MaxAuthorities>, ValueQuery>;

	/// Accounts that were punished, and the first session in which they may be candidates again.
	#[pallet::storage]
	pub type Barred<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, SessionIndex>;

	/// How many blocks of this session an authority has authored.
	#[pallet::storage]
	pub type Authored<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

	/// Blocks of a session.
	#[pallet::storage]
	pub type SessionLength<T: Config> =
		StorageValue<_, BlockNumberFor<T>, ValueQuery, T::MinSessionLength>;

	/// Block that began this session.
	#[pallet::storage]
	pub type SessionStart<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The admin's list.
		pub permanent: Vec<T::AccountId>,
		/// Blocks of a session; none for the shortest.
		pub session_length: Option<BlockNumberFor<T>>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let put = || {
				Pallet::<T>::put_permanent(self.permanent.clone())?;
				self.session_length.map_or(Ok(()), Pallet::<T>::do_set_session_length)
			};
			if let Err(error) = put() {
				panic!("genesis: the authorities are not possible: {error:?}");
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// The admin's list is another one; it counts from the session after next.
		PermanentSet {
			/// The accounts on it.
			authorities: Vec<T::AccountId>,
		},
		/// An account is a candidate, with a new bond; it counts from the session after next.
		CandidateJoined {
			/// The account.
			account: T::AccountId,
			/// Its bond.
			bond: BalanceOf<T>,
		},
		/// There is no room for a candidate any more, because others hold more; it leaves.
		CandidateOutbid {
			/// The account.
			account: T::AccountId,
			/// First session in which its bond can be withdrawn.
			free_in: SessionIndex,
		},
		/// A candidate leaves the authorities.
		CandidateLeaves {
			/// The account.
			account: T::AccountId,
			/// First session in which its bond can be withdrawn.
			free_in: SessionIndex,
		},
		/// A candidate has left and got its bond back.
		BondWithdrawn {
			/// The account.
			account: T::AccountId,
			/// What it got.
			bond: BalanceOf<T>,
		},
		/// An authority authored nothing in a whole session, and is left out of the next sets until it calls
		/// `come_back` (if it is on the admin's list) or `become_candidate`.
		AuthorityOffline {
			/// The account.
			account: T::AccountId,
			/// What it lost of its bond.
			penalty: BalanceOf<T>,
		},
		/// More authorities were silent than GRANDPA can spare: none was dropped, because no other set could
		/// be agreed on without them.
		TooManyOffline {
			/// How many were silent.
			silent: u32,
			/// How many could have been dropped.
			most: u32,
		},
		/// An authority on the admin's list that was offline is in the next sets again.
		AuthorityBack {
			/// The account.
			account: T::AccountId,
		},
		/// An authority sealed two blocks of a slot, or voted twice in a round of GRANDPA.
		AuthorityPunished {
			/// The account.
			account: T::AccountId,
			/// What it lost of its bond.
			slashed: BalanceOf<T>,
			/// First session in which it may be a candidate again.
			barred_until: SessionIndex,
		},
		/// Sessions have another length.
		SessionLengthSet {
			/// In blocks.
			length: BlockNumberFor<T>,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// There are more authorities than the chain allows.
		TooManyAuthorities,
		/// An account is named twice.
		NamedTwice,
		/// The account has no session keys: `session.setKeys` with those that `author_rotateKeysWithOwner`
		/// makes on its node comes first.
		NoSessionKeys,
		/// The account is on the admin's list, which needs no bond.
		AlreadyPermanent,
		/// The account is not on the admin's list.
		NotPermanent,
		/// The authority is not offline.
		NotOffline,
		/// The bond is less than the least one, or than what the account holds already.
		BondTooSmall,
		/// There is no room, and no candidate with a smaller bond.
		NoRoom,
		/// The account was punished and may not be a candidate yet; `barred` shows until when.
		StillBarred,
		/// The account is not a candidate.
		NotCandidate,
		/// The candidate leaves already.
		LeavesAlready,
		/// The candidate does not leave: call `leave_candidates` first.
		NotLeaving,
		/// The bond is not free yet: offences of the account can still be reported.
		BondNotFree,
		/// No authority would be left.
		NoAuthorityLeft,
		/// A session must not be shorter or longer than the constants of the runtime.
		ImpossibleSessionLength,
		/// The two headers do not show that an authority sealed two blocks of one slot of this chain.
		NoDoubleSeal,
		/// This double seal was reported before.
		ReportedAlready,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Set the list of permanent authorities. Admin only (on the dev chain: through `sudo`). All of them
		/// count as online and are barred no more.
		///
		/// - `authorities`: the accounts; each must have set its session keys.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::set_permanent(authorities.len() as u32))]
		pub fn set_permanent(
			origin: OriginFor<T>,
			authorities: Vec<T::AccountId>,
		) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_set_permanent(authorities)
		}

		/// Become an authority with a bond, or raise its bond, or come back after you were dropped. Your
		/// session keys must be set.
		///
		/// - `bond`: all that is held then; at least the least bond, and what is held already.
		#[pallet::call_index(1)]
		#[pallet::weight(<T as Config>::WeightInfo::become_candidate())]
		pub fn become_candidate(
			origin: OriginFor<T>,
			#[pallet::compact] bond: BalanceOf<T>,
		) -> DispatchResult {
			let account = ensure_signed(origin)?;
			Self::do_become_candidate(account, bond)
		}

		/// Leave the authorities. Let your node run until you are in no set any more.
		#[pallet::call_index(2)]
		#[pallet::weight(<T as Config>::WeightInfo::leave_candidates())]
		pub fn leave_candidates(origin: OriginFor<T>) -> DispatchResult {
			let account = ensure_signed(origin)?;
			Self::do_leave_candidates(account)
		}

		/// Get your bond back, some time after you left.
		#[pallet::call_index(3)]
		#[pallet::weight(<T as Config>::WeightInfo::withdraw_bond())]
		pub fn withdraw_bond(origin: OriginFor<T>) -> DispatchResult {
			let account = ensure_signed(origin)?;
			Self::do_withdraw_bond(account)
		}

		/// Come back after your authority, which is on the admin's list, was silent for a session.
		#[pallet::call_index(4)]
		#[pallet::weight(<T as Config>::WeightInfo::come_back())]
		pub fn come_back(origin: OriginFor<T>) -> DispatchResult {
			let account = ensure_signed(origin)?;
			Self::do_come_back(account)
		}

		/// Set how many blocks a session has, this one included. Admin only.
		///
		/// - `length`: in blocks, within the constants of the runtime.
		#[pallet::call_index(5)]
		#[pallet::weight(<T as Config>::WeightInfo::set_session_length())]
		pub fn set_session_length(
			origin: OriginFor<T>,
			length: BlockNumberFor<T>,
		) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_set_session_length(length)
		}

		/// Report that an authority sealed two blocks of one slot. Sent by nodes, not by people.
		///
		/// - `authority`: the Aura key that sealed both.
		/// - `first`: one header, with its seal.
		/// - `second`: the other.
		#[pallet::call_index(6)]
		#[pallet::weight(<T as Config>::WeightInfo::report_double_seal())]
		#[pallet::weight_of_authorize(<T as Config>::WeightInfo::authorize_double_seal(
			first.encoded_size().saturating_add(second.encoded_size()) as u32
		))]
		#[pallet::authorize(Self::authorize_double_seal)]
		pub fn report_double_seal(
			origin: OriginFor<T>,
			authority: AuraId,
			first: HeaderFor<T>,
			second: HeaderFor<T>,
		) -> DispatchResult {
			ensure_authorized(origin)?;
			let _ = second; // Checked by `authorize_double_seal`, without which we are not here.
			Self::do_report_double_seal(authority, &first)
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}
}
