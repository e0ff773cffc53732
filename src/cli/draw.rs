//! Drawing diagnostics.
//!
//! Owns how a fault looks on a terminal, in a log, and on one line. Never decides what is a
//! fault, nor whether there are colours: the caller knows where the text goes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Patch, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::source::{Source, SourceId, SourceMap, Span};
use crate::visible::{acts, visible};

/// More faults than these are counted, not drawn: nobody mends the hundredth first.
const MOST_DRAWN: usize = 100;
/// A line longer than this is not shown.
const LONGEST_LINE: usize = 2_000;

/// How faults are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// With snippets.
    Full {
        /// Whether in colour.
        colours: bool,
    },
    /// `file:line:column: error[ZR0101]: …`, one line each.
    Short,
}

/// Draws faults, and below them how many there are.
#[must_use]
pub fn draw(diagnostics: &[Diagnostic], sources: &SourceMap, look: Look) -> String {
    let mut text = draw_each(diagnostics, sources, look);
    if let Some(summary) = summary(diagnostics) {
        text.push_str(&summary);
        text.push('\n');
    }
    text
}

/// Draws faults without counting them.
#[must_use]
pub(super) fn draw_each(diagnostics: &[Diagnostic], sources: &SourceMap, look: Look) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(MOST_DRAWN) {
        match look {
            Look::Full { colours } => {
                text.push_str(&full(diagnostic, sources, colours));
                text.push_str("\n\n");
            }
            Look::Short => {
                text.push_str(&on_one_line(diagnostic, sources));
                text.push('\n');
            }
        }
    }
    if diagnostics.len() > MOST_DRAWN {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "… and {} more", diagnostics.len() - MOST_DRAWN);
    }
    text
}

/// `2 errors, 1 warning`; nothing where there is no fault.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let kinds = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Hint, "hint", "hints"),
    ];
    let counts: Vec<String> = kinds
        .into_iter()
        .filter_map(|(severity, one, many)| {
            let count = diagnostics.iter().filter(|d| d.severity == severity).count();
            match count {
                0 => None,
                1 => Some(format!("1 {one}")),
                count => Some(format!("{count} {many}")),
            }
        })
        .collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

/// `file:line:column: error[ZR0101]: …`
pub(super) fn on_one_line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = diagnostic.span().map_or_else(String::new, |span| {
        let path = sources.get(span.source).path().display().to_string();
        format!("{}:{}: ", visible(&path), sources.position(span))
    });
    let word = diagnostic.severity.word();
    format!("{place}{word}[{}]: {}", diagnostic.code, visible(&diagnostic.message))
}

/// Draws the step of a test that does not hold.
pub(super) fn draw_failure(
    span: Span,
    what: &str,
    when: &str,
    sources: &SourceMap,
    colours: bool,
) -> String {
    let source = sources.get(span.source);
    let text = source.shown(0..source.text().len());
    let path = source.path().display().to_string();
    let snippet = Snippet::source(text.as_ref())
        .path(path.as_str())
        .annotation(AnnotationKind::Primary.span(span.start..span.end).label(when));
    let group = Group::with_title(Level::ERROR.primary_title(visible(what))).element(snippet);
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

fn full(diagnostic: &Diagnostic, sources: &SourceMap, colours: bool) -> String {
    let title = level(diagnostic.severity)
        .primary_title(visible(&diagnostic.message))
        .id(diagnostic.code.id());
    let excerpts = excerpts(diagnostic, sources);
    let mut main = Group::with_title(title);
    for excerpt in &excerpts {
        main = main.element(excerpt.snippet(sources));
    }
    if let Some(why) = &diagnostic.why {
        main = main.element(Level::NOTE.message(visible(why)));
    }
    let mended = diagnostic.fix.as_ref().and_then(|fix| mended(diagnostic, fix, sources));
    if let (Some(help), None) = (&diagnostic.help, &mended) {
        main = main.element(Level::HELP.message(visible(help)));
    }
    let mut groups = vec![main];
    groups.extend(mended);
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    let renderer =
        renderer.decor_style(if colours { DecorStyle::Unicode } else { DecorStyle::Ascii });
    renderer.render(&groups)
}

fn mended<'s>(
    diagnostic: &'s Diagnostic,
    fix: &'s crate::diagnostic::Fix,
    sources: &'s SourceMap,
) -> Option<Group<'s>> {
    let source = sources.get(fix.span.source);
    let lines = lines_of(source, fix.span.start..fix.span.end)?;
    let (first, window) = window(source, lines)?;
    let range = fix.span.start - window.start..fix.span.end - window.start;
    let help = diagnostic.help.as_deref().unwrap_or("write");
    let path = source.path().display().to_string();
    let snippet = Snippet::source(source_text(source.shown(window)))
        .line_start(first)
        .path(visible(&path).into_owned())
        .patch(Patch::new(range, source_text(Cow::Borrowed(&fix.replacement))));
    Some(Group::with_title(Level::HELP.secondary_title(visible(help))).element(snippet))
}

