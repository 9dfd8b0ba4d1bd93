//! What is done with keys and ciphertexts.

pub mod decryption;
pub mod encryption;
pub mod key_generation;
pub mod linear;
mod rlwe;
