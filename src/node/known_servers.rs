//! The public keys of the CURVE servers of a run, by the endpoint that each is bound to.
//!
//! Owns what only a run knows: ports that the system chose. Never checks a key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::lock::locked;
use crate::security::PublicKey;
use crate::zeromq::{Endpoint, Side};

/// The servers of a run.
#[derive(Clone, Default, Debug)]
pub(super) struct KnownServers(Arc<Mutex<HashMap<String, PublicKey>>>);

impl KnownServers {
    /// A server is bound to what libzmq says is this endpoint.
    pub(super) fn bound(&self, actual: &str, key: PublicKey) {
        locked(&self.0).insert(as_seen_by_peer(actual), key);
    }

    /// It no longer is, unless another one is by now.
    pub(super) fn unbound(&self, actual: &str, key: PublicKey) {
        let mut known = locked(&self.0);
        let seen = as_seen_by_peer(actual);
        if known.get(&seen) == Some(&key) {
            known.remove(&seen);
        }
    }

    /// Whose key a peer meets there.
    pub(super) fn at(&self, endpoint: &str) -> Option<PublicKey> {
        locked(&self.0).get(endpoint).copied()
    }
}

fn as_seen_by_peer(actual: &str) -> String {
    Endpoint::parse(actual, Side::Bind)
        .map_or_else(|_| actual.to_owned(), |bound| bound.as_seen_by_peer().to_string())
}
