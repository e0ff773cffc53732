//! Random edit scripts: a plan leads where it says, and what runs equals the last valid file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use zrig::event::events;
use zrig::load::load;
use zrig::plan::Plan;
use zrig::receipt::Verdict;
use zrig::supervisor::{Haste, Supervisor};
use zrig::topology::{Attachment, Topology, TopologySpec};
use zrig::zeromq::{OptionValue, Role};

use crate::edited::{Edited, times};
use crate::support::{Zrig, eventually, free_ports};

/// What a random node may be: its role, and the role it talks to.
const ROLES: [(&str, Option<&str>); 8] = [
    ("pull", None),
    ("push", Some("pull")),
    ("pub", None),
    ("sub", Some("pub")),
    ("rep", None),
    ("req", Some("rep")),
    ("router", None),
    ("dealer", Some("router")),
];
const NAMES: [&str; 6] = ["ada", "bob", "cyd", "dan", "eve", "fay"];

/// A random node, in numbers that shrink.
#[derive(Clone, Debug)]
struct Sketch {
    role: usize,
    transport: usize,
    peer: usize,
    hwm: usize,
    option: usize,
    linger: bool,
    topics: usize,
    replicas: usize,
    isolate: bool,
    handler: usize,
    every: usize,
    persist: usize,
}

fn sketch() -> impl Strategy<Value = Option<Sketch>> {
    let numbers = (0..8_usize, 0..4_usize, 0..6_usize, 0..4_usize, 0..5_usize, 0..4_usize);
    let more = (any::<bool>(), 0..4_usize, 0..8_usize, 0..4_usize, 0..3_usize, 0..4_usize);
    proptest::option::weighted(
        0.75,
        (numbers, more).prop_map(|(numbers, more)| {
            let (role, transport, peer, hwm, option, topics) = numbers;
            let (linger, replicas, isolate, handler, every, persist) = more;
            Sketch {
                role,
                transport,
                peer,
                hwm,
                option,
                linger,
                topics,
                replicas,
                isolate: isolate == 0,
                handler,
                every,
                persist,
            }
        }),
    )
}

fn sketches() -> impl Strategy<Value = Vec<Option<Sketch>>> {
    proptest::collection::vec(sketch(), NAMES.len())
}

/// A topology file; every endpoint is a node's own.
fn yaml(nodes: &[Option<Sketch>], ports: &[u16], folder: &Path) -> String {
    let mut text = String::from("nodes:\n  always: {role: pull, bind: 'inproc://always'}\n");
    let there = |at: usize| nodes.get(at).and_then(Option::as_ref);
    for (at, name) in NAMES.iter().enumerate() {
        let Some(node) = there(at) else { continue };
        let (role, wants) = ROLES[node.role];
        let peers: Vec<usize> = (0..NAMES.len())
            .filter(|&other| there(other).is_some_and(|peer| Some(ROLES[peer.role].0) == wants))
            .collect();
        let connects = !peers.is_empty();
        let attach = if connects {
            format!("connect: {}", NAMES[peers[node.peer % peers.len()]])
        } else {
            let endpoint = match node.transport {
                0 => format!("tcp://127.0.0.1:{}", ports[at]),
                1 => format!("ipc://{}/{name}.ipc", folder.display()),
                2 => format!("inproc://{name}"),
                _ => format!("inproc://{name}.other"),
            };
            format!("bind: '{endpoint}'")
        };
        let _ = writeln!(text, "  {name}:\n    role: {role}\n    {attach}");
        let _ = writeln!(text, "    hwm: {}", [1000, 20, 50, 300][node.hwm]);
        let option = [
            "",
            "{rcvbuf: 65536}",
            "{sndbuf: 131072}",
            "{reconnect_ivl: 70ms}",
            "{maxmsgsize: 1MiB}",
        ];
        if node.option > 0 {
            let _ = writeln!(text, "    options: {}", option[node.option]);
        }
        if node.linger {
            let _ = writeln!(text, "    linger: 100ms");
        }
        if role == "sub" {
            let topics = ["[a]", "[a, b]", "[b, c, d]", "all"][node.topics];
            let _ = writeln!(text, "    topics: {topics}\n    format: plain");
        }
        if connects && node.replicas > 0 {
            let _ = writeln!(text, "    replicas: {}", node.replicas);
        }
        if node.isolate {
            let _ = writeln!(text, "    isolate: true");
        }
        let body = ["()", "this.n = 1; ()", "let x = 5; ()", "this.m = 2; ()"][node.handler];
        match role {
            "pull" | "sub" | "rep" | "router" => {
                let _ = writeln!(text, "    on_message: {body}");
                if node.persist > 0 {
                    let _ = writeln!(text, "    persist: {name}.{}.json", node.persist);
                }
            }
            "push" if node.every > 0 => {
                let _ = writeln!(text, "    every: {}ms\n    on_tick: send(\"x\")", node.every);
            }
            _ => {}
        }
    }
    text
}

