//! What a node does in its rounds, on sockets that are doubles and in time that is paused.

mod tapped;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use super::Node;
use crate::clock::{self, RunClock};
use crate::counters::{DropReason, NodeCounters};
use crate::event::Events;
use crate::node::blueprint::{Blueprint, NodeError};
use crate::node::carrier::double::{Doubles, Wire};
use crate::node::context::Context;
use crate::node::control::{Control, ControlSender};
use crate::node::interception::Interceptors;
use crate::node::interference::Interference;
use crate::node::legacy::Legacy;
use crate::node::observation::Observation;
use crate::node::raw::Errno;
use crate::node::socket::SocketError;
use crate::node::state::Bound;
use crate::plan::Plan;
use crate::script::Engine;
use crate::topology::{Topology, sound};

/// A node called `n` that runs, and where a test stands around it.
struct Bench {
    control: ControlSender,
    doubles: Doubles,
    counters: Arc<NodeCounters>,
    interceptors: Arc<Interceptors>,
    task: JoinHandle<Option<Legacy>>,
}

impl Bench {
    /// A node that has started.
    async fn of(topology: &Topology) -> Self {
        let emitter = Events::new();
        let doubles = Doubles::default();
        let spec = Arc::clone(&topology.nodes[0]);
        let counters = Arc::new(NodeCounters::new(spec.sockets.len()));
        let interceptors = Arc::new(Interceptors::default());
        let blueprint = Blueprint {
            counters: Arc::clone(&counters),
            spec,
            instance: "n".into(),
            replica: 1,
            context: Context::of_doubles(emitter.clone(), &doubles),
            events: emitter,
            interceptors: Arc::clone(&interceptors),
            clock: RunClock::begun(),
            seed: None,
            branches: None,
            ports: crate::node::ChosenPorts::default(),
            tally: crate::tally::Tally::default(),
            kept: None,
            continues_sink: false,
        };
        let made = Node::create(blueprint, Rc::new(Engine::new()), Rc::default(), None).await;
        let (node, _) = made.unwrap_or_else(|error| panic!("{error}"));
        let (control, inbox) = ControlSender::channel();
        let task = spawn_local(node.run(inbox));
        control.send(Control::Start).unwrap();
        let bench = Self { control, doubles, counters, interceptors, task };
        bench.settle().await;
        bench
    }

    fn wire(&self, socket: &str) -> Wire {
        self.doubles.wire(&format!("n.{socket}"))
    }

    /// Lets the node do what there is to do; hardly any time passes.
    async fn settle(&self) {
        clock::sleep(Duration::from_millis(1)).await;
    }

    fn tell(&self, control: Control) {
        self.control.send(control).unwrap();
    }

    async fn change(&self, from: &Topology, to: &Topology) -> Result<Bound, NodeError> {
        let fates = Plan::between(from, to).fates("n").unwrap();
        let (done, told) = oneshot::channel();
        self.tell(Control::Change { fates, done });
        told.await.unwrap()
    }

    async fn observe(&self) -> Observation {
        let (answer, told) = oneshot::channel();
        self.tell(Control::Observe { answer });
        told.await.unwrap()
    }

    fn dropped(&self, socket: usize, reason: DropReason) -> u64 {
        self.counters.sockets()[socket].dropped[reason as usize].get()
    }
}

fn rounds(test: impl Future<Output = ()>) {
    clock::paused(LocalSet::new().run_until(test));
}

/// A node with these further keys.
fn mill(keys: &str) -> Topology {
    sound(&format!(
        "
nodes:
  n:
    sockets:
      in: {{role: pull, bind: 'inproc://in'}}
      out: {{role: push, bind: 'inproc://out'}}
{keys}"
    ))
}

const ECHO: &str = "    on_message: send(msg.text)\n";

#[test]
fn what_a_handler_sends_goes_out_in_the_order_in_which_messages_came() {
    rounds(async {
        let bench = Bench::of(&mill("    on_message: '[msg.text, \"x\"]'\n")).await;
        for text in ["1", "2", "3"] {
            bench.wire("in").arrives(&[text]);
        }
        bench.settle().await;
        assert_eq!(bench.wire("out").sent(), ["1|x", "2|x", "3|x"]);
        assert_eq!(bench.counters.handled.get(), 1 + 3, "the start is one too");
    });
}

