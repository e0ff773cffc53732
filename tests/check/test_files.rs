//! The corpus of test files: faulty ones with what is said of them, and the same files mended.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use zrig::cli::draw;
use zrig::diagnostic::Code;
use zrig::load::{LoadedTests, load_tests};

const FOLDER: &str = "tests/check_tests";

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.to_str().unwrap().ends_with(".test.yaml")).collect();
    files.sort();
    files
}

fn name_of(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap().strip_suffix(".test.yaml").unwrap()
}

/// The faulty ones.
fn faulty() -> Vec<PathBuf> {
    let mut files = files();
    files.retain(|path| !name_of(path).ends_with(".fixed"));
    files
}

fn loaded(path: &Path) -> LoadedTests {
    load_tests(path, &super::variable)
}

/// That each has its one fault told and is clean once mended; the codes that were told.
pub(crate) fn assert_told() -> BTreeSet<Code> {
    let faulty = faulty();
    assert!(faulty.len() >= 30, "{}", faulty.len());
    let mut codes = BTreeSet::new();
    for path in &faulty {
        let name = name_of(path);
        let found = loaded(path);
        let told = draw(&found.diagnostics, &found.sources, super::PLAIN);
        assert_eq!(found.diagnostics.len(), 1, "{name}:\n{told}");
        let fault = &found.diagnostics[0];
        assert_eq!(found.file.is_none(), fault.is_error(), "{name}");
        assert!(fault.help.is_some(), "{name} says what to do");
        codes.insert(fault.code);
        insta::with_settings!({
            snapshot_path => "../check_tests",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name, told);
        });
        let mended = loaded(&path.with_file_name(format!("{name}.fixed.test.yaml")));
        assert_eq!(draw(&mended.diagnostics, &mended.sources, super::PLAIN), "", "{name}");
        assert!(mended.file.is_some() && mended.topology.is_some(), "{name}");
    }
    codes
}

#[test]
fn what_is_offered_as_the_corrected_text_of_a_test_file_mends_it() {
    let mut offered = 0;
    for path in faulty() {
        let found = loaded(&path);
        let Some(fix) = &found.diagnostics[0].fix else { continue };
        let source = found.sources.get(fix.span.source);
        assert_eq!(source.path(), path);
        let mut text = source.text().to_string();
        text.replace_range(fix.span.start..fix.span.end, &fix.replacement);
        let mended = zrig::load::load_tests_text(&path, &text, &super::variable);
        let told = draw(&mended.diagnostics, &mended.sources, super::PLAIN);
        assert_eq!(told, "", "{text}");
        offered += 1;
    }
    assert!(offered >= 9, "{offered}");
}
