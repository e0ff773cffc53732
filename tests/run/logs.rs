//! The log's lines: what is in them, how many there are, and of whom.

use std::net::TcpStream;
use std::process::Command;

use serde_json::Value;

use crate::figures::snapshot;
use crate::support::http::get;
use crate::support::{Ending, Lines, Zrig, eventually, free_port, free_ports};

/// Says the same 20,000 times within two seconds, and a few other things.
const LOUD: &str = "
nodes:
  loud:
    role: pub
    bind: tcp://127.0.0.1:*
    every: 10ms
    on_start: 'this.n = 0'
    on_tick: |
      if this.n < 20000 { for n in 0..100 { this.n += 1; log(\"warn\", \"again\"); } }
      else if this.n == 20000 { this.n += 1; print(\"that was all\"); stop() }
  ears:
    role: sub
    connect: loud
    topics: all
    replicas: 2
    on_start: 'print(\"here\"); debug(\"deeper\"); log(\"error\", \"worse\")'
";

#[track_caller]
fn parsed(ending: &Ending) -> Vec<Value> {
    let parse = |line: &String| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    ending.log.iter().map(parse).collect()
}

#[test]
fn a_fault_in_a_handler_keeps_its_place_and_its_way_there_for_machines() {
    let script = "fn inner(n) {\n    throw `no ${n}`\n}\nfn on_start() {\n    inner(7)\n}\n";
    let ending = Zrig::of("nodes: {a: {role: pull, bind: 'inproc://a', script: a.rhai}}")
        .with("a.rhai", script)
        .arguments(["--log-format", "json"])
        .lasting("300ms")
        .ends()
        .expect(0, []);
    // Before it runs, what the checker hints at is drawn.
    let lines = ending.log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let faults: Vec<Value> =
        lines.map(|line| line["fault"].clone()).filter(|fault| !fault.is_null()).collect();
    assert_eq!(faults.len(), 1, "{}", ending.text());
    let fault = &faults[0];
    assert!(fault["file"].as_str().unwrap().ends_with("a.rhai"), "{fault}");
    assert_eq!((&fault["line"], &fault["column"]), (&2.into(), &5.into()), "{fault}");
    assert_eq!((&fault["handler"], &fault["message"]), (&"on_start".into(), &"no 7".into()));
    assert_eq!(fault["calls"].as_array().unwrap().len(), 1, "{fault}");
    let call = &fault["calls"][0];
    assert_eq!((&call["function"], &call["line"]), (&"inner".into(), &5.into()), "{fault}");
}

#[test]
fn each_line_as_json_has_time_level_node_socket_message_and_count() {
    let ending = Zrig::of(LOUD).arguments(["--log-format", "json", "--log", "debug"]).ends();
    let ending = ending.expect(0, []);
    let lines = parsed(&ending);
    for line in &lines {
        let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 7, "{line}");
        let time = line["time"].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{line}");
        assert!(line["repeated"].is_u64() && line["message"].is_string(), "{line}");
    }
    let of = |node: &str, message: &str| {
        let fits = |line: &&Value| {
            line["node"] == node && line["message"].as_str().unwrap().starts_with(message)
        };
        lines.iter().filter(fits).collect::<Vec<_>>()
    };
    let bound = of("loud", "bound to tcp://127.0.0.1:");
    assert_eq!(
        (bound.len(), &bound[0]["socket"], &bound[0]["level"]),
        (1, &"pub".into(), &"debug".into())
    );
    assert_eq!(of("ears.1", "here").len(), 1);
    assert_eq!(of("ears.2", "worse")[0]["level"], "error");
    assert_eq!(of("ears.2", "\"deeper\"")[0]["level"], "debug");
}

/// The numbers and gaps of a log: each line that ends in a number, and how many are missing where.
#[track_caller]
fn numbers_and_gaps(lines: &[String]) -> (Vec<u64>, u64) {
    let mut numbers = Vec::new();
    let mut missing = 0;
    for line in lines {
        if let Some((before, _)) = line.split_once(" of the log ") {
            let word = before.rsplit(' ').nth(1).unwrap();
            missing += word.parse::<u64>().unwrap_or_else(|error| panic!("{error}: {line}"));
        } else if let Some((_, number)) = line.rsplit_once("  n") {
            numbers.push(number.parse().unwrap_or_else(|error| panic!("{error}: {line}")));
        }
    }
    assert!(numbers.is_sorted_by(|a, b| a < b), "out of order");
    (numbers, missing)
}

#[test]
fn a_handlers_own_lines_are_all_there_in_order_also_equal_ones() {
    let ending = Zrig::of(LOUD).ends().expect(0, ["loud  that was all"]);
    assert_eq!(ending.times("warn  loud  again"), 20_000);
    assert!(!ending.said("more like it"), "{}", ending.times("more like it"));

    let ending = Zrig::of(
        "
nodes:
  a:
    role: pub
    bind: tcp://127.0.0.1:*
    every: 1ms
    on_start: 'this.n = 0'
    on_tick: |
      if this.n == 2000 { stop(); return; }
      for n in 0..50 { print(`n${this.n}`); print(\"same\"); this.n += 1; }
",
    )
    .ends()
    .expect(0, []);
    let said: Vec<&str> =
        ending.log.iter().filter_map(|line| line.split_once("  a  ")).map(|cut| cut.1).collect();
    let said: Vec<&str> = said.into_iter().filter(|text| !text.starts_with("stopping")).collect();
    let wanted: Vec<String> =
        (0..2000).flat_map(|n| [format!("n{n}"), "same".to_owned()]).collect();
    assert_eq!(said, wanted);
    let times: Vec<&str> = ending.log.iter().filter_map(|line| line.split(' ').next()).collect();
    assert!(times.is_sorted(), "later times before earlier ones");
}

#[test]
fn what_a_handler_said_waits_for_no_full_socket_and_stands_before_its_error() {
    let run = Zrig::of(
        "
nodes:
  full:
    role: push
    bind: tcp://127.0.0.1:*
    hwm: 1
    on_start: 'for n in 0..5 { send(n); print(`said ${n}`) }'
  fails:
    role: push
    bind: tcp://127.0.0.1:*
    hwm: 1
    on_start: 'print(\"before\"); send(1); log(\"warn\", \"just before\"); throw \"the end\"'
",
    )
    .start();
    run.says("full  said 4");
    run.says("the end");
    let ending = run.stop();
    let of_fails: Vec<&str> = ending
        .log
        .iter()
        .filter_map(|line| line.split_once("  fails  "))
        .map(|(_, said)| said)
        .collect();
    assert_eq!(&of_fails[..2], ["before", "just before"]);
    assert!(of_fails[2].contains("the end"), "{of_fails:?}");
}

/// Fails 20,000 times within a few seconds, each third time with another text.
const FAILING: &str = "
nodes:
  source:
    role: push
    bind: tcp://127.0.0.1:*
    every: 5ms
    on_start: 'this.n = 0'
    on_tick: |
      for n in 0..100 { if this.n < 20001 { send(this.n); this.n += 1; } }
  sink:
    role: pull
    connect: source
    on_start: 'this.n = 0'
    on_message: |
      this.n += 1;
      if this.n == 20001 { stop(); return; }
      if this.n % 3 == 0 { throw \"every third\" }
      throw \"again\"
";

#[test]
fn the_same_fault_comes_once_a_second_and_its_count_is_exact_to_the_end() {
    let ending = Zrig::of(FAILING).arguments(["--log-format", "json"]).ends().expect(0, []);
    let lines = parsed(&ending);
    let of = |text: &str| -> Vec<&Value> {
        lines.iter().filter(|line| line["message"].as_str().unwrap().ends_with(text)).collect()
    };
    let times = |told: &[&Value]| -> u64 {
        told.iter().map(|line| 1 + line["repeated"].as_u64().unwrap()).sum()
    };
    let (again, third) = (of(" again"), of(" every third"));
    assert_eq!((times(&again), times(&third)), (20_000 - 6_666, 6_666));
    let second = |line: &Value| line["time"].as_str().unwrap()[..19].to_owned();
    for told in [&again, &third] {
        assert!(told.len() >= 2, "{told:?}");
        for pair in told.windows(4) {
            assert_ne!(second(pair[0]), second(pair[3]), "four in a second: {pair:?}");
        }
    }
    let ending = Zrig::of(FAILING).ends().expect(0, ["error  sink  ", " more like it)"]);
    assert!(ending.times("throw") + ending.times("again") < 60, "{}", ending.text());
}

#[test]
fn a_flood_of_different_faults_is_bounded_and_the_rest_counted() {
    let yaml = FAILING.replace("throw \"again\"", "throw `number ${this.n}`");
    let ending = Zrig::of(&yaml).arguments(["--log-format", "json"]).ends().expect(0, []);
    let lines = parsed(&ending);
    let message = |line: &Value| line["message"].as_str().unwrap().to_owned();
    let shown = lines.iter().filter(|line| message(line).contains("number ")).count() as u64;
    let more: u64 = lines
        .iter()
        .filter_map(|line| Some(message(line).split_once(" more line")?.0.parse::<u64>().unwrap()))
        .sum();
    let third: u64 = lines
        .iter()
        .filter(|line| message(line).ends_with(" every third"))
        .map(|line| 1 + line["repeated"].as_u64().unwrap())
        .sum();
    assert_eq!(shown + more + third, 20_000, "{shown} {more} {third}");
    // A hundred different ones in a second, of which every third is one.
    assert!((100..5000).contains(&(shown + 1)), "{shown}");
}

/// Prints what it is asked.
fn parrot(port: u16) -> String {
    format!(
        "
name: parrot
nodes:
  parrot: {{role: rep, bind: {port}, on_message: 'print(msg.text); \"heard\"'}}
"
    )
}

/// Asks a REP, which has to answer.
#[track_caller]
fn ask(port: u16, text: &str) -> String {
    let context = zmq::Context::new();
    let req = context.socket(zmq::REQ).unwrap();
    req.set_linger(0).unwrap();
    req.set_rcvtimeo(30_000).unwrap();
    req.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    req.send(text, 0).unwrap();
    req.recv_string(0).unwrap().unwrap()
}

#[test]
fn a_log_that_nobody_reads_holds_up_nothing() {
    for format in ["human", "json"] {
        let [port, metrics] = free_ports();
        let zrig = Zrig::of(&parrot(port)).with_unread_log();
        let receipts = zrig.path("receipts");
        let made = Command::new("mkfifo").arg(&receipts).status().unwrap();
        assert!(made.success());
        let run = zrig
            .arguments(["--metrics", &metrics.to_string(), "--log-format", format])
            .arguments(["--receipts", receipts.to_str().unwrap()])
            .start();
        eventually("it serves", || TcpStream::connect(("127.0.0.1", metrics)).is_ok());
        eventually("it is started", || snapshot(metrics).started);
        // Three times what a pipe holds.
        assert_eq!(ask(port, &"x".repeat(200_000)), "heard");
        assert_eq!(ask(port, "and another"), "heard");
        assert_eq!(get(metrics, "/healthz").status, 200);
        let louder = parrot(port).replace("print(msg.text);", "print(1); print(msg.text);");
        std::fs::write(run.path("topology.yaml"), louder).unwrap();
        eventually("it reloads", || snapshot(metrics).generation == 2);
        assert_eq!(ask(port, "still there"), "heard");
        run.signal("TERM");
        let ending = run.ends();
        assert_eq!(ending.status, Some(0));
    }
    // Nor does it keep a run from ending in time.
    let mut run = Zrig::of(LOUD.replace("print(\"that was all\"); stop()", "()").as_str())
        .lasting("3s")
        .with_unread_log()
        .start();
    let unread = run.unread_log();
    assert_eq!(run.ends().status, Some(0));
    drop(unread);
}

#[test]
fn lines_that_found_no_room_are_counted_where_they_are_missing() {
    let port = free_port();
    let flood = "
nodes:
  a:
    role: pub
    bind: tcp://127.0.0.1:*
    every: 1ms
    on_start: 'this.n = 0'
    on_tick: |
      if this.n == 150000 { count(\"done\"); this.n += 1; }
      if this.n < 150000 { for n in 0..1000 { print(`n${this.n}`); this.n += 1; } }
";
    let zrig = Zrig::of(flood).with_unread_log();
    let mut run = zrig.arguments(["--metrics", &port.to_string()]).start();
    let log = run.unread_log();
    eventually("it serves", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    eventually("all is said", || {
        snapshot(port).node("a").is_some_and(|node| node.user.contains_key("done"))
    });
    let lines = Lines::of(log);
    run.signal("TERM");
    assert_eq!(run.ends().status, Some(0));
    let (numbers, missing) = numbers_and_gaps(&lines.finish());
    println!("{} lines were shown, {missing} were missing", numbers.len());
    assert!(missing > 0 && numbers.len() > 60_000, "{} and {missing}", numbers.len());
    assert_eq!(numbers.len() as u64 + missing, 150_000);
}

#[test]
fn what_a_peer_says_moves_no_cursor_and_forges_no_line() {
    let hostile =
        "\u{1b}[31mred\u{1b}]0;title\u{7}\r\n12:00:00.000  parrot  forged\u{9b}2J\u{202e}!";
    let shown =
        "\\x1b[31mred\\x1b]0;title\\x07\\r\\n12:00:00.000  parrot  forged\\u{9b}2J\\u{202e}!";
    let yaml = |port| parrot(port).replace("\"heard\"", "if msg.text != \"x\" { throw msg.text }");
    let port = free_port();
    let run = Zrig::of(&yaml(port)).start();
    assert!(ask(port, hostile).starts_with("error: "));
    let ending = run.stop();
    let lines: Vec<&String> = ending.log.iter().filter(|line| line.contains("forged")).collect();
    assert_eq!(lines.len(), 2, "{}", ending.text());
    assert!(lines[0].ends_with(&format!("  parrot  {shown}")), "{lines:?}");
    assert!(lines[1].contains("  error  parrot  ") && lines[1].ends_with(shown), "{lines:?}");

    let run = Zrig::of(&yaml(port)).arguments(["--log-format", "json"]).start();
    assert!(ask(port, hostile).starts_with("error: "));
    let lines = parsed(&run.stop());
    assert!(lines.iter().any(|line| line["message"] == hostile), "{lines:?}");
}

#[test]
fn a_run_whose_log_and_output_nobody_reads_any_more_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("topology.yaml");
    let talks = "nodes: {a: {role: pub, bind: 'tcp://127.0.0.1:*', every: 5ms, on_tick: print(1)}}";
    std::fs::write(&file, talks).unwrap();
    let zrig = env!("CARGO_BIN_EXE_zrig");
    let piped = |command: &str| {
        let script = format!("{zrig} run {} --for 5m {command}", file.display());
        Command::new("timeout").args(["60", "bash", "-c", &script]).output().unwrap()
    };
    let ended = piped("2>&1 | head -1; exit ${PIPESTATUS[0]}");
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(String::from_utf8(ended.stdout).unwrap().lines().count(), 1);
    // A log alone that nobody reads any more is no reason to end.
    let run = Zrig::file(&file).with_unread_log();
    let mut run = run.lasting("1s").start();
    drop(run.unread_log());
    let ending = run.ends();
    assert_eq!(ending.status, Some(0));
}

#[test]
fn a_level_is_for_all_or_for_one_node() {
    let lines = |log: &str| {
        let ending = Zrig::of(LOUD).arguments(["--log", log]).ends().expect(0, []);
        ["here", "deeper", "worse", "again", "that was all"].map(|text| ending.times(text) > 0)
    };
    assert_eq!(lines("error"), [false, false, true, false, false]);
    assert_eq!(lines("off"), [false; 5]);
    assert_eq!(lines("off,ears.2=debug"), [true, true, true, false, false]);
    assert_eq!(lines("debug,ears=error"), [false, false, true, true, true]);
}

#[test]
fn a_level_or_node_that_is_none_is_refused() {
    Zrig::of(LOUD).arguments(["--log", "loud"]).ends().expect(2, ["no level", "off, error, warn"]);
    Zrig::of(LOUD)
        .arguments(["--log", "info,nobody=debug"])
        .ends()
        .expect(2, ["--log names no node of the topology: nobody", "loud, ears"]);
    Zrig::of(LOUD).arguments(["--log-format", "xml"]).ends().expect(2, ["human", "json"]);
}
