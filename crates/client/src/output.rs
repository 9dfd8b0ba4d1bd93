//! What the tool prints: JSON lines, or text and progress bars for people.

use crate::error::CommandError;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::{io::Write, time::Duration};

/// Where output goes.
#[derive(Clone, Copy)]
pub struct Output {
	pub json: bool,
}

impl Output {
	/// Prints `value` as one line of JSON, or else `text`.
	pub fn print(self, value: &impl Serialize, text: &str) -> Result<(), CommandError> {
		let line = if self.json { serde_json::to_string(value)? } else { text.to_string() };
		// A reader that has gone away (`| head`) is no error.
		let _ = writeln!(std::io::stdout(), "{line}");
		Ok(())
	}

	/// Prints a remark for people on standard error; not with `--json`.
	pub fn note(self, text: &str) {
		if !self.json {
			eprintln!("{text}");
		}
	}

	/// A bar for `steps` steps, on standard error; hidden with `--json`.
	pub fn bar(self, steps: usize, what: &'static str) -> ProgressBar {
		let bar = ProgressBar::with_draw_target(Some(steps as u64), self.target());
		if let Ok(style) = ProgressStyle::with_template("{msg:12} {bar:40} {pos}/{len} {elapsed}") {
			bar.set_style(style);
		}
		bar.set_message(what);
		bar
	}

	/// A spinner for a step of unknown length.
	pub fn spinner(self, what: &'static str) -> ProgressBar {
		let spinner = ProgressBar::with_draw_target(None, self.target());
		spinner.set_message(what);
		spinner.enable_steady_tick(Duration::from_millis(100));
		spinner
	}

	fn target(self) -> ProgressDrawTarget {
		if self.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
	}
}

/// What is said of a prediction whose two best classes are closer to each other than their scores are exact.
pub fn tie(is_tie: bool) -> &'static str {
	if is_tie { "a tie  " } else { "" }
}
