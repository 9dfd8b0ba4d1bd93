//! From a trained ONNX model to an artifact that the engine evaluates.
//!
//! A pipeline; each part uses only those after it:
//!
//! - [`import`]: the whole way from an ONNX file to an artifact. It goes through `onnx` (which finds
//!   out what a file computes, and cuts off what the client computes in the clear), `float` (what the
//!   encrypted core can be) and [`quantise`] (integers for its weights and features, with an error bound).
//! - [`private`]: from a public model to a private one: what its users see, and what its evaluators have.
//! - [`encrypt`]: from a public model to an encrypted one and its [`schema`].
//! - [`filter`]: image filters, which are no ONNX models.
//! - [`model`]: an artifact with what a client needs to use it.
//! - [`verify`]: whether a collator did what [`mod@evaluate`] does with the bytes of an artifact and an
//!   input.
//! - [`schema`]: what the owner of an encrypted model knows and the chain does not.
//! - [`artifact`]: the `.fheml` file: prefix, card, circuit.
//! - [`predict`]: feature vectors to integers before encryption, integers to predictions after
//!   decryption.
//! - [`card`]: what a model is, what is made of its outputs, and what it costs.
//! - `program`: what the client computes in the clear before the core and after it, as an ONNX graph that is run
//!   within bounds.
//! - [`cell`]: a number or a text of a row.
//! - `proto`: the messages of ONNX files.

pub mod artifact;
mod bounds;
pub mod card;
pub mod cell;
pub mod encrypt;
pub mod evaluate;
pub mod filter;
mod float;
pub mod import;
pub mod model;
mod onnx;
pub mod predict;
pub mod private;
mod program;
mod proto;
pub mod quantise;
pub mod schema;
mod sealed;
mod special;
pub mod verify;

pub use artifact::{Artifact, ArtifactError, Card};
pub use bounds::BoundsError;
pub use card::{FilterCard, FilterKind, ModelCard};
pub use cell::Cell;
pub use encrypt::{EncryptModelError, EncryptedModel, encrypt_model};
pub use evaluate::evaluate;
pub use filter::{FilterError, ImageFilter, image_filter};
pub use float::calibration::Calibration;
pub use import::{ImportError, ImportOptions, import_onnx, import_onnx_file};
pub use model::{AnswerError, EncodedRow, EncryptRowError, Model, ModelError, PredictError};
pub use onnx::{ExternalError, OnnxError, supported_operators};
pub use predict::{EncodeError, Label, Prediction, Step, StepError};
pub use private::{
	Grid, GridError, MOST_ANSWERS, PrivateError, PrivateFile, PrivateFileError, PrivateModel,
	PrivateOptions, Told, make_private, owner_key, passphrase_of, predict_private,
};
pub use program::{Fault, Program, ProgramError, operators as client_operators};
pub use quantise::{QuantiseDeepError, QuantiseError, QuantiseNetworkError};
pub use schema::{Schema, SchemaError};
pub use verify::{Sampling, VerifyError, verify_result, wrong_part};
