//! From a trained ONNX model to an artifact that the engine evaluates.
//!
//! - [`import`]: reads ONNX and finds out what the model computes.
//! - [`quantise`]: chooses integers for its weights and features, with an error bound.
//!   (`quantise_trees` and `quantise_network` do so for forests and networks.)
//! - [`artifact`]: the `.fheml` file: prefix, [`card`], circuit.
//! - [`predict`]: feature vectors to integers before encryption, integers to predictions after
//!   decryption.
//! - [`encrypt`]: from a public model to an encrypted one and its [`schema`].
//! - [`filter`]: image filters, which are no ONNX models.
//! - [`model`]: an artifact with what a client needs to use it.
//! - [`evaluate`]: what a collator does with the bytes of an artifact and an input.
//! - [`verify`]: whether a collator did so.

pub mod artifact;
pub mod card;
mod cost;
pub mod encrypt;
pub mod evaluate;
pub mod filter;
pub mod import;
pub mod model;
pub mod predict;
pub mod quantise;
mod quantise_network;
mod quantise_trees;
pub mod schema;
pub mod verify;

pub use artifact::{Artifact, ArtifactError, Card};
pub use card::ModelCard;
pub use encrypt::{EncryptModelError, EncryptedModel, encrypt_model};
pub use evaluate::{EvaluateError, evaluate};
pub use filter::{FilterCard, FilterError, FilterKind, ImageFilter, image_filter};
pub use import::{BoundsError, Calibration, ImportError, ImportOptions, import_onnx};
pub use model::{EncryptRowError, Model, ModelError};
pub use predict::{EncodeError, Label, Prediction};
pub use quantise_network::QuantiseNetworkError;
pub use schema::{Schema, SchemaError};
pub use verify::{Sampling, VerifyError, verify_result};
