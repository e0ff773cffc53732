//! Waiting until nothing is on its way between held nodes.
//!
//! Owns the two signs of calm: sent equals received where a pattern delivers each message once and
//! no peer outside the file takes part; otherwise, that nothing has moved for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Supervisor;
use super::links::Directory;
use crate::node::{Control, Figures, NodeHandle, SocketFigures};
use crate::plan::{Group, Impact};

/// How long nothing must have moved where counts cannot tell.
const QUIET: Duration = Duration::from_millis(20);
/// How many looks in a row must have found the same: on a busy machine time alone says little.
const QUIET_LOOKS: u32 = 20;
/// How long nothing must have moved where counts say that something is under way.
const QUIET_WHILE_UNBALANCED: Duration = Duration::from_millis(500);
/// The same where a socket that has to answer is replaced, and not all that it took is answered.
const QUIET_WHILE_OWING: Duration = Duration::from_millis(200);
/// The same while a message waits that no peer takes.
const QUIET_WHILE_UNSENT: Duration = Duration::from_millis(300);
/// How long to wait where peers outside the file take part: nothing can keep them from sending.
const OUTSIDE_PATIENCE: Duration = Duration::from_millis(200);
/// How often to look.
const LOOK: Duration = Duration::from_millis(1);

/// A socket when nothing was under way to it or from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rest {
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
pub(super) struct Calm {
    /// Whether it became calm in time.
    pub(super) reached: bool,
    /// Sockets that peers outside the file are connected to.
    pub(super) outsiders: BTreeMap<SocketName, Outsiders>,
    /// Messages that were taken from libzmq to be handled after the change.
    pub(super) stashed: u64,
}

/// A group of sockets as it was when last looked at.
struct Watched {
    figures: Vec<(Arc<str>, String, SocketFigures)>,
    since: Instant,
    looks: u32,
}

impl Default for Watched {
    fn default() -> Self {
        Self { figures: Vec::new(), since: Instant::now(), looks: 0 }
    }
}

impl Watched {
    /// Whether nothing moved since the last look.
    fn is_as_before(
        &mut self,
        group: &Group,
        snapshot: &Snapshot,
        nodes: &BTreeMap<Arc<str>, NodeHandle>,
    ) -> bool {
        let mut now = Vec::new();
        for (instance, figures) in snapshot {
            let Some(handle) = nodes.get(instance) else { continue };
            for (name, socket) in &figures.sockets {
                if group.sockets.contains(&(handle.node.clone(), name.clone())) {
                    now.push((Arc::clone(instance), name.clone(), *socket));
                }
            }
        }
        let same = now == self.figures;
        self.looks += 1;
        if !same {
            self.figures = now;
            self.since = Instant::now();
            self.looks = 0;
        }
        same
    }

    /// Whether nothing has moved for so long.
    fn is_quiet(&self, needed: Duration) -> bool {
        self.since.elapsed() >= needed && self.looks >= QUIET_LOOKS
    }
}

impl Supervisor {
    /// Waits until what a plan disturbs is calm, or the time is over.
    pub(super) async fn wait_for_calm(
        &self,
        impact: &Impact,
        expected: &BTreeMap<SocketName, u64>,
        patience: Duration,
    ) -> Calm {
        let begun = Instant::now();
        let mut watched: Vec<Watched> = impact.groups.iter().map(|_| Watched::default()).collect();
        loop {
            let snapshot = self.figures_in(impact).await;
            let outsiders = self.outsiders(impact, &snapshot, expected);
            let mut calm = !snapshot.values().any(|figures| figures.unanswered);
            let unsent = snapshot.values().any(|figures| figures.unsent);
            for (group, watched) in impact.groups.iter().zip(&mut watched) {
                // A server whose clients are all outside the file has nothing to wait for: it
                // answers until it is replaced.
                let has_peers = |key: &SocketName| outsiders.contains_key(key);
                if group.sockets.len() == 1
                    && group.sockets.iter().all(|(node, _)| impact.only_answers(node, has_peers))
                {
                    continue;
                }
                let still = watched.is_as_before(group, &snapshot, &self.nodes);
                let owing = self.owes(impact, group, &snapshot);
                let alone = !group.sockets.iter().any(|socket| outsiders.contains_key(socket));
                let counts = group.balances && alone && !self.had_outsiders(group, &snapshot);
                let balanced = counts && self.under_way(&group.sockets, &snapshot) == 0;
                let needed = match (unsent, owing) {
                    (true, _) => QUIET_WHILE_UNSENT,
                    (false, true) => QUIET_WHILE_OWING,
                    (false, false) if counts => QUIET_WHILE_UNBALANCED,
                    (false, false) => QUIET,
                };
                let quiet = watched.is_quiet(needed);
                calm &= if alone {
                    still && (quiet || balanced && !owing && !unsent)
                } else {
                    quiet || !unsent && begun.elapsed() >= OUTSIDE_PATIENCE
                };
            }
            if calm || begun.elapsed() >= patience {
                let stashed = snapshot.values().flat_map(|figures| figures.sockets.values());
                return Calm {
                    reached: calm && !unsent,
                    stashed: stashed.map(|socket| socket.stashed).sum(),
                    outsiders,
                };
            }
            tokio::time::sleep(LOOK).await;
        }
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
                let rest = (Arc::clone(&handle.instance), name.clone());
                let at_rest = self.at_rest.get(&rest).map_or(0, |rest| rest.difference);
                sockets.contains(&socket_name).then(|| (socket_name, difference(socket) - at_rest))
            })
        })
    }

    /// Sent minus received in a group, since it was last at rest.
    fn under_way(&self, group: &BTreeSet<SocketName>, snapshot: &Snapshot) -> i128 {
        self.of_group(group, snapshot).map(|(_, difference)| difference).sum()
    }

    /// Whether a socket of a group that has to answer, and is replaced or goes, took more than it
    /// answered since it was last at rest.
    fn owes(&self, impact: &Impact, group: &Group, snapshot: &Snapshot) -> bool {
        self.of_group(&group.sockets, snapshot)
            .any(|(socket, difference)| impact.answerers.contains(&socket) && difference < 0)
    }

    /// Takes what sent and received differ by now as the state of rest: what was lost before, or
    /// went to peers that are gone, never arrives.
    pub(super) async fn remember_rest(&mut self, impact: &Impact) {
        for (instance, figures) in self.figures_in(impact).await {
            for (name, socket) in figures.sockets {
                let rest = Rest { difference: difference(&socket), turnover: socket.turnover };
                self.at_rest.insert((Arc::clone(&instance), name), rest);
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
                let fresh = Rest { difference: difference(&figures), turnover: 0 };
                let key = (Arc::clone(&handle.instance), socket.name.clone());
                self.at_rest.entry(key).or_insert(fresh).turnover = figures.turnover;
            }
        }
    }

    /// Whether anybody came or went in a group since all its links inside the file were up: peers
    /// outside the file, then, who sent or took what nobody else counts.
    fn had_outsiders(&self, group: &Group, snapshot: &Snapshot) -> bool {
        self.nodes.values().any(|handle| {
            let figures = snapshot.get(&handle.instance);
            figures.into_iter().flat_map(|figures| &figures.sockets).any(|(name, socket)| {
                let rest = self.at_rest.get(&(Arc::clone(&handle.instance), name.clone()));
                group.sockets.contains(&(handle.node.clone(), name.clone()))
                    && rest.is_none_or(|rest| rest.turnover != socket.turnover)
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