/// The labels of one fault in one text.
struct Excerpt<'d> {
    source: SourceId,
    labels: Vec<(bool, &'d Label)>,
}

/// The main label's text first, the others in the order of reading.
fn excerpts<'d>(diagnostic: &'d Diagnostic, sources: &SourceMap) -> Vec<Excerpt<'d>> {
    let mut by_source: BTreeMap<(bool, SourceId), Excerpt<'d>> = BTreeMap::new();
    let main = diagnostic.span().map(|span| span.source);
    for (at, label) in diagnostic.labels.iter().enumerate() {
        let source = label.span.source;
        if lines_of(sources.get(source), label.span.start..label.span.end).is_none() {
            continue;
        }
        by_source
            .entry((Some(source) != main, source))
            .or_insert_with(|| Excerpt { source, labels: Vec::new() })
            .labels
            .push((at == 0, label));
    }
    by_source.into_values().collect()
}

impl Excerpt<'_> {
    fn snippet<'s>(&'s self, sources: &'s SourceMap) -> Element<'s> {
        let source = sources.get(self.source);
        let lines = self
            .labels
            .iter()
            .filter_map(|(_, label)| lines_of(source, label.span.start..label.span.end))
            .reduce(|one, other| one.start.min(other.start)..one.end.max(other.end))
            .unwrap_or(1..2);
        let path = source.path().display().to_string();
        let path = visible(&path).into_owned();
        // A file of one endless line is named without being shown.
        let Some((first, window)) = window(source, lines) else {
            let start = self.labels.first().map_or(0, |(_, label)| label.span.start);
            let position = source.position(start);
            let origin = annotate_snippets::Origin::path(path);
            return origin.line(position.line).char_column(position.column).into();
        };
        let annotations = self.labels.iter().map(|(is_main, label)| {
            let kind = if *is_main { AnnotationKind::Primary } else { AnnotationKind::Context };
            let range = label.span.start - window.start..label.span.end - window.start;
            let text = (!label.text.is_empty()).then(|| visible(&label.text));
            kind.span(range).label(text)
        });
        let annotations: Vec<_> = annotations.collect();
        Snippet::source(source_text(source.shown(window)))
            .line_start(first)
            .path(path)
            .annotations(annotations)
            .into()
    }
}

/// The lines that a range of bytes touches, from 1; nothing for a range that is none.
fn lines_of(source: &Source, range: Range<usize>) -> Option<Range<usize>> {
    let is_text = source.text().get(range.clone()).is_some();
    let first = source.position(range.start).line;
    let last = source.position(range.end).line;
    is_text.then_some(first..last + 1)
}

/// The bytes of some lines, and the number of the first; nothing where a line is too long.
fn window(source: &Source, lines: Range<usize>) -> Option<(usize, Range<usize>)> {
    let byte = |line| source.byte(crate::source::Position { line, column: 1 });
    let range = byte(lines.start)..byte(lines.end);
    let is_short = source.text()[range.clone()].lines().all(|line| line.len() <= LONGEST_LINE);
    is_short.then_some((lines.start, range))
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::INFO.with_name("hint"),
    }
}

