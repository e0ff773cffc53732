//! `zrig tap --all`: every message whole, or exactly what is missing.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::client::{Desk, Follower};
use crate::support::{Peer, Runner, Zrig, eventually, free_port};

/// How many messages a source has.
const COUNT: usize = 60_000;

/// A node that writes what it takes, beside a source of `COUNT` lines that begins when it is started.
fn mill(desk: &Desk, port: &str) -> Runner {
    desk.start(Zrig::of(&format!(
        "
name: t
nodes:
  mill: {{role: pull, bind: {port}, write: {{file: out.txt}}}}
"
    )))
}

fn source(desk: &Desk, port: &str) -> Runner {
    let body = "x".repeat(1000);
    let text: String = (0..COUNT).map(|n| format!("{n} {body}\n")).collect();
    Zrig::of(&format!("nodes: {{s: {{role: push, connect: {port}, read: {{file: lines.txt}}}}}}"))
        .with("lines.txt", text)
        .environment("XDG_RUNTIME_DIR", desk.path().display())
        .start()
}

/// A tap that nobody reads until its lines are asked for.
fn unread<const N: usize>(desk: &Desk, arguments: [&str; N]) -> (Child, BufReader<ChildStdout>) {
    let mut command = desk.command(["tap", "t", "mill", "--all", "--format", "json"]);
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    std::thread::scope(|scope| {
        let first = scope.spawn(|| out.read_line(&mut String::new()).unwrap());
        eventually("the tap is on", || {
            desk.ask(["send", "t", "mill", "are you there"]).well();
            first.is_finished()
        });
    });
    (child, out)
}

fn written(run: &Runner) -> usize {
    let text = std::fs::read_to_string(run.path("out.txt")).unwrap_or_default();
    text.lines().filter(|line| !line.contains("are you there")).count()
}

/// Waits until the node stands still, as nobody reads: what waits has found an end. How many it wrote.
fn stands_still(run: &Runner) -> usize {
    let mut before = 0;
    eventually("the node waits", || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let now = written(run);
        now > 1000 && std::mem::replace(&mut before, now) == now
    });
    before
}

/// What a tap shows of the source's messages: which numbers, how many are said to be missing, and its
/// last word.
type Shown = (Vec<usize>, u64, Option<Value>);

/// Reads all that the tap shows; of how many messages it is known by then what became of them.
fn shown(out: BufReader<ChildStdout>, known: &AtomicU64) -> Shown {
    let (mut numbers, mut missing, mut ended) = (Vec::new(), 0, None);
    for line in out.lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if let Some(frames) = line["frames"].as_array() {
            let text = frames[0].as_str().unwrap();
            if let Some((number, body)) = text.split_once(' ').filter(|_| !text.contains("are")) {
                assert_eq!(body.len(), 1000, "{line}");
                numbers.push(number.parse().unwrap());
            }
        } else if line["missing"].is_object() {
            let lacking = &line["missing"];
            assert_eq!((&lacking["node"], &lacking["socket"]), (&json!("mill"), &json!("pull")));
            assert_eq!(lacking["direction"], "in");
            assert!(lacking["since"].as_f64() <= lacking["until"].as_f64(), "{line}");
            missing += lacking["messages"].as_u64().unwrap();
        } else if line["ended"].is_object() {
            ended = Some(line["ended"].clone());
        }
        known.store(numbers.len() as u64 + missing, Relaxed);
    }
    (numbers, missing, ended)
}

/// Begins to read, and waits until it is known of every message of the source what became of it.
fn catch_up(out: BufReader<ChildStdout>) -> JoinHandle<Shown> {
    let known = Arc::new(AtomicU64::new(0));
    let said = Arc::clone(&known);
    let reading = std::thread::spawn(move || shown(out, &said));
    eventually("all was read that waited", || known.load(Relaxed) == COUNT as u64);
    reading
}

