//! Tags: those of YAML's core schema count, others mean nothing here.
//!
//! Owns what a tag does to a scalar. Never reads the scalar.

use saphyr_parser::{ScalarStyle, Tag};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

use super::node::Style;

const CORE: &[&str] = &["str", "int", "float", "bool", "null", "map", "seq"];

/// How a scalar counts as written: one tagged as text counts as quoted.
pub(super) fn style(style: ScalarStyle, tag: Option<&Tag>) -> Style {
    let is_text = |tag: &Tag| tag.suffix == "str" || tag.suffix == "!";
    match style {
        ScalarStyle::Plain if tag.is_some_and(is_text) => Style::SingleQuoted,
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

/// What is wrong with a tag, if anything.
pub(super) fn fault(tag: &Tag, span: Span) -> Option<Diagnostic> {
    let is_core = tag.is_yaml_core_schema() && CORE.contains(&tag.suffix.as_str());
    let is_non_specific = tag.handle.is_empty() && tag.suffix == "!";
    if is_core || is_non_specific {
        return None;
    }
    Some(
        Diagnostic::new(Code::WrongType, format!("the tag `{tag}` means nothing here"))
            .at(span, "a value with a tag")
            .help("remove the tag, or quote the text if the `!` belongs to it"),
    )
}
