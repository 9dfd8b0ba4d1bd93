//! Levelled TFHE with exact arithmetic.
//!
//! Everything happens in the ring R_q = Z_q\[X\]/(X^N + 1) with N = 2048 and a 51-bit prime q
//! ([`math::params`]). Products are number-theoretic transforms, so every result is the same to the bit
//! on every CPU. There is no bootstrapping: a circuit is chosen so that its noise stays below the
//! grid of its outputs, with a proof by formula ([`noise`]).
//!
//! - [`entities`]: what is stored and sent (keys, ciphertexts, circuits), and its bytes.
//! - [`algorithms`]: what is done with it (key generation, encryption, evaluation, decryption).
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

pub mod algorithms;
#[doc(hidden)]
pub mod benchmarked;
pub mod entities;
mod hash;
pub mod math;
pub mod noise;
mod sampling;
mod self_test;

pub use algorithms::{
	decryption::DecryptError, encrypted_forest::EncryptedForest, evaluation::EvaluateError,
	forest::EvaluationBuffers,
};
pub use entities::{
	circuit::{Circuit, CircuitError, CircuitInputError},
	client_key::{ClientKey, ClientKeyError},
	encrypted_forest::{EncryptedForestCircuit, EncryptedForestError},
	encrypted_linear::{EncryptedLinearCircuit, EncryptedLinearError},
	filter::{FilterCircuit, FilterCircuitError, Tap},
	forest::{ForestCircuit, ForestCircuitError},
	linear::{LinearCircuit, LinearCircuitError},
	network::{NetworkCircuit, NetworkCircuitError},
	prepared_server_key::PreparedServerKey,
	server_key::{ServerKey, ServerKeyError},
};
pub use fhe_ml_format::{Hash, HeaderError};
pub use hash::blake2b_256;
pub use math::bits::{PackingError, pack, packed_len, unpack};
pub use sampling::secrets::{Seed, Seeder, new_seeder};
pub use self_test::{SelfTestError, self_test};
