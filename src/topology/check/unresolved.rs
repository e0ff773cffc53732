//! Nodes and sockets as read, before links are resolved: the values with their places.
//!
//! Owns the shape between form and meaning. Never reports.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::curve::WrittenCurve;
use super::gate::WrittenGate;
use super::plain::WrittenPlain;
use crate::message::Format;
use crate::script::Reach;
use crate::source::Span;
use crate::topology::spec::{Attachment, Filter, HighWaterMark, NodeSpec, SocketSpec, WhenFull};
use crate::zeromq::{Endpoint, OptionName, OptionValue, Role};

/// A node as read. Its `spec` has no sockets yet.
pub(super) struct UnresolvedNode {
    pub(super) spec: NodeSpec,
    pub(super) sockets: Vec<UnresolvedSocket>,
    /// The node's name where it is declared.
    pub(super) name_span: Span,
    pub(super) replicas_span: Option<Span>,
    /// Whether something about its sockets could not be read, so that what seems missing may
    /// only be misspelt.
    pub(super) has_unread_sockets: bool,
}

/// A socket as read.
pub(super) struct UnresolvedSocket {
    pub(super) name: String,
    /// Its name, or its node's where it has no name of its own.
    pub(super) name_span: Span,
    /// Nothing when it is missing or no role.
    pub(super) role: Option<(Role, Span)>,
    pub(super) targets: Vec<Target>,
    /// Whether an endpoint could not be read.
    pub(super) has_unread_targets: bool,
    /// What handlers do with its endpoints while it runs.
    pub(super) reach: Reach,
    pub(super) filters: Vec<Filter>,
    pub(super) msgid: i64,
    pub(super) format: Option<Format>,
    pub(super) hwm: UnresolvedHwm,
    pub(super) when_full: WhenFull,
    pub(super) sequence: bool,
    pub(super) linger: Option<Duration>,
    pub(super) identity: Option<(Vec<u8>, Span)>,
    pub(super) options: BTreeMap<OptionName, (OptionValue, Span)>,
    pub(super) curve: WrittenCurve,
    pub(super) plain: WrittenPlain,
    pub(super) gate: WrittenGate,
}

/// High-water marks as far as they are said, with their places.
#[derive(Clone, Copy, Default)]
pub(crate) struct UnresolvedHwm {
    pub(crate) send: Option<(u32, Span)>,
    pub(crate) receive: Option<(u32, Span)>,
}

/// What a socket binds or connects to, as written.
pub(super) struct Target {
    pub(super) span: Span,
    pub(super) to: TargetKind,
}

pub(crate) enum TargetKind {
    Bind(Endpoint),
    Connect(Endpoint),
    /// `NODE` or `NODE.SOCKET`.
    Named {
        node: String,
        socket: Option<String>,
    },
}

impl Target {
    /// The endpoint that is bound here.
    pub(super) fn bound(&self) -> Option<&Endpoint> {
        match &self.to {
            TargetKind::Bind(endpoint) => Some(endpoint),
            TargetKind::Connect(_) | TargetKind::Named { .. } => None,
        }
    }
}

impl UnresolvedHwm {
    /// This where it says something, otherwise the other.
    pub(super) fn or(self, other: Self) -> Self {
        Self { send: self.send.or(other.send), receive: self.receive.or(other.receive) }
    }

    fn into_spec(self) -> HighWaterMark {
        let default = HighWaterMark::default();
        HighWaterMark {
            send: self.send.map_or(default.send, |(mark, _)| mark),
            receive: self.receive.map_or(default.receive, |(mark, _)| mark),
        }
    }
}

impl UnresolvedSocket {
    pub(super) fn role(&self) -> Option<Role> {
        self.role.map(|(role, _)| role)
    }

    /// Where to point when the socket as a whole is meant.
    pub(super) fn span(&self) -> Span {
        self.role.map_or(self.name_span, |(_, span)| span)
    }

    pub(super) fn binds(&self) -> bool {
        self.targets.iter().any(|target| target.bound().is_some())
    }

    /// The first endpoint it binds.
    pub(super) fn bound(&self) -> Option<&Endpoint> {
        self.targets.iter().find_map(Target::bound)
    }

    fn into_spec(self, attachments: Vec<Attachment>) -> Option<SocketSpec> {
        let role = self.role()?;
        Some(SocketSpec {
            name: self.name,
            role,
            attachments,
            filters: self.filters,
            msgid: self.msgid,
            format: self.format.unwrap_or_else(|| role.default_format()),
            hwm: self.hwm.into_spec(),
            when_full: self.when_full,
            sequence: self.sequence,
            linger: self.linger,
            identity: self.identity.map(|(identity, _)| identity),
            options: self.options.into_iter().map(|(name, (value, _))| (name, value)).collect(),
            curve: None,
            plain: None,
            admission: None,
            asks_zap: false,
        })
    }
}

/// What each target of each socket of each node is attached to; nothing where that is a fault.
pub(super) type Resolved = Vec<Vec<Vec<Option<Attachment>>>>;

/// The nodes as wanted. A socket without a role has been reported: then nobody uses these.
pub(super) fn into_specs(
    unresolved: Vec<UnresolvedNode>,
    resolved: Resolved,
) -> Vec<Arc<NodeSpec>> {
    let nodes = unresolved.into_iter().zip(resolved);
    let mut specs: Vec<NodeSpec> = nodes
        .map(|(unresolved, attachments)| {
            let sockets = unresolved.sockets.into_iter().zip(attachments);
            let sockets = sockets
                .filter_map(|(socket, attached)| {
                    socket.into_spec(attached.into_iter().flatten().collect())
                })
                .collect();
            NodeSpec { sockets, ..unresolved.spec }
        })
        .collect();
    let has_handler = specs.iter().any(NodeSpec::is_zap_handler);
    for socket in specs.iter_mut().flat_map(|node| &mut node.sockets) {
        socket.asks_zap = has_handler && socket.would_ask_zap();
    }
    specs.into_iter().map(Arc::new).collect()
}
