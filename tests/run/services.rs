//! A run as a service: what a service manager is told, the secrets that it lends, and the addresses that
//! an engine gives to places.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::support::{PATIENCE, Zrig, free_port};

/// What is told to a service manager.
struct Manager {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, folder }
    }

    fn path(&self) -> String {
        self.folder.path().join("notify").display().to_string()
    }

    /// The next message, each of whose lines is `NAME=VALUE`.
    fn hears(&self) -> Vec<String> {
        let mut message = [0; 4096];
        let length = self.socket.recv(&mut message).unwrap();
        let text = String::from_utf8(message[..length].to_vec()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn systemd_is_told_that_a_run_is_ready_reloads_and_stops() {
    let manager = Manager::new();
    let yaml = |version: u32| {
        format!(
            "nodes:\n  a: {{role: pull, bind: 'inproc://a', every: 1h, on_tick: print({version})}}\n"
        )
    };
    let run = Zrig::of(&yaml(1)).environment("NOTIFY_SOCKET", manager.path()).start();
    assert_eq!(manager.hears(), ["READY=1", "STATUS=1 node, generation 1"]);
    let reloads = |generation: u32| {
        let begun = manager.hears();
        assert_eq!(begun[0], "RELOADING=1");
        // Of the clock that systemd compares it with.
        let since = begun[1].strip_prefix("MONOTONIC_USEC=").unwrap();
        assert!(since.parse::<u64>().unwrap() > 0);
        let status = format!("STATUS=1 node, generation {generation}");
        assert_eq!(manager.hears(), ["READY=1", status.as_str()]);
    };
    fs::write(run.path("topology.yaml"), yaml(2)).unwrap();
    reloads(2);
    run.signal("HUP");
    reloads(3);
    fs::write(run.path("topology.yaml"), "nodes: [").unwrap();
    // What runs stays.
    reloads(3);
    run.signal("TERM");
    assert_eq!(manager.hears(), ["STOPPING=1", "STATUS=stopping"]);
    assert_eq!(run.ends().status, Some(0));
}

#[test]
fn secrets_that_are_lent_are_found_by_their_names_and_watched() {
    let port = free_port();
    let yaml = format!(
        "security: {{curve: keys}}
nodes:
  desk: {{role: rep, bind: {port}, on_message: msg.text}}
  front: {{role: req, connect: desk, on_start: send(\"x\"), on_message: print(msg.text + \" came back\")}}
"
    );
    let zrig = Zrig::of(&yaml);
    let lent = zrig.path("lent");
    let keys = |folder: &str| {
        let arguments =
            ["keys", zrig.path(folder).to_str().unwrap(), "desk", "front"].map(str::to_owned);
        let made = Command::new(env!("CARGO_BIN_EXE_zrig")).args(arguments).status().unwrap();
        assert!(made.success());
    };
    keys("lent");
    let secret = lent.join("desk.key_secret");
    let mode = |mode: u32| {
        fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
    };
    let lent = lent.to_str().unwrap().to_owned();
    // As systemd and Kubernetes lend a file of root's to a group.
    let is_of_root = fs::metadata(&secret).unwrap().uid() == 0;
    mode(if is_of_root { 0o440 } else { 0o400 });
    let file = zrig.path("topology.yaml");
    let again = || Zrig::file(&file).environment("CREDENTIALS_DIRECTORY", &lent);
    let run = zrig.environment("CREDENTIALS_DIRECTORY", &lent).start();
    run.says("x came back");
    mode(0o444);
    again().ends().expect(2, ["ZR0121"]);
    mode(0o400);
    fs::remove_file(lent.clone() + "/front.key_secret").unwrap();
    again().ends().expect(2, ["`front` has no certificate"]);
    run.says("reload rejected");
    run.stop();
}

#[test]
fn an_engine_gives_places_other_hosts_than_the_file() {
    let port = free_port();
    let yaml = format!(
        "places:
  edge: {{address: edge.invalid, bind_address: nowhere0}}
  hall: {{address: hall.invalid, bind_address: nowhere0}}
nodes:
  source: {{on: edge, role: push, connect: sink, every: 5ms, on_tick: send(\"job\")}}
  sink: {{on: hall, role: pull, bind: {port}, on_message: print(msg.text + \" is done\")}}
"
    );
    let edge = Zrig::of(&yaml);
    let hall = Zrig::file(edge.path("topology.yaml"))
        .arguments(["--place", "hall", "--address", "hall=127.0.0.9"])
        .start();
    let edge = edge.arguments(["--place", "edge", "--address", "hall=127.0.0.9"]).start();
    edge.says("connected with place hall at 127.0.0.9:");
    hall.says("job is done");
    for (wrong, why) in [("hall", "PLACE=HOST"), ("hall=a:b", "colons"), ("hall=*", "wildcard")] {
        Zrig::of(&yaml).arguments(["--place", "hall", "--address", wrong]).ends().expect(2, [why]);
    }
    let unknown = ["--place", "hall", "--address", "hal=10.0.0.1"];
    Zrig::of(&yaml).arguments(unknown).ends().expect(2, ["did you mean hall?"]);
    drop((edge, hall));
}
