//! Words that nobody can guess.
//!
//! Owns where their chance comes from. Never says what one is for.

use super::Secret;

/// Bytes of chance in a token.
const BYTES: usize = 32;

/// A token that nobody had before, as hex; `None` where the system gives no random bytes.
#[must_use]
pub fn fresh_token() -> Option<Secret> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).ok()?;
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: Vec<u8> = digits.map(|digit| b"0123456789abcdef"[usize::from(digit)]).collect();
    Some(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_like_another() {
        let (one, other) = (fresh_token().unwrap(), fresh_token().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.expose_text().unwrap().len(), 2 * BYTES);
    }
}
