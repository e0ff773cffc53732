//! `allow` and `deny` of a socket: addresses and networks.
//!
//! Owns reading them. Which sockets can ask for them is `secure.rs`'s.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::Mapping;
use crate::security::{Gate, Network};
use crate::source::Span;

use super::report::Report;
use super::value;

/// `allow` and `deny` as written.
#[derive(Clone, Default)]
pub(super) struct WrittenGate {
    pub(super) gate: Gate,
    /// The first of the keys that is there.
    pub(super) span: Option<Span>,
}

/// Reads both.
pub(super) fn read(mapping: &Mapping, report: &mut Report<'_>) -> WrittenGate {
    let mut written = WrittenGate::default();
    for key in ["allow", "deny"] {
        let Some(entry) = mapping.entry(key) else { continue };
        written.span.get_or_insert(entry.key.span);
        let mut networks = Vec::new();
        for item in value::one_or_many(&entry.value) {
            let Some(text) = value::text(key, item, report) else { continue };
            match text.parse::<Network>() {
                Ok(network) => networks.push(network),
                Err(fault) => report.add(
                    Diagnostic::new(
                        Code::WrongType,
                        format!("`{key}` takes addresses and networks"),
                    )
                    .at(item.span, format!("this is {}", item.describe()))
                    .because(fault.to_string())
                    .help(format!("write `{key}: [127.0.0.1, 10.1.0.0/16]`")),
                ),
            }
        }
        if key == "allow" {
            written.gate.allow = Some(networks);
        } else {
            written.gate.deny = networks;
        }
    }
    written
}
