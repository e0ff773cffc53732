//! The live page in a real browser: `zrig run FILE --web`, and Chromium driven by Playwright.
//!
//! Owns the runs. What is done in the browser is in `scenarios.py`, which fails on any error in the
//! console, any request to elsewhere, and what axe-core finds.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says what it measured")]

#[allow(dead_code, unused_imports, reason = "shared with the tests of runs")]
#[path = "../run/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use support::{Lines, PATIENCE, Runner, Zrig, free_port, free_ports, soaking};

/// What the scenarios look at: numbers, odd and even, and a desk that answers.
const STAGE: &str = r#"
description: A station counts, two displays look, a desk answers.
nodes:
  station:
    role: pub
    bind: ${STATION}
    every: 100ms
    on_tick: |
      this.n = (this.n ?? 0) + 1;
      publish(1000 + this.n % 2, #{ n: this.n });
      publish(1000, #{ n: this.n })
  display:
    role: sub
    connect: station
    msgids: [1000]
    on_message: |
      print(`${msg.body.n}`)
  other:
    role: sub
    connect: station
    msgids: [1001]
  desk:
    role: rep
    bind: ${DESK}
    on_message: |
      if msg.text == "bad" {
        throw "too bad";
      }
      `hello ${msg.text}`
"#;

/// One browser at a time: each takes a processor.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stage() -> Zrig {
    let [station, desk] = free_ports();
    Zrig::of(STAGE).set("STATION", station).set("DESK", desk)
}

/// Starts a run with a page, and says where the page is.
fn shown(zrig: Zrig) -> (Runner, String) {
    let run = zrig.arguments(["--web", "0"]).start();
    let line = run.says("page at http");
    let at = line.find("http").unwrap();
    (run, line[at..].split_whitespace().next().unwrap().to_owned())
}

/// A scenario in a browser.
struct Scenario {
    child: Child,
    out: Option<Lines>,
    errors: Option<Lines>,
}

impl Scenario {
    fn begin(name: &str, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web/scenarios.py");
        let mut child = Command::new(support::python())
            .arg(script)
            .arg(name)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().map(Lines::of);
        let errors = child.stderr.take().map(Lines::of);
        Self { child, out, errors }
    }

    /// Waits for a line of it.
    #[track_caller]
    fn says(&self, text: &str) {
        let found = self.out.as_ref().unwrap().find(PATIENCE, |line| line.contains(text));
        if let Err(why) = found {
            panic!("{why}\n{}", self.errors.as_ref().unwrap().all().join("\n"));
        }
    }

    /// Whether it says a line before a while is over.
    fn has_said(&self, text: &str) -> bool {
        let wait = Duration::from_secs(10);
        self.out.as_ref().unwrap().find(wait, |line| line.contains(text)).is_ok()
    }

    /// Waits until it has ended well; what it said.
    #[track_caller]
    fn ends(mut self) -> String {
        let out = self.out.take().unwrap().finish().join("\n");
        let errors = self.errors.take().unwrap().finish().join("\n");
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{out}\n{errors}");
        println!("{out}");
        out
    }
}

impl Drop for Scenario {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn play(name: &str, arguments: &[&str]) -> String {
    Scenario::begin(name, arguments).ends()
}

#[test]
fn one_watches_rates_opens_a_node_and_taps_it_with_a_filter() {
    let _turn = turn();
    let (_run, address) = shown(stage());
    play("looks", &[&address]);
}

#[test]
fn a_call_is_answered_in_the_page_and_a_failure_leads_to_its_line() {
    let _turn = turn();
    let (_run, address) = shown(stage());
    play("speaks", &[&address]);
}

#[test]
fn an_edit_is_marked_mended_planned_applied_and_seen_by_another_browser() {
    let _turn = turn();
    let zrig = stage().arguments(["--edit"]);
    let file = zrig.path("topology.yaml");
    let (_run, address) = shown(zrig);
    play("edits", &[&address, file.to_str().unwrap()]);
}

#[test]
fn a_file_is_only_read_where_edits_were_not_allowed() {
    let _turn = turn();
    let (_run, address) = shown(stage());
    play("reads", &[&address]);
}

#[test]
fn a_run_that_ends_is_told_and_the_next_one_is_shown_by_itself() {
    let _turn = turn();
    let [station, desk, web] = free_ports();
    let again = || {
        let zrig = Zrig::of(STAGE).set("STATION", station).set("DESK", desk);
        let run = zrig.arguments(["--web", &web.to_string()]).start();
        run.says("page at http");
        run
    };
    let run = again();
    let scenario = Scenario::begin("comes_back", &[&format!("http://127.0.0.1:{web}/")]);
    scenario.says("looks");
    run.stop();
    scenario.says("over");
    let _run = again();
    scenario.says("back");
    scenario.ends();
}

#[test]
fn a_held_run_is_stepped_node_by_node_and_let_go() {
    let _turn = turn();
    let (_run, address) = shown(stage());
    play("slow_motion", &[&address]);
}

#[test]
fn one_goes_back_on_a_recording_and_replays_it_into_the_run() {
    let _turn = turn();
    let inbox = free_port();
    let yaml = format!(
        "{STAGE}  inbox: {{role: pull, bind: {inbox}, on_message: 'print(`got ${{msg.text}}`)'}}\n"
    );
    let [station, desk] = free_ports();
    let zrig = Zrig::of(&yaml).set("STATION", station).set("DESK", desk);
    let file = zrig.path("run.mcap");
    let (run, address) = shown(zrig.arguments(["--edit", "--record", file.to_str().unwrap()]));
    let context = zmq::Context::new();
    let peer = context.socket(zmq::PUSH).unwrap();
    peer.connect(&format!("tcp://127.0.0.1:{inbox}")).unwrap();
    for number in 0..5 {
        peer.send(format!("m{number}").as_bytes(), 0).unwrap();
        run.says(&format!("got m{number}"));
    }
    // What is looked at later has passed a while before the new version.
    run.says_what("the 30th", |line| line.ends_with(" 30"));
    fs::write(run.path("topology.yaml"), yaml.replace("display", "screen")).unwrap();
    run.says("reload applied");
    run.says_what("the 60th", |line| line.ends_with(" 60"));
    fs::copy(&file, run.path("then.mcap")).unwrap();
    let scenario = Scenario::begin("goes_back", &[&address]);
    scenario.says("replayed");
    run.says_times("got m4", 2);
    scenario.ends();
}

#[test]
fn a_page_that_may_not_change_the_run_only_looks_back() {
    let _turn = turn();
    let zrig = stage();
    let file = zrig.path("run.mcap");
    let (_run, address) = shown(zrig.arguments(["--record", file.to_str().unwrap()]));
    play("only_looks_back", &[&address]);
}

#[test]
fn the_page_fits_a_phone_and_the_dark_and_stands_still_where_that_is_wanted() {
    let _turn = turn();
    let (_run, address) = shown(stage());
    play("narrow", &[&address]);
}

#[test]
fn two_hundred_nodes_stay_fluent() {
    let _turn = turn();
    let (_run, address) = shown(Zrig::of(&many()));
    play("many", &[&address, "200"]);
}

#[test]
fn a_thousand_like_nodes_are_one_box_and_twenty_open() {
    let _turn = turn();
    let mut yaml = String::from(
        "nodes:\n  source: {role: pub, bind: \"inproc://source\", every: 100ms, on_tick: \"publish(1000, 1)\"}\n",
    );
    for at in 0..1000 {
        writeln!(yaml, "  view{at}: {{role: sub, connect: source, msgids: [1000]}}").unwrap();
    }
    yaml.push_str("  drain: {role: pull, bind: \"inproc://drain\"}\n");
    for at in 0..20 {
        writeln!(yaml, "  tap{at}: {{role: push, connect: drain, every: 1s, on_tick: send(1)}}")
            .unwrap();
    }
    let (_run, address) = shown(Zrig::of(&yaml));
    play("groups", &[&address]);
}

#[test]
fn a_node_with_replicas_opens_to_its_copies() {
    let _turn = turn();
    let mut yaml = String::from(
        r#"
nodes:
  source: {role: push, bind: "inproc://source", every: 20ms, on_tick: "send(1)"}
  worker:
    replicas: 3
    every: 50ms
    sockets:
      in: {role: pull, connect: source}
      out: {role: push, connect: sink.in}
      news: {role: pub, bind: "tcp://127.0.0.1:*"}
    on_in: send_to("out", msg.text)
    on_tick: send_to("news", "x")
  sink:
    sockets:
      in: {role: pull, bind: "inproc://sink"}
      out: {role: pub, bind: "inproc://out"}
    on_in: publish(1000, msg.text)
"#,
    );
    for at in 0..5 {
        writeln!(yaml, "  view{at}: {{role: sub, connect: sink.out, msgids: [1000]}}").unwrap();
        writeln!(
            yaml,
            "  tap{at}: {{role: pub, bind: 'tcp://127.0.0.1:*', every: 100ms, on_tick: \"publish(1, 2)\"}}"
        )
        .unwrap();
    }
    let (_run, address) = shown(Zrig::of(&yaml));
    play("copies", &[&address]);
}

#[test]
fn a_place_is_named_and_so_are_others_that_are_there_or_not() {
    let _turn = turn();
    let [jobs, web] = free_ports();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.yaml");
    let yaml = format!(
        "places:
  edge: {{address: 127.0.0.1, bind_address: 127.0.0.1}}
  hall: {{address: 127.0.0.2, bind_address: 127.0.0.2}}
nodes:
  source: {{on: edge, role: push, bind: {jobs}, every: 50ms, on_tick: send(1)}}
  worker: {{on: hall, role: pull, connect: source, on_message: '()'}}
"
    );
    fs::write(&file, yaml).unwrap();
    let at = |place: &str| Zrig::file(&file).arguments(["--place", place]);
    let run = at("hall").arguments(["--web", &web.to_string()]).start();
    run.says("page at http");
    let scenario = Scenario::begin("places", &[&format!("http://127.0.0.1:{web}/")]);
    scenario.says("alone");
    let edge = at("edge").start();
    scenario.says("together");
    edge.stop();
    scenario.ends();
}

/// Forty that publish and 160 that listen to two of them each, no two alike.
fn many() -> String {
    let mut yaml = String::from("nodes:\n");
    for at in 0..40 {
        let every = 100 + at;
        write!(
            yaml,
            "  source{at}:\n    role: pub\n    bind: inproc://source{at}\n    every: {every}ms\n    \
             on_tick: |\n      publish(1000, {at})\n"
        )
        .unwrap();
    }
    for at in 0..160 {
        let (one, two) = (at % 40, (at * 7 + 3) % 40);
        write!(
            yaml,
            "  view{at}of{one}:\n    role: sub\n    connect: [source{one}, source{two}]\n    \
             msgids: [1000, {}]\n    on_message: |\n      count(\"seen{at}\")\n",
            2000 + at
        )
        .unwrap();
    }
    yaml
}

#[test]
fn a_save_shows_in_the_picture_in_less_than_300_ms() {
    if !soaking() {
        println!("only with ZRIG_SOAK=1: other tests beside it would be what is measured");
        return;
    }
    let _turn = turn();
    let (_run, address) = shown(stage().arguments(["--edit"]));
    play("soon", &[&address, "15"]);
}

/// Writes `target/web-pictures/NAME-WIDTH-SCHEME.png`, to be looked at.
#[test]
fn every_topology_that_ships_has_its_picture() {
    let _turn = turn();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("web-pictures");
    let topologies = Path::new(env!("CARGO_MANIFEST_DIR")).join("topologies");
    let mut names: Vec<String> = fs::read_dir(topologies)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    if !soaking() {
        names.retain(|name| name == "broker");
    }
    for name in names {
        let web = free_port();
        let address = format!("http://127.0.0.1:{web}/");
        let scenario = Scenario::begin("pictures", &[&address, &name, folder.to_str().unwrap()]);
        scenario.says("ready");
        // One that ends by itself may do so before the browser is there: then it runs once more.
        let mut run = apart(&name).arguments(["--web", &web.to_string()]).start();
        while !scenario.has_said("shown") {
            drop(run);
            run = apart(&name).arguments(["--web", &web.to_string()]).start();
        }
        scenario.ends();
    }
}

/// A topology that ships, with ports that nobody else has.
fn apart(name: &str) -> Zrig {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(format!("topologies/{name}.yaml"))).unwrap();
    let mut apart = String::new();
    for line in text.lines() {
        let line = line.replace("../scripts/", "scripts/").replace("data/", "data-of-it/");
        let port =
            line.trim_start().strip_prefix("bind: ").and_then(|rest| rest.split([' ', '#']).next());
        match port.filter(|port| port.parse::<u16>().is_ok()) {
            Some(port) => apart.push_str(&line.replacen(port, &free_port().to_string(), 1)),
            None => apart.push_str(&line),
        }
        apart.push('\n');
    }
    let zrig = Zrig::of(&apart);
    for (from, to) in [("scripts", "scripts"), ("topologies/data", "data-of-it")] {
        fs::create_dir_all(zrig.path(to)).unwrap();
        for entry in fs::read_dir(root.join(from)).unwrap() {
            let path = entry.unwrap().path();
            // Folders have what other topologies need.
            if path.is_file() {
                fs::copy(&path, zrig.path(to).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    let variables = text.split("${").skip(1).filter_map(|rest| rest.split_once(":-"));
    variables.fold(zrig, |zrig, (name, rest)| {
        let default = rest.split('}').next().unwrap_or_default();
        if default.parse::<u16>().is_ok() {
            zrig.set(name, free_port())
        } else if default.starts_with("tcp://") {
            // Nobody is there, and nobody elsewhere is asked.
            zrig.set(name, format!("tcp://127.0.0.1:{}", free_port()))
        } else if name == "PYTHON" {
            // One that has pyzmq.
            zrig.set(name, support::python())
        } else {
            zrig
        }
    })
}
