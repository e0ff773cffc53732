//! Recordings of a page: the list, the line of time, a moment, the picture as it was, and a replay.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::page::{NEWS, Page, Stream, posted};
use crate::support::http::{get, request};
use crate::support::{Zrig, eventually, eventually_or, free_port};

/// A desk that counts what it is asked, and says it.
const DESK: &str = "
name: desk
nodes:
  desk: {role: pull, bind: '${DESK}', on_message: 'print(`got ${msg.text}`)'}
  clock: {role: pub, bind: 'tcp://127.0.0.1:*', every: 20ms, on_tick: 'publish(1000, 1)'}
  view: {role: sub, connect: clock, msgids: [1000]}
";

/// A run with a page that records itself beside its file.
fn recorded(zrig: Zrig) -> Page {
    let file = zrig.path("run.mcap");
    Page::with(zrig.arguments(["--record", file.to_str().unwrap()]))
}

fn list(page: &Page) -> Vec<Value> {
    page.json("/api/recordings")["recordings"].as_array().unwrap().clone()
}

fn named<'l>(list: &'l [Value], name: &str) -> &'l Value {
    list.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}: {list:?}"))
}

/// A whole recording of a run of this topology, beside another run's file: it ends when so many messages passed.
fn record(yaml: &str, to: &Path, messages: usize) {
    let run = Zrig::of(yaml).arguments(["--record", to.to_str().unwrap()]).start();
    eventually_or(
        || format!("{messages} messages are in {}", to.display()),
        || {
            let said = Command::new(env!("CARGO_BIN_EXE_zrig")).arg("recording").arg(to).output();
            let said = String::from_utf8(said.unwrap().stdout).unwrap();
            let count = said.split(": ").nth(1).and_then(|rest| rest.split(' ').next());
            count.and_then(|count| count.parse::<usize>().ok()).is_some_and(|it| it >= messages)
        },
    );
    run.stop();
}

