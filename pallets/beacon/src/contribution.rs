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

/// A right contribution to the default seed, of the key of seed `[1; 32]`: runtimes have no secret keys.
#[cfg(any(test, feature = "runtime-benchmarks"))]
impl Contribution {
	pub(crate) fn example() -> (Turn, Self) {
		let author = [
			0x18, 0x9d, 0xac, 0x29, 0x29, 0x6d, 0x31, 0x81, 0x4d, 0xc8, 0xc5, 0x6c, 0xf3, 0xd3,
			0x6a, 0x05, 0x43, 0x37, 0x2b, 0xba, 0x75, 0x38, 0xfa, 0x32, 0x2a, 0x4a, 0xeb, 0xfe,
			0xbc, 0x39, 0xe0, 0x56,
		];
		let pre_output = [
			0x8a, 0x6e, 0xa6, 0xf3, 0x00, 0xac, 0xf0, 0x2c, 0x1e, 0x78, 0xf7, 0xd4, 0x68, 0x56,
			0xe5, 0xd1, 0x52, 0x90, 0xde, 0xd2, 0x9b, 0xb2, 0x83, 0x62, 0x2b, 0x2f, 0xcf, 0xf0,
			0xb5, 0x91, 0x68, 0x26,
		];
		let proof = [
			0x8c, 0xdb, 0x7d, 0xc0, 0xdd, 0xf7, 0x81, 0xa2, 0x62, 0xd8, 0xc7, 0x15, 0x87, 0xc4,
			0x95, 0x95, 0x16, 0x43, 0xaa, 0x83, 0x6e, 0xd5, 0x80, 0xcb, 0xa3, 0x25, 0x21, 0x08,
			0xe8, 0x36, 0x10, 0x0d, 0x77, 0x58, 0x80, 0xe2, 0x50, 0x09, 0x7c, 0xbe, 0x04, 0x50,
			0x92, 0x6b, 0xd8, 0x1b, 0x42, 0xca, 0x87, 0x3e, 0x31, 0x4e, 0x92, 0x83, 0x4b, 0xff,
			0xca, 0x74, 0x3b, 0xf5, 0x1a, 0xd0, 0x24, 0x07,
		];
		(Turn { author: Public::from_raw(author), slot: 7 }, Self { pre_output, proof })
	}
}
