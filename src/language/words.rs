//! What `explain` says of the words of files and scripts.
//!
//! Owns finding the page, or the line of a page, for a word where it stands. Has no text of its own.

use std::borrow::Cow;

use crate::explain::{Kind, Page, pages};

/// The page that has the lines of handlers.
const HANDLERS: &str = "handlers";
/// The page that has the lines of what handlers are given.
const MESSAGE: &str = "msg";

/// The page of a word of one kind.
pub(super) fn page(word: &str, kind: Kind) -> Option<&'static Page> {
    let of_kind = || pages().iter().filter(|page| page.kind == kind);
    let is = |name: &str| name.trim_end_matches("()").replace([' ', '-'], "_") == word;
    let named = of_kind().find(|page| is(page.word));
    named.or_else(|| of_kind().find(|page| page.also.iter().any(|also| is(also))))
}

/// The line of a word of one kind.
pub(super) fn line(word: &str, kind: Kind) -> Option<&'static str> {
    page(word, kind).map(|page| &*page.meaning)
}

/// When a handler is called.
pub(super) fn handler(name: &str) -> Option<&'static str> {
    let said = |name: &str| line_in(HANDLERS, Kind::Key, &format!("{name}("));
    // A socket's handler is told under the name of all of them.
    said(name)
        .or_else(|| page(name, Kind::Key).map(|page| &*page.meaning))
        .or_else(|| said("on_SOCKET"))
}

/// What `msg.NAME` or `peer.NAME` is.
pub(super) fn property(of: &str, name: &str) -> Option<&'static str> {
    line_in(MESSAGE, Kind::Term, &format!("{of}.{name} "))
}

/// The names behind `msg.` or `peer.`.
pub(super) fn properties(of: &str) -> Vec<&'static str> {
    let Some(page) = page(MESSAGE, Kind::Term) else { return Vec::new() };
    let head = format!("    {of}.");
    let lines = text_of(page).lines().filter_map(|line| line.strip_prefix(&*head));
    lines.filter_map(|line| line.split_whitespace().next()).collect()
}

/// What stands in a page behind a word that begins one of its indented lines.
fn line_in(page_of: &str, kind: Kind, head: &str) -> Option<&'static str> {
    let page = page(page_of, kind)?;
    let head = format!("    {head}");
    let line = text_of(page).lines().find_map(|line| line.strip_prefix(&*head))?;
    let said = line.split_once("  ").map_or(line, |(_, said)| said).trim();
    (!said.is_empty()).then_some(said)
}

fn text_of(page: &'static Page) -> &'static str {
    match &page.text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::MESSAGE_PROPERTIES;
    use crate::topology::keys;

    #[test]
    fn every_property_of_a_message_and_every_handler_has_its_line() {
        for name in MESSAGE_PROPERTIES {
            assert!(property("msg", name).is_some(), "{name}");
        }
        assert_eq!(properties("msg"), MESSAGE_PROPERTIES);
        assert!(properties("peer").contains(&"event"));
        for name in keys::EVENTS {
            assert!(handler(name).is_some(), "{name}");
        }
        assert_eq!(handler("on_tick"), Some("by `every`"));
        assert_eq!(handler("on_news"), Some("for one on the socket of that name, instead"));
        assert_eq!(page("connect", Kind::Function).unwrap().word, "connect()");
        assert_eq!(page("on_error", Kind::Key).unwrap().word, "on_error");
    }
}
