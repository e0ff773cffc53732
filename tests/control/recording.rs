//! `zrig record`, `run --record` and `zrig recording`: what passed, whole, or exactly what is missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::client::{Desk, Said};
use crate::support::{Zrig, eventually, free_port, free_ports, python, soaking};

/// A source of so many lines, a middle that changes each, and a sink.
fn line(count: usize) -> Zrig {
    let lines: String = (0..count).map(|n| format!("line {n}\n")).collect();
    let [first, second] = free_ports();
    Zrig::of(&format!(
        "
name: line
nodes:
  source: {{role: push, bind: {first}, read: {{file: lines.txt}}}}
  middle:
    sockets: {{in: {{role: pull, connect: source}}, out: {{role: push, bind: {second}}}}}
    on_message: 'msg.text + \"!\"'
  sink: {{role: pull, connect: middle.out, write: {{file: out.txt}}}}
"
    ))
    .with("lines.txt", lines)
}

/// What `zrig recording` says.
pub(crate) fn recording<const N: usize>(file: &Path, arguments: [&str; N]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zrig"));
    Said::by(command.arg("recording").arg(file).args(arguments))
}

/// The texts of the messages of a recording, by where they passed.
pub(crate) fn texts(file: &Path) -> BTreeMap<String, Vec<String>> {
    let said = recording(file, ["--format", "jsonl"]).well();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let message = &line["message"];
        if message.is_object() {
            let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
            let place = format!("{}.{} {}", text("node"), text("socket"), text("direction"));
            let said =
                [&message["body"], &message["frames"][0]].into_iter().find_map(Value::as_str);
            texts.entry(place).or_default().push(said.unwrap_or_default().to_owned());
        }
    }
    texts
}

/// That these are the lines of a source, in their order and all of them.
#[track_caller]
fn are_numbered(texts: &[String], count: usize, end: &str) {
    let differs = texts.iter().enumerate().find(|(n, text)| **text != format!("line {n}{end}"));
    assert_eq!((differs, texts.len()), (None, count));
}

#[test]
fn all_that_passes_is_in_a_recording_in_its_order_and_other_programs_read_it() {
    let count = if soaking() { 100_000 } else { 3_000 };
    let run = line(count);
    let file = run.path("r.mcap");
    let recorded = ["--record", file.to_str().unwrap(), "--record-when-slow", "wait"];
    let run = run.arguments(recorded).start();
    eventually("all lines have come", || {
        fs::read_to_string(run.path("out.txt")).is_ok_and(|text| text.lines().count() == count)
    });
    let ending = run.stop();
    assert!(ending.said("recorded to"), "{:?}", ending.log);
    let texts = texts(&file);
    for (place, end) in [
        ("source.push out", ""),
        ("middle.in in", ""),
        ("middle.out out", "!"),
        ("sink.pull in", "!"),
    ] {
        are_numbered(&texts[place], count, end);
    }
    assert_eq!(texts.len(), 4);
    assert!(recording(&file, ["--check"]).well().contains("as it was written"));
    let summary = recording(&file, []).well();
    assert!(summary.contains(&format!("{} messages in", 4 * count)), "{summary}");
    assert!(summary.contains("generation 1 of "), "{summary}");

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/recording.py");
    let output = Command::new(python()).arg(script).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut read: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut calls = 0;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["schema"] == "zrig.Calls" {
            assert_eq!(line["topic"], "/middle/calls");
            let sent = line["sent"].as_array().unwrap();
            calls += sent.iter().map(|call| call.as_array().unwrap().len()).sum::<usize>();
            continue;
        }
        assert_eq!(line["schema"], "zrig.Message");
        let frame = line["frames"][0].as_str().unwrap();
        let bytes =
            (0..frame.len()).step_by(2).map(|at| u8::from_str_radix(&frame[at..at + 2], 16));
        let text = String::from_utf8(bytes.collect::<Result<_, _>>().unwrap()).unwrap();
        read.entry(line["topic"].as_str().unwrap().to_owned()).or_default().push(text);
    }
    are_numbered(&read["/middle/out/out"], count, "!");
    are_numbered(&read["/middle/in/in"], count, "");
    assert_eq!(calls, count);
}

