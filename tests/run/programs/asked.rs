//! Programs in several languages, killed at random while they are asked: all questions are answered, and
//! nothing else notices.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Zrig, eventually, node_py, python, soaking};

/// How often a program is killed.
fn kills() -> usize {
    if soaking() { 200 } else { 10 }
}

/// Asks without pause, and once more what is not answered in time.
const ASKER: &str = "
  asker:
    role: dealer
    connect: [KINDS]
    every: 5ms
    timers: {again: 100ms}
    read: {file: '-'}
    on_start: |
      this.open = #{}; this.n = 0; this.asks = true;
    on_tick: |
      if this.asks {
        this.n += 1;
        this.open[`${this.n}`] = now();
        send([\"\", `${this.n}`]);
      }
    on_timer: |
      for key in this.open.keys() {
        if now() - this.open[key] > 0.5 { this.open[key] = now(); send([\"\", key]) }
      }
      if !this.asks && this.open.is_empty() { print(`all ${this.n} are answered`); this.asks = () }
    on_message: |
      let answer = \"\" + msg.frames[1].as_string();
      this.open.remove(answer.split(\" \")[0]);
    on_line: this.asks = false
";

/// A link of handlers beside them, of which nothing may be lost.
const BESIDE: &str = "
  source: {role: push, connect: sink, every: 2ms, on_start: this.n = 0, on_tick: this.n += 1; send(this.n)}
  sink:
    role: pull
    bind: tcp://127.0.0.1:*
    on_start: this.n = 0
    on_message: |
      this.n += 1;
      if msg.text != `${this.n}` { print(`${msg.text} came in the place of ${this.n}`); this.n = parse_int(msg.text) }
";

#[test]
fn programs_killed_at_random_are_restarted_and_every_question_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut kinds = BTreeMap::from([("py", node_py("answer"))]);
    // A shell that stays, with the program that answers as its child.
    let words = node_py("answer").replace(['[', ']', ','], " ");
    kinds.insert("sh", format!("[sh, -c, {:?}]", format!("{words} & wait")));
    match compiled(folder.path()) {
        Some(program) => drop(kinds.insert("c", format!("[{program:?}]"))),
        None => {
            println!("without a C compiler or the headers and library of ZeroMQ: no program in C")
        }
    }
    let names: Vec<&str> = kinds.keys().copied().collect();
    let nodes: String = kinds
        .iter()
        .map(|(name, command)| {
            format!(
                "
  {name}:
    process: {{command: {command}, stop: {{within: 5s}}, ready: desk}}
    replicas: 3
    sockets: {{desk: {{role: rep, bind: 'tcp://127.0.0.1:*'}}}}
"
            )
        })
        .collect();
    let asker = ASKER.replace("KINDS", &names.join(", "));
    let yaml = format!("nodes:{nodes}{asker}{BESIDE}");
    let mut run = Zrig::of(&yaml).with_stdin().start();
    run.says("running live");
    for number in 0..kills() {
        let (kind, copy) = (names[number % names.len()], number / names.len() % 3 + 1);
        let before = run.programs();
        let instance = format!("{kind}.{copy}");
        let pid = before[&instance];
        let status = Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
        assert!(status.success());
        eventually(&format!("{instance} runs again, kill {number}"), || {
            run.programs().get(&instance).is_some_and(|now| *now != pid)
        });
        let others = |mut pids: BTreeMap<String, u32>| {
            pids.remove(&instance);
            pids
        };
        assert_eq!(others(run.programs()), others(before), "the others run on");
    }
    writeln!(run.stdin(), "enough").unwrap();
    run.says(" are answered");
    let ending = run.stop();
    assert_eq!(ending.times("ended with SIGKILL"), kills(), "{}", ending.text());
    assert_eq!(ending.times("is started again in"), kills(), "{}", ending.text());
    assert!(!ending.said("came in the place of"), "{}", ending.text());
    assert!(!ending.said("did not arrive"), "{}", ending.text());
}

/// The program of `answer.c`, where there is all that it takes: a compiler, the headers of the libzmq
/// that was built, and a library, that of pyzmq.
fn compiled(folder: &Path) -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_BIN_EXE_zrig")).parent()?.join("build");
    let headers = built.read_dir().ok()?.flatten().map(|entry| entry.path());
    let mut headers = headers.map(|path| path.join("out/source/include"));
    let headers = headers.find(|path| path.join("zmq.h").is_file())?;
    let libraries = Command::new(python())
        .args(["-c", "import zmq, os; print(os.path.join(os.path.dirname(zmq.__file__), '..', 'pyzmq.libs'))"])
        .output()
        .ok()?;
    let libraries = PathBuf::from(String::from_utf8(libraries.stdout).ok()?.trim());
    let mut all = libraries.read_dir().ok()?.flatten().map(|entry| entry.path());
    let library = all.find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libzmq"))
    })?;
    let program = folder.join("answer");
    let mut compiler = Command::new("cc");
    compiler.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run/programs/answer.c"));
    compiler.arg("-o").arg(&program).arg("-I").arg(headers).arg(&library);
    compiler.arg(format!("-Wl,-rpath,{}", libraries.display())).arg("-Wl,--allow-shlib-undefined");
    compiler.status().ok()?.success().then_some(program)
}
