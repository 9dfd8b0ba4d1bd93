//! Upper bounds of every blob that enters storage.

use sp_core::ConstU32;

/// Longest model artifact: 3 MiB, so that registering fits a block.
pub type MaxArtifactBytes = ConstU32<{ 3 * 1024 * 1024 }>;

/// Longest server key: 2.5 MiB.
pub type MaxServerKeyBytes = ConstU32<{ 2560 * 1024 }>;

/// Longest encrypted input: 1 MiB, which is 160,000 slots.
pub type MaxInputBytes = ConstU32<{ 1024 * 1024 }>;

/// Longest encrypted result: 256 KiB.
pub type MaxResultBytes = ConstU32<{ 256 * 1024 }>;

/// Longest model name in bytes.
pub type MaxNameBytes = ConstU32<{ fhe_ml_format::MODEL_NAME_BYTES as u32 }>;

/// Most workers that one job can be assigned to.
pub type MaxAssignees = ConstU32<16>;