#[test]
fn calls_are_counted_for_the_handler_that_they_were_of() {
    rounds(async {
        let keys = "    on_in: send(msg.text)\n    on_start: '()'\n    on_stop: '()'\n";
        let from = mill(keys);
        let bench = Bench::of(&from).await;
        let counted = || -> Vec<(String, u64)> {
            let handlers = bench.counters.handlers();
            handlers.iter().map(|one| (one.name.to_string(), one.calls.get())).collect()
        };
        let want = |want: &[(&str, u64)]| {
            let want = want.iter().map(|(name, calls)| (String::from(*name), *calls));
            assert_eq!(counted(), want.collect::<Vec<_>>());
        };
        for text in ["1", "2", "3"] {
            bench.wire("in").arrives(&[text]);
        }
        bench.settle().await;
        want(&[("on_in", 3), ("on_start", 1), ("on_stop", 0)]);
        let nanos: u64 = bench.counters.handlers().iter().map(|one| one.nanos.get()).sum();
        assert_eq!(nanos, bench.counters.handler.nanos.get());
        // One that stays goes on, wherever it stands now; what is gone is not told any more.
        let keys =
            "    idle: 1s\n    on_idle: '()'\n    on_in: send(msg.text)\n    on_reload: '()'\n";
        let to = mill(keys);
        bench.change(&from, &to).await.unwrap();
        bench.tell(Control::Release { reloaded: true });
        bench.wire("in").arrives(&["4"]);
        bench.settle().await;
        want(&[("on_idle", 0), ("on_in", 4), ("on_reload", 1)]);
    });
}

/// An observer's look reads EVENTS too, and with them the edge that would wake the node.
#[test]
fn a_message_that_arrives_while_the_node_is_observed_is_handled_at_once() {
    for look in 0..6 {
        rounds(async {
            let bench = Bench::of(&mill(ECHO)).await;
            bench.wire("in").arrives_before_look(look, "late");
            bench.observe().await;
            bench.settle().await;
            let has_come = bench.wire("in").has_taken_late();
            assert!(has_come || look > 1, "an observer makes the node look twice at the least");
            if has_come {
                assert_eq!(bench.wire("out").sent(), ["late"], "it arrived before look {look}");
            }
        });
    }
}

#[test]
fn what_a_subscriber_throws_away_is_counted_before_what_comes_after_it() {
    let spec = |topics: &str, does: &str| {
        sound(&format!(
            "
nodes:
  n:
    sockets:
      in: {{role: sub, connect: 'tcp://127.0.0.1:5999', topics: {topics}, format: plain}}
      out: {{role: push, bind: 'inproc://out'}}
    {does}"
        ))
    };
    let unwanted = |bench: &Bench| bench.counters.sockets()[0].unwanted.get();
    rounds(async {
        let leaves = "on_message: 'if msg.text == \"b\" { unsubscribe(\"b\") }'";
        let bench = Bench::of(&spec("[a, b]", leaves)).await;
        for text in ["b", "a"] {
            bench.wire("in").throws(3);
            bench.wire("in").arrives(&[text]);
            bench.settle().await;
        }
        assert_eq!(unwanted(&bench), 6);
    });
    rounds(async {
        let (from, to) = (spec("[a, b]", "forward: {in: out}"), spec("[a]", "forward: {in: out}"));
        let bench = Bench::of(&from).await;
        bench.change(&from, &to).await.unwrap();
        bench.tell(Control::Release { reloaded: true });
        bench.wire("in").throws(3);
        bench.wire("in").arrives(&["a"]);
        bench.settle().await;
        assert_eq!(unwanted(&bench), 3);
    });
}

