//! The engine's self-test as a WebAssembly module; `scripts/determinism.sh` runs it in Node.js.

/// 0 if the engine computes the same bytes here as everywhere.
#[unsafe(no_mangle)]
pub extern "C" fn self_test() -> u32 {
	let tested = fhe_ml_engine::self_test().and_then(|()| fhe_ml_engine::bootstrap_self_test());
	u32::from(tested.is_err())
}
