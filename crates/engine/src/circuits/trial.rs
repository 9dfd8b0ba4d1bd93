//! What a court that evaluates disputed jobs slice by slice takes upon itself.

use crate::circuits::Circuit;

/// Most slices of one row: about half a minute of WebAssembly.
const MOST_SLICES_OF_A_ROW: u64 = 128;

/// Most slices of a part with many rows.
const MOST_SLICES_OF_A_PART: u64 = 8192;

/// Most work of a row that needs no server key, to be evaluated in one go: work units, which are microseconds of
/// native code.
const MOST_WORK_AT_ONCE: u64 = 20_000;

/// Longest artifact that is decoded: a third of a block. The models of longer ones are not tried.
pub const MAX_TRIED_ARTIFACT_BYTES: usize = 333 * 1024;

/// How jobs of a model can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
	/// Not at all: they are too much work, or not everybody can evaluate them.
	None,
	/// In one go.
	AtOnce,
	/// In slices, of which the largest part of a result has at most so many.
	Slices(u32),
}

impl Circuit {
	/// How jobs can be tried of the model with this circuit, whose artifact has so many bytes.
	pub fn trial(&self, artifact_bytes: usize) -> Trial {
		if artifact_bytes > MAX_TRIED_ARTIFACT_BYTES {
			return Trial::None;
		}
		if self.kind().needs_server_key() {
			return self.most_tried_slices().map_or(Trial::None, Trial::Slices);
		}
		match self.work() {
			work if work > MOST_WORK_AT_ONCE => Trial::None,
			_ => Trial::AtOnce,
		}
	}

	/// Slices of the largest part; `None` if those are too many.
	fn most_tried_slices(&self) -> Option<u32> {
		self.slices(1, 0).filter(|&slices| slices <= MOST_SLICES_OF_A_ROW)?;
		let most = self.most_slices().filter(|&slices| slices <= MOST_SLICES_OF_A_PART)?;
		u32::try_from(most).ok()
	}
}