/// What is thrown away is known at each look, whether or not a message follows that is wanted.
#[test]
fn a_subscriber_that_throws_away_is_not_still() {
    let text = "
nodes:
  n:
    role: sub
    connect: 'tcp://127.0.0.1:5999'
    topics: [a, b]
    format: plain
    on_start: unsubscribe(\"b\")
    on_message: ()
";
    rounds(async {
        let bench = Bench::of(&sound(text)).await;
        for round in 1..=5 {
            clock::sleep(Duration::from_millis(100)).await;
            bench.wire("sub").throws(3);
            let observed = bench.observe().await;
            let still = observed.sockets[0].still.unwrap();
            assert_eq!(bench.counters.sockets()[0].unwanted.get(), 3 * round);
            assert_eq!(observed.sockets[0].moved, 3 * round);
            assert!(still.until - still.since < Duration::from_millis(50), "{still:?}");
        }
        clock::sleep(Duration::from_millis(500)).await;
        let still = bench.observe().await.sockets[0].still.unwrap();
        assert!(still.until - still.since >= Duration::from_millis(500), "{still:?}");
    });
}

/// A test that kills a node expects nothing more of it.
#[test]
fn a_node_that_vanishes_sends_nothing_of_what_waits() {
    rounds(async {
        let bench = Bench::of(&mill("    on_message: busy(\"200ms\"); send(msg.text)")).await;
        bench.wire("in").arrives(&["late"]);
        bench.settle().await;
        assert_eq!(bench.wire("in").waiting(), 0, "it works at it");
        bench.tell(Interference::Vanish.into());
        let Bench { doubles, task, .. } = bench;
        task.await.unwrap();
        assert_eq!(doubles.wire("n.out").sent(), [""; 0]);
    });
}

#[test]
fn a_message_that_finds_no_room_waits_and_so_does_what_comes_after() {
    rounds(async {
        let bench = Bench::of(&mill(ECHO)).await;
        let (input, out) = (bench.wire("in"), bench.wire("out"));
        out.has_room(1);
        for n in 0..200 {
            input.arrives(&[&n.to_string()]);
        }
        bench.settle().await;
        assert_eq!(out.sent(), ["0"]);
        // One burst is on its way through the node, and no more is taken than that.
        assert!(input.waiting() >= 200 - 2 * super::task::BURST, "{}", input.waiting());
        let waiting = input.waiting();
        clock::sleep(Duration::from_secs(3)).await;
        assert_eq!(input.waiting(), waiting);
        out.has_room(usize::MAX);
        bench.settle().await;
        let rest: Vec<String> = (1..200).map(|n| n.to_string()).collect();
        assert_eq!(out.sent(), rest);
        let blocked = bench.counters.sockets()[1].blocked_nanos.get();
        let blocked = Duration::from_nanos(blocked).as_millis();
        assert!((3_000..=3_002).contains(&blocked), "{blocked} ms");
    });
}

/// How often a node offers a message in vain while no time passes, and none of it is spent in vain.
async fn refusals_at_a_standstill(bench: &Bench, socket: &str) -> usize {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    bench.wire(socket).refusals()
}

#[test]
fn a_publisher_that_waits_for_its_subscribers_rests_and_hears_of_them() {
    rounds(async {
        let bench = Bench::of(&sound(
            "
nodes:
  n: {role: pub, bind: 'inproc://n', when_full: wait, format: plain, every: 1s, on_tick: send(\"a\")}
",
        ))
        .await;
        bench.wire("pub").has_room(0);
        clock::sleep(Duration::from_secs(1)).await;
        let refusals = refusals_at_a_standstill(&bench, "pub").await;
        assert!((1..20).contains(&refusals), "offered {refusals} times");
        bench.wire("pub").has_room(usize::MAX);
        bench.settle().await;
        assert_eq!(bench.wire("pub").sent(), ["a"]);
    });
}

#[test]
fn a_relaxed_client_whose_next_question_finds_no_room_rests_and_takes_the_answer() {
    rounds(async {
        let bench = Bench::of(&sound(
            "
nodes:
  n:
    role: req
    connect: 'tcp://127.0.0.1:5556'
    options: {req_relaxed: true, req_correlate: true}
    every: 1s
    on_tick: send(\"a\")
    on_message: count(msg.text)
",
        ))
        .await;
        bench.wire("req").has_room(1);
        clock::sleep(Duration::from_millis(2_100)).await;
        let before = bench.wire("req").refusals();
        let refusals = refusals_at_a_standstill(&bench, "req").await - before;
        assert!(refusals < 20, "offered {refusals} times");
        bench.wire("req").arrives(&["b"]);
        bench.settle().await;
        assert_eq!(bench.wire("req").waiting(), 0, "the answer was taken");
    });
}

#[test]
fn a_busy_node_takes_from_its_sockets_in_turn() {
    rounds(async {
        let text = "
nodes:
  n:
    sockets:
      a: {role: pull, bind: 'inproc://a'}
      b: {role: pull, bind: 'inproc://b'}
      out: {role: push, bind: 'inproc://out'}
    on_message: busy(\"10ms\"); send(msg.socket)
";
        let bench = Bench::of(&sound(text)).await;
        for n in 0..40 {
            bench.wire("a").arrives(&[&n.to_string()]);
            bench.wire("b").arrives(&[&n.to_string()]);
        }
        clock::sleep(Duration::from_millis(305)).await;
        let sent = bench.wire("out").sent().concat();
        assert!(sent.len() >= 28, "{sent}");
        assert!(!sent.contains("aa") && !sent.contains("bb"), "{sent}");
    });
}

#[test]
fn a_node_that_is_busy_after_each_message_comes_to_its_timers() {
    rounds(async {
        let keys = "    every: 50ms
    on_message: busy(\"10ms\"); send(msg.text)
    on_tick: busy(\"10ms\"); send(\"tick\")
";
        let bench = Bench::of(&mill(keys)).await;
        for _ in 0..100 {
            bench.wire("in").arrives(&["x"]);
        }
        clock::sleep(Duration::from_millis(505)).await;
        let sent = bench.wire("out").sent();
        let ticks = sent.iter().filter(|it| *it == "tick").count();
        assert!((6..=11).contains(&ticks) && sent.len() >= 45, "{sent:?}");
    });
}

#[test]
fn a_held_node_takes_what_arrives_and_handles_it_when_it_is_let_go() {
    rounds(async {
        let bench = Bench::of(&mill(ECHO)).await;
        let (input, out) = (bench.wire("in"), bench.wire("out"));
        bench.tell(Control::Hold { stash: ["in".to_owned()].into() });
        for text in ["1", "2"] {
            input.arrives(&[text, "more"]);
        }
        clock::sleep(Duration::from_secs(1)).await;
        assert_eq!((input.waiting(), out.sent().len()), (0, 0), "taken and not handled");
        input.arrives(&["3"]);
        bench.tell(Control::Release { reloaded: false });
        bench.settle().await;
        // Of a plain message with several frames the text is the first one.
        assert_eq!(out.sent().len(), 3);
        assert_eq!(bench.counters.handled.get(), 1 + 3, "the start is one too");
    });
}

#[test]
fn a_node_is_drained_when_nothing_has_come_for_so_long_and_at_the_deadline_it_is_not() {
    rounds(async {
        let bench = Bench::of(&mill(ECHO)).await;
        let drain = |quiet, deadline| {
            let (done, told) = oneshot::channel();
            let deadline = clock::now() + deadline;
            bench.tell(Control::Drain { quiet, deadline, done });
            told
        };
        let ms = Duration::from_millis;
        let begun = clock::now();
        assert_eq!(drain(ms(20), ms(700)).await, Ok(true));
        assert_eq!(clock::since(begun).as_millis(), 20);
        let begun = clock::now();
        let mut told = drain(ms(20), ms(700));
        while told.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
            bench.wire("in").arrives(&["x"]);
            clock::sleep(ms(10)).await;
        }
        assert!((700..=720).contains(&clock::since(begun).as_millis()));
    });
}

#[test]
fn after_each_failure_a_node_pauses_twice_as_long_and_starts_anew() {
    rounds(async {
        let keys = "    on_error: restart\n    on_message: throw \"no\"\n";
        let bench = Bench::of(&mill(keys)).await;
        let input = bench.wire("in");
        // How long until the next message is taken, which fails as well.
        let pause = async || {
            input.arrives(&["x"]);
            let begun = clock::now();
            while input.waiting() > 0 {
                clock::sleep(Duration::from_millis(1)).await;
            }
            clock::since(begun).as_millis()
        };
        assert!(pause().await <= 1, "it has not failed yet");
        for wanted in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            let paused = pause().await;
            assert!((wanted - 2..=wanted + 2).contains(&paused), "{paused} of {wanted} ms");
        }
        // Ten seconds after the last pause it has recovered.
        clock::sleep(Duration::from_millis(15_010)).await;
        assert!(pause().await <= 1);
        let paused = pause().await;
        assert!((98..=102).contains(&paused), "{paused} ms");
        // It began ten times, and eleven messages failed.
        assert_eq!(bench.counters.failed.get(), 11);
    });
}

#[test]
fn timers_fire_at_their_moments_however_far_those_are() {
    rounds(async {
        let keys = "    every: 10s
    on_start: after(\"2h\", \"far\")
    on_tick: send(`tick ${elapsed()}`)
    on_timer: send(`${name} ${elapsed()}`)
";
        let bench = Bench::of(&mill(keys)).await;
        clock::sleep(Duration::from_secs(25)).await;
        assert_eq!(bench.wire("out").sent(), ["tick 10.0", "tick 20.0"]);
        clock::sleep(Duration::from_secs(2 * 3600 - 25)).await;
        let sent = bench.wire("out").sent();
        assert_eq!(sent.len(), 720 - 2 + 1);
        assert!(sent.contains(&"far 7200.0".to_owned()), "{:?}", sent.last());
    });
}

#[test]
fn a_step_that_fails_leaves_a_node_that_can_be_changed_back() {
    rounds(async {
        let before = mill(ECHO);
        let elsewhere = |text: &str| mill(&format!("    on_message: send({text})\n"));
        let after = {
            let text = "
nodes:
  n:
    sockets:
      in: {role: pull, bind: ['inproc://in', 'inproc://taken']}
      out: {role: push, bind: 'inproc://out'}
    on_message: send(\"new\")
";
            sound(text)
        };
        let bench = Bench::of(&before).await;
        bench.wire("in").refuses("inproc://taken", Some(Errno::ADDRESS_IN_USE));
        let begun = clock::now();
        let failed = bench.change(&before, &after).await.unwrap_err();
        assert!(matches!(failed, NodeError::Socket(SocketError::Bind { .. })), "{failed}");
        // Whoever had it may be about to let go of it: for so long it was tried.
        let tried = clock::since(begun);
        assert!(
            tried >= Duration::from_millis(500) && tried < Duration::from_secs(10),
            "{tried:?}"
        );
        bench.change(&after, &before).await.unwrap();
        bench.tell(Control::Release { reloaded: true });
        bench.wire("in").arrives(&["old"]);
        bench.settle().await;
        assert_eq!(bench.wire("out").sent(), ["old"]);
        assert_eq!(bench.wire("in").bound(), ["inproc://in"]);
        bench.wire("in").refuses("inproc://taken", None);
        bench.change(&before, &after).await.unwrap();
        bench.change(&after, &elsewhere("\"third\"")).await.unwrap();
        bench.wire("in").arrives(&["x"]);
        bench.settle().await;
        assert_eq!(bench.wire("out").sent(), ["third"]);
    });
}

#[test]
fn what_is_not_sent_by_the_deadline_of_a_stop_is_counted() {
    rounds(async {
        let mut bench = Bench::of(&mill(ECHO)).await;
        bench.wire("out").has_room(1);
        for text in ["1", "2", "3"] {
            bench.wire("in").arrives(&[text]);
        }
        bench.settle().await;
        let begun = clock::now();
        let deadline = begun + Duration::from_millis(300);
        bench.tell(Control::Stop { deadline, alone: false, succeeded: false });
        assert!((&mut bench.task).await.unwrap().is_some());
        assert_eq!(clock::since(begun).as_millis(), 300);
        assert_eq!(bench.wire("out").sent(), ["1"]);
        assert_eq!(bench.dropped(1, DropReason::Shutdown), 2);
    });
}
