//! `options`: which of libzmq's options a socket may have.
//!
//! Owns what is said of an option that is not to be had. A value is `option.rs`'s.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Node};
use crate::source::Span;
use crate::zeromq::{OptionName, OptionValue, Role, SocketOption};

use super::keys::shorten;
use super::option;
use super::report::Report;
use super::value;

/// An option as written, its value read.
#[derive(Clone)]
pub(super) struct UnresolvedOption {
    pub(super) option: &'static SocketOption,
    /// Nothing where the value, or the spelling of the name, has been reported.
    pub(super) value: Option<OptionValue>,
    pub(super) key_span: Span,
    pub(super) value_span: Span,
}

/// Reads a map of options; whether the role has them is asked later.
pub(super) fn read(node: &Node, report: &mut Report<'_>) -> Vec<UnresolvedOption> {
    let Some(mapping) = value::map("options", node, report) else { return Vec::new() };
    mapping.entries.iter().filter_map(|entry| read_one(entry, report)).collect()
}

fn read_one(entry: &Entry, report: &mut Report<'_>) -> Option<UnresolvedOption> {
    let (option, value) = match SocketOption::find(&entry.key.text) {
        Some(option) => (option, option::read(option, &entry.value, report)),
        None => (report_not_to_be_had(entry, report)?, None),
    };
    Some(UnresolvedOption { option, value, key_span: entry.key.span, value_span: entry.value.span })
}

/// Returns the option that is meant, if one is.
fn report_not_to_be_had(entry: &Entry, report: &mut Report<'_>) -> Option<&'static SocketOption> {
    let key = &entry.key;
    let lower = key.text.to_lowercase();
    let bare = lower.strip_prefix("zmq_").unwrap_or(&lower);
    if let Some(refusal) = SocketOption::refusal(bare) {
        report.add(
            Diagnostic::new(Code::OptionNotHere, format!("`{}` is not set here", key.text))
                .at(key.span, refusal.why)
                .because(format!("`{bare}`: {}", refusal.why))
                .help(refusal.instead),
        );
        return None;
    }
    let message = format!("libzmq 4.3.5 has no option `{}`", shorten(&key.text));
    let fault = Diagnostic::new(Code::OptionNotHere, message).at(key.span, "not an option");
    let names = SocketOption::all().iter().map(|option| option.name.0);
    match report.nearest(bare, names) {
        Some(meant) => {
            let fault = fault.help(meant.question());
            report.add_with_fix(fault, key.span, meant.first());
            SocketOption::find(meant.first())
        }
        None => {
            report.add(fault.help(
                "options have libzmq's names in lower case, without `ZMQ_`; remove this one",
            ));
            None
        }
    }
}

/// The options of one socket.
#[derive(Default)]
pub(super) struct SocketOptions {
    /// Those that read well.
    pub(super) sound: BTreeMap<OptionName, (OptionValue, Span)>,
    /// Those that are there, but not as they should be.
    pub(super) faulty: BTreeSet<OptionName>,
}

impl SocketOptions {
    fn insert(&mut self, unresolved: UnresolvedOption) {
        let name = unresolved.option.name;
        match unresolved.value {
            Some(value) => {
                self.sound.insert(name, (value, unresolved.value_span));
                self.faulty.remove(&name);
            }
            None => {
                self.sound.remove(&name);
                self.faulty.insert(name);
            }
        }
    }
}

/// The options of one socket: its own, and those of the defaults that its role has.
pub(super) fn of_socket(
    own: Vec<UnresolvedOption>,
    defaults: &[UnresolvedOption],
    role: Option<(Role, Span)>,
    report: &mut Report<'_>,
) -> SocketOptions {
    let mut options = SocketOptions::default();
    let fitting = defaults.iter().filter(|d| role.is_some_and(|(role, _)| d.option.is_of(role)));
    for default in fitting {
        options.insert(default.clone());
    }
    for unresolved in own {
        match role {
            Some((role, place)) if !unresolved.option.is_of(role) => {
                report_wrong_role(&unresolved, role, place, report);
            }
            Some(_) | None => options.insert(unresolved),
        }
    }
    options
}

fn report_wrong_role(
    unresolved: &UnresolvedOption,
    role: Role,
    place: Span,
    report: &mut Report<'_>,
) {
    let name = unresolved.option.name;
    if name == OptionName("router_mandatory") && role == Role::Rep {
        report.add(
            Diagnostic::new(Code::MandatoryOnRep, "`router_mandatory` on a rep")
                .at(unresolved.key_span, "not on a rep")
                .at(place, "the role")
                .because(
                    "a REP is a ROUTER underneath, and with this option a client that vanishes \
                     before its reply aborts the whole process",
                )
                .help("remove it, or use a router"),
        );
        return;
    }
    let roles: Vec<&str> = unresolved.option.roles.iter().map(|role| role.word()).collect();
    report.add(
        Diagnostic::new(Code::OptionNotHere, format!("a {role} has no option `{name}`"))
            .at(unresolved.key_span, format!("an option of {}", roles.join(", ")))
            .at(place, "the role")
            .because(format!("in libzmq it means: {}", unresolved.option.meaning))
            .help("remove it"),
    );
}
