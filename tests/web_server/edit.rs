//! The file in the page: seen, checked, planned and saved, and by whom not.

use std::fs;

use serde_json::{Value, json};

use crate::page::Page;
use crate::support::Zrig;

const STATION: &str = "
name: weather
nodes:
  station: {role: pub, bind: 'tcp://127.0.0.1:*', every: 10ms, script: station.rhai}
  display: {role: sub, connect: station, msgids: [1000], hwm: 100, on_message: 'count(\"got\")'}
";
const SCRIPT: &str = "fn on_tick() { publish(1000, \"ä\"); }\n";

fn page<const N: usize>(arguments: [&str; N]) -> Page {
    Page::with(Zrig::of(STATION).with("station.rhai", SCRIPT).arguments(arguments))
}

/// The files: their paths, and what tells their texts apart.
fn files(page: &Page) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let files = page.json("/api/files");
    files
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (text(&file["path"]), text(&file["hash"])))
        .collect()
}

#[test]
fn the_files_of_a_run_are_shown_and_unsaved_texts_checked() {
    let page = page([]);
    let files = page.json("/api/files");
    let kinds: Vec<&Value> = files.as_array().unwrap().iter().map(|file| &file["kind"]).collect();
    assert_eq!(kinds, ["topology", "script"]);
    assert_eq!(
        (&files[0]["path"], &files[1]["path"]),
        (&json!("topology.yaml"), &json!("station.rhai"))
    );
    assert_eq!((&files[1]["text"], &files[1]["editable"]), (&json!(SCRIPT), &json!(false)));
    let script = files[1]["path"].as_str().unwrap();
    let sound = page.post("/api/check", &json!({"files": {}}));
    assert_eq!(sound, (200, json!({"diagnostics": []})));
    let faulty = json!({"files": {script: "fn on_tick() {\n  let ä = ;\n}"}});
    let (status, told) = page.post("/api/check", &faulty);
    assert_eq!(status, 200);
    let fault = &told["diagnostics"][0];
    assert_eq!((&fault["severity"], &fault["path"]), (&json!("error"), &json!(script)), "{told}");
    assert_eq!(fault["from"]["line"], 2, "{told}");
    assert_eq!(page.post("/api/check", &json!({"more": 1})).0, 422);
    // Nothing was written by any of it.
    assert_eq!(fs::read_to_string(page.run.path(script)).unwrap(), SCRIPT);
    let edit = json!({"files": {script: {"text": "", "hash": files[1]["hash"]}}});
    assert_eq!(page.post("/api/apply", &edit).0, 403);
    page.run.stop();
}

#[test]
fn what_fits_a_place_and_what_a_word_means_is_told_of_a_text_that_is_not_saved() {
    let page = page([]);
    let topology = files(&page).remove(0).0;
    let text = "nodes:\n  ä:\n    role: pub\n    hw";
    let end = text.encode_utf16().count();
    let place = json!({"path": topology, "text": text, "offset": end});
    let (status, told) = page.post("/api/complete", &place);
    let items = told["items"].as_array().unwrap();
    let hwm = items.iter().find(|item| item["label"] == "hwm").unwrap();
    assert_eq!((status, &hwm["from"], &hwm["kind"]), (200, &json!(end - 2), &json!("property")));

    let role = text.find("role").unwrap() - 1;
    let place = json!({"path": topology, "text": text, "offset": role});
    let (status, told) = page.post("/api/hover", &place);
    assert_eq!((status, &told["from"], &told["to"]), (200, &json!(role), &json!(role + 4)));
    assert!(told["markdown"].as_str().unwrap().contains("pub"), "{told}");

    let other = json!({"path": "/etc/passwd", "text": "", "offset": 0});
    assert_eq!(page.post("/api/hover", &other).0, 422);
}

#[test]
fn what_a_save_would_do_is_told_node_by_node() {
    let page = page([]);
    let (file, _) = files(&page).remove(0);
    let (status, told) =
        page.post("/api/plan", &json!({"files": {&file: STATION.replace("hwm: 100", "hwm: 200")}}));
    assert_eq!(status, 200);
    let plan = told["plan"].as_array().unwrap();
    let sign = |name: &str| &plan.iter().find(|node| node["node"] == name).unwrap()["sign"];
    assert_eq!((sign("station"), sign("display")), (&json!("="), &json!("~")), "{told}");
    let (_, told) = page.post("/api/plan", &json!({"files": {&file: "nodes: 1"}}));
    assert_eq!(told["plan"], Value::Null);
    assert!(!told["diagnostics"].as_array().unwrap().is_empty());
    page.run.stop();
}

#[test]
fn an_edit_is_saved_whole_or_not_at_all_and_its_receipt_comes() {
    let page = page(["--edit"]);
    assert_eq!(page.json("/api/run")["edit"], true);
    let mut stream = page.follow("/api/stream");
    let [(file, hash), (script, script_hash)] = files(&page).try_into().unwrap();
    let edit = |text: &str, hash: &str| json!({"files": {&file: {"text": text, "hash": hash}}});
    let better = STATION.replace("10ms", "20ms");

    let (status, told) =
        page.post("/api/apply", &edit(&STATION.replace("role: sub", "role: sob"), &hash));
    assert_eq!(status, 422);
    assert_eq!(told["diagnostics"][0]["severity"], "error", "{told}");
    let saved = || fs::read_to_string(page.run.path(&file)).unwrap();
    assert_eq!(saved(), STATION, "nothing was written");

    let both = json!({"files": {
        &file: {"text": better, "hash": hash},
        &script: {"text": "fn on_tick() { publish(1000, \"b\"); }\n", "hash": script_hash},
    }});
    let (status, told) = page.post("/api/apply", &both);
    assert_eq!((status, told["saved"].as_array().unwrap().len()), (200, 2), "{told}");
    assert_eq!(told["watched"], true);
    let receipt = stream.until("reloaded", |_| true);
    assert_eq!((&receipt["verdict"], &receipt["generation"]), (&json!("applied"), &json!(2)));
    assert_eq!(saved(), better);

    // Another one had it open before.
    let (status, told) = page.post("/api/apply", &edit(STATION, &hash));
    assert_eq!(status, 409);
    let conflict = &told["conflicts"][0];
    assert_eq!(
        (&conflict["text"], &conflict["yours"]),
        (&json!(better), &json!(STATION)),
        "{told}"
    );
    let other = json!({"files": {"/etc/passwd": {"text": "", "hash": ""}}});
    assert_eq!(page.post("/api/apply", &other).0, 422);
    page.run.stop();
}

#[test]
fn a_run_that_does_not_watch_has_to_be_told() {
    let page = page(["--edit", "--no-watch"]);
    assert_eq!(page.json("/api/run")["watched"], false);
    let (file, hash) = files(&page).remove(0);
    let edit = json!({"files": {file: {"text": STATION.replace("10ms", "20ms"), "hash": hash}}});
    let (status, told) = page.post("/api/apply", &edit);
    assert_eq!((status, &told["watched"]), (200, &json!(false)), "{told}");
    assert_eq!(told["tell"], format!("kill -HUP {}", page.run.id()));
    page.run.stop();
}
