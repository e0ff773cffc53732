//! Programs with pyzmq at every role that binds or connects, by CURVE and PLAIN: all that is sent arrives,
//! and nobody else is heard or hears anything.
//!
//! Owns the other libzmq, which has no WebSocket; `ws.rs` has that. How keys and users come
//! and go is asked in `tests/reload/`.

mod ws;

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use zrig::security::{Secret, hash_password, with_user};

use crate::support::{Peer, Runner, Zrig, free_ports, soaking};

const ROLES: [&str; 11] =
    ["pub", "sub", "xpub", "xsub", "push", "pull", "req", "rep", "dealer", "router", "pair"];
const SIDES: [&str; 2] = ["bind", "connect"];

/// By which mechanism, and who made the certificates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    Curve { keys_of_zrig: bool },
    Plain,
}

/// How long all roles may take, one after the other, at full length too.
const MANY: Duration = Duration::from_secs(240);

fn count() -> usize {
    if soaking() { 10_000 } else { 200 }
}

/// What a node of a role does with the other end: it numbers, counts, asks or answers.
fn handlers(role: &str) -> String {
    let count = count();
    let counts = "    on_start: this.n = 0\n    on_message: |\n      if msg.text == \"STRANGER\" { print(\"HEARD A STRANGER\"); return; }\n      \
         this.n += 1;\n      if parse_int(msg.text) != this.n { print(`GAP ${this.n} ${msg.text}`); stop(3) }\n";
    match role {
        "pub" | "xpub" | "push" => {
            let waits =
                if role == "push" { "" } else { "    when_full: wait\n    format: plain\n" };
            format!(
                "{waits}    every: 5ms\n    on_start: this.n = 0\n    on_tick: |\n      for i in 0..{} {{ this.n += 1; send(this.n) }}\n",
                count / 100
            )
        }
        "sub" | "xsub" | "pull" => {
            let all = if role == "pull" { "" } else { "    topics: all\n    format: plain\n" };
            format!(
                "{all}{counts}      if this.n == {count} {{ print(`DONE ${{node()}} by ${{msg.user}}`) }}\n"
            )
        }
        "req" => format!(
            "    on_start: this.n = 1; send(1)\n    on_message: |\n      \
             if parse_int(msg.text) != this.n {{ print(`GAP ${{msg.text}}`); stop(3) }}\n      this.n += 1;\n      \
             if this.n <= {count} {{ send(this.n) }} else {{ print(`DONE ${{node()}} by ${{msg.user}}`) }}\n"
        ),
        "dealer" => format!(
            "{counts}      send(msg.text)\n    on_peer: if peer.event == \"connected\" {{ send(\"here\") }}\n"
        ),
        "router" => format!("{counts}      reply(msg, msg.text)\n"),
        "rep" => format!("{counts}      msg.text\n"),
        _ => format!("{counts}      send(msg.text)\n"),
    }
}

/// The topology, and its links as the other end reads them.
fn house(by: By, endpoint: &dyn Fn(usize) -> String) -> (String, Vec<String>) {
    let mut yaml =
        if by == By::Plain { "nodes:\n" } else { "security: {curve: keys}\nnodes:\n" }.to_owned();
    let mut links = Vec::new();
    for (at, role) in ROLES.iter().enumerate() {
        for (side_at, side) in SIDES.iter().enumerate() {
            let endpoint = endpoint(2 * at + side_at);
            let how = match (by, *side) {
                (By::Plain, "bind") => "    plain: {users: users.txt}\n",
                (By::Plain, _) => "    plain: {user: run, password: \"${PASSWORD}\"}\n",
                (By::Curve { .. }, "bind") => "",
                (By::Curve { .. }, _) => "    curve: {server: keys/guest.key}\n",
            };
            let handlers = handlers(role);
            let _ = write!(
                yaml,
                "  {role}-{side}:\n    role: {role}\n    {side}: '{endpoint}'\n{how}{handlers}"
            );
            links.push(format!("{role}@{side}={endpoint}"));
        }
    }
    (yaml, links)
}