fn topology(text: &str, folder: &Path) -> Topology {
    let file = folder.join("topology.yaml");
    std::fs::write(&file, text).unwrap();
    let loaded = load(&file, &|_| None);
    let faults: Vec<_> = loaded.diagnostics.iter().filter(|fault| fault.is_error()).collect();
    loaded.topology.unwrap_or_else(|| panic!("{faults:#?}\n{text}"))
}

/// A topology with a plan carried out on paper.
fn carried_out(plan: &Plan, topology: &TopologySpec) -> TopologySpec {
    TopologySpec { nodes: plan.after().cloned().collect(), ..topology.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if crate::support::soaking() { 2000 } else { 100 },
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_plan_leads_from_one_topology_to_the_other_and_its_inverse_back(
        (before, after) in (sketches(), sketches())
    ) {
        let folder = tempfile::tempdir().unwrap();
        let ports = [10, 11, 12, 13, 14, 15];
        let a = topology(&yaml(&before, &ports, folder.path()), folder.path());
        let b = topology(&yaml(&after, &ports, folder.path()), folder.path());
        let plan = Plan::between(&a, &b);
        prop_assert_eq!(carried_out(&plan, &a).nodes, b.nodes.clone());
        prop_assert!(Plan::between(&a, &a).is_empty());
        let back = plan.inverse();
        let mut restored = carried_out(&back, &b).nodes;
        let mut wanted = a.nodes.clone();
        restored.sort_by(|one, other| one.name.cmp(&other.name));
        wanted.sort_by(|one, other| one.name.cmp(&other.name));
        prop_assert_eq!(restored, wanted);
        prop_assert_eq!(plan.is_empty(), back.is_empty());
    }
}

/// The topics that the subscribers of each `pub` want, by its node, as the topology has it.
fn wanted_topics(topology: &Topology) -> BTreeMap<String, BTreeMap<Vec<u8>, u32>> {
    let mut wanted: BTreeMap<String, BTreeMap<Vec<u8>, u32>> = BTreeMap::new();
    for node in topology.nodes.iter().filter(|node| node.sockets[0].role == Role::Pub) {
        wanted.entry(node.name.clone()).or_default();
    }
    for link in topology.links() {
        let (publisher, subscriber) =
            (&topology.nodes[link.binder.node], &topology.nodes[link.connecter.node]);
        let Some(topics) = wanted.get_mut(&publisher.name) else { continue };
        for filter in &subscriber.sockets[0].filters {
            *topics.entry(filter.prefix()).or_default() += subscriber.instances().count() as u32;
        }
    }
    wanted
}

/// Whether the publishers know of exactly the subscriptions that the topology says.
async fn assert_subscribed(supervisor: &Supervisor, topology: &Topology, text: &str) {
    let wanted = wanted_topics(topology);
    let deadline = Instant::now() + crate::support::PATIENCE;
    loop {
        let state = supervisor.state().await;
        let found: BTreeMap<String, BTreeMap<Vec<u8>, u32>> = state
            .values()
            .filter(|node| node.spec.sockets[0].role == Role::Pub)
            .map(|node| (node.spec.name.clone(), node.sockets[0].wanted.clone()))
            .collect();
        if found == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?} instead of {wanted:?}\n{text}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Whether what runs is what the topology says.
async fn assert_runs(supervisor: &Supervisor, topology: &Topology, text: &str) {
    let state = supervisor.state().await;
    let wanted: BTreeSet<String> =
        topology.nodes.iter().flat_map(|node| node.instances().map(|(name, _)| name)).collect();
    let found: BTreeSet<String> = state.keys().map(ToString::to_string).collect();
    assert_eq!(found, wanted, "{text}");
    for node in &topology.nodes {
        for (instance, _) in node.instances() {
            let state = &state[instance.as_str()];
            assert_eq!(state.spec, *node, "{instance}\n{text}");
            assert_eq!(state.sockets.len(), node.sockets.len());
            for (running, spec) in state.sockets.iter().zip(&node.sockets) {
                let place = format!("{instance}.{}\n{text}", spec.name);
                assert_eq!(running.spec, *spec, "{place}");
                let binds: BTreeSet<String> = spec.binds().map(ToString::to_string).collect();
                assert_eq!(running.bound, binds, "{place}");
                let connects: BTreeSet<String> = spec
                    .attachments
                    .iter()
                    .filter_map(|attachment| match attachment {
                        Attachment::Bind(_) => None,
                        Attachment::Connect(endpoint)
                        | Attachment::ConnectPlace { endpoint, .. } => Some(endpoint.to_string()),
                        Attachment::ConnectNode { endpoint, .. } => {
                            Some(endpoint.as_seen_by_peer().to_string())
                        }
                    })
                    .collect();
                assert_eq!(running.connected, connects, "{place}");
                let hwm = (spec.hwm.send.cast_signed(), spec.hwm.receive.cast_signed());
                assert_eq!(running.hwm, hwm, "{place}");
                // What only receives has nothing to keep.
                let receives_only = !spec.role.sends() || spec.role == Role::Xsub;
                let linger = match spec.linger {
                    _ if receives_only => 0,
                    Some(linger) => linger.as_millis() as i32,
                    None => -1,
                };
                assert_eq!(running.linger, linger, "{place}");
                for (name, value) in &running.options {
                    assert_eq!(spec.options.get(name), Some(&OptionValue::Int(*value)), "{place}");
                }
            }
        }
    }
}

#[test]
fn what_runs_is_what_the_last_valid_file_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ports = free_ports::<6>();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let scripts = times(30, 500);
    let mut slowest = (Duration::ZERO, String::new());
    runtime.block_on(async {
        let (teller, mut reader) = events();
        let listening = tokio::spawn(async move { while reader.next().await.is_some() {} });
        let mut supervisor = Supervisor::new(&Topology::empty(), teller).unwrap();
        supervisor
            .start(&topology(
                "nodes: {always: {role: pull, bind: 'inproc://always'}}",
                folder.path(),
            ))
            .await
            .unwrap();
        for script in 0..scripts {
            let mut draw = || sketches().new_tree(&mut runner).unwrap().current();
            let (a, b) = (draw(), draw());
            for sketches in [&a, &b, &a] {
                let text = yaml(sketches, &ports, folder.path());
                let wanted = topology(&text, folder.path());
                let begun = Instant::now();
                let reload = supervisor.reload(&wanted);
                let receipt = tokio::time::timeout(Duration::from_secs(20), reload)
                    .await
                    .unwrap_or_else(|_| panic!("script {script} hangs\n{text}"));
                assert_eq!(receipt.verdict, Verdict::Applied, "script {script}: {receipt}\n{text}");
                assert_runs(&supervisor, &wanted, &text).await;
                assert_subscribed(&supervisor, &wanted, &text).await;
                if begun.elapsed() > slowest.0 {
                    slowest = (begun.elapsed(), receipt.to_string());
                }
            }
        }
        println!("{scripts} scripts; the slowest reload took {:?}: {}", slowest.0, slowest.1);
        supervisor.stop(Haste::Now).await;
        drop(supervisor);
        listening.abort();
    });
}

#[test]
fn no_descriptor_and_no_thread_leaks() {
    let ports = free_ports::<4>();
    let yaml = |round: usize| {
        let [a, b, c, d] = ports;
        let (port, hwm) = if round.is_multiple_of(2) { (a, 100) } else { (b, 200) };
        let replicas = 1 + round % 3;
        let isolate = round % 4 == 1;
        format!(
            "
nodes:
  source: {{role: push, connect: sink, every: 1ms, on_tick: 'send(\"x\")', replicas: {replicas}}}
  sink: {{role: pull, bind: {port}, hwm: {hwm}, isolate: {isolate}, on_message: '()'}}
  station: {{role: pub, bind: {c}, hwm: {hwm}}}
  display: {{role: sub, connect: station, topics: all}}
  server: {{role: rep, bind: {d}, hwm: {hwm}, on_message: 'msg'}}
  client: {{role: req, connect: server}}
"
        )
    };
    let edited = Edited::of(Zrig::of(&yaml(0)).lasting("20m"));
    let id = edited.run.id();
    let entries = |what: &str| std::fs::read_dir(format!("/proc/{id}/{what}")).unwrap().count();
    let rounds = times(24, 1008);
    let mut counts = None;
    for round in 1..=rounds {
        edited.save(&yaml(round));
        edited.run.signal("HUP");
        // The watcher may see the same save first; then the signal finds nothing new.
        edited.changes(round);
        if round == 12 {
            std::thread::sleep(Duration::from_millis(500));
            counts = Some((entries("fd"), entries("task")));
        }
    }
    let (descriptors, threads) = counts.unwrap();
    eventually("no descriptor leaks", || entries("fd") <= descriptors + 2);
    eventually("no thread leaks", || entries("task") <= threads);
    println!("{rounds} reloads: {descriptors} descriptors then, {} now", entries("fd"));
    edited.stop();
}
