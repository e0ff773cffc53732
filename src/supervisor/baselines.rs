//! What sockets had sent and received when nothing was under way, and what they have since.
//!
//! Owns the comparing of counts: what they differ by since, who owes, and whether peers outside the
//! file took part. Pure: whoever looks gives a snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::node::{Figures, SocketFigures};
use crate::plan::{Group, Impact};

/// A socket, by its node's name and its own.
pub(super) type SocketName = (String, String);

/// What went through each instance up to one moment, with its node's name.
pub(super) type Snapshot = BTreeMap<Arc<str>, (String, Figures)>;

/// The sockets of instances as they were when nothing was under way.
#[derive(Default, Debug)]
pub(super) struct Baselines(BTreeMap<(Arc<str>, String), Baseline>);

/// What a socket had done when nothing was under way to it or from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Baseline {
    /// By how much sent and received differed.
    difference: i128,
    /// How many connections had been made and lost.
    turnover: u64,
}

/// A socket of a group in a snapshot: the instance, the socket, and its figures.
pub(super) struct Member<'s> {
    pub(super) instance: &'s Arc<str>,
    pub(super) socket: SocketName,
    pub(super) figures: &'s SocketFigures,
}

/// The sockets of a group, an entry an instance.
pub(super) fn members<'s>(
    sockets: &'s BTreeSet<SocketName>,
    snapshot: &'s Snapshot,
) -> impl Iterator<Item = Member<'s>> {
    let all = snapshot.iter().flat_map(|(instance, (node, figures))| {
        figures.sockets.iter().map(move |(name, figures)| {
            let socket = (node.clone(), name.clone());
            Member { instance, socket, figures }
        })
    });
    all.filter(|member| sockets.contains(&member.socket))
}

impl Baselines {
    fn of(&self, member: &Member<'_>) -> Option<&Baseline> {
        self.0.get(&(Arc::clone(member.instance), member.socket.1.clone()))
    }

    /// By how much sent and received differ since.
    fn since(&self, member: &Member<'_>) -> i128 {
        difference(member.figures) - self.of(member).map_or(0, |baseline| baseline.difference)
    }

    /// Sent minus received in a group since its baseline.
    pub(super) fn under_way(&self, group: &Group, snapshot: &Snapshot) -> i128 {
        members(&group.sockets, snapshot).map(|member| self.since(&member)).sum()
    }

    /// Whether a socket of a group that has to answer, and is replaced or goes, took more than it
    /// answered since its baseline.
    pub(super) fn owes(&self, impact: &Impact, group: &Group, snapshot: &Snapshot) -> bool {
        members(&group.sockets, snapshot)
            .any(|member| impact.answerers.contains(&member.socket) && self.since(&member) < 0)
    }

    /// Whether anybody came or went in a group since all its links inside the file were up: peers
    /// outside the file, then, who sent or took what nobody else counts.
    pub(super) fn had_outsiders(&self, group: &Group, snapshot: &Snapshot) -> bool {
        members(&group.sockets, snapshot).any(|member| {
            self.of(&member).is_none_or(|known| known.turnover != member.figures.turnover)
        })
    }

    /// Takes what sent and received differ by now as the baseline: what was lost before, or went to
    /// peers that are gone, never arrives.
    pub(super) fn remember(&mut self, snapshot: &Snapshot) {
        for (instance, (_, figures)) in snapshot {
            for (name, socket) in &figures.sockets {
                let baseline =
                    Baseline { difference: difference(socket), turnover: socket.turnover };
                self.0.insert((Arc::clone(instance), name.clone()), baseline);
            }
        }
    }

    /// Takes the connections that a socket has now as those inside the file.
    pub(super) fn remember_links(
        &mut self,
        instance: &Arc<str>,
        socket: &str,
        figures: &SocketFigures,
    ) {
        let fresh = Baseline { difference: difference(figures), turnover: 0 };
        let key = (Arc::clone(instance), socket.to_owned());
        self.0.entry(key).or_insert(fresh).turnover = figures.turnover;
    }

