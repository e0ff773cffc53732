//! What is told while somebody types is what `zrig check` says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::client::{Client, applied, topologies, uri};
use super::secrets;

/// A finding as both tell it: file, code, severity, lines and columns, message.
type Told = (String, String, u64, [u64; 4], String);

/// What `zrig check` says of files, by topology.
fn checked(paths: &[std::path::PathBuf]) -> Vec<(String, Told)> {
    let output = Command::new(env!("CARGO_BIN_EXE_zrig"))
        .args(["check", "--format", "json"])
        .args(paths)
        .envs(secrets::VARIABLES)
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| told_by_check(&serde_json::from_str(line).unwrap())).collect()
}

fn told_by_check(object: &Value) -> (String, Told) {
    let topology = object["topology"].as_str().unwrap().to_owned();
    let main = object["places"].as_array().unwrap().iter().find(|place| place["main"] == true);
    let file = main.map_or(topology.clone(), |main| main["file"].as_str().unwrap().to_owned());
    let place = main.map_or([0; 4], |main| {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let (start, end) = (place(&text, &main["start"]), place(&text, &main["end"]));
        [start.0, start.1, end.0, end.1]
    });
    let severity = match object["severity"].as_str().unwrap() {
        "error" => 1,
        "warning" => 2,
        _ => 4,
    };
    let message = object["message"].as_str().unwrap().to_owned();
    (topology, (file, object["code"].as_str().unwrap().to_owned(), severity, place, message))
}

/// Characters from 1 as UTF-16 from 0.
fn place(text: &str, place: &Value) -> (u64, u64) {
    let line = place["line"].as_u64().unwrap() - 1;
    let column = usize::try_from(place["column"].as_u64().unwrap() - 1).unwrap();
    let text = text.split('\n').nth(usize::try_from(line).unwrap()).unwrap_or_default();
    let before: String = text.chars().take(column).collect();
    (line, before.encode_utf16().count() as u64)
}

fn told_by_server(client: &Client) -> BTreeSet<Told> {
    let mut told = BTreeSet::new();
    for (uri, (_, diagnostics)) in &client.told {
        for diagnostic in diagnostics {
            let range = &diagnostic["range"];
            let number = |end: &str, name: &str| range[end][name].as_u64().unwrap();
            let place = [
                number("start", "line"),
                number("start", "character"),
                number("end", "line"),
                number("end", "character"),
            ];
            let message = diagnostic["message"].as_str().unwrap().lines().next().unwrap();
            told.insert((
                uri.trim_start_matches("file://").to_owned(),
                diagnostic["code"].as_str().unwrap().to_owned(),
                diagnostic["severity"].as_u64().unwrap(),
                place,
                message.to_owned(),
            ));
        }
    }
    told
}

#[test]
fn every_example_of_check_is_told_as_check_tells_it() {
    secrets::lock();
    let mut paths = topologies("tests/check");
    paths.extend(topologies("tests/sound"));
    paths.extend(topologies("topologies"));
    paths.extend(topologies("tests/check_tests"));
    let wanted = checked(&paths);
    let mut client = Client::start();
    let mut told = 0;
    for path in &paths {
        // The file itself may be no text at all.
        let Ok(text) = fs::read_to_string(path) else { continue };
        client.told.clear();
        client.open(path, "zrig", &text);
        client.diagnostics(path, 1);
        // What else is told of its scripts comes before any later answer.
        client
            .request("textDocument/documentSymbol", &json!({"textDocument": {"uri": uri(path)}}))
            .unwrap();
        let name = path.display().to_string();
        let want: BTreeSet<Told> =
            wanted.iter().filter(|(of, _)| *of == name).map(|(_, told)| told.clone()).collect();
        assert_eq!(told_by_server(&client), want, "{name}");
        told += want.len();
        client.close(path);
    }
    println!("{} files, {told} findings, each told alike", paths.len());
    assert!(paths.len() > 500 && told > 250, "{} {told}", paths.len());
    assert_eq!(client.logged, [""; 0]);
    assert_eq!(client.end(), Some(0));
}

