//! Long work without the GIL, which Ctrl-C and a cancelled task end.

use crate::errors::{Cancelled, Exception};
use pyo3::prelude::*;
use std::{
	pin::pin,
	sync::{
		OnceLock,
		atomic::{AtomicBool, Ordering},
	},
	time::Duration,
};
use tokio::runtime::Runtime;

/// How often long work looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// Ends work of another thread.
#[pyclass(frozen, module = "fhe_ml._native")]
#[derive(Default)]
pub struct Cancel(AtomicBool);

#[pymethods]
impl Cancel {
	#[new]
	fn new() -> Self {
		Self::default()
	}

	/// Ends the work that was given this.
	fn cancel(&self) {
		self.0.store(true, Ordering::Relaxed);
	}
}

/// Whether work is still wanted: an exception if a signal came or it was cancelled.
pub fn still_wanted(cancel: Option<&Cancel>) -> Result<(), Exception> {
	if cancel.is_some_and(|cancel| cancel.0.load(Ordering::Relaxed)) {
		return Err(Exception(Cancelled::new_err("the work was cancelled")));
	}
	Ok(Python::attach(|py| py.check_signals())?)
}

/// The threads that wait for the chain.
fn runtime() -> Result<&'static Runtime, Exception> {
	static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
	let make = || {
		let mut builder = tokio::runtime::Builder::new_multi_thread();
		builder.enable_all().thread_name("fhe-ml").build().map_err(|error| error.to_string())
	};
	let made = RUNTIME.get_or_init(make).as_ref();
	made.map_err(|why| Exception(pyo3::exceptions::PyOSError::new_err(why.clone())))
}

/// Waits for what `make` makes, without the GIL.
pub fn wait<T: Send, F: Future<Output = Result<T, Exception>>>(
	py: Python<'_>,
	cancel: Option<&Cancel>,
	make: impl FnOnce() -> F + Send,
) -> Result<T, Exception> {
	py.detach(|| {
		runtime()?.block_on(async {
			let mut work = pin!(make());
			loop {
				tokio::select! {
					done = &mut work => return done,
					() = tokio::time::sleep(LOOK) => still_wanted(cancel)?,
				}
			}
		})
	})
}
