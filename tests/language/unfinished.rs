//! Texts that somebody is still writing: every beginning of a file has its answers.

use std::fs;
use std::path::Path;

use serde_json::json;
use zrig::language::{
    File, Project, complete, definition, format_script, format_topology, hover, references, symbols,
};

use super::client::{Client, topologies};

/// Asks everything of the end of a text.
fn ask(topology: &str, script: &str, path: &str, byte: usize) {
    let files = [
        File { path: Path::new("/t/a.yaml"), text: topology },
        File { path: Path::new("/t/a.rhai"), text: script },
    ];
    let project = Project { topology: Some(files[0]), scripts: vec![files[1]] };
    let path = Path::new(path);
    let _ = complete(&project, path, byte);
    let _ = hover(&project, path, byte);
    let _ = definition(&project, path, byte);
    let _ = references(&project, path, byte);
    let _ = symbols(&project, path);
}

const TOPOLOGY: &str = "nodes:\n  a:\n    sockets:\n      ä: {role: \"pull\", bind: ['tcp://*:5', 6]}\n    forward: {ä: b}\n    on_start: |\n      send_to(\"ä\", `${msg.text} 𝄞`);\n    on_b: 'it''s \"x\"'\n    on_c: \"a\\\"b\\n\"\n  b: {<<: *x, connect: a.ä, params: {p: &x 1}}\n";
const SCRIPT: &str = "import \"u\" as u; /* ä */\nfn on_ä(m) { `a${m.text + `b${1}`}c`; this.x = u::f(#{a: 1}, #\"r\"#); }\n";

#[test]
fn nothing_panics_at_any_place_of_any_beginning() {
    for end in (0..=TOPOLOGY.len()).filter(|&end| TOPOLOGY.is_char_boundary(end)) {
        let text = &TOPOLOGY[..end];
        ask(text, SCRIPT, "/t/a.yaml", end);
        let _ = format_topology(text);
        for byte in (0..=end).step_by(7) {
            ask(text, SCRIPT, "/t/a.yaml", byte);
        }
    }
    for end in (0..=SCRIPT.len()).filter(|&end| SCRIPT.is_char_boundary(end)) {
        let text = &SCRIPT[..end];
        ask("nodes:\n  a: {script: a.rhai, role: pull, bind: 1}\n", text, "/t/a.rhai", end);
        let _ = format_script(text);
        for byte in (0..=end).step_by(5) {
            ask(TOPOLOGY, text, "/t/a.rhai", byte);
        }
    }
}

#[test]
fn nothing_panics_at_the_end_of_any_beginning_of_what_ships() {
    let mut asked = 0;
    for path in topologies("topologies") {
        let text = fs::read_to_string(&path).unwrap();
        for end in (0..=text.len()).filter(|&end| text.is_char_boundary(end)).step_by(5) {
            ask(&text[..end], SCRIPT, "/t/a.yaml", end);
            asked += 1;
        }
    }
    println!("{asked} beginnings");
    assert!(asked > 2_000, "{asked}");
}

#[test]
fn a_file_that_is_typed_is_answered_at_every_letter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let mut client = Client::start();
    client.open(&path, "zrig", "");
    let text =
        "nodes:\n  a:\n    role: rep\n    bind: 5595\n    on_message: |\n      `${msg.text} ä𝄞`\n";
    let (mut line, mut column) = (0, 0);
    let mut version = 1;
    for c in text.chars() {
        let at = json!({"line": line, "character": column});
        version = client
            .change(&path, &json!([{"range": {"start": at, "end": at}, "text": c.to_string()}]));
        if c == '\n' {
            (line, column) = (line + 1, 0);
        } else {
            column += c.len_utf16();
        }
        let answer = client.request("textDocument/completion", &Client::at(&path, line, column));
        assert!(answer.unwrap().is_array());
    }
    assert_eq!(client.diagnostics(&path, version), [serde_json::Value::Null; 0]);
    assert_eq!(client.logged, [""; 0]);
    assert_eq!(client.end(), Some(0));
}
