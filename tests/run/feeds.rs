//! The recipes for feeds of other programs, each against a peer that knows the feed and not zrig.

use std::fs;
use std::path::Path;

use crate::support::{Peer, Zrig, free_port, free_ports, http};

/// The recipes: a page, a topology and mostly a script of one name each.
const RECIPES: &[&str] = &["bitcoin", "detector", "eddn", "jupyter", "pupil"];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_recipe_shows_the_topology_and_the_script_that_ship() {
    let list = read("docs/recipes/README.md");
    for page in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recipes")).unwrap() {
        let page = page.unwrap().file_name().into_string().unwrap();
        assert!(
            page == "README.md" || list.contains(&format!("]({page}) | ")),
            "{page} is not in the list"
        );
    }
    for name in RECIPES {
        assert!(list.contains(&format!("| [{name}]({name}.md) | ")), "{name} is not in the list");
        let page = read(&format!("docs/recipes/{name}.md"));
        let topology = read(&format!("topologies/{name}.yaml"));
        assert!(page.contains(&format!("```yaml topologies/{name}.yaml\n{topology}```")), "{name}");
        if topology.contains(".rhai") {
            let script = read(&format!("scripts/{name}.rhai"));
            assert!(page.contains(&format!("```rhai scripts/{name}.rhai\n{script}```")), "{name}");
        }
    }
}

/// The hash of block 170, in the order in which it arrives and is shown.
const BLOCK: &str = "00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee";
const TRANSACTION: &str = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16";

#[test]
fn bitcoin_says_blocks_and_transactions_and_what_is_missing_between() {
    let port = free_port();
    let mut node = Peer::feed(&format!("bitcoin {port}"));
    let run =
        Zrig::shipped("bitcoin").set("BITCOIN_ZMQ", format!("tcp://127.0.0.1:{port}")).start();
    node.says("subscribed");
    node.tell(&format!("send hashblock {BLOCK}"));
    run.says(&format!("watcher  block {BLOCK}"));
    node.tell("send rawtx");
    run.says(&format!("watcher  transaction {TRANSACTION}, 275 bytes"));
    // Each topic counts for itself.
    node.tell("lose rawtx 3");
    node.tell("send rawtx");
    run.says("watcher  rawtx: 3 missed before number 4");
    // After its last number a counter begins at 0, and nothing is missing.
    node.tell("number rawtx 4294967294");
    node.tell("send rawtx");
    run.says("watcher  rawtx: 4294967289 missed before number 4294967294");
    node.tell("send rawtx");
    node.tell("send rawtx");
    run.says_times("watcher  transaction ", 5);
    // A node that was started anew counts from 0, and one was lost on the way.
    node.tell("number hashblock 1");
    node.tell("send hashblock aa00");
    run.says("watcher  block aa00");
    node.tell("number hashblock 0");
    node.tell("lose hashblock 1");
    node.tell("send hashblock bb00");
    run.says("watcher  hashblock: the node has started anew");
    run.says("watcher  hashblock: 1 missed before number 1");
    run.says("watcher  block bb00");
    node.tell("enough");
    node.well();
    let ending = run.stop();
    assert_eq!(ending.times("missed before"), 3, "{}", ending.text());
    assert_eq!(ending.times("started anew"), 1, "{}", ending.text());
    assert!(!ending.said("on_message:"), "{}", ending.text());
}

