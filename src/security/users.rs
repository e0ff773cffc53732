//! The file of users: a name and a hash of its password on each line.
//!
//! Owns what such a file has to hold, and whether a password is somebody's. Never holds a password.

mod edit;
mod password;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use thiserror::Error;

use super::flaw::Flaw;
use super::secret::Secret;
pub use edit::{with_user, without_user};
use password::Hash;
pub use password::hash_password;

/// Why a name is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum NameFault {
    /// Nothing.
    #[error("a user has a name")]
    Empty,
    /// PLAIN counts its bytes in one.
    #[error("a name has at most 255 bytes, and this has {0}")]
    Long(usize),
    /// It ends the name in the file.
    #[error("a name holds no `:`")]
    Colon,
    /// It would begin a comment.
    #[error("a name does not begin with `#`")]
    Comment,
    /// What a terminal would do.
    #[error("a name holds no control characters")]
    Control,
    /// They cannot be seen.
    #[error("a name neither begins nor ends with a space")]
    Space,
}

/// What is wrong in a file of users.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum UsersFault {
    /// A name alone, or something else.
    #[error("a line is `NAME:HASH`; `zrig users FILE NAME` writes it")]
    NoColon,
    /// No name before it.
    #[error("{0}")]
    Name(#[from] NameFault),
    /// Which of them would hold?
    #[error("this user is there twice; the first is on line {0}")]
    Twice(usize),
    /// Maybe the password itself.
    #[error(
        "this is no hash of a password, such as `$argon2id$v=19$m=19456,t=2,p=1$…`; if it is the \
         password itself, `zrig users FILE NAME` writes its hash instead"
    )]
    NoHash,
    /// bcrypt, crypt and others.
    #[error(
        "this hash is none of argon2; `zrig users FILE NAME` asks for the password and writes one"
    )]
    OtherHash,
    /// Anybody who knocks could have the memory of the machine.
    #[error("checking this hash would take more than {most}", most = password::MOST)]
    Costly,
}

struct User {
    line: usize,
    hash: Hash,
}

/// Who may come, and how each is known. A clone shares them.
#[derive(Clone, Default)]
pub struct Users {
    users: Arc<BTreeMap<String, User>>,
    /// Whose hash is worked on for a name that nobody has.
    stand_ins: RandomState,
}

impl Users {
    /// The most bytes that are read: some ten thousand users.
    pub const MAX_BYTES: usize = 1 << 20;

    /// How many passwords should be checked at once, at most; see [`Users::verify`].
    pub const AT_ONCE: usize = 2;

    /// Reads a file: `NAME:HASH` on a line, comments on lines of their own.
    ///
    /// # Errors
    ///
    /// All that is wrong, in the order of the lines.
    pub fn read(text: &str) -> Result<Self, Vec<Flaw<UsersFault>>> {
        let mut users: BTreeMap<String, User> = BTreeMap::new();
        let mut flaws = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let entry = match Entry::read(line) {
                None => continue,
                Some(Ok(entry)) => entry,
                Some(Err((column, fault))) => {
                    flaws.push(Flaw::at(at, column, fault));
                    continue;
                }
            };
            if let Some(first) = users.get(entry.name) {
                flaws.push(Flaw::at(at, entry.column, UsersFault::Twice(first.line)));
                continue;
            }
            match Hash::read(entry.hash) {
                Ok(hash) => {
                    users.insert(entry.name.to_owned(), User { line: at + 1, hash });
                }
                Err(fault) => flaws.push(Flaw::at(at, entry.hash_column, fault)),
            }
        }
        if flaws.is_empty() {
            Ok(Self { users: Arc::new(users), stand_ins: RandomState::new() })
        } else {
            Err(flaws)
        }
    }

    /// Whether this is the password of that user.
    ///
    /// It takes tens of milliseconds of one core and [`Users::memory`] bytes, and as long for a name
    /// that nobody has. So it belongs on a thread that nothing waits for, such as one of
    /// `tokio::task::spawn_blocking` with a clone of the users, behind a semaphore of
    /// [`Users::AT_ONCE`]: a flood of handshakes must have neither all cores nor the memory. Which
    /// users hold is decided by whom the clone was taken from: ask it after the wait.
    #[must_use]
    pub fn verify(&self, name: &[u8], password: &Secret) -> bool {
        let known = std::str::from_utf8(name).ok().and_then(|name| self.users.get(name));
        let is_right = match known.or_else(|| self.stand_in(name)) {
            Some(user) => user.hash.is_of(password),
            None => Hash::of_nobody().is_of(password),
        };
        is_right && known.is_some()
    }

    /// Somebody, the same for a name each time: else one who is not there were known by the time that
    /// a refusal takes, where hashes differ in their costs.
    fn stand_in(&self, name: &[u8]) -> Option<&User> {
        let users = self.users.len() as u64;
        let at = self.stand_ins.hash_one(name).checked_rem(users)?;
        self.users.values().nth(usize::try_from(at).ok()?)
    }

    /// The most bytes that one check takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let of_users = self.users.values().map(|user| user.hash.memory());
        of_users.max().unwrap_or_else(|| Hash::of_nobody().memory())
    }

    /// Whether somebody of that name is there.
    #[must_use]
    pub fn has(&self, name: &[u8]) -> bool {
        std::str::from_utf8(name).is_ok_and(|name| self.users.contains_key(name))
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(String::as_str)
    }

    /// Whether a user's line is the same in both: who has another one has another password.
    #[must_use]
    pub fn is_same(&self, other: &Self, name: &str) -> bool {
        match (self.users.get(name), other.users.get(name)) {
            (Some(one), Some(other)) => one.hash == other.hash,
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl PartialEq for Users {
    fn eq(&self, other: &Self) -> bool {
        self.users.len() == other.users.len() && self.names().all(|name| self.is_same(other, name))
    }
}

impl Eq for Users {}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// A name as it is written into the file, if it can be.
///
/// # Errors
///
/// When no file could hold it.
pub fn user_name(name: &str) -> Result<&str, NameFault> {
    match name {
        "" => Err(NameFault::Empty),
        _ if name.len() > 255 => Err(NameFault::Long(name.len())),
        _ if name.contains(':') => Err(NameFault::Colon),
        _ if name.starts_with('#') => Err(NameFault::Comment),
        _ if name.contains(char::is_control) => Err(NameFault::Control),
        _ if name.trim() != name => Err(NameFault::Space),
        _ => Ok(name),
    }
}

/// One line that is no comment; columns are characters, from zero.
struct Entry<'a> {
    name: &'a str,
    column: usize,
    hash: &'a str,
    hash_column: usize,
}

impl<'a> Entry<'a> {
    /// `None` of an empty line and a comment.
    fn read(line: &'a str) -> Option<Result<Self, (usize, UsersFault)>> {
        let column = line.chars().take_while(|c| c.is_whitespace()).count();
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        let Some((name, hash)) = text.split_once(':') else {
            return Some(Err((column, UsersFault::NoColon)));
        };
        let begin = name.len() + 1 + hash.len() - hash.trim_start().len();
        let hash_column = column + text[..begin].chars().count();
        let name = user_name(name.trim_end()).map_err(|fault| (column, UsersFault::Name(fault)));
        Some(name.map(|name| Self { name, column, hash: hash.trim_start(), hash_column }))
    }
}

#[cfg(test)]
mod tests;
