//! The numbers of `docs/beacon.md`: how often an attacker gets a draw that it wants, by formulas and by
//! playing against a random oracle.
//!
//! A job arrives before some slot. An honest author puts it into its block at once, and gives up no block.
//! The job is drawn with the seed of the block after its own; a seed is to the attacker's liking with
//! probability `p`. The attacker knows every seed to which its own blocks in a row can lead.

use Attack::*;
use sp_io::hashing::blake2_256;

/// Which authorities, in the order of their slots, are the attacker's.
type Order = [bool];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Attack {
	/// Gives up blocks.
	Withhold,
	/// Leaves the job out of its blocks, too, until it likes what follows.
	Delay,
	/// Replaces the honest block before two or more slots of its own, too.
	Replace,
}

/// The attacker's slots from `slot` on, up to the next honest one.
fn run(order: &Order, slot: usize) -> u32 {
	(slot..).take_while(|at| order[at % order.len()]).count() as u32
}

/// Chains of two or more blocks in `run` slots: every set of that many slots is another one.
fn chains(run: u32) -> i32 {
	(1 << run) - 1 - run as i32
}

/// Whether the block before `slot` may be replaced: it is honest.
fn replaces(order: &Order, slot: usize, attack: Attack) -> bool {
	attack == Replace && !order[(slot + order.len() - 1) % order.len()]
}

/// The attacker's chance while the job is in the last block, and `slot` comes next.
fn included(order: &Order, slot: usize, p: f64, attack: Attack) -> f64 {
	let run = run(order, slot);
	let other = if replaces(order, slot, attack) { chains(run) } else { 0 };
	1.0 - (1.0 - p).powi(run as i32 + other + 1)
}

/// The attacker's chance while the job waits in the pool, and `slot` comes next.
fn pending(order: &Order, slot: usize, p: f64, attack: Attack) -> f64 {
	let run = run(order, slot);
	if run == 0 || attack == Withhold {
		return included(order, slot + 1, p, attack);
	}
	let parents = if replaces(order, slot, attack) { 2 } else { 1 };
	let miss = (1.0 - p).powi(parents * chains(run));
	1.0 - miss * (1.0 - pending(order, slot + run as usize, p, attack))
}

/// The mean over the slots before which a job arrives.
fn chance(order: &Order, p: f64, attack: Attack) -> f64 {
	let slots = 0..order.len();
	slots.map(|slot| pending(order, slot, p, attack)).sum::<f64>() / order.len() as f64
}

type Seed = [u8; 32];

/// The seed after the attacker's blocks in those slots of a run from `slot` on that `set` has.
fn chain(seed: Seed, slot: usize, run: u32, set: u32) -> Seed {
	let slots = (0..run).filter(|at| set >> at & 1 == 1).map(|at| slot + at as usize);
	slots.fold(seed, |seed, slot| blake2_256(&[seed.as_slice(), &slot.to_le_bytes()].concat()))
}

fn wins(seed: &Seed, p: f64) -> bool {
	let mut draw = [0; 8];
	draw.copy_from_slice(&blake2_256(seed)[..8]);
	(u64::from_le_bytes(draw) as f64) < p * 2f64.powi(64)
}

/// Plays for one job. Returns whether the attacker got its draw, and how many blocks it gave up.
fn play(order: &Order, arrival: usize, p: f64, attack: Attack, game: u64) -> (bool, u32) {
	let fresh =
		|slot: usize| blake2_256(&[game.to_le_bytes(), (slot as u64).to_le_bytes()].concat());
	let (mut parent, mut seed) = (fresh(usize::MAX - 1), fresh(usize::MAX));
	let (mut slot, mut in_block, mut given_up) = (arrival, false, 0);
	loop {
		let run = run(order, slot);
		if run == 0 || attack == Withhold && !in_block {
			parent = seed;
			seed = if run == 0 { fresh(slot) } else { chain(seed, slot, 1, 1) };
			if in_block {
				return (wins(&seed, p), given_up);
			}
			(slot, in_block) = (slot + 1, true);
			continue;
		}
		let mut ends = Vec::new();
		for set in 1_u32..1 << run {
			let blocks = set.count_ones();
			if in_block == (blocks == 1) {
				ends.push((seed, set));
			}
			if blocks > 1 && replaces(order, slot, attack) {
				ends.push((parent, set));
			}
		}
		let skipped = |set: u32| set.ilog2() + 1 - set.count_ones();
		ends.sort_by_key(|(_, set)| skipped(*set));
		if let Some((_, set)) = ends.iter().find(|(on, set)| wins(&chain(*on, slot, run, *set), p))
		{
			return (true, given_up + skipped(*set));
		}
		if in_block {
			given_up += run;
		}
		slot += run as usize;
	}
}

