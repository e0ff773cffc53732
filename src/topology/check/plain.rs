//! `plain` as written.
//!
//! Owns reading it. What it comes to at each socket is `secure.rs`'s.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Mapping, Node};
use crate::security::Secret;
use crate::source::Span;

use super::keys;
use super::report::Report;
use super::value;

/// The keys of `plain`.
pub const PLAIN_KEYS: &[&str] = &["users", "user", "password"];

/// PLAIN counts the bytes of a name and of a password in one.
const LONGEST: usize = 255;

/// `plain` of one socket.
#[derive(Clone, Default)]
pub(super) struct WrittenPlain {
    /// The key, where it is there.
    pub(super) span: Option<Span>,
    /// What it says, where that reads well.
    pub(super) way: Option<PlainWay>,
}

/// Which end of PLAIN a socket is.
#[derive(Clone)]
pub(super) enum PlainWay {
    /// The one that asks, with the path of its users as written.
    Users(String),
    /// The one that says who it is.
    Login { user: String, password: Secret },
}

/// Reads `plain` of a socket.
pub(super) fn read(mapping: &Mapping, report: &mut Report<'_>) -> WrittenPlain {
    let Some(entry) = mapping.entry("plain") else { return WrittenPlain::default() };
    WrittenPlain { span: Some(entry.key.span), way: read_way(entry, report) }
}

fn read_way(entry: &Entry, report: &mut Report<'_>) -> Option<PlainWay> {
    let mapping = value::map("plain", &entry.value, report)?;
    let is_whole = mapping.entries.iter().all(|entry| PLAIN_KEYS.contains(&&*entry.key.text));
    keys::check(mapping, &[PLAIN_KEYS], "`plain`", report);
    let [users, user, password] = PLAIN_KEYS else { return None };
    match (mapping.entry(users), mapping.entry(user), mapping.entry(password)) {
        (Some(users), None, None) => read_users(&users.value, report).map(PlainWay::Users),
        (Some(users), other, another) => {
            let other = other.or(another)?;
            report.add(
                Diagnostic::new(Code::Conflict, "a socket that asks for passwords and says one")
                    .at(users.key.span, "asks who comes")
                    .at(other.key.span, "says who it is")
                    .because("a socket is a PLAIN server or a PLAIN client, at both of its sides")
                    .help("remove one of them"),
            );
            None
        }
        (None, Some(user), Some(password)) => {
            let user = read_word(&user.key.text, &user.value, report);
            let password = read_word(&password.key.text, &password.value, report);
            Some(PlainWay::Login { user: user?, password: Secret::from(password?) })
        }
        // What is misspelt has been told of.
        (None, _, _) if !is_whole => None,
        (None, user, password) => {
            let (place, lacks) = match (user, password) {
                (Some(user), _) => (user.key.span, "`password`"),
                (_, Some(password)) => (password.key.span, "`user`"),
                (None, None) => (entry.key.span, "`users`, or `user` and `password`"),
            };
            report.add(
                Diagnostic::new(Code::MissingKey, format!("`plain` without {lacks}"))
                    .at(place, "is not enough")
                    .help(
                        "write `plain: {users: FILE}` at the server, and `plain: {user: NAME, \
                         password: \"${PASSWORD}\"}` at its client",
                    ),
            );
            None
        }
    }
}

fn read_users(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let path = value::text("users", node, report)?;
    if path.is_empty() || path.contains('\0') {
        let help = "name a file, such as `plain: {users: users.txt}`";
        value::wrong("users", node, "the file of the users", help, report);
        return None;
    }
    Some(path)
}

/// A name or a password, of which nothing is repeated.
fn read_word(key: &str, node: &Node, report: &mut Report<'_>) -> Option<String> {
    let text = value::text(key, node, report)?;
    if (1..=LONGEST).contains(&text.len()) {
        return Some(text);
    }
    let what = if text.is_empty() { "empty" } else { "too long" };
    let help = if key == "password" {
        "set the variable that holds it where zrig runs"
    } else {
        "write the name that the server's file of users has"
    };
    report.add(
        Diagnostic::new(Code::OutOfRange, format!("`{key}` has 1 to {LONGEST} bytes"))
            .at(node.span, format!("this is {what}"))
            .because("PLAIN counts its bytes in one, and an empty one says nothing")
            .help(help),
    );
    None
}
