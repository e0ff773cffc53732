//! `zrig replay --compare`: what an edit of handlers would change, and that nothing else is found.
//!
//! Shipped topologies are run once, recorded; then their handlers are edited in a copy of them.

mod edits;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use self::edits::EDITS;
use crate::client::{Desk, Said};
use crate::support::{Zrig, eventually, free_port, free_ports};

/// Topologies that run by themselves: the variables that are ports, and what is said when there is enough.
const RUN: &[(&str, &[&str], &str)] = &[
    ("hello", &["HELLO_PORT"], "answered: Hello 2"),
    ("pair", &["PAIR_ENDPOINT"], "left has 4"),
    ("broker", &["BROKER_FRONTEND", "BROKER_BACKEND"], "2 squared is 4"),
    ("pipeline", &["PIPELINE_WORK", "PIPELINE_RESULTS", "PIPELINE_TOTAL"], "results are in"),
    ("first", &[], "Oslo 2 °C"),
    ("load-balancing", &["BALANCER_FRONTEND", "BALANCER_BACKEND"], "does a job of 170 ms"),
    ("kill-signal", &["KILL_TASKS", "KILL_RESULTS", "KILL_CONTROL"], "all workers have stopped"),
    ("envelope", &["ENVELOPE_PORT"], "2 lamps to Lyon"),
    ("bus", &["BUS_PUBLISHERS", "BUS_SUBSCRIBERS"], "I am away"),
    ("seed", &["SEED_PUBLISH", "SEED_REQUEST", "SEED_PUSH", "SEED_PAIR"], "reply: client 1!"),
];

/// A folder with the topologies and scripts that ship, and a recording of each of [`RUN`].
fn recorded() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = TempDir::with_prefix("zrig-compared-").unwrap();
        copy(folder.path());
        let runs: Vec<_> = RUN.iter().map(|run| (run, start(folder.path(), run))).collect();
        for ((name, _, enough), run) in runs {
            run.says(enough);
            // Some end by themselves then.
            if ["pipeline", "kill-signal"].contains(name) {
                run.ends()
            } else {
                run.stop()
            };
        }
        folder
    });
    folder.path()
}

/// Puts what ships there; a topology whose port is written in it has another one.
fn copy(to: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["topologies", "topologies/data", "scripts"] {
        fs::create_dir_all(to.join(folder)).unwrap();
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, to.join(folder).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    let first = to.join("topologies/first.yaml");
    let text = fs::read_to_string(&first).unwrap();
    assert!(text.contains("bind: 5556"));
    fs::write(first, text.replace("bind: 5556", &format!("bind: {}", free_port()))).unwrap();
}

fn start(folder: &Path, (name, variables, _): &(&str, &[&str], &str)) -> crate::support::Runner {
    let file = recording_of(folder, name);
    let mut run = Zrig::file(folder.join(format!("topologies/{name}.yaml")))
        .arguments(["--no-watch", "--record", file.to_str().unwrap()])
        .environment("ZRIG_OUT", folder.join("results.txt").display());
    let ports: [u16; 4] = free_ports();
    for (variable, port) in variables.iter().zip(ports) {
        run = run.set(variable, port);
    }
    run.start()
}

fn recording_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.mcap"))
}

/// What `replay --compare` says of a recording and the topologies of a folder.
fn compare(folder: &Path, name: &str, arguments: &[&str]) -> Said {
    let topology = folder.join(format!("topologies/{name}.yaml"));
    replay(&recording_of(recorded(), name), &topology, arguments)
}

/// What `replay --compare` says of a recording and a topology.
fn replay(recording: &Path, topology: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zrig"));
    Said::by(command.arg("replay").args([recording, topology]).arg("--compare").args(arguments))
}

/// Writes a part of the recording of `first` to a file.
fn take_part(of_it: [&str; 2], to: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zrig"));
    command.arg("recording").arg(recording_of(recorded(), "first")).args(of_it).arg("--to").arg(to);
    let taken = Said::by(&mut command);
    assert_eq!(taken.status, Some(0), "{taken:?}");
}

