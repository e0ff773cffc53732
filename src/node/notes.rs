//! What a node notes of messages and subscriptions as they pass its sockets.
//!
//! Owns what follows for its figures, its events and `on_peer`. Never holds a message.

use std::sync::Arc;

use super::arrivals::Arrivals;
use super::incoming::Incoming;
use super::reporter::Reporter;
use super::socket::{NodeSocket, Sent};
use crate::event::EventKind;
use crate::script::{Handler, Level, PeerEvent, PeerEventKind};

/// Those parts of a node that note what passes.
pub(super) struct Notes<'n> {
    pub(super) arrivals: &'n mut Arrivals,
    pub(super) reporter: &'n mut Reporter,
    pub(super) incoming: &'n mut Incoming,
    pub(super) handler: Option<&'n Handler>,
}

impl Notes<'_> {
    /// Notes that a socket has so many messages more, if they are answers.
    pub(super) fn answers(&mut self, socket: &NodeSocket, count: usize) {
        if socket.spec.role.routes() {
            self.arrivals.answer(count);
        }
    }

    /// Notes what became of a message, and tells of one that its socket never takes.
    #[inline]
    pub(super) fn sent(&mut self, place: usize, socket: &NodeSocket, sent: Sent) {
        match sent {
            Sent::Taken => {
                self.answers(socket, 1);
                if socket.delimiters.take() {
                    self.tell_bare(place);
                }
            }
            Sent::Waits => {}
            Sent::Dropped(reason) => {
                self.reporter.dropped(place, reason, socket.spec.is_on("router_mandatory"));
            }
            Sent::Refused(errno) => {
                self.reporter.failed(place, format!("a message could not be sent: {errno}"));
            }
        }
    }

    /// Says that an answer has gone out as its peer does not take it.
    fn tell_bare(&mut self, place: usize) {
        let text = "a message went out without an empty frame behind the id, which all that came had: a \
                    REQ closes its connection over that and waits for ever; send `[id, \"\", text]`";
        self.reporter
            .emit(Some(place), EventKind::Note { level: Level::Warn, text: text.to_owned() });
    }

    /// Notes what a subscriber wants or no longer wants.
    pub(super) fn subscription(
        &mut self,
        place: usize,
        socket: &mut NodeSocket,
        wanted: bool,
        topic: &[u8],
    ) {
        socket.note_wish(wanted, topic);
        self.hear(PeerEvent {
            kind: if wanted { PeerEventKind::Subscribed } else { PeerEventKind::Unsubscribed },
            socket: place,
            endpoint: None,
            topic: Some(topic.to_vec()),
            user: None,
            reason: None,
        });
    }

    /// Notes what happened to a peer.
    pub(super) fn peer(
        &mut self,
        kind: PeerEventKind,
        socket: usize,
        endpoint: String,
        user: Option<Arc<str>>,
    ) {
        let endpoint = Some(endpoint);
        self.hear(PeerEvent { kind, socket, endpoint, topic: None, user, reason: None });
    }

    /// Notes that a peer was not let in.
    pub(super) fn refused(&mut self, socket: usize, endpoint: String, why: String) {
        let (kind, endpoint) = (PeerEventKind::Refused, Some(endpoint));
        self.hear(PeerEvent { kind, socket, endpoint, topic: None, user: None, reason: Some(why) });
    }

    fn hear(&mut self, event: PeerEvent) {
        if self.handler.is_some_and(|handler| handler.handles("on_peer")) {
            self.incoming.hear(event);
        }
    }
}