    /// Forgets instances that are gone.
    pub(super) fn forget(&mut self, gone: &BTreeSet<Arc<str>>) {
        self.0.retain(|(instance, _), _| !gone.contains(instance));
    }
}

fn difference(socket: &SocketFigures) -> i128 {
    i128::from(socket.sent) - i128::from(socket.received)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(node: &str) -> SocketName {
        (node.to_owned(), "s".to_owned())
    }

    fn group(nodes: &[&str]) -> Group {
        Group { sockets: nodes.iter().map(|node| name(node)).collect(), balances: true }
    }

    /// Sent, received and turnover of instances `NODE` or `NODE.COPY`, each with a socket `s`.
    fn snapshot(counts: &[(&str, u64, u64, u64)]) -> Snapshot {
        let counts = counts.iter().map(|&(instance, sent, received, turnover)| {
            let node = instance.split('.').next().unwrap_or(instance).to_owned();
            let socket = SocketFigures { sent, received, turnover, ..SocketFigures::default() };
            let sockets = BTreeMap::from([("s".to_owned(), socket)]);
            (instance.into(), (node, Figures { sockets, ..Figures::default() }))
        });
        counts.collect()
    }

    #[test]
    fn what_was_sent_and_not_received_since_the_baseline_is_under_way() {
        let mut baselines = Baselines::default();
        // Three were lost for good before.
        baselines.remember(&snapshot(&[("a", 10, 0, 1), ("b.1", 0, 4, 1), ("b.2", 0, 3, 1)]));
        let both = group(&["a", "b"]);
        for (a, b1, b2, expected) in [(10, 4, 3, 0), (15, 4, 3, 5), (15, 7, 5, 0), (15, 8, 5, -1)] {
            let now = snapshot(&[("a", a, 0, 1), ("b.1", 0, b1, 1), ("b.2", 0, b2, 1)]);
            assert_eq!(baselines.under_way(&both, &now), expected, "{a} {b1} {b2}");
        }
        let others = snapshot(&[("c", 99, 0, 1)]);
        assert_eq!(baselines.under_way(&both, &others), 0, "what is not of the group");
    }

    #[test]
    fn only_who_answers_and_goes_owes_what_it_took() {
        let mut baselines = Baselines::default();
        baselines.remember(&snapshot(&[("a", 7, 9, 1), ("b", 9, 7, 1)]));
        let now = snapshot(&[("a", 8, 11, 1), ("b", 11, 8, 1)]);
        let both = group(&["a", "b"]);
        let mut impact = Impact::default();
        assert!(!baselines.owes(&impact, &both, &now));
        impact.answerers = BTreeSet::from([name("b")]);
        assert!(!baselines.owes(&impact, &both, &now), "it sent more than it took");
        impact.answerers = BTreeSet::from([name("a")]);
        assert!(baselines.owes(&impact, &both, &now));
        let answered = snapshot(&[("a", 9, 11, 1)]);
        assert!(!baselines.owes(&impact, &both, &answered));
    }

    #[test]
    fn a_connection_more_than_at_the_baseline_was_an_outsiders() {
        let mut baselines = Baselines::default();
        let one = group(&["a"]);
        assert!(baselines.had_outsiders(&one, &snapshot(&[("a", 0, 0, 0)])), "nothing is known");
        baselines.remember(&snapshot(&[("a", 5, 2, 3)]));
        assert!(!baselines.had_outsiders(&one, &snapshot(&[("a", 9, 9, 3)])));
        assert!(baselines.had_outsiders(&one, &snapshot(&[("a", 9, 9, 4)])));

        // Links that are up now are the file's; what was under way before stays so.
        let linked = SocketFigures { sent: 9, turnover: 4, ..SocketFigures::default() };
        baselines.remember_links(&"a".into(), "s", &linked);
        let now = snapshot(&[("a", 9, 0, 4)]);
        assert!(!baselines.had_outsiders(&one, &now));
        assert_eq!(baselines.under_way(&one, &now), 6);

        baselines.forget(&BTreeSet::from(["a".into()]));
        baselines.remember_links(&"a".into(), "s", &linked);
        assert_eq!(baselines.under_way(&one, &now), 0, "one that is new begins with what it has");
    }
}
