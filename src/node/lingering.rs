//! Sockets that were closed and still have something to send: libzmq goes on for their linger.
//!
//! Owns the list of them, and the telling of what they drop in the end. Never holds anybody up.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::raw::{self, Listener};
use super::unreached::Unreached;
use crate::event::{Event, EventKind, Events};
use crate::lock::locked;

/// The sockets of a context that were closed and are not gone yet.
#[derive(Clone, Debug)]
pub struct Lingering(Arc<Shared>);

/// An instance and its socket.
type Name = (Arc<str>, Arc<str>);

#[derive(Debug)]
struct Shared {
    events: Events,
    next: AtomicU64,
    /// By number.
    closed: Mutex<BTreeMap<u64, Name>>,
}

/// The endpoints of a socket that have no connection when it is closed.
#[derive(Clone, Default, Debug)]
pub(super) struct Unconnected(Arc<Mutex<Noted>>);

#[derive(Default, Debug)]
struct Noted {
    endpoints: Unreached,
    /// Whether what waits for them has been told.
    told: bool,
}

impl Unconnected {
    pub(super) fn note(&self, endpoints: &Unreached) {
        locked(&self.0).endpoints = endpoints.clone();
    }

    /// What waits for them has been told, so that nothing is to be told at the end.
    pub(super) fn tell_no_more(&self) {
        locked(&self.0).told = true;
    }

    /// What is to be told of messages that were dropped: those that nobody could have got have a
    /// reason of their own.
    fn dropped(&self, endpoint: String, count: u64) -> Option<EventKind> {
        let noted = locked(&self.0);
        match noted.endpoints.known_as(&endpoint) {
            Some(_) if noted.told => None,
            Some(endpoint) => Some(EventKind::NeverSent { endpoint, count }),
            None => Some(EventKind::Unsent { endpoint, count }),
        }
    }
}

impl Lingering {
    /// Whether libzmq tells which closed sockets still send, and what they drop; if not, it has to be
    /// told before.
    pub const IS_TOLD: bool = cfg!(feature = "patched-libzmq");

    pub(super) fn new(events: Events) -> Self {
        Self(Arc::new(Shared { events, next: AtomicU64::new(0), closed: Mutex::default() }))
    }

    /// The sockets that libzmq still sends for, as `node.socket`, each once.
    #[must_use]
    pub fn sockets(&self) -> Vec<String> {
        let closed = locked(&self.0.closed);
        let mut names: Vec<String> =
            closed.values().map(|(node, socket)| format!("{node}.{socket}")).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Lets no closed socket linger for longer than that from now on, whatever it was closed with.
    pub fn end_within(&self, time: Duration) {
        raw::linger_at_most(time);
    }

    /// Hears of a socket from the moment it is closed.
    pub(super) fn listener(
        &self,
        node: Arc<str>,
        socket: Arc<str>,
        unconnected: Unconnected,
    ) -> Listener {
        let shared = Arc::clone(&self.0);
        let number = shared.next.fetch_add(1, Relaxed);
        Box::new(move |event, values, local, remote| match u32::try_from(event) {
            Ok(raw::CLOSED) => {
                let names = (Arc::clone(&node), Arc::clone(&socket));
                locked(&shared.closed).insert(number, names);
            }
            Ok(zmq_sys::ZMQ_SYS_EVENT_UNSENT) => {
                let count = values.first().copied().unwrap_or_default();
                if let Some(kind) = unconnected.dropped(peer(local, remote), count) {
                    let (node, socket) = (Arc::clone(&node), Some(Arc::clone(&socket)));
                    shared.events.emit(Event { node, socket, kind, repeated: 0 });
                }
            }
            Ok(zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED) => {
                locked(&unconnected.0).endpoints.end(&peer(local, remote));
            }
            Ok(zmq_sys::ZMQ_EVENT_MONITOR_STOPPED) => {
                locked(&shared.closed).remove(&number);
            }
            _ => {}
        })
    }
}

/// The peer's end, or ours where libzmq does not say it.
fn peer(local: &CStr, remote: &CStr) -> String {
    let end = if remote.is_empty() { local } else { remote };
    end.to_string_lossy().into_owned()
}
