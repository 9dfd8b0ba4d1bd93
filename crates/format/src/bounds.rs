//! Most bytes of every blob that a chain stores.

/// Of an artifact: 3 MiB, so that registering fits a block.
pub const MAX_ARTIFACT_BYTES: usize = 3 << 20;

/// Of a server key: 2.5 MiB.
pub const MAX_SERVER_KEY_BYTES: usize = 5 << 19;

/// Of a bootstrap key: 192 KiB.
pub const MAX_BOOTSTRAP_KEY_BYTES: usize = 3 << 16;

/// Of an encrypted input: 1 MiB, which is 160,000 coefficients.
pub const MAX_INPUT_BYTES: usize = 1 << 20;

/// Of an encrypted result: 256 KiB.
pub const MAX_RESULT_BYTES: usize = 1 << 18;
