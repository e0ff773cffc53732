//! What a plan says is done, as tables, whatever words it is shown in.

use std::cell::Cell;

use super::*;
use crate::topology::sound;

thread_local! {
    /// Whether every word of a plan is another one.
    pub(super) static REWORDED: Cell<bool> = const { Cell::new(false) };
}

/// What runs in most cases.
const BEFORE: &str = "
nodes:
  source: {role: push, bind: 5001, every: 1s, on_tick: send(1)}
  worker:
    replicas: 2
    sockets:
      in: {role: pull, connect: source}
      out: {role: push, connect: sink}
    forward: {in: out}
  sink: {role: pull, bind: 5002}
  asker: {role: req, connect: desk, every: 1s, on_tick: send(1)}
  desk: {role: rep, bind: 5003, on_message: '\"a\"'}
  alone: {role: pub, bind: 5004, every: 1s, on_tick: 'publish(1, 1)'}
";

/// Edits of that, as what is replaced by what, with what is done about each.
const EDITS: &[(&str, &str, &str)] = &[
    ("every: 1s, on_tick: send(1)", "every: 2s, on_tick: send(2)", ""),
    ("bind: 5004", "bind: 5004, hwm: 10", "replaced alone.pub; disturbed alone.pub (held)"),
    ("bind: 5004", "bind: [5004, 5005]", ""),
    ("bind: 5004", "bind: 5005", "detached alone.pub; disturbed alone.pub (held)"),
    ("bind: 5004", "bind: 5004, description: new", ""),
    (
        "{role: pull, bind: 5002}",
        "{role: pull, bind: 5002, hwm: 10}",
        "replaced sink.pull; disturbed sink.pull (held), worker.out (held); \
         renewed worker.out > sink.pull",
    ),
    (
        "{role: pull, bind: 5002}",
        "{role: pull, bind: 5002, isolate: true}",
        "detached sink.pull; disturbed sink.pull (after answering), worker.out (held); \
         renewed worker.out > sink.pull",
    ),
    ("replicas: 2", "replicas: 3", ""),
    (
        "replicas: 2",
        "replicas: 1",
        "detached worker.in, worker.out; disturbed sink.pull (held), source.push (held), \
         worker.in, worker.out (after answering)",
    ),
    (
        "{role: rep, bind: 5003",
        "{role: router, bind: 5003",
        "detached desk.rep; disturbed asker.req (held), desk.rep (after answering); \
         renewed asker.req > desk.router",
    ),
    (
        "  sink: {role: pull, bind: 5002}\n",
        "  sink: {sockets: {pull: {role: pull, bind: 5002}, more: {role: pub, bind: 5009}}}\n",
        "",
    ),
];

