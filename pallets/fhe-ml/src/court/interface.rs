//! What the pallet asks of who evaluates in the runtime.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use fhe_ml_primitives::Progress;
use frame_support::weights::Weight;
use scale_info::TypeInfo;
use sp_core::H256;

/// What the runtime can evaluate itself.
pub trait Court {
	/// Weight of the heaviest [`Court::step`], without reading what is in its case and carried.
	fn step_weight() -> Weight;

	/// Weight of [`Court::docket`] for an artifact of this many bytes.
	fn docket_weight(artifact_bytes: u32) -> Weight;

	/// How jobs of a model can be tried. The artifact has a valid prefix, and is not that of a private model.
	///
	/// # Errors
	/// If the artifact does not decode.
	fn docket(artifact: &[u8]) -> Result<Docket, ArtifactRefused>;

	/// Evaluates the next slice of a case. `carry` is empty before the first one of a part, and then what the slice
	/// before has left; its bytes are the court's own affair. Of a model that is tried at once, the first slice is the
	/// last one.
	fn step(case: &Case<'_>, carry: Vec<u8>) -> Progress;
}

/// An artifact that does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtifactRefused;

/// How jobs of a model can be tried.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum Docket {
	/// Not by the runtime: they are too much work, or the model is private.
	#[default]
	None,
	/// In the call that posts the outcome.
	AtOnce {
		/// Weight of one row.
		weight: Weight,
	},
	/// In steps, if somebody challenges the outcome, or workers differ.
	Steps {
		/// Most steps of the largest part of a result. One with fewer rows takes its share of them and one more, at most:
		/// a trial that takes more is called off.
		per_part: u32,
	},
}

/// What is to be evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
	/// Bytes of the model's artifact.
	pub artifact: &'a [u8],
	/// Bytes of the server key, if the model needs one.
	pub server_key: Option<&'a [u8]>,
	/// Hash of the server key, which needs not be computed again.
	pub server_key_hash: Option<H256>,
	/// Bytes of the input.
	pub input: &'a [u8],
	/// Number of the part of the result: the rows that share a mask, or all rows of a model without a server key.
	pub part: u32,
}

/// No court: nothing is tried, workers and juries are believed.
impl Court for () {
	fn step_weight() -> Weight {
		Weight::zero()
	}

	fn docket_weight(_: u32) -> Weight {
		Weight::zero()
	}

	fn docket(_: &[u8]) -> Result<Docket, ArtifactRefused> {
		Ok(Docket::None)
	}

	/// Never asked, since no model has a docket.
	fn step(_: &Case<'_>, _: Vec<u8>) -> Progress {
		Progress::Unable
	}
}
