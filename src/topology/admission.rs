//! Who may come to a socket, as data that a ZAP handler decides by.
//!
//! Owns the verdict about one peer, and its words. Pure: it hears of no handshake.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use thiserror::Error;

use crate::security::{Gate, Network, PublicKey, Users};

/// Who may come to one socket.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Admission {
    /// What its peers have to show.
    pub wanted: Wanted,
    /// From where they may come.
    pub gate: Gate,
}

/// What peers have to show.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Wanted {
    /// Nothing.
    #[default]
    Nothing,
    /// A public key.
    Key {
        /// Whom the socket knows by it, with their names.
        known: BTreeMap<PublicKey, Arc<str>>,
        /// Whether those may come as well whom it does not know.
        allows_any: bool,
    },
    /// A name and a password.
    Password(Users),
}

/// A peer that knocks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Knock {
    /// How it shows who it is.
    pub credentials: Credentials,
    /// From where it comes; nothing where it has no address.
    pub address: Option<IpAddr>,
}

/// How a peer shows who it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Credentials {
    /// Not at all.
    Null,
    /// By a name and a password.
    Plain(Login),
    /// By its public key, whose secret one it has.
    Curve(PublicKey),
}

/// A name, and what is known of the password that came with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// The name, whatever bytes it has.
    pub name: Arc<[u8]>,
    /// What came of checking the password, once that is done.
    pub proof: Option<Proof>,
}

/// Whether a password is its user's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// The users by which it was checked.
    pub by: Users,
    /// Whether it is right by them.
    pub is_right: bool,
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
    /// It shows something else than a name and a password.
    #[error("it does not authenticate by PLAIN, as this socket wants it")]
    NoPassword,
    /// It authenticates where nobody is asked to.
    #[error("it authenticates, and this socket has no mechanism")]
    NoMechanism,
    /// Nobody in the file has that name.
    #[error("there is no user `{0}` in the file of users")]
    UnknownUser(String),
    /// The name is there.
    #[error("this is not the password of the user `{0}`")]
    WrongPassword(String),
    /// By these users nobody has checked its password: they are others than before, or it is the first
    /// time.
    #[error("the user is no longer in the file of users, or has another password now")]
    Unchecked(Users),
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
    pub fn judge(&self, knock: &Knock) -> Result<Option<Arc<str>>, NotAdmitted> {
        if let Some(address) = knock.address.filter(|address| !self.gate.lets_in(*address)) {
            return Err(NotAdmitted::Address(address));
        }
        match (&self.wanted, &knock.credentials) {
            (Wanted::Nothing, Credentials::Null) => Ok(None),
            (Wanted::Nothing, _) => Err(NotAdmitted::NoMechanism),
            (Wanted::Key { known, allows_any }, Credentials::Curve(key)) => match known.get(key) {
                Some(name) => Ok(Some(Arc::clone(name))),
                None if *allows_any => Ok(None),
                None => Err(NotAdmitted::UnknownKey(*key)),
            },
            (Wanted::Key { .. }, _) => Err(NotAdmitted::NoKey),
            (Wanted::Password(users), Credentials::Plain(login)) => login.judge(users).map(Some),
            (Wanted::Password(_), _) => Err(NotAdmitted::NoPassword),
        }
    }

    /// The names of those whom another one lets in and this one does not, under that name.
    #[must_use]
    pub fn names_beyond(&self, other: &Self) -> Vec<String> {
        let mut names = other.wanted.names_beyond(&self.wanted);
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
        if other.allows_any() && !self.allows_any() {
            names.push("everybody".to_owned());
        }
        names
    }

    /// Whether those may come as well whom it does not know, if they show something.
    #[must_use]
    pub fn allows_any(&self) -> bool {
        matches!(self.wanted, Wanted::Key { allows_any: true, .. })
    }

    /// Whether it lets nobody in.
    #[must_use]
    pub fn allows_nobody(&self) -> bool {
        let nobody_is_known = match &self.wanted {
            Wanted::Nothing => false,
            Wanted::Key { known, allows_any } => known.is_empty() && !allows_any,
            Wanted::Password(users) => users.names().next().is_none(),
        };
        nobody_is_known || self.gate.lets_nobody_in()
    }
}

impl Wanted {
    /// The names of those who may come by this, and not under that name by another one.
    fn names_beyond(&self, other: &Self) -> Vec<String> {
        match (self, other) {
            (Self::Key { known, .. }, _) => {
                let theirs = match other {
                    Self::Key { known, .. } => Some(known),
                    Self::Nothing | Self::Password(_) => None,
                };
                let is_new = |key, name| theirs.and_then(|theirs| theirs.get(key)) != Some(name);
                let new = known.iter().filter(|(key, name)| is_new(key, name));
                new.map(|(_, name)| name.to_string()).collect()
            }
            (Self::Password(users), Self::Password(theirs)) => {
                let new = users.names().filter(|name| !users.is_same(theirs, name));
                new.map(str::to_owned).collect()
            }
            (Self::Password(users), _) => users.names().map(str::to_owned).collect(),
            (Self::Nothing, _) => Vec::new(),
        }
    }
}

