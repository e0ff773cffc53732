//! Sockets that were closed and still have something to send: libzmq goes on for their linger.
//!
//! Owns the list of them, and the telling of what they drop in the end. Never holds anybody up.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::raw::{self, Listener};
use crate::event::{Fact, Facts, What};
use crate::lock::locked;

/// The sockets of a context that were closed and are not gone yet.
#[derive(Clone, Debug)]
pub struct Lingering(Arc<Shared>);

/// An instance and its socket.
type Name = (Arc<str>, Arc<str>);

#[derive(Debug)]
struct Shared {
    facts: Facts,
    next: AtomicU64,
    /// By number.
    closed: Mutex<BTreeMap<u64, Name>>,
}

impl Lingering {
    pub(super) fn new(facts: Facts) -> Self {
        Self(Arc::new(Shared { facts, next: AtomicU64::new(0), closed: Mutex::default() }))
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
    pub(super) fn listener(&self, node: Arc<str>, socket: Arc<str>) -> Listener {
        let shared = Arc::clone(&self.0);
        let number = shared.next.fetch_add(1, Relaxed);
        Box::new(move |event, values, local, remote| match u32::try_from(event) {
            Ok(raw::CLOSED) => {
                let names = (Arc::clone(&node), Arc::clone(&socket));
                locked(&shared.closed).insert(number, names);
            }
            Ok(zmq_sys::ZMQ_SYS_EVENT_UNSENT) => {
                let count = values.first().copied().unwrap_or_default();
                let what = What::Unsent { endpoint: peer(local, remote), count };
                let (node, socket) = (Arc::clone(&node), Some(Arc::clone(&socket)));
                shared.facts.tell(Fact { node, socket, what, repeated: 0 });
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
