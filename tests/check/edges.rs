//! What is said of topologies that differ in one value each, on either side of where a rule begins.
//!
//! Owns the file of these cases. Never says why a finding is wanted: its own example does.

use std::fmt::Write;
use std::fs;

use zrig::cli::{Look, draw};

use super::loaded;

#[test]
fn what_is_unwise_is_told_up_to_its_edges_and_not_beyond() {
    let cases = fs::read_to_string("tests/check/edges.txt").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.yaml");
    let mut told = String::new();
    for case in cases.split("\n----\n") {
        fs::write(&path, case).unwrap();
        let loaded = loaded(&path);
        let findings = draw(&loaded.diagnostics, &loaded.sources, Look::Short);
        let findings = findings.replace(&format!("{}/", folder.path().display()), "");
        writeln!(told, "{}\n{findings}----", case.trim_end()).unwrap();
    }
    insta::with_settings!({
        snapshot_path => "",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("edges", told);
    });
}
