//! From one line per kind of circuit to the enum, its errors, its dispatch and its public methods.

pub(crate) use alloc::vec::Vec;

/// Each line is: documentation, the name of the [`CircuitKind`](fhe_ml_format::CircuitKind), what the
/// enum holds, the circuit, its error, and its [family](super::family::Family).
macro_rules! circuits {
	($(
		$(#[$doc:meta])*
		$kind:ident($held:ty): $circuit:ident, $error:ident, $family:ident;
	)*) => {
		/// A compiled model: integers in, integers out.
		#[derive(Clone, Debug, PartialEq)]
		pub enum Circuit {
			$( $(#[$doc])* $kind($held), )*
		}

		/// Why the bytes of a circuit were refused.
		#[derive(Clone, Debug, PartialEq, thiserror::Error)]
		pub enum CircuitError {
			$( $(#[$doc])* #[error(transparent)] $kind(#[from] $error), )*
		}

		impl Circuit {
			/// Which kind it is.
			pub fn kind(&self) -> fhe_ml_format::CircuitKind {
				match self {
					$( Self::$kind(_) => fhe_ml_format::CircuitKind::$kind, )*
				}
			}

			/// The bytes, without their kind.
			pub fn to_bytes(&self) -> $crate::circuits::table::Vec<u8> {
				match self {
					$( Self::$kind(circuit) => circuit.to_bytes(), )*
				}
			}

			/// Reads the bytes of a circuit of this kind.
			///
			/// # Errors
			/// If they are malformed, or if the circuit does not satisfy its noise budget or takes too
			/// much memory.
			pub fn from_bytes(
				kind: fhe_ml_format::CircuitKind,
				bytes: &[u8],
			) -> Result<Self, CircuitError> {
				Ok(match kind {
					$(
						fhe_ml_format::CircuitKind::$kind => {
							Self::$kind($circuit::from_bytes(bytes)?.into())
						},
					)*
				})
			}

			/// What evaluation and fees ask.
			pub(crate) fn compiled(&self) -> &dyn $crate::circuits::compiled::CompiledCircuit {
				match self {
					$( Self::$kind(circuit) => { let circuit: &$circuit = circuit; circuit }, )*
				}
			}

			/// How it is evaluated.
			pub(crate) fn family(&self) -> $crate::circuits::family::Family<'_> {
				match self {
					$(
						Self::$kind(circuit) => {
							let circuit: &$circuit = circuit;
							$crate::circuits::family::Family::$family(circuit)
						},
					)*
				}
			}

			/// What the owner of a client key asks.
			#[cfg(feature = "client")]
			pub(crate) fn client(&self) -> &dyn $crate::circuits::client::ClientCircuit {
				match self {
					$( Self::$kind(circuit) => { let circuit: &$circuit = circuit; circuit }, )*
				}
			}
		}

		$( $crate::circuits::table::public_methods!($family $circuit); )*
	};
}

/// The public methods that all circuits, and all of a family, have.
macro_rules! public_methods {
	(Keyless $circuit:ident) => {
		$crate::circuits::table::public_methods!(any $circuit, Keyless);

		impl $circuit {
			/// Evaluates the bytes of an input; returns the bytes of a result.
			///
			/// # Errors
			/// If the input does not decode.
			pub fn evaluate(
				&self,
				input: &[u8],
			) -> Result<$crate::circuits::table::Vec<u8>, $crate::circuits::errors::EvaluateError> {
				$crate::circuits::keyless::evaluate(self, input)
			}
		}
	};
	(Levelled $circuit:ident) => {
		$crate::circuits::table::public_methods!(any $circuit, Levelled);
		$crate::circuits::table::public_methods!(levelled $circuit);
	};
	(Bootstrapped $circuit:ident) => {
		$crate::circuits::table::public_methods!(any $circuit, Bootstrapped);
		$crate::circuits::table::public_methods!(levelled $circuit);
	};
	(levelled $circuit:ident) => {
		impl $circuit {
			/// The gadget of the selectors.
			pub fn gadget(&self) -> $crate::math::selector::SelectorGadget {
				$crate::circuits::levelled::Levelled::gadget(self)
			}

			/// How the outputs lie in a result.
			pub fn encoding(&self) -> &$crate::circuits::levelled::ResultEncoding {
				$crate::circuits::levelled::Levelled::encoding(self)
			}

			/// Predicted standard deviation of the result's noise, log2 relative to q.
			pub fn noise_log2(&self) -> f64 {
				$crate::circuits::levelled::Levelled::total_noise(self).log2_relative()
			}

			/// Number-theoretic transforms of one evaluation.
			pub fn transforms(&self) -> u64 {
				$crate::circuits::levelled::Levelled::transforms(self)
			}

			/// Estimated nanoseconds of one core for one evaluation.
			pub fn nanoseconds(&self) -> u64 {
				$crate::circuits::levelled::Levelled::nanoseconds(self)
			}
		}
	};
	(Private $circuit:ident) => {
		$crate::circuits::table::public_methods!(any $circuit, Private);
	};
	(any $circuit:ident, $family:ident) => {
		impl $circuit {
			/// Number of integers that decryption gives.
			pub fn outputs(&self) -> usize {
				$crate::circuits::compiled::CompiledCircuit::outputs(self)
			}

			/// Lowest and highest value of each output, for any input that may be encrypted.
			pub fn output_ranges(&self) -> $crate::circuits::table::Vec<(i64, i64)> {
				$crate::circuits::compiled::CompiledCircuit::output_ranges(self)
			}

			/// Coefficients of an input: one residue each.
			pub fn input_coefficients(&self) -> usize {
				$crate::circuits::compiled::CompiledCircuit::input_coefficients(self)
			}

			/// Exact length of an input in bytes.
			pub fn input_bytes(&self) -> usize {
				$crate::circuits::compiled::CompiledCircuit::input_bytes(self)
			}

			/// Exact length of a result in bytes.
			pub fn result_bytes(&self) -> usize {
				$crate::circuits::family::Family::$family(self).result_bytes()
			}
		}
	};
}

pub(super) use circuits;
pub(super) use public_methods;
