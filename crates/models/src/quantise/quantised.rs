//! What all quantisers give.

use crate::card::{Encoding, Quantisation};
use fhe_ml_engine::Circuit;

/// A circuit, and what the card says of it.
#[derive(Clone, Debug)]
pub(crate) struct Quantised {
	pub circuit: Circuit,
	pub encoding: Encoding,
	/// Value of the integer 1 of each output.
	pub output_steps: Vec<f64>,
	/// What the client adds to each output, because the circuit does not.
	pub output_offsets: Vec<f64>,
	pub quantisation: Quantisation,
}
