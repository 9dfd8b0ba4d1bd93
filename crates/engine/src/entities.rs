//! What is stored and sent, and its bytes.

pub mod bootstrap_key;
#[cfg(feature = "client")]
pub mod client_key;
pub mod input;
pub(crate) mod prepared_bootstrap_key;
pub mod prepared_server_key;
pub mod result;
pub(crate) mod rlwe;
pub mod server_key;
pub mod switched_result;
