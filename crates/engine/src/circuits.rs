//! The circuits that a model can compile to, one folder per kind.
//!
//! A new kind is one line of the table below, a folder, and its number in
//! [`CircuitKind`](fhe_ml_format::CircuitKind). It answers what `CompiledCircuit` asks, and what its
//! family does: circuits on the bodies of ciphertexts, which need no server key, circuits on encrypted bits, or
//! those of them that need a bootstrap key, too. What needs the client key is in the files `encrypt` and `decrypt` alone.

use alloc::boxed::Box;

pub mod advance;
pub(crate) mod batch;
pub(crate) mod bytes;
mod circuit;
#[cfg(feature = "client")]
pub(crate) mod client;
#[cfg(feature = "client")]
mod client_key;
pub(crate) mod compiled;
pub mod deep;
pub mod encrypted_forest;
pub mod encrypted_linear;
mod errors;
mod family;
pub mod filter;
pub mod forest;
pub(crate) mod keyless;
pub mod levelled;
pub(crate) mod limbs;
pub mod linear;
mod many_rows;
pub mod network;
pub mod private;
pub(crate) mod sliced;
mod table;
pub(crate) mod tree;
pub mod trial;

pub use deep::{DeepCircuit, DeepCircuitError};
pub use encrypted_forest::{EncryptedForestCircuit, EncryptedForestError};
pub use encrypted_linear::{EncryptedLinearCircuit, EncryptedLinearError};
pub use errors::{CircuitInputError, EvaluateError};
pub use filter::{FilterCircuit, FilterCircuitError};
pub use forest::{ForestCircuit, ForestCircuitError};
pub use linear::{LinearCircuit, LinearCircuitError};
pub use network::{NetworkCircuit, NetworkCircuitError};
pub use private::{PrivateCircuit, PrivateCircuitError};

table::circuits! {
	/// Inner products.
	Linear(LinearCircuit): LinearCircuit, LinearCircuitError, Keyless;
	/// Sums of decision trees.
	Forest(ForestCircuit): ForestCircuit, ForestCircuitError, Levelled;
	/// Networks with one hidden layer.
	Network(NetworkCircuit): NetworkCircuit, NetworkCircuitError, Levelled;
	/// Inner products with encrypted weights.
	EncryptedLinear(EncryptedLinearCircuit):
		EncryptedLinearCircuit, EncryptedLinearError, Keyless;
	/// Sums of decision trees with encrypted leaves.
	EncryptedForest(Box<EncryptedForestCircuit>):
		EncryptedForestCircuit, EncryptedForestError, Levelled;
	/// Linear filters on images.
	Filter(FilterCircuit): FilterCircuit, FilterCircuitError, Keyless;
	/// What a user of a private model needs to encrypt rows and to decrypt results.
	Private(PrivateCircuit): PrivateCircuit, PrivateCircuitError, Private;
	/// Networks with any number of hidden layers.
	Deep(DeepCircuit): DeepCircuit, DeepCircuitError, Bootstrapped;
}
