//! Upper bounds of every blob that enters storage, as types.

use fhe_ml_format::bounds::{
	self as format_bounds, MAX_ARTIFACT_BYTES, MAX_BOOTSTRAP_KEY_BYTES, MAX_INPUT_BYTES,
	MAX_SERVER_KEY_BYTES,
};
use sp_core::ConstU32;

/// Longest model artifact.
pub type MaxArtifactBytes = ConstU32<{ MAX_ARTIFACT_BYTES as u32 }>;

/// Longest server key.
pub type MaxServerKeyBytes = ConstU32<{ MAX_SERVER_KEY_BYTES as u32 }>;

/// Longest bootstrap key.
pub type MaxBootstrapKeyBytes = ConstU32<{ MAX_BOOTSTRAP_KEY_BYTES as u32 }>;

/// Longest encrypted input.
pub type MaxInputBytes = ConstU32<{ MAX_INPUT_BYTES as u32 }>;

/// Longest encrypted result.
pub const MAX_RESULT_BYTES: u32 = format_bounds::MAX_RESULT_BYTES as u32;

/// [`MAX_RESULT_BYTES`] as a type.
pub type MaxResultBytes = ConstU32<MAX_RESULT_BYTES>;

/// Longest model name in bytes.
pub type MaxNameBytes = ConstU32<{ fhe_ml_format::MODEL_NAME_BYTES as u32 }>;

/// Most workers that one job can be assigned to.
pub const MAX_ASSIGNEES: u32 = 16;

/// [`MAX_ASSIGNEES`] as a type.
pub type MaxAssignees = ConstU32<MAX_ASSIGNEES>;

/// Most bytes that one step of a trial leaves for the next one.
pub const MAX_CARRY_BYTES: u32 = 2 * 1024 * 1024;

/// [`MAX_CARRY_BYTES`] as a type.
pub type MaxCarryBytes = ConstU32<MAX_CARRY_BYTES>;

/// Most accounts whose steps of one trial are rewarded: the challenger and sixteen more.
pub const MAX_STEPPERS: u32 = 17;

/// [`MAX_STEPPERS`] as a type.
pub type MaxSteppers = ConstU32<MAX_STEPPERS>;
