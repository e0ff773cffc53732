//! Who may come to a socket, as data that a ZAP handler decides by.
//!
//! Owns the verdict about one peer, and its words. Pure: it hears of no handshake.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::security::PublicKey;

/// Who may come to one socket.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Admission {
    /// Whom it knows by their public keys, with their names.
    pub keys: BTreeMap<PublicKey, Arc<str>>,
    /// Whether those may come as well whom it does not know.
    pub allows_any: bool,
}

/// How a peer shows who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Credentials {
    /// Not at all.
    Null,
    /// By a name and a password.
    Plain,
    /// By its public key, whose secret one it has.
    Curve(PublicKey),
}

/// Why a peer may not come.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NotAdmitted {
    /// Nobody has put its certificate where those lie that may come.
    #[error(
        "its public key {0} is of no certificate that may come: nodes at a link with this socket, and \
         those of the folder `allow` beside the certificates"
    )]
    UnknownKey(PublicKey),
    /// It shows something else than its public key.
    #[error("it does not authenticate by CURVE, as this socket wants it")]
    NoKey,
    /// The file no longer has that socket, or says nothing of who may come.
    #[error("nothing says who may come to this socket")]
    NothingSaid,
}

impl Admission {
    /// Whether a peer may come, and under which name.
    ///
    /// # Errors
    ///
    /// Why it may not.
    pub fn judge(&self, credentials: Credentials) -> Result<Option<Arc<str>>, NotAdmitted> {
        let Credentials::Curve(key) = credentials else { return Err(NotAdmitted::NoKey) };
        match self.keys.get(&key) {
            Some(name) => Ok(Some(Arc::clone(name))),
            None if self.allows_any => Ok(None),
            None => Err(NotAdmitted::UnknownKey(key)),
        }
    }

    /// The names of those whom another one lets in and this one does not, under that name.
    #[must_use]
    pub fn names_beyond(&self, other: &Self) -> Vec<String> {
        let beyond = other.keys.iter().filter(|(key, name)| self.keys.get(key) != Some(name));
        let mut names: Vec<String> = beyond.map(|(_, name)| name.to_string()).collect();
        if other.allows_any && !self.allows_any {
            names.push("everybody".to_owned());
        }
        names
    }

    /// Whether it lets nobody in.
    #[must_use]
    pub fn allows_nobody(&self) -> bool {
        self.keys.is_empty() && !self.allows_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> PublicKey {
        PublicKey::new([byte; 32])
    }

    #[test]
    fn who_is_known_comes_under_its_name_and_nobody_else() {
        let keys: BTreeMap<_, Arc<str>> = [(key(1), "alice".into())].into();
        let only = Admission { keys: keys.clone(), allows_any: false };
        assert_eq!(only.judge(Credentials::Curve(key(1))), Ok(Some("alice".into())));
        let unknown = only.judge(Credentials::Curve(key(2)));
        assert_eq!(unknown, Err(NotAdmitted::UnknownKey(key(2))));
        assert!(unknown.unwrap_err().to_string().contains(&key(2).to_string()));
        assert_eq!(only.judge(Credentials::Null), Err(NotAdmitted::NoKey));
        let any = Admission { keys, allows_any: true };
        assert_eq!(any.judge(Credentials::Curve(key(1))), Ok(Some("alice".into())));
        assert_eq!(any.judge(Credentials::Curve(key(2))), Ok(None));
        assert_eq!(any.judge(Credentials::Plain), Err(NotAdmitted::NoKey));
        assert!(Admission::default().allows_nobody() && !any.allows_nobody());
    }
}
