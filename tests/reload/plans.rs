//! `zrig plan`: what a reload would do, as text and as JSON.

use std::process::Command;

use serde_json::Value;

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
        ("+ bind tcp://127.0.0.1:5566", "re-attach"),
        ("hwm.receive 100 → 50", "rebuild"),
        ("subscribe 1001", "live"),
        ("unsubscribe 1000", "live"),
    ] {
        let line = text.lines().find(|line| line.contains(what));
        let line = line.unwrap_or_else(|| panic!("no {what:?} in\n{text}"));
        assert!(line.contains(&format!("[{how}: ")), "{line}");
    }
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
    assert!(rebuild["why"].as_str().is_some_and(|why| !why.is_empty()));
}

#[test]
fn a_faulty_file_has_no_plan() {
    let (status, text, errors) = plan(OLD, "nodes: {a: {role: pul, bind: 5}}", &[]);
    assert_eq!((status, text.as_str()), (Some(2), ""));
    assert!(errors.contains("pul"), "{errors}");
}
