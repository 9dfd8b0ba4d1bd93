//! The generator of tfhe-rs for masks, for runtimes and browsers: an AES-CTR extendable-output function.
//!
//! A seed becomes a key and a first counter by a CBC-MAC of (domain, seed, length) under the zero key, as
//! `xof_init_128` of tfhe-csprng 0.10 has it; the numbers are the encrypted counters. AES-128 (FIPS 197) is by
//! tables: what is made here is public, so the cache tells nobody anything; where there are no instructions for
//! AES, that is five times faster than without tables.

/// Rounds of AES-128.
const ROUNDS: usize = 10;

/// Multiplication by X in the field of AES.
const fn times_x(value: u8) -> u8 {
	(value << 1) ^ (0x1b & (value >> 7).wrapping_neg())
}

/// The substitution of FIPS 197, section 5.1.1: the inverse in the field, then an affine map.
const SUBSTITUTED: [u8; 256] = {
	// 3 generates the field: 3^i and 3^-i are inverses.
	let mut powers = [1; 256];
	let mut at = 1;
	while at < 256 {
		powers[at] = powers[at - 1] ^ times_x(powers[at - 1]);
		at += 1;
	}
	let mut table = [0x63; 256];
	let mut at = 0;
	while at < 255 {
		let inverse = powers[255 - at];
		let rotations = inverse.rotate_left(1)
			^ inverse.rotate_left(2)
			^ inverse.rotate_left(3)
			^ inverse.rotate_left(4);
		table[powers[at] as usize] = 0x63 ^ inverse ^ rotations;
		at += 1;
	}
	table
};

/// Substitution and column mixing of a byte in row 0, one word a column; other rows turn it.
static MIXED: [u32; 256] = {
	let mut table = [0; 256];
	let mut at = 0;
	while at < 256 {
		let value = SUBSTITUTED[at];
		let twice = times_x(value);
		table[at] = u32::from_le_bytes([twice, value, value, twice ^ value]);
		at += 1;
	}
	table
};

static S: [u8; 256] = SUBSTITUTED;

fn substituted(value: u32, byte: u32) -> u32 {
	u32::from(S[(value >> (8 * byte) & 0xff) as usize])
}

fn mixed(value: u32, byte: u32) -> u32 {
	MIXED[(value >> (8 * byte) & 0xff) as usize].rotate_left(8 * byte)
}

/// The columns of a block.
type Columns = [u32; 4];

fn columns(block: u128) -> Columns {
	[0, 32, 64, 96].map(|shift| (block >> shift) as u32)
}

/// AES-128 with one key.
struct Cipher {
	round_keys: [Columns; ROUNDS + 1],
}

impl Cipher {
	fn new(key: u128) -> Self {
		let mut round_keys = [columns(key); ROUNDS + 1];
		let mut constant = 1u8;
		for round in 1..=ROUNDS {
			let before = round_keys[round - 1];
			let turned = before[3].rotate_right(8);
			let mut last = u32::from(constant);
			for byte in 0..4 {
				last ^= substituted(turned, byte) << (8 * byte);
			}
			for (word, before) in round_keys[round].iter_mut().zip(before) {
				last ^= before;
				*word = last;
			}
			constant = times_x(constant);
		}
		Self { round_keys }
	}

	fn encrypt(&self, block: u128) -> u128 {
		let added = |state: Columns, key: &Columns| -> Columns {
			core::array::from_fn(|column| state[column] ^ key[column])
		};
		let [first, middle @ .., last] = &self.round_keys;
		let mut state = added(columns(block), first);
		// Row r of a column comes from the column r places on.
		for key in middle {
			let next = |column: usize| {
				mixed(state[column], 0)
					^ mixed(state[(column + 1) % 4], 1)
					^ mixed(state[(column + 2) % 4], 2)
					^ mixed(state[(column + 3) % 4], 3)
			};
			state = added(core::array::from_fn(next), key);
		}
		let next = |column: usize| {
			(0..4).fold(0, |word, row| {
				word | substituted(state[(column + row) % 4], row as u32) << (8 * row)
			})
		};
		let state = added(core::array::from_fn(next), last);
		state.iter().rev().fold(0, |block, &column| block << 32 | u128::from(column))
	}
}

/// A stream of pseudo-random bytes.
pub(super) struct Xof {
	cipher: Cipher,
	counter: u128,
	block: [u8; 16],
	used: usize,
}

impl Xof {
	/// The stream of this seed in a domain.
	pub fn new(domain: [u8; 8], seed: &[u8; 16], index: u64) -> Self {
		let [start, end] = [0, 8].map(|at| {
			seed.get(at..)
				.and_then(|rest| rest.first_chunk())
				.copied()
				.map_or(0, u64::from_le_bytes)
		});
		let domain = u64::from_le_bytes(domain);
		let message = [
			u128::from(start) << 64 | u128::from(domain),
			u128::from(index) << 64 | u128::from(end),
			// Length in bits.
			8 * (8 + 16 + 8),
		];
		let chain = Cipher::new(0);
		let (mut before, mut key) = (0, 0);
		for block in message {
			before = key;
			key = chain.encrypt(before ^ block);
		}
		Self { cipher: Cipher::new(key), counter: before, block: [0; 16], used: 16 }
	}

	/// The next `BYTES` bytes, as a little-endian integer.
	pub fn integer<const BYTES: usize>(&mut self) -> u64 {
		let mut value = 0;
		for at in 0..BYTES {
			if self.used == self.block.len() {
				self.block = self.cipher.encrypt(self.counter).to_le_bytes();
				self.counter = self.counter.wrapping_add(1);
				self.used = 0;
			}
			value |= u64::from(self.block[self.used]) << (8 * at);
			self.used += 1;
		}
		value
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_block_is_that_of_the_standard() {
		// FIPS 197, appendix C.1.
		let key = u128::from_be(0x000102030405060708090a0b0c0d0e0f);
		let plain = u128::from_be(0x00112233445566778899aabbccddeeff);
		let expected = u128::from_be(0x69c4e0d86a7b0430d8cdb78070b4c55a);
		assert_eq!(Cipher::new(key).encrypt(plain), expected);
	}
}
