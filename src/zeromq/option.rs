//! The socket options of libzmq 4.3.5: which roles have them, what they take, when they take effect.
//!
//! Owns the questions that the checker, the schema, `explain` and the plan ask of the one table
//! in `option/table.rs`. Never sets an option.

mod table;

use std::fmt;

use super::Role;
use crate::security::Secret;

/// An option's name, as in the topology file: libzmq's own in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OptionName(pub &'static str);

/// An option's value, in the type that libzmq takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OptionValue {
    /// A C int: numbers, booleans, milliseconds.
    Int(i32),
    /// A 64-bit integer: sizes, masks.
    Long(i64),
    /// Bytes or text.
    Bytes(Vec<u8>),
    /// A key or a password.
    Secret(Secret),
}

/// When a changed value takes effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effective {
    /// At once, on the open socket.
    Live,
    /// For peers that come later.
    NextPeer,
    /// Copied at bind and connect time: the socket has to be replaced.
    Rebuild,
}

/// What an option takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OptionKind {
    /// `true` or `false`.
    Boolean,
    /// `true`, `false`, or -1 for what the system does by itself.
    Tristate,
    /// An integer between two bounds.
    Integer {
        /// The smallest.
        min: i32,
        /// The largest.
        max: i32,
    },
    /// The bytes of a buffer: a multiple of 8, up to [`OptionKind::LARGEST_BUFFER`].
    Buffer,
    /// A duration, in whole milliseconds to libzmq.
    Milliseconds {
        /// The shortest, or -1 where that has a meaning of its own.
        min: i32,
        /// The longest.
        max: i32,
        /// libzmq counts in steps of so many.
        step: i32,
    },
    /// A duration, in whole seconds to libzmq; -1 is what the system does by itself.
    Seconds,
    /// A number of bytes that fits a C int; -1 is what the system does by itself.
    Size,
    /// A number of bytes in 64 bits; -1 is no limit.
    LongSize,
    /// A 64-bit mask.
    Mask,
    /// Words that may be combined, with their bits.
    Flags(&'static [(&'static str, i32)]),
    /// Text or bytes of a bounded length.
    Text {
        /// The fewest bytes.
        min: usize,
        /// The most bytes.
        max: usize,
    },
    /// A CURVE key: 40 characters of Z85.
    Key,
    /// `X-NAME:VALUE`, a property of the connection that peers can read.
    Property,
}

impl OptionKind {
    /// The most bytes of a buffer: each connection has one.
    pub const LARGEST_BUFFER: i32 = 64 << 20;
    /// A buffer's bytes come in steps of so many: libzmq keeps what points into it behind it.
    pub const BUFFER_STEP: i32 = 8;
}

/// All that is known of one option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SocketOption {
    /// Its name.
    pub name: OptionName,
    /// The number behind `ZMQ_…`.
    pub id: i32,
    /// What it takes.
    pub kind: OptionKind,
    /// The roles that have it.
    pub roles: &'static [Role],
    /// When a changed value takes effect.
    pub effective: Effective,
    /// The value when nothing is set, of options that are numbers: libzmq's, but for those of
    /// [`SocketOption::RAISED`].
    pub default: Option<i64>,
    /// What it does, in one line.
    pub meaning: &'static str,
}

impl SocketOption {
    /// Options that a runner's socket has with another value than libzmq gives it.
    pub const RAISED: [OptionName; 3] = [Self::BACKLOG, Self::IN_BATCH_SIZE, Self::OUT_BATCH_SIZE];
    /// How many connections may wait to be accepted.
    pub const BACKLOG: OptionName = OptionName("backlog");
    /// How many bytes one system call receives at most.
    pub const IN_BATCH_SIZE: OptionName = OptionName("in_batch_size");
    /// How many bytes one system call sends at most.
    pub const OUT_BATCH_SIZE: OptionName = OptionName("out_batch_size");

    /// Every option there is, by name.
    #[must_use]
    pub fn all() -> &'static [Self] {
        table::OPTIONS
    }

    /// The option of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        table::OPTIONS.iter().find(|option| option.name.0 == name)
    }

    /// Whether a role has it.
    #[must_use]
    pub fn is_of(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Why an option of libzmq cannot be set under `options`, and what to do instead.
    #[must_use]
    pub fn refusal(name: &str) -> Option<Refusal> {
        let (_, refusal) = table::REFUSED.iter().find(|(names, _)| names.contains(&name))?;
        Some(*refusal)
    }
}

impl OptionName {
    /// All that is known of it.
    ///
    /// # Panics
    ///
    /// When it was made up: only names of the table are names.
    #[must_use]
    pub fn option(self) -> &'static SocketOption {
        let found = SocketOption::find(self.0);
        found.unwrap_or_else(|| panic!("{} is no option of the table", self.0))
    }

    /// libzmq's number of the option.
    ///
    /// # Panics
    ///
    /// When the name was made up, as [`OptionName::option`] does.
    #[must_use]
    pub fn number(self) -> i32 {
        self.option().id
    }
}

impl fmt::Display for OptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Why an option is not to be had, and what to do instead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Why.
    pub why: &'static str,
    /// What to do.
    pub instead: &'static str,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_option_stands_in_the_table_once() {
        let mut names = HashSet::new();
        let mut ids = HashSet::new();
        for option in SocketOption::all() {
            assert!(names.insert(option.name), "{}", option.name);
            assert!(ids.insert(option.id), "{}", option.name);
            assert!(!option.roles.is_empty(), "{}", option.name);
            assert!(SocketOption::refusal(option.name.0).is_none(), "{}", option.name);
        }
        assert!(SocketOption::all().is_sorted_by_key(|option| option.name));
    }

    #[test]
    fn a_meaning_is_one_line_without_a_full_stop() {
        for option in SocketOption::all() {
            assert!(!option.meaning.ends_with('.') && !option.meaning.contains('\n'));
        }
    }
}
