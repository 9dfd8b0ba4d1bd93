//! Speed of bootstrapping: `cargo bench -p fhe-ml-engine --bench bootstrap`.
//!
//! `key_switch_and_pbs_of_tfhe_rs` is that of tfhe-rs with V1_8_PARAM_MESSAGE_2_CARRY_2_KS_PBS_TUNIFORM_2M128, as this
//! workspace builds it: without its feature `avx512`. All but the whole network are on one thread.

#![allow(clippy::unwrap_used)]

use divan::{Bencher, black_box, counter::ItemsCount};
use fhe_ml_engine::{
	BootstrapKey, Circuit, ClientKey, DeepCircuit, EvaluationBuffers, PreparedServerKey, ServerKey,
	benchmarked,
	circuits::deep::{DeepLayer, DeepLayers, DeepOutput, DeepTable, SparseRow},
	new_seeder,
};
use std::sync::LazyLock;
use tfhe::core_crypto::prelude::*;

fn main() {
	divan::main();
}

struct Keys {
	client: ClientKey,
	server: ServerKey,
	bootstrap: BootstrapKey,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
	let mut seeder = new_seeder();
	let (client, server) = ClientKey::generate(seeder.as_mut());
	let bootstrap = client.bootstrap_key();
	Keys { client, server, bootstrap }
});

fn prepared() -> PreparedServerKey {
	PreparedServerKey::new(&KEYS.server).with_bootstrap_key(&KEYS.bootstrap).unwrap()
}

/// Runs on a pool of this many threads.
fn on<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
	rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}

const ALL_SELECTORS: usize = 1 << 29;

#[divan::bench(sample_count = 5)]
fn generate_bootstrap_key(bencher: Bencher) {
	bencher.bench_local(|| KEYS.client.bootstrap_key());
}

#[divan::bench(sample_count = 5)]
fn prepare_without_selectors(bencher: Bencher) {
	bencher.bench_local(prepared);
}

/// The selectors of one gadget: 5x5, 4x6. Without `keep_selectors`, every layer takes this time.
#[divan::bench(args = [0, 1], sample_count = 3)]
fn expand_selectors(bencher: Bencher, gadget: usize) {
	let mut server = prepared();
	bencher.bench_local(|| on(1, || server.keep_selectors(gadget, ALL_SELECTORS)));
}

/// Gadget, and how many bootstraps at one time.
#[divan::bench(args = [(0, 1), (0, 8), (1, 1), (1, 8)], sample_count = 5)]
fn bootstraps(bencher: Bencher, (gadget, count): (usize, usize)) {
	let mut server = prepared();
	server.keep_selectors(gadget, ALL_SELECTORS);
	let mut run = benchmarked::bootstraps(&server, gadget, count);
	bencher.counter(ItemsCount::new(count)).bench_local(|| on(1, &mut run));
}