#[test]
fn every_frame_is_shown_whole_with_its_envelope_both_ways() {
    let desk = Desk::new();
    let router = free_port();
    let run = desk.run(&format!(
        "
name: t
nodes:
  desk: {{role: router, bind: {router}, on_message: '[\"got\", msg.text]'}}
"
    ));
    let all = Follower::of(&mut desk.command(["tap", "t", "desk", "--all", "--format", "json"]));
    let person = Follower::of(&mut desk.command(["tap", "t", "desk", "--all"]));
    eventually("the taps are on", || {
        desk.ask(["call", "t", "desk", "are you there"]).well();
        [&all, &person].iter().all(|tap| !tap.out.as_ref().unwrap().all().is_empty())
    });
    let long = "é".repeat(20_000);
    let hex: String = long.bytes().map(|byte| format!("{byte:02x}")).collect();
    let client = Peer::frames(&format!("dealer {router} {hex} --id me"));
    client.says("got 676f74,");
    let asked = all.shows_json(|one| one["peer"] == "me" && one["direction"] == "in");
    assert_eq!(asked["frames"], json!(["me", long]), "nothing is cut");
    assert_eq!((&asked["bytes"], &asked["node"]), (&json!(40_002), &json!("desk")));
    assert!(asked["time"].as_f64().unwrap() > 1.7e9 && asked["body"].is_null());
    let told = all.shows_json(|one| one["peer"] == "me" && one["direction"] == "out");
    assert_eq!(told["frames"], json!(["me", "got", long]));
    let _bytes = Peer::frames(&format!("dealer {router} ff00 --id you"));
    let asked = all.shows_json(|one| one["peer"] == "you" && one["direction"] == "in");
    assert_eq!(asked["frames"], json!(["you", {"hex": "ff00"}]));
    person.shows("  in   desk.router  from you  you | 0xff00");
    run.stop();
    let (status, lines) = all.ends();
    let last: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    let messages = lines.iter().filter(|line| line.contains("\"frames\"")).count();
    assert_eq!((status, &last["ended"]), (Some(0), &json!({"messages": messages, "missing": 0})));
}

#[test]
fn what_a_slow_reader_misses_is_said_exactly_and_nobody_waits_for_it() {
    let desk = Desk::new();
    let port = free_port().to_string();
    let run = mill(&desk, &port);
    let (mut tap, out) = unread(&desk, []);
    let source = source(&desk, &port);
    eventually("the node took everything", || written(&run) == COUNT);
    let reading = catch_up(out);
    source.stop();
    desk.ask(["send", "t", "mill", "are you there"]).well();
    run.stop();
    let (numbers, missing, ended) = reading.join().unwrap();
    assert!(missing > 0 && !numbers.is_empty(), "{missing} missing, {} shown", numbers.len());
    assert_eq!(numbers.len() as u64 + missing, COUNT as u64);
    assert!(numbers.is_sorted_by(|one, next| one < next));
    assert_eq!(ended.unwrap()["missing"], missing);
    assert_eq!(tap.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_is_waited_for_misses_nothing_and_the_node_goes_at_its_pace() {
    let desk = Desk::new();
    let port = free_port().to_string();
    let run = mill(&desk, &port);
    let (mut tap, out) = unread(&desk, ["--when-full", "wait"]);
    let source = source(&desk, &port);
    let before = stands_still(&run);
    assert!(before < COUNT, "{before} of {COUNT}");
    let reading = catch_up(out);
    eventually("the node took everything", || written(&run) == COUNT);
    source.stop();
    run.stop();
    let (numbers, missing, ended) = reading.join().unwrap();
    assert!(numbers.into_iter().eq(0..COUNT), "each once, whole, in order");
    assert_eq!((missing, &ended.unwrap()["missing"]), (0, &json!(0)));
    assert_eq!(tap.wait().unwrap().code(), Some(0));
}

#[test]
fn a_run_ends_in_time_whoever_stands_in_its_way_and_who_has_gone_holds_nobody() {
    let desk = Desk::new();
    let port = free_port().to_string();
    let run = mill(&desk, &port);
    let (mut gone, _) = unread(&desk, ["--when-full", "wait"]);
    let source = source(&desk, &port);
    let mut before = stands_still(&run);
    let blocked = desk.ask(["send", "t", "mill", "one more", "--timeout", "50ms"]);
    assert!(blocked.status == Some(0), "it is taken as received: {blocked:?}");
    gone.kill().unwrap();
    gone.wait().unwrap();
    eventually("the node goes on", || written(&run) > COUNT);
    source.stop();
    let (mut deaf, out) = unread(&desk, ["--when-full", "wait"]);
    let source = self::source(&desk, &port);
    eventually("the node waits again", || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let now = written(&run);
        std::mem::replace(&mut before, now) == now
    });
    let ending = run.stop();
    assert!(ending.took.as_secs() < 10, "{:?}", ending.took);
    // What it is told is not all, and it says so.
    drop(source);
    let (_, _, ended) = shown(out, &AtomicU64::new(0));
    assert_eq!((ended, deaf.wait().unwrap().code()), (None, Some(1)));
}
