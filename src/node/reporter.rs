//! How a node tells what happens, under its name and those of its sockets.
//!
//! Owns how a flood of the same is kept down, and that each failure that is told is counted. Never
//! decides what is worth telling.

use std::sync::Arc;
use std::time::Instant;

use super::limiter::Limiter;
use crate::clock;
use crate::counters::{DropReason, NodeCounters};
use crate::event::{Event, EventKind, Events};

/// Tells what happens in a node.
pub(super) struct Reporter {
    events: Events,
    instance: Arc<str>,
    counters: Arc<NodeCounters>,
    /// The names of the node's sockets, by their places.
    sockets: Vec<Arc<str>>,
    limiter: Limiter,
}

impl Reporter {
    pub(super) fn new(events: &Events, instance: &Arc<str>, counters: &Arc<NodeCounters>) -> Self {
        Self {
            events: events.clone(),
            instance: Arc::clone(instance),
            counters: Arc::clone(counters),
            sockets: Vec::new(),
            limiter: Limiter::default(),
        }
    }

    /// Calls the sockets so from now on, by their places.
    pub(super) fn call_sockets(&mut self, names: Vec<Arc<str>>) {
        self.sockets = names;
    }

    /// Tells an event.
    pub(super) fn emit(&self, socket: Option<usize>, kind: EventKind) {
        self.emit_repeated(socket, kind, 0);
    }

    /// Tells an event that a peer or a broken handler could cause without end.
    pub(super) fn emit_limited(&mut self, socket: Option<usize>, kind: EventKind) {
        if let Some(repeated) = self.limiter.admit(socket, &kind, clock::now()) {
            self.emit_repeated(socket, kind, repeated);
        }
    }

    /// Counts and tells that something failed on a socket.
    pub(super) fn failed(&mut self, place: usize, error: String) {
        self.counters.failed.add(1);
        self.emit_limited(Some(place), EventKind::Failed { error });
    }

    /// Tells of a dropped message; where every message is to be delivered it counts as a failure too.
    pub(super) fn dropped(&mut self, place: usize, reason: DropReason, is_mandatory: bool) {
        if is_mandatory {
            let error =
                format!("router_mandatory: a message could not be delivered ({})", reason.word());
            self.failed(place, error);
        } else {
            self.emit_limited(Some(place), EventKind::Dropped { reason, count: 1 });
        }
    }

    /// When [`Reporter::tell_held`] has something.
    pub(super) fn due(&self) -> Option<Instant> {
        self.limiter.due()
    }

    /// Tells what was held back for long enough.
    pub(super) fn tell_held(&mut self, now: Instant) {
        for held in self.limiter.take_due(now) {
            self.emit_repeated(held.socket, held.kind, held.repeated);
        }
    }

    /// Tells all that was held back: the node ends.
    pub(super) fn tell_all_held(&mut self) {
        for held in self.limiter.take_all(clock::now()) {
            self.emit_repeated(held.socket, held.kind, held.repeated);
        }
    }

    fn emit_repeated(&self, socket: Option<usize>, mut kind: EventKind, mut repeated: u64) {
        // Messages are counted, not times: together they are what the figures say.
        if let EventKind::Dropped { count, .. } = &mut kind {
            *count += std::mem::take(&mut repeated);
        }
        self.events.emit(Event {
            node: Arc::clone(&self.instance),
            socket: socket.and_then(|place| self.sockets.get(place)).cloned(),
            kind,
            repeated,
        });
    }
}
