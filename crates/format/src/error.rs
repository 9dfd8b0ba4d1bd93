//! Why the bytes of a blob were refused.

/// Why the bytes of a blob were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
	/// Fewer bytes than the header needs, or fewer or more than it announces.
	WrongLength,
	/// The first four bytes are not [`MAGIC`](crate::MAGIC).
	NotOurs,
	/// Another format version.
	WrongVersion,
	/// Another parameter set.
	WrongParameterSet,
	/// A well-formed blob of another kind.
	WrongKind,
	/// A field has a value that it must not have.
	Malformed,
}

impl core::fmt::Display for HeaderError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::WrongLength => {
				"the length is not what the header announces (truncated or oversized)"
			},
			Self::NotOurs => "this is not an fhe-ml file: the magic bytes are missing",
			Self::WrongVersion => "the format version is not supported by this build",
			Self::WrongParameterSet => {
				"the cryptographic parameter set is not supported by this build"
			},
			Self::WrongKind => "this is another kind of fhe-ml file",
			Self::Malformed => "a header field has an impossible value",
		})
	}
}

impl core::error::Error for HeaderError {}
