//! What is stored and sent, and its bytes.

pub mod circuit;
pub mod client_key;
mod cost;
pub mod forest;
pub mod input;
mod limbs;
pub mod linear;
pub mod network;
mod network_layers;
pub mod prepared_server_key;
pub mod result;
pub mod result_encoding;
pub(crate) mod rlwe;
pub mod selector;
pub mod server_key;
pub mod switched_result;
mod tree;
mod varint;
