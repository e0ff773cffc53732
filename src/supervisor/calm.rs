//! Waiting until nothing is on its way between held nodes.
//!
//! Owns the two signs of calm: sent equals received where a pattern delivers each message once and
//! no peer outside the file takes part; otherwise, that nothing has moved for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Supervisor;
use super::scope::Scope;
use crate::node::{Control, Figures, SocketFigures};

/// How long nothing must have moved where counts cannot tell.
const QUIET: Duration = Duration::from_millis(20);
/// How often to look.
const LOOK: Duration = Duration::from_millis(1);

/// What went through each instance up to one moment.
type Snapshot = BTreeMap<Arc<str>, Figures>;

/// How the waiting ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Calm {
    /// Whether it became calm in time.
    pub(super) reached: bool,
    /// Sockets that peers outside the file are connected to, with how many.
    pub(super) outsiders: BTreeMap<(String, String), u64>,
    /// Messages that were taken from libzmq to be handled after the change.
    pub(super) stashed: u64,
}

impl Supervisor {
    /// Waits until the scope is calm, or the time is over.
    pub(super) async fn wait_for_calm(
        &self,
        scope: &Scope,
        expected: &BTreeMap<(String, String), u64>,
        patience: Duration,
    ) -> Calm {
        let deadline = Instant::now() + patience;
        let mut last = self.snapshot(scope).await;
        let mut last_movement = Instant::now();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.snapshot(scope).await;
            if now != last {
                last_movement = Instant::now();
            }
            let still = now == last;
            last = now;
            let outsiders = self.outsiders(&last, expected);
            let quiet = last_movement.elapsed() >= QUIET;
            let calm = still
                && !last.values().any(|figures| figures.busy)
                && (quiet || self.balances(scope, &last, &outsiders));
            if calm || Instant::now() >= deadline {
                let stashed = last.values().flat_map(|figures| figures.sockets.values());
                return Calm {
                    reached: calm,
                    stashed: stashed.map(|socket| socket.stashed).sum(),
                    outsiders,
                };
            }
        }
    }

    async fn snapshot(&self, scope: &Scope) -> Snapshot {
        let mut asked = Vec::new();
        for handle in self.nodes.values().filter(|handle| scope.sockets.contains_key(&handle.node))
        {
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

    /// Whether every group has received what it sent since it was last at rest.
    fn balances(
        &self,
        scope: &Scope,
        snapshot: &Snapshot,
        outsiders: &BTreeMap<(String, String), u64>,
    ) -> bool {
        scope.groups.iter().all(|group| {
            let alone = !group.sockets.iter().any(|socket| outsiders.contains_key(socket));
            group.balances && alone && self.under_way(&group.sockets, snapshot) == 0
        })
    }

    /// Sent minus received in a group, since it was last at rest.
    fn under_way(&self, group: &BTreeSet<(String, String)>, snapshot: &Snapshot) -> i128 {
        let mut under_way = 0;
        for handle in self.nodes.values() {
            let Some(figures) = snapshot.get(&handle.instance) else { continue };
            for (name, socket) in &figures.sockets {
                if group.contains(&(handle.node.clone(), name.clone())) {
                    let key = (Arc::clone(&handle.instance), name.clone());
                    let at_rest = self.at_rest.get(&key).copied().unwrap_or(0);
                    under_way += difference(socket) - at_rest;
                }
            }
        }
        under_way
    }

    /// Takes what sent and received differ by now as the state of rest: what was lost before, or
    /// went to peers that are gone, never arrives.
    pub(super) async fn remember_rest(&mut self, scope: &Scope) {
        for (instance, figures) in self.snapshot(scope).await {
            for (name, socket) in figures.sockets {
                self.at_rest.insert((Arc::clone(&instance), name), difference(&socket));
            }
        }
    }

    fn outsiders(
        &self,
        snapshot: &Snapshot,
        expected: &BTreeMap<(String, String), u64>,
    ) -> BTreeMap<(String, String), u64> {
        let mut outsiders = BTreeMap::new();
        for handle in self.nodes.values() {
            let Some(figures) = snapshot.get(&handle.instance) else { continue };
            for (name, socket) in &figures.sockets {
                let key = (handle.node.clone(), name.clone());
                let inside = expected.get(&key).copied().unwrap_or(0);
                if socket.peers > inside {
                    *outsiders.entry(key).or_default() += socket.peers - inside;
                }
            }
        }
        outsiders
    }
}

fn difference(socket: &SocketFigures) -> i128 {
    i128::from(socket.sent) - i128::from(socket.received)
}
