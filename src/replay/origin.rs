//! Which of the messages that a recording has came from outside.
//!
//! Owns the comparison with what nodes of the file sent over their links. Never reads a file.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::time::{Duration, SystemTime};

use crate::message::share_all;
use crate::node::{Passed, copy_of, open_envelope};
use crate::topology::{LinkEnd, Topology};
use crate::zeromq::Role;

/// How long a message may be on its way inside the file.
const ON_ITS_WAY: Duration = Duration::from_secs(60);

/// A socket of a node, for all copies of that.
type Port = (String, String);

/// Tells messages of the file's own nodes from those of others.
#[derive(Debug)]
pub(super) struct Origin {
    /// For each socket, those at the other ends of its links.
    linked: BTreeMap<Port, Vec<Port>>,
    /// What was sent to a socket and may be on its way there yet.
    under_way: HashMap<Port, UnderWay>,
}

#[derive(Default, Debug)]
struct UnderWay {
    counts: HashMap<u64, u32>,
    order: VecDeque<(SystemTime, u64)>,
}

impl Origin {
    pub(super) fn of(topology: &Topology) -> Self {
        let port = |end: LinkEnd| {
            let node = &topology.nodes[end.node];
            (node.name.clone(), node.sockets[end.socket].name.clone())
        };
        let mut linked: BTreeMap<Port, Vec<Port>> = BTreeMap::new();
        for link in topology.links() {
            let (one, other) = (port(link.connecter), port(link.binder));
            linked.entry(one.clone()).or_default().push(other.clone());
            linked.entry(other).or_default().push(one);
        }
        Self { linked, under_way: HashMap::new() }
    }

    /// Whether anybody inside the file is linked with a socket.
    pub(super) fn is_linked(&self, instance: &str, socket: &str) -> bool {
        self.linked.contains_key(&port(instance, socket))
    }

    /// Notes a message that a node sent.
    pub(super) fn note_sent(&mut self, passed: &Passed) {
        let Some(receivers) = self.linked.get(&port(&passed.place.instance, &passed.place.socket))
        else {
            return;
        };
        let said = said(passed);
        for receiver in receivers {
            let under_way = self.under_way.entry(receiver.clone()).or_default();
            *under_way.counts.entry(said).or_default() += 1;
            under_way.order.push_back((passed.at, said));
            under_way.forget(passed.at);
        }
    }

    /// Whether nobody inside the file can have sent a message that a node received.
    pub(super) fn is_from_outside(&mut self, passed: &Passed) -> bool {
        let Some(under_way) =
            self.under_way.get_mut(&port(&passed.place.instance, &passed.place.socket))
        else {
            return true;
        };
        let said = said(passed);
        let Some(count) = under_way.counts.get_mut(&said) else { return true };
        // Each subscriber has its own, so that one does not take it from the others.
        if !matches!(passed.place.role, Role::Sub | Role::Xsub) {
            *count -= 1;
            if *count == 0 {
                under_way.counts.remove(&said);
            }
        }
        false
    }
}

impl UnderWay {
    /// Forgets what has been under way for too long.
    fn forget(&mut self, now: SystemTime) {
        while let Some((at, said)) = self.order.front().copied() {
            if now.duration_since(at).unwrap_or_default() < ON_ITS_WAY {
                return;
            }
            self.order.pop_front();
            if let Some(count) = self.counts.get_mut(&said) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&said);
                }
            }
        }
    }
}

/// The socket without its node's copy: `worker.2` is `worker`.
fn port(instance: &str, socket: &str) -> Port {
    (copy_of(instance).0.to_owned(), socket.to_owned())
}

/// What tells one message from another, whatever envelope it has at either end.
fn said(passed: &Passed) -> u64 {
    let payload = match open_envelope(0, passed.place.role, share_all(&passed.frames)) {
        Ok(inbound) => inbound.payload,
        Err((_, payload)) => payload,
    };
    // A DEALER and a REQ may have a delimiter on one side that the other does not show.
    let payload = payload.iter().skip_while(|frame| frame.is_empty());
    let mut hasher = DefaultHasher::new();
    payload.for_each(|frame| frame.hash(&mut hasher));
    hasher.finish()
}
