//! A list or map whose end has not been read.
//!
//! Owns what it waits for, and what may be a key. Never reads an event.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::bounds::Size;
use crate::document::merge::Pairs;
use crate::document::node::{Key, Kind, Node, Style};

/// A list or map that is still open.
pub(super) struct Frame {
    pub(super) anchor: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) before: Size,
    /// Whether it is the value of a key that holds secrets, or in one.
    pub(super) is_secret: bool,
    pub(super) content: Content,
}

pub(super) enum Content {
    Sequence(Vec<Node>),
    Mapping(Pairs, Pending),
}

/// What an open map waits for.
pub(super) enum Pending {
    Key,
    Value(Key),
    Merge,
    /// The value of a key that is none.
    Lost,
}

/// Taking a key while faults are at hand.
pub(super) trait TakeKey {
    fn key(&mut self, node: Node) -> Pending;
}

impl TakeKey for Vec<Diagnostic> {
    fn key(&mut self, node: Node) -> Pending {
        match node.kind {
            Kind::Scalar(scalar) if scalar.style == Style::Plain && &*scalar.text == "<<" => {
                Pending::Merge
            }
            Kind::Scalar(scalar) => Pending::Value(Key { text: scalar.text, span: node.span }),
            Kind::Sequence(_) | Kind::Mapping(_) => {
                self.push(
                    Diagnostic::new(Code::WrongType, "a key has to be text")
                        .at(node.span, "this is a list or a map")
                        .help("write `key: value`, and quote a key that holds brackets or braces"),
                );
                Pending::Lost
            }
            Kind::Faulty => Pending::Lost,
        }
    }
}

impl Frame {
    pub(super) fn awaited_key(&self) -> Option<&str> {
        match &self.content {
            Content::Mapping(_, Pending::Value(key)) => Some(&key.text),
            Content::Mapping(_, Pending::Key | Pending::Merge | Pending::Lost)
            | Content::Sequence(_) => None,
        }
    }

    pub(super) fn awaits_value(&self) -> bool {
        self.awaited_key().is_some() || self.is_merging()
    }

    pub(super) fn awaits_value_of(&self, key: &str) -> bool {
        self.awaited_key() == Some(key)
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.content, Content::Sequence(_))
    }

    pub(super) fn is_merging(&self) -> bool {
        match &self.content {
            Content::Mapping(_, pending) => matches!(pending, Pending::Merge),
            Content::Sequence(_) => true,
        }
    }
}
