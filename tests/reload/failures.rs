//! Reloads that fail: every connection, queue and port stays as it was.
//!
//! Owns outside clients that notice when their connection ends or a message is missing.

use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::edited::{Edited, tail, times};
use crate::support::{PATIENCE, Zrig, eventually, free_ports, soaking};

/// The topology under the clients; versions of it replace words in it.
fn base([rep, router, news, sink]: [u16; 4]) -> String {
    format!(
        "
nodes:
  rep: {{role: rep, bind: {rep}, on_message: msg}}
  router: {{role: router, bind: {router}, on_message: msg}}
  news:
    role: pub
    bind: {news}
    format: envelope
    every: 5ms
    on_start: this.n = 0
    on_tick: 'this.n += 1; publish(\"n\", `${{this.n}}`)'
  sink:
    role: pull
    bind: {sink}
    on_start: this.n = 0
    on_message: |
      let n = parse_int(msg.text);
      if n != this.n {{ log(\"error\", `gap: ${{n}} instead of ${{this.n}}`) }}
      this.n = n + 1;
    on_stop: print(`sink has ${{this.n}}`)
  spare: {{role: pair, bind: inproc://spare}}
"
    )
}

/// A client outside that counts what came back and how often its connection ended.
struct Client {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    thread: JoinHandle<Result<(), String>>,
}

impl Client {
    /// Runs `turn` again and again, with the number of the turn.
    fn start(
        role: zmq::SocketType,
        port: u16,
        turn: impl Fn(&zmq::Socket, u64) -> Result<bool, String> + Send + 'static,
    ) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stops, counts) = (Arc::clone(&stop), Arc::clone(&done));
        let thread = std::thread::spawn(move || {
            let context = zmq::Context::new();
            let socket = context.socket(role).unwrap();
            let monitor = context.socket(zmq::PAIR).unwrap();
            let ends = zmq::SocketEvent::DISCONNECTED.to_raw() | zmq::SocketEvent::CLOSED.to_raw();
            socket.monitor("inproc://ends", i32::from(ends)).unwrap();
            monitor.connect("inproc://ends").unwrap();
            socket.set_linger(0).unwrap();
            socket.set_rcvtimeo(i32::try_from(PATIENCE.as_millis()).unwrap()).unwrap();
            if role == zmq::SUB {
                socket.set_subscribe(b"").unwrap();
            }
            socket.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
            while !stops.load(Relaxed) {
                if turn(&socket, counts.load(Relaxed))? {
                    counts.fetch_add(1, Relaxed);
                }
                if monitor.poll(zmq::POLLIN, 0).unwrap() > 0 {
                    return Err(format!("{role:?}: the connection ended"));
                }
            }
            Ok(())
        });
        Self { stop, done, thread }
    }

    fn turns(&self) -> u64 {
        self.done.load(Relaxed)
    }

    /// Stops it; how many turns it had, or what went wrong.
    fn end(self) -> Result<u64, String> {
        self.stop.store(true, Relaxed);
        self.thread.join().unwrap()?;
        Ok(self.done.load(Relaxed))
    }
}

fn asks(socket: &zmq::Socket, n: u64) -> Result<bool, String> {
    socket.send(&n.to_string(), 0).map_err(|error| error.to_string())?;
    let answer = socket.recv_bytes(0).map_err(|error| format!("no answer to {n}: {error}"))?;
    std::thread::sleep(Duration::from_millis(1));
    if answer == n.to_string().into_bytes() { Ok(true) } else { Err(format!("{n}: {answer:?}")) }
}

/// One of each kind: REQ, DEALER, SUB and PUSH.
fn clients([rep, router, news, sink]: [u16; 4]) -> [Client; 4] {
    let last = AtomicU64::new(0);
    [
        Client::start(zmq::REQ, rep, asks),
        Client::start(zmq::DEALER, router, asks),
        Client::start(zmq::SUB, news, move |socket, _| {
            let frames = socket.recv_multipart(0).map_err(|error| format!("no news: {error}"))?;
            let text = String::from_utf8_lossy(&frames.concat()).into_owned();
            let digits = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
            let n: u64 = digits.trim_end_matches('\0').parse().map_err(|_| format!("{text:?}"))?;
            let before = last.swap(n, Relaxed);
            if before > 0 && n != before + 1 {
                return Err(format!("a gap in the news: {n} after {before}"));
            }
            Ok(true)
        }),
        Client::start(zmq::PUSH, sink, |socket, n| {
            std::thread::sleep(Duration::from_millis(1));
            match socket.send(&n.to_string(), zmq::DONTWAIT) {
                Ok(()) => Ok(true),
                Err(zmq::Error::EAGAIN) => Ok(false),
                Err(error) => Err(error.to_string()),
            }
        }),
    ]
}

/// Every kind of change with a step that fails, as words of the topology and what they become.
fn failing(
    [rep, router, news, sink]: [u16; 4],
    taken: u16,
    held_ipc: &str,
    folder: &str,
) -> Vec<(String, Vec<(String, String)>)> {
    let mut versions: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut add = |name: &str, words: &[(&str, &str)]| {
        let words = words.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
        versions.push((name.to_owned(), words.collect()));
    };
    for (node, port) in [("rep", rep), ("router", router), ("news", news), ("sink", sink)] {
        let at = format!("bind: {port}");
        add(&format!("{node} moves"), &[(&at, &format!("bind: {taken}"))]);
        add(&format!("{node} binds one more"), &[(&at, &format!("bind: [{port}, {taken}]"))]);
        add(&format!("{node} is rebuilt elsewhere"), &[(&at, &format!("bind: {taken}, hwm: 77"))]);
        add(
            &format!("{node} at a held ipc path"),
            &[(&at, &format!("bind: [{port}, '{held_ipc}']"))],
        );
        add(
            &format!("{node} at an ipc path without a folder"),
            &[(&at, &format!("bind: [{port}, 'ipc://{folder}/none/x']"))],
        );
        add(
            &format!("{node} at a device that is not there"),
            &[(&at, &format!("bind: {port}, options: {{bindtodevice: nosuch0}}"))],
        );
    }
    // In block style a socket's words stand on lines of their own.
    for (_, words) in &mut versions {
        for (from, to) in words.iter_mut() {
            if *from == format!("bind: {news}") || *from == format!("bind: {sink}") {
                *to = to.replace(", hwm", "\n    hwm").replace(", options", "\n    options");
            }
        }
    }
    let mut add = |name: &str, words: &[(&str, &str)]| {
        let words = words.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
        versions.push((name.to_owned(), words.collect()));
    };
    let spare = "bind: inproc://spare";
    let fails = format!("bind: {taken}");
    let rep_at = format!("role: rep, bind: {rep}");
    add("beside a role", &[(&rep_at, &format!("role: router, bind: {rep}")), (spare, &fails)]);
    add(
        "beside a thread of its own",
        &[("on_message: msg}", "on_message: msg, isolate: true}"), (spare, &fails)],
    );
    add("beside another mark", &[("every: 5ms", "hwm: 55\n    every: 5ms"), (spare, &fails)]);
    add("beside a name", &[("  rep: {", "  other: {"), (spare, &fails)]);
    add("beside handlers", &[("this.n += 1;", "this.n += 2;"), (spare, &fails)]);
    add(
        "beside two that change places",
        &[
            (&format!("bind: {rep}"), "bind: SWAP"),
            (&format!("bind: {router}"), &format!("bind: {rep}")),
            ("bind: SWAP", &format!("bind: {router}")),
            (spare, &fails),
        ],
    );
    add(
        "a node is gone",
        &[(
            "  spare: {role: pair, bind: inproc://spare}",
            &format!("  new: {{role: pull, {fails}}}"),
        )],
    );
    let news_node = "  spare: {";
    add("a node more", &[(news_node, &format!("  new: {{role: pull, {fails}}}\n  spare: {{"))]);
    add(
        "copies of a new node",
        &[(
            news_node,
            &format!(
                "  new: {{role: pull, replicas: 3, connect: spare2}}\n  spare2: {{role: push, {fails}}}\n  spare: {{"
            ),
        )],
    );
    add(
        "a sink that cannot be written",
        &[(
            "  spare: {role: pair,",
            &format!("  spare: {{role: pair, write: {{file: '{folder}'}},"),
        )],
    );
    add(
        "a source that cannot be read",
        &[(
            "  spare: {role: pair,",
            &format!("  spare: {{role: pair, read: {{file: '{folder}'}},"),
        )],
    );
    versions
}

#[test]
fn reloads_that_fail_leave_every_connection_and_every_message_of_outside_clients() {
    let ports = free_ports();
    let [taken] = free_ports();
    let _holder = TcpListener::bind(("127.0.0.1", taken)).unwrap();
    let zrig = Zrig::of(&base(ports));
    let zrig = if soaking() { zrig.lasting("60m") } else { zrig };
    let (held, folder) = (zrig.path("held.ipc"), zrig.path("folder"));
    let _ipc = UnixListener::bind(&held).unwrap();
    std::fs::create_dir(&folder).unwrap();
    let mut edited = Edited::of(zrig);
    let clients = clients(ports);
    eventually("every client has its first turns", || {
        clients.iter().all(|client| client.turns() > 20)
    });
    let held = format!("ipc://{}", held.display());
    let versions = failing(ports, taken, &held, folder.to_str().unwrap());
    let reloads = times(versions.len(), 1000);
    for number in 0..reloads {
        let (name, words) = &versions[number % versions.len()];
        let mut yaml = format!("# version {number}\n{}", base(ports));
        for (from, to) in words {
            assert!(yaml.contains(from), "{name}: {from}");
            yaml = yaml.replace(from.as_str(), to);
        }
        edited.save(&yaml);
        let receipt = edited.receipt();
        assert_eq!(receipt["verdict"], "rolled-back", "{name}: {receipt:#}\n{yaml}");
        assert_eq!(receipt["dropped"], 0, "{name}: {receipt:#}");
        assert!(receipt["retry_seconds"].is_u64(), "{name}: {receipt:#}");
        for client in &clients {
            assert!(
                !client.thread.is_finished(),
                "{name}: {receipt:#}\n{}",
                tail(&edited.run.log())
            );
        }
    }
    let before: Vec<u64> = clients.iter().map(Client::turns).collect();
    eventually("every client goes on", || {
        clients.iter().zip(&before).all(|(client, before)| client.turns() > before + 5)
    });
    let turns: Vec<u64> = clients
        .into_iter()
        .map(|client| client.end().unwrap_or_else(|why| panic!("{why}")))
        .collect();
    println!("{reloads} failed reloads; turns of REQ, DEALER, SUB, PUSH: {turns:?}");
    let ending = edited.stop();
    assert!(!ending.said("gap:"), "{}", ending.text());
}

#[test]
fn a_failed_reload_is_tried_again_seldom_and_says_when_and_succeeds_in_the_end() {
    let [port, taken] = free_ports();
    let holder = TcpListener::bind(("127.0.0.1", taken)).unwrap();
    let yaml = |port: u16| format!("nodes:\n  rep: {{role: rep, bind: {port}, on_message: msg}}\n");
    let mut edited = Edited::start(&yaml(port));
    edited.save(&yaml(taken));
    let begun = Instant::now();
    for pause in [1, 2, 4] {
        let receipt = edited.receipt();
        assert_eq!(receipt["verdict"], "rolled-back", "{receipt:#}");
        assert_eq!(receipt["retry_seconds"], pause, "{receipt:#}");
        edited.run.says(&format!("tries again in {pause} s"));
    }
    assert!(begun.elapsed() >= Duration::from_secs(3), "{:?}", begun.elapsed());
    // Who asks is answered at once, and the pauses go on from there.
    edited.run.signal("HUP");
    assert_eq!(edited.receipt()["retry_seconds"], 8);
    drop(holder);
    // The same text, saved again, is tried at once.
    edited.save(&yaml(taken));
    assert_eq!(edited.receipt()["verdict"], "applied");
    let client = zmq::Context::new().socket(zmq::REQ).unwrap();
    client.set_rcvtimeo(20_000).unwrap();
    client.connect(&format!("tcp://127.0.0.1:{taken}")).unwrap();
    client.send("moved", 0).unwrap();
    assert_eq!(client.recv_string(0).unwrap().unwrap(), "moved");
    edited.stop();
}

#[test]
fn a_port_that_comes_free_is_taken_without_anybody_asking() {
    let [port, taken] = free_ports();
    let holder = TcpListener::bind(("127.0.0.1", taken)).unwrap();
    let yaml = |port: u16| format!("nodes:\n  rep: {{role: rep, bind: {port}, on_message: msg}}\n");
    let mut edited = Edited::start(&yaml(port));
    edited.save(&yaml(taken));
    assert_eq!(edited.receipt()["verdict"], "rolled-back");
    drop(holder);
    assert_eq!(edited.receipt()["verdict"], "applied");
    edited.stop();
}

#[test]
fn ports_that_change_hands_within_the_file_are_nobody_elses() {
    let [one, two] = free_ports();
    let yaml = |a: &str, b: &str| {
        format!(
            "nodes:\n  a: {{role: rep, bind: {a}, on_message: '\"a\"'}}\n  \
             b: {{role: rep, bind: {b}, on_message: '\"b\"'}}\n"
        )
    };
    let [one_text, two_text] = [one.to_string(), two.to_string()];
    let mut edited = Edited::start(&yaml(&one_text, &two_text));
    let answer = |port: u16| {
        let client = zmq::Context::new().socket(zmq::REQ).unwrap();
        client.set_linger(0).unwrap();
        client.set_rcvtimeo(20_000).unwrap();
        client.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
        client.send("who", 0).unwrap();
        client.recv_string(0).unwrap().unwrap()
    };
    // They change places.
    edited.apply(&yaml(&two_text, &one_text));
    assert_eq!((answer(one), answer(two)), ("b".to_owned(), "a".to_owned()));
    // One takes what the other lets go of, as all addresses.
    edited.apply(&yaml(&format!("'tcp://*:{one}'"), &two_text));
    assert_eq!((answer(one), answer(two)), ("a".to_owned(), "b".to_owned()));
    // A new node takes what one that goes had.
    edited.apply(&format!("nodes:\n  c: {{role: rep, bind: {one}, on_message: '\"c\"'}}\n"));
    assert_eq!(answer(one), "c");
    edited.stop();
}

#[test]
fn a_part_of_a_port_that_is_another_programs_is_found_before_our_own_is_let_go() {
    let [port] = free_ports();
    let _other = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let yaml = |at: &str| format!("nodes:\n  rep: {{role: rep, bind: '{at}', on_message: msg}}\n");
    let mut edited = Edited::start(&yaml(&format!("tcp://127.0.0.1:{port}")));
    let client = Client::start(zmq::REQ, port, asks);
    eventually("it answers", || client.turns() > 5);
    edited.save(&yaml(&format!("tcp://*:{port}")));
    let receipt = edited.receipt();
    assert_eq!(receipt["verdict"], "rolled-back", "{receipt:#}");
    let before = client.turns();
    eventually("it goes on answering", || client.turns() > before + 5);
    client.end().unwrap_or_else(|why| panic!("{why}"));
    edited.stop();
}

/// A plan that fails must not have listened anywhere: a peer that came would be cut off again.
#[test]
fn a_reload_that_fails_has_let_nobody_in_at_its_new_ports() {
    let [port, taken, free] = free_ports();
    let _holder = TcpListener::bind(("127.0.0.1", taken)).unwrap();
    let yaml =
        |more: &str| format!("nodes:\n  rep: {{role: rep, bind: {port}, on_message: msg}}\n{more}");
    let mut edited = Edited::start(&yaml(""));
    let stop = Arc::new(AtomicBool::new(false));
    let stops = Arc::clone(&stop);
    let knocks = std::thread::spawn(move || {
        while !stops.load(Relaxed) {
            if let Ok(stream) = std::net::TcpStream::connect(("127.0.0.1", free)) {
                let _ = stream.shutdown(Shutdown::Both);
                return true;
            }
        }
        false
    });
    for _ in 0..times(3, 50) {
        edited.save(&yaml(&format!(
            "  first: {{role: pull, bind: {free}}}\n  second: {{role: pull, bind: {taken}}}\n"
        )));
        assert_eq!(edited.receipt()["verdict"], "rolled-back");
    }
    stop.store(true, Relaxed);
    assert!(!knocks.join().unwrap(), "somebody got in");
    edited.stop();
}
