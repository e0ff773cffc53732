//! What a place tells the others of its counts, and what all of them come to.
//!
//! Owns which sockets are told of, what those before them had counted, and by whom it is told. What is
//! heard is the tally's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::oneshot;

use super::instances::Instances;
use crate::clock;
use crate::counters::{DropReason, SocketCounters};
use crate::message::Multipart;
use crate::node::{Injection, SocketControl, Way, WeakControlSender};
use crate::script::Offered;
use crate::snapshot::{FlowSnapshot, PortSnapshot};
use crate::tally::{Counted, Tally, Told};
use crate::topology::{Exchange, FarPort, Topology};
use crate::zeromq::Role;

/// How long what is told may wait for its turn in a node.
const TURN: Duration = Duration::from_secs(1);

/// A socket that what is told waits for.
type Taken = oneshot::Receiver<Result<Multipart, String>>;

/// What a place has to do with the counts of others.
#[derive(Debug)]
pub(super) struct PlaceCounts {
    tally: Tally,
    /// The name of this run among those of its place.
    run: String,
    /// The place; nothing before the start, and where the whole file runs.
    here: Option<String>,
    exchanges: Vec<Exchange>,
    own: BTreeMap<String, Own>,
    /// By whom the others are told.
    tellers: Vec<(WeakControlSender, String)>,
}

/// A socket of this place.
#[derive(Debug, Default)]
struct Own {
    /// What counts now, if it is there.
    counters: Option<Arc<SocketCounters>>,
    /// What those before it had counted.
    before: Counted,
    /// How many sockets of the file it is connected with.
    peers: u64,
}

impl PlaceCounts {
    /// What is told is kept in this tally.
    pub(super) fn of(tally: Tally) -> Self {
        let since = clock::since_epoch(clock::time_of_day());
        // No run of a place begins when another one did, in a process of the same number.
        let run = format!("{}-{}", since.as_micros(), std::process::id());
        let (here, exchanges, own, tellers) = Default::default();
        Self { tally, run, here, exchanges, own, tellers }
    }

    /// What runs is this from now on.
    pub(super) fn follow(&mut self, topology: &Topology, instances: &Instances) {
        let Some(here) = &topology.here else { return };
        let places = topology.places.iter().map(|place| place.name.as_str());
        self.tally.begin(&self.run, &topology.name, here, places);
        self.here = Some(here.clone());
        self.exchanges.clone_from(&topology.exchanges);
        let mut current: BTreeMap<String, (Arc<SocketCounters>, u64)> = BTreeMap::new();
        for port in self.exchanges.iter().flat_map(|it| it.from.iter().chain(&it.to)) {
            let handle = instances.get(&port.instance).filter(|_| port.place == *here);
            let Some(handle) = handle else { continue };
            let at = topology.node(&handle.node).and_then(|node| node.socket(&port.socket));
            let counters = at.and_then(|at| handle.counters.sockets().get(at).cloned());
            current.extend(counters.map(|counters| (name(port), (counters, port.peers))));
        }
        for (name, own) in &mut self.own {
            own.follow(current.remove(name));
        }
        for (name, found) in current {
            self.own.entry(name).or_default().follow(Some(found));
        }
        self.tellers.clear();
        if self.exchanges.is_empty() {
            return;
        }
        for node in topology.nodes.iter().filter(|node| node.counts) {
            for handle in node.instances().filter_map(|(instance, _)| instances.get(&instance)) {
                let tells = node.sockets.iter().filter(|socket| socket.role == Role::Pub);
                let tells = tells.map(|socket| (handle.control.downgrade(), socket.name.clone()));
                self.tellers.extend(tells);
            }
        }
    }

    /// Tells the others, and whether that is all; each of the results comes when a node has sent it.
    pub(super) fn tell(&self, ended: bool) -> Vec<Taken> {
        if self.tellers.is_empty() {
            return Vec::new();
        }
        let told = self.tally.tell(self.counted(), ended);
        let Ok(told) = serde_json::to_value(told) else { return Vec::new() };
        let mut taken = Vec::new();
        for (control, socket) in &self.tellers {
            let Some(control) = control.upgrade() else { continue };
            let (done, is_done) = oneshot::channel();
            let injection = Injection {
                socket: socket.clone(),
                way: Way::Send { to: None },
                value: Offered::Json(told.clone()),
                tag: None,
                deadline: clock::now() + TURN,
                taken: Arc::new(AtomicBool::new(false)),
                done,
            };
            if control.send(SocketControl::Inject(injection)).is_ok() {
                taken.push(is_done);
            }
        }
        taken
    }

