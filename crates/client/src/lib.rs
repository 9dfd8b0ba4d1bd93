//! Client of the fhe-ml chain: keys and files on disk, rows of features, and the chain itself.
//!
//! The `fhe-ml` tool is this library with a command line.

pub mod chain;
pub mod files;
pub mod known_models;
pub mod owner_keys;
pub mod rows;
