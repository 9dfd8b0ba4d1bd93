//! What the users of a private model learn of it, in words.

use super::network;
use crate::{
	artifact::{Artifact, Card},
	card::{Comparison, Encoding, Predicates, Task},
};
use fhe_ml_engine::Circuit;

/// What the users of a private model learn of it, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
	/// What everybody reads in the artifact.
	pub public: Vec<String>,
	/// What users learn from answers.
	pub answers: Vec<String>,
	/// What neither tells.
	pub hidden: Vec<String>,
}

impl Told {
	/// What the artifact of a private model tells; `None` for another model.
	pub fn of(artifact: &Artifact) -> Option<Self> {
		let (Circuit::Private(circuit), Card::Public(card)) = (&artifact.circuit, &artifact.card)
		else {
			return None;
		};
		let bounds = circuit.bounds();
		let mut public = vec![format!(
			"name, kind ({}), the names of {} features, classes or targets, and where the model came from ({})",
			card.kind,
			card.features.len(),
			card.producer
		)];
		if let Some(before) = &card.before {
			public.push(format!(
				"what users compute of their row before they encrypt it, with all its constants: {} operators, {} columns",
				before.program.nodes(),
				before.columns.len()
			));
		}
		if let Task::Computed(computed) = &card.task {
			public.push(format!(
				"what users compute of the decrypted numbers, with all its constants: {} operators",
				computed.program.nodes()
			));
		}
		let mut hidden = Vec::new();
		match &card.encoding {
			Encoding::Predicates(Predicates { list, .. }) => {
				public.push(format!(
					"a grid of {} comparisons of features with thresholds; the trees' are among them",
					list.len()
				));
				let equal =
					list.iter().filter(|predicate| predicate.comparison == Comparison::Equal);
				if let count @ 1.. = equal.count() {
					public.push(format!(
						"{count} comparisons for equality, which have no decoys: the trees make them"
					));
				}
				hidden.push(
					"which comparisons the trees make, how many trees there are, their shapes, their leaves"
						.into(),
				);
			},
			Encoding::Scaled(_) => {
				public.push("centre and range of every feature in the calibration rows".into());
				hidden.push("weights and biases, and which features have none".into());
			},
			other => {
				let unused = network::levels(other).unwrap_or_default();
				let unused = unused.iter().filter(|largest| **largest == 0).count();
				public.push(format!(
					"range and number of levels of every feature: how finely the network looks at it ({unused} features not at all)"
				));
				hidden
					.push("hidden units, how many they are, their activations and weights".into());
			},
		}
		public.push(format!(
			"powers of two that bound noise (2^{}), results (2^{}) and their step ({:e}), and the class of work that an evaluation is paid as ({} units)",
			bounds.noise_log2,
			bounds.range_log2,
			card.output_steps.first().copied().unwrap_or_default(),
			artifact.circuit.work()
		));
		let answers = vec![
			format!(
				"whoever asks with an honest row: its {} score{}, exactly. Enough answers are a data set from which a similar model can be trained: set a quota and a price",
				card.output_steps.len(),
				if card.output_steps.len() == 1 { "" } else { "s" }
			),
			format!(
				"whoever asks with a made-up ciphertext: at most {:.1} bits for each of {} integers of an answer",
				circuit.leak_bits_per_coefficient(),
				circuit.encoding().coefficients()
			),
			"from the noise of an answer: nothing that a distinguisher could use, up to the bound in docs/private-models.md".into(),
		];
		Some(Self { public, answers, hidden })
	}
}
