//! What one may want to know of a change that was carried out.
//!
//! Owns what could be at risk, and the words for it. Never decides anything.

use super::quiescence::Quiescence;
use crate::listing::counted;
use crate::plan::{Impact, NodePlan, Plan};
use crate::topology::{NodeSpec, Topology};
use crate::zeromq::Role;

/// One sentence for each risk of a change.
pub(super) fn notes(old: &Topology, impact: &Impact, quiescence: &Quiescence) -> Vec<String> {
    let mut notes = Vec::new();
    if !impact.groups.is_empty() && !quiescence.reached && quiescence.outsiders.is_empty() {
        notes.push(
            "messages were still under way, or no peer took them, when the wait was over"
                .to_owned(),
        );
    }
    for ((node, socket), outside) in &quiescence.outsiders {
        let key = (node.clone(), socket.clone());
        let what = match (impact.replaced.contains(&key), impact.detached.contains(&key)) {
            (true, _) => "was replaced",
            (_, true) => "let go of an endpoint",
            _ => continue,
        };
        let role = old.node(node).and_then(|spec| {
            spec.sockets.iter().find(|known| known.name == *socket).map(|known| known.role)
        });
        let Some(role) = role else { continue };
        notes.push(format!(
            "{node}.{socket} {what} while {} outside the file {} connected; {}",
            counted(outside.count, "peer"),
            if outside.count == 1 { "was" } else { "were" },
            risk(role)
        ));
    }
    notes
}

/// What may be gone with programs that ended.
pub(super) fn ended_programs(plan: &Plan) -> Vec<String> {
    let risks = plan.nodes.iter().filter_map(|node| Some((node.name(), node.risk()?)));
    let said = risks.map(|(node, risk)| {
        format!(
            "{node} was a program, and ended: what it had received and did not handle after {} is \
             gone; what its peers inside the file held for it was kept",
            risk.signal.word()
        )
    });
    said.collect()
}

/// What a change of names means: a node is known by its name alone.
pub(super) fn renamed(old: &Topology, new: &Topology, plan: &Plan) -> Vec<String> {
    let mut notes = Vec::new();
    if old.name != new.name {
        notes.push(format!("the topology `{}` is called `{}` now", old.name, new.name));
    }
    let gone = || {
        plan.nodes.iter().filter_map(|node| match node {
            NodePlan::Remove(spec) => Some(spec),
            NodePlan::Keep(_) | NodePlan::Add(_) | NodePlan::Change { .. } => None,
        })
    };
    for node in &plan.nodes {
        let NodePlan::Add(added) = node else { continue };
        let same = gone().find(|spec| spec.script.is_some() && says_the_same(spec, added));
        let Some(before) = same else { continue };
        notes.push(format!(
            "{} looks like {} under another name: a node that is renamed begins anew, with an empty \
             `this`",
            added.name, before.name
        ));
    }
    notes
}

/// Whether two nodes have the same handlers and sockets of the same roles.
fn says_the_same(one: &NodeSpec, other: &NodeSpec) -> bool {
    let roles = |node: &NodeSpec| node.sockets.iter().map(|s| s.role).collect::<Vec<_>>();
    roles(one) == roles(other)
        && match (&one.script, &other.script) {
            (Some(one), Some(other)) => one.says_the_same(other),
            (_, _) => false,
        }
}

/// What can become of messages of outside peers when their connection ends.
fn risk(role: Role) -> &'static str {
    match role {
        Role::Push => "what it was given is still sent to them, and they reconnect by themselves",
        Role::Pub | Role::Xpub => {
            "they subscribe again by themselves, and miss what is published before they did"
        }
        Role::Router | Role::Rep => {
            "what they were just asking is still handled, but an answer to it has no way back and is \
             counted as dropped"
        }
        Role::Pair
        | Role::Sub
        | Role::Xsub
        | Role::Req
        | Role::Dealer
        | Role::Pull
        | Role::Stream => "what they were just sending may be lost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Group;
    use crate::supervisor::quiescence::Outsiders;
    use crate::topology::sound;

    #[test]
    fn who_was_connected_from_outside_is_told_with_what_that_puts_at_risk() {
        let file = "nodes: {a: {role: push, bind: 'tcp://127.0.0.1:*'}, b: {role: rep, bind: 'tcp://127.0.0.1:*', \
                    on_message: msg}}";
        let old = sound(file);
        let name = |node: &str| (node.to_owned(), old.node(node).unwrap().sockets[0].name.clone());
        let outsiders = [(name("a"), 1), (name("b"), 2)]
            .map(|(name, count)| (name, Outsiders { count, replaced: true }));
        let quiescence = Quiescence { outsiders: outsiders.into(), ..Quiescence::default() };
        let mut impact = Impact { groups: vec![Group::default()], ..Impact::default() };
        assert_eq!(notes(&old, &impact, &quiescence), [""; 0], "nothing of theirs was touched");
        impact.replaced.insert(name("a"));
        impact.detached.insert(name("b"));
        assert_eq!(
            notes(&old, &impact, &quiescence),
            [
                "a.push was replaced while 1 peer outside the file was connected; what it was given \
                 is still sent to them, and they reconnect by themselves",
                "b.rep let go of an endpoint while 2 peers outside the file were connected; what \
                 they were just asking is still handled, but an answer to it has no way back and is \
                 counted as dropped",
            ]
        );
    }

    #[test]
    fn what_was_still_under_way_is_told_unless_peers_outside_the_file_explain_it() {
        let old = Topology::empty();
        let impact = Impact { groups: vec![Group::default()], ..Impact::default() };
        let found =
            |reached| notes(&old, &impact, &Quiescence { reached, ..Quiescence::default() });
        assert_eq!(found(true), [""; 0]);
        assert!(found(false)[0].starts_with("messages were still under way"));
        let outsiders = [(("a".to_owned(), "s".to_owned()), Outsiders::default())].into();
        let explained = Quiescence { outsiders, ..Quiescence::default() };
        assert_eq!(notes(&old, &impact, &explained), [""; 0]);
        assert_eq!(notes(&old, &Impact::default(), &Quiescence::default()), [""; 0]);
    }
}