#[test]
fn recordings_beside_the_file_are_listed_and_so_is_the_one_that_is_written() {
    let page = recorded(Zrig::of(NEWS));
    let folder = page.run.path("");
    record(NEWS, &folder.join("old.mcap"), 20);
    // What is none, what only looks like one, what others write in that form, and what leads elsewhere.
    fs::write(folder.join("none.mcap"), "nothing").unwrap();
    fs::write(folder.join("empty.mcap"), "").unwrap();
    let whole = fs::read(folder.join("old.mcap")).unwrap();
    let mut others = whole.clone();
    others[21..25].copy_from_slice(b"ros2");
    fs::write(folder.join("others.mcap"), others).unwrap();
    fs::write(folder.join("broken.mcap"), &whole[..whole.len() * 3 / 4]).unwrap();
    fs::create_dir(folder.join("folder.mcap")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("far.mcap"), &whole).unwrap();
    symlink(elsewhere.path().join("far.mcap"), folder.join("link.mcap")).unwrap();

    eventually("something is written", || named(&list(&page), "run.mcap")["messages"] != 0);
    let told = page.json("/api/recordings");
    assert_eq!(told["folder"], folder.canonicalize().unwrap().to_str().unwrap());
    let list = list(&page);
    let mut names: Vec<&str> = list.iter().map(|one| one["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["broken.mcap", "old.mcap", "run.mcap"]);
    let old = named(&list, "old.mcap");
    assert!(old["messages"].as_u64() >= Some(20) && old["bytes"].as_u64() >= Some(20), "{old}");
    assert_eq!(
        (&old["missing"], &old["unread"], &old["writing"]),
        (&json!(0), &Value::Null, &json!(false))
    );
    assert_eq!(old["size"], whole.len());
    assert!(old["begun"].as_f64() > Some(1e9) && old["seconds"].as_f64() > Some(0.0), "{old}");
    let run = named(&list, "run.mcap");
    assert_eq!((&run["writing"], run["unread"].is_u64()), (&json!(true), true), "{run}");
    let broken = named(&list, "broken.mcap");
    assert_eq!((&broken["writing"], &broken["missing"]), (&json!(false), &Value::Null), "{broken}");
    assert!(broken["unread"].is_u64(), "{broken}");
    page.run.stop();
}

#[test]
fn nothing_but_what_is_listed_can_be_named() {
    let page = Page::of(NEWS);
    let folder = page.run.path("").canonicalize().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let far = elsewhere.path().join("far.mcap");
    record(NEWS, &far, 10);
    symlink(&far, folder.join("link.mcap")).unwrap();
    symlink(elsewhere.path(), folder.join("way")).unwrap();
    fs::copy(&far, folder.join("near.txt")).unwrap();
    fs::copy(&far, folder.join("near.mcap")).unwrap();
    let up = format!("../{}/far.mcap", elsewhere.path().file_name().unwrap().to_str().unwrap());
    let far = far.to_str().unwrap();
    for name in [
        "link.mcap",
        "way/far.mcap",
        "near.txt",
        "./near.mcap",
        "x/../near.mcap",
        "",
        "topology.yaml",
        "/etc/passwd",
        "../../../../etc/passwd",
        "near.mcap%00",
        &up,
        far,
        "%2e%2e%2ffar.mcap",
    ] {
        for path in ["recording?", "recording/moment?at=0&", "recording/picture.svg?version=0&"] {
            let answer = page.get(&format!("/api/{path}name={name}"));
            assert_eq!(answer.status, 404, "{path}{name}: {}", answer.body);
        }
    }
    assert_eq!(page.get("/api/recording?name=near.mcap").status, 200);
    assert_eq!(page.get("/api/recording").status, 400);
    page.run.stop();
}

#[test]
fn a_recording_is_a_line_of_time_with_its_versions_and_what_is_worth_going_to() {
    let zrig = Zrig::of(&NEWS.replace("msg.text + \"!\"", "throw \"bad\""));
    let page = recorded(zrig);
    let yaml = fs::read_to_string(page.run.path("topology.yaml")).unwrap();
    let _ = page
        .post("/api/call", &json!({"target": "desk", "value": {"text": "x"}, "milliseconds": 100}));
    fs::write(page.run.path("topology.yaml"), yaml.replace("station", "sender")).unwrap();
    page.run.says("reload applied");
    eventually("what passed then is written", || {
        let told = page.json("/api/recording?name=run.mcap");
        let last = told["versions"].as_array().unwrap().last().cloned().unwrap_or_default();
        told["seconds"].as_f64() > last["at"].as_f64().map(|at| at + 1.2) && last["generation"] == 2
    });
    let told = page.json("/api/recording?name=run.mcap");
    let columns = told["line"]["columns"].as_array().unwrap();
    let sum: u64 = columns.iter().filter_map(Value::as_u64).sum();
    assert_eq!(
        (columns.len(), sum, &told["line"]["exact"]),
        (240, told["messages"].as_u64().unwrap(), &json!(true))
    );
    let marks = told["line"]["marks"].as_array().unwrap();
    let mark = |kind: &str| {
        marks
            .iter()
            .find(|mark| mark["kind"] == kind)
            .unwrap_or_else(|| panic!("no {kind}: {marks:?}"))
    };
    assert!(mark("failure")["text"].as_str().unwrap().contains("bad"), "{marks:?}");
    assert!(mark("reload")["text"].as_str().unwrap().contains("applied"), "{marks:?}");

    // The picture is that of the version that was there.
    let at = |at: f64| page.json(&format!("/api/recording/moment?name=run.mcap&at={at}"));
    let (before, after) = (at(0.05), at(1e9));
    assert_eq!((&before["version"], &after["version"]), (&json!(0), &json!(1)));
    // At the reload it is the new one.
    assert_eq!(at(mark("reload")["at"].as_f64().unwrap())["version"], 1);
    let picture = |version: &Value| {
        page.get(&format!("/api/recording/picture.svg?name=run.mcap&version={version}"))
    };
    for (moment, name, not) in [(&before, "station", "sender"), (&after, "sender", "station")] {
        let drawn = picture(&moment["version"]).body;
        assert!(
            drawn.contains(&format!("data-node=\"{name}\"")) && !drawn.contains(not),
            "{drawn}"
        );
    }
    let absent = picture(&json!(7));
    assert_eq!(absent.status, 422, "{}", absent.body);

    // Figures are of the second before, messages the last ones until then, of the sockets that are asked for.
    let figure = |told: &Value, instance: &str, way: &str| {
        let sockets = told["sockets"].as_array().unwrap();
        let found = sockets.iter().find(|one| one["instance"] == instance && one["way"] == way);
        found.map_or(0, |one| one["messages"].as_u64().unwrap())
    };
    assert!(
        figure(&after, "sender", "out") > 20 && figure(&after, "station", "out") == 0,
        "{after}"
    );
    assert!(after["window"].as_f64().unwrap() > 0.9, "{after}");
    let messages = after["messages"].as_array().unwrap();
    let times: Vec<f64> = messages.iter().map(|one| one["time"].as_f64().unwrap()).collect();
    assert!(times.len() == 30 && times.is_sorted_by(|a, b| a >= b), "{times:?}");
    assert_eq!(messages[0]["wire"][0]["frame"], "1000 text x");
    let desk = page.json("/api/recording/moment?name=run.mcap&at=1000&targets=desk,display.2.sub");
    let nodes =
        desk["messages"].as_array().unwrap().iter().map(|one| one["node"].as_str().unwrap());
    assert!(nodes.clone().all(|node| node == "desk" || node == "display.2"), "{desk}");
    assert!(nodes.clone().any(|node| node == "display.2"), "{desk}");
    assert_eq!(page.get("/api/recording/moment?name=run.mcap&at=1&targets=a.b.c.d").status, 422);
    for strange in ["-5", "NaN", "inf"] {
        let path = format!("/api/recording/moment?name=run.mcap&at={strange}");
        assert_eq!(page.get(&path).status, 200, "{strange}");
    }
    page.run.stop();
}

#[test]
fn a_version_that_was_tried_and_rolled_back_is_no_version_of_the_past() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let page = recorded(Zrig::of(NEWS));
    let file = page.run.path("topology.yaml");
    let tried = NEWS.replace("station", "tried");
    fs::write(&file, tried.replacen("tcp://127.0.0.1:*", &format!("tcp://127.0.0.1:{port}"), 1))
        .unwrap();
    page.run.says("rolled back");
    fs::write(&file, NEWS.replace("station", "sender")).unwrap();
    page.run.says("reload applied (generation 2");
    let versions =
        || page.json("/api/recording?name=run.mcap")["versions"].as_array().unwrap().clone();
    eventually("the second one is written", || versions().iter().any(|it| it["generation"] == 2));
    assert_eq!(versions().len(), 2, "{:?}", versions());
    for (version, name) in [(0, "station"), (1, "sender")] {
        let drawn =
            page.get(&format!("/api/recording/picture.svg?name=run.mcap&version={version}"));
        assert!(drawn.body.contains(&format!("data-node=\"{name}\"")), "{}", drawn.body);
    }
    page.run.stop();
}

#[test]
fn one_that_was_broken_off_is_shown_to_its_last_whole_chunk_and_damage_is_said() {
    let page = Page::of(NEWS);
    let folder = page.run.path("");
    let whole = folder.join("whole.mcap");
    record(NEWS, &whole, 600);
    let bytes = fs::read(&whole).unwrap();
    let all = page.json("/api/recording?name=whole.mcap");
    fs::write(folder.join("broken.mcap"), &bytes[..bytes.len() / 2]).unwrap();
    let broken = page.json("/api/recording?name=broken.mcap");
    let (some, all) = (broken["messages"].as_u64().unwrap(), all["messages"].as_u64().unwrap());
    assert!(some > 0 && some < all, "{some} of {all}");
    assert!(broken["unread"].as_u64() > Some(0), "{broken}");
    assert_eq!(page.get("/api/recording/moment?name=broken.mcap&at=0.3").status, 200);

    // A part of it is another one: its chunks, not its index.
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 3] ^= 0xff;
    fs::write(folder.join("damaged.mcap"), damaged).unwrap();
    let answer = page.get("/api/recording?name=damaged.mcap");
    if answer.status != 200 {
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body.contains("damaged"), "{}", answer.body);
    }
    // An index as long as nobody reads.
    let mut long = bytes;
    let end = long.len();
    long[end - 28..end - 20].copy_from_slice(&9_u64.to_le_bytes());
    fs::write(folder.join("long.mcap"), &long).unwrap();
    let file = fs::OpenOptions::new().write(true).open(folder.join("long.mcap")).unwrap();
    file.set_len(100 << 20).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &long[end - 37..], (100 << 20) - 37).unwrap();
    let answer = page.get("/api/recording?name=long.mcap");
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert!(answer.body.contains("--cut"), "{}", answer.body);
    let told = page.json("/api/recordings");
    let told = named(told["recordings"].as_array().unwrap(), "long.mcap");
    assert!(told["error"].as_str().unwrap().contains("MiB"), "{told}");
    page.run.stop();
}