fn begin(by: By, yaml: &str) -> Runner {
    let zrig = Zrig::of(yaml).environment("PASSWORD", "geheim-run");
    let keys = zrig.path("keys");
    fs::create_dir_all(keys.join("allow")).unwrap();
    let names: Vec<String> =
        ROLES.iter().flat_map(|role| SIDES.map(|side| format!("{role}-{side}"))).collect();
    let names = [names, vec!["guest".to_owned()]].concat();
    match by {
        By::Plain => {
            fs::write(keys.join("passwords"), "geheim-guest geheim-run").unwrap();
            let hash = hash_password(&Secret::new("geheim-guest")).unwrap();
            let users = zrig.path("users.txt");
            fs::write(&users, with_user("", "guest", &hash)).unwrap();
            fs::set_permissions(&users, fs::Permissions::from_mode(0o600)).unwrap();
        }
        By::Curve { keys_of_zrig: true } => {
            fs::set_permissions(&keys, fs::Permissions::from_mode(0o700)).unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_zrig"));
            let made = command.arg("keys").arg(&keys).args(&names).output().unwrap();
            assert!(made.status.success());
        }
        By::Curve { keys_of_zrig: false } => {
            Peer::guests(&format!("make {} {}", keys.display(), names.join(" "))).well();
        }
    }
    if by != By::Plain {
        fs::copy(keys.join("guest.key"), keys.join("allow/guest.key")).unwrap();
    }
    zrig.start()
}

/// Waits for those nodes that count, and know from whom.
fn all_nodes(run: &Runner) {
    for role in ["sub", "xsub", "pull", "req"] {
        run.says(&format!("DONE {role}-bind by guest"));
        // Whoever connects knows its server, and is told no name of it.
        run.says(&format!("DONE {role}-connect by"));
    }
}

fn all_meet(by: By, endpoint: &dyn Fn(usize) -> String) {
    let (yaml, links) = house(by, endpoint);
    let run = begin(by, &yaml);
    let (folder, count) = (run.path("keys").display().to_string(), count());
    let mut programs = Peer::mechanisms(&format!("{folder} {count} {}", links.join(" ")));
    programs.says("ready");
    programs.says_within(MANY, "met");
    all_nodes(&run);
    programs.tell("");
    let summary = programs.well();
    for link in &links {
        let link = link.split('=').next().unwrap();
        assert_eq!(summary[link], count, "{summary}");
    }
    let bound: Vec<&str> = links.iter().map(|it| &**it).filter(|it| it.contains("@bind")).collect();
    let summary = Peer::mechanisms(&format!("{folder} strangers {}", bound.join(" "))).well();
    println!("{by:?}: {summary}");
    let slowest = summary["milliseconds"].as_u64().unwrap();
    assert!(slowest < if soaking() { 1_000 } else { 5_000 }, "{summary}");
    for role in ROLES {
        run.says_what(role, |line| {
            line.contains(&format!("{role}-bind.")) && line.contains("refused")
        });
    }
    let log = run.stop().log;
    let bad = log.iter().find(|line| line.contains("GAP") || line.contains("STRANGER"));
    assert_eq!(bad, None);
}

#[test]
fn programs_of_the_module_with_certificates_meet_every_role_over_tcp() {
    let ports: [u16; 22] = free_ports();
    let endpoint = |at: usize| format!("tcp://127.0.0.1:{}", ports[at]);
    all_meet(By::Curve { keys_of_zrig: false }, &endpoint);
}

#[test]
fn programs_of_the_module_with_certificates_of_zrig_meet_every_role_over_ipc() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = |at: usize| format!("ipc://{}/{at}", folder.path().display());
    all_meet(By::Curve { keys_of_zrig: true }, &endpoint);
}

#[test]
fn programs_of_the_module_with_passwords_meet_every_role_over_tcp() {
    let ports: [u16; 22] = free_ports();
    all_meet(By::Plain, &|at| format!("tcp://127.0.0.1:{}", ports[at]));
}

#[test]
fn programs_of_the_module_with_passwords_meet_every_role_over_ipc() {
    let folder = tempfile::tempdir().unwrap();
    all_meet(By::Plain, &|at| format!("ipc://{}/{at}", folder.path().display()));
}
