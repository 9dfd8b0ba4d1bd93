//! What an operator sees of its node, its inputs and the run's budget.

use super::{
	budget::Budget,
	error::{Fault, unfit},
	tensor::{Kind, Tensor, Values},
	walk::axis,
};
use crate::proto::{NodeProto, TensorProto, constants::text};

/// A node with its inputs.
pub(crate) struct Call<'a> {
	pub node: &'a NodeProto,
	/// Of the operator set.
	pub version: i64,
	/// `None` for those that are left out.
	pub inputs: Vec<Option<&'a Tensor>>,
	pub budget: &'a mut Budget,
}

impl<'a> Call<'a> {
	/// An input that must be there.
	///
	/// # Errors
	/// If it is left out.
	pub fn input(&self, at: usize) -> Result<&'a Tensor, Fault> {
		match self.optional(at) {
			Some(tensor) => Ok(tensor),
			None => unfit(format!("its input {at} is missing")),
		}
	}

	pub fn optional(&self, at: usize) -> Option<&'a Tensor> {
		self.inputs.get(at).copied().flatten()
	}

	/// All inputs, none of which may be left out.
	///
	/// # Errors
	/// If one is, or there are none.
	pub fn all(&self) -> Result<Vec<&'a Tensor>, Fault> {
		match self.inputs.iter().copied().collect::<Option<Vec<_>>>() {
			Some(inputs) if !inputs.is_empty() => Ok(inputs),
			_ => unfit("an input is missing"),
		}
	}

	/// Integers that are an attribute in older operator sets, and an input in newer ones.
	///
	/// # Errors
	/// If the input is something else.
	pub fn integers(&self, name: &str, at: usize) -> Result<Option<Vec<i64>>, Fault> {
		match self.optional(at) {
			Some(tensor) => tensor.as_integers().map(Some),
			None => Ok(self.node.find(name).map(|attribute| attribute.ints.clone())),
		}
	}

	/// The attribute `axis` as the number of a dimension.
	///
	/// # Errors
	/// If there is no such dimension.
	pub fn axis(&self, default: i64, rank: usize) -> Result<usize, Fault> {
		axis(self.node.int("axis", default), rank)
	}

	/// An attribute's texts.
	///
	/// # Errors
	/// If they take too much memory.
	pub fn texts(&mut self, name: &str) -> Result<Vec<String>, Fault> {
		let bytes = self.node.strings(name);
		self.budget.charge(bytes.iter().map(|bytes| bytes.len() + 1).sum())?;
		Ok(bytes.iter().map(|bytes| text(bytes)).collect())
	}

	/// An attribute's floats.
	///
	/// # Errors
	/// If there are too many operations.
	pub fn floats(&mut self, name: &str) -> Result<Vec<f64>, Fault> {
		let floats = self.node.floats(name);
		self.budget.charge(floats.len())?;
		Ok(floats)
	}

	/// Numbers of which each is made of the number at its place in a tensor, as elements of a kind.
	///
	/// # Errors
	/// If the tensor is text, or the budget is spent.
	pub fn map(
		&mut self,
		tensor: &Tensor,
		kind: Kind,
		function: impl Fn(f64) -> f64,
	) -> Result<Tensor, Fault> {
		let numbers = tensor.as_numbers()?;
		self.budget.room(&tensor.dims)?;
		let numbers = numbers.iter().map(|&number| kind.round(function(number))).collect();
		Ok(Tensor::numbers(kind, tensor.dims.clone(), numbers))
	}

	/// A tensor of rounded numbers, one for each element of the dimensions.
	///
	/// # Errors
	/// If there are more or fewer, or the budget is spent.
	pub fn collect(
		&mut self,
		kind: Kind,
		dims: Vec<usize>,
		numbers: impl IntoIterator<Item = f64>,
	) -> Result<Tensor, Fault> {
		let len = self.budget.room(&dims)?;
		let mut kept = Vec::with_capacity(len);
		kept.extend(numbers.into_iter().take(len).map(|number| kind.round(number)));
		match kept.len() == len {
			true => Ok(Tensor::numbers(kind, dims, kept)),
			false => unfit("its inputs do not fit"),
		}
	}

	/// A tensor of the elements at these places of another.
	///
	/// # Errors
	/// If a place is none, there are too few, or the budget is spent.
	pub fn pick(
		&mut self,
		from: &Tensor,
		dims: Vec<usize>,
		places: impl IntoIterator<Item = usize>,
	) -> Result<Tensor, Fault> {
		self.pick_from(&[from], dims, places.into_iter().map(|place| (0, place)))
	}

	/// A tensor of elements of others, each by the number of its tensor and its place there.
	///
	/// # Errors
	/// If the tensors are of several kinds, a place is none, there are too few, or the budget is spent.
	pub fn pick_from(
		&mut self,
		from: &[&Tensor],
		dims: Vec<usize>,
		places: impl IntoIterator<Item = (usize, usize)>,
	) -> Result<Tensor, Fault> {
		let Some(kind) = from.first().map(|tensor| tensor.kind) else {
			return unfit("it has no input");
		};
		if from.iter().any(|tensor| tensor.kind != kind) {
			return unfit("its inputs are of several types");
		}
		let len = self.budget.room(&dims)?;
		let places = places.into_iter().take(len);
		let missing = || Fault::Unfit("an index is out of range".into());
		let values = match kind {
			Kind::Text => {
				let mut texts = Vec::with_capacity(len);
				for (tensor, place) in places {
					let source = from.get(tensor).and_then(|tensor| tensor.values.texts());
					let text = source.and_then(|texts| texts.get(place)).ok_or_else(missing)?;
					self.budget.text(text)?;
					texts.push(text.clone());
				}
				Values::Text(texts)
			},
			_ => {
				let sources = from.iter().map(|tensor| tensor.as_numbers());
				let sources = sources.collect::<Result<Vec<_>, Fault>>()?;
				let number = |(tensor, place): (usize, usize)| {
					sources.get(tensor).and_then(|numbers| numbers.get(place)).copied()
				};
				let numbers = places.map(number).collect::<Option<Vec<_>>>();
				Values::Numbers(numbers.ok_or_else(missing)?)
			},
		};
		match values.len() == len {
			true => Ok(Tensor { kind, dims, values }),
			false => unfit("its inputs do not fit"),
		}
	}

	/// The same elements in other dimensions.
	///
	/// # Errors
	/// If they are more or fewer, or the budget is spent.
	pub fn reshape(&mut self, from: &Tensor, dims: Vec<usize>) -> Result<Tensor, Fault> {
		let len = self.budget.room(&dims)?;
		if len != from.len() {
			return unfit(format!("{} elements do not fill the dimensions {dims:?}", from.len()));
		}
		let copy = self.budget.copy(from)?;
		Ok(Tensor { dims, ..copy })
	}

	/// A constant as a tensor.
	///
	/// # Errors
	/// If it is malformed, too large, or of elements that programs do not have.
	pub fn constant(&mut self, tensor: &TensorProto) -> Result<Tensor, Fault> {
		constant(tensor, self.budget)
	}
}

/// A constant as a tensor.
///
/// # Errors
/// If it is malformed, too large, or of elements that programs do not have.
pub(crate) fn constant(tensor: &TensorProto, budget: &mut Budget) -> Result<Tensor, Fault> {
	let wrong = |what: String| Fault::Unfit(format!("tensor `{}`: {what}", tensor.name));
	let Some(kind) = Kind::of(tensor.data_type) else {
		return Err(wrong("its elements are neither numbers of 8 to 64 bits nor texts".into()));
	};
	if tensor.is_external() {
		return Err(wrong("its data is in another file".into()));
	}
	let (dims, _) = tensor.shape().map_err(|error| wrong(error.to_string()))?;
	let len = budget.room(&dims)?;
	let elements = tensor.elements(len, None).map_err(|error| wrong(error.to_string()))?;
	let tensor = Tensor { kind, dims, values: elements };
	budget.read(&tensor)?;
	Ok(tensor)
}
