//! What is done with keys and ciphertexts.

pub mod decryption;
pub mod encrypted_forest;
pub mod encrypted_linear;
pub mod encryption;
pub mod evaluation;
pub(crate) mod expansion;
pub(crate) mod external_product;
pub(crate) mod filter;
pub mod forest;
pub mod key_generation;
pub mod linear;
mod modulus_switch;
pub mod network;
pub(crate) mod packing;
pub(crate) mod rlwe;
