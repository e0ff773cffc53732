//! What a node does beside messages: monitor events, subscriptions, reconnecting, telling events.
//!
//! Owns the reading of monitors and of a publisher's subscriptions. Never calls a handler: what
//! `on_peer` should hear is queued.

use std::time::{Duration, Instant};

use super::forward::Forward;
use super::inbox::subscription;
use super::monitor::{MonitorEvent, MonitorKind};
use super::observation::Observation;
use super::socket::NodeSocket;
use super::state::MissingLink;
use super::task::{Node, Phase};
use super::unreached::Overdue;
use crate::counters::DropReason;
use crate::event::{Event, EventKind};
use crate::script::{Inbound, PeerEvent, PeerEventKind};
use crate::snapshot::ConnectionSnapshot;
use crate::zeromq::{OptionName, OptionValue, Role};

/// How long a connection that libzmq gave up rests before it is tried again.
const RECONNECT: Duration = Duration::from_secs(1);
/// How many peer events may wait for `on_peer`.
const PEER_EVENTS_MAX: usize = 100_000;

impl Node {
    /// Reads monitors and subscriptions, and reconnects what libzmq gave up.
    pub(super) fn service(&mut self, now: Instant) {
        for place in 0..self.sockets.len() {
            while let Some(event) =
                self.sockets[place].monitor.as_ref().and_then(|monitor| monitor.next())
            {
                self.on_monitor_event(place, event, now);
            }
            if self.is_serviced(place) {
                self.read_subscriptions(place);
            }
            self.sockets[place].share_interest();
            if !self.sockets[place].deferred_replies.is_empty() {
                self.sockets[place].send_parked();
            }
        }
        self.reconnect(now);
        if self.linked.is_some()
            && self.missing_links().is_empty()
            && let Some(linked) = self.linked.take()
        {
            let _ = linked.send(());
            for socket in &self.sockets {
                socket.counters.peers_most.set(socket.counters.peers.get());
            }
        }
    }

    /// Whether subscriptions are read here, whatever the node is doing: always on `pub`, and on
    /// `xpub` until the node starts.
    pub(super) fn is_serviced(&self, place: usize) -> bool {
        let role = self.sockets[place].spec.role;
        let forwarded = self.forwards.iter().any(|forward| forward.from == place);
        let shows_subscriptions = role == Role::Pub && !self.sockets[place].spec.is_on("conflate");
        shows_subscriptions || role == Role::Xpub && self.phase == Phase::Attaching && !forwarded
    }

    fn read_subscriptions(&mut self, place: usize) {
        while self.sockets[place].readable {
            let before = self.sockets[place].counters.messages_in.get();
            let Some(frames) = self.sockets[place].receive() else { break };
            if let Some((wanted, topic)) = subscription(&frames) {
                self.subscription_changed(place, wanted, topic);
            }
            debug_assert!(self.sockets[place].counters.messages_in.get() > before);
        }
    }

    /// Notes what a subscriber wants or no longer wants.
    pub(super) fn subscription_changed(&mut self, place: usize, wanted: bool, topic: &[u8]) {
        let socket = &mut self.sockets[place];
        let count = socket.topics.entry(topic.to_vec()).or_default();
        *count = if wanted { count.saturating_add(1) } else { count.saturating_sub(1) };
        if *count == 0 {
            socket.topics.remove(topic);
        }
        if wanted || !socket.topics.contains_key(topic) {
            socket.fanout.notice(topic, wanted);
        }
        let total: u64 = socket.topics.values().map(|&count| u64::from(count)).sum();
        socket.counters.subscriptions.set(total);
        self.queue_peer_event(PeerEvent {
            kind: if wanted { PeerEventKind::Subscribed } else { PeerEventKind::Unsubscribed },
            socket: place,
            endpoint: None,
            topic: Some(topic.to_vec()),
        });
    }