/// Share of games that the attacker won, and blocks that it gave up per game.
fn played(order: &Order, p: f64, attack: Attack, games: u64) -> (f64, f64) {
	let (mut won, mut given_up) = (0_u64, 0_u64);
	for game in 0..games {
		let (win, blocks) = play(order, game as usize % order.len(), p, attack, game);
		won += u64::from(win);
		given_up += u64::from(blocks);
	}
	(won as f64 / games as f64, given_up as f64 / games as f64)
}

const ATTACKS: [Attack; 3] = [Withhold, Delay, Replace];
const H: bool = false;
const A: bool = true;
/// What the documentation has: names, orders.
const ORDERS: [(&str, &Order); 6] = [
	("1 of 4", &[A, H, H, H]),
	("2 of 4, apart", &[A, H, A, H]),
	("2 of 4, in a row", &[A, A, H, H]),
	("1 of 10", &[A, H, H, H, H, H, H, H, H, H]),
	("3 of 10, apart", &[A, H, H, A, H, H, A, H, H, H]),
	("3 of 10, in a row", &[A, A, A, H, H, H, H, H, H, H]),
];
/// Shares of the bond.
const SHARES: [(&str, f64); 3] = [("10 %", 0.1), ("33 %", 1.0 / 3.0), ("50 %", 0.5)];

#[test]
fn the_formulas_are_what_the_game_shows() {
	const GAMES: u64 = 20_000;
	for (name, order) in ORDERS {
		for (_, share) in SHARES {
			for attack in ATTACKS {
				let p = share * share;
				let (won, _) = played(order, p, attack, GAMES);
				let expected = chance(order, p, attack);
				let deviation = (expected * (1.0 - expected) / GAMES as f64).sqrt();
				assert!(
					(won - expected).abs() < 4.5 * deviation,
					"{name}, {attack:?}, p {p}: {won} won, {expected} expected"
				);
			}
		}
	}
}

#[test]
fn without_slots_the_chance_is_the_fair_one() {
	for attack in ATTACKS {
		assert!((chance(&[H, H, H], 0.25, attack) - 0.25).abs() < 1e-12);
	}
}

#[test]
fn one_slot_before_the_draw_is_one_more_try_and_costs_most_blocks() {
	let p = 1.0 / 9.0;
	let order = [H, A, H, H];
	assert!((pending(&order, 0, p, Withhold) - (2.0 * p - p * p)).abs() < 1e-12);
	let games = 20_000;
	let given_up: u32 = (0..games).map(|game| play(&order, 0, p, Withhold, game).1).sum();
	let per_game = f64::from(given_up) / games as f64;
	assert!((per_game - (1.0 - p)).abs() < 0.01, "{per_game} blocks given up per job");
}

#[test]
fn the_documentation_has_these_numbers() {
	let documentation = include_str!("../../../../docs/beacon.md");
	let percent = |chance: f64| format!("{:.1} %", 100.0 * chance);
	for (name, order) in ORDERS {
		for (share_name, share) in SHARES {
			let p = share * share;
			let chances = ATTACKS.map(|attack| percent(chance(order, p, attack)));
			let row =
				format!("| {name} | {share_name} | {} | {} |", percent(p), chances.join(" | "));
			assert!(documentation.contains(&row), "docs/beacon.md lacks {row}");
		}
	}
}
