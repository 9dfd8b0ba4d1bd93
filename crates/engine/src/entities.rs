//! What is stored and sent, and its bytes.

pub mod client_key;
pub mod input;
pub mod linear;
pub mod result;
pub mod server_key;
