//! Waiting until nothing is on its way between held nodes.
//!
//! Owns the looks at what runs. What counts mean is `baselines`', what a look means `stillness`'s.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::baselines::{Baselines, Snapshot, SocketName, members};
use super::instances::Instances;
use super::stillness::{Found, Stillness};
use crate::clock;
use crate::node::{SocketControl, SocketFigures};
use crate::plan::{Group, Impact};

/// How often to look.
const LOOK: Duration = Duration::from_millis(1);

/// Peers of a socket that are not in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Outsiders {
    /// How many.
    pub(super) count: u64,
    /// Whether the socket is replaced.
    pub(super) replaced: bool,
}

/// How the waiting ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Quiescence {
    /// Whether nothing was under way in time.
    pub(super) reached: bool,
    /// Sockets that peers outside the file are connected to.
    pub(super) outsiders: BTreeMap<SocketName, Outsiders>,
    /// Messages that were taken from libzmq to be handled after the change.
    pub(super) stashed: u64,
}

/// What is waited for: that what a plan disturbs is quiet.
#[derive(Clone, Copy)]
pub(super) struct Disturbance<'s> {
    pub(super) impact: &'s Impact,
    pub(super) instances: &'s Instances,
    pub(super) baselines: &'s Baselines,
    /// How many peers inside the file each socket has.
    pub(super) expected: &'s BTreeMap<SocketName, u64>,
}

impl Disturbance<'_> {
    /// Waits until it is quiet, or the time is over.
    pub(super) async fn wait(self, patience: Duration) -> Quiescence {
        let begun = clock::now();
        let groups = &self.impact.groups;
        let mut groups: Vec<_> =
            groups.iter().map(|group| (group, Stillness::since(begun))).collect();
        loop {
            let snapshot = figures_in(self.impact, self.instances).await;
            let outsiders = outsiders(self.impact, &snapshot, self.expected);
            let now = clock::now();
            let unsent = snapshot.values().any(|(_, figures)| figures.unsent);
            let mut is_quiet = !snapshot.values().any(|(_, figures)| figures.unanswered);
            for (group, stillness) in &mut groups {
                if answers_outsiders_only(self.impact, group, &outsiders) {
                    continue;
                }
                stillness.look(figures_of(group, &snapshot), now);
                let found = self.found(group, &snapshot, &outsiders);
                is_quiet &= stillness.is_enough(&found, now.duration_since(begun), now);
            }
            if is_quiet || now.duration_since(begun) >= patience {
                let sockets = snapshot.values().flat_map(|(_, figures)| figures.sockets.values());
                let stashed = sockets.map(|socket| socket.stashed).sum();
                return Quiescence { reached: is_quiet && !unsent, stashed, outsiders };
            }
            clock::sleep(LOOK).await;
        }
    }

    /// What a look at a group found.
    fn found(
        self,
        group: &Group,
        snapshot: &Snapshot,
        outsiders: &BTreeMap<SocketName, Outsiders>,
    ) -> Found {
        let alone = !group.sockets.iter().any(|socket| outsiders.contains_key(socket));
        let counts = group.balances && alone && !self.baselines.had_outsiders(group, snapshot);
        Found {
            unsent: snapshot.values().any(|(_, figures)| figures.unsent),
            owing: self.baselines.owes(self.impact, group, snapshot),
            alone,
            under_way: counts.then(|| self.baselines.under_way(group, snapshot)),
        }
    }
}

/// Whether a group is a server whose clients are all outside the file: it has nothing to wait for,
/// since it answers until it is replaced.
fn answers_outsiders_only(
    impact: &Impact,
    group: &Group,
    outsiders: &BTreeMap<SocketName, Outsiders>,
) -> bool {
    let has_peers = |key: &SocketName| outsiders.contains_key(key);
    group.sockets.len() == 1
        && group.sockets.iter().all(|(node, _)| impact.only_answers(node, has_peers))
}

/// The figures of a group's sockets, an entry an instance.
fn figures_of(group: &Group, snapshot: &Snapshot) -> Vec<(Arc<str>, String, SocketFigures)> {
    members(&group.sockets, snapshot)
        .map(|member| (Arc::clone(member.instance), member.socket.1, *member.figures))
        .collect()
}

/// What went through the sockets that a plan disturbs.
pub(super) async fn figures_in(impact: &Impact, instances: &Instances) -> Snapshot {
    let is_disturbed = |node: &str| impact.sockets.contains_key(node);
    let ask = |answer| SocketControl::Figures { answer };
    let answers = instances.ask_all(|handle| is_disturbed(&handle.node), ask).await;
    let mut snapshot = Snapshot::new();
    for (handle, figures) in answers {
        let mut figures = figures.unwrap_or_default();
        let sockets = impact.sockets.get(&handle.node);
        figures.sockets.retain(|name, _| sockets.is_some_and(|names| names.contains(name)));
        snapshot.insert(Arc::clone(&handle.instance), (handle.node.clone(), figures));
    }
    snapshot
}

