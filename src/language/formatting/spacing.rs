//! The blanks within lines: one behind a colon, a dash and a comma, none inside brackets.
//!
//! Owns which blanks are too many or missing. What is behind a line's end stays in its column: comments
//! that stand below each other go on doing so.

use std::ops::Range;

use crate::language::tree::{self, Entry, Kind, Value, lines_of};

/// A place, and what stands there instead.
type Edit = (Range<usize>, &'static str);

/// A text with its blanks as they usually are; where its lines begin stays.
pub(super) fn spaced(text: &str) -> String {
    let mut edits = Vec::new();
    of_value(text, &tree::parse(text), &mut edits);
    edits.sort_by_key(|(range, _)| range.start);
    edits.dedup_by(|next, before| next.0.start < before.0.end || next.0.start == before.0.start);
    let mut edits = edits.into_iter().peekable();
    let mut out = String::with_capacity(text.len());
    for line in lines_of(text) {
        let whole = text[line.start..].split('\n').next().unwrap_or_default();
        let end = line.start + whole.len();
        let mut at = line.start;
        let mut written = String::new();
        while let Some((range, instead)) = edits.next_if(|(range, _)| range.end <= end) {
            written.push_str(&text[at..range.start]);
            written.push_str(instead);
            at = range.end;
        }
        let rest = &text[at..end];
        match comment_in(rest).filter(|_| at > line.start) {
            Some(comment) => {
                let code = format!("{written}{}", rest[..comment].trim_end());
                let column = text[line.start..at + comment].chars().count();
                let blanks = column.saturating_sub(code.chars().count()).max(1);
                out.push_str(&format!("{code}{:blanks$}{}", "", &rest[comment..]));
            }
            None => {
                out.push_str(&written);
                out.push_str(rest);
            }
        }
        if end < text.len() {
            out.push('\n');
        }
    }
    out
}

/// Where the comment at the end of a line begins.
fn comment_in(rest: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') if before == ' ' => return Some(at),
            (None, _) => {}
        }
        before = c;
    }
    None
}

fn of_value(text: &str, value: &Value, edits: &mut Vec<Edit>) {
    match &value.kind {
        Kind::Mapping(entries) => {
            for entry in entries {
                colon(text, entry, edits);
                of_value(text, &entry.value, edits);
            }
            if entries.iter().any(|entry| entry.is_flow)
                || text[value.span.clone()].starts_with('{')
            {
                let ends = entries.iter().map(|entry| {
                    let end = entry.value.span.end.max(entry.key.end);
                    entry.key.start..end
                });
                brackets(text, &value.span, &ends.collect::<Vec<_>>(), edits);
            }
        }
        Kind::Sequence(items) => {
            let is_flow = text[value.span.clone()].starts_with('[');
            for item in items {
                if !is_flow {
                    dash(text, item, edits);
                }
                of_value(text, item, edits);
            }
            if is_flow {
                let spans: Vec<_> = items.iter().map(|item| item.span.clone()).collect();
                brackets(text, &value.span, &spans, edits);
            }
        }
        Kind::Empty | Kind::Scalar(..) | Kind::Alias(_) => {}
    }
}

/// `key :   value` is `key: value`.
fn colon(text: &str, entry: &Entry, edits: &mut Vec<Edit>) {
    if !entry.has_colon || entry.value.kind == Kind::Empty {
        return;
    }
    let Some(between) = text.get(entry.key.end..entry.value.span.start) else { return };
    let unquoted = between.trim_start_matches(['"', '\'']);
    let is_blank = unquoted
        .trim_start_matches(' ')
        .strip_prefix(':')
        .is_some_and(|blanks| !blanks.is_empty() && blanks.bytes().all(|byte| byte == b' '));
    if is_blank && unquoted != ": " {
        edits.push((entry.value.span.start - unquoted.len()..entry.value.span.start, ": "));
    }
}

