//! Waiting until nothing is on its way between held nodes.
//!
//! Owns the looks at what runs, and what sockets had sent and received when nothing was under way.
//! What a look means is `stillness`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Supervisor;
use super::endpoint_resolution::Directory;
use super::stillness::{Found, Stillness};
use crate::node::{Control, Figures, NodeHandle, SocketFigures};
use crate::plan::{Group, Impact};

/// How often to look.
const LOOK: Duration = Duration::from_millis(1);

/// What a socket had done when nothing was under way to it or from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Baseline {
    /// By how much sent and received differed.
    difference: i128,
    /// How many connections had been made and lost.
    turnover: u64,
}

/// What went through each instance up to one moment.
type Snapshot = BTreeMap<Arc<str>, Figures>;

/// A socket, by its node's name and its own.
type SocketName = (String, String);

/// Peers of a socket that are not in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Outsiders {
    /// How many.
    pub(super) count: u64,
    /// Whether the socket has no other peers.
    pub(super) only: bool,
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

impl Supervisor {
    /// Waits until what a plan disturbs is quiet, or the time is over.
    pub(super) async fn wait_for_quiescence(
        &self,
        impact: &Impact,
        expected: &BTreeMap<SocketName, u64>,
        patience: Duration,
    ) -> Quiescence {
        let begun = Instant::now();
        let mut groups: Vec<Stillness<_>> =
            impact.groups.iter().map(|_| Stillness::since(begun)).collect();
        loop {
            let snapshot = self.figures_in(impact).await;
            let outsiders = self.outsiders(impact, &snapshot, expected);
            let now = Instant::now();
            let unsent = snapshot.values().any(|figures| figures.unsent);
            let mut is_quiet = !snapshot.values().any(|figures| figures.unanswered);
            for (group, stillness) in impact.groups.iter().zip(&mut groups) {
                // A server whose clients are all outside the file has nothing to wait for: it
                // answers until it is replaced.
                let has_peers = |key: &SocketName| outsiders.contains_key(key);
                if group.sockets.len() == 1
                    && group.sockets.iter().all(|(node, _)| impact.only_answers(node, has_peers))
                {
                    continue;
                }
                stillness.look(self.figures_of(group, &snapshot), now);
                let alone = !group.sockets.iter().any(|socket| outsiders.contains_key(socket));
                let counts = group.balances && alone && !self.had_outsiders(group, &snapshot);
                let found = Found {
                    unsent,
                    owing: self.owes(impact, group, &snapshot),
                    alone,
                    under_way: counts.then(|| self.under_way(&group.sockets, &snapshot)),
                };
                is_quiet &= stillness.is_enough(&found, now.duration_since(begun), now);
            }
            if is_quiet || now.duration_since(begun) >= patience {
                let stashed = snapshot.values().flat_map(|figures| figures.sockets.values());
                return Quiescence {
                    reached: is_quiet && !unsent,
                    stashed: stashed.map(|socket| socket.stashed).sum(),
                    outsiders,
                };
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The figures of a group's sockets, an entry an instance.
    fn figures_of(
        &self,
        group: &Group,
        snapshot: &Snapshot,
    ) -> Vec<(Arc<str>, String, SocketFigures)> {
        let mut found = Vec::new();
        for (instance, figures) in snapshot {
            let Some(handle) = self.nodes.get(instance) else { continue };
            for (name, socket) in &figures.sockets {
                if group.sockets.contains(&(handle.node.clone(), name.clone())) {
                    found.push((Arc::clone(instance), name.clone(), *socket));
                }
            }
        }
        found
    }

    async fn figures_in(&self, impact: &Impact) -> Snapshot {
        let mut snapshot = self.figures(|handle| impact.sockets.contains_key(&handle.node)).await;
        for (instance, figures) in &mut snapshot {
            let handle = self.nodes.get(instance);
            let sockets = handle.and_then(|handle| impact.sockets.get(&handle.node));
            figures.sockets.retain(|name, _| sockets.is_some_and(|names| names.contains(name)));
        }
        snapshot
    }

    async fn figures(&self, of: impl Fn(&NodeHandle) -> bool) -> Snapshot {
        let mut asked = Vec::new();
        for handle in self.nodes.values().filter(|handle| of(handle)) {
            let (answer, figures) = oneshot::channel();
            if handle.control.send(Control::Figures { answer }).is_ok() {
                asked.push((Arc::clone(&handle.instance), figures));
            }
        }
        let mut snapshot = Snapshot::new();
        for (instance, figures) in asked {
            snapshot.insert(instance, figures.await.unwrap_or_default());
        }
        snapshot
    }

    /// The sockets of a group with their figures, an entry an instance.
    fn of_group<'s>(
        &'s self,
        sockets: &'s BTreeSet<SocketName>,
        snapshot: &'s Snapshot,
    ) -> impl Iterator<Item = (SocketName, i128)> + 's {
        self.nodes.values().flat_map(move |handle| {
            let figures = snapshot.get(&handle.instance);
            let figures = figures.into_iter().flat_map(|figures| figures.sockets.iter());
            figures.filter_map(move |(name, socket)| {
                let socket_name = (handle.node.clone(), name.clone());
                let key = (Arc::clone(&handle.instance), name.clone());
                let before = self.baselines.get(&key).map_or(0, |baseline| baseline.difference);
                sockets.contains(&socket_name).then(|| (socket_name, difference(socket) - before))
            })
        })
    }

    /// Sent minus received in a group, since its baseline.
    fn under_way(&self, group: &BTreeSet<SocketName>, snapshot: &Snapshot) -> i128 {
        self.of_group(group, snapshot).map(|(_, difference)| difference).sum()
    }

    /// Whether a socket of a group that has to answer, and is replaced or goes, took more than it
    /// answered since its baseline.
    fn owes(&self, impact: &Impact, group: &Group, snapshot: &Snapshot) -> bool {
        self.of_group(&group.sockets, snapshot)
            .any(|(socket, difference)| impact.answerers.contains(&socket) && difference < 0)
    }

    /// Takes what sent and received differ by now as the baseline: what was lost before, or
    /// went to peers that are gone, never arrives.
    pub(super) async fn remember_baselines(&mut self, impact: &Impact) {
        for (instance, figures) in self.figures_in(impact).await {
            for (name, socket) in figures.sockets {
                let baseline =
                    Baseline { difference: difference(&socket), turnover: socket.turnover };
                self.baselines.insert((Arc::clone(&instance), name), baseline);
            }
        }
    }

    /// Takes the connections that instances have now as those inside the file.
    pub(super) fn remember_links<V>(
        &mut self,
        directory: &Directory<'_>,
        instances: &BTreeMap<Arc<str>, V>,
    ) {
        for handle in self.nodes.values() {
            if !instances.contains_key(&handle.instance) {
                continue;
            }
            let sockets = directory.node(&handle.node).map_or(&[][..], |spec| &spec.sockets);
            for (socket, counters) in sockets.iter().zip(handle.counters.sockets()) {
                let figures = SocketFigures::of(&counters);
                let fresh = Baseline { difference: difference(&figures), turnover: 0 };
                let key = (Arc::clone(&handle.instance), socket.name.clone());
                self.baselines.entry(key).or_insert(fresh).turnover = figures.turnover;
            }
        }
    }

    /// Whether anybody came or went in a group since all its links inside the file were up: peers
    /// outside the file, then, who sent or took what nobody else counts.
    fn had_outsiders(&self, group: &Group, snapshot: &Snapshot) -> bool {
        self.nodes.values().any(|handle| {
            let figures = snapshot.get(&handle.instance);
            figures.into_iter().flat_map(|figures| &figures.sockets).any(|(name, socket)| {
                let known = self.baselines.get(&(Arc::clone(&handle.instance), name.clone()));
                group.sockets.contains(&(handle.node.clone(), name.clone()))
                    && known.is_none_or(|known| known.turnover != socket.turnover)
            })
        })
    }

    fn outsiders(
        &self,
        impact: &Impact,
        snapshot: &Snapshot,
        expected: &BTreeMap<SocketName, u64>,
    ) -> BTreeMap<SocketName, Outsiders> {
        let mut outsiders: BTreeMap<SocketName, Outsiders> = BTreeMap::new();
        for handle in self.nodes.values() {
            let Some(figures) = snapshot.get(&handle.instance) else { continue };
            for (name, socket) in &figures.sockets {
                let key = (handle.node.clone(), name.clone());
                let inside = expected.get(&key).copied().unwrap_or(0);
                if socket.peers > inside {
                    let replaced = impact.replaced.contains(&key);
                    let entry = outsiders.entry(key).or_default();
                    entry.count += socket.peers - inside;
                    entry.only = inside == 0;
                    entry.replaced = replaced;
                }
            }
        }
        outsiders
    }
}

fn difference(socket: &SocketFigures) -> i128 {
    i128::from(socket.sent) - i128::from(socket.received)
}
