//! Bootstrap keys: what deep networks take beside a server key.
//!
//! A server key has one at most, which goes when it goes. Inputs of deep networks name the bootstrap key, whose bytes
//! name the server key: so no input has two results because its owner changes keys.

use crate::{blobs::bounded, pallet::*};
use alloc::vec::Vec;
use fhe_ml_primitives::{
	KeyHash,
	format::{BootstrapKeyPrefix, InputPrefix},
};
use frame_support::{ensure, pallet_prelude::*, traits::fungible::MutateHold};
use sp_io::hashing::blake2_256;
use sp_runtime::traits::Saturating;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register_bootstrap_key(owner: T::AccountId, key: Vec<u8>) -> DispatchResult {
		let key = bounded::<T, _>(key)?;
		let prefix = BootstrapKeyPrefix::read(&key).map_err(Error::<T>::from)?;
		let server_key = KeyHash::from(prefix.server_key);
		let bootstrap_key = KeyHash::from(blake2_256(&key));
		let deposit = Self::storage_deposit(key.len() as u32);
		ServerKeys::<T>::try_mutate(server_key, |record| {
			let record = record.as_mut().ok_or(Error::<T>::UnknownServerKey)?;
			ensure!(record.owner == owner, Error::<T>::NotServerKeyOwner);
			ensure!(
				!BootstrapKeys::<T>::contains_key(server_key),
				Error::<T>::BootstrapKeyAlreadyRegistered
			);
			T::Currency::hold(&HoldReason::ServerKey.into(), &owner, deposit)?;
			record.deposit = record.deposit.saturating_add(deposit);
			Ok::<_, DispatchError>(())
		})?;
		BootstrapKeys::<T>::insert(server_key, bootstrap_key);
		BootstrapKeyBytes::<T>::insert(server_key, key);
		Self::deposit_event(Event::BootstrapKeyRegistered {
			server_key,
			bootstrap_key,
			owner,
			deposit,
		});
		Ok(())
	}

	/// Removes the bootstrap key of a server key, if it has one; the deposits of both are in one record.
	pub(crate) fn remove_bootstrap_key(server_key: KeyHash) {
		BootstrapKeys::<T>::remove(server_key);
		BootstrapKeyBytes::<T>::remove(server_key);
	}

	/// Checks that the input names the key that it is evaluated with: the bootstrap key of `server_key` if the model
	/// bootstraps, else `server_key`.
	pub(crate) fn check_input_key(
		server_key: KeyHash,
		input: &InputPrefix,
		bootstraps: bool,
	) -> Result<(), Error<T>> {
		let wanted = match bootstraps {
			true => BootstrapKeys::<T>::get(server_key).ok_or(Error::<T>::BootstrapKeyRequired)?,
			false => server_key,
		};
		ensure!(input.server_key == wanted.0, Error::<T>::InputForAnotherKey);
		Ok(())
	}

	/// The bytes of the bootstrap key of a server key.
	pub fn bootstrap_key(server_key: KeyHash) -> Option<Vec<u8>> {
		BootstrapKeyBytes::<T>::get(server_key).map(BoundedVec::into_inner)
	}
}