/// The sockets that more peers are connected to than the file has.
fn outsiders(
    impact: &Impact,
    snapshot: &Snapshot,
    expected: &BTreeMap<SocketName, u64>,
) -> BTreeMap<SocketName, Outsiders> {
    let mut outsiders: BTreeMap<SocketName, Outsiders> = BTreeMap::new();
    for (node, figures) in snapshot.values() {
        for (name, socket) in &figures.sockets {
            let key = (node.clone(), name.clone());
            let inside = expected.get(&key).copied().unwrap_or(0);
            if socket.peers > inside {
                let replaced = impact.replaced.contains(&key);
                let entry = outsiders.entry(key).or_default();
                entry.count += socket.peers - inside;
                entry.replaced = replaced;
            }
        }
    }
    outsiders
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clock::{paused, since};
    use crate::node::{Control, Figures};
    use crate::supervisor::doubles::{answering, double};

    fn name(node: &str) -> SocketName {
        (node.to_owned(), "s".to_owned())
    }

    /// How a wait for `a` and `b` ends, and after how many milliseconds, where their figures at each
    /// millisecond are these.
    fn wait(
        balances: bool,
        expected: u64,
        figures: impl Fn(&str, u64) -> SocketFigures + Clone + Send + 'static,
    ) -> (Quiescence, u128) {
        let sockets = BTreeSet::from([name("a"), name("b")]);
        let names = BTreeSet::from(["s".to_owned()]);
        let impact = Impact {
            sockets: ["a", "b"].map(|node| (node.to_owned(), names.clone())).into(),
            groups: vec![Group { sockets, balances }],
            ..Impact::default()
        };
        paused(async {
            let begun = clock::now();
            let mut instances = Instances::default();
            for node in ["a", "b"] {
                let (handle, inbox) = double(node, node, 1, &[]);
                let figures = figures.clone();
                answering(inbox, move |control| {
                    let Control::Sockets(SocketControl::Figures { answer }) = control else {
                        return;
                    };
                    let at = u64::try_from(since(begun).as_millis()).unwrap();
                    let sockets = [("s".to_owned(), figures(node, at))].into();
                    let _ = answer.send(Figures { sockets, ..Figures::default() });
                });
                instances.add(handle);
            }
            let mut baselines = Baselines::default();
            let names = ["a", "b"].map(|node| {
                (
                    node.into(),
                    (
                        node.to_owned(),
                        Figures {
                            sockets: [("s".to_owned(), SocketFigures::default())].into(),
                            ..Figures::default()
                        },
                    ),
                )
            });
            baselines.remember(&names.into());
            let expected = ["a", "b"].map(|node| (name(node), expected)).into();
            let (impact, expected) = (&impact, &expected);
            let disturbance =
                Disturbance { impact, instances: &instances, baselines: &baselines, expected };
            let quiescence = disturbance.wait(Duration::from_secs(2)).await;
            (quiescence, since(begun).as_millis())
        })
    }

    fn counts(sent: u64, received: u64, peers: u64) -> SocketFigures {
        SocketFigures { sent, received, peers, ..SocketFigures::default() }
    }

    #[test]
    fn what_balances_is_quiet_with_the_second_look_that_finds_it_so() {
        let (found, took) = wait(true, 1, |node, at| match node {
            "a" => counts(9, 0, 1),
            _ => counts(0, at.min(9), 1),
        });
        assert_eq!((found.reached, took), (true, 10));
    }

    #[test]
    fn what_cannot_be_counted_is_quiet_when_nothing_has_moved_for_a_while() {
        let (found, took) = wait(false, 1, |node, at| match node {
            "a" => counts(at.min(30), 0, 1),
            _ => counts(0, 0, 1),
        });
        assert_eq!((found.reached, took), (true, 50));
    }

    #[test]
    fn what_was_lost_is_waited_for_half_a_second() {
        let (found, took) = wait(true, 1, |node, _| match node {
            "a" => counts(9, 0, 1),
            _ => counts(0, 8, 1),
        });
        assert_eq!((found.reached, took), (true, 500));
    }

    #[test]
    fn what_never_rests_is_given_up_when_the_time_is_over() {
        let (found, took) = wait(true, 1, |node, at| match node {
            "a" => counts(at + 1, 0, 1),
            _ => counts(0, at, 1),
        });
        assert_eq!((found.reached, took), (false, 2000));
    }

    #[test]
    fn what_peers_outside_the_file_go_on_sending_is_not_waited_for_long() {
        let (found, took) = wait(true, 1, |node, at| match node {
            "a" => counts(0, at, 3),
            _ => counts(0, 0, 1),
        });
        assert_eq!((found.reached, took), (true, 200));
        let outsiders = Outsiders { count: 2, replaced: false };
        assert_eq!(found.outsiders, [(name("a"), outsiders)].into());
    }
}
