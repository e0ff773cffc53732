//! The connections that a node expects, has lost and makes again.
//!
//! Owns which expected links are up, and when a connection that libzmq gave up is tried again. Never
//! reads a message.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::reporter::Reporter;
use super::socket::NodeSocket;
use super::state::{Expectation, MissingLink};
use crate::event::EventKind;
use crate::script::{Inbound, PeerEventKind};

/// How long a connection that libzmq gave up rests before it is tried again.
const RECONNECT: Duration = Duration::from_secs(1);

/// A node's connections, beyond what each socket knows of its own.
#[derive(Default)]
pub(super) struct Connections {
    expectation: Expectation,
    /// Who wants to hear when the expected links are up.
    linked: Option<oneshot::Sender<()>>,
    /// What libzmq gave up: when to try again, the place of the socket, and the endpoint.
    reconnects: Vec<(Instant, usize, String)>,
    /// Peers of a STREAM socket that were told as connected.
    stream_peers: BTreeSet<Vec<u8>>,
}

impl Connections {
    /// Waits for these links from now on, and says when they are up.
    pub(super) fn expect(&mut self, expectation: Expectation, linked: oneshot::Sender<()>) {
        self.expectation = expectation;
        self.linked = Some(linked);
    }

    /// Each expected link that is not up, of a node of that name.
    pub(super) fn missing(&self, instance: &str, sockets: &[NodeSocket]) -> Vec<MissingLink> {
        let mut missing = Vec::new();
        for (&place, &(wanted, at_most)) in &self.expectation.peers {
            let Some(socket) = sockets.get(place) else { continue };
            let have = socket.counters.peers.get();
            if have < wanted || have > at_most {
                missing.push(MissingLink {
                    said: format!("{instance}.{}: {have} of {wanted} connections", socket.name),
                    count: wanted.saturating_sub(have) + have.saturating_sub(at_most),
                });
            }
        }
        for (&place, topics) in &self.expectation.topics {
            let Some(socket) = sockets.get(place) else { continue };
            for (topic, &wanted) in topics {
                let have = socket.topics.get(topic).copied().unwrap_or(0);
                if have < wanted {
                    let topic = String::from_utf8_lossy(topic);
                    missing.push(MissingLink {
                        said: format!(
                            "{instance}.{}: {have} of {wanted} subscriptions to {topic:?}",
                            socket.name
                        ),
                        count: u64::from(wanted - have),
                    });
                }
            }
        }
        missing
    }

    /// Says that the expected links are up, once they are.
    pub(super) fn tell_linked(&mut self, instance: &str, sockets: &[NodeSocket]) {
        if self.linked.is_some()
            && self.missing(instance, sockets).is_empty()
            && let Some(linked) = self.linked.take()
        {
            let _ = linked.send(());
            for socket in sockets {
                socket.counters.peers_most.set(socket.counters.peers.get());
            }
        }
    }

    /// Notes a connection that libzmq gave up.
    pub(super) fn given_up(&mut self, place: usize, endpoint: String, now: Instant) {
        self.reconnects.push((now + RECONNECT, place, endpoint));
    }

    /// When the next connection is tried again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.reconnects.iter().map(|(at, _, _)| *at).min()
    }

    /// Tries nothing again: the places of sockets are others now.
    pub(super) fn forget_reconnects(&mut self) {
        self.reconnects.clear();
    }

    /// After a protocol error libzmq never connects again (libzmq#1043), so we do.
    pub(super) fn reconnect(
        &mut self,
        now: Instant,
        sockets: &mut [NodeSocket],
        reporter: &mut Reporter,
    ) {
        if self.reconnects.is_empty() {
            return;
        }
        let due: Vec<_> = self.reconnects.extract_if(.., |(at, _, _)| *at <= now).collect();
        for (_, place, endpoint) in due {
            let socket = &mut sockets[place];
            if socket.peers.has(&endpoint) {
                continue;
            }
            let attempt = socket.unreached.end(&endpoint);
            // libzmq may have forgotten the endpoint already.
            let _ = socket.disconnect(&endpoint);
            socket.connected.retain(|known| *known != endpoint);
            if let Err(error) = socket.connect(&endpoint) {
                reporter.emit_limited(Some(place), EventKind::Failed { error: error.to_string() });
            } else if let Some(attempt) = attempt {
                socket.unreached.resume(&endpoint, attempt);
            }
        }
    }

    /// A STREAM tells connects and disconnects as empty messages: what happened to the peer, if this
    /// was one.
    pub(super) fn stream_peer(&mut self, inbound: &Inbound) -> Option<PeerEventKind> {
        if inbound.payload.iter().any(|frame| !frame.is_empty()) {
            return None;
        }
        let id = inbound.route.as_ref()?.envelope.first()?;
        if self.stream_peers.remove(&**id) {
            return Some(PeerEventKind::Disconnected);
        }
        self.stream_peers.insert(id.to_vec());
        Some(PeerEventKind::Connected)
    }
}
