//! `zrig recording FILE --format sequence`, `svg`, `mermaid` and `--picture`: a real run as messages over time.

use std::fs;

use crate::client::Desk;
use crate::recording::{recording, texts};
use crate::support::{Zrig, eventually, free_port};

/// A desk that is asked by a node of its own and by somebody outside, whose words are hostile, recorded.
fn asked(desk: &Desk) -> (Zrig, u16) {
    let port = free_port();
    let zrig = Zrig::of(&format!(
        "
name: asked
nodes:
  desk: {{role: router, bind: {port}, on_message: 'if msg.text.contains(\"<\") {{ throw \"too <b>bold</b>\" }} \"got \" + msg.text'}}
  asker: {{role: req, connect: desk, every: 20ms, on_tick: 'this.n = (this.n ?? 0) + 1; send(`ask ${{this.n}}`)'}}
"
    ));
    (zrig.environment("XDG_RUNTIME_DIR", desk.path().display()), port)
}

#[test]
fn a_recorded_run_is_drawn_with_each_message_once_and_who_is_outside() {
    let desk = Desk::new();
    let (zrig, port) = asked(&desk);
    let file = zrig.path("r.mcap");
    let run = desk.start(zrig.arguments(["--record", file.to_str().unwrap()]));
    eventually("the first have been answered", || {
        recording(&file, []).status == Some(0)
            && texts(&file).get("asker.req in").is_some_and(|texts| texts.len() > 60)
    });
    let outside = Zrig::of(&format!(
        "nodes: {{c: {{role: dealer, connect: {port}, identity: c9, on_start: 'send(\"hello\"); send(\"</text><script>\\u202e\\x1b[31m\")'}}}}"
    ));
    let outside = outside.environment("XDG_RUNTIME_DIR", desk.path().display()).start();
    run.says("too <b>bold</b>");
    let _endings = [outside.stop(), run.stop()];

    let drawn = recording(&file, ["--format", "sequence"]).well();
    for wanted in ["ask 1", "got ask 1"] {
        let said = drawn.lines().map(|line| line.rsplit('│').next().unwrap_or_default().trim());
        // A busy machine makes the way a long one, which is said.
        let said = said.map(|said| said.split("  (").next().unwrap_or_default());
        assert_eq!(said.filter(|said| *said == wanted).count(), 1, "{wanted}: {drawn}");
    }
    assert!(!drawn.contains("has not arrived") && !drawn.contains('?'), "{drawn}");

    let outside = recording(&file, ["--format", "sequence", "--node", "desk"]);
    let outside = outside.well();
    let head = outside.lines().next().unwrap();
    assert!(head.contains("c9 (outside)"), "{head}");

    let [svg, mermaid] = ["p.svg", "p.mmd"].map(|name| file.with_file_name(name));
    let (svg, mermaid) = (svg.to_str().unwrap(), mermaid.to_str().unwrap());
    let chosen = ["--where", "msg.text.contains(\"<\") || msg.text == \"hello\""];
    let said = recording(&file, [chosen[0], chosen[1], "--picture", svg, "--picture", mermaid]);
    assert!(said.well().contains(&format!("drawn to {svg}")));
    let drawn = fs::read_to_string(svg).unwrap();
    let document = roxmltree::Document::parse(&drawn).unwrap();
    let said: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    assert!(said.contains(&"hello"), "{said:?}");
    assert!(said.contains(&"</text><script>\u{fffd}\u{fffd}[31m"), "{said:?}");
    assert_eq!(recording(&file, [chosen[0], chosen[1], "--format", "svg"]).well(), drawn);
    let drawn = fs::read_to_string(mermaid).unwrap();
    assert!(drawn.starts_with("sequenceDiagram\n") && !drawn.contains('\u{1b}'), "{drawn}");
    assert!(drawn.contains("#60;/text#62;#60;script#62;"), "{drawn}");
    assert_eq!(recording(&file, [chosen[0], chosen[1], "--format", "mermaid"]).well(), drawn);
}

#[test]
fn a_picture_of_more_than_it_has_room_for_says_how_to_go_on() {
    let desk = Desk::new();
    let (zrig, _) = asked(&desk);
    let file = zrig.path("r.mcap");
    let run = desk.start(zrig.arguments(["--record", file.to_str().unwrap()]));
    eventually("there are many", || {
        recording(&file, []).status == Some(0)
            && texts(&file).get("asker.req in").is_some_and(|texts| texts.len() > 120)
    });
    let _ending = run.stop();
    let said = recording(&file, ["--format", "sequence"]);
    assert!(said.errors.contains("… left out: ") && said.errors.contains(" messages"), "{said:?}");
    assert!(said.out.contains("── … from here on, not shown: "), "{}", said.out);
    let on = said.errors.split("go on with --cut ").nth(1).unwrap().trim();
    let rest = recording(&file, ["--format", "sequence", "--cut", on]).well();
    let all: Vec<String> = texts(&file)["asker.req in"].clone();
    let last = all.last().unwrap();
    // On a busy machine it may have been on its way for a while, which its line says at the end.
    let mut messages = rest.lines().filter_map(|line| line.split("  (on its way").next());
    assert!(messages.any(|line| line.ends_with(&format!(" {last}"))), "{rest}");
    for (wrong, word) in [("a.png", "is no picture"), ("a", "is no picture")] {
        recording(&file, ["--picture", wrong]).fails(2, [word]);
    }
    recording(&file, ["--format", "svg", "--to", "b.mcap"]).fails(2, ["cannot be used with"]);
}
