//! Who is linked with whom, by the texts in a recording.
//!
//! Owns how a text is read that came from another time and machine: nothing that it names has to be here.

use std::ffi::OsString;
use std::ops::RangeInclusive;

use crate::document::Document;
use crate::message::fingerprint;
use crate::recording::contents::{RecordingError, Version};
use crate::recording::reader::Reader;
use crate::source::{Source, SourceMap};
use crate::topology::Neighbours;

/// What handlers change links with.
const CHANGES: [&str; 2] = ["bind(", "connect("];

/// What the texts say.
pub(super) struct Links {
    pub(super) neighbours: Neighbours,
    /// Whether they could be read.
    pub(super) are_known: bool,
    /// Whether no handler has a word by which it could change them.
    pub(super) are_fixed: bool,
}

/// The links of all versions that ran in these times, in nanoseconds since the epoch.
///
/// # Errors
///
/// When the texts cannot be read from the file.
pub(super) fn links(
    reader: &mut Reader,
    times: &RangeInclusive<u64>,
    lookup: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Links, RecordingError> {
    let mut links = Links { neighbours: Neighbours::default(), are_known: false, are_fixed: true };
    for version in running(reader.versions(), times) {
        let texts = reader.texts(&version)?;
        links.are_fixed &= !texts.values().any(|text| CHANGES.iter().any(|it| text.contains(it)));
        if let Some(text) = texts.get(&version.file) {
            links.neighbours.add(read(&version.file, text, lookup));
        }
    }
    links.are_known = links.neighbours.ports().next().is_some();
    Ok(links)
}

/// The versions that ran at these times: the last one before them, and those that came in them. A recording
/// may begin a little before its first text.
fn running(versions: &[Version], times: &RangeInclusive<u64>) -> Vec<Version> {
    let before = versions.iter().rposition(|version| version.at <= *times.start()).unwrap_or(0);
    let later = versions.iter().skip(before);
    later
        .enumerate()
        .filter(|(at, it)| *at == 0 || it.at <= *times.end())
        .map(|(_, it)| it.clone())
        .collect()
}

fn read(file: &str, text: &str, lookup: &dyn Fn(&str) -> Option<OsString>) -> Neighbours {
    let source = Source::new(file, text);
    let id = SourceMap::default().add(source.clone());
    let parse =
        |lookup: &dyn Fn(&str) -> Option<OsString>| Document::parse(id, &source, lookup).ok();
    let document = match parse(lookup) {
        // A variable that had a value then has the same at both ends of a link, whichever it was.
        Some(document) if !document.faults().is_empty() => {
            parse(&|name| lookup(name).or_else(|| Some(stand_in(name))))
        }
        document => document,
    };
    document.map(|document| Neighbours::as_far_as_written(&document)).unwrap_or_default()
}

/// A value for a variable that has none here; it can be a port as well.
fn stand_in(name: &str) -> OsString {
    (20_000 + fingerprint(&[name]) % 10_000).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Port;

    #[test]
    fn what_a_text_lacks_on_this_machine_is_no_reason_to_know_no_links() {
        let text = "
nodes:
  a: {role: push, bind: \"tcp://127.0.0.1:${PORT}\", read: {file: \"${GONE}\"}}
  b: {role: pull, connect: \"tcp://127.0.0.1:${PORT}\", script: gone.rhai}
  c: {role: pull, connect: \"tcp://127.0.0.1:${OTHER}\"}
";
        let found = read("/gone/t.yaml", text, &|_| None);
        let linked: Vec<&Port> = found.linked(&("a".to_owned(), "push".to_owned())).collect();
        assert_eq!(linked, [&("b".to_owned(), "pull".to_owned())]);
        for text in ["{", "", "- a", "nodes: 5"] {
            assert_eq!(read("t.yaml", text, &|_| None), Neighbours::default(), "{text}");
        }
    }

    #[test]
    fn versions_of_a_stretch_are_those_that_ran_in_it() {
        let version = |at| Version { generation: at, at, file: String::new() };
        let all: Vec<Version> = [10, 20, 30].map(version).into();
        for (times, want) in [
            (0..=5, &[10][..]),
            (0..=20, &[10, 20]),
            (12..=15, &[10]),
            (25..=99, &[20, 30]),
            (40..=50, &[30]),
        ] {
            let found: Vec<u64> = running(&all, &times).iter().map(|it| it.at).collect();
            assert_eq!(found, want, "{times:?}");
        }
        assert_eq!(running(&[], &(0..=5)).len(), 0);
    }
}
