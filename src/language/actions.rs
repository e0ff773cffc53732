//! What can be done about findings by a click.
//!
//! Owns which of them are at a place, and what each is called. The mended text is the finding's own.

use crate::diagnostic::{Diagnostic, Fix};
use crate::source::{SourceId, Span};

/// A fix that can be applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Action<'d> {
    /// What it does.
    pub title: String,
    /// What it mends.
    pub mends: &'d Diagnostic,
    /// The mended text.
    pub fix: &'d Fix,
}

/// The fixes of all findings that touch a range of bytes of a text.
#[must_use]
pub fn actions<'d>(
    diagnostics: &'d [Diagnostic],
    source: SourceId,
    range: std::ops::Range<usize>,
) -> Vec<Action<'d>> {
    let touches =
        |span: &Span| span.source == source && span.start <= range.end && range.start <= span.end;
    let near = diagnostics.iter().filter(|it| {
        it.span().is_some_and(|span| touches(&span))
            || it.fix.as_ref().is_some_and(|fix| touches(&fix.span))
    });
    near.filter_map(|mends| {
        let fix = mends.fix.as_ref()?;
        Some(Action { title: title(fix), mends, fix })
    })
    .collect()
}

/// What a fix does, in a few words.
#[must_use]
pub fn title(fix: &Fix) -> String {
    let first = fix.replacement.lines().next().unwrap_or_default().trim();
    let short: String = first.chars().take(60).collect();
    let more = if short.len() < fix.replacement.trim().len() { "…" } else { "" };
    match (short.is_empty(), fix.span.start == fix.span.end) {
        (true, true) => "Mend the indentation".to_owned(),
        (true, false) if !fix.replacement.is_empty() => "Mend the indentation".to_owned(),
        (true, false) => "Remove it".to_owned(),
        (false, true) => format!("Insert `{short}{more}`"),
        (false, false) => format!("Write `{short}{more}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::{Source, SourceMap};

    #[test]
    fn a_fix_is_offered_where_its_finding_or_itself_is() {
        let mut sources = SourceMap::default();
        let id = sources.add(Source::new("a", "role: subb\n"));
        let place = Span::new(id, 6, 10);
        let fault = Diagnostic::new(Code::UnknownWord, "x").at(place, "").fix(place, "sub");
        let faults = [fault, Diagnostic::new(Code::UnknownWord, "y").at(place, "")];
        let titles =
            |range| actions(&faults, id, range).into_iter().map(|it| it.title).collect::<Vec<_>>();
        assert_eq!(titles(7..7), ["Write `sub`"]);
        assert_eq!(titles(10..11), ["Write `sub`"]);
        assert!(titles(0..3).is_empty());
    }
}
