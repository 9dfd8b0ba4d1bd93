//! What earlier jobs leave for later ones, by hash, in a bounded amount of memory.

use schnellru::{LruMap, Unlimited};
use sp_core::H256;
use std::sync::Arc;

/// Values by the hash of what they were made of. Whoever was not asked for longest goes first.
pub(crate) struct Kept<V> {
	values: LruMap<H256, (Arc<V>, usize), Unlimited>,
	bytes: usize,
	most: usize,
}

impl<V> Kept<V> {
	/// Keeps `most` bytes of memory, or one value that is larger.
	pub(crate) fn new(most: usize) -> Self {
		Self { values: LruMap::new(Unlimited), bytes: 0, most }
	}

	/// The value of this hash, which is in use now.
	pub(crate) fn get(&mut self, hash: &H256) -> Option<Arc<V>> {
		self.values.get(hash).map(|(value, _)| value.clone())
	}

	/// The value of this hash.
	pub(crate) fn peek(&self, hash: &H256) -> Option<&V> {
		self.values.peek(hash).map(|(value, _)| value.as_ref())
	}

	/// Keeps a value that takes so many bytes.
	pub(crate) fn insert(&mut self, hash: H256, value: Arc<V>, bytes: usize) {
		if let Some((_, before)) = self.values.remove(&hash) {
			self.bytes = self.bytes.saturating_sub(before);
		}
		self.values.insert(hash, (value, bytes));
		self.bytes = self.bytes.saturating_add(bytes);
		while self.bytes > self.most && self.values.len() > 1 {
			let Some((_, (_, freed))) = self.values.pop_oldest() else { break };
			self.bytes = self.bytes.saturating_sub(freed);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn hash(number: u8) -> H256 {
		H256::repeat_byte(number)
	}

	fn kept(kept: &Kept<u8>) -> Vec<u8> {
		(0..10).filter(|number| kept.peek(&hash(*number)) == Some(number)).collect()
	}

	#[test]
	fn what_was_used_last_is_kept_as_far_as_there_is_room() {
		let mut some = Kept::new(100);
		for number in 0..3 {
			some.insert(hash(number), Arc::new(number), 40);
		}
		assert_eq!(kept(&some), [1, 2]);
		assert_eq!(some.get(&hash(1)).as_deref(), Some(&1));
		assert_eq!(some.get(&hash(0)), None);
		some.insert(hash(3), Arc::new(3), 60);
		assert_eq!(kept(&some), [1, 3]);
		// What is larger than all room is kept alone.
		some.insert(hash(4), Arc::new(4), 1_000);
		assert_eq!(kept(&some), [4]);
		some.insert(hash(5), Arc::new(5), 100);
		assert_eq!((kept(&some), some.bytes), (vec![5], 100));
	}

	#[test]
	fn a_value_that_is_made_twice_counts_once() {
		let mut some = Kept::new(100);
		for _ in 0..5 {
			some.insert(hash(0), Arc::new(0), 60);
			some.insert(hash(1), Arc::new(1), 40);
		}
		assert_eq!((kept(&some), some.bytes), (vec![0, 1], 100));
	}
}