#[divan::bench(sample_count = 20)]
fn key_switch_and_pbs_of_tfhe_rs(bencher: Bencher) {
	let (dimension, size) = (LweDimension(918), PolynomialSize(2048));
	let noise = |bound| DynamicDistribution::<u64>::new_t_uniform(bound);
	let modulus = CiphertextModulus::new_native();
	let mut seeder = new_seeder();
	let seeder = seeder.as_mut();
	let mut secrets = SecretRandomGenerator::<DefaultRandomGenerator>::new(seeder.seed());
	let mut generator =
		EncryptionRandomGenerator::<DefaultRandomGenerator>::new(seeder.seed(), seeder);
	let small = LweSecretKey::generate_new_binary(dimension, &mut secrets);
	let big = GlweSecretKey::generate_new_binary(GlweDimension(1), size, &mut secrets);
	let (base, levels) = (DecompositionBaseLog(23), DecompositionLevelCount(1));
	let key: LweBootstrapKeyOwned<u64> = par_allocate_and_generate_new_seeded_lwe_bootstrap_key(
		&small,
		&big,
		base,
		levels,
		noise(17),
		modulus,
		seeder,
	)
	.decompress_into_lwe_bootstrap_key();
	let mut fourier = FourierLweBootstrapKey::new(dimension, GlweSize(2), size, base, levels);
	convert_standard_lwe_bootstrap_key_to_fourier(&key, &mut fourier);
	let big = big.into_lwe_secret_key();
	let switch = allocate_and_generate_new_lwe_keyswitch_key(
		&big,
		&small,
		DecompositionBaseLog(4),
		DecompositionLevelCount(4),
		noise(45),
		modulus,
		&mut generator,
	);
	let input: LweCiphertextOwned<u64> = allocate_and_encrypt_new_lwe_ciphertext(
		&big,
		Plaintext(3 << 59),
		noise(17),
		modulus,
		&mut generator,
	);
	let table: GlweCiphertextOwned<u64> = generate_programmable_bootstrap_glwe_lut(
		size,
		GlweSize(2),
		16,
		modulus,
		1 << 59,
		|x: u64| x,
	);
	let mut switched = LweCiphertext::new(0u64, dimension.to_lwe_size(), modulus);
	let mut output = LweCiphertext::new(0u64, big.lwe_dimension().to_lwe_size(), modulus);
	bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
		keyswitch_lwe_ciphertext(&switch, black_box(&input), &mut switched);
		programmable_bootstrap_lwe_ciphertext(&switched, &mut output, &table, &fourier);
	});
}

/// 64 features of four bits, two hidden layers of 32 units, ten outputs.
fn network() -> DeepCircuit {
	let mut state = 1u64;
	let mut weight = move |most: i64| {
		state =
			state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
		((state >> 33) as i64 % (2 * most + 1) - most) as i32
	};
	let table = |half: i64, step_log2: u32| {
		let values = (0..(2 * half) >> step_log2)
			.map(|at| (((at << step_log2) - half).max(0) * 63 / half) as i32);
		DeepTable { low: -half, step_log2, values: values.collect() }
	};
	let first = |()| {
		let bits = (0..64).map(|_| weight(2)).flat_map(|w| (0..4).map(move |bit| w << bit));
		SparseRow::dense(0, &bits.collect::<Vec<_>>())
	};
	let first = DeepLayer {
		from: 0,
		rows: std::iter::repeat_n((), 32).map(first).collect(),
		tables: vec![table(1024, 0)],
		table_of: vec![0; 32],
	};
	let mut dense = |count: usize, most: i64| -> SparseRow {
		SparseRow::dense(0, &(0..count).map(|_| weight(most)).collect::<Vec<_>>())
	};
	let second = DeepLayer {
		from: 0,
		rows: (0..32).map(|_| dense(32, 7)).collect(),
		tables: vec![table(4096, 3)],
		table_of: vec![0; 32],
	};
	let outputs =
		(0..10).map(|_| DeepOutput { row: dense(32, 15), range: (-8000, 8000) }).collect();
	DeepCircuit::compile(DeepLayers {
		feature_bits: vec![4; 64],
		hidden: vec![first, second],
		outputs_from: 1,
		outputs,
	})
	.unwrap()
}

/// Threads, and whether selectors have been kept.
#[divan::bench(args = [(1, true), (1, false), (2, true), (2, false)], sample_count = 3)]
fn network_64_32_32_10(bencher: Bencher, (threads, keeps): (usize, bool)) {
	let mut server = prepared();
	let network = network();
	if keeps {
		server.keep_selectors(network.bootstrap_gadget().unwrap(), ALL_SELECTORS);
	}
	let circuit = Circuit::Deep(network);
	let x = vec![8; 64];
	let input = KEYS.client.encrypt(&circuit, [0; 32], &x, new_seeder().as_mut()).unwrap();
	let mut buffers = EvaluationBuffers::default();
	bencher.bench_local(|| {
		on(threads, || circuit.evaluate(Some(&server), black_box(&input), &mut buffers).unwrap())
	});
}
