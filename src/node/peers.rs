//! What libzmq tells of a socket's peers, and what follows from it.
//!
//! Owns the figures, events and second tries that come of a connection's beginning, end or failure.
//! Never calls a handler: what `on_peer` should hear is queued.

use std::sync::Arc;
use std::time::Instant;

use super::connections::Connections;
use super::handshake::unsaid;
use super::known_peers::{Ends, Parting};
use super::monitor::{MonitorEvent, MonitorKind};
use super::notes::Notes;
use super::observation::Inquiries;
use super::socket::NodeSocket;
use super::unreached::{Overdue, the_one_like};
use crate::event::EventKind;
use crate::script::PeerEventKind;
use crate::snapshot::ConnectionSnapshot;
use crate::topology::Attachment;
use crate::zeromq::{OptionName, OptionValue, Role, Side};

/// A socket whose peers something happened to, and those parts of its node that hear of it.
pub(super) struct Peers<'n> {
    pub(super) place: usize,
    pub(super) socket: &'n mut NodeSocket,
    pub(super) connections: &'n mut Connections,
    pub(super) inquiries: &'n mut Inquiries,
    pub(super) notes: Notes<'n>,
    /// Whether the node neither stops nor is about to.
    pub(super) is_open: bool,
    pub(super) now: Instant,
}

