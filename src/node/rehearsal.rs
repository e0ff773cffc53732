//! Rehearsing a change: what libzmq, the script engine or the system could refuse is tried before
//! anything that runs is touched.
//!
//! Owns the sockets that a change will need, opened beforehand. They have no endpoint, so no peer
//! knows of them, and to drop them is to have done nothing.

use std::rc::Rc;
use std::sync::Arc;

use super::blueprint::{Blueprint, NodeError};
use super::raw::Errno;
use super::socket::{NodeSocket, SocketError, bind_failure};
use crate::counters::SocketCounters;
use crate::script::Engine;
use crate::topology::{Attachment, NodeSpec, SocketSpec};
use crate::zeromq::{Endpoint, Side, Transport};

/// An endpoint that is to be bound and is not bound by the same socket yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The socket, by name.
    pub socket: String,
    /// The endpoint, as the file gives it.
    pub endpoint: String,
    /// The same with the address that libzmq makes of its host.
    pub actual: String,
}

/// What a rehearsal made.
#[derive(Debug)]
pub(super) struct Rehearsed {
    /// Of what.
    spec: Arc<NodeSpec>,
    sockets: Vec<NodeSocket>,
}

impl Rehearsed {
    /// Nothing, of what opens its sockets itself.
    pub(super) fn nothing(spec: &Arc<NodeSpec>) -> Self {
        Self { spec: Arc::clone(spec), sockets: Vec::new() }
    }

    /// The sockets that were opened for a spec; none of another one.
    pub(super) fn sockets_for(self, spec: &NodeSpec) -> Vec<NodeSocket> {
        if *self.spec == *spec { self.sockets } else { Vec::new() }
    }
}

impl Blueprint {
    /// Makes what can be made beforehand of this blueprint, beside the sockets that run, of which some
    /// stay.
    pub(super) fn rehearse(
        &self,
        engine: &Rc<Engine>,
        running: &[NodeSocket],
        stays: impl Fn(&NodeSocket) -> bool,
    ) -> Result<(Rehearsed, Vec<Claim>), NodeError> {
        if let Some(script) = &self.spec.script {
            engine.compile(script).map_err(NodeError::Script)?;
        }
        let (mut sockets, mut claims) = (Vec::new(), Vec::new());
        for (place, spec) in self.spec.sockets.iter().enumerate() {
            let known = running.iter().find(|socket| *socket.name == *spec.name);
            if known.is_some_and(|known| known.spec == *spec) {
                continue;
            }
            let stays = known.filter(|known| stays(known));
            let counters = match known {
                Some(known) => Arc::clone(&known.counters),
                None if running.is_empty() => {
                    self.counters.sockets().get(place).cloned().unwrap_or_default()
                }
                None => Arc::<SocketCounters>::default(),
            };
            let fresh = NodeSocket::open(&self.context, &self.instance, spec, counters)?;
            for endpoint in spec.binds() {
                if stays.is_none_or(|known| !known.bound.contains_key(endpoint.as_str())) {
                    claims.extend(self.claim(spec, endpoint)?);
                }
            }
            for attachment in &spec.attachments {
                let Attachment::Connect(endpoint) = attachment else { continue };
                if stays.is_none_or(|known| !known.connected.contains(&endpoint.to_string())) {
                    can_connect(spec, endpoint)?;
                }
            }
            if stays.is_none() {
                sockets.push(fresh);
            }
        }
        Ok((Rehearsed { spec: Arc::clone(&self.spec), sockets }, claims))
    }

    /// Binds a port of the system's choice with the same host and options, which nobody knows of, to
    /// learn what libzmq makes of them.
    pub(super) fn claim(
        &self,
        spec: &SocketSpec,
        endpoint: &Endpoint,
    ) -> Result<Option<Claim>, SocketError> {
        let actual = match endpoint.transport() {
            Transport::Inproc => return Ok(None),
            Transport::Ipc if endpoint.is_wildcard() => return Ok(None),
            Transport::Ipc => endpoint.to_string(),
            Transport::Tcp | Transport::Ws => {
                let scheme = endpoint.transport().scheme();
                let failed = |why| SocketError::Bind {
                    socket: spec.name.clone(),
                    endpoint: endpoint.to_string(),
                    why,
                    is_taken: false,
                };
                let probe = self.probe(spec)?;
                probe.use_ipv6(endpoint.as_str())?;
                let bound = probe.raw.bind(&format!("{scheme}://{}:*", endpoint.host()));
                bound.map_err(|errno| failed(bind_failure(errno.0, endpoint.as_str())))?;
                let found = probe.raw.last_endpoint().map_err(|errno| failed(errno.to_string()))?;
                let (Some(port), Ok(found)) =
                    (endpoint.port(), Endpoint::parse(&found, Side::Bind))
                else {
                    return Ok(None);
                };
                format!("{scheme}://{}:{port}", found.host())
            }
        };
        let endpoint = endpoint.to_string();
        Ok(Some(Claim { socket: spec.name.clone(), endpoint, actual }))
    }

    fn probe(&self, spec: &SocketSpec) -> Result<NodeSocket, SocketError> {
        NodeSocket::open(&self.context, &self.instance, spec, Arc::default())
    }
}

/// Whether libzmq reads an endpoint as one to connect to. Trying it would reach the peer.
fn can_connect(spec: &SocketSpec, endpoint: &Endpoint) -> Result<(), SocketError> {
    let address = endpoint.address();
    let (address, first, rest) = match endpoint.transport() {
        Transport::Tcp => (address, "[:", ".-:%;[]_*"),
        Transport::Ws => (address.split('/').next().unwrap_or_default(), ".-:%[]_", ".-:%[]_"),
        Transport::Ipc | Transport::Inproc => return Ok(()),
    };
    let takes = |it: char, others: &str| it.is_ascii_alphanumeric() || others.contains(it);
    if address.starts_with(|it| takes(it, first)) && address.chars().all(|it| takes(it, rest)) {
        return Ok(());
    }
    let (socket, endpoint) = (spec.name.clone(), endpoint.to_string());
    Err(SocketError::Connect { socket, endpoint, errno: Errno(libc::EINVAL) })
}