/// What is done, in one line.
fn done(plan: &Plan) -> String {
    let impact = plan.impact();
    let names = |keys: &std::collections::BTreeSet<(String, String)>| {
        keys.iter().map(|(node, socket)| format!("{node}.{socket}")).collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    for (verb, keys) in [("replaced", &impact.replaced), ("detached", &impact.detached)] {
        if !keys.is_empty() {
            parts.push(format!("{verb} {}", names(keys)));
        }
    }
    let disturbed = impact.sockets.iter().map(|(node, sockets)| {
        let sockets: Vec<String> = sockets.iter().map(|name| format!("{node}.{name}")).collect();
        let pause = match plan.pause_of(node).unwrap() {
            Pause::Held => "held",
            Pause::AfterAnswering => "after answering",
        };
        format!("{} ({pause})", sockets.join(", "))
    });
    let disturbed: Vec<String> = disturbed.collect();
    if !disturbed.is_empty() {
        parts.push(format!("disturbed {}", disturbed.join(", ")));
    }
    let renewed = plan.to().links().iter().filter(|link| impact.renewed.contains(&link.binder));
    let renewed = renewed.map(|link| {
        let end = |end: crate::topology::LinkEnd| {
            let node = &plan.to().nodes[end.node];
            format!("{}.{}", node.name, node.sockets[end.socket].name)
        };
        format!("{} > {}", end(link.connecter), end(link.binder))
    });
    let renewed: Vec<String> = renewed.collect();
    if !renewed.is_empty() {
        parts.push(format!("renewed {}", renewed.join(", ")));
    }
    parts.join("; ")
}

/// The plan of an edit of [`BEFORE`].
fn edit(from: &str, to: &str) -> Plan {
    assert!(BEFORE.contains(from), "{from}");
    Plan::between(&sound(BEFORE), &sound(&BEFORE.replace(from, to)))
}

/// A program among handlers, as it runs.
const PROGRAM: &str = "
nodes:
  source: {role: push, connect: worker, every: 1s, on_tick: send(1)}
  worker:
    process: {command: [./worker], environment: {LEVEL: a}}
    sockets: {in: {role: pull, bind: 5001}, out: {role: push, connect: sink}}
  other: {role: pull, bind: 5003, process: {command: [./other]}}
  sink: {role: pull, bind: 5002}
";

/// Edits of that, with the lines of the plan beside those of nodes that stay.
const OF_PROGRAMS: &[(&str, &str, &str)] = &[
    (
        "[./worker]",
        "[./worker, fast]",
        "~ worker|process.command  [begins anew: a program is told when it starts]|ends worker|begins worker|at risk",
    ),
    (
        "LEVEL: a",
        "LEVEL: b",
        "~ worker|process.environment  [begins anew: a program is told when it starts]|ends worker|begins worker|at risk",
    ),
    (
        "in: {role: pull, bind: 5001}",
        "in: {role: pull, bind: 5001, hwm: 5}",
        "~ worker|in: hwm.send 1000 → 5  [begins anew: a program is told when it starts]|in: hwm.receive 1000 → 5  [begins anew: a program is told when it starts]|ends worker|begins worker|at risk",
    ),
    (
        "LEVEL: a}",
        "LEVEL: a}, on_exit: leave, stop: {within: 5s}",
        "~ worker|process.on_exit  [live: it holds from now on, the program runs on]|process.stop  [live: it holds from now on, the program runs on]",
    ),
    (
        "process: {command: [./worker], environment: {LEVEL: a}}",
        "on_in: msg",
        "~ worker|handlers for a program  [begins anew: the one lets go of its endpoints before the other takes them]|ends worker|begins worker|at risk",
    ),
    (
        "sink: {role: pull, bind: 5002}",
        "sink: {role: pull, bind: 5002, hwm: 5, process: {command: [./sink]}}",
        "~ sink|a program for handlers  [begins anew: the one lets go of its endpoints before the other takes them]|pull: hwm.send 1000 → 5  [begins anew: a program is told when it starts]|pull: hwm.receive 1000 → 5  [begins anew: a program is told when it starts]|ends sink|begins sink",
    ),
    (
        "sink: {role: pull, bind: 5002}",
        "sink: {role: pull, bind: 5002, process: {command: [./sink]}}",
        "~ sink|a program for handlers  [begins anew: the one lets go of its endpoints before the other takes them]|ends sink|begins sink",
    ),
    ("  other: {role: pull, bind: 5003, process: {command: [./other]}}\n", "", "- other|at risk"),
    ("every: 1s, on_tick: send(1)", "every: 2s, on_tick: send(2)", "~ source"),
];

#[test]
fn a_program_begins_anew_by_what_it_is_told_at_its_start_and_by_nothing_else() {
    for (what, by, expected) in OF_PROGRAMS {
        let after = PROGRAM.replace(what, by);
        assert_ne!(after, PROGRAM, "{what}");
        let plan = Plan::between(&sound(PROGRAM), &sound(&after));
        let text = plan.to_string();
        let mut lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('=') && !line.starts_with("paused"))
            .map(|line| if line.starts_with("at risk") { "at risk" } else { line })
            .collect();
        if lines[0] == "~ source" {
            lines.truncate(1);
        }
        assert_eq!(lines.join("|"), *expected, "{what} → {by}");
        let worker = plan.nodes.iter().find(|node| node.name() == "other");
        let is_touched = !matches!(worker, Some(NodePlan::Keep(_)));
        assert_eq!(is_touched, what.contains("other"), "an unchanged program is left alone");
        let back = plan.inverse();
        assert_eq!(back.to(), plan.from());
    }
}

#[test]
fn a_peer_of_a_program_is_not_connected_anew_so_that_it_keeps_what_waits() {
    let renewed = |before: &str, after: &str| {
        let plan = Plan::between(&sound(before), &sound(after));
        plan.impact().renewed.len()
    };
    let handlers =
        PROGRAM.replace("process: {command: [./worker], environment: {LEVEL: a}}", "on_in: msg");
    let other = PROGRAM.replace("LEVEL: a", "LEVEL: b");
    assert_eq!(renewed(PROGRAM, &other), 0);
    assert_eq!(renewed(PROGRAM, &handlers), 0);
    // What handlers had in hand was counted to the end.
    assert_eq!(renewed(&handlers, PROGRAM), 1);
}

#[test]
fn a_plan_says_what_is_replaced_held_and_made_anew() {
    for (from, to, wanted) in EDITS {
        assert_eq!(done(&edit(from, to)), *wanted, "{from} → {to}");
    }
}

