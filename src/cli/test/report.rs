//! Results of tests for machines: JSON lines, and JUnit's XML.
//!
//! Owns their fields. Never carries out anything.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use crate::source::SourceMap;
use crate::test_file::{TestFile, TestSpec};
use crate::trial::{Outcome, Verdict};

/// A test that was carried out.
pub(super) struct Done {
    pub(super) file: String,
    pub(super) topology: String,
    pub(super) name: String,
    /// Line and column of the test, or of what did not hold in it.
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) outcome: Outcome,
    /// The seed of the last order.
    pub(super) seed: u64,
    /// How many different orders there were.
    pub(super) orders: usize,
}

impl Done {
    pub(super) fn of(
        path: &Path,
        file: &TestFile,
        test: &TestSpec,
        outcome: Outcome,
        seed: u64,
        orders: usize,
        sources: &SourceMap,
    ) -> Self {
        let span = match &outcome.verdict {
            Verdict::Failed(failure) => failure.span,
            Verdict::Passed | Verdict::Impossible(_) => test.span,
        };
        let position = sources.position(span);
        Self {
            file: path.display().to_string(),
            topology: file.topology.display().to_string(),
            name: test.name.clone(),
            line: position.line,
            column: position.column,
            outcome,
            seed,
            orders,
        }
    }

    /// Why it does not hold, if it does not.
    fn why(&self) -> Option<String> {
        match &self.outcome.verdict {
            Verdict::Passed => None,
            Verdict::Failed(failure) => Some(failure.what.clone()),
            Verdict::Impossible(why) => Some(why.join("; ")),
        }
    }
}

/// One line of JSON.
pub(super) fn report_json(done: &Done) -> String {
    let (verdict, instead, sequence) = match &done.outcome.verdict {
        Verdict::Passed => ("passed", Vec::new(), Vec::new()),
        Verdict::Failed(failure) => ("failed", failure.instead.clone(), failure.sequence.clone()),
        Verdict::Impossible(_) => ("impossible", Vec::new(), Vec::new()),
    };
    let mut report = json!({
        "file": done.file,
        "topology": done.topology,
        "name": done.name,
        "line": done.line,
        "column": done.column,
        "verdict": verdict,
        "seconds": done.outcome.took.as_secs_f64(),
        "seed": done.seed,
        "orders": done.orders,
    });
    if let Some(why) = done.why() {
        report["why"] = why.into();
        report["instead"] = instead.into();
        report["sequence"] = sequence.into();
    }
    report.to_string()
}

/// All results as JUnit has them.
pub(super) fn report_junit(all: &[Done]) -> String {
    let failed = |done: &&Done| matches!(done.outcome.verdict, Verdict::Failed(_));
    let skipped = |done: &&Done| matches!(done.outcome.verdict, Verdict::Impossible(_));
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing into a String cannot fail.
    let _ = writeln!(
        xml,
        "<testsuites name=\"zrig\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">",
        all.len(),
        all.iter().filter(failed).count(),
        all.iter().filter(skipped).count()
    );
    let mut files: Vec<&str> = all.iter().map(|done| done.file.as_str()).collect();
    files.dedup();
    for file in files {
        let of_file: Vec<&Done> = all.iter().filter(|done| done.file == file).collect();
        let failures = of_file.iter().filter(|done| failed(done)).count();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\">",
            escaped(file),
            of_file.len()
        );
        of_file.iter().for_each(|done| xml.push_str(&junit_case(done)));
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn junit_case(done: &Done) -> String {
    let head = format!(
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.3}\"",
        escaped(&done.name),
        escaped(&done.topology),
        escaped(&done.file),
        done.line,
        done.outcome.took.as_secs_f64()
    );
    let inner = match &done.outcome.verdict {
        Verdict::Passed => return format!("{head}/>\n"),
        Verdict::Failed(failure) => {
            let more = [&failure.instead[..], &failure.sequence[..]].concat().join("\n");
            format!(
                "      <failure message=\"{}\">{}</failure>",
                escaped(&failure.what),
                escaped(&more)
            )
        }
        Verdict::Impossible(why) => {
            format!("      <skipped message=\"{}\"/>", escaped(&why.join("; ")))
        }
    };
    format!("{head}>\n{inner}\n    </testcase>\n")
}

/// A text as XML has it: what has no form there is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, SourceMap, Span};
    use crate::trial::Failure;

    fn done(verdict: Verdict) -> Done {
        let mut sources = SourceMap::default();
        let id = sources.add(Source::new("a.test.yaml", "tests:\n- name: x\n"));
        let span = Span::new(id, 9, 10);
        let verdict = if let Verdict::Failed(failure) = verdict {
            Verdict::Failed(Box::new(Failure { span, ..*failure }))
        } else {
            verdict
        };
        let outcome = Outcome {
            took: std::time::Duration::from_millis(1500),
            ..Outcome::without_a_run(verdict)
        };
        let test = TestSpec {
            name: "a <b> & \"c\"".to_owned(),
            span,
            without: Vec::new(),
            peers: Vec::new(),
            steps: Vec::new(),
            always: Vec::new(),
        };
        let file = TestFile { topology: "a.yaml".into(), tests: Vec::new() };
        Done::of(Path::new("a.test.yaml"), &file, &test, outcome, 7, 1, &sources)
    }

    #[test]
    fn what_a_test_is_called_and_why_it_fails_stands_in_both_forms() {
        let failure = Failure {
            span: Span::new(SourceMap::default().add(Source::new("x", "")), 0, 0),
            what: "it <failed>".to_owned(),
            at: std::time::Duration::ZERO,
            instead: vec!["seen\u{1b}".to_owned()],
            sequence: vec!["a & b".to_owned()],
            is_always: false,
        };
        let all = [done(Verdict::Passed), done(Verdict::Failed(Box::new(failure)))];
        let xml = report_junit(&all);
        let parsed = roxmltree::Document::parse(&xml).unwrap();
        let cases: Vec<_> = parsed.descendants().filter(|it| it.has_tag_name("testcase")).collect();
        assert_eq!(cases.len(), 2);
        assert_eq!(cases[0].attribute("name"), Some("a <b> & \"c\""));
        let failure = cases[1].first_element_child().unwrap();
        assert_eq!(failure.attribute("message"), Some("it <failed>"));
        assert_eq!(failure.text(), Some("seen\u{fffd}\na & b"));
        let line: serde_json::Value = serde_json::from_str(&report_json(&all[1])).unwrap();
        assert_eq!((&line["verdict"], &line["line"]), (&"failed".into(), &2.into()));
        assert_eq!(line["why"], "it <failed>");
    }
}
