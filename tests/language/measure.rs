//! How long an editor waits with a thousand nodes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::Client;
use super::large::large;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
#[ignore = "a measurement: run it with --release and --nocapture"]
fn a_thousand_nodes_are_checked_and_completed_within_fifty_milliseconds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.yaml");
    let text = large(1_000);
    let mut client = Client::start();
    let start = Instant::now();
    client.open(&path, "zrig", &text);
    assert_eq!(client.diagnostics(&path, 1), [Value::Null; 0]);
    println!("1,000 nodes, {} KiB: opened and checked in {:?}", text.len() >> 10, start.elapsed());
    let line = text[..text.find("worker50-4:").unwrap()].matches('\n').count();
    let (mut in_line, mut new_line, mut completed, mut hovered) = (vec![], vec![], vec![], vec![]);
    for round in 0..20 {
        // A letter in a handler, and back again.
        for (text, to) in [("y", 14), ("", 15)] {
            let range = json!({"start": {"line": line + 9 + round, "character": 14}, "end": {"line": line + 9 + round, "character": if text.is_empty() { to } else { 14 }}});
            let start = Instant::now();
            let version = client.change(&path, &json!([{"range": range, "text": text}]));
            client.diagnostics(&path, version);
            in_line.push(start.elapsed());
        }
        // A line above all nodes, which moves them.
        let at = json!({"line": 1, "character": 0});
        let start = Instant::now();
        let version = client.change(
            &path,
            &json!([{"range": {"start": at, "end": at}, "text": format!("# {round}\n")}]),
        );
        assert_eq!(client.diagnostics(&path, version), [Value::Null; 0]);
        new_line.push(start.elapsed());
        let start = Instant::now();
        let place = Client::at(&path, line + 5 + round, 46);
        assert!(client.request("textDocument/completion", &place).unwrap().is_array());
        completed.push(start.elapsed());
        let start = Instant::now();
        client.request("textDocument/hover", &place).unwrap();
        hovered.push(start.elapsed());
    }
    let medians = [in_line, new_line, completed, hovered].map(median);
    println!(
        "medians: {:?} from an edit in a handler to its diagnostics, {:?} from a new line above all \
         nodes, {:?} completion, {:?} hover",
        medians[0], medians[1], medians[2], medians[3]
    );
    assert!(medians.iter().all(|median| median.as_millis() < 50), "{medians:?}");
}
