//! CURVE at one socket: whose certificate it has, and whom it knows.
//!
//! Owns which end of a handshake the socket is at each side. Who may come is `admission`'s.

use std::collections::BTreeMap;

use crate::security::{KeyPair, PublicKey};
use crate::zeromq::Side;

/// Which end of a CURVE handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CurveRole {
    /// Known by its public key, and asks who may come.
    Server,
    /// Knows the server's public key.
    Client,
}

/// A node's certificate, as far as it is here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NodeKey {
    /// All of it.
    Pair(KeyPair),
    /// What others may know: the node runs at another place, which alone has its secret.
    Public(PublicKey),
}

impl NodeKey {
    /// What others know it by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Pair(pair) => pair.public(),
            Self::Public(key) => *key,
        }
    }

    /// Both halves, where they are here.
    #[must_use]
    pub fn pair(&self) -> Option<&KeyPair> {
        match self {
            Self::Pair(pair) => Some(pair),
            Self::Public(_) => None,
        }
    }
}

/// How a socket encrypts and is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CurveSpec {
    /// Its own certificate.
    pub own: NodeKey,
    /// What it is at both sides, if the file says so.
    pub role: Option<CurveRole>,
    /// The public keys of servers, by the endpoint where it meets them.
    pub servers: BTreeMap<String, PublicKey>,
    /// The public key of the server wherever nothing else is known.
    pub server: Option<PublicKey>,
}

impl CurveSpec {
    /// What it is at a side: who binds is the server, unless the file turns that round.
    #[must_use]
    pub fn role_at(&self, side: Side) -> CurveRole {
        self.role.unwrap_or(match side {
            Side::Bind => CurveRole::Server,
            Side::Connect => CurveRole::Client,
        })
    }
}
