//! What one may want to know of a change that was carried out.
//!
//! Owns what could be at risk, and the words for it. Never decides anything.

use super::quiescence::Quiescence;
use crate::plan::Impact;
use crate::topology::Topology;
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
            plural(outside.count, "peer"),
            if outside.count == 1 { "was" } else { "were" },
            risk(role)
        ));
    }
    notes
}

fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
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
