//! From a document to tests that can be run.
//!
//! Owns every rule that a test file has to keep, and tells all faults at once, each with its places.
//! Never reads a file, and never runs a test.

mod called;
mod condition;
mod context;
mod effects;
mod ends;
mod keys;
mod linked;
mod meeting;
mod message;
mod peer;
mod places;
mod saved;
mod step;
mod watched;
mod without;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Document, Entry, Mapping, Node};
use crate::script::Engine;
use crate::source::Span;
use crate::topology::reading::{Report, check_keys, first_line, shorten, value};

use super::known;
use super::spec::{TestFile, TestSpec};

pub use context::Tested;

use context::Context;

#[cfg(test)]
mod tests;

/// What came of checking a test file.
#[derive(Debug)]
pub struct Checked {
    /// The tests, if nothing stops them.
    pub file: Option<TestFile>,
    /// All faults, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// The path of the topology that a test file names, as written, and where.
#[must_use]
pub fn topology_of(document: &Document) -> Option<(PathBuf, Span)> {
    let named = document.root().as_mapping()?.get("topology")?;
    let path = named.as_scalar().filter(|path| !path.is_null() && !path.text.is_empty())?;
    Some((PathBuf::from(&*path.text), named.span))
}

/// Checks a test file.
#[must_use]
pub fn check(document: &Document, tested: &Tested<'_>) -> Checked {
    let mut report = Report::new(document);
    for fault in document.faults() {
        report.add(fault.clone());
    }
    let file = read_top(document, tested, &mut report);
    let is_sound = !report.has_error();
    Checked { file: file.filter(|_| is_sound), diagnostics: report.finish() }
}

fn read_top(document: &Document, tested: &Tested<'_>, report: &mut Report<'_>) -> Option<TestFile> {
    let root = document.root();
    let Some(top) = root.as_mapping() else {
        value::wrong("tests", root, "a map", "write `topology:` and below it `tests:`", report);
        return None;
    };
    if let Some(nodes) = top.entry("nodes")
        && top.entries.iter().all(|entry| !known::TOP.contains(&&*entry.key.text))
    {
        report.add(
            Diagnostic::new(Code::UnknownKey, "a topology, where a test file is meant")
                .at(nodes.key.span, "a topology has nodes, a test file has `topology` and `tests`")
                .help("name the file of its tests, `….test.yaml`; `zrig run` runs a topology"),
        );
        return None;
    }
    check_keys(top, &[known::TOP], "a test file", report);
    let topology = read_topology(top, root, report);
    let tests = read_tests(top, root, tested, report);
    Some(TestFile { topology: topology?, tests })
}

fn read_topology(top: &Mapping, root: &Node, report: &mut Report<'_>) -> Option<PathBuf> {
    let Some(named) = top.get("topology") else {
        let has_typo = top.entries.iter().any(|entry| !known::TOP.contains(&&*entry.key.text));
        if !has_typo {
            report.add(
                Diagnostic::new(Code::MissingKey, "a test file without a topology")
                    .at(first_line(root.span, report.source()), "no `topology` in this file")
                    .help("write `topology: weather.yaml`, a path from the folder of this file"),
            );
        }
        return None;
    };
    let path = value::text("topology", named, report)?;
    if path.is_empty() || path.contains('\0') {
        let help = "write its path from the folder of this file";
        value::wrong("topology", named, "a file", help, report);
        return None;
    }
    Some(report.folder().join(Path::new(&path)))
}

fn read_tests(
    top: &Mapping,
    root: &Node,
    tested: &Tested<'_>,
    report: &mut Report<'_>,
) -> Vec<TestSpec> {
    let help = "write a list of them: `- name: …` with `steps:` below it";
    let Some(entry) = top.entry("tests") else {
        if top.entries.iter().all(|entry| known::TOP.contains(&&*entry.key.text)) {
            report.add(
                Diagnostic::new(Code::MissingKey, "a test file without tests")
                    .at(first_line(root.span, report.source()), "no `tests` in this file")
                    .help(help),
            );
        }
        return Vec::new();
    };
    let Some(items) = entry.value.as_sequence() else {
        value::wrong("tests", &entry.value, "a list of tests", help, report);
        return Vec::new();
    };
    if items.is_empty() {
        report.add(
            Diagnostic::new(Code::MissingKey, "a test file without tests")
                .at(entry.key.span, "nothing below it")
                .help(help),
        );
    }
    let engine = Rc::new(Engine::new());
    let mut named: HashMap<String, Span> = HashMap::new();
    let mut tests = Vec::with_capacity(items.len());
    for item in items {
        tests.extend(read_test(item, tested, &engine, &mut named, report));
    }
    tests
}

fn read_test(
    item: &Node,
    tested: &Tested<'_>,
    engine: &Rc<Engine>,
    named: &mut HashMap<String, Span>,
    report: &mut Report<'_>,
) -> Option<TestSpec> {
    let Some(test) = item.as_mapping() else {
        let help = "write `- name: …` and `steps:` below it";
        value::wrong("tests", item, "maps, one for each test", help, report);
        return None;
    };
    check_keys(test, &[known::TEST], "a test", report);
    let name = read_name(item, test, named, report);
    let without = without::read(test, tested.topology, report);
    let part = without::part(&without, tested.topology);
    let tested = &Tested { topology: part.as_ref().or(tested.topology), ..*tested };
    let (peers, has_unread_peers) = match test.entry("peers") {
        Some(entry) => peer::read_all(entry, tested.topology, report),
        None => (Vec::new(), has_misspelt(test, "peers")),
    };
    let context = Context::new(*tested, engine, &peers, has_unread_peers);
    let errors = report.has_error();
    let steps = read_steps(item, test, &context, report);
    let always = test.entry("always").map(|entry| condition::read_always(entry, &context, report));
    let spec = TestSpec {
        name: name.unwrap_or_default(),
        span: item.span,
        without,
        steps,
        always: always.unwrap_or_default(),
        peers: peers.clone(),
    };
    if !errors && !report.has_error() {
        effects::check(&spec, tested.topology, report);
    }
    Some(spec)
}

/// Whether a test has a key that is none, in the place of this one maybe.
fn has_misspelt(test: &Mapping, wanted: &str) -> bool {
    let mut entries = test.entries.iter();
    entries.any(|entry| {
        let key = &*entry.key.text;
        !known::TEST.contains(&key) && crate::nearest::nearest(key, [wanted]).is_some()
    })
}

fn read_name(
    item: &Node,
    test: &Mapping,
    named: &mut HashMap<String, Span>,
    report: &mut Report<'_>,
) -> Option<String> {
    let Some(node) = test.get("name") else {
        if !has_misspelt(test, "name") {
            report.add(
                Diagnostic::new(Code::MissingKey, "a test without a name")
                    .at(first_line(item.span, report.source()), "it has no `name`")
                    .because("a test that fails is told by its name")
                    .help("write `name:` and what has to hold, as a sentence"),
            );
        }
        return None;
    };
    let name = value::text("name", node, report)?;
    if name.trim().is_empty() {
        value::wrong("name", node, "a sentence", "write what has to hold", report);
        return None;
    }
    match named.get(&name) {
        Some(before) => report.add(
            Diagnostic::new(Code::TestTwice, format!("two tests are called `{}`", shorten(&name)))
                .at(node.span, "the second one")
                .at(*before, "the first one")
                .because("a test that fails is told by its name, and `--filter` chooses by it")
                .help("say what only this one shows"),
        ),
        None => {
            named.insert(name.clone(), node.span);
        }
    }
    Some(name)
}

fn read_steps(
    item: &Node,
    test: &Mapping,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Vec<super::spec::StepSpec> {
    let help = "write a list of steps, such as `- expect: {at: display, log: hello}`";
    let nothing = |entry: Option<&Entry>, report: &mut Report<'_>| {
        let place = entry.map(|entry| entry.key.span);
        let place = place.unwrap_or_else(|| first_line(item.span, report.source()));
        report.add(
            Diagnostic::new(Code::MissingKey, "a test without a step")
                .at(place, "nothing is done in it")
                .help(help),
        );
    };
    let Some(entry) = test.entry("steps") else {
        if !has_misspelt(test, "steps") {
            nothing(None, report);
        }
        return Vec::new();
    };
    match entry.value.as_sequence() {
        Some([]) => nothing(Some(entry), report),
        Some(steps) => {
            return steps.iter().filter_map(|item| step::read(item, context, report)).collect();
        }
        None if entry.value.is_null() => nothing(Some(entry), report),
        None => value::wrong("steps", &entry.value, "a list of steps", help, report),
    }
    Vec::new()
}
