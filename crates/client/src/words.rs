//! Numbers in words, for people.

/// So many of something: `one row`, `2 rows`.
pub fn counted(count: usize, what: &str) -> String {
	if count == 1 { format!("one {what}") } else { format!("{count} {what}s") }
}
