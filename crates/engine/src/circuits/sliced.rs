//! Circuits that are evaluated piece by piece.

use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::levelled::Levelled,
	entities::{input::EncryptedInput, prepared_server_key::PreparedServerKey},
};
use alloc::vec::Vec;
use core::ops::Range;

/// What a slice takes, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SliceCost {
	/// Estimated nanoseconds of one core.
	pub nanoseconds: u64,
	/// Ciphertexts that are in memory at one time.
	pub ciphertexts: usize,
}

/// A circuit on encrypted bits that is evaluated piece by piece: tree by tree, or bit by bit.
pub(crate) trait Sliced: Levelled {
	/// Number of pieces.
	fn pieces(&self) -> usize;

	/// What some neighbouring pieces take.
	fn cost_of(&self, pieces: Range<usize>) -> SliceCost;

	/// Number of ciphertexts that rest between pieces.
	fn carried(&self) -> usize;

	/// These ciphertexts before the first piece: coefficients of mask and body, as all that rests.
	fn start(&self) -> Vec<Vec<u64>>;

	/// Does some pieces.
	fn advance(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		pieces: Range<usize>,
		carried: &mut [Vec<u64>],
		buffers: &mut EvaluationBuffers,
	);

	/// Nanoseconds of [`Sliced::finish`].
	fn finish_nanoseconds(&self) -> u64;

	/// What [`Levelled::evaluate_ciphertext`] gives, once all pieces are done.
	fn finish(&self, key: &PreparedServerKey, carried: Vec<Vec<u64>>) -> Vec<u64>;
}
