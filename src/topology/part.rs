//! Which part of a topology runs here: one place of it, some of its nodes, or all.
//!
//! Owns cutting a topology down to that. What endpoints become at a place is `crossing.rs`'s.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::checked::Topology;
use super::crossing::meeting_point;
use super::exchanges::exchanges;
use super::links::LinkEnd;
use super::spec::{Attachment, NodeSpec, SocketSpec};
use crate::listing::some_of;
use crate::nearest::nearest;

/// The part of a file that runs here.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Part {
    /// Only these nodes; all when empty.
    #[serde(default)]
    pub only: Vec<String>,
    /// Only the nodes of this place, at its addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Hosts at which places are here, whatever the file says: with all their addresses bound.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addresses: BTreeMap<String, String>,
}

/// The file has no such place.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("there is no place {asked}{rest}")]
pub struct NoSuchPlace {
    asked: String,
    /// What was probably meant, and which there are.
    rest: String,
}

/// Why a part of a file cannot run here.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NotHere {
    /// There is no such place.
    #[error("--place: {0}")]
    Place(#[from] NoSuchPlace),
    /// The secret keys of nodes are elsewhere.
    #[error(
        "only the public certificate of {0} is here, and no secret key: that lies where its place \
         runs; run another one by --place, or copy the secret here"
    )]
    Secrets(String),
}

impl NoSuchPlace {
    fn of(topology: &Topology, asked: &str) -> Self {
        let names: Vec<&str> = topology.places.iter().map(|place| &*place.name).collect();
        let rest = match nearest(asked, names.iter().copied()) {
            _ if names.is_empty() => ": the file has no `places`".to_owned(),
            Some(meant) => {
                format!("; {} Its places are {}", plain(&meant.question()), some_of(&names))
            }
            None => format!("; its places are {}", some_of(&names)),
        };
        Self { asked: asked.to_owned(), rest }
    }
}

/// Without the marks of code.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

impl Topology {
    /// The part of it that runs here, if it can.
    ///
    /// # Errors
    ///
    /// When it has no place of that name, or what runs there lacks a secret.
    pub fn runnable(&self, part: &Part) -> Result<Self, NotHere> {
        let part = self.part(part)?;
        let lacking = part.without_secrets();
        if lacking.is_empty() { Ok(part) } else { Err(NotHere::Secrets(some_of(&lacking))) }
    }

    /// The nodes whose secret keys are at the places where they run, and not here.
    fn without_secrets(&self) -> Vec<&str> {
        let lacks = |node: &&NodeSpec| {
            let mut curves = node.sockets.iter().filter_map(|socket| socket.curve.as_ref());
            curves.any(|curve| curve.own.pair().is_none())
        };
        self.nodes.iter().map(Arc::as_ref).filter(lacks).map(|node| &*node.name).collect()
    }

    /// The part of it that runs here.
    ///
    /// # Errors
    ///
    /// When it has no place of that name.
    pub fn part(&self, part: &Part) -> Result<Self, NoSuchPlace> {
        let mut asked = part.addresses.keys().chain(&part.place);
        if let Some(unknown) = asked.find(|name| self.place(name).is_none()) {
            return Err(NoSuchPlace::of(self, unknown));
        }
        let at_place = match &part.place {
            Some(name) => self.moved(&part.addresses).at(name),
            None => self.clone(),
        };
        Ok(if part.only.is_empty() { at_place } else { at_place.only(&part.only) })
    }

    /// The same with places at other hosts.
    fn moved(&self, addresses: &BTreeMap<String, String>) -> Self {
        if addresses.is_empty() {
            return self.clone();
        }
        let mut spec = (**self).clone();
        for place in &mut spec.places {
            if let Some(address) = addresses.get(&place.name) {
                place.address.clone_from(address);
                place.bind_address = None;
            }
        }
        Self::new(spec)
    }

    /// The nodes of a place, at its addresses; all others run elsewhere.
    fn at(&self, place: &str) -> Self {
        let mut spec = (**self).clone();
        for (node, wanted) in spec.nodes.iter_mut().enumerate() {
            for socket in 0..wanted.sockets.len() {
                let deployed = self.deployed(LinkEnd { node, socket });
                let written = &wanted.sockets[socket].attachments;
                if deployed != written.as_slice() {
                    move_to(&mut Arc::make_mut(wanted).sockets[socket], deployed);
                }
            }
        }
        spec.here = Some(place.to_owned());
        spec.exchanges = exchanges(self);
        Self::cut(spec, |node| node.place.as_deref() == Some(place))
    }

    /// The same topology with only these nodes; the others run elsewhere, at the endpoints that the
    /// file gives them.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        // Who runs the rest of the place counts for himself, and nobody for the place.
        let spec = super::TopologySpec { exchanges: Vec::new(), ..(**self).clone() };
        Self::cut(spec, |node| names.contains(&node.name))
    }

    /// The same topology without these nodes, which run elsewhere or not at all.
    #[must_use]
    pub fn without(&self, names: &[String]) -> Self {
        Self::cut((**self).clone(), |node| !names.contains(&node.name))
    }

    /// The same topology with states that are kept in a folder, so that it begins without any.
    #[must_use]
    pub fn keeping_states_in(&self, folder: &Path) -> Self {
        let mut spec = (**self).clone();
        for node in spec.nodes.iter_mut().filter(|node| node.persist.is_some()) {
            let path = folder.join(format!("{}.json", node.name));
            Arc::make_mut(node).persist = Some(path);
        }
        Self::new(spec)
    }

    /// The same topology in the clear: nobody encrypts, says who it is, or is asked. A ZAP handler of the
    /// file is asked nothing.
    #[must_use]
    pub fn in_the_clear(&self) -> Self {
        let mut spec = (**self).clone();
        for socket in spec.nodes.iter_mut().flat_map(|node| &mut Arc::make_mut(node).sockets) {
            (socket.curve, socket.plain, socket.admission) = (None, None, None);
            socket.asks_zap = false;
        }
        Self::new(spec)
    }

    fn cut(mut spec: super::TopologySpec, stays: impl Fn(&NodeSpec) -> bool) -> Self {
        let staying: Vec<String> =
            spec.nodes.iter().filter(|node| stays(node)).map(|node| node.name.clone()).collect();
        spec.nodes.retain(|node| stays(node));
        for socket in spec.nodes.iter_mut().flat_map(|node| &mut Arc::make_mut(node).sockets) {
            for attachment in &mut socket.attachments {
                if let Attachment::ConnectNode { node, endpoint, .. } = attachment
                    && !staying.contains(node)
                {
                    *attachment = Attachment::Connect(endpoint.as_seen_by_peer());
                }
            }
        }
        Self::new(spec)
    }
}

/// Gives a socket other endpoints; whoever it meets there is known by the same key.
fn move_to(socket: &mut SocketSpec, deployed: &[Attachment]) {
    if let Some(curve) = &mut socket.curve {
        let known = std::mem::take(&mut curve.servers);
        for (written, deployed) in socket.attachments.iter().zip(deployed) {
            if let Some(key) = known.get(&meeting_point(written)) {
                curve.servers.insert(meeting_point(deployed), *key);
            }
        }
    }
    socket.attachments = deployed.to_vec();
}
