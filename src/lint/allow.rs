//! `# zrig: allow ZR0304 because …`: findings that a file silences where they stand.
//!
//! Owns how such a comment is read, which findings it takes, and what is said of one that cannot
//! be read or takes none. Never silences an error.

use crate::diagnostic::{Code, Diagnostic, in_order};
use crate::source::{Source, SourceId, SourceMap, Span};

/// What starts it, behind the comment's sign.
const MARK: &str = "zrig: allow";

/// One comment that silences.
struct Allow {
    code: Code,
    /// The comment.
    span: Span,
    /// The line whose findings it takes.
    line: usize,
    is_used: bool,
}

/// Leaves out what the texts allow; unless `judges_all`, an unused `allow` may only be early.
pub(crate) fn silence(
    findings: Vec<Diagnostic>,
    sources: &SourceMap,
    judges_all: bool,
) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let mut allows: Vec<Allow> = Vec::new();
    for (id, source) in sources.iter() {
        read(id, source, &mut allows, &mut told);
    }
    if allows.is_empty() && told.is_empty() {
        return findings;
    }
    let mut kept: Vec<Diagnostic> =
        findings.into_iter().filter(|finding| !is_allowed(finding, &mut allows, sources)).collect();
    kept.extend(told);
    let unused = allows.iter().filter(|allow| judges_all && !allow.is_used);
    kept.extend(unused.map(|allow| {
        Diagnostic::new(Code::UnusedAllow, format!("nothing to allow: no {} here", allow.code))
            .at(allow.span, "silences nothing")
            .help("remove the comment, or move it to the line of the finding or the one above")
    }));
    in_order(kept)
}

fn is_allowed(finding: &Diagnostic, allows: &mut [Allow], sources: &SourceMap) -> bool {
    if finding.is_error() {
        return false;
    }
    let places: Vec<(SourceId, usize)> = finding
        .labels
        .iter()
        .map(|label| (label.span.source, sources.position(label.span).line))
        .collect();
    let mut fitting = allows.iter_mut().filter(|allow| {
        allow.code == finding.code && places.contains(&(allow.span.source, allow.line))
    });
    match fitting.next() {
        Some(allow) => {
            allow.is_used = true;
            true
        }
        None => false,
    }
}

fn read(id: SourceId, source: &Source, allows: &mut Vec<Allow>, told: &mut Vec<Diagnostic>) {
    for (at, _) in source.text().match_indices(MARK) {
        let line = source.position(at).line;
        let text = source.line(line);
        let start = at - source.byte(crate::source::Position { line, column: 1 });
        let Some(sign) = comment_sign(&text[..start]) else { continue };
        let comment = Span::new(id, at - (start - sign), at - start + text.trim_end().len());
        let (words, because) = match text[start + MARK.len()..].split_once(" because ") {
            Some((words, reason)) => (words, !reason.trim().is_empty()),
            None => (&text[start + MARK.len()..], false),
        };
        match Code::parse(words.split_whitespace().next().unwrap_or_default()) {
            Some(code) if because && !code_is_error(code) => {
                let line =
                    if text[..sign].trim().is_empty() { next_line(source, line) } else { line };
                allows.push(Allow { code, span: comment, line, is_used: false });
            }
            Some(code) if because => told.push(error_allowed(code, comment)),
            Some(_) => told.push(without_reason(comment)),
            None => told.push(unknown_code(words.trim(), comment)),
        }
    }
}

/// Where the comment's sign stands that ends a text.
fn comment_sign(before: &str) -> Option<usize> {
    let bare = before.trim_end();
    let sign = if bare.ends_with("//") { 2 } else { usize::from(bare.ends_with('#')) };
    (sign > 0).then(|| bare.len() - sign)
}

fn code_is_error(code: Code) -> bool {
    code.severity() == crate::diagnostic::Severity::Error
}

/// The next line that is neither empty nor a comment.
fn next_line(source: &Source, line: usize) -> usize {
    let is_passed = |line: &usize| {
        let text = source.line(*line).trim_start();
        text.is_empty() || text.starts_with('#') || text.starts_with("//")
    };
    (line + 1..=source.lines()).find(|line| !is_passed(line)).unwrap_or(line + 1)
}

fn error_allowed(code: Code, span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadAllow, format!("{code} is an error and cannot be allowed"))
        .at(span, "silences nothing")
        .because("what cannot run does not run for being allowed")
        .help("remove the comment and mend what it stands at")
}

fn without_reason(span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadAllow, "an allow without its reason")
        .at(span, "why is it right here?")
        .because("who reads it next year has to know")
        .help("write `because` and the reason behind the code")
}

fn unknown_code(word: &str, span: Span) -> Diagnostic {
    let word: String = word.chars().take(40).collect();
    let finding = Diagnostic::new(Code::BadAllow, format!("`{word}` is no code"))
        .at(span, "silences nothing");
    match crate::nearest::nearest(&word, Code::ALL.iter().map(|code| code.id())) {
        Some(meant) => finding.help(meant.question()),
        None => finding.help("write a code such as ZR0304 as `zrig check` prints it"),
    }
}
