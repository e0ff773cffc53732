//! Saves as editors, scripts and Kubernetes make them: seen, whole, and never the end of a run.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::edited::{Edited, notes, tail, times};
use crate::support::{Peer, Zrig, eventually, free_ports, soaking};

/// How soon a save has to be seen, on a quiet machine and on a busy one.
fn soon() -> Duration {
    Duration::from_millis(if soaking() { 1000 } else { 5000 })
}

/// A topology that tells its version all the time.
fn telling(version: usize) -> String {
    format!(
        "nodes:\n  teller:\n    role: pull\n    bind: 'inproc://t'\n    every: 10ms\n    on_tick: print(\"version {version};\")\n"
    )
}

#[track_caller]
fn seen(edited: &Edited, version: usize, since: Instant) {
    let text = format!("version {version};");
    edited.run.says(&text);
    let took = since.elapsed();
    assert!(took < soon(), "seen only after {took:?}");
    println!("version {version} was seen after {took:?}");
}

#[test]
fn a_bad_edit_of_any_kind_keeps_what_runs_and_the_next_good_one_applies() {
    let [from, to] = free_ports();
    let good = |version: usize| {
        format!(
            "
nodes:
  relay:
    sockets:
      in: {{role: pull, connect: {from}}}
      out: {{role: push, bind: {to}}}
    script: relay.rhai
    params: {{version: {version}}}
"
        )
    };
    let script = "fn on_message(msg) { msg }";
    let mut edited = Edited::of(Zrig::of(&good(0)).with("relay.rhai", script));
    let mut sender = Peer::flood(&format!("send --bind tcp://127.0.0.1:{from}"));
    let receiver = Peer::flood(&format!("receive --connect tcp://127.0.0.1:{to}"));
    let bad = [
        ("topology.yaml", "nodes: [".to_owned()),
        ("topology.yaml", good(0).replace("pull", "pul")),
        ("topology.yaml", good(0).replace("role: push", "role: push, hwm: many")),
        ("topology.yaml", good(0).replace("script:", "skript:")),
        ("topology.yaml", good(0).replace(&to.to_string(), "99999")),
        ("topology.yaml", good(0) + "  relay: {role: pull, bind: 5}\n"),
        ("topology.yaml", good(0).replace("relay.rhai", "nowhere.rhai")),
        ("topology.yaml", format!("version: 7\n{}", good(0))),
        ("topology.yaml", "\u{0}".to_owned()),
        ("topology.yaml", "just a text".to_owned()),
        ("topology.yaml", format!("{}${{NOBODY_SET_THIS}}", good(0))),
        ("relay.rhai", "fn on_message(msg) { msg".to_owned()),
        ("relay.rhai", "fn on_message(msg) { import \"gone\" as g; g::f() }".to_owned()),
    ];
    for (at, (file, text)) in bad.iter().enumerate() {
        edited.save_as(file, text);
        let receipt = edited.receipt();
        assert_eq!(receipt["verdict"], "rejected", "{text}\n{receipt:#}");
        assert!(!receipt["errors"].as_array().unwrap().is_empty(), "{receipt:#}");
        assert_eq!(receipt["generation"], at + 1, "{receipt:#}");
        edited.save_as("relay.rhai", script);
        if *file == "relay.rhai" {
            // The version that runs, again; it is a new one to those who read files.
            edited.receipt();
            let _ = edited.receipts();
        }
        let version = at + 1;
        if *file == "topology.yaml" {
            edited.apply(&good(version));
        }
    }
    sender.tell("end");
    sender.well();
    let received = receiver.well();
    assert_eq!(received["disconnects"], 0);
    edited.stop();
}

/// The faulty files of the corpus that are faulty wherever they lie.
fn faulty_corpus() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("topology.yaml");
    let entries = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let texts = files.into_iter().filter_map(|file| fs::read_to_string(file).ok());
    texts
        .filter(|text| {
            fs::write(&path, text).unwrap();
            !text.trim().is_empty() && zrig::load::load(&path, &|_| None).topology.is_none()
        })
        .collect()
}

