//! What would go wrong without a word: connections that never come up, peers that are not heard.

use std::io::{Read, Write};
#[cfg(feature = "patched-libzmq")]
use std::net::{SocketAddr, ToSocketAddrs};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::{Zrig, eventually, free_port, free_ports};

#[test]
fn a_connection_that_never_comes_up_is_said_once_with_its_reason_and_what_was_never_sent() {
    let [port, other] = free_ports();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nobody");
    let yaml = format!(
        "
nodes:
  one:
    role: push
    connect: tcp://127.0.0.1:{port}
    on_start: 'for n in 0..3 {{ send(n) }}'
  two:
    sockets:
      out: {{role: dealer, connect: ['tcp://127.0.0.1:{port}', 'ipc://{}']}}
      in: {{role: sub, connect: 'tcp://127.0.0.1:{other}', topics: all}}
    on_message: '()'
    on_start: 'send_to(\"out\", 1); send_to(\"out\", 2)'
  inside: {{role: pull, bind: 'tcp://127.0.0.1:*', on_message: '()'}}
",
        file.display()
    );
    let run = Zrig::of(&yaml).start();
    let refused = format!("no connection with tcp://127.0.0.1:{port} for 2s: it was refused");
    run.says_what("one", |line| line.contains("warn  one.push") && line.contains(&refused));
    run.says_what("two", |line| line.contains("two.out") && line.contains(&refused));
    run.says_what("two in", |line| line.contains("two.in") && line.contains("it was refused"));
    run.says("for 2s: there is no such file");
    // It is not said again for every attempt.
    std::thread::sleep(Duration::from_millis(500));
    let ending = run.stop();
    assert_eq!(ending.times("for 2s"), 4, "{}", ending.text());
    let never = format!("for tcp://127.0.0.1:{port} ");
    assert!(ending.said(&format!("one.push  3 messages {never}were never sent")));
    assert!(ending.said(&format!("two.out  1 message {never}was never sent")), "{}", ending.text());
    assert_eq!(ending.times("never sent"), 3, "{}", ending.text());
    // Nor is it said again as dropped.
    assert_eq!(ending.times("within the linger"), 0, "{}", ending.text());
}

#[test]
fn what_was_never_sent_is_said_once_whatever_the_linger() {
    let [one, ports @ ..]: [u16; 4] = free_ports();
    let nodes = ports.iter().zip(["0s", "1ms", "700ms"]).map(|(port, linger)| {
        format!(
            "  n{linger}: {{role: dealer, connect: {port}, linger: {linger}, \
             on_start: 'for n in 0..3 {{ send(n) }}'}}\n"
        )
    });
    // It has one message at most, whose place the next one takes.
    let last = format!(
        "  one: {{role: push, connect: 'tcp://localhost:{one}', options: {{conflate: true}}, \
         on_start: 'for n in 0..3 {{ send(n) }}'}}\n"
    );
    let yaml = format!("nodes:\n{}{last}", nodes.collect::<String>());
    let run = Zrig::of(&yaml).start();
    run.says_times("it was refused", 4);
    let ending = run.stop();
    for port in ports {
        let never = format!("3 messages for tcp://127.0.0.1:{port} were never sent");
        assert_eq!(ending.times(&never), 1, "{}", ending.text());
    }
    let never = format!("1 message for tcp://localhost:{one} was never sent");
    assert_eq!(ending.times(&never), 1, "{}", ending.text());
    assert_eq!((ending.times("never sent"), ending.times("linger")), (4, 0), "{}", ending.text());
}

#[cfg(feature = "patched-libzmq")]
#[test]
fn what_a_peer_gets_within_the_linger_is_not_said_to_be_never_sent() {
    let port = free_port();
    let yaml = format!(
        "nodes: {{a: {{role: push, connect: {port}, linger: 60s, on_start: 'send(1); send(2)'}}}}"
    );
    let run = Zrig::of(&yaml).start();
    run.says("it was refused");
    run.signal("TERM");
    run.says("unsent messages keep zrig from ending");
    let context = zmq::Context::new();
    let pull = context.socket(zmq::PULL).unwrap();
    pull.set_rcvtimeo(30_000).unwrap();
    pull.bind(&format!("tcp://127.0.0.1:{port}")).unwrap();
    assert_eq!([pull.recv_bytes(0).unwrap(), pull.recv_bytes(0).unwrap()], [b"1", b"2"]);
    let ending = run.ends();
    assert_eq!((ending.times("never sent"), ending.times("dropped")), (0, 0), "{}", ending.text());
}

#[cfg(feature = "patched-libzmq")]
#[test]
fn a_host_that_only_ipv6_reaches_is_told_as_that() {
    // What has such a name depends on the machine; this one stands in many lists of hosts.
    let name = "ip6-allnodes";
    let found = (name, 9).to_socket_addrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    if found.is_empty() || found.iter().any(SocketAddr::is_ipv4) {
        println!("not shown: {name} stands for {found:?} here, not for IPv6 addresses alone");
        return;
    }
    let run = Zrig::of(
        "nodes: {a: {role: push, connect: ['tcp://ip6-allnodes:9', 'ws://ip6-allnodes:9/a:b']}}",
    )
    .start();
    for endpoint in ["tcp://ip6-allnodes:9", "ws://ip6-allnodes:9/a:b"] {
        run.says_what(endpoint, |line| {
            line.contains(&format!("no connection with {endpoint} for "))
                && line.contains("its host has IPv6 addresses only")
                && line.contains("`options: {ipv6: true}`")
        });
    }
    run.stop();
}

