//! What an author contributes, and how it is verified.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{
	H256,
	crypto::VrfPublic,
	sr25519::{
		Public,
		vrf::{VrfSignData, VrfSignature, VrfTranscript},
	},
};
use sp_inherents::InherentIdentifier;
use sp_io::hashing::blake2_256;

/// Under which the node hands its [`Contribution`] to the runtime.
pub const INHERENT_IDENTIFIER: InherentIdentifier = *b"fhebeacn";

/// Who authors a block, and in which slot.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Turn {
	/// The Aura key whose turn the slot is.
	pub author: Public,
	/// The slot.
	pub slot: u64,
}

/// A VRF output and its proof. The output is the only one that key and transcript allow; proofs
/// differ, so nothing is made of their bytes.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Contribution {
	/// The VRF's pre-output, a Ristretto point in its only encoding.
	pub pre_output: [u8; 32],
	/// Proof that the author's key made it.
	pub proof: [u8; 64],
}

impl From<VrfSignature> for Contribution {
	fn from(signature: VrfSignature) -> Self {
		Self { pre_output: signature.pre_output.0.to_bytes(), proof: signature.proof.0.to_bytes() }
	}
}

impl Contribution {
	/// What the author of `slot` signs on a parent with `seed`.
	pub fn to_sign(seed: &H256, slot: u64) -> VrfSignData {
		VrfTranscript::new(
			b"fhe-ml/beacon/1",
			&[(b"seed", seed.as_bytes()), (b"slot", &slot.to_le_bytes())],
		)
		.into()
	}

	/// Whether it is the contribution of `turn` on a parent with `seed`.
	pub fn is_of(&self, turn: &Turn, seed: &H256) -> bool {
		// sp-core's type is no call argument, but has the same encoding.
		VrfSignature::decode(&mut self.encode().as_slice()).is_ok_and(|signature| {
			turn.author.vrf_verify(&Self::to_sign(seed, turn.slot), &signature)
		})
	}

	/// The seed that follows `seed`.
	pub fn next_seed(&self, seed: &H256) -> H256 {
		blake2_256(&(b"fhe-ml/beacon/seed", seed, self.pre_output).encode()).into()
	}
}