    /// What all places count, as this one knows it.
    pub(super) fn told(&self) -> Told {
        if self.here.is_some() { self.tally.tell(self.counted(), false) } else { self.tally.told() }
    }

    /// What went from place to place, as far as each of them is heard of.
    pub(super) fn flows(&self) -> Vec<FlowSnapshot> {
        if self.tellers.is_empty() {
            return Vec::new();
        }
        let _ = self.tally.tell(self.counted(), false);
        self.exchanges.iter().map(|exchange| self.flow(exchange)).collect()
    }

    fn flow(&self, exchange: &Exchange) -> FlowSnapshot {
        let sums = |ports: &[FarPort]| {
            self.tally.sums(ports.iter().map(|port| (port.place.as_str(), name(port))))
        };
        let (from, to) = (sums(&exchange.from), sums(&exchange.to));
        // Each place tells in its own time: what is received was sent, whatever was told of that.
        let sent = from.zip(to).map(|(from, to)| from.sent.max(to.received + from.dropped));
        let shown = |ports: &[FarPort]| ports.iter().map(shown).collect();
        FlowSnapshot {
            pattern: exchange.pattern.clone(),
            from: shown(&exchange.from),
            to: shown(&exchange.to),
            sent,
            received: from.and(to).map(|to| to.received),
            dropped: from.filter(|_| to.is_some()).map(|from| from.dropped),
            waiting: sent
                .zip(from)
                .zip(to)
                .map(|((sent, from), to)| sent - to.received - from.dropped),
        }
    }

    fn counted(&self) -> BTreeMap<String, Counted> {
        self.own.iter().map(|(name, own)| (name.clone(), own.counted())).collect()
    }
}

impl Own {
    /// These count from now on, connected with so many sockets of the file.
    fn follow(&mut self, found: Option<(Arc<SocketCounters>, u64)>) {
        let (counters, peers) = found.map_or((None, self.peers), |(it, peers)| (Some(it), peers));
        let is_same = match (&self.counters, &counters) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, _) | (_, None) => false,
        };
        if !is_same {
            self.before = self.counted();
        }
        (self.counters, self.peers) = (counters, peers);
    }

    fn counted(&self) -> Counted {
        let Some(counters) = &self.counters else {
            return Counted { strangers: false, ..self.before };
        };
        let refused = [DropReason::Unroutable, DropReason::Full];
        let refused: u64 = refused.iter().map(|it| counters.dropped[*it as usize].get()).sum();
        Counted {
            sent: self.before.sent + counters.messages_out.get() + refused,
            received: self.before.received + counters.arrived(),
            dropped: self.before.dropped + refused,
            strangers: counters.peers.get() > self.peers,
        }
    }
}

fn name(port: &FarPort) -> String {
    format!("{}.{}", port.instance, port.socket)
}

fn shown(port: &FarPort) -> PortSnapshot {
    PortSnapshot {
        place: Some(port.place.clone()),
        instance: port.instance.clone(),
        socket: port.socket.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_takes_the_place_of_another_goes_on_counting() {
        let counters = || Arc::<SocketCounters>::default();
        let (first, second) = (counters(), counters());
        let mut own = Own::default();
        own.follow(Some((Arc::clone(&first), 1)));
        first.messages_out.add(5);
        own.follow(Some((Arc::clone(&first), 1)));
        assert_eq!(own.counted().sent, 5);
        own.follow(None);
        assert_eq!(own.counted().sent, 5, "what it counted stays");
        own.follow(Some((Arc::clone(&second), 1)));
        second.messages_out.add(2);
        second.peers.set(2);
        let counted = own.counted();
        assert_eq!((counted.sent, counted.received, counted.strangers), (7, 0, true));
    }
}
