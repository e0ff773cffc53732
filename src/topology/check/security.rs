//! CURVE and PLAIN: options that only make sense together.
//!
//! Owns those rules. Never looks at a key's bytes.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::zeromq::{OptionName, OptionValue};

use super::options::SocketOptions;
use super::report::Report;

/// What excludes each other, with why.
const EXCLUSIVE: &[(&str, &str, &str)] = &[
    ("curve_server", "curve_serverkey", "the server key makes a socket a CURVE client"),
    ("plain_server", "plain_username", "a user name makes a socket a PLAIN client"),
    ("plain_server", "plain_password", "a password makes a socket a PLAIN client"),
    ("curve_server", "plain_server", "a socket has one way to authenticate"),
    ("curve_server", "plain_username", "a socket has one way to authenticate"),
    ("curve_serverkey", "plain_server", "a socket has one way to authenticate"),
    ("curve_serverkey", "plain_username", "a socket has one way to authenticate"),
];

/// What needs what.
const NEEDS: &[(&str, &str)] = &[
    ("curve_server", "curve_secretkey"),
    ("curve_serverkey", "curve_secretkey"),
    ("curve_serverkey", "curve_publickey"),
    ("curve_publickey", "curve_secretkey"),
    ("plain_username", "plain_password"),
    ("plain_password", "plain_username"),
];

/// Reports combinations that cannot work.
pub(super) fn check(options: &SocketOptions, report: &mut Report<'_>) {
    for (one, other, why) in EXCLUSIVE {
        if let (Some(first), Some(second)) = (set(options, one), set(options, other)) {
            report.add(
                Diagnostic::new(Code::Conflict, format!("`{one}` and `{other}` on one socket"))
                    .at(second, "this one")
                    .at(first, "and this one")
                    .because(*why)
                    .help("remove one of them"),
            );
        }
    }
    for (one, other) in NEEDS {
        // Of one that is there and faulty it has been told already.
        if options.faulty.contains(&OptionName(other)) {
            continue;
        }
        if let (Some(place), None) = (set(options, one), set(options, other)) {
            report.add(
                Diagnostic::new(Code::MissingKey, format!("`{one}` without `{other}`"))
                    .at(place, format!("needs `{other}` beside it"))
                    .because("every handshake of this socket would fail")
                    .help(format!("give it its `{other}`")),
            );
        }
    }
}

/// The place of an option that is there and not switched off.
fn set(options: &SocketOptions, name: &'static str) -> Option<Span> {
    let (value, span) = options.sound.get(&OptionName(name))?;
    (*value != OptionValue::Int(0)).then_some(*span)
}
