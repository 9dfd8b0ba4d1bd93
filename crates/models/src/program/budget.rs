//! What a run of a program may take: it comes from a stranger.

use super::{
	error::Fault,
	limits::{MAX_CREATED, MAX_ELEMENTS, MAX_OPERATIONS, MAX_RANK},
	tensor::Tensor,
};

/// Numbers of f64 in the memory of a text beside its bytes.
const TEXT: usize = 3;

/// What is left for a run.
#[derive(Debug)]
pub(crate) struct Budget {
	operations: usize,
	created: usize,
}

impl Default for Budget {
	fn default() -> Self {
		Self { operations: MAX_OPERATIONS, created: MAX_CREATED }
	}
}

impl Budget {
	/// Pays for operations.
	///
	/// # Errors
	/// If there are not so many left.
	pub fn charge(&mut self, operations: usize) -> Result<(), Fault> {
		let left = self.operations.checked_sub(operations);
		self.operations = left.ok_or(Fault::TooManyOperations)?;
		Ok(())
	}

	/// Pays for the memory of so many numbers, and for writing them.
	///
	/// # Errors
	/// If there is not so much left.
	pub fn numbers(&mut self, len: usize) -> Result<(), Fault> {
		if len > MAX_ELEMENTS {
			return Err(Fault::TooManyElements);
		}
		self.created = self.created.checked_sub(len).ok_or(Fault::TooMuchMemory)?;
		self.charge(len)
	}

	/// Pays for a text.
	///
	/// # Errors
	/// If there is not so much left.
	pub fn text(&mut self, text: &str) -> Result<(), Fault> {
		let numbers = TEXT + text.len().div_ceil(size_of::<f64>());
		self.created = self.created.checked_sub(numbers).ok_or(Fault::TooMuchMemory)?;
		self.charge(TEXT + text.len())
	}

	/// Pays for a tensor of these dimensions before it takes memory; returns its number of elements.
	///
	/// # Errors
	/// If it has too many elements or dimensions, or there is not so much left.
	pub fn room(&mut self, dims: &[usize]) -> Result<usize, Fault> {
		if dims.len() > MAX_RANK {
			return Err(Fault::TooManyDimensions);
		}
		// A dimension of length zero does not let others be without bounds.
		let span = span(dims).filter(|&span| span <= MAX_ELEMENTS).ok_or(Fault::TooManyElements)?;
		self.charge(span)?;
		let len = if dims.contains(&0) { 0 } else { span };
		self.created = self.created.checked_sub(len).ok_or(Fault::TooMuchMemory)?;
		Ok(len)
	}

	/// Pays for a look at every element of a tensor.
	///
	/// # Errors
	/// If there are not so many operations left.
	pub fn read(&mut self, tensor: &Tensor) -> Result<(), Fault> {
		self.charge(span(&tensor.dims).ok_or(Fault::TooManyElements)?)?;
		let texts = tensor.values.texts().unwrap_or_default();
		self.charge(texts.iter().map(String::len).sum())
	}

	/// Pays for a copy of a tensor.
	///
	/// # Errors
	/// If there is not so much left.
	pub fn copy(&mut self, tensor: &Tensor) -> Result<Tensor, Fault> {
		self.room(&tensor.dims)?;
		if let Some(texts) = tensor.values.texts() {
			texts.iter().try_for_each(|text| self.text(text))?;
		}
		Ok(tensor.clone())
	}
}

/// The product of the dimensions that are not zero.
fn span(dims: &[usize]) -> Option<usize> {
	dims.iter().try_fold(1usize, |len, &dim| len.checked_mul(dim.max(1)))
}