#[test]
fn a_host_without_an_address_is_said_to_be_unknown() {
    let run =
        Zrig::of("nodes: {a: {role: push, connect: 'tcp://nobody.invalid:9', on_start: send(1)}}")
            .start();
    run.says("no connection with tcp://nobody.invalid:9 for ");
    let line = run.says("its host is unknown");
    assert!(line.contains("a.push"), "{line}");
    let ending = run.stop();
    assert!(
        ending.said("1 message for tcp://nobody.invalid:9 was never sent"),
        "{}",
        ending.text()
    );
}

#[cfg(feature = "patched-libzmq")]
#[test]
fn a_websocket_whose_host_is_unknown_is_no_failed_start() {
    let run =
        Zrig::of("nodes: {a: {role: push, connect: 'ws://nobody.invalid:9/x', on_start: send(1)}}")
            .start();
    let line = run.says("its host is unknown");
    let whose = "a.push  no connection with ws://nobody.invalid:9/x for ";
    assert!(line.contains(whose), "{line}");
    let ending = run.stop();
    assert!(ending.said("for ws://nobody.invalid:9/x was never sent"), "{}", ending.text());
}

#[test]
fn a_connection_that_is_lost_and_does_not_come_back_is_said_too_and_then_forgotten() {
    let port = free_port();
    let listen = || {
        let context = zmq::Context::new();
        let pull = context.socket(zmq::PULL).unwrap();
        pull.set_rcvtimeo(30_000).unwrap();
        eventually("the port is free", || pull.bind(&format!("tcp://127.0.0.1:{port}")).is_ok());
        pull
    };
    let pull = listen();
    let yaml =
        format!("nodes: {{a: {{role: push, connect: {port}, every: 50ms, on_tick: 'send(1)'}}}}");
    let run = Zrig::of(&yaml).start();
    pull.recv_bytes(0).unwrap();
    drop(pull);
    run.says("it was refused");
    let pull = listen();
    pull.recv_bytes(0).unwrap();
    let ending = run.stop();
    assert_eq!((ending.times("no connection"), ending.times("never sent")), (1, 0));
}

#[test]
fn a_server_that_speaks_something_else_is_said_and_not_with_every_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        // As many attempts as it takes, and no more.
        for stream in listener.incoming().take(6) {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n");
            let _ = stream.read(&mut [0; 64]);
        }
    });
    let yaml = format!("nodes: {{a: {{role: push, connect: 'tcp://{address}'}}}}");
    let run = Zrig::of(&yaml).start();
    run.says(&format!("no connection with tcp://{address}"));
    run.says(&format!("no connection with tcp://{address} for "));
    server.join().unwrap();
    let ending = run.stop();
    assert!(ending.times("no connection with") <= 4, "{}", ending.text());
}

#[test]
fn a_second_peer_of_the_same_identity_that_a_router_does_not_hear_is_said() {
    let port = free_port();
    let yaml = format!("nodes: {{desk: {{role: router, bind: {port}, on_message: msg}}}}");
    let run = Zrig::of(&yaml).start();
    let context = zmq::Context::new();
    let dealer = || {
        let dealer = context.socket(zmq::DEALER).unwrap();
        dealer.set_identity(b"worker").unwrap();
        dealer.set_linger(0).unwrap();
        dealer.set_rcvtimeo(30_000).unwrap();
        dealer.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
        dealer
    };
    let first = dealer();
    first.send("hello", 0).unwrap();
    assert_eq!(first.recv_bytes(0).unwrap(), b"hello");
    let second = dealer();
    let line = run.says("a peer of the same identity is connected already");
    assert!(line.contains("desk.router") && line.contains("router_handover"), "{line}");
    first.send("still", 0).unwrap();
    assert_eq!(first.recv_bytes(0).unwrap(), b"still");
    drop((first, second));
    run.stop();
}

#[test]
fn what_is_wrong_with_a_websocket_is_said_in_words() {
    let port = free_port();
    let yaml =
        format!("nodes: {{a: {{role: pull, bind: 'ws://127.0.0.1:{port}', on_message: '()'}}}}");
    let run = Zrig::of(&yaml).arguments(["--log", "debug"]).start();
    run.says("bound to ws://");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let line = run.says("no connection with");
    assert!(line.contains("WebSocket") && !line.contains("0x"), "{line}");
    run.stop();
}

#[test]
fn a_line_names_five_of_many_copies() {
    let port = free_port();
    // The link that is missing for two seconds keeps the start waiting.
    let yaml = format!(
        "nodes:
  asks: {{role: req, connect: 'tcp://127.0.0.1:{port}', replicas: 40}}
  waits: {{role: rep, bind: 'tcp://127.0.0.1:{port}', on_message: msg,
           options: {{plain_server: true, zap_domain: x}}}}
"
    );
    let run = Zrig::of(&yaml).start();
    run.says("a link inside the file is not up: and ");
    let ending = run.stop();
    assert_eq!(ending.times("a link inside the file is not up"), 6, "{}", ending.text());
    Zrig::of(&(0..30).fold("nodes:\n".to_owned(), |yaml, n| {
        yaml + format!("  n{n}: {{role: pull, bind: 'inproc://{n}', on_message: '()'}}\n").as_str()
    }))
    .arguments(["--only", "nobody"])
    .ends()
    .expect(2, ["its nodes are n0, n1, n2, n3, n4 and 25 more"]);
}
