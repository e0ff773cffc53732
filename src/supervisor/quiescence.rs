//! Waiting until nothing is on its way between held nodes.
//!
//! Owns the looks at what runs. What counts mean is `baselines`', what a look means `stillness`'s.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::baselines::{Baselines, Snapshot, SocketName, members};
use super::instances::Instances;
use super::stillness::{Found, Stillness};
use crate::node::{Control, SocketFigures};
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
        let begun = Instant::now();
        let groups = &self.impact.groups;
        let mut groups: Vec<_> =
            groups.iter().map(|group| (group, Stillness::since(begun))).collect();
        loop {
            let snapshot = figures_in(self.impact, self.instances).await;
            let outsiders = outsiders(self.impact, &snapshot, self.expected);
            let now = Instant::now();
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
            tokio::time::sleep(LOOK).await;
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
    let ask = |answer| Control::Figures { answer };
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
