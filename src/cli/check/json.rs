//! Faults as JSON, one object a line.
//!
//! Owns the names of its fields, which other programs read: they are added to, never changed.

use serde_json::{Value, json};

use crate::diagnostic::Diagnostic;
use crate::source::{SourceMap, Span};

/// One fault; `file` is the topology that was checked.
pub(super) fn object(file: &str, fault: &Diagnostic, sources: &SourceMap) -> Value {
    let labels: Vec<Value> = fault
        .labels
        .iter()
        .enumerate()
        .map(|(at, label)| {
            let mut place = place(label.span, sources);
            place["text"] = json!(label.text);
            place["main"] = json!(at == 0);
            place
        })
        .collect();
    let fix = fault.fix.as_ref().map(|fix| {
        let mut place = place(fix.span, sources);
        place["replacement"] = json!(fix.replacement);
        place
    });
    json!({
        "topology": file,
        "code": fault.code.id(),
        "severity": fault.severity.word(),
        "title": fault.code.title(),
        "message": fault.message,
        "why": fault.why,
        "help": fault.help,
        "places": labels,
        "fix": fix,
    })
}

/// A range of bytes with its lines and columns, both from 1; columns count characters.
fn place(span: Span, sources: &SourceMap) -> Value {
    let source = sources.get(span.source);
    let position = |byte: usize| {
        let position = source.position(byte);
        json!({"byte": byte, "line": position.line, "column": position.column})
    };
    json!({
        "file": source.path().display().to_string(),
        "start": position(span.start),
        "end": position(span.end),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::Source;

    #[test]
    fn a_fault_has_its_places_in_bytes_lines_and_columns() {
        let mut sources = SourceMap::default();
        let id = sources.add(Source::new("a.yaml", "ä: 1\nb: 2\n"));
        let span = Span::new(id, 6, 7);
        let fault = Diagnostic::new(Code::UnknownKey, "no `b`").at(span, "here").fix(span, "c");
        let object = object("a.yaml", &fault, &sources);
        assert_eq!(object["code"], "ZR0105");
        assert_eq!(object["places"][0]["start"], json!({"byte": 6, "line": 2, "column": 1}));
        assert_eq!(object["places"][0]["end"], json!({"byte": 7, "line": 2, "column": 2}));
        assert_eq!(object["fix"]["replacement"], "c");
        assert_eq!(object["why"], Value::Null);
    }
}
