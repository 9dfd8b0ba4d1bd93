//! Reads of fixed-size fields that cannot panic.

use crate::error::HeaderError;

pub(crate) fn array<const L: usize>(blob: &[u8], at: usize) -> Option<[u8; L]> {
	blob.get(at..at.checked_add(L)?)?.try_into().ok()
}

pub(crate) fn array_at<const L: usize>(blob: &[u8], at: usize) -> Result<[u8; L], HeaderError> {
	array(blob, at).ok_or(HeaderError::WrongLength)
}

pub(crate) fn byte(blob: &[u8], at: usize) -> Result<u8, HeaderError> {
	blob.get(at).copied().ok_or(HeaderError::WrongLength)
}

pub(crate) fn u16_at(blob: &[u8], at: usize) -> Result<u16, HeaderError> {
	array_at(blob, at).map(u16::from_le_bytes)
}

pub(crate) fn u32_at(blob: &[u8], at: usize) -> Result<u32, HeaderError> {
	array_at(blob, at).map(u32::from_le_bytes)
}

pub(crate) fn u64_at(blob: &[u8], at: usize) -> Result<u64, HeaderError> {
	array_at(blob, at).map(u64::from_le_bytes)
}
