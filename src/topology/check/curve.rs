//! `security` and `curve` as written.
//!
//! Owns reading them. What they come to at each socket is `secure.rs`'s.

use crate::document::{Entry, Mapping, Node};
use crate::source::Span;
use crate::topology::curve::CurveRole;

use super::keys;
use super::report::Report;
use super::value;

/// The keys of `security`.
pub const SECURITY_KEYS: &[&str] = &["curve"];
/// The keys of `curve`.
pub const CURVE_KEYS: &[&str] = &["role", "server", "allow"];

const ROLES: &[(&str, CurveRole)] = &[("server", CurveRole::Server), ("client", CurveRole::Client)];
const ALLOW: &[(&str, ())] = &[("any", ())];

/// `security: {curve: FOLDER}`.
pub(super) struct WrittenSecurity {
    /// The folder of the certificates, and where it is named.
    pub(super) folder: (String, Span),
}

/// `curve` of one socket, as far as it reads well.
#[derive(Clone, Default)]
pub(super) struct WrittenCurve {
    /// The key, where it is there.
    pub(super) span: Option<Span>,
    /// Whether it is `curve: false`.
    pub(super) is_off: bool,
    pub(super) role: Option<(CurveRole, Span)>,
    /// The certificate of a server elsewhere: its path as written.
    pub(super) server: Option<(String, Span)>,
    /// Whether all may come.
    pub(super) allows_any: bool,
}

/// Reads `security` of a file.
pub(super) fn read_security(entry: &Entry, report: &mut Report<'_>) -> Option<WrittenSecurity> {
    let mapping = value::map("security", &entry.value, report)?;
    keys::check(mapping, &[SECURITY_KEYS], "`security`", report);
    let folder = mapping.get("curve")?;
    let text = value::text("curve", folder, report)?;
    if text.is_empty() || text.contains('\0') {
        let help = "name a folder, such as `security: {curve: keys}`";
        value::wrong("curve", folder, "the folder of the certificates", help, report);
        return None;
    }
    Some(WrittenSecurity { folder: (text, folder.span) })
}

/// Reads `curve` of a socket.
pub(super) fn read(mapping: &Mapping, report: &mut Report<'_>) -> WrittenCurve {
    let Some(entry) = mapping.entry("curve") else { return WrittenCurve::default() };
    let written = WrittenCurve { span: Some(entry.key.span), ..WrittenCurve::default() };
    if is_false(&entry.value) {
        return WrittenCurve { is_off: true, ..written };
    }
    if entry.value.as_mapping().is_none() {
        let help = "write what differs from `security`, such as `curve: {server: FILE}`, or \
                    `curve: false` for a socket without it";
        value::wrong("curve", &entry.value, "a map, or `false`", help, report);
        return written;
    }
    let Some(mapping) = entry.value.as_mapping() else { return written };
    keys::check(mapping, &[CURVE_KEYS], "`curve`", report);
    let role = mapping.get("role").and_then(|role| {
        value::word("role", role, ROLES, report).map(|meaning| (meaning, role.span))
    });
    let server = mapping
        .get("server")
        .and_then(|server| value::text("server", server, report).map(|path| (path, server.span)));
    let allow = mapping.get("allow").and_then(|allow| value::word("allow", allow, ALLOW, report));
    WrittenCurve { role, server, allows_any: allow.is_some(), ..written }
}

fn is_false(value: &Node) -> bool {
    value.as_scalar().is_some_and(|scalar| scalar.as_bool() == Some(false))
}
