//! Users that come and go, and their passwords: who is let in, who is refused and how that is told, and
//! what a flood of wrong ones costs the others.
//!
//! Owns PLAIN. Certificates are `security.rs`'s, whose guests these are too (`tests/python/guests.py`).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use zrig::security::{Secret, hash_password, with_user, without_user};

use crate::edited::{Edited, times};
use crate::security::{house, knock, nobody_else_noticed};
use crate::support::{Peer, free_port, free_ports};

/// A file of users beside the topology: `NAME:PASSWORD` each.
fn users(folder: &Path, users: &[&str]) {
    let mut text = "# who may come\n".to_owned();
    for user in users {
        let (name, password) = user.split_once(':').unwrap();
        text = with_user(&text, name, &hash_password(&Secret::new(password)).unwrap());
    }
    write(folder, &text);
}

/// Writes it beside and renames, so that nobody sees half of it.
fn write(folder: &Path, text: &str) {
    let (beside, path) = (folder.join(".users.new"), folder.join("users.txt"));
    fs::write(&beside, text).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(beside, path).unwrap();
}

fn read(folder: &Path) -> String {
    fs::read_to_string(folder.join("users.txt")).unwrap()
}

fn desk(endpoint: &str) -> String {
    format!(
        "
nodes:
  desk:
    role: rep
    bind: '{endpoint}'
    plain: {{users: users.txt}}
    on_message: |
      print(`HEARD ${{msg.user}}`);
      `hello ${{msg.user}}`
    on_peer: |
      if peer.event == \"refused\" {{ print(`REFUSED ${{peer.endpoint}} ${{peer.reason}}`) }}
      if peer.event == \"connected\" {{ print(`CAME ${{peer.user}}`) }}
  front:
    role: req
    connect: desk
    plain: {{user: front, password: \"${{PASSWORD}}\"}}
    every: 50ms
    on_tick: send(\"x\")
    on_message: 'print(`FRONT ${{msg.text}}`)'
"
    )
}

/// A run of a topology with these users, and certificates for some nodes.
fn run(yaml: &str, nodes: &str, list: &[&str]) -> Edited {
    let zrig = house(yaml, nodes, nodes).environment("PASSWORD", "geheim-front");
    users(zrig.path("users.txt").parent().unwrap(), list);
    Edited::of(zrig)
}

#[test]
fn who_says_a_right_password_is_heard_by_its_name_and_all_others_are_refused_with_a_reason() {
    let port = free_port();
    for endpoint in [format!("tcp://127.0.0.1:{port}"), format!("ipc://@zrig-users-{port}")] {
        let list = ["front:geheim-front", "alice:geheim", "b ö:ü"];
        let edited = run(&desk(&endpoint), "desk", &list);
        edited.run.says("FRONT hello front");
        let guests = [
            "plain:alice:geheim",
            "plain:alice:wrong",
            "plain:mallory:geheim",
            "null",
            "desk@keys/desk",
        ];
        let answers = knock(&edited, &endpoint, &guests);
        let expected: [Option<&str>; 5] = [Some("hello alice"), None, None, None, None];
        assert_eq!(answers, Value::from_iter(expected), "{endpoint}");
        edited.run.says("CAME alice");
        // Each by a line that says who it is, and why.
        for why in [
            "this is not the password of the user `alice`",
            "there is no user `mallory` in the file",
        ] {
            let line =
                edited.run.says_what(why, |line| line.contains("warn") && line.contains(why));
            assert!(line.contains("desk"), "{line}");
            edited.run.says_what(why, |line| line.contains("REFUSED") && line.contains(why));
        }
        // Both ends find that out, and the other one may end it first.
        edited.run.says_what("no PLAIN", |line| {
            let found = ["the peer wants another security mechanism", "it is no PLAIN client"];
            line.contains("warn") && found.iter().any(|why| line.contains(why))
        });
        let log = edited.stop().log;
        let heard = log.iter().filter(|line| line.contains("HEARD"));
        let mut others =
            heard.filter(|line| !["alice", "front"].iter().any(|it| line.contains(it)));
        assert_eq!(others.next(), None);
        assert!(!log.iter().any(|line| line.contains("geheim")), "{log:#?}");
    }
}

#[test]
fn a_peer_is_not_told_whether_its_name_or_its_password_was_wrong() {
    let port = free_port();
    let endpoint = format!("tcp://127.0.0.1:{port}");
    let edited = run(&desk(&endpoint), "desk", &["front:geheim-front", "alice:geheim"]);
    edited.run.says("FRONT");
    let told = |guest: &str| {
        Peer::guests(&format!("knock {endpoint} {guest}")).well()["refused"][guest].clone()
    };
    let (password, name) = (told("plain:alice:wrong"), told("plain:mallory:wrong"));
    assert_eq!(password, Value::from_iter([400]));
    assert_eq!(name, password);
    edited.stop();
}

#[test]
fn users_come_and_go_under_traffic_and_nobody_else_notices() {
    let port = free_port();
    let yaml = format!(
        "
nodes:
  desk:
    role: router
    bind: {port}
    plain: {{users: users.txt}}
    on_message: 'reply(msg, `${{msg.user}} ${{msg.text}}`)'
"
    );
    let names: Vec<String> = (0..times(4, 20)).map(|number| format!("user{number}")).collect();
    let list: Vec<String> = names.iter().map(|name| format!("{name}:{name}-0")).collect();
    let edited = run(&yaml, "", &list.iter().map(|it| &**it).collect::<Vec<_>>());
    let folder = edited.run.path("");
    let endpoint = format!("tcp://127.0.0.1:{port}");
    let mut guests = Peer::guests(&format!("stay {endpoint} plain . {}", names.join(" ")));
    for name in &names {
        guests.says(&format!("in {name} 1"));
    }
    let mut slowest = Duration::ZERO;
    for round in 0..times(6, 100) {
        let (name, before) = (&names[round % names.len()], round / names.len() + 1);
        let text = read(&folder);
        let is_removed = round % 2 == 0;
        let password = format!("{name}-{before}");
        let other = with_user(&text, name, &hash_password(&Secret::new(password)).unwrap());
        let changed = Instant::now();
        write(
            &folder,
            &if is_removed { without_user(&text, name).unwrap() } else { other.clone() },
        );
        guests.says(&format!("gone {name} {before}"));
        slowest = slowest.max(changed.elapsed());
        guests.tell(&format!("password {name} {before}"));
        if is_removed {
            write(&folder, &other);
        }
        guests.says(&format!("in {name} {}", before + 1));
    }
    nobody_else_noticed(guests, edited, slowest);
}

#[test]
fn a_file_of_users_with_a_fault_changes_nothing_until_it_is_mended() {
    let port = free_port();
    let endpoint = format!("tcp://127.0.0.1:{port}");
    let mut edited = run(&desk(&endpoint), "desk", &["front:geheim-front", "alice:geheim"]);
    edited.run.says("FRONT");
    let folder = edited.run.path("");
    let sound = read(&folder);
    write(&folder, &format!("{}carol:geheim-carol\n", without_user(&sound, "alice").unwrap()));
    let receipt = edited.receipt();
    assert_eq!(receipt["verdict"], "rejected", "{receipt:#}");
    edited.run.says("users.txt:3:7");
    let alice = ["plain:alice:geheim"];
    assert_eq!(knock(&edited, &endpoint, &alice), Value::from_iter(["hello alice"]));
    write(&folder, &without_user(&sound, "alice").unwrap());
    edited.run.says("throws out alice");
    assert_eq!(knock(&edited, &endpoint, &alice), Value::from_iter([Value::Null]));
    let log = edited.stop().log;
    assert!(!log.iter().any(|line| line.contains("geheim")), "{log:#?}");
}

#[test]
fn another_password_of_our_own_is_a_new_socket_and_the_plan_says_so() {
    let port = free_port();
    let endpoint = format!("tcp://127.0.0.1:{port}");
    let yaml = desk(&endpoint);
    let mut edited = run(&yaml, "desk", &["front:geheim-front", "rear:geheim-front"]);
    edited.run.says("FRONT hello front");
    let receipt = edited.apply(&yaml.replace("user: front", "user: rear"));
    assert_eq!(receipt["nodes"][0]["changes"][0]["what"], "plain", "{receipt:#}");
    assert_eq!(receipt["nodes"][0]["changes"][0]["how"], "rebuild", "{receipt:#}");
    edited.run.says("FRONT hello rear");
    edited.stop();
}

/// What the run's process has in memory, in bytes.
fn memory(edited: &Edited) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", edited.run.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// A flood of wrong passwords takes its time, and nobody else's.
#[test]
fn a_flood_of_wrong_passwords_and_keys_holds_up_no_other_socket_and_no_other_address() {
    let [plain, curve, null] = free_ports();
    let yaml = format!(
        "
security: {{curve: keys}}
nodes:
  desk: {{role: router, bind: 'tcp://0.0.0.0:{plain}', plain: {{users: users.txt}}, on_message: 'reply(msg, `hello ${{msg.user}}`)'}}
  safe: {{role: rep, bind: {curve}, on_message: '`hello ${{msg.user}}`'}}
  near: {{role: rep, bind: {null}, curve: false, allow: 127.0.0.0/8, on_message: '\"yes\"'}}
"
    );
    let edited = run(&yaml, "desk safe near alice", &["alice:geheim"]);
    let alice = edited.run.path("keys/allow/alice.key");
    fs::copy(edited.run.path("guests/alice.key"), alice).unwrap();
    edited.run.says("lets in alice");
    let mut flood =
        Peer::guests(&format!("flood tcp://127.0.0.2:0;127.0.0.1:{plain} {}", times(300, 600)));
    // And one of unknown keys, whose answers are at hand.
    let (count, safe) = (times(100, 300), edited.run.path("keys/safe"));
    let mut keys =
        Peer::guests(&format!("flood tcp://127.0.0.1:{curve} {count} {}", safe.display()));
    for flood in [&flood, &keys] {
        flood.says("ready");
        flood.says("knocked 100");
    }
    let before = memory(&edited);
    let mut slowest = Duration::ZERO;
    for _ in 0..times(3, 30) {
        for (port, guest, answer) in [
            (curve, "alice@keys/safe", "hello alice"),
            (null, "null", "yes"),
            (plain, "plain:alice:geheim", "hello alice"),
        ] {
            let begun = Instant::now();
            let endpoint = format!("tcp://127.0.0.1:{port}");
            assert_eq!(knock(&edited, &endpoint, &[guest]), Value::from_iter([answer]), "{guest}");
            slowest = slowest.max(begun.elapsed());
        }
    }
    println!(
        "let in beside the flood after {slowest:?} at the latest, with the start of a program"
    );
    flood.says("knocked 200");
    let grown = memory(&edited).saturating_sub(before);
    println!("{} KiB more", grown >> 10);
    // Two passwords at once, at 19 MiB each, and what they leave to the allocator.
    assert!(grown < 128 << 20, "{grown} bytes more");
    for flood in [&mut flood, &mut keys] {
        flood.tell("end");
    }
    keys.well();
    flood.well();
    edited.stop();
}
