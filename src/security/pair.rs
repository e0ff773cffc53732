//! The keys of CURVE.
//!
//! Owns making a pair and finding the public key of a secret one, by libzmq itself, whose handshakes
//! use them. Never stores one.
#![expect(unsafe_code, reason = "the zmq crate cannot find the public key of a secret one")]

use std::ffi::c_char;
use std::fmt;

use zeroize::Zeroize;

use super::secret::Secret;
use crate::zeromq::{decode_z85, encode_z85};

/// A key's characters in Z85, and the zero that ends a text of C.
const TEXT: usize = 41;

/// A public key of CURVE, which anybody may see; printed in Z85.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key of these bytes, as a ZAP request has them.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key that 40 characters of Z85 are, if they are one.
    #[must_use]
    pub fn from_z85(text: &str) -> Option<Self> {
        decode_z85(text)?.try_into().ok().map(Self)
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_z85(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A public key and the secret one that belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyPair {
    public: PublicKey,
    secret: Secret,
}

impl KeyPair {
    /// A new pair; `None` where libzmq was built without CURVE.
    #[must_use]
    pub fn generate() -> Option<Self> {
        let (mut public, mut secret) = ([0_u8; TEXT], [0_u8; TEXT]);
        // SAFETY: both have room for 40 characters and a zero, which is what is written.
        let made = unsafe {
            zmq_sys::zmq_curve_keypair(
                public.as_mut_ptr().cast::<c_char>(),
                secret.as_mut_ptr().cast::<c_char>(),
            )
        };
        let pair = (made == 0).then(|| Self::read(&public, &secret)).flatten();
        secret.zeroize();
        pair
    }

    /// The pair of a secret key in Z85; `None` if that is no key.
    #[must_use]
    pub fn of(secret: &str) -> Option<Self> {
        if secret.len() != TEXT - 1 || decode_z85(secret).map(Secret::new).is_none() {
            return None;
        }
        let (mut public, mut text) = ([0_u8; TEXT], [0_u8; TEXT]);
        text[..TEXT - 1].copy_from_slice(secret.as_bytes());
        // SAFETY: `public` has room for 40 characters and a zero, and `text` ends with one.
        let found = unsafe {
            zmq_sys::zmq_curve_public(
                public.as_mut_ptr().cast::<c_char>(),
                text.as_ptr().cast::<c_char>(),
            )
        };
        let pair = (found == 0).then(|| Self::read(&public, &text)).flatten();
        text.zeroize();
        pair
    }

    /// The pair of a secret key's 32 bytes; `None` if those are no key.
    #[must_use]
    pub fn of_bytes(secret: &Secret) -> Option<Self> {
        Self::of(text_of(secret).expose_text()?)
    }

    fn read(public: &[u8; TEXT], secret: &[u8; TEXT]) -> Option<Self> {
        let public = PublicKey::from_z85(std::str::from_utf8(&public[..TEXT - 1]).ok()?)?;
        let secret = decode_z85(std::str::from_utf8(&secret[..TEXT - 1]).ok()?)?;
        Some(Self { public, secret: Secret::new(secret) })
    }

    /// What everybody may know.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The 32 bytes that nobody else may know, as libzmq's option takes them.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The secret key in Z85, for its file alone.
    pub(super) fn secret_text(&self) -> Secret {
        text_of(&self.secret)
    }
}

fn text_of(secret: &Secret) -> Secret {
    let Ok(mut key) = <[u8; 32]>::try_from(secret.expose()) else { return Secret::default() };
    let text = Secret::from(encode_z85(&key));
    key.zeroize();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pair of Alice in libzmq's `zmq_curve` manual page.
    const SECRET: &str = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
    const PUBLIC: &str = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

    #[test]
    fn the_pair_of_the_manual_page_belongs_together() {
        let pair = KeyPair::of(SECRET).unwrap();
        assert_eq!(pair.public(), PublicKey::from_z85(PUBLIC).unwrap());
        assert_eq!(pair.public().to_string(), PUBLIC);
        assert_eq!(pair.secret_text(), Secret::new(SECRET));
        assert!(!format!("{pair:?}").contains(SECRET), "{pair:?}");
    }

    #[test]
    fn a_new_pair_is_one_and_another_each_time() {
        let (one, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        assert_ne!(one, other);
        let again = KeyPair::of(one.secret_text().expose_text().unwrap());
        assert_eq!(again.as_ref(), Some(&one));
        assert_eq!(KeyPair::of_bytes(one.secret()), Some(one));
        assert_eq!(KeyPair::of_bytes(&Secret::new("short")), None);
    }

    #[test]
    fn what_is_no_key_has_no_pair() {
        for text in ["", "short", &SECRET[1..], &SECRET.replace('J', " "), &"#".repeat(40)] {
            assert_eq!(KeyPair::of(text), None);
        }
    }
}
