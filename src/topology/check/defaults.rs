//! `defaults`, and the three settings that may stand there: `hwm`, `linger`, `options`.
//!
//! Owns how these are read, at a socket too. Never merges them: `socket.rs` does.

use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::Node;

use super::keys;
use super::options::{self, UnresolvedOption};
use super::report::Report;
use super::unresolved::UnresolvedHwm;
use super::value;

/// The keys of `defaults`.
pub const KEYS: &[&str] = &["hwm", "linger", "options"];
/// The keys of `hwm`, where it is a map.
pub const HWM_KEYS: &[&str] = &["send", "receive"];

/// The format's own default for `linger`.
pub(super) const LINGER: Duration = Duration::from_millis(500);

/// What every socket takes unless it says otherwise.
#[derive(Default)]
pub(super) struct Defaults {
    pub(super) hwm: UnresolvedHwm,
    pub(super) linger: Option<Option<Duration>>,
    pub(super) options: Vec<UnresolvedOption>,
}

impl Defaults {
    pub(super) fn read(node: &Node, report: &mut Report<'_>) -> Self {
        let Some(mapping) = value::map("defaults", node, report) else { return Self::default() };
        keys::check(mapping, &[KEYS], "`defaults`", report);
        Self {
            hwm: mapping.get("hwm").map(|hwm| read_hwm(hwm, report)).unwrap_or_default(),
            linger: mapping.get("linger").and_then(|linger| read_linger(linger, report)),
            options: mapping
                .get("options")
                .map(|given| options::read(given, report))
                .unwrap_or_default(),
        }
    }
}

/// A number for both ways, or `{send, receive}`.
pub(crate) fn read_hwm(node: &Node, report: &mut Report<'_>) -> UnresolvedHwm {
    if let Some(mapping) = node.as_mapping() {
        keys::check(mapping, &[HWM_KEYS], "`hwm`", report);
        let mut mark = |key| {
            let value = mapping.get(key)?;
            Some((read_mark(value, report)?, value.span))
        };
        return UnresolvedHwm { send: mark("send"), receive: mark("receive") };
    }
    if node.as_scalar().is_none() {
        let help = "write `hwm: 1000`, or `hwm: {send: 10, receive: 1000}`";
        value::wrong("hwm", node, "a number, or a map of `send` and `receive`", help, report);
        return UnresolvedHwm::default();
    }
    let mark = read_mark(node, report).map(|mark| (mark, node.span));
    UnresolvedHwm { send: mark, receive: mark }
}

fn read_mark(node: &Node, report: &mut Report<'_>) -> Option<u32> {
    let mark = value::integer("hwm", node, 0..=i64::from(i32::MAX), report)?;
    u32::try_from(mark).ok()
}

/// A duration; -1 is for ever, as in libzmq.
pub(super) fn read_linger(node: &Node, report: &mut Report<'_>) -> Option<Option<Duration>> {
    if node.as_scalar().is_some_and(|scalar| scalar.as_integer() == Some(-1)) {
        return Some(None);
    }
    let linger = value::duration("linger", node, report)?;
    if i32::try_from(linger.as_millis()).is_err() {
        report.add(
            Diagnostic::new(Code::OutOfRange, "`linger` is at most 24 days")
                .at(node.span, format!("this is {}", node.describe()))
                .because("libzmq counts it in milliseconds of 31 bits")
                .help("write a shorter time, or -1 for ever"),
        );
        return None;
    }
    Some(Some(linger))
}
