//! A private XGBoost 50x4 by the size of its grid and by kappa, beside the public model, in turns:
//! `cargo bench -p fhe-ml-models --bench private` prints Markdown tables, and only lines with TEXT after `-- TEXT`;
//! `RAYON_NUM_THREADS` sets the threads.

#![allow(clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{client_key, import, prepared_server_key, read_csv};
use fhe_ml_engine::{Circuit, EvaluationBuffers, new_seeder};
use fhe_ml_models::{
	Calibration, Cell, Grid, GridError, Model, PrivateError, PrivateModel, PrivateOptions,
	card::Encoding, evaluate, make_private,
};
use std::{hint::black_box, time::Instant};

const NAME: &str = "breast_cancer_xgboost_50x4";
/// So often public and private models take turns.
const TURNS: usize = 101;

fn main() {
	// `cargo test --benches` asks for nothing that takes time.
	if !std::env::args().any(|argument| argument == "--bench") {
		return;
	}
	let bench = Bench::new();
	let cores = std::thread::available_parallelism().map_or(1, usize::from);
	let threads = std::env::var("RAYON_NUM_THREADS").unwrap_or_else(|_| cores.to_string());
	println!("{NAME}, medians of {TURNS} turns, {threads} threads\n");
	bench.table("grid", bench.grids());
	bench.table("kappa (decoys:64)", kappas());
}

struct Bench {
	public: Model,
	rows: Calibration,
}

type Named = (String, PrivateOptions);

fn kappas() -> Vec<Named> {
	let options = |kappa_log2| PrivateOptions { grid: Grid::Decoys(64), kappa_log2 };
	(4..=16).map(|log2| (format!("2^{log2}"), options(log2))).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
	values.sort_by(f64::total_cmp);
	values[values.len() / 2]
}

fn milliseconds(run: impl FnOnce()) -> f64 {
	let start = Instant::now();
	run();
	start.elapsed().as_secs_f64() * 1000.0
}

/// 1234567 as 1,234,567.
fn grouped(count: usize) -> String {
	let digits = count.to_string();
	let groups: Vec<&str> = digits
		.as_bytes()
		.rchunks(3)
		.rev()
		.map(|group| std::str::from_utf8(group).unwrap())
		.collect();
	groups.join(",")
}

impl Bench {
	fn new() -> Self {
		Self { public: import(NAME, true), rows: read_csv("breast_cancer.train.csv").into() }
	}

	fn private(&self, options: &PrivateOptions) -> Result<PrivateModel, PrivateError> {
		make_private(&self.public.artifact, Some(&self.rows), options, new_seeder().as_mut())
	}

	/// From the trees' own comparisons to 4,096, and quantiles.
	fn grids(&self) -> Vec<Named> {
		let mut least = 1;
		let with = |grid| PrivateOptions { grid, ..PrivateOptions::default() };
		while let Err(PrivateError::Grid(GridError::TooFew { found, .. })) =
			self.private(&with(Grid::Decoys(least)))
		{
			least = found;
		}
		let decoys = [least, 32, 48, 64, 96, 128, 4096 / self.public.card.features.len()];
		let mut grids = vec![("exact".to_owned(), with(Grid::Exact))];
		grids.extend(decoys.map(|count| (format!("decoys:{count}"), with(Grid::Decoys(count)))));
		let quantiles = |count| (format!("quantiles:{count}"), with(Grid::Quantiles(count)));
		grids.extend([16, 64].map(quantiles));
		grids
	}

	fn table(&self, first: &str, list: Vec<Named>) {
		println!(
			"| {first} | comparisons | input | artifact | encryption | evaluation | public | ratio | flooding | differ |"
		);
		println!("|---|---|---|---|---|---|---|---|---|---|");
		let (public, width) = (&self.public, comparisons(&self.public));
		println!(
			"| public model | {width} | {} | {} | {:.2} ms | | | | | |",
			grouped(public.card.sizes.input),
			grouped(public.artifact.as_bytes().len()),
			median((0..TURNS).map(|_| self.encryption(public)).collect()),
		);
		let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
		let is_wanted = |name: &str| only.as_ref().is_none_or(|only| name.contains(only));
		for (name, options) in list.into_iter().filter(|(name, _)| is_wanted(name)) {
			match self.private(&options) {
				Ok(made) => self.line(&name, &made),
				Err(error) => {
					println!("| {name} | refused: {error} | | | | | | | | |");
					break;
				},
			}
		}
		println!();
	}

	/// A row in the middle of the calibration file.
	fn row(&self) -> &[Cell] {
		&self.rows.rows[self.rows.rows.len() / 2]
	}

	fn encryption(&self, model: &Model) -> f64 {
		let mut seeder = new_seeder();
		milliseconds(|| {
			black_box(model.encrypt(client_key(), self.row(), seeder.as_mut())).unwrap();
		})
	}

	fn line(&self, name: &str, made: &PrivateModel) {
		let private = Model::new(made.artifact.clone(), None).unwrap();
		let encrypt =
			|model: &Model| model.encrypt(client_key(), self.row(), new_seeder().as_mut());
		let (public_input, private_input) = (encrypt(&self.public), encrypt(&private));
		let (public_input, private_input) = (public_input.unwrap(), private_input.unwrap());
		let mut buffers = EvaluationBuffers::default();
		let key = prepared_server_key();
		let [mut encryption, mut evaluation, mut beside] = [(); 3].map(|()| Vec::new());
		for _ in 0..TURNS {
			beside.push(milliseconds(|| {
				let model = &self.public.artifact;
				black_box(evaluate(model, Some(key), &public_input, &mut buffers)).unwrap();
			}));
			evaluation.push(milliseconds(|| {
				let evaluator = &made.file.evaluator;
				black_box(evaluator.evaluate(key, &private_input, &[0; 32], &mut buffers)).unwrap();
			}));
			encryption.push(self.encryption(&private));
		}
		let Circuit::Private(circuit) = &made.artifact.circuit else { panic!("a private circuit") };
		let ratios = evaluation.iter().zip(&beside).map(|(private, public)| private / public);
		let (ratio, evaluation, beside) =
			(median(ratios.collect()), median(evaluation), median(beside));
		println!(
			"| {name} | {} | {} | {} | {:.2} ms | {evaluation:.2} ms | {beside:.2} ms | {ratio:.2} | 2^{} | {} |",
			grouped(comparisons(&private)),
			grouped(private_input.len()),
			grouped(made.artifact.as_bytes().len()),
			median(encryption),
			circuit.bounds().flooding_log2,
			made.changed.0,
		);
	}
}

fn comparisons(model: &Model) -> usize {
	match &model.card.encoding {
		Encoding::Predicates(predicates) => predicates.list.len(),
		_ => 0,
	}
}
