//! What is lost is counted: sent is received, dropped and on its way, exactly.

use std::io::Write;

use zrig::snapshot::{FlowSnapshot, Snapshot};

use super::figures::{serving, snapshot};
use crate::support::{Peer, Zrig, eventually, free_port, free_ports, numbered};

/// The one flow that ends at an instance.
#[track_caller]
fn flow_to(seen: &Snapshot, instance: &str) -> FlowSnapshot {
    let mut flows = seen.flows.iter().filter(|flow| flow.to[0].instance == instance);
    let flow = flows.next().unwrap_or_else(|| panic!("none to {instance}: {:?}", seen.flows));
    assert!(flows.next().is_none(), "{:?}", seen.flows);
    flow.clone()
}

/// A flow's figures, which have to add up.
#[track_caller]
fn figures(flow: &FlowSnapshot) -> [u64; 4] {
    let figures = [flow.sent, flow.received, flow.dropped, flow.waiting];
    let [sent, received, dropped, waiting] = figures.map(|figure| figure.unwrap());
    assert_eq!(sent, received + dropped + waiting, "{flow:?}");
    [sent, received, dropped, waiting]
}

/// Follows a flow until so many were sent and none is on its way.
#[track_caller]
fn settled(port: u16, instance: &str, sent: u64) -> [u64; 4] {
    let mut last = [0; 4];
    eventually("nothing is on its way", || {
        let now = figures(&flow_to(&snapshot(port), instance));
        assert!(now[0] >= last[0] && now[1] >= last[1] && now[2] >= last[2], "{last:?} {now:?}");
        last = now;
        now[0] >= sent && now[3] == 0
    });
    last
}

const MANY: usize = 100_000;

#[test]
fn a_slow_subscriber_loses_exactly_what_is_counted() {
    for endpoint in ["tcp://127.0.0.1:*", "inproc://news"] {
        let port = free_port();
        let yaml = format!(
            "
defaults: {{hwm: 10}}
nodes:
  station:
    role: pub
    bind: '{endpoint}'
    read: {{file: lines.txt}}
    options: {{sndbuf: 8KiB}}
  slow:
    role: sub
    connect: station
    msgids: [1000]
    options: {{rcvbuf: 8KiB}}
    on_message: 'let n = 0; while n < 300 {{ n += 1 }} msg.body'
    write: {{file: got.txt}}
  fast: {{role: sub, connect: station, topics: all, on_message: '()'}}
"
        );
        let lines = numbered("line", MANY).join("\n");
        let run = serving(Zrig::of(&yaml).with("lines.txt", lines), port);
        let [sent, received, dropped, _] = settled(port, "slow", MANY as u64);
        println!("{endpoint}: {received} + {dropped} = {sent}");
        assert_eq!(sent, MANY as u64);
        assert!(dropped > 0, "nothing was dropped");

        let seen = snapshot(port);
        let link = seen.links.iter().find(|link| link.to.instance == "slow").unwrap();
        assert_eq!(
            (link.sent, link.received, link.dropped),
            (Some(sent), Some(received), Some(dropped))
        );
        let [_, _, fast, _] = settled(port, "fast", MANY as u64);
        let full = snapshot(port).node("station").unwrap().sockets[0].dropped.full;
        assert_eq!(full, dropped + fast, "what the publisher shows is all that both lost");

        let ending = run.stop();
        let got = ending.file("got.txt");
        assert_eq!(got.len() as u64, received);
        assert!(ending.said(&format!("station.pub → slow.sub: {dropped} of {sent} messages")));
    }
}

#[test]
fn with_when_full_wait_nothing_is_dropped_however_slow_a_subscriber_is() {
    const COUNT: usize = 5_000;
    let port = free_port();
    let mut yaml = String::from(
        "
defaults: {hwm: 10, options: {}}
nodes:
  station:
    role: pub
    bind: ['tcp://127.0.0.1:*', 'inproc://waiting']
    when_full: wait
    read: {file: lines.txt}
",
    );
    for (name, work) in [("fast", 0), ("slow", 50), ("slower", 300)] {
        yaml += &format!(
            "  {name}:
    role: sub
    connect: station
    topics: all
    on_message: 'let n = 0; while n < {work} {{ n += 1 }} msg.body'
    write: {{file: {name}.txt}}
"
        );
    }
    let lines = numbered("line", COUNT).join("\n");
    let run = serving(Zrig::of(&yaml).with("lines.txt", lines), port);
    for name in ["fast", "slow", "slower"] {
        assert_eq!(settled(port, name, COUNT as u64), [COUNT as u64, COUNT as u64, 0, 0], "{name}");
    }
    assert!(snapshot(port).node("station").unwrap().sockets[0].blocked_seconds > 0.0);
    let ending = run.stop();
    for name in ["fast.txt", "slow.txt", "slower.txt"] {
        assert_eq!(ending.file(name), numbered("line", COUNT));
    }
    assert!(!ending.said("did not arrive"), "{}", ending.text());
}