/// A copy of what ships, with an edit.
fn edited(file: &str, from: &str, to: &str) -> TempDir {
    let folder = TempDir::with_prefix("zrig-edited-").unwrap();
    copy(folder.path());
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    fs::write(&path, text.replace(from, to)).unwrap();
    folder
}

#[test]
fn what_has_not_changed_differs_in_nothing() {
    for (name, _, _) in RUN {
        let said = compare(recorded(), name, &[]);
        assert!(
            said.out.contains("compared: no difference"),
            "{name}: {}{}",
            said.out,
            said.errors
        );
        assert_eq!(said.status, Some(0), "{name}: {}", said.out);
        let count: u64 = said.out.split(' ').next().unwrap().parse().unwrap();
        assert!(count > 5, "{name}: {}", said.out);
    }
}

#[test]
fn comments_and_other_names_are_no_difference() {
    for (name, file, from, to) in [
        ("pipeline", "scripts/factors.rhai", "let factors", "// all of them\n\n    let factors"),
        ("pipeline", "scripts/factors.rhai", "divisor", "candidate"),
        ("pipeline", "scripts/factors.rhai", "line", "result"),
        ("load-balancing", "scripts/balancer.rhai", "hand_out", "deal_out"),
        ("load-balancing", "scripts/balancer.rhai", "this.idle", "this.free"),
        ("kill-signal", "scripts/worker.rhai", "this.stopped", "this.is_over"),
        ("first", "scripts/first.rhai", "this.count", "this.n"),
        ("hello", "topologies/hello.yaml", "this.asked", "this.times"),
        (
            "hello",
            "topologies/hello.yaml",
            "      print(`asked",
            "      // said\n      print(`asked",
        ),
    ] {
        let folder = edited(file, from, to);
        let said = compare(folder.path(), name, &[]);
        assert_eq!(said.status, Some(0), "{file}: {from:?} → {to:?}: {}{}", said.out, said.errors);
    }
}

