//! A session that begins in a block does not change whose block it is.

use crate::{CurrentTurn, Error, Turn, mock::*};
use frame_support::{
	assert_noop,
	traits::{OnInitialize, PalletInfoAccess},
};
use sp_core::Pair;

#[test]
fn the_first_block_of_a_session_is_of_the_authorities_before_it() {
	chain(&[pair(1), pair(2)]).execute_with(|| {
		sessions::Next::<Test>::put((2, publics(&[pair(3), pair(4)])));
		author(&pair(1), 2);
		begin(3);
		assert_eq!(sessions::Authorities::<Test>::get(), publics(&[pair(3), pair(4)]));
		let new = signed(&pair(4), &seed(), 3);
		assert_noop!(
			Beacon::contribute(RuntimeOrigin::none(), new),
			Error::<Test>::WrongContribution
		);
		apply(inherent(signed(&pair(2), &seed(), 3))).unwrap().unwrap();
		finalize();
		author(&pair(3), 4);
	});
}

#[test]
fn hooks_in_another_order_would_blame_the_new_authority() {
	chain(&[pair(1)]).execute_with(|| {
		sessions::Next::<Test>::put((1, publics(&[pair(3)])));
		begin(3);
		assert_eq!(CurrentTurn::<Test>::get(), Some(Turn { author: pair(1).public(), slot: 3 }));
		Beacon::on_initialize(1);
		assert_eq!(CurrentTurn::<Test>::get(), Some(Turn { author: pair(3).public(), slot: 3 }));
	});
	assert!(Beacon::index() < Sessions::index(), "hooks run in the order of the indices");
}