#[test]
fn no_word_that_is_shown_decides_what_is_done() {
    let all = || {
        let plans = EDITS.iter().flat_map(|(from, to, _)| {
            let plan = edit(from, to);
            [plan.inverse(), plan]
        });
        plans.collect::<Vec<Plan>>()
    };
    let plans = all();
    REWORDED.set(true);
    let reworded = all();
    let shown: String = reworded.iter().map(Plan::to_string).collect();
    REWORDED.set(false);
    assert!(shown.contains("something"), "{shown}");
    for word in ["new socket", "live", "removed", "bind tcp", "role ", "paused meanwhile"] {
        assert!(!shown.contains(word), "{word:?} is shown all the same:\n{shown}");
    }
    for (plan, reworded) in plans.iter().zip(&reworded) {
        assert_eq!(plan, reworded);
    }
}

#[test]
fn a_plan_is_shown_in_words_that_nobody_has_to_look_up() {
    let shown: String = EDITS.iter().map(|(from, to, _)| edit(from, to).to_string()).collect();
    for word in ["re-attach", "rebuild", "held"] {
        assert!(!shown.contains(word), "{word:?}:\n{shown}");
    }
    for word in ["[connections change: the socket stays]", "[new socket: ", "paused meanwhile: "] {
        assert!(shown.contains(word), "no {word:?}:\n{shown}");
    }
}

#[test]
fn each_node_has_the_sign_of_what_happens_to_it() {
    let after = BEFORE.replace("  alone:", "  other:").replace("bind: 5002", "bind: 5002, hwm: 10");
    let plan = Plan::between(&sound(BEFORE), &sound(&after));
    let signs: Vec<String> =
        plan.nodes.iter().map(|node| format!("{}{}", node.sign(), node.name())).collect();
    assert_eq!(signs.join(" "), "=source =worker ~sink =asker =desk +other -alone");
}

#[test]
fn a_plan_is_empty_where_every_node_stays_as_it_is() {
    assert!(Plan::between(&sound(BEFORE), &sound(BEFORE)).is_empty());
    for (from, to, _) in EDITS {
        assert!(!edit(from, to).is_empty(), "{from} → {to}");
    }
    let alone = BEFORE.lines().find(|line| line.contains("alone:")).unwrap();
    let gone = edit(alone, "");
    assert!(!gone.is_empty() && !gone.inverse().is_empty());
}

#[test]
fn what_ends_stays_and_is_made_of_copies() {
    let copies = |from: &str, to: &str| {
        let plan = edit(from, to);
        let node = plan.nodes.iter().find(|node| node.name() == "worker").unwrap();
        let Instances { ended, stay, made } = node.instances();
        let names = |copies: Vec<(String, u32)>| {
            copies.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        (ended, names(stay), names(made), node.renames())
    };
    let texts = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        copies("replicas: 2", "replicas: 3"),
        (vec![], texts(&["worker.1", "worker.2"]), texts(&["worker.3"]), None)
    );
    assert_eq!(
        copies("replicas: 2", "replicas: 1"),
        (texts(&["worker.2"]), texts(&["worker.1"]), vec![], None)
    );
    assert_eq!(
        copies("    replicas: 2\n", ""),
        (
            texts(&["worker.1", "worker.2"]),
            vec![],
            texts(&["worker"]),
            Some(("worker.1".to_owned(), "worker".to_owned()))
        )
    );
    let moved = copies("replicas: 2", "replicas: 2\n    isolate: true");
    assert_eq!((moved.0, moved.1), (texts(&["worker.1", "worker.2"]), vec![]));
}

#[test]
fn a_plan_and_the_one_back_disturb_the_same_sockets() {
    for (from, to, _) in EDITS.iter().filter(|(_, to, _)| !to.contains("role")) {
        let plan = edit(from, to);
        let sockets = |plan: &Plan| plan.impact().sockets.keys().cloned().collect::<Vec<_>>();
        let back = plan.inverse();
        // What an edit only adds to is disturbed when that goes again.
        for node in sockets(&plan) {
            assert!(sockets(&back).contains(&node) || to.contains("replicas"), "{to}: {node}");
        }
        assert_eq!(back.inverse().nodes, plan.nodes, "{to}");
    }
}

#[test]
fn only_some_nodes_name_no_other() {
    let only = sound(BEFORE).only(&["worker".to_owned(), "asker".to_owned()]);
    for socket in only.nodes.iter().flat_map(|node| &node.sockets) {
        for attachment in &socket.attachments {
            assert!(
                !matches!(attachment, crate::topology::Attachment::ConnectNode { .. }),
                "{attachment:?}"
            );
        }
    }
    assert_eq!(only.links(), []);
}

