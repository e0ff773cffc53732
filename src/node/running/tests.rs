//! What becomes of a node whose own code panics, and of its sockets when it becomes another.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use super::Node;
use crate::clock::RunClock;
use crate::counters::NodeCounters;
use crate::event::{EventKind, Events, events};
use crate::node::blueprint::Blueprint;
use crate::node::context::Context;
use crate::node::socket::NodeSocket;
use crate::plan::{Fate, Plan};
use crate::script::Engine;
use crate::supervisor::{Haste, Supervisor};
use crate::topology::{Topology, sound};

/// How often the round of a node called so began.
static ROUNDS: AtomicU64 = AtomicU64::new(0);

/// Panics in a round of a node that is called so.
pub(super) fn panic_if_wanted(node: &str) {
    if node == "panics" {
        ROUNDS.fetch_add(1, SeqCst);
        panic!("planted in {node}");
    }
    assert!(node != "stops", "planted in {node}");
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_node_that_panics_in_every_round_pauses_longer_and_longer_and_can_be_stopped() {
    block_on(async {
        let topology = sound(
            "
nodes:
  panics: {role: pull, bind: 'inproc://panics'}
  other: {role: pull, bind: 'inproc://other', isolate: true}
",
        );
        let (emitter, mut reader) = events();
        let mut supervisor = Supervisor::new(&Topology::empty(), emitter).unwrap();
        let begun = Instant::now();
        supervisor.start(&topology).await.unwrap();
        while ROUNDS.load(SeqCst) < 4 {
            assert!(begun.elapsed() < Duration::from_secs(60));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // 100, 200 and 400 ms lie between the first four.
        assert!(begun.elapsed() >= Duration::from_millis(700), "{:?}", begun.elapsed());
        let told = async {
            while !matches!(
                reader.next_event().await.unwrap().event.kind,
                EventKind::Panicked { .. }
            ) {}
        };
        tokio::time::timeout(Duration::from_secs(60), told).await.unwrap();
        let stopping = Instant::now();
        supervisor.stop(Haste::Now).await;
        assert!(stopping.elapsed() < Duration::from_secs(30), "{:?}", stopping.elapsed());
    });
}

#[test]
fn a_panic_is_a_failure_that_on_error_decides_about() {
    block_on(async {
        let text = "nodes: {stops: {role: pull, bind: 'inproc://stops', on_error: stop}}";
        let (emitter, mut reader) = events();
        let mut supervisor = Supervisor::new(&Topology::empty(), emitter).unwrap();
        supervisor.start(&sound(text)).await.unwrap();
        let asked = async {
            loop {
                let heard = reader.next_event().await.unwrap();
                if let EventKind::StopRequested { status, why } = &heard.event.kind {
                    return (*status, why.clone());
                }
            }
        };
        let asked = tokio::time::timeout(Duration::from_secs(60), asked).await.unwrap();
        assert_eq!(asked, (1, "stops panicked".to_owned()));
        supervisor.stop(Haste::Now).await;
    });
}

/// What a socket may be; some of these differ in what can change while it runs.
const SOCKETS: [&str; 14] = [
    "",
    "{role: sub, bind: 'inproc://s', msgids: [1]}",
    "{role: sub, bind: 'inproc://s', msgids: [2, 1]}",
    "{role: sub, bind: ['inproc://s', 'inproc://t'], msgids: [1]}",
    "{role: sub, bind: 'inproc://t', msgids: [1], linger: 1s}",
    "{role: sub, bind: 'inproc://s', msgids: [1], options: {rcvbuf: 65536}}",
    "{role: dealer, bind: 'inproc://s'}",
    "{role: dealer, bind: 'inproc://s', identity: one}",
    "{role: router, bind: 'inproc://s'}",
    "{role: router, bind: ['inproc://s', 'inproc://t']}",
    "{role: router, bind: 'inproc://s', options: {router_handover: true}}",
    "{role: router, bind: 'inproc://s', options: {rcvbuf: 65536}}",
    "{role: pub, bind: 'inproc://s', linger: 50ms}",
    "{role: pub, bind: 'inproc://s', sequence: true, when_full: wait}",
];

fn with_socket(socket: &str) -> Topology {
    let socket = if socket.is_empty() { String::new() } else { format!(", s: {socket}") };
    sound(&format!("nodes: {{n: {{sockets: {{z: {{role: pull, bind: 'inproc://z'}}{socket}}}}}}}"))
}

pub(super) async fn node_of(topology: &Topology, context: &Context, emitter: &Events) -> Box<Node> {
    let spec = Arc::clone(&topology.nodes[0]);
    let blueprint = Blueprint {
        counters: Arc::new(NodeCounters::new(spec.sockets.len())),
        spec,
        instance: "n".into(),
        replica: 1,
        context: context.clone(),
        events: emitter.clone(),
        interceptors: Arc::default(),
        clock: RunClock::begun(),
        seed: None,
        branches: None,
        ports: crate::node::ChosenPorts::default(),
        tally: crate::tally::Tally::default(),
        kept: None,
        continues_sink: false,
    };
    let made = Node::create(blueprint, Rc::new(Engine::new()), Rc::default(), None).await;
    made.unwrap_or_else(|error| panic!("{error}")).0
}

/// The sockets of libzmq by name, each with its endpoints. One that takes the place of another is made
/// before that is closed, so it has an address of its own.
fn seen(node: &Node) -> BTreeMap<String, (String, Vec<String>)> {
    let of_one = |socket: &NodeSocket| {
        let bound = socket.bound.keys().cloned().collect();
        (socket.name.to_string(), (format!("{:?}", socket.raw), bound))
    };
    node.sockets.iter().map(of_one).collect()
}

#[test]
fn of_each_socket_becomes_what_the_plan_says() {
    let (emitter, _reader) = events();
    let mut met = BTreeMap::new();
    block_on(async {
        for before in SOCKETS {
            for after in SOCKETS {
                let context = Context::new(64, 1, emitter.clone()).unwrap();
                let (from, to) = (with_socket(before), with_socket(after));
                let mut node = node_of(&from, &context, &emitter).await;
                let old = seen(&node);
                let fates = Plan::between(&from, &to).fates("n").unwrap();
                let told = node.sockets.iter().find(|socket| *socket.name == *"s");
                let told = fates.fate("s", told.map(|socket| &socket.spec));
                node.rehearse(&fates).unwrap();
                node.change(&fates).await.unwrap();
                let new = seen(&node);
                let (kept, kept_after) = (old.get("s"), new.get("s"));
                let done = match (kept, kept_after) {
                    (None, Some(_)) => Fate::Made,
                    (_, None) => Fate::Ended,
                    (Some(old), Some(new)) if old == new => Fate::Kept,
                    (Some(old), Some(new)) if old.0 == new.0 => Fate::ReAttached,
                    (Some(_), Some(_)) => Fate::Rebuilt,
                };
                assert_eq!(done, told, "from {before} to {after}");
                assert_eq!(old["z"], new["z"], "from {before} to {after}");
                let wanted = to.nodes[0].sockets.iter().map(|spec| &*spec.name);
                assert_eq!(new.keys().map(|name| &**name).collect::<Vec<_>>(), {
                    let mut wanted: Vec<&str> = wanted.collect();
                    wanted.sort_unstable();
                    wanted
                });
                *met.entry(done).or_insert(0) += 1;
            }
        }
    });
    // Each change is there with its reverse.
    assert_eq!(met.len(), 5, "{met:?}");
}
