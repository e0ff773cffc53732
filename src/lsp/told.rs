//! Findings as the protocol has them.
//!
//! Owns what a client is told of each. What is wrong and where is the finding's own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lsp_types::{
    Diagnostic as Told, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString,
};

use super::checking::Findings;
use super::places::{Text, uri_of};
use crate::diagnostic::{Diagnostic, Severity};
use crate::language::{Encoding, Lines};
use crate::source::Span;

/// Who says it.
const SOURCE: &str = "zrig";

/// What is said of each file, those of which nothing is said included.
pub(super) fn by_file(findings: &Findings, encoding: Encoding) -> BTreeMap<PathBuf, Vec<Told>> {
    let mut told: BTreeMap<PathBuf, Vec<Told>> =
        findings.sources.iter().map(|(_, source)| (source.path().to_owned(), Vec::new())).collect();
    told.entry(findings.topology.clone()).or_default();
    let mut ranges = Ranges { findings, encoding, lines: BTreeMap::new() };
    for finding in &findings.diagnostics {
        let path = finding.span().map_or(findings.topology.clone(), |span| {
            findings.sources.get(span.source).path().to_owned()
        });
        let finding = ranges.told(finding);
        told.entry(path).or_default().push(finding);
    }
    told
}

struct Ranges<'f> {
    findings: &'f Findings,
    encoding: Encoding,
    /// Of each text its lines, once somebody asked.
    lines: BTreeMap<crate::source::SourceId, Lines>,
}

impl Ranges<'_> {
    fn range(&mut self, span: Span) -> lsp_types::Range {
        let text = self.findings.sources.get(span.source).text();
        let lines = self.lines.entry(span.source).or_insert_with(|| Lines::new(text));
        Text { text, lines, encoding: self.encoding }.range(span.start..span.end)
    }

    fn told(&mut self, finding: &Diagnostic) -> Told {
        let range = finding.span().map(|span| self.range(span)).unwrap_or_default();
        let mut message = finding.message.clone();
        let main = finding.labels.first().map(|label| label.text.as_str()).unwrap_or_default();
        for (head, said) in [
            ("", Some(main).filter(|main| !main.is_empty())),
            ("", finding.why.as_deref()),
            ("help: ", finding.help.as_deref()),
        ] {
            if let Some(said) = said {
                message.push_str(&format!("\n{head}{said}"));
            }
        }
        let others = finding.labels.iter().skip(1);
        let related: Vec<DiagnosticRelatedInformation> = others
            .filter_map(|label| {
                let path = self.findings.sources.get(label.span.source).path();
                let location = Location { uri: uri_of(path)?, range: self.range(label.span) };
                let message = if label.text.is_empty() { "here" } else { &label.text };
                Some(DiagnosticRelatedInformation { location, message: message.to_owned() })
            })
            .collect();
        Told {
            range,
            severity: Some(match finding.severity {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
                Severity::Hint => DiagnosticSeverity::HINT,
            }),
            code: Some(NumberOrString::String(finding.code.id().to_owned())),
            source: Some(SOURCE.to_owned()),
            message,
            related_information: Some(related).filter(|related| !related.is_empty()),
            ..Told::default()
        }
    }
}