#[test]
fn detector_keeps_every_frame_of_a_series_and_says_what_is_damaged() {
    let [port, again] = free_ports();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("series.frames");
    let mut detector = Peer::feed(&format!("detector {port} {}", file.display()));
    let run = Zrig::shipped("detector")
        .set("DETECTOR_STREAM", format!("tcp://127.0.0.1:{port}"))
        .set("DETECTOR_FILE", file.display())
        .start();
    run.says("recorder  series 1: 50 images, 0 damaged");
    run.says("recorder  image 1 is not what was measured");
    run.says("recorder  image 3 came, 2 was expected");
    run.says("recorder  series 2: 3 images, 1 damaged");
    let ending = run.stop();
    assert!(!ending.said("on_message:"), "{}", ending.text());
    detector.tell("compare");
    detector.says("the same");
    // The page's stand-in pushes what was kept, as the detector did.
    let page = read("docs/recipes/detector.md");
    let (_, stand_in) = page.split_once("```yaml series.yaml\n").unwrap();
    let (stand_in, _) = stand_in.split_once("```").unwrap();
    detector.tell(&format!("replay {again}"));
    let run = Zrig::of(&stand_in.replace("bind: 9999", &format!("connect: {again}")))
        .with("series.frames", fs::read(&file).unwrap())
        .start();
    detector.well();
    run.stop();
}

#[test]
fn eddn_brings_the_feed_home_by_topic() {
    let [relay, home] = free_ports();
    let peer = Peer::feed(&format!("eddn {relay} {home}"));
    let run = Zrig::shipped("eddn")
        .set("EDDN_RELAY", format!("tcp://127.0.0.1:{relay}"))
        .set("EDDN_HOME", home)
        .set("EDDN_IDLE", "300ms")
        .start();
    peer.well();
    run.says("jumps  a ship is at Sol 1");
    run.says("jumps  a ship is at Sol -1");
    run.says("relay  the feed is silent");
    let ending = run.stop();
    assert!(!ending.said("Nowhere"), "{}", ending.text());
    assert!(ending.said("on_feed: "), "what is no message is said:\n{}", ending.text());
}

#[test]
fn jupyter_answers_who_signs_and_refuses_who_does_not() {
    let [shell, control, stdin, iopub, heartbeat] = free_ports();
    let figures = free_port();
    let run = Zrig::shipped("jupyter")
        .set("JUPYTER_SHELL", shell)
        .set("JUPYTER_CONTROL", control)
        .set("JUPYTER_STDIN", stdin)
        .set("JUPYTER_IOPUB", iopub)
        .set("JUPYTER_HEARTBEAT", heartbeat)
        .arguments(["--metrics", &figures.to_string()])
        .start();
    let file: serde_json::Value =
        serde_json::from_str(&read("topologies/data/jupyter.json")).unwrap();
    let key = file["key"].as_str().unwrap();
    let mut frontend =
        Peer::feed(&format!("jupyter {shell} {control} {stdin} {iopub} {heartbeat} {key}"));
    frontend.says("refused");
    run.says("kernel  shell: a message with a wrong signature");
    run.says("kernel  shell: a message without the frames of Jupyter");
    let counted = http::get(figures, "/metrics").body;
    for (name, times) in [("refused", 4), ("malformed", 1)] {
        let line = counted.lines().find(|line| line.contains(&format!("name=\"{name}\"")));
        assert!(line.is_some_and(|line| line.ends_with(&format!(" {times}"))), "{counted}");
    }
    // `shutdown_request` ends the kernel.
    frontend.tell("enough");
    frontend.well();
    let ending = run.ends().expect(0, []);
    assert!(!ending.said("on_shell:"), "{}", ending.text());
}

#[test]
fn pupil_finds_the_bus_and_passes_on_what_is_certain() {
    let [remote, eyes] = free_ports();
    let tracker = Peer::feed(&format!("pupil {remote} {eyes}"));
    let run = Zrig::shipped("pupil")
        .set("PUPIL_REMOTE", format!("tcp://127.0.0.1:{remote}"))
        .set("PUPIL_JSON", eyes)
        .start();
    run.says("tracker  the tracker says: Message forwarded.");
    run.says_what("what came of an eye", |line| {
        line.contains("tracker  eye 0: ") && line.ends_with("0 doubtful, 41.2 pixels wide")
    });
    tracker.well();
    let ending = run.stop();
    assert!(!ending.said("on_bus:"), "{}", ending.text());
}