#[test]
fn every_faulty_file_of_the_corpus_saved_over_a_running_one_changes_nothing() {
    let [from, to] = free_ports();
    let good = |version: usize| {
        format!(
            "
nodes:
  relay:
    sockets:
      in: {{role: pull, connect: {from}}}
      out: {{role: push, bind: {to}}}
    params: {{version: {version}}}
    on_in: msg
"
        )
    };
    let corpus = faulty_corpus();
    assert!(corpus.len() >= 60, "{}", corpus.len());
    let mut edited = Edited::start(&good(0));
    let mut sender = Peer::flood(&format!("send --bind tcp://127.0.0.1:{from} --rate 2000"));
    let receiver = Peer::flood(&format!("receive --connect tcp://127.0.0.1:{to}"));
    for text in &corpus {
        edited.save(text);
        let receipt = edited.receipt();
        assert_eq!(receipt["verdict"], "rejected", "{text}\n{receipt:#}");
        assert_eq!(receipt["generation"], 1, "{text}\n{receipt:#}");
        assert!(!receipt["errors"].as_array().unwrap().is_empty(), "{text}\n{receipt:#}");
    }
    edited.apply(&good(1));
    sender.tell("end");
    sender.well();
    let received = receiver.well();
    println!("{} faulty files: {received}", corpus.len());
    assert_eq!(received["disconnects"], 0);
    edited.stop();
}

