//! Programs as nodes: started, told their endpoints, logged, restarted, ended, and never left behind.

mod asked;
mod left_behind;
mod seen;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::{Zrig, eventually, free_port, node_py};

/// The processes that have a text in their environment.
fn marked(mark: &str) -> BTreeSet<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_marked = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
    };
    // One that has ended and waits to be taken in has no environment any more.
    numbers.filter(is_marked).collect()
}

/// A program of shell, as a node alone. `SHELL` goes into the command.
fn shell(script: &str, keys: &str) -> Zrig {
    let port = free_port();
    Zrig::of(&format!(
        "
nodes:
  program:
    role: pull
    bind: {port}
    process:
      command: [sh, program.sh]
{keys}
"
    ))
    .with("program.sh", script)
}

#[test]
fn a_program_finds_its_endpoints_and_works_among_handlers() {
    let yaml = format!(
        "
nodes:
  ventilator: {{role: push, bind: 'tcp://127.0.0.1:*', every: 2ms, on_start: this.n = 0,
               on_tick: 'if this.n < 300 {{ this.n += 1; send(`job ${{this.n}}`) }}'}}
  worker:
    process: {{command: {}}}
    replicas: 3
    sockets:
      jobs: {{role: pull, connect: ventilator}}
      results: {{role: push, connect: sink}}
  sink:
    role: pull
    bind: tcp://127.0.0.1:*
    on_start: |
      this.of = #{{}};
    on_message: |
      let who = msg.text.captures(\"(worker.[0-9])$\")[1];
      this.of[who] = (this.of[who] ?? 0) + 1;
      this.n = (this.n ?? 0) + 1;
      if this.n == 300 {{ print(`all are done: ${{this.of}}`) }}
",
        node_py("work")
    );
    let run = Zrig::of(&yaml).start();
    // The barrier: each of the three has its share of what was sent first.
    let line = run.says("all are done: ");
    for copy in 1..=3 {
        assert!(line.contains(&format!("\"worker.{copy}\": 100")), "{line}");
        run.says(&format!("worker.{copy}  begins as worker.{copy}"));
    }
    let ending = run.stop();
    assert_eq!(ending.times("ended with status 0"), 3, "{}", ending.text());
    assert_eq!(ending.times(" ends after 100"), 3, "{}", ending.text());
}

#[test]
fn a_program_has_the_environment_of_the_run_but_not_its_way_to_systemd() {
    let script = "echo \"has $GREETING and ${NOTIFY_SOCKET:-none}\"\nsleep 60\n";
    let run = shell(script, "")
        .environment("GREETING", "hello")
        .environment("NOTIFY_SOCKET", "/nowhere/notify")
        .start();
    run.says("has hello and none");
    run.stop();
}

#[test]
fn what_a_program_prints_is_logged_line_by_line_within_bounds() {
    let script = r#"
printf 'to standard output\n'
printf 'no text: \377\376\n'
printf 'control: \033[31mred\n'
head -c 10000 /dev/zero | tr '\0' 'x'; echo
yes flood | head -n 50000
printf 'to standard error\n' >&2
echo "after the flood"
sleep 2
printf 'the last words'
exit 3
"#;
    let ending = shell(script, "      on_exit: stop").ends();
    assert_eq!(ending.status, Some(1), "{}", ending.text());
    for text in [
        "program  to standard output",
        "program  to standard error",
        "program  no text: \\xff\\xfe",
        "… and 1808 bytes more",
        "of its output are not shown: more than 200 a second",
        "program  the last words",
        "ended with status 3",
        "the program of program ended with status 3, by `on_exit: stop`",
    ] {
        assert!(ending.said(text), "{text}\n{}", ending.log[..40.min(ending.log.len())].join("\n"));
    }
    assert!(!ending.text().contains('\u{1b}'), "a terminal is told what to do");
    let told = ending.times("  flood");
    assert!((500..5_000).contains(&told), "{told}");
}

#[test]
fn a_program_that_exits_is_started_again_after_longer_and_longer_pauses() {
    let run = shell("echo begins; exit 7", "").start();
    run.says_times("program  begins", 4);
    for pause in [100, 200, 400, 800] {
        run.says(&format!("its program is started again in {pause} ms"));
    }
    let ending = run.stop();
    assert!(ending.said("ended with status 7 after"), "{}", ending.text());
}

#[test]
fn a_program_that_exits_is_left_or_ends_the_run_as_the_file_says() {
    let ending = shell("exit 0", "      on_exit: stop").ends();
    ending.expect(0, ["ended with status 0, by `on_exit: stop`"]);
    let run = shell("kill -KILL $$", "      on_exit: leave").start();
    run.says("ended with SIGKILL after");
    run.says("running live");
    assert_eq!(run.stop().times("its program runs as process"), 1);
}

#[test]
fn a_program_is_ready_when_what_it_names_accepts_and_the_start_waits_for_that() {
    let port = free_port();
    let yaml = format!(
        "
nodes:
  desk: {{process: {{command: [sh, slow.sh], ready: desk}}, replicas: 2,
         sockets: {{desk: {{role: rep, bind: 'tcp://127.0.0.1:*'}}}}}}
  asker: {{role: req, connect: desk, on_start: print(\"it starts\"); send(\"?\"), on_message: print(msg.text)}}
  other: {{role: pull, bind: {port}}}
"
    );
    let command = node_py("answer").replace(['[', ']', ','], " ");
    let run = Zrig::of(&yaml).with("slow.sh", format!("sleep 0.7\nexec {command}\n")).start();
    for copy in 1..=2 {
        run.says_what("ready", |line| {
            line.contains(&format!("desk.{copy}  its program is ready after"))
                && line.contains("accepts")
        });
    }
    run.says("? desk.");
    let ending = run.stop();
    let at = |text: &str| ending.log.iter().rposition(|line| line.contains(text)).unwrap();
    assert!(at("is ready after") < at("it starts"), "{}", ending.text());
}

#[test]
fn a_program_that_is_never_ready_is_named_and_does_not_hold_the_start_for_ever() {
    let port = free_port();
    let run = shell("exec sleep 100", &format!("      ready: {port}\n      stop: {{within: 1s}}"))
        .start();
    run.says("its program is not ready: nothing accepts at");
    run.says("running live");
    run.stop();
}

#[test]
fn a_program_that_does_not_end_in_its_time_is_killed_with_all_that_is_left_of_it() {
    let number = free_port();
    let mark = format!("MARK={number}");
    let keys = format!("      environment: {{MARK: {number}}}\n      stop: {{within: 300ms}}");
    let script = "trap '' TERM\nsetsid sleep 1000 &\necho begun\nwhile :; do sleep 1; done";
    let run = shell(script, &keys).start();
    run.says("program  begun");
    assert!(marked(&mark).len() >= 3);
    let begun = Instant::now();
    let ending = run.stop();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(ending.said("did not end in time and is killed"), "{}", ending.text());
    assert!(ending.said("ended with SIGKILL after"), "{}", ending.text());
    eventually("nothing is left", || marked(&mark).is_empty());
}

#[test]
fn the_signal_of_the_file_is_the_one_that_a_program_gets() {
    let script = "trap 'echo interrupted; exit 0' INT\necho begun\nwhile :; do sleep 0.05; done";
    let run = shell(script, "      stop: {signal: SIGINT}").start();
    run.says("program  begun");
    let ending = run.stop();
    assert!(ending.said("program  interrupted"), "{}", ending.text());
    assert!(ending.said("ended with status 0 after"), "{}", ending.text());
}

#[test]
fn a_program_that_is_not_there_is_warned_of_and_no_run_starts_without_it() {
    let zrig = shell("", "").with("other.yaml", "");
    let file = zrig.path("topology.yaml");
    let text = fs::read_to_string(&file).unwrap();
    for (command, why) in [
        ("[no-such-program]", "no folder of PATH has a program `no-such-program`"),
        ("[./absent]", "there is no file "),
        ("[./topology.yaml]", "is no file that can be executed"),
    ] {
        fs::write(&file, text.replace("[sh, program.sh]", command)).unwrap();
        let checked = std::process::Command::new(env!("CARGO_BIN_EXE_zrig"))
            .arg("check")
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8([checked.stderr, checked.stdout].concat()).unwrap();
        assert!(said.contains("warning[ZR0101]") && said.contains(why), "{said}");
        let ending = Zrig::file(PathBuf::from(&file)).ends();
        assert_eq!(ending.status, Some(1), "{}", ending.text());
        assert!(ending.said(why), "{}", ending.text());
    }
}
