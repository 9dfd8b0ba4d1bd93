//! Evaluation in the runtime, by the engine.

use alloc::vec::Vec;
use fhe_ml_engine::{
	AdvanceError, CompiledModel, MAX_REST_BYTES, MAX_TRIED_ARTIFACT_BYTES, PreparedServerKey,
	Progress as Advanced, Trial,
};
use fhe_ml_primitives::{FailureReason, Progress, bounds::MAX_CARRY_BYTES};
use frame_support::weights::{
	Weight,
	constants::{WEIGHT_REF_TIME_PER_MICROS, WEIGHT_REF_TIME_PER_MILLIS},
};
use pallet_fhe_ml::{ArtifactRefused, Case, Court, Docket};

/// Milliseconds of the longest slice, with preparing the server key: a third of a block.
/// `the_compiled_runtime_gives_the_bytes_of_native_code` prints what they take.
const SLICE_MILLISECONDS: u64 = 333;

/// Microseconds of decoding 1,024 bytes of an artifact, and of cutting its circuit into slices.
const MICROSECONDS_PER_KIBIBYTE: u64 = 1_000;

/// How much longer a work unit, a microsecond of native code, takes in WebAssembly.
const MICROSECONDS_PER_WORK: u64 = 8;

/// The engine as a court.
pub struct EngineCourt;

impl Court for EngineCourt {
	fn step_weight() -> Weight {
		Weight::from_parts(SLICE_MILLISECONDS * WEIGHT_REF_TIME_PER_MILLIS, 0)
	}

	fn docket_weight(artifact_bytes: u32) -> Weight {
		match artifact_bytes as usize > MAX_TRIED_ARTIFACT_BYTES {
			true => Weight::zero(),
			false => {
				let kibibytes = u64::from(artifact_bytes).div_ceil(1024);
				let microseconds = kibibytes * MICROSECONDS_PER_KIBIBYTE;
				Weight::from_parts(microseconds * WEIGHT_REF_TIME_PER_MICROS, 0)
			},
		}
	}

	fn docket(artifact: &[u8]) -> Result<Docket, ArtifactRefused> {
		if artifact.len() > MAX_TRIED_ARTIFACT_BYTES {
			return Ok(Docket::None);
		}
		let (model, _) = CompiledModel::read(artifact).map_err(|_| ArtifactRefused)?;
		Ok(match model.circuit.trial(artifact.len()) {
			Trial::None => Docket::None,
			Trial::Slices(per_part) => Docket::Steps { per_part },
			Trial::AtOnce => {
				let microseconds = model.circuit.work() * MICROSECONDS_PER_WORK;
				let time = microseconds * WEIGHT_REF_TIME_PER_MICROS;
				Docket::AtOnce { weight: Weight::from_parts(time, 0) }
			},
		})
	}

	fn step(case: &Case<'_>, carry: Vec<u8>) -> Progress {
		match evaluate(case, &carry) {
			Ok(Advanced::Rests(rest)) => Progress::Carry(rest),
			Ok(Advanced::Done(part)) => Progress::Done(Ok(part)),
			Err(Some(reason)) => Progress::Done(Err(reason)),
			Err(None) => Progress::Unable,
		}
	}
}

const _: () = assert!(MAX_REST_BYTES <= MAX_CARRY_BYTES as usize);

/// The next slice, or what a worker says of such a job; nothing if that is no fault of the job.
fn evaluate(case: &Case<'_>, carry: &[u8]) -> Result<Advanced, Option<FailureReason>> {
	let (model, _) =
		CompiledModel::read(case.artifact).map_err(|_| FailureReason::ModelDoesNotDecode)?;
	let key = case.server_key.zip(case.server_key_hash);
	let key = key
		.filter(|_| model.circuit.kind().needs_server_key())
		.map(|(bytes, hash)| PreparedServerKey::read(bytes, hash.0))
		.transpose()
		.map_err(|_| FailureReason::ServerKeyDoesNotDecode)?;
	model.advance(key.as_ref(), case.input, case.part, carry).map_err(|error| match error {
		AdvanceError::Evaluate(_) => Some(FailureReason::InputDoesNotDecode),
		AdvanceError::Uncut | AdvanceError::Rest => None,
	})
}
