//! Formatting: idempotent, and never a change of what a file means.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use zrig::language::{format_script, format_topology};
use zrig::load::{Loaded, load};

use super::client::{Client, applied, topologies, uri};
use super::secrets;

fn lookup(name: &str) -> Option<std::ffi::OsString> {
    let mut known = secrets::VARIABLES.iter();
    known.find(|(known, _)| *known == name).map(|(_, value)| value.into())
}

/// What is said of a file, without where.
fn said(loaded: &Loaded) -> Vec<(String, String)> {
    let mut said: Vec<(String, String)> =
        loaded.diagnostics.iter().map(|it| (it.code.id().to_owned(), it.message.clone())).collect();
    said.sort();
    said
}

/// The same text with every line twice as far right, and blanks and blank lines put in.
fn wide(text: &str) -> String {
    let mut inside: Option<usize> = None;
    let mut out = String::from("\n");
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if inside.is_some_and(|indent_of| indent > indent_of || line.trim().is_empty()) {
            let more = inside.unwrap();
            out += &format!(
                "{}{line}\n",
                if line.is_empty() { String::new() } else { " ".repeat(more + 2) }
            );
            continue;
        }
        inside = None;
        out += &format!("{}{}\n", " ".repeat(indent), line);
        if line.trim_end().ends_with('|') {
            inside = Some(indent);
        }
    }
    out + "\n\n"
}

#[test]
fn every_topology_is_formatted_once_and_means_what_it_meant() {
    secrets::lock();
    let mut changed = 0;
    let mut paths = topologies("topologies");
    paths.extend(topologies("tests/sound"));
    paths.extend(topologies("tests/check"));
    for path in &paths {
        let Ok(text) = fs::read_to_string(path) else { continue };
        for text in [text.clone(), wide(&text)] {
            let Some(formatted) = format_topology(&text) else { continue };
            changed += 1;
            assert_eq!(format_topology(&formatted), None, "{}\n{formatted}", path.display());
            let comments = |text: &str| text.matches('#').count();
            assert_eq!(comments(&formatted), comments(&text), "{}", path.display());
            let load = |text: &str| zrig::load::load_text(path, text, &lookup);
            let (before, after) = (load(&text), load(&formatted));
            assert_eq!(said(&before), said(&after), "{}\n{formatted}", path.display());
        }
    }
    println!("{changed} texts formatted");
    assert!(changed > 400, "{changed}");
}

#[test]
fn what_ships_is_formatted_already() {
    let mut paths = topologies("topologies");
    paths.extend(topologies("topologies/guide"));
    for folder in ["scripts", "scripts/guide"] {
        let scripts = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        paths.extend(scripts.map(|entry| entry.unwrap().path()));
    }
    assert!(paths.len() > 70, "{}", paths.len());
    for path in paths.into_iter().filter(|path| path.is_file()) {
        let text = fs::read_to_string(&path).unwrap();
        let is_script = path.extension().is_some_and(|ending| ending == "rhai");
        let formatted = if is_script { format_script(&text) } else { format_topology(&text) };
        assert_eq!(formatted, None, "{}", path.display());
    }
}

#[test]
fn an_editor_gets_one_edit_for_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("a.yaml");
    let text = "nodes:\n    a:   # one\n        role: pull  \n        bind: 5574\n        on_message: |\n            // two\n            print(msg.text)\n";
    let mut client = Client::start();
    client.open(&path, "zrig", text);
    let options = json!({"textDocument": {"uri": uri(&path)}, "options": {"tabSize": 2, "insertSpaces": true}});
    let edits = client.request("textDocument/formatting", &options).unwrap();
    let formatted = applied(text, edits.as_array().unwrap());
    assert_eq!(
        formatted,
        "nodes:\n  a:   # one\n    role: pull\n    bind: 5574\n    on_message: |\n      // two\n      print(msg.text)\n"
    );
    client.change(&path, &json!([{"text": formatted}]));
    assert_eq!(client.request("textDocument/formatting", &options).unwrap(), json!([]));
    fs::write(&path, formatted).unwrap();
    assert_eq!(said(&load(&path, &lookup)), []);
}