impl Login {
    /// The name of a user whose password it was, by these users.
    fn judge(&self, users: &Users) -> Result<Arc<str>, NotAdmitted> {
        let name = String::from_utf8_lossy(&self.name);
        match &self.proof {
            Some(proof) if users.is_same(&proof.by, &name) => match proof.is_right {
                true => Ok(name.into()),
                false if users.has(&self.name) => {
                    Err(NotAdmitted::WrongPassword(name.into_owned()))
                }
                false => Err(NotAdmitted::UnknownUser(name.into_owned())),
            },
            Some(_) | None => Err(NotAdmitted::Unchecked(users.clone())),
        }
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
        let wanting = |known: &BTreeMap<PublicKey, Arc<str>>, allows_any| Admission {
            wanted: Wanted::Key { known: known.clone(), allows_any },
            ..Admission::default()
        };
        let keys: BTreeMap<_, Arc<str>> = [(key(1), "alice".into())].into();
        let only = wanting(&keys, false);
        let judge = |of: &Admission, credentials| of.judge(&knock(credentials, "127.0.0.1"));
        assert_eq!(judge(&only, Credentials::Curve(key(1))), Ok(Some("alice".into())));
        let unknown = judge(&only, Credentials::Curve(key(2)));
        assert_eq!(unknown, Err(NotAdmitted::UnknownKey(key(2))));
        assert!(unknown.unwrap_err().to_string().contains(&key(2).to_string()));
        assert_eq!(judge(&only, Credentials::Null), Err(NotAdmitted::NoKey));
        let any = wanting(&keys, true);
        assert_eq!(judge(&any, Credentials::Curve(key(1))), Ok(Some("alice".into())));
        assert_eq!(judge(&any, Credentials::Curve(key(2))), Ok(None));
        assert_eq!(judge(&any, login("alice", None)), Err(NotAdmitted::NoKey));
        let nobody = wanting(&BTreeMap::new(), false);
        assert!(nobody.allows_nobody() && !any.allows_nobody());
        assert_eq!(judge(&Admission::default(), login("a", None)), Err(NotAdmitted::NoMechanism));
    }

    fn users(lines: &[(&str, u8)]) -> Users {
        let hash = |salt: u8| {
            let salt = data_encoding::BASE64_NOPAD.encode(&[salt; 16]);
            format!("$argon2id$v=19$m=8,t=1,p=1${salt}$RdescudvJCsgt3ub+b+dWRWJTmaaJObG")
        };
        let lines = lines.iter().map(|(name, salt)| format!("{name}:{}\n", hash(*salt)));
        Users::read(&lines.collect::<String>()).unwrap()
    }

    fn login(name: &str, proof: Option<(&Users, bool)>) -> Credentials {
        let proof = proof.map(|(by, is_right)| Proof { by: by.clone(), is_right });
        Credentials::Plain(Login { name: name.as_bytes().into(), proof })
    }

    #[test]
    fn a_password_counts_as_long_as_its_user_stands_in_the_file_as_he_stood_when_it_was_checked() {
        let (before, after) =
            (users(&[("alice", 1), ("bob", 1)]), users(&[("alice", 2), ("bob", 1), ("carol", 1)]));
        let of = |users: &Users| Admission {
            wanted: Wanted::Password(users.clone()),
            ..Admission::default()
        };
        let judge = |of: &Admission, credentials| of.judge(&knock(credentials, "127.0.0.1"));
        let (old, new) = (of(&before), of(&after));
        assert_eq!(judge(&old, Credentials::Null), Err(NotAdmitted::NoPassword));
        assert_eq!(judge(&old, login("alice", None)), Err(NotAdmitted::Unchecked(before.clone())));
        let right = |name| login(name, Some((&before, true)));
        let wrong = |name| login(name, Some((&before, false)));
        assert_eq!(judge(&old, right("alice")), Ok(Some("alice".into())));
        assert_eq!(judge(&new, right("bob")), Ok(Some("bob".into())));
        for changed in [right("alice"), wrong("alice"), wrong("carol")] {
            assert_eq!(judge(&new, changed), Err(NotAdmitted::Unchecked(after.clone())));
        }
        let told = judge(&old, wrong("alice")).unwrap_err();
        assert_eq!(told.to_string(), "this is not the password of the user `alice`");
        let told = judge(&old, wrong("mallory")).unwrap_err();
        assert_eq!(told.to_string(), "there is no user `mallory` in the file of users");
        assert_eq!(old.names_beyond(&new), ["alice", "carol"]);
        assert_eq!(new.names_beyond(&old), ["alice"]);
        assert!(of(&users(&[])).allows_nobody() && !old.allows_nobody());
    }

    #[test]
    fn addresses_are_asked_for_before_keys_and_with_no_mechanism_too() {
        let gate = Gate {
            allow: Some(vec!["127.0.0.1".parse().unwrap(), "10.1.0.0/16".parse().unwrap()]),
            deny: vec!["10.1.2.3".parse().unwrap()],
        };
        let null = Admission { gate, ..Admission::default() };
        let wanted = Wanted::Key { known: BTreeMap::new(), allows_any: true };
        let curve = Admission { wanted, ..null.clone() };
        for (address, comes) in [
            ("127.0.0.1", true),
            ("10.1.9.9", true),
            ("10.1.2.3", false),
            ("::1", false),
            ("", true),
        ] {
            let knocks = [(&null, Credentials::Null), (&curve, Credentials::Curve(key(1)))];
            for (admission, credentials) in knocks {
                let verdict = admission.judge(&knock(credentials, address));
                assert_eq!(verdict.is_ok(), comes, "{address} {verdict:?}");
            }
        }
        assert_eq!(Admission::default().names_beyond(&null), Vec::<String>::new());
        assert_eq!(null.names_beyond(&Admission::default()), ["every address", "10.1.2.3"]);
    }
}