/// A node as it is and as it will be, with what its plan says of its changes.
const CHANGES: &[(&str, &str, &str)] = &[
    (
        "sockets: {in: {role: pull, bind: 5001}, out: {role: push, bind: 5002}, more: {role: push, bind: 5003}}, forward: {in: out}",
        "sockets: {in: {role: pull, bind: 5001}, out: {role: push, bind: 5002}, more: {role: push, bind: 5003}}, forward: {in: more}",
        "forward [live]: taken over between two messages",
    ),
    (
        "sockets: {in: {role: router, bind: 5001}, out: {role: dealer, bind: 5002}, tap: {role: pub, bind: 5003}}, forward: [in, out]",
        "sockets: {in: {role: router, bind: 5001}, out: {role: dealer, bind: 5002}, tap: {role: pub, bind: 5003}}, forward: [in, out], capture: tap",
        "forward [live]: taken over between two messages",
    ),
    // Where a socket stands in the file does not count.
    (
        "sockets: {in: {role: pull, bind: 5001}, out: {role: push, bind: 5002}}, forward: {in: out}",
        "sockets: {out: {role: push, bind: 5002}, in: {role: pull, bind: 5001}}, forward: {in: out}",
        "",
    ),
    (
        "role: pull, bind: 5001, write: {file: a, format: lines}",
        "role: pull, bind: 5001, write: {file: a, format: json}",
        "write [live]: what is written from now on has the new format; what is in the file stays",
    ),
    (
        "role: pull, bind: 5001, write: {file: a, append: true}",
        "role: pull, bind: 5001, write: {file: a, append: false}",
        "write [live]: taken over between two messages",
    ),
    (
        "role: pull, bind: 5001, write: {file: a}",
        "role: pull, bind: 5001, write: {file: b, append: false}",
        "write [live]: what was in the new file goes; the one before is written out",
    ),
    (
        "role: pull, bind: 5001, write: {file: a}",
        "role: pull, bind: 5001, write: {file: b, append: true}",
        "write [live]: what waits for the file before is written out",
    ),
    (
        "role: pull, bind: 5001, write: {file: a}",
        "role: pull, bind: 5001, on_message: ''",
        "handlers [live]: taken over between two messages; write [live]: what waits for the file before is written out",
    ),
    (
        "role: push, bind: 5001, read: {file: a}",
        "role: push, bind: 5001, read: {file: a, rate: 1/s}",
        "read [live]: read from its first line",
    ),
    (
        "role: push, bind: 5001, read: {file: a, rate: 1/s}",
        "role: push, bind: 5001, read: {file: a, rate: 2/s}",
        "read [live]: taken over between two messages",
    ),
    (
        "role: router, bind: 5001, on_message: msg",
        "role: router, bind: 5001, on_message: msg, options: {router_mandatory: true}",
        "router: options.router_mandatory [live]: taken over between two messages",
    ),
    (
        "role: router, bind: 5001, on_message: msg, options: {router_handover: true}",
        "role: router, bind: 5001, on_message: msg",
        "router: options.router_handover [live]: it holds for peers that come later",
    ),
    (
        "role: router, bind: 5001, on_message: msg",
        "role: router, bind: 5001, on_message: msg, options: {sndbuf: 100000}",
        "router: options.sndbuf [new socket]: libzmq copies it when an endpoint is bound or connected",
    ),
    (
        "role: xpub, bind: 5001, on_message: ''",
        "role: xpub, bind: 5001, on_message: '', options: {xpub_verbose: true}",
        "xpub: options.xpub_verbose [live]: libzmq takes it at once",
    ),
    (
        "role: xpub, bind: 5001, on_message: '', options: {xpub_welcome_msg: hi}",
        "role: xpub, bind: 5001, on_message: ''",
        "xpub: options.xpub_welcome_msg [new socket]: libzmq has no call that sets an option back",
    ),
    (
        "role: sub, bind: 5001, topics: [a], on_message: ''",
        "role: sub, bind: 5001, topics: [b], on_message: ''",
        "sub: subscribe \"b\" [live]: connections stay; sub: unsubscribe \"a\" [live]: connections stay",
    ),
    (
        "role: pull, bind: 5001, on_message: ''",
        "role: pull, bind: 5002, on_message: ''",
        "pull: + bind tcp://127.0.0.1:5002 [connections change]: the socket stays; pull: - bind tcp://127.0.0.1:5001 [connections change]: the socket stays",
    ),
    (
        "role: pull, connect: 'tcp://127.0.0.1:5001', plain: {user: ann, password: a}, on_message: ''",
        "role: pull, connect: 'tcp://127.0.0.1:5001', plain: {user: ann, password: b}, on_message: ''",
        "pull: plain [new socket]: libzmq copies it when an endpoint is bound or connected",
    ),
];

