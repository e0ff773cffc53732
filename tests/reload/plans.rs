//! `zrig plan`: what a reload would do, as text and as JSON.

use std::process::Command;

use serde_json::{Value, json};

fn plan(old: &str, new: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("old.yaml"), folder.path().join("new.yaml"));
    std::fs::write(&from, old).unwrap();
    std::fs::write(&to, new).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_zrig"))
        .arg("plan")
        .args([&from, &to])
        .args(more)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const OLD: &str = "
nodes:
  station: {role: pub, bind: 5556, every: 1s, on_tick: 'publish(1000, 1)'}
  display: {role: sub, connect: station, msgids: [1000], hwm: 100}
  gone: {role: pull, bind: 5557}
  same: {role: rep, bind: 5558}
";
const NEW: &str = "
nodes:
  station: {role: pub, bind: [5556, 5566], every: 2s, on_tick: 'publish(1000, 2)'}
  display: {role: sub, connect: station, msgids: [1001], hwm: 50}
  same: {role: rep, bind: 5558}
  new: {role: pull, bind: 5559}
";

#[test]
fn a_plan_is_printed_node_by_node_with_how_and_why() {
    let (status, text, errors) = plan(OLD, NEW, &[]);
    assert_eq!(status, Some(0), "{errors}");
    for line in ["~ station", "~ display", "= same", "+ new", "- gone"] {
        assert!(text.lines().any(|known| known == line), "no {line:?} in\n{text}");
    }
    for (what, how) in [
        ("handlers", "live"),
        ("every", "live"),
        ("+ bind tcp://127.0.0.1:5566", "connections change"),
        ("hwm.receive 100 → 50", "new socket"),
        ("subscribe 1001", "live"),
        ("unsubscribe 1000", "live"),
    ] {
        let line = text.lines().find(|line| line.contains(what));
        let line = line.unwrap_or_else(|| panic!("no {what:?} in\n{text}"));
        assert!(line.contains(&format!("[{how}: ")), "{line}");
    }
}

#[test]
fn a_zap_handler_that_comes_replaces_the_sockets_that_let_peers_in_without() {
    let keys = "curve_server: true, curve_secretkey: 'fT*k^N9sH0O@@+:He)#OAVWnx2I>B/BS]G:)Lgr?'";
    let servers = format!(
        "nodes:
  open: {{role: pull, bind: 5556, options: {{{keys}}}}}
  yields: {{role: pull, bind: 5557, options: {{zap_domain: home, zap_enforce_domain: false}}}}
  closed: {{role: pull, bind: 5558, options: {{{keys}, zap_domain: home}}}}
  words: {{role: pull, bind: 5559, options: {{plain_server: true}}}}
  asks: {{role: pull, bind: 5560, options: {{{keys}, zap_enforce_domain: true}}}}
  other: {{role: pull, bind: 5561}}
"
    );
    let guarded = format!("{servers}  guard: {{role: rep, bind: 'inproc://zeromq.zap.01'}}\n");
    let (_, text, errors) = plan(&servers, &guarded, &[]);
    let of = |node: &str| {
        let from = text.find(&format!(" {node}\n")).unwrap_or_else(|| panic!("{text}\n{errors}"));
        text[from..].lines().nth(1).unwrap_or_default().to_owned()
    };
    for node in ["open", "yields"] {
        assert!(of(node).contains("asks the ZAP handler  [new socket: "), "{text}");
    }
    for node in ["closed", "words"] {
        assert!(of(node).contains("asks the ZAP handler  [live: "), "{text}");
    }
    assert!(text.contains("= asks\n") && text.contains("= other\n"), "{text}");
    // Who was let in by a handler stays when it goes.
    let (_, text, _) = plan(&guarded, &servers, &[]);
    assert!(text.contains("no longer asks a ZAP handler  [live: "), "{text}");
    assert!(!text.contains("[new socket"), "{text}");
}

#[test]
fn a_plan_as_json_says_the_same() {
    let (status, text, errors) = plan(OLD, NEW, &["--format", "json"]);
    assert_eq!(status, Some(0), "{errors}");
    let nodes: Vec<Value> = serde_json::from_str(&text).unwrap();
    let signs: Vec<String> = nodes
        .iter()
        .map(|node| format!("{}{}", node["sign"].as_str().unwrap(), node["node"].as_str().unwrap()))
        .collect();
    assert_eq!(signs, ["~station", "~display", "=same", "+new", "-gone"]);
    let changes = nodes[1]["changes"].as_array().unwrap();
    let rebuild = changes.iter().find(|change| change["how"] == "rebuild").unwrap();
    assert_eq!(rebuild["socket"], "sub");
    let pauses: Vec<_> = nodes.iter().map(|node| node["pause"].as_str()).collect();
    assert_eq!(pauses, [Some("held"), Some("held"), None, None, Some("after-answering")]);
    assert_eq!((&nodes[3]["begins"], &nodes[4]["ends"]), (&json!(["new"]), &json!(["gone"])));
    assert!(rebuild["why"].as_str().is_some_and(|why| !why.is_empty()));
}

#[test]
fn a_faulty_file_has_no_plan() {
    let (status, text, errors) = plan(OLD, "nodes: {a: {role: pul, bind: 5}}", &[]);
    assert_eq!((status, text.as_str()), (Some(2), ""));
    assert!(errors.contains("pul"), "{errors}");
}
