//! `--metrics`: what is served, to whom, and whether it is true.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use zrig::snapshot::{NodeStatus, Snapshot};

use crate::support::http::{get, request, throw_at};
use crate::support::{Peer, Runner, Zrig, eventually, free_port, free_ports};

/// Every figure of a run.
#[track_caller]
pub(crate) fn snapshot(port: u16) -> Snapshot {
    let answer = get(port, "/topology");
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// Starts a run that serves its figures, and waits until it does.
#[track_caller]
pub(crate) fn serving(zrig: Zrig, port: u16) -> Runner {
    let run = zrig.arguments(["--metrics", &port.to_string()]).start();
    run.says("figures at");
    eventually("it is started", || snapshot(port).started);
    run
}

const NEWS: &str = "
nodes:
  station:
    role: pub
    bind: tcp://127.0.0.1:*
    every: 1ms
    on_tick: 'publish(1000, \"x\"); count(\"ticks\")'
  display: {role: sub, connect: station, msgids: [1000], replicas: 2, on_message: 'count(\"got\")'}
";

#[test]
fn figures_are_served_as_text_and_as_json() {
    let port = free_port();
    let run = serving(Zrig::of(NEWS), port);
    eventually("every node has handled something", || {
        snapshot(port).nodes.iter().all(|node| node.handled > 3)
    });
    let seen = snapshot(port);
    let names: Vec<&str> = seen.nodes.iter().map(|node| &*node.instance).collect();
    assert_eq!(names, ["display.1", "display.2", "station"]);
    assert_eq!((&*seen.topology, seen.generation), ("topology", 1));
    assert!(seen.file.ends_with("topology.yaml") && seen.seconds > 0.0, "{seen:?}");
    let station = seen.node("station").unwrap();
    assert_eq!(station.status, NodeStatus::Running);
    assert!(station.user["ticks"] > 3 && station.handler.sum > 0.0, "{station:?}");
    let [on_tick] = &station.handlers[..] else { panic!("{station:?}") };
    assert_eq!(on_tick.name, "on_tick");
    // Its start is a call as well, for which it has no handler.
    assert!((4..station.handled).contains(&on_tick.calls), "{station:?}");
    assert!(on_tick.seconds > 0.0 && on_tick.seconds <= station.handler.sum, "{station:?}");
    let socket = station.socket("pub").unwrap();
    assert_eq!((&*socket.role, socket.peers, socket.subscriptions), ("pub", 2, 2));
    assert!(socket.bytes_out > 5 * socket.messages_out, "{socket:?}");
    assert_eq!(socket.connections.as_ref().unwrap().len(), 2, "{socket:?}");

    let answer = get(port, "/metrics");
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    for line in [
        "# TYPE zrig_socket_sent_messages_total counter",
        "zrig_socket_peers{node=\"station\",socket=\"pub\",role=\"pub\"} 2",
        "zrig_node_status{node=\"display\",replica=\"2\",status=\"running\"} 1",
        "zrig_generation 1",
        "# TYPE zrig_handler_seconds_total counter",
    ] {
        assert!(answer.body.lines().any(|known| known == line), "no {line}:\n{}", answer.body);
    }
    for labels in [
        "{node=\"station\",handler=\"on_tick\"} ",
        "{node=\"display\",replica=\"2\",handler=\"on_message\"} ",
    ] {
        for name in ["zrig_handler_calls_total", "zrig_handler_seconds_total"] {
            let begins = format!("{name}{labels}");
            let line = answer.body.lines().find_map(|line| line.strip_prefix(&begins));
            assert!(line.and_then(|value| value.parse().ok()) > Some(0.0), "{begins}{line:?}");
        }
    }
    run.stop();
}

#[test]
fn only_what_is_there_is_served() {
    let port = free_port();
    let run = serving(Zrig::of(NEWS), port);
    for (path, status) in
        [("/", 200), ("/healthz", 200), ("/readyz", 200), ("/metrics?x=1", 200), ("/nothing", 404)]
    {
        assert_eq!(get(port, path).status, status, "{path}");
    }
    assert_eq!(request(port, "GET / HTTP/1.0\r\n\r\n").status, 200);
    let posted =
        request(port, "POST /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(posted.status, 405);
    assert!(posted.head.contains("allow: get, head"), "{}", posted.head);
    let head =
        request(port, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!((head.status, &*head.body), (200, ""));
    for garbage in ["\0\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", &"x".repeat(200_000)] {
        throw_at(port, garbage);
    }
    assert_eq!(get(port, "/healthz").status, 200);
    run.stop();
}

#[test]
fn connections_that_say_or_take_nothing_keep_nobody_waiting() {
    let port = free_port();
    let run = serving(Zrig::of(NEWS), port);
    let prompt = |what: &str| {
        let begun = Instant::now();
        assert_eq!(get(port, "/healthz").status, 200, "{what}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{what}: {:?}", begun.elapsed());
    };
    let connect = || TcpStream::connect(("127.0.0.1", port)).unwrap();
    let silent: Vec<TcpStream> = (0..150).map(|_| connect()).collect();
    prompt("150 say nothing");
    // Half a request each, byte by byte, is not much more.
    let mut slow: Vec<TcpStream> = (0..70).map(|_| connect()).collect();
    slow.iter_mut().for_each(|stream| drop(stream.write_all(b"GET /healthz HTT")));
    prompt("70 more ask half");
    // What these ask for is more than the kernel holds, and they take none of it.
    let deaf = |path: &str| {
        let asks = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").repeat(1000);
        let mut stream = connect();
        stream.set_nonblocking(true).unwrap();
        while stream.write(asks.as_bytes()).is_ok_and(|written| written > 0) {}
        stream
    };
    let many: Vec<TcpStream> = (0..64).map(|_| deaf("/topology")).collect();
    prompt("64 ask and do not listen");
    drop((silent, slow, many));
    // One that takes nothing is cut off without anybody needing its place.
    let mut one = deaf("/");
    // All that the kernel has room for is answered first.
    let deadline = Instant::now() + Duration::from_secs(180);
    while !one.write(b"GET").is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock) {
        assert!(Instant::now() < deadline, "it is not cut off");
        std::thread::sleep(Duration::from_millis(5));
    }
    run.stop();
}

#[test]
fn an_address_that_cannot_be_served_is_said_at_once() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    Zrig::of(NEWS)
        .arguments(["--metrics", &address])
        .ends()
        .expect(1, ["--metrics: cannot listen at 127.0.0.1:", "another program listens there"]);
    Zrig::of(NEWS).arguments(["--metrics", "nonsense"]).ends().expect(2, ["HOST:PORT"]);
    Zrig::of(NEWS).arguments(["--metrics", "70000"]).ends().expect(2, ["HOST:PORT"]);
}

#[test]
fn a_topology_is_ready_when_its_links_are_up_and_no_node_has_failed() {
    let [port, nowhere] = free_ports();
    // The link that is missing for two seconds keeps the start waiting.
    let yaml = format!(
        "nodes:
  asks: {{role: req, connect: tcp://127.0.0.1:{nowhere}}}
  waits: {{role: rep, bind: ['tcp://127.0.0.1:{nowhere}', 'tcp://127.0.0.1:*'], on_message: msg,
           options: {{plain_server: true, zap_domain: x}}}}
"
    );
    let run = Zrig::of(&yaml).arguments(["--metrics", &port.to_string()]).start();
    run.says("figures at");
    let early = get(port, "/readyz");
    assert_eq!((early.status, &*early.body), (503, "not started yet\n"));
    assert_eq!(get(port, "/healthz").status, 200);
    run.says("started although a link");
    eventually("it is ready", || get(port, "/readyz").status == 200);
    run.stop();

    let port = free_port();
    let failing = "nodes:
  a: {role: pub, bind: 'tcp://127.0.0.1:*', every: 1s, on_start: 'throw \"no\"', on_tick: '()',
      on_error: restart}
";
    let run = serving(Zrig::of(failing), port);
    eventually("it is not ready", || {
        let answer = get(port, "/readyz");
        answer.status == 503 && answer.body == "a is resting\n"
    });
    run.stop();
}

#[test]
fn a_node_that_computes_keeps_no_observer_waiting() {
    let port = free_port();
    let busy = "nodes:
  a: {role: pub, bind: 'tcp://127.0.0.1:*', isolate: true, every: 1ms,
      on_tick: 'let n = 0; while n < 1000000 { n += 1 } count(\"rounds\")'}
  b: {role: sub, connect: a, topics: all, format: plain, on_message: '()'}
";
    let run = Zrig::of(busy).arguments(["--metrics", &port.to_string()]).start();
    run.says("figures at");
    eventually("a handler computes", || {
        let seen = snapshot(port);
        seen.node("a").is_some_and(|node| node.status == NodeStatus::Busy)
    });
    assert_eq!(snapshot(port).node("b").unwrap().status, NodeStatus::Running);
    run.stop();
}

#[test]
fn a_full_queue_is_seen_full_and_half_empty() {
    let [port, metrics] = free_ports();
    let yaml = format!(
        "nodes:
  ventilator:
    role: push
    bind: {port}
    hwm: 100
    options: {{sndbuf: 16KiB}}
    on_start: 'let body = \"x\"; body.pad(4096, \"x\"); for n in 0..300 {{ send(body) }}'
"
    );
    let context = zmq::Context::new();
    let pull = context.socket(zmq::PULL).unwrap();
    pull.set_rcvhwm(100).unwrap();
    pull.set_rcvbuf(16 * 1024).unwrap();
    pull.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    let run = serving(Zrig::of(&yaml), metrics);

    let look = || {
        let mut complete = None;
        // On a busy machine libzmq may not tell of a queue in the time of one look.
        eventually("the queue is told of", || {
            let seen = snapshot(metrics);
            let node = seen.node("ventilator").unwrap();
            let socket = node.socket("push").unwrap();
            if socket.connections.as_ref().unwrap().len() as u64 == socket.peers {
                complete = Some(node.clone());
            }
            complete.is_some()
        });
        let node = complete.unwrap();
        let socket = node.socket("push").unwrap();
        let connections = socket.connections.clone().unwrap();
        assert_eq!(connections[0].local, format!("tcp://127.0.0.1:{port}"));
        assert_eq!((socket.hwm_send, connections[0].inbound), (100, 0));
        (connections[0].outbound, socket.blocked, socket.blocked_seconds, node.waiting)
    };
    eventually("the puller is there", || {
        snapshot(metrics).node("ventilator").unwrap().sockets[0].peers == 1
    });
    eventually("the queue is full", || look().0 == 100);
    eventually("the node is blocked", || look().1);
    let (_, _, before, waiting) = look();
    assert!(waiting > 0, "none of 300 waits in the node");
    eventually("the time goes on", || look().2 > before);

    let mut seen = vec![100];
    let mut read = 0;
    while read < 300 {
        assert_eq!(pull.poll(zmq::POLLIN, 10_000), Ok(1), "only {read} came");
        pull.recv_bytes(0).unwrap();
        read += 1;
        if read % 5 == 0 {
            // What the peer has read reaches the queue through two threads and the kernel.
            std::thread::sleep(Duration::from_millis(2));
            let (queued, blocked, _, _) = look();
            if queued != seen[seen.len() - 1] {
                seen.push(queued);
            }
            assert!(!blocked || queued >= 50, "blocked with {queued} in the queue");
        }
    }
    println!("the queue was seen at {seen:?}");
    assert!(seen.contains(&50), "{seen:?}");
    eventually("the queue is empty", || look().0 == 0);
    run.stop();
}

/// Of all that a conflating queue was given it keeps the last.
#[test]
fn at_most_one_message_waits_where_only_the_last_is_kept() {
    let [port, metrics] = free_ports();
    let yaml = format!(
        "nodes:
  gauge:
    role: push
    bind: {port}
    options: {{conflate: true}}
    every: 1ms
    on_tick: 'for n in 0..100 {{ send(n) }}'
  last:
    role: pull
    connect: gauge
    options: {{conflate: true}}
    isolate: true
    on_message: 'let t = now(); while now() - t < 0.3 {{ }} count(\"got\")'
  quick: {{role: pull, connect: gauge, options: {{conflate: true}}, on_message: '()'}}
"
    );
    let run = serving(Zrig::of(&yaml), metrics);
    let mut seen = 0;
    eventually("thousands were sent while one is handled", || {
        let now = snapshot(metrics);
        for node in &now.nodes {
            for one in node.sockets.iter().flat_map(|socket| socket.connections.iter().flatten()) {
                assert!(one.outbound <= 1 && one.inbound <= 1, "{}: {one:?}", node.instance);
                seen += 1;
            }
        }
        let last = now.node("last").unwrap();
        last.user.get("got").is_some_and(|&got| got > 3)
            && now.node("gauge").unwrap().sockets[0].messages_out > 10_000
    });
    assert!(seen > 0);
    let text = get(metrics, "/metrics").body;
    let queued = text.lines().filter(|line| line.starts_with("zrig_socket_queued_messages{"));
    for line in queued {
        let count: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(count <= 2, "two connections: {line}");
    }
    run.stop();
}

/// Sources, workers and a sink that move as fast as they can, and publish what they do.
const LOAD: &str = "
nodes:
  source: {role: push, bind: 'tcp://127.0.0.1:*', every: 1ms, on_tick: 'for n in 0..10 { send(n) }'}
  worker:
    replicas: 2
    sockets:
      in: {role: pull, connect: source}
      out: {role: push, connect: sink}
      news: {role: pub, bind: 'tcp://127.0.0.1:*', hwm: 10}
    on_in: 'publish_to(msg)'
  sink: {role: pull, bind: 'inproc://sink', on_message: 'count(\"got\")'}
  reader: {role: sub, connect: worker.news, topics: all, on_message: '()'}
  server: {role: rep, bind: 'ipc://FOLDER/server', on_message: msg}
  client: {role: req, connect: server, replicas: 3, on_start: send(1),
           on_message: 'after(\"1ms\", \"next\")', on_timer: send(1)}
";

#[test]
fn a_thousand_scrapes_under_load_all_parse_and_no_counter_falls() {
    let port = free_port();
    let folder = tempfile::tempdir().unwrap();
    let yaml = LOAD
        .replace("FOLDER", folder.path().to_str().unwrap())
        .replace("publish_to(msg)", "send_to(\"news\", msg.text); send_to(\"out\", msg)");
    let run = serving(Zrig::of(&yaml), port);
    eventually("the load is on", || snapshot(port).node("sink").unwrap().handled > 1000);
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", run.id())).unwrap().count();
    let before = descriptors();
    let told = Peer::scrape(port, 1000).well();
    println!("{told}; {before} descriptors");
    assert_eq!(told["scrapes"], 1000);
    eventually("no descriptor is left open", || descriptors() <= before);
    let seen = snapshot(port);
    for flow in &seen.flows {
        let sums = flow.sent.zip(flow.received).zip(flow.dropped.zip(flow.waiting));
        let Some(((sent, received), (dropped, waiting))) = sums else {
            panic!("not known: {flow:?}")
        };
        assert_eq!(sent, received + dropped + waiting, "{flow:?}");
    }
    assert_eq!(seen.flows.len(), 5, "{:?}", seen.flows);
    run.stop();
}

#[test]
fn a_peer_over_a_web_socket_is_one_and_its_link_adds_up() {
    let [port, metrics] = free_ports();
    let yaml = format!(
        "nodes:
  station: {{role: pub, bind: 'ws://127.0.0.1:{port}', every: 10ms, on_tick: send(\"x\"),
    on_peer: 'if peer.event == \"connected\" {{ print(\"a peer\"); }}'}}
  display: {{role: sub, connect: station, topics: all, on_message: count(\"came\")}}
"
    );
    let run = serving(Zrig::of(&yaml), metrics);
    eventually("messages come", || snapshot(metrics).node("display").unwrap().handled > 20);
    let seen = snapshot(metrics);
    for node in ["station", "display"] {
        assert_eq!(seen.node(node).unwrap().sockets[0].peers, 1, "{node}");
    }
    let flow = &seen.flows[0];
    let [Some(sent), Some(received), Some(dropped), Some(waiting)] =
        [flow.sent, flow.received, flow.dropped, flow.waiting]
    else {
        panic!("{flow:?}");
    };
    assert_eq!(sent, received + dropped + waiting, "{flow:?}");
    assert_eq!(run.stop().times("a peer"), 1);
}

/// What a handler logged and counted behind a message that waits, waits with it, for the order's sake.
#[test]
fn only_messages_count_as_waiting_and_what_was_printed_behind_them_comes_at_the_end() {
    let port = free_port();
    let yaml = "
nodes:
  source:
    role: push
    bind: 'tcp://127.0.0.1:*'
    linger: 0
    on_start: 'for n in 0..5 { send(n); for k in 0..20 { print(`line ${n} ${k}`); count(\"lines\"); } }'
";
    let run = serving(Zrig::of(yaml), port);
    eventually("five wait", || snapshot(port).node("source").unwrap().waiting == 5);
    let ending = run.stop();
    assert_eq!(ending.times("source  line "), 100, "{}", ending.text());
    assert!(ending.said("source.push  dropped 5 messages"), "{}", ending.text());
}
