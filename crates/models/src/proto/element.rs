//! The elements of tensors as numbers.

use super::data_type as of;

/// How elements of a type are read.
#[derive(Clone, Copy)]
pub(crate) struct Element {
	/// Bytes of one.
	pub bytes: usize,
	/// The number that these bits are; those above its own do not count.
	pub number: fn(u64) -> f64,
}

impl Element {
	/// Of a `TensorProto.data_type`, if that is one of numbers.
	pub fn of(data_type: i32) -> Option<Self> {
		let (bytes, number): (usize, fn(u64) -> f64) = match data_type {
			of::FLOAT => (4, |bits| f32::from_bits(bits as u32).into()),
			of::DOUBLE => (8, f64::from_bits),
			of::FLOAT16 => (2, |bits| half(bits as u16)),
			// The upper half of a float.
			of::BFLOAT16 => (2, |bits| f32::from_bits((bits as u32) << 16).into()),
			of::INT8 => (1, |bits| (bits as i8).into()),
			of::UINT8 | of::BOOL => (1, |bits| (bits as u8).into()),
			of::INT16 => (2, |bits| (bits as i16).into()),
			of::UINT16 => (2, |bits| (bits as u16).into()),
			of::INT32 => (4, |bits| (bits as i32).into()),
			of::UINT32 => (4, |bits| (bits as u32).into()),
			of::INT64 => (8, |bits| bits as i64 as f64),
			of::UINT64 => (8, |bits| bits as f64),
			_ => return None,
		};
		Some(Self { bytes, number })
	}

	/// Little-endian bytes as numbers.
	pub fn read(self, bytes: &[u8]) -> Vec<f64> {
		let bits = |bytes: &[u8]| bytes.iter().rev().fold(0, |bits, &b| bits << 8 | u64::from(b));
		bytes.chunks_exact(self.bytes).map(|bytes| (self.number)(bits(bytes))).collect()
	}
}

/// A float of 5 bits of exponent and 10 of mantissa.
fn half(bits: u16) -> f64 {
	let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
	let magnitude = match exponent {
		0 => mantissa * f64::from(2f32.powi(-14)),
		31 if mantissa == 0.0 => f64::INFINITY,
		31 => f64::NAN,
		_ => (1.0 + mantissa) * f64::from(2f32.powi(exponent - 15)),
	};
	if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// A number rounded to the nearest float of half precision, to even if there are two.
pub(crate) fn to_half(value: f64) -> f64 {
	let magnitude = value.abs();
	let rounded = match magnitude {
		_ if !magnitude.is_finite() => return value,
		// Halfway between the largest and what would come after it.
		65520.0.. => f64::INFINITY,
		_ => {
			let exponent = (magnitude.to_bits() >> 52) as i32 - 1023;
			let unit = 2f64.powi(exponent.max(-14) - 10);
			(magnitude / unit).round_ties_even() * unit
		},
	};
	rounded.copysign(value)
}

/// A number rounded to the nearest float of which only the upper half is left.
pub(crate) fn to_bfloat(value: f64) -> f64 {
	let single = value as f32;
	if !single.is_finite() {
		return single.into();
	}
	let bits = single.to_bits();
	let to_even = 0x7fff + (bits >> 16 & 1);
	f32::from_bits((bits + to_even) & 0xffff_0000).into()
}

#[cfg(test)]
mod tests {
	use super::*;

	/// The values are NumPy's.
	#[test]
	fn half_precision() {
		let known = [
			(0x0000, 0.0),
			(0x0001, 5.960_464_477_539_063e-8),
			(0x03ff, 6.097_555_160_522_461e-5),
			(0x0400, 6.103_515_625e-5),
			(0x3555, 0.333_251_953_125),
			(0x3c00, 1.0),
			(0xc000, -2.0),
			(0x7bff, 65504.0),
			(0x7c00, f64::INFINITY),
			(0xfc00, f64::NEG_INFINITY),
		];
		for (bits, value) in known {
			assert_eq!((half(bits), to_half(value)), (value, value));
		}
		assert!(half(0x7e00).is_nan());
		assert_eq!(half(0x8000).to_bits(), (-0f64).to_bits());
		assert_eq!(
			[1.0 / 3.0, 65519.0, 65520.0, -1e-9, 2049.0].map(to_half),
			[0.333_251_953_125, 65504.0, f64::INFINITY, -0.0, 2048.0]
		);
	}

	#[test]
	fn every_pattern_of_half_precision_is_its_own_nearest() {
		for bits in 0..=u16::MAX {
			let value = half(bits);
			assert!(to_half(value).to_bits() == value.to_bits() || value.is_nan());
		}
	}

	#[test]
	fn upper_halves() {
		let known =
			[(1.0, 1.0), (-3.3, -3.296_875), (1.003_906_25, 1.0), (1.011_718_75, 1.015_625)];
		for (value, rounded) in known {
			assert_eq!(to_bfloat(value), rounded);
		}
		assert!(to_bfloat(f64::NAN).is_nan() && to_bfloat(-1e300) == f64::NEG_INFINITY);
	}

	#[test]
	fn signs_and_widths() {
		let read = |data_type, bytes: &[u8]| Element::of(data_type).unwrap().read(bytes);
		assert_eq!(read(of::INT8, &[0xff, 1]), [-1.0, 1.0]);
		assert_eq!(read(of::UINT8, &[0xff, 1]), [255.0, 1.0]);
		assert_eq!(read(of::BOOL, &[0, 1]), [0.0, 1.0]);
		assert_eq!(read(of::INT16, &[0xfe, 0xff]), [-2.0]);
		assert_eq!(read(of::UINT16, &[0xfe, 0xff]), [65534.0]);
		assert_eq!(read(of::INT32, &[0xfd, 0xff, 0xff, 0xff]), [-3.0]);
		assert_eq!(read(of::UINT32, &[0xff; 4]), [4_294_967_295.0]);
		assert_eq!(read(of::INT64, &[0xff; 8]), [-1.0]);
		assert_eq!(read(of::UINT64, &[1, 0, 0, 0, 0, 0, 0, 0]), [1.0]);
		assert_eq!(read(of::BFLOAT16, &[0x80, 0x3f, 0x40, 0xc0]), [1.0, -3.0]);
		assert_eq!(read(of::FLOAT, &1.5f32.to_le_bytes()), [1.5]);
		assert_eq!(read(of::DOUBLE, &0.1f64.to_le_bytes()), [0.1]);
		assert!(Element::of(of::STRING).is_none() && Element::of(99).is_none());
	}
}
