//! What the runtime evaluates for whoever asks: a slice as its court does it.

use crate::FailureReason;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;
use sp_core::H256;

/// What a slice came to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Progress {
	/// There is more to do; the next slice goes on from these bytes.
	Carry(Vec<u8>),
	/// The bytes of the part, as they are in a result, or why there are none.
	Done(Result<Vec<u8>, FailureReason>),
	/// The court cannot go on: nobody is wrong for it.
	Unable,
}

sp_api::decl_runtime_apis! {
	/// Evaluation by the runtime.
	pub trait CourtApi {
		/// Evaluates the next slice of a part of a result, as the court does. `server_key` is the key and its hash, if the
		/// model needs one; `carry` is what the slice before has left, and empty at first.
		fn slice(
			artifact: Vec<u8>,
			server_key: Option<(Vec<u8>, H256)>,
			input: Vec<u8>,
			part: u32,
			carry: Vec<u8>,
		) -> Progress;

		/// How many slices the largest part of a result takes; `None` if the artifact does not decode, or the runtime
		/// does not evaluate its model.
		fn slices(artifact: Vec<u8>) -> Option<u32>;
	}
}
