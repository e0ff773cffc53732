//! Files and paths that keep whoever opens, writes or connects to them waiting: the run neither
//! hangs nor passes over what it could not do.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use crate::support::Zrig;

fn make_pipe(path: &Path) {
    let status = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(status.success(), "mkfifo {}", path.display());
}

/// A sink on `out.txt`, and a clock that shows whether other nodes go on.
const SINK: &str = "
nodes:
  source:
    role: push
    bind: inproc://lines
    every: 5ms
    on_tick: 'this.n = (this.n ?? 0) + 1; send(`line ${this.n}`)'
  sink: {role: pull, connect: source, write: {file: out.txt}}
  clock: {role: pub, bind: inproc://clock, every: 50ms, on_tick: 'print(\"goes on\")'}
";

#[test]
fn a_pipe_that_nobody_reads_holds_up_neither_the_start_nor_the_end() {
    let zrig = Zrig::of(SINK);
    make_pipe(&zrig.path("out.txt"));
    let run = zrig.start();
    run.says("waits for a reader of");
    run.says("clock  goes on");
    run.signal("TERM");
    let ending = run.ends().expect(1, ["were not taken before the node had to close"]);
    assert_eq!(ending.times("waits for a reader of"), 1, "{}", ending.text());
}

#[test]
fn each_reader_of_a_pipe_begins_with_a_whole_line() {
    let zrig = Zrig::of(SINK);
    make_pipe(&zrig.path("out.txt"));
    let run = zrig.start();
    run.says("waits for a reader of");
    let mut last = 0;
    for _ in 0..3 {
        let reader = BufReader::new(std::fs::File::open(run.path("out.txt")).unwrap());
        let lines: Vec<String> = reader.lines().take(20).map(Result::unwrap).collect();
        for line in &lines {
            let number: u64 = line.strip_prefix("line ").unwrap().parse().unwrap();
            assert!(number > last, "{line:?} after line {last}");
            last = number;
        }
    }
    run.says_times("waits for a reader of", 2);
    run.signal("TERM");
    run.ends();
}

#[test]
fn a_pipe_that_nobody_writes_holds_up_neither_the_start_nor_the_end() {
    let zrig = Zrig::of(
        "
nodes:
  source: {role: push, bind: inproc://lines, read: {file: in.txt}}
  taker: {role: pull, connect: source, on_message: print(msg.text)}
  clock: {role: pub, bind: inproc://clock, every: 50ms, on_tick: 'print(\"goes on\")'}
",
    );
    make_pipe(&zrig.path("in.txt"));
    let run = zrig.start();
    run.says("waits for a writer of");
    run.says("clock  goes on");
    std::fs::write(run.path("in.txt"), "hello\n").unwrap();
    run.says("hello");
    run.stop();
}

#[test]
fn a_script_that_is_a_pipe_is_refused_at_once() {
    let zrig = Zrig::of("nodes: {node: {role: pull, bind: 'inproc://x', script: pipe.rhai}}\n");
    make_pipe(&zrig.path("pipe.rhai"));
    zrig.ends().expect(2, ["it is no file but a pipe or a device"]);
}

#[test]
fn a_pipe_in_the_place_of_a_file_does_not_stop_a_run_from_hearing() {
    let run = Zrig::of(SINK).start();
    run.says("clock  goes on");
    let file = run.path("topology.yaml");
    std::fs::remove_file(&file).unwrap();
    make_pipe(&file);
    run.signal("HUP");
    let so_far = run.log().iter().filter(|line| line.contains("clock  goes on")).count();
    run.says_times("clock  goes on", so_far + 2);
    run.stop();
}

#[test]
fn an_ipc_path_whose_owner_accepts_nothing_is_refused() {
    let zrig =
        Zrig::of("nodes: {taker: {role: pull, bind: 'ipc://${ENDPOINT}', on_message: print(1)}}\n");
    let endpoint = zrig.path("endpoint");
    let owner = UnixListener::bind(&endpoint).unwrap();
    let ending = zrig.set("ENDPOINT", endpoint.display()).ends();
    let _ending = ending.expect(1, ["cannot bind ipc://", "another program has it already"]);
    assert!(endpoint.exists());
    owner.set_nonblocking(true).unwrap();
    let knocks = std::iter::from_fn(|| owner.accept().ok()).count();
    assert!(knocks <= 1, "{knocks} connections were made to find that out");
}

#[test]
fn an_ipc_path_where_no_more_connections_may_wait_is_refused() {
    let zrig =
        Zrig::of("nodes: {taker: {role: pull, bind: 'ipc://${ENDPOINT}', on_message: print(1)}}\n");
    let endpoint = zrig.path("endpoint");
    let _owner = UnixListener::bind(&endpoint).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _waiting: Vec<_> = runtime.block_on(async {
        let mut waiting = Vec::new();
        while let Ok(stream) = tokio::net::UnixStream::connect(&endpoint).await {
            waiting.push(stream);
        }
        waiting
    });
    let ending = zrig.set("ENDPOINT", endpoint.display()).ends();
    ending.expect(1, ["cannot bind ipc://", "another program has it already"]);
}

#[test]
fn a_reload_to_an_ipc_path_of_somebody_else_holds_nobody_up() {
    let zrig = Zrig::of(&format!("{SINK}  taker: {{role: pull, bind: 'inproc://taker'}}\n"));
    let endpoint = zrig.path("endpoint");
    let _owner = UnixListener::bind(&endpoint).unwrap();
    let run = zrig.start();
    run.says("clock  goes on");
    let taker = format!("  taker: {{role: pull, bind: 'ipc://{}'}}\n", endpoint.display());
    std::fs::write(run.path("topology.yaml"), format!("{SINK}{taker}")).unwrap();
    run.says("another program has it already");
    let so_far = run.log().iter().filter(|line| line.contains("clock  goes on")).count();
    run.says_times("clock  goes on", so_far + 2);
    run.stop();
}

#[test]
fn standard_output_that_is_closed_ends_the_run_quietly() {
    let mut run = Zrig::of(
        "
nodes:
  source: {role: push, bind: inproc://lines, every: 5ms, on_tick: send(\"a line\")}
  sink: {role: pull, connect: source, write: {file: '-'}}
",
    )
    .with_unread_output()
    .start();
    let mut line = String::new();
    BufReader::new(run.unread()).read_line(&mut line).unwrap();
    assert_eq!(line, "a line\n");
    let ending = run.ends().expect(0, ["nobody reads standard output any more"]);
    assert!(!ending.said("error"), "{}", ending.text());
}

/// Runs a topology for four seconds beside a file system that never answers, mounted at `hung`; its
/// exit status and its log. Nothing where this user may not mount one.
fn beside_a_hung_file_system(nodes: &str) -> Option<(Option<i32>, String)> {
    let zrig = Zrig::of(&format!("nodes:\n{nodes}{CLOCK}"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/hung_file_system.py");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(python)
        .arg(script)
        .arg(zrig.path("hung"))
        .args([env!("CARGO_BIN_EXE_zrig"), "run", "--for", "4s"])
        .arg(zrig.path("topology.yaml"))
        .current_dir(zrig.path("topology.yaml").parent().unwrap())
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(77) {
        println!("skipped: this user may not mount a file system");
        return None;
    }
    Some((output.status.code(), log))
}

const CLOCK: &str =
    "  clock: {role: pub, bind: inproc://clock, every: 50ms, on_tick: 'print(\"goes on\")'}\n";

#[test]
fn a_file_system_that_does_not_answer_holds_up_nobody_else() {
    let nodes = "
  source: {role: push, bind: inproc://lines, every: 50ms, on_tick: send(\"a line\")}
  sink: {role: pull, connect: source, write: {file: hung/out.txt}}
  reader: {role: push, bind: inproc://other, read: {file: hung/in.txt}}
  taker: {role: pull, connect: reader, on_message: print(msg.text)}
";
    let Some((status, log)) = beside_a_hung_file_system(nodes) else { return };
    assert_eq!(status, Some(1), "{log}");
    for text in [
        "hung/out.txt does not answer; waits for it",
        "hung/in.txt does not answer; waits for it",
        "clock  goes on",
        "were not taken before the node had to close",
    ] {
        assert!(log.contains(text), "no {text:?} in {log}");
    }
}

#[test]
fn an_ipc_path_on_a_file_system_that_does_not_answer_is_refused() {
    // An ipc path is relative to where the program was started.
    let nodes = "  taker: {role: pull, bind: 'ipc://hung/endpoint'}\n";
    let Some((status, log)) = beside_a_hung_file_system(nodes) else { return };
    assert_eq!(status, Some(1), "{log}");
    assert!(log.contains("the file system of its path does not answer"), "{log}");
}