    fn on_monitor_event(&mut self, place: usize, event: MonitorEvent, now: Instant) {
        match event.kind {
            MonitorKind::Connected => {
                let socket = &mut self.sockets[place];
                *socket.peers.entry((event.local, event.remote.clone())).or_default() += 1;
                socket.counters.peers.add(1);
                let most = socket.counters.peers_most.get().max(socket.counters.peers.get());
                socket.counters.peers_most.set(most);
                socket.unreached.end(&event.remote);
                if socket.lost.remove(&event.remote) {
                    socket.counters.reconnects.add(1);
                }
                socket.counters.connects.add(1);
                self.emit(Some(place), EventKind::PeerConnected { endpoint: event.remote.clone() });
                self.queue_peer_event(peer(PeerEventKind::Connected, place, event.remote));
            }
            MonitorKind::Disconnected => {
                let key = (event.local, event.remote);
                let socket = &mut self.sockets[place];
                if socket.forgotten.remove(&key).is_some() {
                    return;
                }
                let Some(count) = socket.peers.get_mut(&key) else {
                    self.ended_in_handshake(place, key, now);
                    return;
                };
                *count -= 1;
                if *count == 0 {
                    socket.peers.remove(&key);
                }
                socket.counters.peers.subtract(1);
                socket.counters.disconnects.add(1);
                if socket.connected.contains(&key.1) {
                    socket.lost.insert(key.1.clone());
                    socket.unreached.begin(&key.1, now);
                }
                let endpoint = key.1;
                self.tell_disconnected(place, endpoint.clone());
                self.queue_peer_event(peer(PeerEventKind::Disconnected, place, endpoint));
            }
            MonitorKind::Queues { outbound, inbound, unsent } => {
                let MonitorEvent { local, remote, .. } = event;
                if let Some(inquiry) = &mut self.inquiry {
                    let told = ConnectionSnapshot { local, remote, outbound, inbound };
                    inquiry.note(place, told, unsent);
                }
            }
            MonitorKind::Unreached { errno } => {
                let socket = &mut self.sockets[place];
                // A proxy looks the name up for itself.
                let ipv4_only = !socket.spec.is_on("ipv6")
                    && !socket.spec.options.contains_key(&OptionName("socks_proxy"));
                socket.unreached.failed(&event.remote, errno, ipv4_only);
            }
            MonitorKind::TurnedAway => {
                let why = "a peer of the same identity is connected already, and this one is not \
                           heard; with `router_handover: true` the later one takes its place"
                    .to_owned();
                let kind = EventKind::HandshakeFailed { why, endpoint: event.remote };
                self.emit_limited(Some(place), kind);
            }
            // A STREAM has no handshake, so libzmq takes every end of its connections for a failed one.
            MonitorKind::HandshakeFailed { .. }
                if self.sockets[place].spec.role == Role::Stream => {}
            MonitorKind::HandshakeFailed { why, final_ } => {
                let key = (event.local, event.remote);
                self.sockets[place].refused = Some(key.clone());
                self.handshake_failed(place, why, key.1, final_, now);
            }
        }
    }

    /// A connection ended that never got through its handshake. Of most reasons libzmq tells
    /// before; that the socket types do not fit, it keeps to itself.
    fn ended_in_handshake(&mut self, place: usize, key: (String, String), now: Instant) {
        let socket = &mut self.sockets[place];
        let is_told = socket.refused.take().is_some_and(|refused| refused == key);
        let is_open = matches!(self.phase, Phase::Attaching | Phase::Running);
        // A STREAM has no handshake, and a node that stops ends connections itself.
        if !is_told && is_open && socket.spec.role != Role::Stream {
            let why = super::monitor::unsaid(socket.spec.mechanism()).to_owned();
            self.handshake_failed(place, why, key.1, true, now);
        }
    }

    fn handshake_failed(
        &mut self,
        place: usize,
        why: String,
        endpoint: String,
        final_: bool,
        now: Instant,
    ) {
        let socket = &mut self.sockets[place];
        socket.counters.handshakes_failed.add(1);
        let is_ours = socket.connected.contains(&endpoint);
        let is_told = is_ours && !socket.unreached.refused(&endpoint, &why);
        if final_ && is_ours {
            self.reconnects.push((now + RECONNECT, place, endpoint.clone()));
        }
        if !is_told {
            self.emit_limited(Some(place), EventKind::HandshakeFailed { why, endpoint });
        }
    }

