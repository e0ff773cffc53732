use super::*;
use crate::snapshot::{NodeSnapshot, NodeStatus, Snapshot, SocketSnapshot};

fn instance(instance: &str, node: &str, messages: u64) -> NodeSnapshot {
    let socket = |name: &str, role: &str| SocketSnapshot {
        name: name.into(),
        role: role.into(),
        messages_in: messages,
        ..SocketSnapshot::default()
    };
    NodeSnapshot {
        instance: instance.into(),
        node: node.into(),
        status: NodeStatus::Running,
        sockets: vec![socket("in", "pull"), socket("out", "push")],
        ..NodeSnapshot::default()
    }
}

fn entries(nodes: Vec<NodeSnapshot>) -> Vec<Entry> {
    let before = Snapshot { nodes: Vec::new(), ..Snapshot::default() };
    tree(&Table::between(&before, &Snapshot { seconds: 1.0, nodes, ..Snapshot::default() }))
}

/// Names, those below indented.
fn names(entries: &[Entry]) -> String {
    fn add(entries: &[Entry], depth: usize, text: &mut String) {
        for entry in entries {
            text.push_str(&format!("{:depth$}{}\n", "", entry.name));
            add(&entry.below, depth + 1, text);
        }
    }
    let mut text = String::new();
    add(entries, 0, &mut text);
    text
}

#[test]
fn a_node_has_sockets_and_one_with_copies_has_those_first() {
    let all = entries(vec![
        instance("worker.10", "worker", 1),
        instance("worker.2", "worker", 2),
        instance("b", "b", 4),
    ]);
    assert_eq!(
        names(&all),
        "b\n in\n out\nworker ×2\n worker.2\n  in\n  out\n worker.10\n  in\n  out\n"
    );
    assert!((all[1].sums.received - 6.0).abs() < 1e-9, "what is below adds up");
    assert_eq!(all[1].sums.status, "running");
}

#[test]
fn four_numbered_nodes_that_are_alike_are_one_row() {
    let views = |count: usize| {
        (1..=count).map(|n| instance(&format!("view{n}"), &format!("view{n}"), 1)).collect()
    };
    assert_eq!(entries(views(3)).len(), 3);
    let all = entries(views(12));
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].name.as_str(), all[0].below.len()), ("view ×12", 12));
    assert_eq!(all[0].below[1].name, "view2");
    let mut other: Vec<NodeSnapshot> = views(4);
    other[3].sockets.pop();
    assert_eq!(entries(other).len(), 4, "one of them is of another kind");
}

#[test]
fn the_worst_that_copies_do_is_told_first() {
    let status = |statuses: &[NodeStatus]| {
        let copies = statuses.iter().zip(1..).map(|(status, n)| NodeSnapshot {
            status: *status,
            ..instance(&format!("w.{n}"), "w", 0)
        });
        entries(copies.collect())[0].sums.status.clone()
    };
    use NodeStatus::{Busy, Failed, Running};
    assert_eq!(status(&[Running, Running]), "running");
    assert_eq!(status(&[Busy, Running, Busy]), "2 busy");
    assert_eq!(status(&[Busy, Failed, Running]), "1 failed");
}

#[test]
fn a_row_that_has_gone_leaves_its_place_to_the_one_it_was_below() {
    let socket = Key::Socket("w.2".into(), "in".into());
    let above = [Key::Instance("w.2".into()), Key::Node("w".into())];
    assert_eq!(socket.above(), above);
    let view = Key::Instance("view7".into());
    assert_eq!(view.above(), [Key::Node("view7".into()), Key::Group("view".into())]);
    assert_eq!(Key::Node("w".into()).above(), [Key::Instance("w".into())]);
}

#[test]
fn a_row_is_called_by_others_as_tap_does() {
    let socket = Key::Socket("w.2".into(), "in".into());
    assert_eq!(socket.target().as_deref(), Some("w.2.in"));
    assert_eq!(Key::Group("view".into()).target(), None);
    assert!(Key::Group("view".into()).covers("view7") && !Key::Group("view".into()).covers("v7"));
    assert!(Key::Node("w".into()).covers("w.2") && !Key::Node("w".into()).covers("w.x"));
    assert!(socket.covers("w.2") && !socket.covers("w.1"));
}

#[test]
fn people_count_names_as_numbers() {
    let mut names = ["b10", "b9", "a", "b2c", "b02", "b"];
    names.sort_by(|a, b| by_name(a, b));
    assert_eq!(names, ["a", "b", "b02", "b2c", "b9", "b10"]);
}

#[test]
fn names_from_elsewhere_do_nothing_to_a_terminal() {
    let all = entries(vec![instance("a\u{1b}[2J", "a\u{1b}[2J", 0)]);
    assert_eq!(all[0].name, "a\\x1b[2J");
}
