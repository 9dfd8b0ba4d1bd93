//! Levelled TFHE with exact arithmetic.
//!
//! Everything happens in the ring R_q = Z_q\[X\]/(X^N + 1) with N = 2048 and a 51-bit prime q
//! ([`math::params`]). Products are number-theoretic transforms, so every result is the same to the bit
//! on every CPU. A circuit is chosen so that its noise stays below the grid of its outputs, with a proof by formula
//! ([`noise`]), without bootstrapping; only [deep networks](circuits::deep) bootstrap.
//!
//! - [`math`]: residues, polynomials, their transforms, and parameters.
//! - [`noise`]: how much noise every step makes, by formula.
//! - [`entities`]: what is stored and sent (keys, inputs, results), and its bytes.
//! - [`algorithms`]: what is done with ciphertexts, whatever the circuit is.
//! - [`circuits`]: one folder per kind of circuit, and the table of all kinds.
//!
//! What evaluates needs no secret. What does is apart from it: `ClientKey`, key generation, encryption
//! and decryption in [`algorithms`], the sampling of secrets and noise, and in every circuit's folder
//! the files `encrypt` and `decrypt`. Beside them only masks are sampled, from public seeds.
//!
//! ```
//! use fhe_ml_engine::{Circuit, ClientKey, EvaluationBuffers, LinearCircuit, new_seeder};
//!
//! let mut seeder = new_seeder();
//! let (client_key, _server_key) = ClientKey::generate(seeder.as_mut());
//!
//! // Two outputs of three features, weights of one 8-bit limb: 3 x0 - 2 x2 + 10 and x1.
//! let circuit = LinearCircuit::new(3, 8, 1, vec![3, 0, -2, 0, 1, 0], vec![10, 0])?;
//! let circuit = Circuit::Linear(circuit);
//!
//! let model_hash = [7; 32];
//! let input = client_key.encrypt(&circuit, model_hash, &[100, 20, 30], seeder.as_mut())?;
//! // On the collator; a linear circuit needs no server key.
//! let result = circuit.evaluate(None, &input, &mut EvaluationBuffers::default())?;
//! assert_eq!(client_key.decrypt(&circuit, &input, &result)?, vec![250, 20]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(not(feature = "std"), no_std)]
// What compiles and decrypts circuits has its callers on the client.
#![cfg_attr(not(feature = "client"), allow(dead_code))]

extern crate alloc;

pub mod algorithms;
#[cfg(feature = "client")]
#[doc(hidden)]
pub mod benchmarked;
pub mod circuits;
mod compiled_model;
pub mod entities;
mod hash;
pub mod math;
pub mod noise;
mod sampling;
#[cfg(feature = "client")]
mod self_test;
mod threads;

#[cfg(feature = "client")]
pub use algorithms::decryption::DecryptError;
pub use algorithms::expansion::EvaluationBuffers;
#[cfg(feature = "client")]
pub use circuits::encrypted_forest::EncryptedForest;
pub use circuits::{
	Circuit, CircuitError, CircuitInputError, DeepCircuit, DeepCircuitError,
	EncryptedForestCircuit, EncryptedForestError, EncryptedLinearCircuit, EncryptedLinearError,
	EvaluateError, FilterCircuit, FilterCircuitError, ForestCircuit, ForestCircuitError,
	LinearCircuit, LinearCircuitError, NetworkCircuit, NetworkCircuitError, PrivateCircuit,
	PrivateCircuitError,
	advance::{AdvanceError, MAX_REST_BYTES, Progress},
	filter::Tap,
	levelled::{ExcessiveMemory, LevelledCost},
	trial::{MAX_TRIED_ARTIFACT_BYTES, Trial},
};
pub use compiled_model::{CompiledModel, CompiledModelError, check_key};
#[cfg(feature = "client")]
pub use entities::client_key::{ClientKey, ClientKeyError};
pub use entities::{
	bootstrap_key::{BootstrapKey, BootstrapKeyError},
	prepared_server_key::PreparedServerKey,
	server_key::{ServerKey, ServerKeyError},
};
pub use fhe_ml_format::{Hash, HeaderError};
pub use hash::blake2b_256;
pub use math::bits::{PackingError, pack, packed_len, unpack};
#[cfg(feature = "client")]
pub use sampling::secrets::{Seed, Seeder, new_seeder};
#[cfg(feature = "client")]
pub use self_test::{SelfTestError, bootstrap_self_test, self_test};