/// A piece of a text as long as it was, so that places in it stay: the renderer shows the controls
/// of ASCII by itself, the others are replaced here.
fn source_text(text: Cow<'_, str>) -> Cow<'_, str> {
    let acts = |c: char| !c.is_ascii() && acts(c);
    if !text.contains(acts) {
        return text;
    }
    let shown = |c: char| match c.len_utf8() {
        2 if acts(c) => '·',
        3 if acts(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    };
    Cow::Owned(text.chars().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::Span;
    use proptest::prelude::*;

    const YAML: &str =
        "nodes:\n  a:\n    role: req\n    bind: 1\n  b:\n    role: pull\n    conect: a\n";

    fn sources() -> (SourceMap, SourceId, SourceId) {
        let mut sources = SourceMap::default();
        let yaml = sources.add(Source::new("a.yaml", YAML));
        let script = sources.add(Source::new("b.rhai", "fn on_start() {\n  let ä = ;\n}"));
        (sources, yaml, script)
    }

    fn span(source: SourceId, sources: &SourceMap, word: &str) -> Span {
        let start = sources.get(source).text().find(word).unwrap();
        Span::new(source, start, start + word.len())
    }

    fn faults(sources: &SourceMap, yaml: SourceId, script: SourceId) -> Vec<Diagnostic> {
        let key = span(yaml, sources, "conect");
        vec![
            Diagnostic::new(Code::UnknownKey, "a node has no key `conect`")
                .at(key, "not a key")
                .help("did you mean `connect`?")
                .fix(key, "connect"),
            Diagnostic::new(Code::RolesCannotTalk, "a pull cannot talk to a req")
                .at(span(yaml, sources, "pull"), "a pull")
                .at(span(yaml, sources, "req"), "a req")
                .because("ZeroMQ refuses the handshake")
                .help("a pull talks to `push`"),
            Diagnostic::new(Code::ScriptSyntax, "unexpected `;`")
                .at(span(script, sources, ";"), "")
                .at(span(yaml, sources, "b:"), "the node"),
            Diagnostic::new(Code::Unreadable, "cannot read x.yaml")
                .because("there is no such file"),
        ]
    }

    #[test]
    fn faults_are_drawn_with_all_their_places() {
        let (sources, yaml, script) = sources();
        let faults = faults(&sources, yaml, script);
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(draw(&faults, &sources, Look::Full { colours: false }));
        });
    }

    #[test]
    fn the_short_form_has_one_line_a_fault() {
        let (sources, yaml, script) = sources();
        let faults = faults(&sources, yaml, script);
        assert_eq!(
            draw(&faults, &sources, Look::Short),
            "a.yaml:7:5: error[ZR0105]: a node has no key `conect`\n\
             a.yaml:6:11: error[ZR0305]: a pull cannot talk to a req\n\
             b.rhai:2:11: error[ZR0201]: unexpected `;`\n\
             error[ZR0101]: cannot read x.yaml\n\
             4 errors\n"
        );
    }

    #[test]
    fn colours_are_drawn_only_when_asked_for() {
        let (sources, yaml, script) = sources();
        let faults = faults(&sources, yaml, script);
        assert!(draw(&faults, &sources, Look::Full { colours: true }).contains('\u{1b}'));
        assert!(!draw(&faults, &sources, Look::Full { colours: false }).contains('\u{1b}'));
    }

    #[test]
    fn what_a_file_holds_reaches_no_terminal_as_it_is() {
        let hostile = "a\u{1b}[31m\u{9b}2J\u{202e}\u{7}\u{85}\u{2028}b";
        let mut sources = SourceMap::default();
        let text = format!("nodes: {hostile}\n");
        let id = sources.add(Source::new(format!("{hostile}.yaml"), text.as_str()));
        let end = 7 + hostile.len();
        let fault = Diagnostic::new(Code::UnknownKey, format!("no {hostile}\nforged"))
            .at(Span::new(id, 7, end), hostile)
            .because(hostile)
            .help(hostile)
            .fix(Span::new(id, end, end), hostile);
        for look in [Look::Full { colours: false }, Look::Short] {
            let drawn = draw(std::slice::from_ref(&fault), &sources, look);
            assert!(!drawn.chars().any(|c| c != '\n' && acts(c)), "{drawn:?}");
            assert!(!drawn.lines().any(|line| line.starts_with("forged")), "{drawn}");
        }
        let drawn = draw(&[fault], &sources, Look::Full { colours: true });
        for c in ['\u{9b}', '\u{202e}', '\u{7}', '\u{85}', '\u{2028}'] {
            assert!(!drawn.contains(c), "{c:?} in {drawn:?}");
        }
        assert!(!drawn.contains("\u{1b}[31m"), "{drawn:?}");
    }

    #[test]
    fn more_faults_than_anybody_reads_are_counted() {
        let sources = SourceMap::default();
        let faults = vec![Diagnostic::new(Code::Unreadable, "no"); 250];
        let text = draw(&faults, &sources, Look::Short);
        assert_eq!(text.lines().count(), MOST_DRAWN + 2);
        assert!(text.ends_with("… and 150 more\n250 errors\n"));
    }

    proptest! {
        #[test]
        fn no_place_panics(text in "([a-zäß€\u{1F600}\u{1b}\t\r]{0,5}\n?){0,6}", cuts in prop::collection::vec(0.0..=1.0, 6)) {
            let mut sources = SourceMap::default();
            let id = sources.add(Source::new("a", text.as_str()));
            let bound = |cut: f64| {
                let mut at = (cut * text.len() as f64) as usize;
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let spans: Vec<Span> = cuts
                .chunks(2)
                .map(|pair| {
                    let (one, other) = (bound(pair[0]), bound(pair[1]));
                    Span::new(id, one.min(other), one.max(other))
                })
                .collect();
            let fault = Diagnostic::new(Code::NotYaml, text.as_str())
                .at(spans[0], text.as_str())
                .at(spans[1], "")
                .fix(spans[2], "x");
            let _ = draw(&[fault], &sources, Look::Full { colours: true });
        }
    }
}
