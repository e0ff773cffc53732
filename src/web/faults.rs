//! Faults as an editor in a page takes them: places in UTF-16 code units, as its texts count.
//!
//! Owns the names of the fields. Never finds a fault.

use std::path::Path;

use serde_json::{Value, json};

use crate::diagnostic::Diagnostic;
use crate::language::{fix_title, utf16_of_byte};
use crate::load::Loaded;
use crate::source::{Source, SourceMap, Span};

/// All faults of what was loaded, with paths as a page is shown them.
pub(super) fn faults(loaded: &Loaded, shown: &dyn Fn(&Path) -> String) -> Value {
    let places = Places { sources: &loaded.sources, shown };
    loaded.diagnostics.iter().map(|fault| one(fault, &places)).collect()
}

fn one(fault: &Diagnostic, places: &Places<'_>) -> Value {
    let labels = fault.labels.iter().map(|label| {
        let mut place = places.of(label.span);
        place["text"] = json!(label.text);
        place
    });
    let labels: Vec<Value> = labels.collect();
    let fixes = fault.fix.iter().map(|fix| {
        let mut place = places.of(fix.span);
        place["title"] = json!(fix_title(fix));
        place["text"] = json!(fix.replacement);
        place
    });
    let mut told = json!({
        "code": fault.code.id(),
        "severity": fault.severity.word(),
        "title": fault.code.title(),
        "message": fault.message,
        "why": fault.why,
        "help": fault.help,
        "fixes": fixes.collect::<Vec<_>>(),
    });
    let main = labels.first();
    for field in ["path", "from", "to"] {
        told[field] = main.map(|place| place[field].clone()).unwrap_or_default();
    }
    told["labels"] = labels.into();
    told
}

/// Where things are, as a page counts.
struct Places<'l> {
    sources: &'l SourceMap,
    shown: &'l dyn Fn(&Path) -> String,
}

impl Places<'_> {
    fn of(&self, span: Span) -> Value {
        let source = self.sources.get(span.source);
        let (from, to) = (at(source, span.start), at(source, span.end));
        json!({"path": (self.shown)(source.path()), "from": from, "to": to})
    }
}

fn at(source: &Source, byte: usize) -> Value {
    let position = source.position(byte);
    let offset = utf16_of_byte(source.text(), byte);
    json!({"line": position.line, "column": position.column, "offset": offset})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn places_are_counted_as_a_page_counts_its_texts() {
        let mut sources = SourceMap::default();
        let id = sources.add(Source::new("a.yaml", "ä: 🞄1\n🞄b: 2\nend"));
        let shown = |path: &Path| path.display().to_string();
        let places = Places { sources: &sources, shown: &shown };
        for (byte, line, column, offset) in
            [(0, 1, 1, 0), (2, 1, 2, 1), (8, 1, 5, 5), (10, 2, 1, 7), (14, 2, 2, 9), (22, 3, 4, 17)]
        {
            let want = json!({"line": line, "column": column, "offset": offset});
            assert_eq!(at(sources.get(id), byte), want, "{byte}");
        }
        let span = Span::new(id, 14, 15);
        let fault = Diagnostic::new(Code::UnknownKey, "no `b`").at(span, "here").fix(span, "c");
        let told = one(&fault, &places);
        assert_eq!(told["from"]["offset"], 9);
        assert_eq!(told["fixes"][0]["title"], "Write `c`");
        assert_eq!((&told["path"], &told["labels"][0]["text"]), (&json!("a.yaml"), &json!("here")));
    }
}