/// What a plan says of the changes of its only node.
fn told(from: &str, to: &str) -> String {
    let whole = |node: &str| sound(&format!("nodes:\n  n: {{{node}}}\n"));
    let plan = Plan::between(&whole(from), &whole(to));
    let NodePlan::Change { changes, .. } = &plan.nodes[0] else { return String::new() };
    let lines =
        changes.iter().map(|change| format!("{} [{}]: {}", change.text(), change.how, change.why));
    lines.collect::<Vec<_>>().join("; ")
}

#[test]
fn each_change_is_told_with_how_and_why() {
    for (from, to, wanted) in CHANGES {
        assert_eq!(told(from, to), *wanted, "{from} → {to}");
    }
}

#[test]
fn a_node_that_answers_goes_on_answering_while_its_socket_is_replaced() {
    let before = "nodes:
  desk: {role: router, bind: 5001, on_message: msg}
  asker: {role: dealer, connect: desk, every: 1s, on_tick: send(1)}
";
    let plan = Plan::between(&sound(before), &sound(&before.replace("5001", "5001, hwm: 10")));
    assert_eq!(
        done(&plan),
        "replaced desk.router; disturbed asker.dealer (held), desk.router (after answering); \
         renewed asker.dealer > desk.router"
    );
    let only = |node: &str, has_peers: bool| plan.impact().only_answers(node, |_| has_peers);
    assert!(only("desk", true));
    assert!(!only("desk", false), "nobody is there to be answered");
    assert!(!only("asker", true), "it asks");
    assert!(!only("nobody", true), "it is not disturbed");
}

#[test]
fn what_a_node_has_received_is_handled_before_its_role_ends() {
    let before = "nodes:\n  n: {role: dealer, bind: 5001, on_message: ''}\n";
    for after in ["role: pull, bind: 5001", "sockets: {other: {role: pull, bind: 5001}}"] {
        let after = before.replace("role: dealer, bind: 5001", after);
        let plan = Plan::between(&sound(before), &sound(&after));
        assert_eq!(plan.pause_of("n"), Some(Pause::AfterAnswering), "{after}");
    }
}

#[test]
fn a_zap_handler_that_changes_is_not_held_since_nobody_would_be_let_in() {
    let before = "nodes:\n  n: {role: rep, bind: 'inproc://zeromq.zap.01', on_message: msg}\n";
    let changed = |before: &str| {
        let plan = Plan::between(&sound(before), &sound(&before.replace("rep,", "rep, hwm: 10,")));
        (plan.impact().replaced.len(), plan.pause_of("n"))
    };
    assert_eq!(changed(before), (1, None));
    let other = before.replace("inproc://zeromq.zap.01", "inproc://other");
    assert_eq!(changed(&other), (1, Some(Pause::AfterAnswering)));
}

#[test]
fn sent_and_received_become_equal_only_where_each_message_has_one_receiver_that_counts() {
    let balances = |text: &str| {
        let before = sound(text);
        let plan =
            Plan::between(&before, &sound(&text.replace("bind: 5001", "bind: 5001, hwm: 1")));
        plan.impact().groups.iter().map(|group| group.balances).collect::<Vec<_>>()
    };
    let text = "nodes:
  a: {role: push, bind: 5001, every: 1s, on_tick: send(1)}
  b: {role: pull, connect: a, on_message: ''}
";
    assert_eq!(balances(text), [true]);
    let program = "connect: a, process: {command: [./b]}";
    assert_eq!(balances(&text.replace("connect: a, on_message: ''", program)), [false]);
    let published =
        text.replace("push", "pub").replace("pull", "sub").replace("send(1)", "publish(1, 1)");
    assert_eq!(balances(&published.replace("connect: a", "connect: a, msgids: [1]")), [false]);
}

#[test]
fn a_node_that_stays_keeps_all_its_copies() {
    let plan = edit("bind: 5004", "bind: 5005");
    let worker = plan.nodes.iter().find(|node| node.name() == "worker").unwrap();
    assert!(matches!(worker, NodePlan::Keep(_)));
    let stay = [("worker.1".to_owned(), 1), ("worker.2".to_owned(), 2)].to_vec();
    assert_eq!(worker.instances(), Instances { stay, ..Instances::default() });
}