#[test]
fn each_planted_edit_is_found_with_the_first_message_that_shows_it() {
    let mut wrong = String::new();
    for (name, file, from, to, handler, says, shown) in EDITS {
        let folder = edited(file, from, to);
        let said = compare(folder.path(), name, &[]);
        let line = said.out.lines().find(|line| line.contains(handler) && line.contains(says));
        if said.status != Some(1) || line.is_none() || !said.out.contains(shown) {
            wrong += &format!(
                "\n{file}: {from:?} → {to:?}: status {:?}\n{}{}",
                said.status, said.out, said.errors
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_meant_is_accepted_and_what_is_not_is_still_found() {
    let folder = edited("scripts/first.rhai", "celsius: this.count", "celsius: this.count + 1");
    let group = "content:station.on_tick";
    let said = compare(folder.path(), "first", &[]);
    assert!(said.out.contains(&format!("--accept {group}")), "{}", said.out);
    for accept in [group, "content:station.*", "*:*"] {
        let said = compare(folder.path(), "first", &["--accept", accept]);
        assert_eq!(said.status, Some(0), "{accept}: {}", said.out);
        assert!(said.out.contains("accepted: handler on_tick of station"), "{}", said.out);
    }
    let file = folder.path().join("meant.txt");
    fs::write(&file, format!("# since then\n{group}\nmore:display.on_message\n")).unwrap();
    let said = compare(folder.path(), "first", &["--accept", file.to_str().unwrap()]);
    assert_eq!(said.status, Some(0), "{}", said.out);
    assert!(said.errors.contains("nothing is more:display.on_message"), "{}", said.errors);
    for (other, status) in [("nothing:station.on_tick", 1), ("odd:station.on_tick", 2)] {
        let said = compare(folder.path(), "first", &["--accept", other]);
        assert_eq!(said.status, Some(status), "{other}: {}", said.out);
    }
    let said = compare(folder.path(), "first", &["--format", "json"]);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (said.status, &json["same"], &json["whole"]),
        (Some(1), &false.into(), &true.into())
    );
    let first = &json["groups"][0]["first"];
    assert_eq!(json["groups"][0]["group"], group);
    assert_eq!(first["changes"][0]["path"], ".celsius");
    assert_eq!((&first["changes"][0]["then"], &first["changes"][0]["now"]), (&1.into(), &2.into()));
    assert!(first["then"][0]["frames"][0].as_str().unwrap().starts_with("1000 json "), "{first}");
}

#[test]
fn what_cannot_be_compared_is_said_and_is_never_taken_for_the_same() {
    let gone = edited("topologies/first.yaml", "station", "tower");
    let said = compare(gone.path(), "first", &[]);
    assert_eq!(said.status, Some(2), "{}", said.out);
    for text in [
        "not compared: station, ",
        "the topology has no such node any more",
        "not compared: tower: no call of its handlers is in the recording",
    ] {
        assert!(said.out.contains(text), "{text}: {}", said.out);
    }
    let said = compare(
        gone.path(),
        "first",
        &["--accept", "missing:station", "--accept", "missing:tower"],
    );
    assert_eq!(said.status, Some(0), "{}", said.out);
    // A part of a recording does not say how the nodes stood at its beginning.
    let part = gone.path().join("part.mcap");
    take_part(["--cut", "500ms.."], &part);
    let said = replay(&part, &recorded().join("topologies/first.yaml"), &[]);
    assert_eq!(said.status, Some(2), "{}{}", said.out, said.errors);
    assert!(said.out.contains("how it stood before is not in the recording"), "{}", said.out);
    let none = gone.path().join("none.mcap");
    take_part(["--node", "station.pub"], &none);
    let said = replay(&none, &recorded().join("topologies/first.yaml"), &[]);
    assert_eq!(said.status, Some(2), "{}{}", said.out, said.errors);
    assert!(said.errors.contains("has no calls of handlers"), "{}", said.errors);
}

/// Nodes whose handlers hang on time, chance, their state, what they read and who is there.
fn moody(port: u16) -> String {
    format!(
        r#"
name: moody
nodes:
  a:
    role: push
    bind: {port}
    every: 5ms
    on_start: 'this.n = 0; this.seen = []'
    on_tick: |
      this.n += 1;
      this.seen.push(random(1, 6));
      if this.n % 3 == 0 {{ after("1ms", "later"); }}
      #{{n: this.n, now: now(), run: elapsed(), then: now(), r: random(), u: uuid(), all: this.seen.len()}}
    on_timer: 'if random(1, 2) == 1 {{ throw "sometimes" }} `timer ${{name}} ${{shuffle([1, 2, 3])}}`'
    on_peer: '`${{peer.event}} ${{peer.socket}}`'
  b:
    role: pull
    connect: a
    on_message: 'this.sum = (this.sum ?? 0) + msg.bytes.len(); print(`${{this.sum}}`); `${{this.sum}} ${{now()}}`'
    write: {{file: out.txt}}
  c:
    role: pair
    bind: "inproc://nobody"
    read: {{file: lines.txt, rate: 200/s}}
    on_line: 'this.last = line; if line.len() > 6 {{ log("info", line); }}'
    on_end: 'this.last = ()'
"#
    )
}

#[test]
fn time_chance_and_state_follow_the_recording_also_of_a_run_that_is_under_way() {
    let desk = Desk::new();
    let yaml = moody(free_port());
    let lines: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
    let run = desk.start(Zrig::of(&yaml).with("lines.txt", lines));
    let (whole, topology) = (run.path("r.mcap"), run.path("topology.yaml"));
    let to = whole.to_str().unwrap();
    eventually("it works", || {
        std::fs::read_to_string(run.path("out.txt")).is_ok_and(|text| text.lines().count() > 20)
    });
    desk.ask(["record", "moody", "--to", to, "--for", "1500ms", "--rotate", "4KiB"]).well();
    for file in ["r.mcap", "r.2.mcap"] {
        let said = replay(&run.path(file), &topology, &[]);
        // Of a file that goes on with another it is not known at once how the nodes stand.
        let same = "compared: no difference";
        assert!(said.out.contains(same), "{file}: {}{}", said.out, said.errors);
        let count: u64 =
            said.out.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(count > 10, "{file}: {}", said.out);
    }
    let said = replay(&whole, &topology, &[]);
    assert_eq!(said.status, Some(0), "{}", said.out);
    for (from, to, handler) in [
        ("random(1, 6)", "random(1, 5)", ""),
        ("then: now()", "then: now() + 1.0", "on_tick of a"),
        ("r: random()", "r: random() / 2.0", "on_tick of a"),
        ("msg.bytes.len()", "msg.bytes.len() + 1", "on_message of b"),
        ("\"1ms\"", "\"2ms\"", "on_tick of a"),
        ("== 1 {", "== 2 {", "on_timer of a"),
    ] {
        let other = run.path("other.yaml");
        assert!(yaml.contains(from));
        fs::write(&other, yaml.replace(from, to)).unwrap();
        let said = replay(&whole, &other, &[]);
        // Chance that is used otherwise in one place does not move that of the next call.
        let status = if handler.is_empty() { 0 } else { 1 };
        assert_eq!(said.status, Some(status), "{from} → {to}: {}{}", said.out, said.errors);
        assert!(said.out.contains(handler), "{from} → {to}: {}", said.out);
    }
}

#[test]
fn a_recording_with_a_reload_is_compared_from_its_beginning_to_its_end() {
    let desk = Desk::new();
    let yaml = moody(free_port());
    let file = tempfile::tempdir().unwrap();
    let file = file.path().join("r.mcap");
    let run =
        Zrig::of(&yaml).with("lines.txt", "line\n").arguments(["--record", file.to_str().unwrap()]);
    let run = desk.start(run);
    let counted = |count: usize| {
        eventually("messages come", || {
            fs::read_to_string(run.path("out.txt")).is_ok_and(|text| text.lines().count() > count)
        });
    };
    counted(20);
    let topology = run.path("topology.yaml");
    fs::write(&topology, yaml.replace("this.sum ?? 0)", "this.sum ?? 7)")).unwrap();
    run.says("reload applied (generation 2");
    counted(60);
    let _ending = run.stop();
    // The sum went on, so nobody asks for the beginning any more; before the reload it began with 0.
    let said = replay(&file, &topology, &[]);
    assert_eq!(said.status, Some(1), "{}{}", said.out, said.errors);
    fs::write(&topology, &yaml).unwrap();
    let said = replay(&file, &topology, &[]);
    assert_eq!(said.status, Some(0), "{}{}", said.out, said.errors);
    assert!(!said.out.contains("not compared"), "{}", said.out);
}

#[test]
fn handlers_that_are_told_what_no_recording_has_are_not_compared() {
    let desk = Desk::new();
    let port = free_port();
    let run = desk.run(&format!(
        r#"
name: hush
nodes:
  guard: {{role: rep, bind: "inproc://zeromq.zap.01", on_message: '["1.0", msg.frames[1], "200", "OK", "ann", ""]'}}
  server: {{role: rep, bind: {port}, options: {{zap_domain: lab}}, on_message: '`${{msg.user}}!`'}}
  client: {{role: req, connect: server, on_start: send("x"), on_message: 'after("20ms", "on")', on_timer: '"x"'}}
"#
    ));
    let (file, topology) = (run.path("r.mcap"), run.path("topology.yaml"));
    desk.ask(["record", "hush", "--to", file.to_str().unwrap(), "--for", "300ms"]).well();
    let said = replay(&file, &topology, &[]);
    assert_eq!(said.status, Some(2), "{}{}", said.out, said.errors);
    for text in ["it reads `msg.user`, which no recording has", "compared: no difference"] {
        assert!(said.out.contains(text), "{text}: {}", said.out);
    }
}
