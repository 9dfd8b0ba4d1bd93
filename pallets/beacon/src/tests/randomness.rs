//! What readers of the randomness get, and when.

use crate::mock::*;
use frame_support::traits::Randomness;

#[test]
fn before_the_contribution_it_is_the_parents_and_afterwards_this_blocks() {
	chain(&[pair(1)]).execute_with(|| {
		author(&pair(1), 3);
		let (of_parent, determined) = Beacon::random(b"draw");
		assert_eq!(determined, 1);
		begin(4);
		assert_eq!(Beacon::random(b"draw"), (of_parent, 1));
		apply(inherent(signed(&pair(1), &seed(), 4))).unwrap().unwrap();
		let (of_this, determined) = Beacon::random(b"draw");
		assert_ne!(of_this, of_parent);
		assert_eq!(determined, 2);
		finalize();
		assert_eq!(Beacon::random(b"draw"), (of_this, 2));
	});
}

#[test]
fn subjects_get_different_values() {
	chain(&[pair(1)]).execute_with(|| {
		author(&pair(1), 3);
		let (one, _) = Beacon::random(b"one");
		let (two, _) = Beacon::random(b"two");
		assert_ne!(one, two);
		assert_ne!(one, seed());
		assert_eq!(Beacon::random(b"one").0, one);
	});
}

#[test]
fn bits_of_many_seeds_are_balanced() {
	chain(&[pair(1), pair(2)]).execute_with(|| {
		let mut ones = 0;
		for slot in 2..258_u64 {
			author(&pair(1 + (slot % 2) as u8), slot);
			ones += seed().0.iter().map(|byte| byte.count_ones()).sum::<u32>();
		}
		// 65,536 bits: five standard deviations are 640.
		assert!(ones.abs_diff(32_768) < 640, "{ones} ones among 65536 bits");
	});
}
