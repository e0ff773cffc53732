//! `persist` comes, changes and goes while a node runs, and nothing of its state is lost.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::edited::{Edited, notes};
use crate::support::{Zrig, eventually};

/// A counter with more keys.
fn counts(keys: &str) -> String {
    format!(
        "
nodes:
  counter:
    role: push
    connect: 5
    every: 5ms
    on_start: this.n = this.n ?? 0; print(`begins with ${{this.n}}`)
    on_tick: this.n += 1; ()
    on_stop: print(`ends with ${{this.n}}`)
    {keys}
"
    )
}

fn kept(path: &Path) -> Option<u64> {
    let state: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).unwrap();
    state["n"].as_u64()
}

#[test]
fn it_comes_changes_and_goes_while_the_node_runs() {
    let mut edited = Edited::of(Zrig::of(&counts("")).with("b.json", "{\"n\": 1000000}"));
    let [a, b] = ["a.json", "b.json"].map(|name| edited.run.path(name));
    for (keys, path, why) in [
        ("persist: a.json", &a, "the state that runs is kept there; what the file held goes"),
        ("persist: b.json", &b, "the state that runs is kept there; what the file held goes"),
    ] {
        let receipt = edited.apply(&counts(keys));
        let change = &receipt["nodes"][0]["changes"][0];
        assert_eq!((&change["what"], &change["how"]), (&"persist".into(), &"live".into()));
        assert_eq!(change["why"], why);
        eventually("the state that runs is kept", || kept(path).is_some_and(|n| n < 1_000_000));
        let before = kept(path);
        eventually("and goes on", || kept(path) > before);
    }
    let in_a = kept(&a).unwrap();
    let receipt = edited.apply(&counts(""));
    assert_eq!(receipt["nodes"][0]["changes"][0]["why"], "the file stays with the last version");
    let ending = edited.stop();
    let said = ending.text();
    let last = said.split("ends with ").nth(1).and_then(|n| n.split_whitespace().next());
    let last: u64 = last.expect(&said).parse().unwrap();
    let [stayed_a, stayed_b] = [&a, &b].map(|path| kept(path).unwrap());
    assert_eq!(stayed_a, in_a, "the first file stays as it was");
    assert!(in_a < stayed_b && stayed_b < last, "{in_a} in the first, {stayed_b} of {last} here");
}

#[test]
fn a_node_that_moves_or_is_copied_keeps_its_state_and_its_file() {
    let mut edited = Edited::start(&counts("persist: a.json"));
    let path = |name: &str| edited.run.path(name);
    let [a, first, second] = ["a.json", "a.1.json", "a.2.json"].map(path);
    eventually("it is kept", || kept(&a).is_some_and(|n| n > 50));
    for keys in ["persist: a.json\n    isolate: true", "persist: a.json\n    hwm: 50"] {
        let before = kept(&a);
        let receipt = edited.apply(&counts(keys));
        assert_eq!(notes(&receipt), "", "{receipt:#}");
        assert!(kept(&a) >= before);
        eventually("it goes on", || kept(&a) > before);
    }
    edited.apply(&counts("persist: a.json\n    replicas: 2"));
    let before = kept(&a);
    eventually("the first copy goes on", || kept(&first) > before);
    eventually("the second begins", || kept(&second).is_some());
    let ending = edited.stop();
    assert_eq!(ending.times("begins with 0"), 2, "{}", ending.text());
}

#[test]
fn a_file_that_is_no_state_rejects_the_edit_and_stays_as_it_is() {
    let mut edited = Edited::of(Zrig::of(&counts("")).with("b.json", "my notes"));
    edited.save(&counts("persist: b.json"));
    let receipt = edited.receipt();
    assert_eq!(receipt["verdict"], "rolled-back", "{receipt:#}");
    edited.run.says("expected value at line 1 column 1; mend it, or move it away");
    assert_eq!(fs::read_to_string(edited.run.path("b.json")).unwrap(), "my notes");
    edited.stop();
}