#[test]
fn envelopes_are_recorded_whole_with_who_sent_them() {
    let desk = Desk::new();
    let port = free_port();
    let run = desk.run(&format!(
        "
name: t
nodes:
  desk: {{role: router, bind: {port}, on_message: '\"got \" + msg.text'}}
  client: {{role: req, connect: desk, identity: c9, every: 20ms, on_tick: 'send(\"hello\")'}}
"
    ));
    let file = run.path("r.mcap");
    let recorder = desk.command(["record", "t", "--to", file.to_str().unwrap(), "--for", "1m"]);
    let recorder = spawn(recorder);
    recorded(&file);
    eventually("both ways are in it", || {
        recording(&file, []).status == Some(0) && texts(&file).len() >= 4
    });
    interrupt(&recorder);
    let said = finish(recorder);
    assert!(said.contains("messages") && said.contains("r.mcap"), "{said}");
    for line in recording(&file, ["--node", "desk", "--format", "jsonl"]).well().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["message"]["peer"], "c9", "{line}");
    }
    let nobody = recording(&file, ["--node", "nobody"]);
    assert!(
        nobody.errors.contains("nothing of nobody is in")
            && nobody.errors.contains("it has what passed at client, desk"),
        "{}",
        nobody.errors
    );
    let texts = texts(&file);
    assert!(texts["desk.router out"].iter().all(|text| text == "got hello"));
    assert_eq!(recording(&file, ["--check"]).status, Some(0));
}

/// Waits until a recording has begun.
fn recorded(file: &Path) {
    eventually("the recording has begun", || file.exists());
}