    /// libzmq does not tell that a message was too large, only that the connection ended.
    fn tell_disconnected(&mut self, place: usize, endpoint: String) {
        let limit = self.sockets[place].spec.options.get(&OptionName("maxmsgsize"));
        let running = matches!(self.phase, Phase::Attaching | Phase::Running);
        match limit {
            Some(OptionValue::Long(limit)) if *limit >= 0 && running => {
                let kind = EventKind::LimitedPeerGone { endpoint, maxmsgsize: *limit };
                self.emit_limited(Some(place), kind);
            }
            Some(_) | None => self.emit(Some(place), EventKind::PeerDisconnected { endpoint }),
        }
    }

    /// After a protocol error libzmq never connects again (libzmq#1043), so we do.
    fn reconnect(&mut self, now: Instant) {
        if self.reconnects.is_empty() {
            return;
        }
        let due: Vec<_> = self.reconnects.extract_if(.., |(at, _, _)| *at <= now).collect();
        for (_, place, endpoint) in due {
            let socket = &mut self.sockets[place];
            if socket.peers.keys().any(|(_, remote)| *remote == endpoint) {
                continue;
            }
            let attempt = socket.unreached.end(&endpoint);
            // libzmq may have forgotten the endpoint already.
            let _ = socket.disconnect(&endpoint);
            socket.connected.retain(|known| *known != endpoint);
            if let Err(error) = socket.connect(&endpoint) {
                self.emit_limited(Some(place), EventKind::Failed { error: error.to_string() });
            } else if let Some(attempt) = attempt {
                self.sockets[place].unreached.resume(&endpoint, attempt);
            }
        }
    }

