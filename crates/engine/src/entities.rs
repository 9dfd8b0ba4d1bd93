//! What is stored and sent, and its bytes.

#[cfg(feature = "client")]
pub mod client_key;
pub mod input;
pub mod prepared_server_key;
pub mod result;
pub(crate) mod rlwe;
pub mod server_key;
pub mod switched_result;