fn spawn(mut command: Command) -> std::process::Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &std::process::Child) {
    let status = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

/// What it printed, once it has ended well.
#[track_caller]
fn finish(child: std::process::Child) -> String {
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_run_that_is_under_way_is_recorded_for_a_while_and_in_part() {
    let desk = Desk::new();
    let port = free_port();
    let run = desk.run(&format!(
        "
name: t
nodes:
  station: {{role: pub, bind: {port}, every: 1ms, on_tick: 'this.n = (this.n ?? 0) + 1; send(`${{this.n % 2}}`)'}}
  display: {{role: sub, connect: station, topics: [\"\"]}}
"
    ));
    let file = run.path("odd.mcap");
    let to = file.to_str().unwrap();
    let command = [
        "record",
        "t",
        "--to",
        to,
        "--node",
        "display",
        "--where",
        "msg.text == \"1\"",
        "--for",
        "500ms",
    ];
    let said = desk.ask(command).well();
    let count: usize = said.split(' ').next().unwrap().parse().unwrap();
    let texts = texts(&file);
    assert_eq!(texts.keys().collect::<Vec<_>>(), ["display.sub in"]);
    assert_eq!(texts["display.sub in"].len(), count);
    assert!(count > 10 && texts["display.sub in"].iter().all(|text| text == "1"), "{count}");
    // No file is ever overwritten, and what cannot be meant is refused before.
    let again = desk.ask(command);
    assert_eq!(again.status, Some(2));
    assert!(again.errors.contains("it is there already"), "{}", again.errors);
    let other = run.path("other.mcap");
    let other = other.to_str().unwrap();
    for (wrong, word) in [(["--node", "nobody"], "nobody"), (["--where", "msg.text =="], "filter")]
    {
        let said = desk.ask(["record", "t", "--to", other, wrong[0], wrong[1]]);
        assert!(said.status == Some(2) && said.errors.contains(word), "{}", said.errors);
    }
    assert!(!Path::new(other).exists());
}

#[test]
fn a_recording_whose_client_is_killed_is_finished_by_the_run() {
    let desk = Desk::new();
    let run = desk.run(&format!(
        "name: t\nnodes: {{a: {{role: pub, bind: {}, every: 1ms, on_tick: 'send(\"x\")'}}}}\n",
        free_port()
    ));
    let file = run.path("r.mcap");
    let mut recorder = spawn(desk.command(["record", "t", "--to", file.to_str().unwrap()]));
    recorded(&file);
    recorder.kill().unwrap();
    recorder.wait().unwrap();
    eventually("it has its end", || recording(&file, ["--check"]).status == Some(0));
    drop(run);
}

/// How many lines came to the sink by what is in a recording: each is there in its order, or missing in its place.
fn all_but_gaps(file: &Path) -> usize {
    let said = recording(file, ["--node", "sink", "--format", "jsonl"]).well();
    let mut next = 0;
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(missing) = line["missing"]["messages"].as_u64() {
            next += usize::try_from(missing).unwrap();
        } else if line["message"].is_object() {
            let text = line["message"]["body"].as_str();
            let text = text.or_else(|| line["message"]["frames"][0].as_str());
            assert_eq!(text, Some(&*format!("line {next}!")));
            next += 1;
        }
    }
    next
}

#[test]
fn a_run_that_is_killed_leaves_a_recording_that_can_be_read_but_for_its_last_second() {
    for _ in 0..if soaking() { 100 } else { 1 } {
        let run = line(2_000_000);
        let file = run.path("r.mcap");
        let run = run.arguments(["--record", file.to_str().unwrap()]).start();
        let came =
            || fs::read_to_string(run.path("out.txt")).map_or(0, |text| text.lines().count());
        eventually("some have come", || came() > 2_000);
        let before = came();
        // What was there a second before the kill has to be in it.
        std::thread::sleep(std::time::Duration::from_secs(1));
        run.signal("KILL");
        let ending = run.ends();
        assert_eq!(ending.status, None);
        let summary = recording(&file, []).well();
        assert!(summary.contains("it was broken off"), "{summary}");
        let texts = texts(&file);
        let read = all_but_gaps(&file);
        assert!(read >= before, "{read} of {before} messages of a second ago");
        assert_eq!(recording(&file, ["--check"]).status, Some(1));
        let sound = file.with_file_name("sound.mcap");
        recording(&file, ["--cut", "0s..", "--to", sound.to_str().unwrap()]).well();
        assert_eq!(recording(&sound, ["--check"]).status, Some(0));
        assert!(texts == self::texts(&sound), "the same is in it");
    }
}

#[test]
fn a_full_disk_ends_the_recording_and_the_run_only_if_that_is_wanted() {
    for (on_full, status) in [("continue", 0), ("stop", 1)] {
        let zrig = Zrig::of(&format!(
            "
name: t
nodes:
  a: {{role: push, bind: {}, every: 1ms, on_tick: 'for i in 0..20 {{ send(`${{uuid()}}${{uuid()}}`) }}'}}
  b: {{role: pull, connect: a, write: {{file: out.txt}}}}
",
            free_port()
        ));
        let folder = zrig.path("small");
        fs::create_dir(&folder).unwrap();
        let small = folder.display();
        // A disk of its own, which nobody else sees and which goes with the run.
        let mount = format!("mount -t tmpfs -o size=256k tmpfs {small} && exec \"$@\"");
        let file = folder.join("r.mcap");
        let run = zrig
            .arguments(["--record", file.to_str().unwrap(), "--record-on-full", on_full])
            .arguments(["--record-when-slow", "wait"])
            .within(&["unshare", "-rm", "sh", "-c", &mount, "sh"])
            .start();
        run.says("takes no more: No space left on device");
        let ending = if on_full == "stop" {
            run.ends()
        } else {
            let before = fs::read_to_string(run.path("out.txt")).unwrap().lines().count();
            eventually("it goes on", || {
                fs::read_to_string(run.path("out.txt")).unwrap().lines().count() > before + 1000
            });
            run.stop()
        };
        assert_eq!(ending.status, Some(status), "{:?}", ending.log);
        assert_eq!(ending.times("takes no more"), if on_full == "stop" { 2 } else { 1 });
    }
}

#[test]
fn a_recording_has_the_texts_of_each_version_without_secrets_and_goes_on_in_other_files() {
    let [port, nobody] = free_ports();
    let yaml = |word: &str| {
        format!(
            "
name: t
nodes:
  a: {{role: push, bind: {port}, every: 1ms, on_tick: 'for i in 0..50 {{ send(`{word} ${{uuid()}}`) }}'}}
  b: {{role: pull, connect: a}}
  c: {{role: push, connect: {nobody}, plain: {{user: u, password: swordfish}}}}
"
        )
    };
    let run = Zrig::of(&yaml("one"));
    let file = run.path("r.mcap");
    // How soon the files are full is not to depend on how busy the machine is.
    let recorded = ["--record", file.to_str().unwrap(), "--record-rotate", "300KiB"];
    let run = run.arguments(recorded).arguments(["--record-when-slow", "wait"]).start();
    eventually("there is another file", || file.with_file_name("r.2.mcap").exists());
    fs::write(run.path("topology.yaml"), yaml("two")).unwrap();
    run.says("generation 2");
    eventually("there is one more", || file.with_file_name("r.4.mcap").exists());
    let _ending = run.stop();
    let bytes = fs::read(&file).unwrap();
    assert!(!bytes.windows(9).any(|part| part == b"swordfish"), "a secret is in the file");
    let mut words = Vec::new();
    for number in 1..=4 {
        let name = if number == 1 { "r.mcap".to_owned() } else { format!("r.{number}.mcap") };
        let file = file.with_file_name(name);
        assert_eq!(recording(&file, ["--check"]).status, Some(0));
        let summary = recording(&file, []).well();
        assert!(summary.contains("generation "), "each has what it was read from: {summary}");
        words.extend(texts(&file).remove("b.pull in").unwrap_or_default());
    }
    let turned = words.iter().position(|text| text.starts_with("two")).unwrap();
    assert!(turned > 0 && words[turned..].iter().all(|text| text.starts_with("two")));
}

/// A library that lets no `fdatasync` of a process end as long as a file is there.
fn held_disk(folder: &Path, held: &Path) -> std::path::PathBuf {
    let (source, library) = (folder.join("held.c"), folder.join("held.so"));
    let text = format!(
        "#include <unistd.h>\nint fdatasync(int fd) {{ while (access({held:?}, F_OK) == 0) usleep(10000); return 0 * fd; }}\n"
    );
    fs::write(&source, text).unwrap();
    let mut built = Command::new("cc");
    built.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    assert!(built.status().unwrap().success());
    library
}

#[test]
fn what_a_slow_disk_has_no_room_for_is_counted_or_waited_for() {
    let count = 4_000;
    let body = "x".repeat(20_000);
    let lines: String = (0..count).map(|n| format!("{n} {body}\n")).collect();
    let bytes = lines.len() as u64;
    for when_slow in ["drop", "wait"] {
        // Not all of it passes before the disk is asked for the first time.
        let zrig = Zrig::of(&format!(
            "
name: t
nodes:
  source: {{role: push, bind: {}, read: {{file: lines.txt, rate: 2000/s}}}}
  sink: {{role: pull, connect: source, write: {{file: out.txt}}}}
",
            free_port()
        ));
        let (file, held) = (zrig.path("r.mcap"), zrig.path("held"));
        fs::write(&held, "").unwrap();
        let library = held_disk(file.parent().unwrap(), &held);
        let run = zrig
            .with("lines.txt", &lines)
            .environment("LD_PRELOAD", library.display())
            .arguments(["--record", file.to_str().unwrap(), "--record-when-slow", when_slow])
            .start();
        let out = run.path("out.txt");
        let written = || fs::metadata(&out).map_or(0, |file| file.len());
        if when_slow == "wait" {
            let mut before = 0;
            eventually("the nodes wait for the disk", || {
                std::thread::sleep(std::time::Duration::from_millis(500));
                let now = written();
                now > 0 && std::mem::replace(&mut before, now) == now
            });
            assert!(before < bytes, "they do not wait");
            fs::remove_file(&held).unwrap();
        }
        eventually("all have come", || written() == bytes);
        let _ = fs::remove_file(&held);
        let ending = run.stop();
        let told = ending.times("missing: the recording was too slow");
        assert_eq!(told, usize::from(when_slow == "drop"));
        let said = recording(&file, []).well();
        let mut missing = 0;
        for row in said.lines().filter(|line| line.contains(" messages  ")) {
            // `sink.pull  in  12 messages  9 bytes  3 missing: the recording was too slow`
            let number = |word: &str| {
                let before = row.split_once(word).map_or("0", |(before, _)| before.trim_end());
                before.rsplit(' ').next().unwrap().parse::<usize>().unwrap()
            };
            assert_eq!(number("messages") + number("missing"), count, "{row}");
            missing += number("missing");
        }
        assert_eq!(missing > 0, when_slow == "drop", "{said}");
        let gaps = recording(&file, ["--format", "jsonl"]).well();
        let gaps = gaps.lines().filter_map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["missing"]["messages"].as_u64()
        });
        assert_eq!(gaps.sum::<u64>(), missing as u64, "each gap in its place");
        assert_eq!(recording(&file, ["--check"]).status, Some(0));
    }
}

/// Nodes that programs outside speak with, each in another way.
fn servers(ports: [u16; 8]) -> Zrig {
    let [jobs, desk, hub, feed, asked, friend, news, deal] = ports;
    Zrig::of(&format!(
        "
name: servers
nodes:
  jobs: {{role: pull, bind: {jobs}}}
  desk: {{role: rep, bind: {desk}, on_message: '\"got \" + msg.text'}}
  hub: {{role: router, bind: {hub}, on_message: 'msg.text + \"!\"'}}
  feed: {{role: sub, connect: \"tcp://127.0.0.1:{feed}\", topics: [\"\"]}}
  asker: {{role: req, connect: \"tcp://127.0.0.1:{asked}\", every: 5ms, on_tick: 'send(\"and?\")'}}
  friend: {{role: pair, bind: {friend}}}
  news: {{role: xpub, bind: {news}}}
  deal: {{role: dealer, bind: {deal}}}
  work: {{role: pull, connect: inner}}
  inner: {{role: push, bind: inproc://inner, every: 10ms, on_tick: 'send(\"inside\")'}}
"
    ))
}

#[test]
fn what_came_from_outside_is_given_again_in_its_order_with_its_routing_ids() {
    let desk = Desk::new();
    let ports = free_ports();
    let [jobs, asks, hub, feed, asked, friend, news, deal] = ports;
    let first = servers(ports);
    let one = first.path("one.mcap");
    let run = desk.start(first.arguments(["--record", one.to_str().unwrap()]));
    {
        let lines: String = (0..200).map(|n| format!("job {n}\n")).collect();
        let clients = Zrig::of(&format!(
            "
nodes:
  jobs: {{role: push, connect: {jobs}, read: {{file: lines.txt}}}}
  asks: {{role: req, connect: {asks}, identity: asker, every: 4ms, on_tick: 'this.n = (this.n ?? 0) + 1; if this.n <= 100 {{ send(`question ${{this.n}}`) }}'}}
  hubs: {{role: dealer, connect: {hub}, identity: c7, every: 4ms, on_tick: 'this.n = (this.n ?? 0) + 1; if this.n <= 100 {{ send(`call ${{this.n}}`) }}'}}
  asked: {{role: rep, bind: {asked}, on_message: 'this.n = (this.n ?? 0) + 1; `because ${{this.n}}`'}}
  friend: {{role: pair, connect: {friend}, every: 40ms, on_tick: 'this.n = (this.n ?? 0) + 1; send(`hello ${{this.n}}`)'}}
  reader: {{role: sub, connect: {news}, topics: [a., b.]}}
  deal: {{role: dealer, connect: {deal}, every: 40ms, on_tick: 'this.n = (this.n ?? 0) + 1; send(`deal ${{this.n}}`)'}}
  feed: {{role: pub, bind: {feed}, every: 4ms, on_tick: 'this.n = (this.n ?? 0) + 1; if this.n <= 400 {{ send(`news ${{this.n}}`) }}'}}
"
        ))
        .with("lines.txt", lines)
        .environment("XDG_RUNTIME_DIR", desk.path().display())
        .start();
        eventually("all has been said", || {
            let figures = desk.ask(["top", "servers", "--once", "--format", "json"]).well();
            let figures: Value = serde_json::from_str(&figures).unwrap();
            let came = |node: &str| {
                let nodes = figures["nodes"].as_array().unwrap();
                let node = nodes.iter().find(|it| it["node"] == node).unwrap();
                node["sockets"][0]["messages_in"].as_u64().unwrap()
            };
            let others = ["asker", "friend", "news", "deal"].map(came);
            others.iter().all(|count| *count >= 2)
                && came("jobs") == 200
                && came("desk") == 100
                && came("hub") == 100
                && came("feed") >= 100
        });
        clients.stop();
    }
    let _first = run.stop();
    let before = texts(&one);

    let second = servers(ports);
    let two = second.path("two.mcap");
    let run = desk.start(second.arguments(["--record", two.to_str().unwrap()]));
    let said = desk.ask(["replay", one.to_str().unwrap(), "servers", "--speed", "4"]).well();
    assert!(
        said.contains(" messages given") && said.contains("came from nodes of the file"),
        "{said}"
    );
    let given: u64 = said.split(' ').next().unwrap().parse().unwrap();
    assert!(given >= 500, "{said}");
    let _second = run.stop();
    let after = texts(&two);
    for place in [
        "jobs.pull in",
        "desk.rep in",
        "desk.rep out",
        "hub.router in",
        "hub.router out",
        "feed.sub in",
        "asker.req in",
        "friend.pair in",
        "news.xpub in",
        "deal.dealer in",
    ] {
        assert!(
            before[place] == after[place],
            "{place}: {:?}",
            (before[place].len(), after[place].len())
        );
    }
    let ids = recording(&two, ["--node", "hub", "--format", "jsonl"]).well();
    assert!(ids.lines().all(|line| line.contains("\"peer\":\"c7\"")), "{ids}");

    // The same with a run of its own, which ends with the replay.
    let file = two.with_file_name("topology.yaml");
    let said =
        desk.ask(["replay", one.to_str().unwrap(), file.to_str().unwrap(), "--speed", "max"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.out.starts_with(&format!("{given} messages given")), "{}", said.out);
    assert!(said.errors.contains("running live"), "{}", said.errors);
    // What is no such thing is refused before anything runs.
    desk.ask(["replay", file.to_str().unwrap(), "servers"]).fails(2, ["is no recording"]);
    desk.ask(["replay", one.to_str().unwrap(), "nobody"]).fails(2, ["nobody"]);
}