#[test]
fn each_subscriber_is_counted_for_by_its_own_filters() {
    let port = free_port();
    let yaml = "
nodes:
  station:
    role: pub
    bind: ['tcp://127.0.0.1:*', 'inproc://filters']
    read: {file: '-'}
    on_line: 'let id = parse_int(line); for n in 0..100 { publish(id, n) }'
  exact:
    role: sub
    connect: station
    msgids: [1, 9]
    on_message: 'if msg.msgid == 9 { subscribe(3) } count(\"got\")'
  prefix: {role: sub, connect: 'inproc://filters', topics: ['1'], on_message: 'count(\"got\")'}
  copies: {role: sub, replicas: 2, connect: station, topics: [all, '1'], on_message: 'count(\"got\")'}
  relay:
    sockets:
      in: {role: xsub, connect: station}
      out: {role: xpub, bind: 'inproc://relayed'}
    forward: [in, out]
  behind: {role: sub, connect: relay.out, msgids: [10], on_message: 'count(\"got\")'}
";
    let yaml = yaml.replace("[all, '1']", "all");
    let mut run = serving(Zrig::of(&yaml).with_stdin(), port);
    let mut stdin = run.stdin();
    let mut publish = |ids: &[u32]| {
        for id in ids {
            writeln!(stdin, "{id}").unwrap();
        }
    };
    publish(&[1, 2, 3, 10]);
    let flows = [
        ("exact", 100),
        ("prefix", 200),
        ("copies.1", 400),
        ("copies.2", 400),
        ("behind", 100),
        ("relay", 100),
    ];
    for (name, count) in flows {
        assert_eq!(settled(port, name, count), [count, count, 0, 0], "{name}");
    }
    let before = snapshot(port).node("station").unwrap().sockets[0].subscriptions;
    publish(&[9]);
    eventually("it subscribed to one more", || {
        snapshot(port).node("station").unwrap().sockets[0].subscriptions > before
    });
    publish(&[1, 2, 3, 10]);
    let flows = [("exact", 400), ("prefix", 400), ("copies.1", 900), ("behind", 200)];
    for (name, count) in flows {
        assert_eq!(settled(port, name, count), [count, count, 0, 0], "{name}");
    }
    drop(stdin);
    run.stop();
}