#[test]
fn what_is_offered_as_a_fix_mends_what_it_is_offered_for() {
    secrets::lock();
    let mut client = Client::start();
    let mut mended = 0;
    for path in topologies("tests/check") {
        if path.to_str().unwrap().ends_with(".fixed.yaml") {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        client.told.clear();
        client.open(&path, "zrig", &text);
        for diagnostic in client.diagnostics(&path, 1) {
            let params = json!({
                "textDocument": {"uri": uri(&path)},
                "range": diagnostic["range"],
                "context": {"diagnostics": [diagnostic]},
            });
            let actions = client.request("textDocument/codeAction", &params).unwrap();
            for action in actions.as_array().unwrap() {
                assert_eq!(action["diagnostics"][0]["code"], diagnostic["code"], "{path:?}");
                let edits = action["edit"]["changes"][&uri(&path)].as_array().unwrap().clone();
                let changed = json!([{"text": applied(&text, &edits)}]);
                let version = client.change(&path, &changed);
                let after = client.diagnostics(&path, version);
                let is_gone = !after.iter().any(|it| {
                    it["code"] == diagnostic["code"] && it["message"] == diagnostic["message"]
                });
                assert!(is_gone, "{}: {action:#}\n{after:#?}", path.display());
                mended += 1;
                let version = client.change(&path, &json!([{"text": text}]));
                client.diagnostics(&path, version);
            }
        }
        client.close(&path);
    }
    println!("{mended} fixes mend what they are offered for");
    assert!(mended >= 60, "{mended}");
}

const TOPOLOGY: &str = "nodes:\n  a: {role: pull, bind: 5571, script: a.rhai}\n";

#[test]
fn a_script_that_is_edited_is_checked_with_the_topology_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let topology = folder.path().join("t/a.yaml");
    let script = folder.path().join("t/a.rhai");
    fs::create_dir(folder.path().join("t")).unwrap();
    fs::write(&topology, TOPOLOGY).unwrap();
    fs::write(&script, "fn on_message(msg) { print(msg.text) }\n").unwrap();
    let root = json!([{"uri": uri(folder.path()), "name": "root"}]);
    let mut client = Client::with(&json!({"capabilities": {}, "workspaceFolders": root}));
    client.open(&script, "rhai", "fn on_message(msg) { print(msg.tex) }\n");
    let told = client.diagnostics(&script, 1);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["code"], "ZR0210");
    assert_eq!(told[0]["source"], "zrig");
    assert!(told[0]["message"].as_str().unwrap().contains("help: did you mean `text`?"));
    let at = json!({"start": {"line": 0, "character": 34}, "end": {"line": 0, "character": 34}});
    let version = client.change(&script, &json!([{"range": at, "text": "t"}]));
    assert_eq!(client.diagnostics(&script, version), [Value::Null; 0]);
    // The script on disk would do for what the open topology says: what is open is what counts.
    client.change(&script, &json!([{"text": "fn on_message(msg) {\n"}]));
    client.open(&topology, "yaml", TOPOLOGY);
    client.diagnostics(&topology, 1);
    let told = client.diagnostics(&script, 3);
    assert_eq!(told.len(), 1, "{told:#?}");
    client.close(&script);
    client.close(&topology);
}

#[test]
fn the_other_places_of_a_finding_are_told_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let mut client = Client::start();
    client.open(
        &path,
        "zrig",
        "nodes:\n  a: {role: rep, bind: 5572}\n  a: {role: rep, bind: 5573}\n",
    );
    let told = client.diagnostics(&path, 1);
    let twice = told.iter().find(|it| it["relatedInformation"].is_array()).unwrap();
    assert_eq!(twice["relatedInformation"][0]["location"]["uri"], uri(&path));
}

#[test]
fn a_yaml_file_that_is_no_topology_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("compose.yaml");
    let mut client = Client::start();
    client.open(&path, "yaml", "services:\n  a: {image: x}\n");
    let symbols = json!({"textDocument": {"uri": uri(&path)}});
    assert!(client.request("textDocument/documentSymbol", &symbols).unwrap().is_null());
    client.change(&path, &json!([{"text": "nodes:\n  a: {rol: x}\n"}]));
    assert!(!client.diagnostics(&path, 2).is_empty());
    assert!(!Path::new(&path).exists());
}
