//! Who authors blocks and votes on finality, as nodes and clients see it.

use alloc::vec::Vec;
use codec::{Codec, Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_consensus_aura::{
	Slot,
	digests::CompatibleDigestItem,
	sr25519::{AuthorityId as AuraId, AuthoritySignature},
};
use sp_runtime::traits::Header;

/// The slot of a header, if it names one.
pub fn slot_of(header: &impl Header) -> Option<Slot> {
	let as_slot = CompatibleDigestItem::<AuthoritySignature>::as_aura_pre_digest;
	header.digest().logs().iter().find_map(as_slot)
}

/// An authority that bonds its own funds.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct CandidateRecord<Balance> {
	/// What it holds, and loses a part of if it fails.
	pub bond: Balance,
	/// What it does now.
	pub status: CandidateStatus,
}

/// What a candidate does.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum CandidateStatus {
	/// It is in the next sets.
	Active,
	/// It was silent for a session; `become_candidate` brings it back.
	Dropped,
	/// It leaves.
	Leaving {
		/// First session in which its bond can be withdrawn.
		free_in: u32,
	},
}

/// How an authority came to be one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum AuthorityRole<Balance> {
	/// On the admin's list.
	Permanent {
		/// It was silent for a session; `come_back` brings it back.
		offline: bool,
	},
	/// With a bond.
	Candidate(CandidateRecord<Balance>),
	/// Neither any more; it is in the set until that changes.
	Removed,
}

/// One authority.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct AuthorityInfo<AccountId, Balance> {
	/// Its account.
	pub account: AccountId,
	/// How it came to be one.
	pub role: AuthorityRole<Balance>,
	/// Whether it is in the set of this session.
	pub in_set: bool,
	/// Whether it was punished and may not author now.
	pub disabled: bool,
	/// Blocks of this session that it authored.
	pub authored: u32,
}

/// All authorities, and the session that they are in.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Overview<AccountId, Balance> {
	/// Number of the session.
	pub session: u32,
	/// Block that began it.
	pub started: u32,
	/// Its length in blocks.
	pub length: u32,
	/// The authorities: those of the set, then the others.
	pub authorities: Vec<AuthorityInfo<AccountId, Balance>>,
}

sp_api::decl_runtime_apis! {
	/// What nodes and clients ask about authorities.
	pub trait AuthoritiesApi<AccountId, Balance> where AccountId: Codec, Balance: Codec {
		/// All authorities.
		fn authorities_overview() -> Overview<AccountId, Balance>;

		/// A transaction that reports two sealed headers of one slot, ready for the pool.
		fn double_seal_report(
			authority: AuraId,
			first: Block::Header,
			second: Block::Header,
		) -> Block::Extrinsic;
	}
}