#[test]
fn a_storm_of_saves_ends_with_the_last_version_and_no_half_is_ever_applied() {
    let saves = times(100, 300);
    // Cut in the middle of a name, every version is another topology.
    let version = |number: usize| {
        let more: String = (0..40)
            .map(|at| format!("  node{at}: {{role: pull, bind: 'inproc://n{at}'}}\n"))
            .collect();
        format!("{}{more}  last: {{role: push, connect: node39}}\n", telling(number))
    };
    for in_place in [false, true] {
        let edited = Edited::start(&version(0));
        edited.run.says("version 0;");
        let file = edited.run.path("topology.yaml");
        let begun = Instant::now();
        for number in 1..=saves {
            let text = version(number);
            if in_place {
                use std::io::Write as _;
                let mut open = fs::File::create(&file).unwrap();
                let half = text.len() / 2 + number;
                open.write_all(&text.as_bytes()[..half]).unwrap();
                std::thread::sleep(Duration::from_millis(if number % 50 == 0 { 120 } else { 2 }));
                open.write_all(&text.as_bytes()[half..]).unwrap();
            } else {
                edited.save(&text);
            }
            let due = begun + Duration::from_millis(10) * u32::try_from(number).unwrap();
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        seen(&edited, saves, Instant::now());
        for receipt in edited.receipts() {
            assert_eq!(receipt["verdict"], "applied", "{receipt:#}");
            let nodes = receipt["nodes"].as_array().unwrap();
            assert!(
                nodes.iter().all(|node| node["sign"] == "~"),
                "a half was applied: {receipt:#}"
            );
        }
        println!("in place {in_place}: {} reloads of {saves} saves", edited.receipts().len());
        edited.stop();
    }
}

#[test]
fn saves_as_vim_makes_them_are_seen() {
    let edited = Edited::start(&telling(0));
    edited.run.says("version 0;");
    let file = edited.run.path("topology.yaml");
    for version in 1..times(4, 20) {
        let since = Instant::now();
        // backupcopy=no: a probe, the old file out of the way, a new one, the backup away.
        fs::write(edited.run.path("4913"), "").unwrap();
        fs::remove_file(edited.run.path("4913")).unwrap();
        let backup = edited.run.path("topology.yaml~");
        fs::rename(&file, &backup).unwrap();
        fs::write(&file, telling(version)).unwrap();
        fs::remove_file(&backup).unwrap();
        seen(&edited, version, since);
    }
    edited.stop();
}

#[test]
fn saves_as_vs_code_makes_them_are_seen() {
    let edited = Edited::start(&telling(0));
    edited.run.says("version 0;");
    for version in 1..times(4, 20) {
        let since = Instant::now();
        // In place: cut to nothing, written, closed.
        fs::write(edited.run.path("topology.yaml"), telling(version)).unwrap();
        seen(&edited, version, since);
    }
    edited.stop();
}

#[test]
fn a_file_that_is_deleted_and_comes_again_is_seen() {
    let edited = Edited::start(&telling(0));
    edited.run.says("version 0;");
    let file = edited.run.path("topology.yaml");
    for version in 1..4 {
        fs::remove_file(&file).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let since = Instant::now();
        fs::write(&file, telling(version)).unwrap();
        seen(&edited, version, since);
    }
    assert!(edited.receipts().iter().all(|receipt| receipt["verdict"] == "applied"));
    edited.stop();
}

/// A folder as Kubernetes makes it of a ConfigMap.
fn config_map(folder: &Path, number: usize, text: &str) {
    let version = folder.join(format!("..{number}"));
    fs::create_dir(&version).unwrap();
    fs::write(version.join("topology.yaml"), text).unwrap();
    symlink(format!("..{number}"), folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    if number > 0 {
        fs::remove_dir_all(folder.join(format!("..{}", number - 1))).unwrap();
    }
}

/// Puts something into the file, waits for the one receipt of it, and gives what it says.
#[track_caller]
fn rejected(edited: &mut Edited, put: impl FnOnce(&Path)) -> String {
    put(&edited.run.path("topology.yaml"));
    let receipt = edited.receipt();
    assert_eq!(receipt["verdict"], "rejected", "{receipt:#}");
    assert_eq!(receipt["errors"].as_array().unwrap().len(), 1, "{receipt:#}");
    receipt["errors"][0].as_str().unwrap().to_owned()
}

/// How a file comes to say nothing, and what is said of it.
type SilentFile = (fn(&Path), &'static str);

/// Files that say nothing.
fn silent_files() -> [SilentFile; 5] {
    [
        (
            |file| fs::write(file, b"nodes: {a\xFF: 1}").unwrap(),
            "it is not UTF-8: the byte 0xff on line 1 begins no character",
        ),
        (|file| fs::File::create(file).unwrap().set_len(100 << 20).unwrap(), "it is larger than"),
        (|file| fs::write(file, "").unwrap(), "topology.yaml is empty; what runs stays"),
        (|file| fs::write(file, "\n \n").unwrap(), "topology.yaml is empty; what runs stays"),
        (|file| fs::remove_file(file).unwrap(), "topology.yaml is gone; what runs stays"),
    ]
}

#[test]
fn a_file_that_says_nothing_is_told_once_and_so_is_that_it_is_good_again() {
    for polls in [false, true] {
        let zrig = Zrig::of(&telling(0));
        let mut edited = Edited::of(if polls { zrig.arguments(["--poll"]) } else { zrig });
        edited.run.says("version 0;");
        for (at, (put, text)) in silent_files().into_iter().enumerate() {
            let said = rejected(&mut edited, put);
            assert!(said.contains(text), "{said}");
            edited.run.says(text);
            if at % 2 == 0 {
                // The text that runs: nothing is to be done.
                edited.save(&telling(at));
                eventually("it is good again", || {
                    let again = edited.run.log();
                    again.iter().filter(|line| line.contains("is there again")).count()
                        == at / 2 + 1
                });
                edited.apply(&telling(at + 1));
            } else {
                edited.apply(&telling(at + 1));
            }
        }
        let rejections =
            edited.receipts().iter().filter(|receipt| receipt["verdict"] == "rejected").count();
        assert_eq!(rejections, silent_files().len());
        edited.stop();
    }
}

#[test]
fn a_hangup_says_at_once_that_the_file_says_nothing() {
    let mut edited = Edited::of(Zrig::of(&telling(0)).arguments(["--no-watch"]));
    edited.run.says("version 0;");
    for (put, text) in silent_files() {
        for _ in 0..2 {
            let file = edited.run.path("topology.yaml");
            if file.exists() {
                put(&file);
            }
            edited.run.signal("HUP");
            let said = rejected(&mut edited, |_| {});
            assert!(said.contains(text), "{said}");
        }
    }
    edited.save(&telling(1));
    edited.run.signal("HUP");
    edited.run.says("version 1;");
    assert_eq!(edited.receipt()["verdict"], "applied");
    edited.stop();
}

#[test]
fn a_folder_that_is_replaced_and_the_one_above_it_are_watched_again() {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    let put = |folder: &str, version: usize| {
        fs::create_dir_all(path(folder)).unwrap();
        fs::write(path(folder).join("topology.yaml"), telling(version)).unwrap();
    };
    put("above/folder", 0);
    let edited = Edited::of(Zrig::file(path("above/folder/topology.yaml")));
    edited.run.says("version 0;");
    let file = path("above/folder/topology.yaml");
    let mut version = 0;
    // The folder itself, and the one above it.
    for (folder, new, new_home) in
        [("above/folder", "new", "new"), ("above", "beside", "beside/folder")].repeat(times(1, 5))
    {
        version += 1;
        put(new_home, version);
        fs::rename(path(folder), path("old")).unwrap();
        fs::rename(path(new), path(folder)).unwrap();
        seen(&edited, version, Instant::now());
        version += 1;
        fs::write(&file, telling(version)).unwrap();
        seen(&edited, version, Instant::now());
        fs::remove_dir_all(path("old")).unwrap();
    }
    edited.stop();
}

#[test]
fn saves_that_never_stop_put_no_reload_off_for_ever() {
    // One that takes longer to load than a save lasts.
    let large: String = (0..900)
        .map(|n| {
            format!("fn f{n}(x) {{ let y = x + {n}; if y > 10 {{ y * 2 }} else {{ y - 1 }} }}\n")
        })
        .chain(["fn on_message(msg) { print(f1(2)) }\n".to_owned()])
        .collect();
    let with_large = "  large: {role: pull, bind: 'inproc://l', script: large.rhai}\n";
    for (in_place, more) in [(false, ""), (true, ""), (true, with_large)] {
        let telling = |version| telling(version) + more;
        let edited = Edited::of(Zrig::of(&telling(0)).with("large.rhai", &large));
        edited.run.says("version 0;");
        let file = edited.run.path("topology.yaml");
        let mut version = 0;
        // As long as it takes until a reload is applied, and a bounded number of times.
        let applied = (0..6000).any(|_| {
            version += 1;
            if in_place {
                fs::write(&file, telling(version)).unwrap();
            } else {
                edited.save(&telling(version));
            }
            std::thread::sleep(Duration::from_millis(5));
            !edited.receipts().is_empty()
        });
        assert!(applied, "in place {in_place}: no reload while {version} versions were saved");
        println!("in place {in_place}: a reload after {version} saves");
        seen(&edited, version, Instant::now());
        // A file that is written in place again and again may be read in the middle of that, and be refused then.
        let receipts = edited.receipts();
        assert!(receipts.iter().all(|receipt| in_place || receipt["verdict"] == "applied"));
        assert_eq!(receipts.last().unwrap()["verdict"], "applied");
        edited.stop();
    }
}

#[test]
fn a_config_map_that_is_swapped_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    config_map(folder.path(), 0, &telling(0));
    symlink("..data/topology.yaml", folder.path().join("topology.yaml")).unwrap();
    let edited = Edited::of(Zrig::file(folder.path().join("topology.yaml")));
    edited.run.says("version 0;");
    for version in 1..times(4, 20) {
        let since = Instant::now();
        config_map(folder.path(), version, &telling(version));
        seen(&edited, version, since);
    }
    edited.stop();
}

/// A ConfigMap whose files are in folders: each of those is a link of its own.
fn config_map_of_folders(folder: &Path, number: usize) {
    let version = folder.join(format!("..{number}"));
    for (name, text) in [
        (
            "t/topology.yaml",
            format!(
                "places: {{here: {{address: 127.0.0.1}}}}\nnodes:\n  teller: {{on: here, role: pull, bind: 'inproc://t', every: 10ms, script: ../scripts/tell.rhai, params: {{yaml: {number}}}}}\n"
            ),
        ),
        (
            "scripts/tell.rhai",
            format!("fn on_tick() {{ print(`yaml ${{param(\"yaml\")}} script {number};`) }}\n"),
        ),
    ] {
        let path = version.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    symlink(format!("..{number}"), folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    if number > 0 {
        fs::remove_dir_all(folder.join(format!("..{}", number - 1))).unwrap();
    }
}

#[test]
fn a_config_map_of_folders_that_is_swapped_is_one_live_change_of_a_place() {
    let folder = tempfile::tempdir().unwrap();
    config_map_of_folders(folder.path(), 0);
    for name in ["t", "scripts"] {
        symlink(format!("..data/{name}"), folder.path().join(name)).unwrap();
    }
    let file = folder.path().join("t/topology.yaml");
    let desk = tempfile::tempdir().unwrap();
    let receipts = desk.path().join("receipts.jsonl");
    let run = Zrig::file(file)
        .arguments(["--place", "here", "--receipts", receipts.to_str().unwrap()])
        .start();
    run.says("yaml 0 script 0;");
    let swaps = times(4, 100);
    for number in 1..=swaps {
        config_map_of_folders(folder.path(), number);
        run.says(&format!("yaml {number} script {number};"));
    }
    let log = run.stop();
    assert!(!log.said("rejected"), "{}", log.text());
    let mixed = |line: &&String| {
        let numbers = line.split_once("yaml ").and_then(|(_, rest)| rest.split_once(" script "));
        numbers.is_some_and(|(yaml, script)| !script.starts_with(&format!("{yaml};")))
    };
    assert_eq!(log.log.iter().find(mixed), None, "a change that was half of one");
    let text = fs::read_to_string(receipts).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains("\"applied\"")).count(), swaps);
}

#[test]
fn files_saved_together_are_one_change() {
    let yaml = |version: usize| {
        format!(
            "nodes: {{teller: {{role: pull, bind: 'inproc://t', every: 10ms, script: s.rhai, params: {{v: {version}}}}}}}"
        )
    };
    let script = |version: usize| {
        format!("fn on_tick() {{ print(`yaml ${{param(\"v\")}} script {version};`) }}")
    };
    let mut edited = Edited::of(Zrig::of(&yaml(0)).with("s.rhai", script(0)));
    edited.run.says("yaml 0 script 0;");
    edited.save_as("s.rhai", &script(1));
    edited.save(&yaml(1));
    edited.run.says("yaml 1 script 1;");
    edited.receipt();
    assert_eq!(edited.receipts().len(), 1);
    // A script that is empty for a moment is being saved.
    fs::write(edited.run.path("s.rhai"), "").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    fs::write(edited.run.path("s.rhai"), script(2)).unwrap();
    edited.run.says("yaml 1 script 2;");
    fs::remove_file(edited.run.path("s.rhai")).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    fs::write(edited.run.path("s.rhai"), script(3)).unwrap();
    edited.run.says("yaml 1 script 3;");
    assert!(edited.receipts().iter().all(|receipt| receipt["verdict"] == "applied"));
    // One that stays away is a fault, and keeps what runs.
    fs::remove_file(edited.run.path("s.rhai")).unwrap();
    eventually("a rejected receipt", || {
        edited.receipts().last().is_some_and(|receipt| receipt["verdict"] == "rejected")
    });
    edited.stop();
}

#[test]
fn files_that_the_run_itself_writes_beside_the_topology_hold_up_no_reload() {
    let yaml = |version: usize| {
        format!(
            "
nodes:
  source: {{role: push, bind: 'inproc://s', every: 2ms, on_tick: 'send(\"x\")'}}
  sink: {{role: pull, connect: source, write: {{file: out.txt}}}}
  teller: {{role: pull, bind: 'inproc://t', every: 10ms, on_tick: 'print(\"version {version};\")'}}
"
        )
    };
    let edited = Edited::start(&yaml(0));
    edited.run.says("version 0;");
    let since = Instant::now();
    edited.save(&yaml(1));
    seen(&edited, 1, since);
    edited.stop();
}

#[test]
fn a_hangup_reloads_at_once_and_always_says_what_came_of_it() {
    let mut edited = Edited::of(Zrig::of(&telling(0)).arguments(["--no-watch"]));
    edited.run.says("version 0;");
    edited.save(&telling(1));
    std::thread::sleep(Duration::from_millis(300));
    assert!(edited.receipts().is_empty());
    edited.run.signal("HUP");
    edited.run.says("version 1;");
    assert_eq!(edited.receipt()["generation"], 2);
    edited.run.signal("HUP");
    let nothing = edited.receipt();
    assert_eq!(nothing["verdict"], "applied");
    assert_eq!(nothing["nodes"].as_array().unwrap().len(), 0);
    edited.stop();
}

#[test]
fn polling_sees_every_kind_of_save() {
    let edited = Edited::of(Zrig::of(&telling(0)).arguments(["--poll"]));
    edited.run.says("version 0;");
    edited.save(&telling(1));
    edited.run.says("version 1;");
    fs::write(edited.run.path("topology.yaml"), telling(2)).unwrap();
    edited.run.says("version 2;");
    fs::remove_file(edited.run.path("topology.yaml")).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    fs::write(edited.run.path("topology.yaml"), telling(3)).unwrap();
    edited.run.says("version 3;");
    assert!(edited.receipts().iter().all(|receipt| receipt["verdict"] == "applied"));
    edited.stop();
}

#[test]
fn a_receipt_says_what_was_done_as_text_and_as_json() {
    let [port] = free_ports();
    let yaml = |hwm: u32, more: &str| {
        format!("nodes:\n  sink: {{role: pull, bind: {port}, hwm: {hwm}}}\n{more}")
    };
    let mut edited = Edited::start(&yaml(100, "  old: {role: pull, bind: 'inproc://o'}\n"));
    eventually("it runs", || edited.run.log().len() < 1000);
    std::thread::sleep(Duration::from_millis(300));
    let receipt = edited.apply(&yaml(50, "  new: {role: pull, bind: 'inproc://n'}\n"));
    assert_eq!(receipt["generation"], 2);
    assert!(receipt["milliseconds"].as_f64().unwrap() > 0.0);
    assert_eq!(receipt["dropped"], 0);
    let signs: Vec<_> =
        receipt["nodes"].as_array().unwrap().iter().map(|node| node["sign"].clone()).collect();
    assert_eq!(signs, ["~", "+", "-"]);
    assert_eq!(notes(&receipt), "");
    // The receipt is written to the log first, but who reads that here may be behind.
    eventually("the log ends with it", || tail(&edited.run.log()).contains("- old"));
    let log = edited.run.log();
    let text = tail(&log);
    for line in [
        "reload applied (generation 2",
        "~ sink",
        "hwm.receive 100 → 50  [new socket]",
        "+ new",
        "- old",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    edited.stop();
}

#[test]
fn a_save_while_a_node_pauses_after_a_failure_applies() {
    let yaml = |version: usize| {
        format!(
            "
nodes:
  source: {{role: push, bind: 'inproc://s', every: 20ms, on_tick: 'send(\"x\")'}}
  sink:
    role: pull
    connect: source
    hwm: {}
    on_error: restart
    on_message: |
      print(\"version {version};\"); if {version} == 0 {{ throw \"no\" }}
",
            100 + version
        )
    };
    let mut edited = Edited::start(&yaml(0));
    edited.run.says("starts anew");
    let receipt = edited.apply(&yaml(1));
    assert!(receipt["milliseconds"].as_f64().unwrap() < 2000.0, "{receipt:#}");
    edited.run.says("version 1;");
    edited.stop();
}
