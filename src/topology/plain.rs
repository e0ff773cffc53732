//! PLAIN at one socket: whether it asks for a name and a password, or says them.
//!
//! Owns what the socket itself needs for that. Which users there are is `admission`'s.

use crate::security::Secret;

/// How a socket takes part in PLAIN, at both of its sides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlainSpec {
    /// It asks.
    Server,
    /// It says who it is.
    Client {
        /// Its name.
        user: String,
        /// Its password, which goes over the line as it is.
        password: Secret,
    },
}
