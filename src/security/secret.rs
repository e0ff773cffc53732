//! A key or a password: used, never shown.
//!
//! Owns that it cannot be printed, is compared in the same time whatever it holds, and is gone from
//! the memory when it is dropped. Never knows what it is for.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes that are printed as [`Secret::MARK`].
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// What stands for a secret wherever one would be shown.
    pub const MARK: &str = "***";

    /// Takes bytes over; those of a text too, without a copy.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for whom they are meant.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, if they are one.
    #[must_use]
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::MARK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::MARK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_printed_as_the_same_mark_whatever_it_holds() {
        for text in ["", "a", "correct horse battery staple"] {
            let secret = Secret::new(text);
            assert_eq!(format!("{secret} {secret:?} {secret:#?} {:?}", Some(&secret)), {
                "*** *** *** Some(***)"
            });
        }
    }

    #[test]
    fn it_equals_its_like_alone() {
        let secret = Secret::new("abc");
        assert_eq!(secret, secret.clone());
        for other in ["", "ab", "abd", "abcd"] {
            assert_ne!(secret, Secret::new(other));
        }
    }

    #[test]
    fn it_is_wiped_when_it_is_dropped() {
        fn is_wiped<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        is_wiped(&Secret::new("abc").0);
    }
}
