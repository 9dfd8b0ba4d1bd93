//! Requests of several rows: one job, one input, one result. Work, bytes, and price and quota of a private model
//! count rows; the base of the fee is paid once.
//!
//! One row may be of any model, however much work that is. Several must be within what an account may have open:
//! else one request of many rows would be a way around that bound.

use crate::{pallet::*, types::*};
use fhe_ml_primitives::{
	bounds::{MaxInputBytes, MaxResultBytes},
	format::{self, MAX_ROWS},
};
use frame_support::{ensure, traits::Get};
use sp_runtime::traits::Saturating;

/// What a request of a number of rows comes to.
pub(crate) struct RequestSize {
	/// Exact length of its input in bytes.
	pub input_bytes: u32,
	/// Length of input and result in bytes.
	pub stored_bytes: u32,
	/// Work units of one worker, with loading.
	pub work: u64,
}

impl<T: Config> Pallet<T> {
	/// What a request of this many rows for `model` comes to, if the model and the chain take it.
	pub(crate) fn request_size(
		model: &ModelRecordOf<T>,
		rows: u32,
	) -> Result<RequestSize, Error<T>> {
		ensure!((1..=MAX_ROWS).contains(&rows), Error::BlobMalformed);
		ensure!(rows == 1 || model.row_layout.is_some(), Error::OneRowPerRequest);
		let input_bytes = format::input_bytes(model.input_bytes, rows);
		ensure!(input_bytes <= MaxInputBytes::get(), Error::BlobTooLong);
		let result_bytes = Self::result_bytes(model, rows);
		ensure!(result_bytes <= MaxResultBytes::get(), Error::TooManyRowsForResult);
		let work = Self::job_work(model, rows);
		ensure!(rows == 1 || work <= T::MaxAccountWork::get(), Error::TooManyRowsForWork);
		let stored_bytes = input_bytes.saturating_add(result_bytes);
		Ok(RequestSize { input_bytes, stored_bytes, work })
	}

	/// Exact length in bytes of a result of this many rows.
	pub(crate) fn result_bytes(model: &ModelRecordOf<T>, rows: u32) -> u32 {
		match model.row_layout {
			Some(layout) if rows > 1 => {
				format::RowLayout::from(layout).result_bytes(model.result_bytes, rows)
			},
			_ => model.result_bytes,
		}
	}

	/// Work units of evaluating this many rows of `model`.
	pub(crate) fn evaluation_work(model: &ModelRecordOf<T>, rows: u32) -> u64 {
		match model.row_layout {
			Some(layout) => format::RowLayout::from(layout).work(model.work, rows),
			None => model.work,
		}
	}

	/// What the owner of a private model asks for this many rows.
	pub(crate) fn price_of_rows(terms: &PrivateTermsOf<T>, rows: u32) -> BalanceOf<T> {
		terms.price.saturating_mul(rows.into())
	}
}
