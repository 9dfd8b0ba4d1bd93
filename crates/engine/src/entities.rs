//! What is stored and sent, and its bytes.

pub(crate) mod batch;
pub mod circuit;
pub mod client_key;
mod cost;
pub mod encrypted_forest;
pub(crate) mod encrypted_forest_layout;
pub(crate) mod encrypted_forest_shape;
pub mod encrypted_linear;
pub(crate) mod encrypted_weights;
pub mod filter;
pub mod forest;
mod forest_noise;
pub mod input;
pub(crate) mod limbs;
pub mod linear;
pub mod network;
mod network_layers;
pub mod prepared_server_key;
pub mod result;
pub mod result_encoding;
pub(crate) mod rlwe;
pub mod server_key;
pub mod switched_result;
pub(crate) mod tree;
mod varint;
