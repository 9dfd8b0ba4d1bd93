//! Evaluation in the runtime, by the engine.

use alloc::vec::Vec;
use fhe_ml_court::{CaseError, Manner, advance, manner};
use fhe_ml_engine::Progress as Advanced;
use fhe_ml_primitives::{FailureReason, SliceOutcome};
use frame_support::weights::{
	Weight,
	constants::{WEIGHT_REF_TIME_PER_MICROS, WEIGHT_REF_TIME_PER_MILLIS},
};
use pallet_fhe_ml::{ArtifactRefused, Case, Court, Docket, Progress};

/// Milliseconds of the longest slice, with preparing the server key: a third of a block.
/// `the_compiled_runtime_gives_the_bytes_of_native_code` prints what they take.
const SLICE_MILLISECONDS: u64 = 333;

/// Microseconds of decoding 1,024 bytes of an artifact, and of cutting its circuit into slices.
const MICROSECONDS_PER_KIBIBYTE: u64 = 1_000;

/// Longest artifact that is decoded: a third of a block. The models of longer ones are not tried.
const MAX_DECODED_BYTES: usize = 333 * 1024;

/// How much longer a work unit, a microsecond of native code, takes in WebAssembly.
const MICROSECONDS_PER_WORK: u64 = 8;

/// The engine as a court.
pub struct EngineCourt;

impl Court for EngineCourt {
	fn step_weight() -> Weight {
		Weight::from_parts(SLICE_MILLISECONDS * WEIGHT_REF_TIME_PER_MILLIS, 0)
	}

	fn docket_weight(artifact_bytes: u32) -> Weight {
		match artifact_bytes as usize > MAX_DECODED_BYTES {
			true => Weight::zero(),
			false => {
				let kibibytes = u64::from(artifact_bytes).div_ceil(1024);
				let microseconds = kibibytes * MICROSECONDS_PER_KIBIBYTE;
				Weight::from_parts(microseconds * WEIGHT_REF_TIME_PER_MICROS, 0)
			},
		}
	}

	fn docket(artifact: &[u8]) -> Result<Docket, ArtifactRefused> {
		if artifact.len() > MAX_DECODED_BYTES {
			return Ok(Docket::None);
		}
		Ok(match manner(artifact).map_err(|_| ArtifactRefused)? {
			Manner::Never => Docket::None,
			Manner::AtOnce { work } => {
				let microseconds = work.saturating_mul(MICROSECONDS_PER_WORK);
				let time = microseconds.saturating_mul(WEIGHT_REF_TIME_PER_MICROS);
				Docket::AtOnce { weight: Weight::from_parts(time, 0) }
			},
			Manner::Slices { per_part } => Docket::Steps { per_part },
		})
	}

	fn step(case: &Case<'_>, carry: Vec<u8>) -> Progress {
		let key = case.server_key.zip(case.server_key_hash).map(|(key, hash)| (key, hash.0));
		let Case { artifact, input, part, .. } = *case;
		let case = fhe_ml_court::Case { artifact, server_key: key, input, part };
		match advance(&case, &carry) {
			Ok(Advanced::Rests(rest)) => Progress::Carry(rest),
			Ok(Advanced::Done(part)) => Progress::Done(Ok(part)),
			Err(CaseError::Slice(_)) => Progress::Unable,
			Err(CaseError::Model(_)) => Progress::Done(Err(FailureReason::ModelDoesNotDecode)),
			Err(CaseError::ServerKey(_)) => {
				Progress::Done(Err(FailureReason::ServerKeyDoesNotDecode))
			},
			Err(CaseError::Input(_)) => Progress::Done(Err(FailureReason::InputDoesNotDecode)),
		}
	}
}

/// What [`EngineCourt`] gives, for whoever asks the runtime.
pub(crate) fn slice(case: &Case<'_>, rest: Vec<u8>) -> SliceOutcome {
	match EngineCourt::step(case, rest) {
		Progress::Carry(rest) => SliceOutcome::Rests(rest),
		Progress::Done(Ok(part)) => SliceOutcome::Done(part),
		Progress::Done(Err(reason)) => SliceOutcome::Failed(reason),
		Progress::Unable => SliceOutcome::Failed(FailureReason::EvaluationFailed),
	}
}
