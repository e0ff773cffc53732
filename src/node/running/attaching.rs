//! Endpoints that handlers have bound and let go of while the node runs.
//!
//! Owns what handlers are told of it. How an endpoint comes to be free is `binding`'s.

use std::task::{Context, Waker};
use std::time::Instant;

use super::Node;
use crate::event::EventKind;
use crate::node::binding::Done;
use crate::node::socket::SocketError;
use crate::script::{EndpointCall, PeerEventKind};
use crate::zeromq::{Endpoint, Side};

impl Node {
    /// Binds what handlers want bound, as far as that goes now.
    pub(super) fn advance_bindings(&mut self, now: Instant) {
        // What has not come yet wakes the node in its sleep.
        let task = &mut Context::from_waker(Waker::noop());
        while let Some(done) = self.bindings.advance(now, &mut self.sockets, task) {
            let Done { socket, wanted, result } = done;
            match result {
                Ok(actual) => self.is_bound(socket, actual),
                Err(error) => self.failed_later(&wanted, &error),
            }
        }
    }

    fn is_bound(&mut self, place: usize, actual: String) {
        self.share_endpoints();
        self.reporter.emit(Some(place), EventKind::Bound { endpoint: actual.clone() });
        let (_, _, _, mut notes) = self.sending();
        notes.peer(PeerEventKind::Bound, place, actual, None);
    }

    /// Binds what the handlers of the node had bound whose place this one takes.
    pub(super) fn bind_as_before(&mut self, bound: &[(String, String)]) {
        for (name, endpoint) in bound {
            let place = self.sockets.iter().position(|socket| *socket.name == **name);
            let place = place.filter(|&place| !self.sockets[place].bound.contains_key(endpoint));
            if let (Some(place), Ok(wanted)) = (place, Endpoint::parse(endpoint, Side::Bind)) {
                self.sockets[place].last_endpoint.get_or_insert_with(|| endpoint.clone());
                self.bindings.add(place, Box::new(EndpointCall::again(wanted)));
            }
        }
        self.share_endpoints();
    }

    /// Lets go of what handlers have bound, since others begin anew.
    pub(super) fn unbind_all(&mut self) {
        self.bindings.clear();
        for socket in &mut self.sockets {
            for endpoint in std::mem::take(&mut socket.bound_by_handlers) {
                // What cannot be let go of is told when it is bound again.
                let _ = socket.unbind(&endpoint);
            }
        }
    }

    /// Lets go of an endpoint, bound or yet to be.
    pub(super) fn unbind(&mut self, place: usize, wanted: &EndpointCall) {
        if self.bindings.forget(place, wanted.endpoint.as_str()) {
            return;
        }
        if let Err(error) = self.sockets[place].unbind_for_handler(wanted.endpoint.as_str()) {
            self.failed_later(wanted, &error);
        }
    }

    /// What a call wanted done when it was over has failed.
    fn failed_later(&mut self, wanted: &EndpointCall, error: &SocketError) {
        if let Some(handler) = &self.handler {
            let error = handler.failed_later(wanted, error.to_string());
            self.failed(error);
        }
    }

    /// Lets handlers know what the sockets were bound to last.
    pub(super) fn share_endpoints(&mut self) {
        self.log.bound();
        let Some(handler) = &self.handler else { return };
        for (place, socket) in self.sockets.iter().enumerate() {
            handler.know_endpoint(place, socket.last_endpoint.as_deref());
        }
    }
}
