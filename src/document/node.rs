//! The tree: scalars, sequences and mappings with their places.
//!
//! Owns the shape of a document. Never interprets a scalar: `schema.rs` does.

use std::sync::Arc;

use crate::source::Span;

/// A value with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it is written; of an alias, where the anchor's value is.
    pub span: Span,
}

/// What a value is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Text, a number, a boolean or nothing.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys with values.
    Mapping(Mapping),
    /// A value that has been reported as faulty already, so that nothing more is said of it.
    Faulty,
}

/// One scalar after the environment's values were put in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scalar {
    /// The text, without quotes.
    pub text: Arc<str>,
    /// How it was written.
    pub style: Style,
    /// Whether its key says that nobody may see it.
    pub is_secret: bool,
}

/// How a scalar was written: only a plain one can be a number, a boolean or nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'` quotes, or tagged as text.
    SingleQuoted,
    /// In `"` quotes.
    DoubleQuoted,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

/// Keys with values, in the order of the file, merged ones last; no key is there twice.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mapping {
    /// The entries.
    pub entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// A key with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// The key's text.
    pub text: Arc<str>,
    /// Where it is written.
    pub span: Span,
}

impl Mapping {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.key.text == key)
    }
}

impl Node {
    /// The mapping, if it is one.
    #[must_use]
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.kind {
            Kind::Mapping(mapping) => Some(mapping),
            Kind::Scalar(_) | Kind::Sequence(_) | Kind::Faulty => None,
        }
    }

    /// The items, if it is a list.
    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            Kind::Scalar(_) | Kind::Mapping(_) | Kind::Faulty => None,
        }
    }

    /// The scalar, if it is one.
    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::Sequence(_) | Kind::Mapping(_) | Kind::Faulty => None,
        }
    }

    /// Whether a fault of this value has been reported already.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.kind == Kind::Faulty
    }

    /// Whether it is nothing: an empty value, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(Scalar::is_null)
    }

    /// The value in words, for messages.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.describe(),
            Kind::Sequence(_) => "a list".to_owned(),
            Kind::Mapping(_) => "a map".to_owned(),
            Kind::Faulty => "a faulty value".to_owned(),
        }
    }
}
