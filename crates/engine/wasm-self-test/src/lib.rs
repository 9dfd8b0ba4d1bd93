//! The engine's self-test as a WebAssembly module; `scripts/determinism.sh` runs it in Node.js.

/// 0 if the engine computes the same bytes here as everywhere.
#[unsafe(no_mangle)]
pub extern "C" fn self_test() -> u32 {
	u32::from(fhe_ml_engine::self_test().is_err())
}