#[test]
fn of_many_the_newest_are_listed_and_a_large_one_is_read_in_part() {
    let page = Page::of(NEWS);
    let folder = page.run.path("");
    let loud = "
name: loud
nodes:
  source: {role: push, bind: 'tcp://127.0.0.1:*', every: 1ms, on_start: 'this.m = \"x\"; while this.m.len() < 400000 { this.m += this.m }', on_tick: 'send(this.m)'}
  sink: {role: pull, connect: source}
";
    let large = folder.join("large.mcap");
    record(loud, &large, 600);
    for number in 0..120 {
        fs::copy(&large, folder.join("one.mcap")).unwrap();
        fs::rename(folder.join("one.mcap"), folder.join(format!("copy{number}.mcap"))).unwrap();
    }
    let begun = Instant::now();
    let told = page.json("/api/recordings");
    assert_eq!((told["recordings"].as_array().unwrap().len(), &told["more"]), (100, &json!(21)));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let one = page.json("/api/recording?name=copy1.mcap");
    let sum: u64 =
        one["line"]["columns"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert_eq!((sum, &one["line"]["exact"]), (one["messages"].as_u64().unwrap(), &json!(false)));
    let moment = page.json("/api/recording/moment?name=copy1.mcap&at=0.5");
    assert!(
        moment["window"].as_f64() > Some(0.0) && !moment["messages"].as_array().unwrap().is_empty()
    );
    let status = fs::read_to_string(format!("/proc/{}/status", page.run.id())).unwrap();
    let most = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let most: u64 = most.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(most < 500 << 10, "{most} KiB");
    page.run.stop();
}

#[test]
fn a_replay_gives_to_the_run_what_came_from_outside_and_says_how_it_went() {
    let port = free_port();
    let page = recorded(Zrig::of(DESK).set("DESK", port).arguments(["--edit"]));
    let context = zmq::Context::new();
    let peer = context.socket(zmq::PUSH).unwrap();
    peer.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    for number in 0..5 {
        peer.send(format!("m{number}").as_bytes(), 0).unwrap();
        std::thread::sleep(Duration::from_millis(150));
    }
    page.run.says("got m4");
    eventually("all are written", || {
        let told = page.json("/api/recording/moment?name=run.mcap&at=1000&targets=desk");
        told["messages"].as_array().unwrap().len() == 5 || {
            page.get("/api/recording?name=run.mcap");
            false
        }
    });
    let all = page.json("/api/recording?name=run.mcap");
    let messages = page.json("/api/recording/moment?name=run.mcap&at=1000&targets=desk");
    let third = messages["messages"][2]["time"].as_f64().unwrap() - all["begun"].as_f64().unwrap();
    // What is replayed must not go into what is read.
    fs::copy(page.run.path("run.mcap"), page.run.path("then.mcap")).unwrap();

    let mut stream = page.follow("/api/stream");
    let (status, begun) = page.post("/api/replay", &json!({"name": "then.mcap", "speed": "max"}));
    assert_eq!((status, &begun["replay"]["outcome"]), (200, &json!("running")), "{begun}");
    let over = stream.until("replay", |told| told["outcome"] != "running");
    assert_eq!(
        (&over["outcome"], &over["given"], &over["refused"]),
        (&json!("done"), &json!(5), &json!([])),
        "{over}"
    );
    assert!(over["text"].as_str().unwrap().starts_with("5 messages given"), "{over}");
    page.run.says_times("got m4", 2);
    assert_eq!(page.json("/api/replay")["replay"], over);

    // From a moment on, and stopped before the end.
    let from = json!({"name": "then.mcap", "speed": "max", "from": third - 0.01});
    assert_eq!(page.post("/api/replay", &from).0, 200);
    let over = stream.until("replay", |told| told["outcome"] != "running");
    assert_eq!(over["given"], 3, "{over}");
    assert_eq!(page.post("/api/replay", &json!({"name": "then.mcap", "speed": "0.01"})).0, 200);
    let (status, busy) = page.post("/api/replay", &json!({"name": "then.mcap", "speed": "1"}));
    assert_eq!(status, 409, "{busy}");
    assert_eq!(page.post("/api/replay/stop", &json!({})).0, 200);
    let over = stream.until("replay", |told| told["outcome"] != "running");
    assert_eq!(over["outcome"], "stopped", "{over}");
    assert!(over["text"].as_str().unwrap().starts_with("stopped; "), "{over}");
    assert_eq!(page.post("/api/replay/stop", &json!({})).0, 409);
    for (wrong, status) in [
        (json!({"name": "absent.mcap", "speed": "1"}), 404),
        (json!({"name": "../run.mcap", "speed": "1"}), 404),
        (json!({"name": "then.mcap", "speed": "0"}), 422),
        (json!({"name": "then.mcap", "speed": "1", "more": 1}), 422),
        (json!({"name": "then.mcap"}), 422),
    ] {
        let (found, said) = page.post("/api/replay", &wrong);
        assert_eq!(found, status, "{wrong}: {said}");
    }
    // One that is under way keeps no run from its end.
    assert_eq!(page.post("/api/replay", &json!({"name": "then.mcap", "speed": "0.01"})).0, 200);
    page.run.stop().expect(0, ["recorded to"]);
}

#[test]
fn only_who_may_change_the_run_replays_and_strangers_see_nothing() {
    let page = recorded(Zrig::of(NEWS));
    let begin = json!({"name": "run.mcap", "speed": "1"});
    for path in ["/api/replay", "/api/replay/stop"] {
        let (status, refused) = page.post(path, &begin);
        assert_eq!(status, 403, "{refused}");
        assert!(refused["failed"]["error"].as_str().unwrap().contains("--edit"), "{refused}");
    }
    let foreign = posted("/api/replay", &begin.to_string());
    let foreign = foreign.replace("Connection", "Origin: http://evil.example\r\nConnection");
    assert_eq!(request(page.port, &foreign).status, 403);
    page.run.stop();

    let zrig = Zrig::of(NEWS).arguments(["--edit"]);
    let page = Page::at(zrig, "0.0.0.0");
    for path in [
        "recordings",
        "recording?name=a",
        "recording/moment?name=a&at=0",
        "recording/picture.svg?name=a&version=0",
        "replay",
    ] {
        assert_eq!(get(page.port, &format!("/api/{path}")).status, 401, "{path}");
    }
    assert_eq!(request(page.port, &posted("/api/replay", &begin.to_string())).status, 401);
    page.run.stop();
}

#[test]
fn a_folder_full_of_pipes_holds_up_nobody() {
    let page = Page::of(NEWS);
    for number in 0..3 {
        let made = Command::new("mkfifo").arg(page.run.path(&format!("p{number}.mcap"))).status();
        assert!(made.unwrap().success());
    }
    assert_eq!(list(&page), [Value::Null; 0]);
    let mut stream = Stream::open(page.port, "/api/stream", "");
    stream.until("figures", |_| true);
    page.run.stop();
}