#[test]
fn a_router_whose_peers_vanish_loses_exactly_what_is_counted() {
    let [port, metrics] = free_ports();
    let yaml = format!(
        "
nodes:
  router:
    role: router
    bind: {port}
    hwm: 100
    options: {{sndbuf: 8KiB}}
    every: 5ms
    on_start: 'this.peers = []; this.n = 0; this.left = -1'
    on_message: 'if this.peers.len() < 2 {{ this.peers.push(msg) }} else {{ this.left = 50 }}'
    on_tick: |
      if this.peers.len() == 2 && this.left != 0 {{
        for round in 0..50 {{
          this.n += 1;
          for peer in this.peers {{ reply(peer, `line ${{this.n}}`) }}
        }}
        if this.left > 0 {{ this.left -= 1; if this.left == 0 {{ count(\"over\") }} }}
      }}
  stays: {{role: dealer, connect: router, hwm: 100, on_start: send(\"stays\"), on_message: msg.text,
          write: {{file: stays.txt}}}}
  vanishes:
    role: dealer
    connect: router
    hwm: 100
    on_start: send(\"vanishes\")
    on_message: 'this.n = (this.n ?? 0) + 1; if this.n == 300 {{ send(\"bye\"); disconnect(\"tcp://127.0.0.1:{port}\") }} msg.text'
    write: {{file: vanishes.txt}}
"
    );
    let run = serving(Zrig::of(&yaml), metrics);
    eventually("the router has gone on for a while", || {
        snapshot(metrics).node("router").unwrap().user.contains_key("over")
    });
    let [sent, received, dropped, _] = settled(metrics, "stays", 1);
    println!("{received} + {dropped} = {sent}");
    let router = snapshot(metrics).node("router").unwrap().clone();
    let socket = &router.sockets[0];
    assert!(socket.dropped.unroutable > 0 && dropped >= socket.dropped.total(), "{socket:?}");
    assert_eq!(sent, socket.messages_out + socket.dropped.total(), "what handlers sent");
    let ending = run.stop();
    let got = ending.file("stays.txt").len() + ending.file("vanishes.txt").len();
    assert_eq!((received, dropped), (got as u64, sent - got as u64));
}

#[test]
fn a_router_counts_every_message_to_an_outside_peer_that_is_gone() {
    let [port, metrics] = free_ports();
    let yaml = format!(
        "
nodes:
  router:
    role: router
    bind: {port}
    on_message: 'if this.peer == () {{ this.peer = msg }} for n in 0..100 {{ reply(this.peer, n) }}'
"
    );
    let context = zmq::Context::new();
    let dealer = || {
        let dealer = context.socket(zmq::DEALER).unwrap();
        dealer.set_linger(0).unwrap();
        dealer.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
        dealer.send("hello", 0).unwrap();
        dealer
    };
    let run = serving(Zrig::of(&yaml), metrics);
    let first = dealer();
    for _ in 0..100 {
        assert_eq!(first.poll(zmq::POLLIN, 10_000), Ok(1));
        first.recv_bytes(0).unwrap();
    }
    drop(first);
    let socket = || snapshot(metrics).node("router").unwrap().sockets[0].clone();
    eventually("the peer is gone", || socket().disconnects == 1);
    let second = dealer();
    eventually("nothing more could be delivered", || socket().dropped.unroutable == 100);
    assert_eq!((socket().messages_out, socket().dropped.total()), (100, 100));
    assert!(snapshot(metrics).flows.is_empty(), "no link is inside the file");
    drop(second);
    run.stop();
}

#[test]
fn what_did_not_arrive_before_the_end_is_told() {
    let port = free_port();
    let yaml = "
nodes:
  source: {role: push, bind: 'inproc://work', read: {file: lines.txt}}
  slow:
    role: pull
    connect: source
    isolate: true
    on_message: 'let n = 0; while n < 10000 { n += 1 } msg.text'
    write: {file: got.txt}
";
    let lines = numbered("line", 2000).join("\n");
    let run = serving(Zrig::of(yaml).with("lines.txt", lines), port);
    eventually("some have arrived, many are on their way", || {
        let [sent, received, dropped, waiting] = figures(&flow_to(&snapshot(port), "slow"));
        assert_eq!(dropped, 0);
        received > 10 && waiting > 1000 && sent == 2000
    });
    let ending = run.stop();
    let got = ending.file("got.txt").len();
    assert!(got < 2000, "all arrived");
    let told = format!("source.push → slow.pull: {} of 2000 messages did not arrive", 2000 - got);
    assert!(ending.said(&told), "no {told:?}:\n{}", ending.text());
}

#[test]
fn what_the_log_says_of_drops_adds_up_to_what_the_figures_say() {
    let port = free_port();
    let yaml = "
nodes:
  broker:
    role: router
    bind: 'tcp://127.0.0.1:*'
    hwm: 10
    options: {sndbuf: 4KiB}
    on_message: 'for n in 0..5000 { reply(msg, `answer ${n}`); }'
  slow:
    role: dealer
    connect: broker
    hwm: 10
    options: {rcvbuf: 4KiB}
    on_start: send(\"go\")
    on_message: 'busy(\"1h\")'
";
    let run = serving(Zrig::of(yaml), port);
    let told = |log: &[String]| -> u64 {
        let lines = log.iter().filter_map(|line| line.split_once("broker.router  dropped "));
        lines.map(|(_, rest)| rest.split(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    };
    let dropped = || snapshot(port).node("broker").unwrap().sockets[0].dropped.full;
    eventually("the burst is over, and the log has all of it", || {
        dropped() > 4000 && told(&run.log()) == dropped()
    });
    let log = run.log();
    assert!(log.iter().filter(|line| line.contains("  dropped ")).count() < 5, "{log:?}");
}

#[test]
fn what_a_blocked_forward_has_in_hand_at_the_end_is_counted_and_told() {
    // One waits in the forward, the others in libzmq's queue before it.
    let yaml = "
nodes:
  source: {role: push, connect: 'inproc://i', on_start: 'send(\"x\")'}
  relay:
    sockets:
      in: {role: pull, bind: 'inproc://i'}
      out: {role: push, bind: 'tcp://127.0.0.1:*', linger: 0}
      copy: {role: push, bind: 'tcp://127.0.0.1:*', linger: 0}
    forward: {in: out}
    capture: copy
";
    let ending = Zrig::of(yaml).lasting("500ms").ends().expect(0, []);
    for socket in ["out", "copy"] {
        let told = ending.log.iter().filter(|line| line.contains(&format!("relay.{socket}")));
        let told: Vec<&String> = told.filter(|line| line.contains("dropped 1 message")).collect();
        assert_eq!(told.len(), 1, "{socket}: {}", ending.text());
    }
}

#[test]
fn a_subscriber_with_outside_publishers_is_not_guessed_at() {
    let [port, metrics] = free_ports();
    let yaml = format!(
        "
nodes:
  inside: {{role: pub, connect: 'tcp://127.0.0.1:{port}', every: 1ms, on_tick: send(\"x\")}}
  display: {{role: sub, bind: {port}, msgids: [1000], on_message: 'count(\"got\")'}}
"
    );
    let run = serving(Zrig::of(&yaml), metrics);
    assert!(flow_to(&snapshot(metrics), "display").sent.is_some());
    let context = zmq::Context::new();
    let outside = context.socket(zmq::PUB).unwrap();
    outside.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    eventually("nobody knows any more", || {
        let flow = flow_to(&snapshot(metrics), "display");
        [flow.sent, flow.received, flow.dropped, flow.waiting] == [None; 4]
    });
    let link = &snapshot(metrics).links[0];
    assert_eq!((link.sent, link.dropped), (None, None), "{link:?}");
    run.stop();
}

#[test]
fn an_outside_subscriber_counts_by_sequence_what_it_missed() {
    let [port, metrics] = free_ports();
    let yaml = format!(
        "
nodes:
  station:
    role: pub
    bind: {port}
    hwm: 10
    sequence: true
    options: {{sndbuf: 8KiB}}
    every: 1ms
    on_start: 'this.n = 0'
    on_peer: 'if peer.event == \"subscribed\" {{ this.open = true }}'
    on_tick: |
      if this.open != () {{
        if this.n < 20000 {{
          for round in 0..100 {{ this.n += 1; publish(1000, `${{this.n}}`); publish(7, \"x\") }}
        }} else {{
          this.n += 1;
          publish(1000, `${{this.n}} end`);
        }}
      }}
"
    );
    let run = serving(Zrig::of(&yaml), metrics);
    let mut peer = Peer::sequence(&format!("subscribe tcp://127.0.0.1:{port}"));
    let told = peer.summary();
    println!("{told}");
    assert_eq!(told["ok"], true, "{told}");
    assert!(told["missed"].as_u64().unwrap() > 0, "nothing was dropped: {told}");
    assert_eq!(told["missed"], told["absent"], "what it counts is what is absent");
    run.stop();
}

#[test]
fn an_outside_publisher_that_numbers_is_checked() {
    let [port, metrics] = free_ports();
    let yaml = format!(
        "
nodes:
  display:
    role: sub
    bind: {port}
    msgids: [1000]
    sequence: true
    on_message: 'if msg.body == \"end\" {{ print(\"the end\") }}'
"
    );
    let run = serving(Zrig::of(&yaml), metrics);
    let mut peer = Peer::sequence(&format!("publish tcp://127.0.0.1:{port}"));
    run.says("the end");
    let socket = snapshot(metrics).node("display").unwrap().sockets[0].clone();
    peer.tell("done");
    let told = peer.summary();
    assert_eq!(told["skipped"], socket.sequence_gaps, "{socket:?}");
    assert_eq!(told["doubled"], socket.sequence_duplicates, "{socket:?}");
    assert!(socket.sequence_delay > 0.0 && socket.dropped.malformed == 0, "{socket:?}");
    run.stop();
}

#[test]
fn a_publisher_far_too_fast_is_seen_to_drop_while_it_does() {
    for endpoint in ["tcp://127.0.0.1:*", "inproc://fast"] {
        let port = free_port();
        let yaml = format!(
            "
defaults: {{hwm: 10}}
nodes:
  station: {{role: pub, bind: '{endpoint}', every: 1ms, on_tick: 'for n in 0..200 {{ send(n) }}'}}
  slow: {{role: sub, connect: station, topics: all,
         on_message: 'let n = 0; while n < 20000 {{ n += 1 }}'}}
"
        );
        let run = serving(Zrig::of(&yaml), port);
        let mut last = 0;
        eventually("drops are seen", || {
            let [_, _, dropped, _] = figures(&flow_to(&snapshot(port), "slow"));
            assert!(dropped >= last, "{dropped} after {last}");
            last = dropped;
            dropped > 10_000
        });
        run.stop();
    }
}

#[test]
fn peers_that_leave_while_somebody_looks_crash_nothing() {
    let [port, metrics] = free_ports();
    let yaml = format!("nodes: {{server: {{role: router, bind: {port}, on_message: msg}}}}");
    let mut run = serving(Zrig::of(&yaml), metrics);
    let context = zmq::Context::new();
    let peers = std::thread::spawn(move || {
        for _ in 0..300 {
            let dealer = context.socket(zmq::DEALER).unwrap();
            dealer.set_linger(0).unwrap();
            dealer.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
            dealer.send("hello", 0).unwrap();
            let _ = dealer.poll(zmq::POLLIN, 1000);
        }
    });
    while !peers.is_finished() {
        snapshot(metrics);
    }
    peers.join().unwrap();
    assert!(run.runs());
    eventually("all have left", || snapshot(metrics).nodes[0].sockets[0].disconnects == 300);
    run.stop();
}
