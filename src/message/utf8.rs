//! Bytes as text. Owns the check that they are UTF-8. Never changes or replaces any.

/// The bytes as text, or nothing where they are not UTF-8.
#[must_use]
pub fn as_text(bytes: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(bytes).ok()
}
