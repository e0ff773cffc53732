//! The corpora of `zrig check`: faulty files with what is said of them, the same files mended, and
//! sound ones of which nothing may be said. Owns that there is one for every code.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "check/edges.rs"]
mod edges;
#[path = "check/large.rs"]
mod large;
#[path = "check/secrets.rs"]
mod secrets;
#[path = "check/test_files.rs"]
mod test_files;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use zrig::cli::{Look, draw};
use zrig::diagnostic::Code;
use zrig::load::{Loaded, load};

const PLAIN: Look = Look::Full { colours: false };

/// The topologies of a folder, by their paths relative to the repository.
fn topologies(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter(|path| !path.to_str().unwrap().ends_with(".test.yaml"))
        .collect();
    paths.sort();
    paths
}

fn is_mended(path: &Path) -> bool {
    path.to_str().unwrap().ends_with(".fixed.yaml")
}

/// What the examples take from the environment.
fn variable(name: &str) -> Option<std::ffi::OsString> {
    let mut known = secrets::VARIABLES.iter();
    known.find(|(known, _)| *known == name).map(|(_, value)| value.into())
}

fn loaded(path: &Path) -> Loaded {
    secrets::lock();
    load(path, &variable)
}

fn assert_clean(path: &Path) {
    let loaded = loaded(path);
    assert_eq!(draw(&loaded.diagnostics, &loaded.sources, PLAIN), "", "{}", path.display());
    assert!(loaded.topology.is_some());
}

#[test]
fn every_faulty_file_has_its_one_fault_told_and_is_clean_once_mended() {
    let faulty: Vec<PathBuf> =
        topologies("tests/check").into_iter().filter(|path| !is_mended(path)).collect();
    assert!(faulty.len() >= 90, "{}", faulty.len());
    let mut codes = BTreeSet::new();
    for path in &faulty {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let loaded = loaded(path);
        assert_eq!(loaded.diagnostics.len(), 1, "{name}: {:#?}", loaded.diagnostics);
        let fault = &loaded.diagnostics[0];
        assert_eq!(loaded.topology.is_none(), fault.is_error(), "{name}");
        assert!(fault.help.is_some(), "{name} says what to do");
        codes.insert(fault.code);
        let told = draw(&loaded.diagnostics, &loaded.sources, PLAIN);
        insta::with_settings!({
            snapshot_path => "check",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name, told);
        });
        assert_clean(&path.with_extension("fixed.yaml"));
    }
    codes.extend(test_files::assert_told());
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !codes.contains(code)).collect();
    assert!(missing.is_empty(), "without an example: {missing:?}");
}

#[test]
fn nothing_is_said_of_sound_topologies() {
    let sound = topologies("tests/sound");
    assert!(sound.len() >= 60, "{}", sound.len());
    let guide = topologies("topologies/guide");
    assert!(guide.len() >= 40, "{}", guide.len());
    for path in sound.iter().chain(&topologies("topologies")).chain(&guide) {
        assert_clean(path);
    }
}

/// A fix that a finding offers mends it.
#[test]
fn what_is_offered_as_the_corrected_text_mends_the_fault() {
    for path in topologies("tests/check").into_iter().filter(|path| !is_mended(path)) {
        let loaded = loaded(&path);
        let fault = &loaded.diagnostics[0];
        let Some(fix) = &fault.fix else { continue };
        let source = loaded.sources.get(fix.span.source);
        if source.path() != path {
            continue;
        }
        let mut text = source.text().to_string();
        text.replace_range(fix.span.start..fix.span.end, &fix.replacement);
        let folder = tempfile::tempdir().unwrap();
        let mended = folder.path().join("mended.yaml");
        fs::write(&mended, &text).unwrap();
        let after = load(&mended, &variable);
        let is_gone = !after
            .diagnostics
            .iter()
            .any(|other| other.code == fault.code && other.message == fault.message);
        assert!(is_gone, "{}\n{text}", path.display());
    }
}

#[test]
#[ignore = "a measurement: run it with --release and --nocapture"]
#[allow(clippy::print_stderr, reason = "tells the figure")]
fn a_thousand_nodes_are_checked_in_a_fifth_of_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.yaml");
    fs::write(&path, large::large(1_000)).unwrap();
    assert_clean(&path);
    let mut times: Vec<std::time::Duration> = (0..9)
        .map(|_| {
            let start = std::time::Instant::now();
            assert!(loaded(&path).topology.is_some());
            start.elapsed()
        })
        .collect();
    times.sort();
    eprintln!("1,000 nodes: median {:?}, worst {:?}", times[4], times[8]);
    assert!(times[4].as_millis() < 200, "{times:?}");
}
