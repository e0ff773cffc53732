//! What is meant of the differences that a comparison finds.
//!
//! Owns how it is written: `KIND:NODE.HANDLER`, or `missing:NODE`, each part perhaps `*`. Never reads a
//! file.

use std::fmt;
use std::str::FromStr;

use super::kind::Kind;

/// The word for what cannot be compared.
const MISSING: &str = "missing";
/// What stands for any of them.
const ANY: &str = "*";

/// A group of differences that is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    kind: Option<String>,
    node: Option<String>,
    handler: Option<String>,
}

impl Accepted {
    /// All that is written in a text: one a line, with comments behind `#`.
    ///
    /// # Errors
    ///
    /// When a line is none.
    pub fn all(text: &str) -> Result<Vec<Self>, String> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        lines.filter(|line| !line.is_empty()).map(str::parse).collect()
    }

    /// Whether it means these differences.
    #[must_use]
    pub fn means(&self, kind: Kind, node: &str, handler: &str) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        is(&self.kind, kind.word()) && is(&self.node, node) && is(&self.handler, handler)
    }

    /// Whether it means that this node cannot be compared.
    #[must_use]
    pub fn means_missing(&self, node: &str) -> bool {
        self.kind.as_deref() == Some(MISSING)
            && self.node.as_ref().is_none_or(|wanted| wanted == node)
    }
}

/// As a group of differences is written.
pub(super) fn group_text(kind: Kind, node: &str, handler: &str) -> String {
    format!("{}:{node}.{handler}", kind.word())
}

impl FromStr for Accepted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
            format!(
                "{text:?} is no group of differences: it wants KIND:NODE.HANDLER, such as \
                 content:worker.on_work, where KIND is {}, or missing:NODE; `*` stands for any",
                kinds.join(", ")
            )
        };
        let part = |part: &str| (part != ANY).then(|| part.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        if kind == MISSING {
            return Ok(Self { kind: part(kind), node: part(rest), handler: None });
        }
        if kind != ANY && Kind::ALL.iter().all(|known| known.word() != kind) {
            return Err(wrong());
        }
        let (node, handler) = match rest.split_once('.') {
            Some((node, handler)) if !node.is_empty() && !handler.is_empty() => (node, handler),
            None if rest == ANY => (ANY, ANY),
            _ => return Err(wrong()),
        };
        Ok(Self { kind: part(kind), node: part(node), handler: part(handler) })
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part: &'_ Option<String>| part.clone().unwrap_or_else(|| ANY.to_owned());
        write!(f, "{}:{}", part(&self.kind), part(&self.node))?;
        if self.kind.as_deref() == Some(MISSING) {
            return Ok(());
        }
        write!(f, ".{}", part(&self.handler))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_is_one_group_or_many() {
        for (text, means) in [
            ("content:worker.on_work", true),
            ("content:worker.*", true),
            ("content:*.on_work", true),
            ("*:worker.on_work", true),
            ("*:*", true),
            ("more:worker.on_work", false),
            ("content:other.on_work", false),
            ("content:worker.on_tick", false),
            ("missing:worker", false),
        ] {
            let accepted: Accepted = text.parse().unwrap();
            assert_eq!(accepted.means(Kind::Content, "worker", "on_work"), means, "{text}");
            assert_eq!(accepted.to_string().parse(), Ok(accepted), "{text}");
        }
        assert!("missing:*".parse::<Accepted>().unwrap().means_missing("worker"));
        assert!(!"missing:a".parse::<Accepted>().unwrap().means_missing("worker"));
        assert!(!"content:*.*".parse::<Accepted>().unwrap().means_missing("worker"));
        for wrong in ["", "worker.on_work", "odd:worker.on_work", "content:worker", "content:.x"] {
            assert!(wrong.parse::<Accepted>().is_err(), "{wrong}");
        }
        let text = "# meant\ncontent:a.on_b # since then\n\nmore:*.*\n";
        assert_eq!(Accepted::all(text).unwrap().len(), 2);
        assert!(Accepted::all("content:a.on_b\nodd").is_err());
    }
}