    /// Says which endpoints have had no connection for long.
    pub(super) fn tell_unreached(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Attaching | Phase::Running | Phase::Quiet) {
            return;
        }
        for place in 0..self.sockets.len() {
            if self.sockets[place].unreached.due().is_none_or(|due| due > now) {
                continue;
            }
            for overdue in self.sockets[place].unreached.take_due(now) {
                let Overdue { endpoint, waited, why } = overdue;
                self.emit(Some(place), EventKind::Unreached { endpoint, waited, why });
            }
        }
    }

    /// When an endpoint has had no connection for so long that it is to be said.
    pub(super) fn unreached_due(&self) -> Option<Instant> {
        self.sockets.iter().filter_map(|socket| socket.unreached.due()).min()
    }

    /// Says how many messages wait for endpoints that have no connection, now that the node ends.
    pub(super) fn tell_never_sent(&self, observation: &Observation) {
        for (place, (socket, seen)) in self.sockets.iter().zip(&observation.sockets).enumerate() {
            if !socket.drops_untold() {
                continue;
            }
            socket.unconnected.tell_no_more();
            for endpoint in socket.unreached.endpoints() {
                let waiting = seen.connections.iter().filter(|one| one.remote == *endpoint);
                let count = waiting.map(|one| one.outbound).sum();
                if count > 0 {
                    let endpoint = endpoint.to_owned();
                    self.emit(Some(place), EventKind::NeverSent { endpoint, count });
                }
            }
        }
    }

    /// A STREAM tells connects and disconnects as empty messages; whether this was one.
    pub(super) fn stream_peer_changed(&mut self, inbound: &Inbound) -> bool {
        if inbound.payload.iter().any(|frame| !frame.is_empty()) {
            return false;
        }
        let Some(route) = &inbound.route else { return false };
        let Some(id) = route.envelope.first() else { return false };
        let kind = if self.stream_peers.remove(&**id).is_some() {
            PeerEventKind::Disconnected
        } else {
            self.stream_peers.insert(id.to_vec(), ());
            PeerEventKind::Connected
        };
        self.queue_peer_event(peer(kind, inbound.socket, String::new()));
        true
    }

    fn queue_peer_event(&mut self, event: PeerEvent) {
        let heard = self.handler.as_ref().is_some_and(|handler| handler.handles("on_peer"));
        if heard && self.peer_events.len() < PEER_EVENTS_MAX {
            self.peer_events.push_back(event);
        }
    }

    /// Each expected link that is not up.
    pub(super) fn missing_links(&self) -> Vec<MissingLink> {
        let mut missing = Vec::new();
        let name = &self.blueprint.instance;
        for (&place, &(wanted, at_most)) in &self.expectation.peers {
            let Some(socket) = self.sockets.get(place) else { continue };
            let have = socket.counters.peers.get();
            if have < wanted || have > at_most {
                missing.push(MissingLink {
                    said: format!("{name}.{}: {have} of {wanted} connections", socket.name),
                    count: wanted.saturating_sub(have) + have.saturating_sub(at_most),
                });
            }
        }
        for (&place, topics) in &self.expectation.topics {
            let Some(socket) = self.sockets.get(place) else { continue };
            for (topic, &wanted) in topics {
                let have = socket.topics.get(topic).copied().unwrap_or(0);
                if have < wanted {
                    let topic = String::from_utf8_lossy(topic);
                    missing.push(MissingLink {
                        said: format!(
                            "{name}.{}: {have} of {wanted} subscriptions to {topic:?}",
                            socket.name
                        ),
                        count: u64::from(wanted - have),
                    });
                }
            }
        }
        missing
    }

    /// Counts, and takes, what would be lost with the sockets.
    pub(super) fn count_leftovers(&mut self) {
        let before: Vec<u64> = self.sockets.iter().map(shut_out).collect();
        for effect in std::mem::take(&mut self.pending) {
            if let Some(place) = effect.sends_on() {
                self.sockets[place].counters.drop_one(DropReason::Shutdown);
            }
        }
        for place in self.forwards.iter_mut().flat_map(Forward::give_up) {
            self.sockets[place].counters.drop_one(DropReason::Shutdown);
        }
        for inbound in std::mem::take(&mut self.early) {
            self.sockets[inbound.socket].counters.drop_one(DropReason::Shutdown);
        }
        for place in 0..self.sockets.len() {
            let socket = &mut self.sockets[place];
            for _ in std::mem::take(&mut socket.deferred_replies) {
                socket.counters.drop_one(DropReason::Shutdown);
            }
            for _ in std::mem::take(&mut socket.stash) {
                socket.counters.drop_one(DropReason::Shutdown);
            }
        }
        for (place, before) in before.into_iter().enumerate() {
            let count = shut_out(&self.sockets[place]) - before;
            if count > 0 {
                self.emit(Some(place), EventKind::Dropped { reason: DropReason::Shutdown, count });
            }
        }
        let own = self.sink.iter().filter(|_| !self.is_succeeded);
        for sink in own.chain(&self.old_sinks) {
            let unwritten = sink.unwritten();
            if unwritten.bytes > 0 {
                self.emit(None, unwritten.lost(sink.file()));
            }
        }
    }

    /// Tells an event.
    pub(super) fn emit(&self, socket: Option<usize>, kind: EventKind) {
        self.emit_repeated(socket, kind, 0);
    }

    /// Tells an event that a peer or a broken handler could cause without end.
    pub(super) fn emit_limited(&mut self, socket: Option<usize>, kind: EventKind) {
        if let Some(repeated) = self.limiter.admit(socket, &kind, Instant::now()) {
            self.emit_repeated(socket, kind, repeated);
        }
    }

    /// Tells what was held back for long enough.
    pub(super) fn tell_held(&mut self, now: Instant) {
        for held in self.limiter.take_due(now) {
            self.emit_repeated(held.socket, held.kind, held.repeated);
        }
    }

    /// Tells all that was held back: the node ends.
    pub(super) fn tell_all_held(&mut self) {
        for held in self.limiter.take_all(Instant::now()) {
            self.emit_repeated(held.socket, held.kind, held.repeated);
        }
    }

    fn emit_repeated(&self, socket: Option<usize>, kind: EventKind, repeated: u64) {
        self.blueprint.events.emit(Event {
            node: self.blueprint.instance.clone(),
            socket: socket.and_then(|place| self.sockets.get(place)).map(|it| it.name.clone()),
            kind,
            repeated,
        });
    }
}

fn peer(kind: PeerEventKind, socket: usize, endpoint: String) -> PeerEvent {
    PeerEvent { kind, socket, endpoint: Some(endpoint), topic: None }
}

/// How many messages the end of the node took from a socket.
fn shut_out(socket: &NodeSocket) -> u64 {
    socket.counters.dropped[DropReason::Shutdown as usize].get()
}
