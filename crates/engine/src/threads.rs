//! Threads where there are any: those of the current rayon pool, or the only one.
//!
//! No result depends on how many there are.

#[cfg(feature = "std")]
pub(crate) use rayon::{current_num_threads, join, prelude::*};

#[cfg(not(feature = "std"))]
pub(crate) use alone::*;

/// What of rayon the engine needs, on one thread.
#[cfg(not(feature = "std"))]
mod alone {
	use core::slice::{Chunks, ChunksExact, ChunksExactMut, Iter, IterMut};

	pub(crate) fn current_num_threads() -> usize {
		1
	}

	pub(crate) fn join<A, B>(a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
		(a(), b())
	}

	/// An iterator with the methods of rayon's.
	pub(crate) struct InTurn<I>(I);

	impl<I: Iterator> InTurn<I> {
		pub fn map<T>(self, each: impl FnMut(I::Item) -> T) -> InTurn<impl Iterator<Item = T>> {
			InTurn(self.0.map(each))
		}

		pub fn enumerate(self) -> InTurn<impl Iterator<Item = (usize, I::Item)>> {
			InTurn(self.0.enumerate())
		}

		pub fn filter(
			self,
			keep: impl FnMut(&I::Item) -> bool,
		) -> InTurn<impl Iterator<Item = I::Item>> {
			InTurn(self.0.filter(keep))
		}

		pub fn zip<J: IntoIterator>(
			self,
			other: J,
		) -> InTurn<impl Iterator<Item = (I::Item, J::Item)>> {
			InTurn(self.0.zip(other))
		}

		pub fn flat_map_iter<T: IntoIterator>(
			self,
			each: impl FnMut(I::Item) -> T,
		) -> InTurn<impl Iterator<Item = T::Item>> {
			InTurn(self.0.flat_map(each))
		}

		pub fn reduce(
			self,
			start: impl FnOnce() -> I::Item,
			both: impl FnMut(I::Item, I::Item) -> I::Item,
		) -> I::Item {
			self.0.fold(start(), both)
		}
	}

	impl<I: Iterator> Iterator for InTurn<I> {
		type Item = I::Item;

		fn next(&mut self) -> Option<I::Item> {
			self.0.next()
		}
	}

	pub(crate) trait IntoParallelIterator: IntoIterator + Sized {
		fn into_par_iter(self) -> InTurn<Self::IntoIter> {
			InTurn(self.into_iter())
		}
	}

	impl<T: IntoIterator> IntoParallelIterator for T {}

	pub(crate) trait ParallelSlice<T> {
		fn par_iter(&self) -> InTurn<Iter<'_, T>>;
		fn par_iter_mut(&mut self) -> InTurn<IterMut<'_, T>>;
		fn par_chunks(&self, len: usize) -> InTurn<Chunks<'_, T>>;
		fn par_chunks_exact(&self, len: usize) -> InTurn<ChunksExact<'_, T>>;
		fn par_chunks_exact_mut(&mut self, len: usize) -> InTurn<ChunksExactMut<'_, T>>;
	}

	impl<T> ParallelSlice<T> for [T] {
		fn par_iter(&self) -> InTurn<Iter<'_, T>> {
			InTurn(self.iter())
		}

		fn par_iter_mut(&mut self) -> InTurn<IterMut<'_, T>> {
			InTurn(self.iter_mut())
		}

		fn par_chunks(&self, len: usize) -> InTurn<Chunks<'_, T>> {
			InTurn(self.chunks(len))
		}

		fn par_chunks_exact(&self, len: usize) -> InTurn<ChunksExact<'_, T>> {
			InTurn(self.chunks_exact(len))
		}

		fn par_chunks_exact_mut(&mut self, len: usize) -> InTurn<ChunksExactMut<'_, T>> {
			InTurn(self.chunks_exact_mut(len))
		}
	}
}

/// A value that is made when it is first needed.
#[cfg(feature = "std")]
pub(crate) type Lazy<T> = std::sync::LazyLock<T>;

/// A value that is made when it is first needed.
#[cfg(not(feature = "std"))]
pub(crate) struct Lazy<T> {
	value: once_cell::race::OnceBox<T>,
	make: fn() -> T,
}

#[cfg(not(feature = "std"))]
impl<T> Lazy<T> {
	pub const fn new(make: fn() -> T) -> Self {
		Self { value: once_cell::race::OnceBox::new(), make }
	}
}

#[cfg(not(feature = "std"))]
impl<T> core::ops::Deref for Lazy<T> {
	type Target = T;

	fn deref(&self) -> &T {
		self.value.get_or_init(|| alloc::boxed::Box::new((self.make)()))
	}
}

/// `$with` is a function that gives temporary memory of this type to a closure: always the same one to a thread, so
/// that it is not allocated each time. It must not be called within itself.
macro_rules! scratch {
	($with:ident: $type:ty) => {
		#[cfg(feature = "std")]
		fn $with<T>(use_it: impl FnOnce(&mut $type) -> T) -> T {
			std::thread_local! {
				static SCRATCH: core::cell::RefCell<$type> = core::cell::RefCell::default();
			}
			SCRATCH.with_borrow_mut(use_it)
		}

		#[cfg(not(feature = "std"))]
		fn $with<T>(use_it: impl FnOnce(&mut $type) -> T) -> T {
			use_it(&mut <$type>::default())
		}
	};
}

pub(crate) use scratch;
