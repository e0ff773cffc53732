//! Keys whose value is a handler's body.
//!
//! Owns which keys those are. Never looks at a body.

/// Whether a key of a node names a handler.
#[must_use]
pub fn is_handler_key(key: &str) -> bool {
    key.len() > 3 && key.starts_with("on_") && key != "on_error"
}