/// `-   value` is `- value`, where nothing below stands in the value's column.
fn dash(text: &str, item: &Value, edits: &mut Vec<Edit>) {
    let stands_below = matches!(&item.kind, Kind::Mapping(entries) if entries.iter().all(|it| !it.is_flow))
        || matches!(item.kind, Kind::Sequence(_)) && !text[item.span.clone()].starts_with('[');
    let before = &text[..item.span.start];
    let blanks = before.len() - before.trim_end_matches(' ').len();
    if blanks > 1 && !stands_below && before[..before.len() - blanks].ends_with('-') {
        edits.push((before.len() - blanks..before.len(), " "));
    }
}

/// `{ a: 1,b: 2 }` is `{a: 1, b: 2}`: of what stands on one line.
fn brackets(text: &str, whole: &Range<usize>, parts: &[Range<usize>], edits: &mut Vec<Edit>) {
    let written = &text[whole.clone()];
    if written.contains('\n') || !written.ends_with(['}', ']']) || written.len() < 2 {
        return;
    }
    let (mut at, last) = (whole.start + 1, whole.end - 1);
    for (number, part) in parts.iter().enumerate() {
        let (from, to) = (unquoted_from(text, at), quoted_to(text, part.start));
        let wanted = if number == 0 { "" } else { ", " };
        let allowed: &[char] = if number == 0 { &[' '] } else { &[' ', ','] };
        replace(text, from..to, allowed, wanted, edits);
        at = part.end;
    }
    replace(text, unquoted_from(text, at)..last, &[' ', ','], "", edits);
}

/// Behind a closing quotation mark that is no part of a span.
fn unquoted_from(text: &str, at: usize) -> usize {
    at + usize::from(text[at..].starts_with(['"', '\'']) && !text[..at].ends_with(['{', '[']))
}

/// Before an opening quotation mark that is no part of a span.
fn quoted_to(text: &str, at: usize) -> usize {
    at - usize::from(text[..at].ends_with(['"', '\'']))
}

fn replace(
    text: &str,
    range: Range<usize>,
    allowed: &[char],
    wanted: &'static str,
    edits: &mut Vec<Edit>,
) {
    let Some(written) = text.get(range.clone()) else { return };
    let is_only_that = written.chars().all(|c| allowed.contains(&c));
    let commas = written.matches(',').count();
    if is_only_that && commas <= 1 && written != wanted && (wanted.is_empty() || commas == 1) {
        edits.push((range, wanted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_as_usual_and_comments_stay_in_their_column() {
        for (text, want) in [
            ("a:   1\n", "a: 1\n"),
            ("a :  1   # x\nb: 2     # y\n", "a: 1     # x\nb: 2     # y\n"),
            ("a: 1# x\n", "a: 1# x\n"),
            ("a: { b: 1,c:   [ 1,2 ,3 ] }\n", "a: {b: 1, c: [1, 2, 3]}\n"),
            ("a: {b: 1}\n", "a: {b: 1}\n"),
            ("a: { }\n", "a: {}\n"),
            ("a: [ ]\n", "a: []\n"),
            ("- a\n-   b\n-   c: 1\n    d: 2\n", "- a\n- b\n-   c: 1\n    d: 2\n"),
            ("a:  \"b:   c\"\n\"d\":   'e,f'\n", "a: \"b:   c\"\n\"d\": 'e,f'\n"),
            ("a: |\n  b:   c\n  [ 1,2 ]\n", "a: |\n  b:   c\n  [ 1,2 ]\n"),
            ("a: [\"x,y\",'z' ,  w]\n", "a: [\"x,y\", 'z', w]\n"),
            ("a: {\"x\":   1 , 'y': 2}\n", "a: {\"x\": 1, 'y': 2}\n"),
            ("a:   {b: 1,\n   c:   2}\n", "a: {b: 1,\n   c: 2}\n"),
            ("a: &x   {b: 1}\nc:   *x\n", "a: &x   {b: 1}\nc: *x\n"),
            ("a:\n  b:   c # d\n  #   e\n", "a:\n  b: c   # d\n  #   e\n"),
        ] {
            assert_eq!(spaced(text), want, "{text}");
            assert_eq!(spaced(want), want, "{want}");
        }
    }
}
