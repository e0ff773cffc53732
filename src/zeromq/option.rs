//! The socket options of libzmq 4.3.5: which roles have them, what they take, when they take effect.
//!
//! Owns the one table that the checker, the schema, `explain` and the plan read. Never sets one.

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

impl OptionName {
    /// libzmq's number of the option.
    #[must_use]
    pub fn number(self) -> i32 {
        0
    }
}
