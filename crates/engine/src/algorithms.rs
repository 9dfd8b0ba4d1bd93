//! What is done with keys and ciphertexts, whatever the circuit is.
//!
//! An evaluation uses [`expansion`], `external_product`, `packing` and `modulus_switch`, that of a private
//! model `sanitise` as well; the others
//! need the client key.

#[cfg(feature = "client")]
mod bootstrap_key_generation;
pub(crate) mod bootstrapping;
#[cfg(feature = "client")]
pub mod decryption;
#[cfg(feature = "client")]
pub(crate) mod encryption;
pub mod expansion;
pub(crate) mod external_product;
#[cfg(feature = "client")]
mod key_generation;
pub(crate) mod modulus_switch;
pub(crate) mod packing;
#[cfg(feature = "client")]
pub(crate) mod sanitise;