impl Peers<'_> {
    /// Reads all that was told.
    pub(super) fn read(&mut self) {
        while let Some(event) = self.socket.monitor.as_ref().and_then(|monitor| monitor.next()) {
            self.happened(event);
        }
    }

    fn happened(&mut self, event: MonitorEvent) {
        let MonitorEvent { kind, local, remote } = event;
        match kind {
            MonitorKind::Connected { user } => self.connected(local, remote, user),
            MonitorKind::Disconnected => self.disconnected((local, remote)),
            MonitorKind::Queues { outbound, inbound, unsent } => {
                let told = ConnectionSnapshot { local, remote, outbound, inbound };
                self.inquiries.note(self.place, told, unsent);
            }
            MonitorKind::Unreached { errno } => {
                let spec = &self.socket.spec;
                // A proxy looks the name up for itself.
                let ipv4_only =
                    !spec.is_on("ipv6") && !spec.options.contains_key(&OptionName("socks_proxy"));
                self.socket.unreached.failed(&remote, errno, ipv4_only);
            }
            MonitorKind::TurnedAway => {
                let why = "a peer of the same identity is connected already, and this one is not \
                           heard; with `router_handover: true` the later one takes its place"
                    .to_owned();
                self.tell_limited(EventKind::HandshakeFailed { why, endpoint: remote });
            }
            // A STREAM has no handshake, so libzmq takes every end of its connections for a failed one.
            MonitorKind::HandshakeFailed { .. } if self.socket.spec.role == Role::Stream => {}
            MonitorKind::HandshakeFailed { why, final_ } => {
                self.socket.peers.refuse((local, remote.clone()));
                self.handshake_failed(why, remote, final_);
            }
        }
    }

    fn connected(&mut self, local: String, remote: String, user: Option<Arc<str>>) {
        let socket = &mut *self.socket;
        let was_lost = socket.peers.meet((local.clone(), remote.clone()));
        socket.counters.peers.add(1);
        let most = socket.counters.peers_most.get().max(socket.counters.peers.get());
        socket.counters.peers_most.set(most);
        let attempt = socket.unreached.end(&remote);
        if was_lost {
            socket.counters.reconnects.add(1);
        }
        socket.counters.connects.add(1);
        match self.place_at(&remote) {
            Some((place, endpoint)) => {
                let since = attempt.map_or(self.now, |attempt| attempt.since());
                let waited = self.now.saturating_duration_since(since);
                self.tell_limited(EventKind::PlaceThere { place, endpoint, waited });
            }
            None => self.tell(EventKind::PeerConnected { endpoint: remote.clone() }),
        }
        if let Some(user) = &user {
            self.socket.peers.call((local, remote.clone()), Arc::clone(user));
        }
        self.notes.peer(PeerEventKind::Connected, self.place, remote, user);
    }

    fn disconnected(&mut self, key: Ends) {
        let socket = &mut *self.socket;
        let user = socket.peers.called(&key);
        match socket.peers.part(&key) {
            Parting::Wanted => return,
            Parting::BeforeItsHandshake { is_told } => {
                return self.ended_in_handshake(key, is_told);
            }
            Parting::OfAPeer => {}
        }
        socket.counters.peers.subtract(1);
        socket.counters.disconnects.add(1);
        let endpoint = key.1;
        if socket.connected.contains(&endpoint) {
            socket.peers.lose(endpoint.clone());
            socket.unreached.begin(&endpoint, self.now);
        }
        self.tell_disconnected(endpoint.clone());
        self.notes.peer(PeerEventKind::Disconnected, self.place, endpoint, user);
    }

    /// A connection ended that never got through its handshake. Of most reasons libzmq tells
    /// before; that the socket types do not fit, it keeps to itself.
    fn ended_in_handshake(&mut self, key: Ends, is_told: bool) {
        let socket = &*self.socket;
        // A STREAM has no handshake, and a node that stops ends connections itself.
        if !is_told && self.is_open && socket.spec.role != Role::Stream {
            let is_ours = socket.connected.contains(&key.1);
            let side = if is_ours { Side::Connect } else { Side::Bind };
            let why = unsaid(socket.spec.mechanism(side)).to_owned();
            self.handshake_failed(why, key.1, true);
        }
    }

    fn handshake_failed(&mut self, why: String, endpoint: String, final_: bool) {
        let socket = &mut *self.socket;
        socket.counters.handshakes_failed.add(1);
        let is_ours = socket.connected.contains(&endpoint);
        let is_told = is_ours && !socket.unreached.refused(&endpoint, &why);
        if final_ && is_ours {
            self.connections.given_up(self.place, endpoint.clone(), self.now);
        }
        if self.socket.spec.admission.is_some() && !is_ours {
            self.notes.refused(self.place, endpoint.clone(), why.clone());
            self.tell_limited(EventKind::Refused { why, endpoint });
        } else if !is_told {
            self.tell_limited(EventKind::HandshakeFailed { why, endpoint });
        }
    }

    /// libzmq does not tell that a message was too large, only that the connection ended.
    fn tell_disconnected(&mut self, endpoint: String) {
        match self.socket.spec.options.get(&OptionName("maxmsgsize")) {
            Some(OptionValue::Long(limit)) if *limit >= 0 && self.is_open => {
                let kind = EventKind::LimitedPeerGone { endpoint, maxmsgsize: *limit };
                self.tell_limited(kind);
            }
            Some(_) | None => match self.place_at(&endpoint).filter(|_| self.is_open) {
                Some((place, endpoint)) => {
                    self.tell_limited(EventKind::PlaceAway { place, endpoint });
                }
                None => self.tell(EventKind::PeerDisconnected { endpoint }),
            },
        }
    }

    /// Says which endpoints have had no connection for long.
    pub(super) fn tell_unreached(&mut self) {
        if self.socket.unreached.due().is_none_or(|due| due > self.now) {
            return;
        }
        for overdue in self.socket.unreached.take_due(self.now) {
            let Overdue { endpoint, waited, why } = overdue;
            let place = self.place_at(&endpoint).map(|(place, _)| place);
            self.tell(EventKind::Unreached { endpoint, place, waited, why });
        }
    }

    /// Which other place of the file is at an endpoint, as the file writes that.
    fn place_at(&self, remote: &str) -> Option<(String, String)> {
        let attachments = &self.socket.spec.attachments;
        let places = attachments.iter().filter_map(|attachment| match attachment {
            Attachment::ConnectPlace { place, endpoint } => Some((place, endpoint.as_str())),
            Attachment::Bind(_) | Attachment::Connect(_) | Attachment::ConnectNode { .. } => None,
        });
        let found = the_one_like(remote, places.clone().map(|(_, endpoint)| endpoint))?;
        let (place, endpoint) = places.into_iter().find(|(_, endpoint)| *endpoint == found)?;
        Some((place.clone(), endpoint.to_owned()))
    }

    fn tell(&self, kind: EventKind) {
        self.notes.reporter.emit(Some(self.place), kind);
    }

    fn tell_limited(&mut self, kind: EventKind) {
        self.notes.reporter.emit_limited(Some(self.place), kind);
    }
}
