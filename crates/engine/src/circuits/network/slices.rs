//! Evaluation of network circuits in slices: some bits of the input at a time, for all hidden units.

use super::{NetworkCircuit, evaluate::TRANSFORM_NANOSECONDS};
use crate::{
	algorithms::expansion::{EvaluationBuffers, Wanted, expand_rows},
	circuits::{
		levelled::cost::ENTRY_NANOSECONDS,
		sliced::{SliceCost, Sliced},
	},
	entities::{input::EncryptedInput, prepared_server_key::PreparedServerKey},
};
use alloc::vec::Vec;
use core::ops::Range;

impl Sliced for NetworkCircuit {
	fn pieces(&self) -> usize {
		self.layers.bits()
	}

	fn cost_of(&self, pieces: Range<usize>) -> SliceCost {
		let levels = self.gadget().mask.levels as usize;
		let ciphertexts = pieces.len() * levels;
		let steps = self.layers.hidden.iter().filter_map(|unit| unit.steps.get(pieces.clone()));
		let rotations = steps.flatten().filter(|&&step| step != 0).count() as u64;
		SliceCost {
			nanoseconds: ciphertexts as u64 * ENTRY_NANOSECONDS
				+ rotations * self.gadget().transforms() * TRANSFORM_NANOSECONDS,
			ciphertexts,
		}
	}

	fn carried(&self) -> usize {
		self.layers.hidden.len()
	}

	fn start(&self) -> Vec<Vec<u64>> {
		self.accumulators(&self.layers.hidden)
	}

	fn advance(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		pieces: Range<usize>,
		carried: &mut [Vec<u64>],
		buffers: &mut EvaluationBuffers,
	) {
		let levels = self.gadget().mask.levels as usize;
		let entries: Vec<usize> = (pieces.start * levels..pieces.end * levels).collect();
		expand_rows(key, input, Wanted::entries(&entries), buffers);
		self.rotate_blindly(key, &self.layers.hidden, &buffers.rows, pieces.start, carried);
	}

	fn finish_nanoseconds(&self) -> u64 {
		self.combining_nanoseconds()
	}

	fn finish(&self, key: &PreparedServerKey, carried: Vec<Vec<u64>>) -> Vec<u64> {
		self.combine_hidden(key, &carried)
	}
}
