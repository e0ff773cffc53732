//! Rename: what it touches stays clean.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zrig::load::load;

use super::client::{Client, applied, marked, uri};

/// A copy of what ships.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["topologies", "topologies/data", "scripts"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
        for entry in fs::read_dir(root.join(name)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, folder.path().join(name).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    folder
}

fn is_clean(path: &Path) -> bool {
    let loaded = load(path, &|_| None);
    loaded.topology.is_some() && loaded.diagnostics.is_empty()
}

/// Writes the edits of an answer, and tells what was there before.
fn write(changes: &Value) -> BTreeMap<PathBuf, String> {
    let mut before = BTreeMap::new();
    for (uri, edits) in changes["changes"].as_object().unwrap() {
        let path = PathBuf::from(uri.trim_start_matches("file://"));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, applied(&text, edits.as_array().unwrap())).unwrap();
        before.insert(path, text);
    }
    before
}

#[test]
fn every_node_and_socket_of_what_ships_can_be_renamed_and_all_stays_clean() {
    let folder = copy();
    let mut client = Client::start();
    let (mut nodes, mut sockets) = (0, 0);
    let mut topologies: Vec<PathBuf> = fs::read_dir(folder.path().join("topologies"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    topologies.sort();
    for path in topologies {
        assert!(is_clean(&path), "{}", path.display());
        let text = fs::read_to_string(&path).unwrap();
        client.open(&path, "zrig", &text);
        let asked = json!({"textDocument": {"uri": uri(&path)}});
        let symbols = client.request("textDocument/documentSymbol", &asked).unwrap();
        let mut named: Vec<(Value, &str)> = Vec::new();
        for node in symbols.as_array().unwrap() {
            named.push((node.clone(), "new-name"));
            nodes += 1;
            for child in node["children"].as_array().into_iter().flatten() {
                // A socket, not a handler.
                if child["kind"] == 11 {
                    named.push((child.clone(), "new_name"));
                    sockets += 1;
                }
            }
        }
        for (symbol, to) in named {
            let place = symbol["selectionRange"]["start"].clone();
            let params = json!({
                "textDocument": {"uri": uri(&path)}, "position": place, "newName": to,
            });
            let prepared = client.request("textDocument/prepareRename", &params).unwrap();
            assert_eq!(prepared["placeholder"], symbol["name"]);
            let changes = client.request("textDocument/rename", &params).unwrap();
            let before = write(&changes);
            let renamed = fs::read_to_string(&path).unwrap();
            let loaded = load(&path, &|_| None);
            assert!(is_clean(&path), "{}: {:#?}\n{renamed}", symbol["name"], loaded.diagnostics);
            assert!(renamed.contains(to));
            for (path, text) in before {
                fs::write(path, text).unwrap();
            }
        }
        client.close(&path);
    }
    println!("{nodes} nodes and {sockets} sockets renamed");
    assert!(nodes >= 40 && sockets >= 10, "{nodes} {sockets}");
}

const TOPOLOGY: &str = "\
nodes:
  desk:
    sockets:
      ask: {role: router, bind: 5575}
      jobs: {role: dealer, bind: 5576}
      news: {role: pub, bind: 5577}
    forward: {jobs: ask}
    timers: {late: 5s}
    params: {limit: 3}
    script: desk.rhai
  worker: {role: rep, connect: [desk.jobs, 'desk.jobs'], on_message: msg.text}
  reader: {role: sub, connect: desk.news, topics: all, on_message: print(msg.text)}
";
const SCRIPT: &str = "\
fn half(n) { n / 2 }
fn on_ask(msg) {
    // ask half
    send_to(\"jobs\", half(param(\"limit\")).to_string());
    publish(\"news\", 1000, \"jobs\");
    after(\"1s\", \"late\");
}
fn on_timer(name) { if name == \"late\" { send_to(\"news\", half(4)) } }
fn on_peer(peer) { if peer.socket == \"news\" { print(peer.event) } }
";

/// The texts after a rename at the `§` of one of them.
fn renamed(topology: &str, script: &str, to: &str) -> Result<(String, String), String> {
    let folder = tempfile::tempdir().unwrap();
    let (yaml, rhai) = (folder.path().join("desk.yaml"), folder.path().join("desk.rhai"));
    let in_script = script.contains('§');
    let (marked_text, _, (line, column)) = marked(if in_script { script } else { topology });
    let texts = if in_script {
        (topology.to_owned(), marked_text)
    } else {
        (marked_text, script.to_owned())
    };
    fs::write(&yaml, &texts.0).unwrap();
    fs::write(&rhai, &texts.1).unwrap();
    let mut client = Client::start();
    client.open(&yaml, "zrig", &texts.0);
    client.open(&rhai, "rhai", &texts.1);
    let mut params = Client::at(if in_script { &rhai } else { &yaml }, line, column);
    params["newName"] = json!(to);
    let answer = client.request("textDocument/rename", &params);
    let answer = answer.map_err(|error| error["message"].as_str().unwrap().to_owned())?;
    let edited = |path: &Path, text: &str| match answer["changes"][&uri(path)].as_array() {
        Some(edits) => applied(text, edits),
        None => text.to_owned(),
    };
    Ok((edited(&yaml, &texts.0), edited(&rhai, &texts.1)))
}

#[test]
fn a_name_is_changed_where_it_is_known_to_be_one_and_nowhere_else() {
    let (yaml, rhai) = renamed(&TOPOLOGY.replace("  desk:", "  de§sk:"), SCRIPT, "office").unwrap();
    assert!(yaml.contains("  office:\n") && yaml.contains("[office.jobs, 'office.jobs']"));
    assert!(yaml.contains("script: desk.rhai") && yaml.contains("connect: office.news"));
    assert_eq!(rhai, SCRIPT);
    let (yaml, rhai) =
        renamed(TOPOLOGY, &SCRIPT.replace("send_to(\"jobs", "send_to(\"jo§bs"), "work").unwrap();
    assert!(yaml.contains("work: {role: dealer") && yaml.contains("forward: {work: ask}"));
    assert!(yaml.contains("[desk.work, 'desk.work']"));
    assert!(rhai.contains("send_to(\"work\"") && rhai.contains("1000, \"jobs\""), "{rhai}");
    let (yaml, rhai) =
        renamed(&TOPOLOGY.replace("      news:", "      §news:"), SCRIPT, "wire").unwrap();
    assert!(yaml.contains("connect: desk.wire"));
    assert!(rhai.contains("publish(\"wire\"") && rhai.contains("send_to(\"wire\""), "{rhai}");
    assert!(rhai.contains("peer.socket == \"wire\""), "{rhai}");
    let (yaml, rhai) =
        renamed(&TOPOLOGY.replace("      ask:", "      a§sk:"), SCRIPT, "query").unwrap();
    assert!(rhai.contains("fn on_query(msg)") && rhai.contains("// ask half"), "{rhai}");
    assert!(yaml.contains("{jobs: query}"));
    let (yaml, rhai) = renamed(&TOPOLOGY.replace("limit:", "li§mit:"), SCRIPT, "most").unwrap();
    assert!(yaml.contains("{most: 3}") && rhai.contains("param(\"most\")"));
    let (_, rhai) = renamed(TOPOLOGY, &SCRIPT.replace("fn half", "fn ha§lf"), "halve").unwrap();
    assert_eq!(rhai.matches("halve(").count(), 3, "{rhai}");
    assert!(rhai.contains("// ask half"));
}

#[test]
fn a_place_is_renamed_with_the_nodes_that_are_on_it() {
    let places = "places:\n  edge: {address: 127.0.0.1}\n  hall: {address: 127.0.0.2}\n";
    let at = TOPOLOGY
        .replace("{role: rep,", "{on: ed§ge, role: rep,")
        .replace("  desk:", "  desk:\n    on: hall");
    let (yaml, _) = renamed(&format!("{places}{at}"), SCRIPT, "rim-1").unwrap();
    assert!(yaml.contains("  rim-1: {address") && yaml.contains("{on: rim-1, role"), "{yaml}");
    assert!(yaml.contains("on: hall"));
    let back = format!("{}{TOPOLOGY}", places.replace("hall", "ha§ll"))
        .replace("  desk:", "  desk:\n    on: hall");
    let (yaml, _) = renamed(&back, SCRIPT, "room").unwrap();
    assert!(yaml.contains("    on: room\n") && yaml.contains("  room: {address"), "{yaml}");
    assert!(renamed(&back, SCRIPT, "edge").unwrap_err().contains("already"));
}

#[test]
fn a_name_that_is_none_or_taken_is_refused() {
    let refused = |to| renamed(&TOPOLOGY.replace("  desk:", "  de§sk:"), SCRIPT, to).unwrap_err();
    assert!(refused("worker").contains("already"));
    assert!(refused("1st").contains("no name"));
    assert!(refused("a.b").contains("no name"));
    let nothing = renamed(&TOPOLOGY.replace("nodes:", "no§des:"), SCRIPT, "x").unwrap_err();
    assert!(nothing.contains("nothing that can be renamed"));
}
