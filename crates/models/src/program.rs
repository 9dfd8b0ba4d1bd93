//! A part of an ONNX graph that the client runs on its own row, before encryption or after decryption.
//!
//! Programs come from the chain, in the cards of strangers' models: everything that they can ask for is bounded, and
//! refused before it takes memory or time.

mod tensor;

pub(crate) use tensor::{Kind, Tensor, Values};
