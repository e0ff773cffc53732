//! What of a text is nobody's to see.
//!
//! Owns which places of it hold a secret. Never looks at what a secret is for.

use super::Builder;
use super::frame::{Content, Pending};
use crate::document::node::{Kind, Node};
use crate::security::{holds_secret, is_variable};
use crate::source::Span;

impl Builder<'_, '_> {
    /// Whether the next value is a secret by its key, or by one above.
    pub(super) fn is_secret(&mut self) -> bool {
        let Some(frame) = self.frames.last() else { return false };
        let Content::Mapping(_, Pending::Value(key)) = &frame.content else {
            return frame.is_secret;
        };
        if frame.is_secret {
            return true;
        }
        if let Some(known) = self.known.get(&key.text) {
            return *known;
        }
        let holds = holds_secret(&key.text);
        self.known.insert(key.text.clone(), holds);
        holds
    }

    /// Hides what is written somewhere; a variable alone says nothing.
    pub(super) fn hide(&mut self, span: Span) {
        let written = &self.text[span.start..span.end];
        if is_variable(written) {
            return;
        }
        let is_quoted = ['"', '\''].iter().any(|quote| {
            written.len() > 1 && written.starts_with(*quote) && written.ends_with(*quote)
        });
        let quote = usize::from(is_quoted);
        self.secrets.push(span.start + quote..span.end - quote);
    }

    /// Hides what an alias repeats where a secret stands.
    pub(super) fn hide_all(&mut self, node: &mut Node) {
        match &mut node.kind {
            Kind::Scalar(scalar) => {
                scalar.is_secret = true;
                self.secret_values.push(scalar.text.clone());
                self.hide(node.span);
            }
            Kind::Sequence(items) => items.iter_mut().for_each(|item| self.hide_all(item)),
            Kind::Mapping(mapping) => {
                mapping.entries.iter_mut().for_each(|entry| self.hide_all(&mut entry.value));
            }
            Kind::Faulty => self.hide(node.span),
        }
    }
}
