//! Keys and passwords of a topology, kept out of what is said about it.
//!
//! Owns the last look at a finding's words before anybody sees them. Whoever wrote one had no secret
//! in mind: this is for those who did not think of it.

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::security::Secret;
use crate::source::Source;

/// A shorter one stands in every other word.
const SHORTEST: usize = 4;

/// What may stand in no finding.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Those of a file that is YAML: as written, and with its variables filled in.
    pub(super) fn of_document(document: &Document) -> Self {
        let text = document.source().text();
        let written = document.secrets().iter().filter_map(|place| text.get(place.clone()));
        Self::new(written.chain(document.secret_values().iter().map(|value| &**value)))
    }

    /// Those of any other text, which stand at these places.
    pub(super) fn of_text(source: &Source, places: &[Range<usize>]) -> Self {
        let text = source.text();
        Self::new(places.iter().filter_map(|place| text.get(place.clone())))
    }

    fn new<'s>(texts: impl Iterator<Item = &'s str>) -> Self {
        let lines = texts.flat_map(str::lines).map(|line| line.trim().trim_matches(['"', '\'']));
        let mut secrets: Vec<String> =
            lines.filter(|line| line.len() >= SHORTEST).map(str::to_owned).collect();
        // What holds another one goes first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self(secrets)
    }

    /// The findings without them.
    pub(super) fn kept_out_of(&self, mut findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
        if self.0.is_empty() {
            return findings;
        }
        for finding in &mut findings {
            self.keep_out_of(&mut finding.message);
            let texts = finding.labels.iter_mut().map(|label| &mut label.text);
            for text in texts.chain(&mut finding.why).chain(&mut finding.help) {
                self.keep_out_of(text);
            }
            // A mended text with a hole in it would not be one.
            finding.fix.take_if(|fix| self.0.iter().any(|secret| has(&fix.replacement, secret)));
        }
        findings
    }

    fn keep_out_of(&self, text: &mut String) {
        for secret in &self.0 {
            while let Some(at) = find(text, secret) {
                text.replace_range(at..at + secret.len(), Secret::MARK);
            }
        }
    }
}

fn has(text: &str, secret: &str) -> bool {
    find(text, secret).is_some()
}

/// Where it stands as a whole word: a password `pass` is none in `plain_password`.
fn find(text: &str, secret: &str) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let found = text.match_indices(secret).map(|(at, _)| at);
    found.into_iter().find(|&at| {
        let (before, behind) = (&text[..at], &text[at + secret.len()..]);
        let joins = |inner: Option<char>, outer: Option<char>| {
            inner.is_some_and(is_word) && outer.is_some_and(is_word)
        };
        !joins(secret.chars().next(), before.chars().next_back())
            && !joins(secret.chars().next_back(), behind.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::security::secret_places;
    use crate::source::{SourceMap, Span};

    #[test]
    fn a_secret_stands_in_no_words_of_a_finding() {
        let text = "plain_password: geheim7\n";
        let source = Source::new("a", text);
        let id = SourceMap::default().add(source.clone());
        let span = Span::new(id, 0, 4);
        let finding = Diagnostic::new(Code::WrongType, "no `geheim7` and no geheim77")
            .at(span, "this is `geheim7`")
            .because("geheim7")
            .help("not geheim7, geheim7")
            .fix(span, "\"geheim7\"");
        let kept = Secrets::of_text(&source, &secret_places(text)).kept_out_of(vec![finding]);
        assert_eq!(kept[0].message, "no `***` and no geheim77");
        assert_eq!(kept[0].labels[0].text, "this is `***`");
        assert_eq!(kept[0].why.as_deref(), Some("***"));
        assert_eq!(kept[0].help.as_deref(), Some("not ***, ***"));
        assert_eq!(kept[0].fix, None);
    }

    /// What a panic prints of a topology, should one ever.
    #[test]
    fn a_checked_topology_shows_no_secret_when_it_is_printed() {
        let yaml = "nodes: {a: {role: pull, connect: 'tcp://10.0.0.1:5', on_message: '()', options: \
                    {plain_username: ann, plain_password: '${P}', socks_password: geheim8}}}";
        let lookup = |name: &str| (name == "P").then(|| "geheim7".into());
        let loaded = crate::load::load_text("a.yaml".as_ref(), yaml, &lookup);
        let printed = format!("{:?}", loaded.topology.unwrap());
        assert!(printed.contains("plain_password") && printed.contains("***"), "{printed}");
        for secret in ["geheim7", "geheim8"] {
            let numbers = format!("{:?}", secret.as_bytes());
            assert!(!printed.contains(secret) && !printed.contains(&numbers), "{printed}");
        }
    }

    #[test]
    fn a_password_that_is_a_word_of_the_format_leaves_the_format_alone() {
        let source = Source::new("a", "plain_password: pass\nb: ${PASS}");
        let finding = Diagnostic::new(Code::SecretWritten, "`plain_password` is there");
        let kept = Secrets::of_text(&source, &secret_places(source.text()))
            .kept_out_of(vec![finding.clone()]);
        assert_eq!(kept, [finding]);
    }
}
