//! Who may come to a socket, as data that a ZAP handler decides by.
//!
//! Owns the verdict about one peer, and its words. Pure: it hears of no handshake.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use thiserror::Error;

use crate::security::{Gate, Network, PublicKey};

/// Who may come to one socket.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Admission {
    /// Whether its peers have to show a public key.
    pub wants_key: bool,
    /// Whom it knows by their public keys, with their names.
    pub keys: BTreeMap<PublicKey, Arc<str>>,
    /// Whether those may come as well whom it does not know.
    pub allows_any: bool,
    /// From where they may come.
    pub gate: Gate,
}

/// A peer that knocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Knock {
    /// How it shows who it is.
    pub credentials: Credentials,
    /// From where it comes; nothing where it has no address.
    pub address: Option<IpAddr>,
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
    /// Its address may not come.
    #[error("its address {0} is none that `allow` and `deny` let in")]
    Address(IpAddr),
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
    pub fn judge(&self, knock: Knock) -> Result<Option<Arc<str>>, NotAdmitted> {
        if let Some(address) = knock.address.filter(|address| !self.gate.lets_in(*address)) {
            return Err(NotAdmitted::Address(address));
        }
        let key = match knock.credentials {
            Credentials::Curve(key) if self.wants_key => key,
            Credentials::Null if !self.wants_key => return Ok(None),
            Credentials::Null | Credentials::Plain | Credentials::Curve(_) => {
                return Err(NotAdmitted::NoKey);
            }
        };
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
        let only = |one: &[Network], than: &[Network], names: &mut Vec<String>| {
            let more = one.iter().filter(|network| !than.contains(network));
            names.extend(more.map(ToString::to_string));
        };
        match (&other.gate.allow, &self.gate.allow) {
            (Some(one), Some(than)) => only(one, than, &mut names),
            (None, Some(_)) => names.push("every address".to_owned()),
            (_, None) => {}
        }
        only(&self.gate.deny, &other.gate.deny, &mut names);
        if other.allows_any && !self.allows_any {
            names.push("everybody".to_owned());
        }
        names
    }

    /// Whether it lets nobody in.
    #[must_use]
    pub fn allows_nobody(&self) -> bool {
        let is_known = !self.wants_key || !self.keys.is_empty() || self.allows_any;
        !is_known || self.gate.lets_nobody_in()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> PublicKey {
        PublicKey::new([byte; 32])
    }

    fn knock(credentials: Credentials, address: &str) -> Knock {
        Knock { credentials, address: address.parse().ok() }
    }

    #[test]
    fn who_is_known_comes_under_its_name_and_nobody_else() {
        let keys: BTreeMap<_, Arc<str>> = [(key(1), "alice".into())].into();
        let only = Admission { wants_key: true, keys, ..Admission::default() };
        let judge = |of: &Admission, credentials| of.judge(knock(credentials, "127.0.0.1"));
        assert_eq!(judge(&only, Credentials::Curve(key(1))), Ok(Some("alice".into())));
        let unknown = judge(&only, Credentials::Curve(key(2)));
        assert_eq!(unknown, Err(NotAdmitted::UnknownKey(key(2))));
        assert!(unknown.unwrap_err().to_string().contains(&key(2).to_string()));
        assert_eq!(judge(&only, Credentials::Null), Err(NotAdmitted::NoKey));
        let any = Admission { allows_any: true, ..only.clone() };
        assert_eq!(judge(&any, Credentials::Curve(key(1))), Ok(Some("alice".into())));
        assert_eq!(judge(&any, Credentials::Curve(key(2))), Ok(None));
        assert_eq!(judge(&any, Credentials::Plain), Err(NotAdmitted::NoKey));
        let nobody = Admission { keys: BTreeMap::new(), ..only };
        assert!(nobody.allows_nobody() && !any.allows_nobody());
    }

    #[test]
    fn addresses_are_asked_for_before_keys_and_with_no_mechanism_too() {
        let gate = Gate {
            allow: Some(vec!["127.0.0.1".parse().unwrap(), "10.1.0.0/16".parse().unwrap()]),
            deny: vec!["10.1.2.3".parse().unwrap()],
        };
        let null = Admission { gate, ..Admission::default() };
        let curve = Admission { wants_key: true, allows_any: true, ..null.clone() };
        for (address, comes) in [
            ("127.0.0.1", true),
            ("10.1.9.9", true),
            ("10.1.2.3", false),
            ("::1", false),
            ("", true),
        ] {
            let knocks = [(&null, Credentials::Null), (&curve, Credentials::Curve(key(1)))];
            for (admission, credentials) in knocks {
                let verdict = admission.judge(knock(credentials, address));
                assert_eq!(verdict.is_ok(), comes, "{address} {verdict:?}");
            }
        }
        assert_eq!(Admission::default().names_beyond(&null), Vec::<String>::new());
        assert_eq!(null.names_beyond(&Admission::default()), ["every address", "10.1.2.3"]);
    }
}
