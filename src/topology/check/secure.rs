//! What `security`, `curve`, `allow` and `deny` come to: each socket's certificate, whom it knows, and
//! who may come.
//!
//! Owns the rules about them that stop a run. Never reads a certificate: the loader does.

mod plain;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::script::Reach;
use crate::security::PublicKey;
use crate::source::Span;
use crate::topology::admission::{Admission, Wanted};
use crate::topology::crossing::meeting_point;
use crate::topology::curve::{CurveRole, CurveSpec, NodeKey};
use crate::topology::links::{Link, LinkEnd, links_of};
use crate::topology::mechanism::Mechanism;
use crate::topology::plain::PlainSpec;
use crate::topology::spec::{Attachment, NodeSpec, SocketSpec, TopologySpec};
use crate::zeromq::{Role, Side, Transport};

use super::certificates::Certificates;
use super::curve::{WrittenCurve, WrittenSecurity};
use super::gate::WrittenGate;
use super::plain::WrittenPlain;
use super::report::Report;
use super::unresolved::UnresolvedNode;

/// What is written at one socket, and where.
pub(super) struct WrittenSocket {
    curve: WrittenCurve,
    plain: WrittenPlain,
    gate: WrittenGate,
    /// The socket as a whole.
    pub(super) span: Span,
    /// What handlers do with its endpoints.
    reach: Reach,
    /// Its endpoints, in the order of its attachments.
    pub(super) targets: Vec<Span>,
}

/// What is written at all sockets, before they become specs.
pub(super) fn written(unresolved: &[UnresolvedNode]) -> Vec<Vec<WrittenSocket>> {
    let nodes = unresolved.iter().map(|node| {
        let sockets = node.sockets.iter().map(|socket| WrittenSocket {
            curve: socket.curve.clone(),
            plain: socket.plain.clone(),
            gate: socket.gate.clone(),
            span: socket.span(),
            reach: socket.reach,
            targets: socket.targets.iter().map(|target| target.span).collect(),
        });
        sockets.collect()
    });
    nodes.collect()
}

/// Gives every socket its security, in a topology that has no other fault.
pub(super) fn secure(
    spec: &mut TopologySpec,
    written: &[Vec<WrittenSocket>],
    security: Option<&WrittenSecurity>,
    certificates: &Certificates,
    report: &mut Report<'_>,
) {
    let links = links_of(spec);
    let mut secured = Securing { spec, written, security, certificates, report, links: &links };
    let own = secured.own();
    let mut settled: Vec<Settled> =
        own.iter().filter_map(|(end, pair)| secured.settle(*end, pair, &own)).collect();
    settled.extend(secured.plain());
    settled.extend(secured.gated(&own));
    if let Some(asks) = settled.iter().find(|settled| settled.admission.is_some()) {
        secured.report_own_handler(asks.end);
    }
    let folder = security.map(|security| report.folder().join(&security.folder.0));
    for Settled { end, curve, plain, admission } in settled {
        let node = Arc::make_mut(&mut spec.nodes[end.node]);
        if let Some(program) = node.process.as_mut().filter(|_| curve.is_some()) {
            program.keys.clone_from(&folder);
        }
        let socket = &mut node.sockets[end.socket];
        (socket.curve, socket.plain) = (curve, plain);
        socket.admission = admission.map(Arc::new);
    }
}

/// What one socket comes to.
struct Settled {
    end: LinkEnd,
    curve: Option<CurveSpec>,
    plain: Option<PlainSpec>,
    admission: Option<Admission>,
}

/// The keys of all sockets that have one.
type Own = BTreeMap<LinkEnd, NodeKey>;

struct Securing<'s, 'r, 'd> {
    spec: &'s TopologySpec,
    written: &'s [Vec<WrittenSocket>],
    security: Option<&'s WrittenSecurity>,
    certificates: &'s Certificates,
    report: &'r mut Report<'d>,
    links: &'s [Link],
}

impl<'s> Securing<'s, '_, '_> {
    fn socket(&self, end: LinkEnd) -> &'s SocketSpec {
        &self.spec.nodes[end.node].sockets[end.socket]
    }

    fn written(&self, end: LinkEnd) -> &'s WrittenSocket {
        &self.written[end.node][end.socket]
    }

    /// The certificate of every socket that has one.
    fn own(&mut self) -> Own {
        let mut own = Own::new();
        for (node, spec) in self.spec.nodes.iter().enumerate() {
            let ends = (0..spec.sockets.len()).map(|socket| LinkEnd { node, socket });
            let secured: Vec<_> = ends.filter(|end| self.is_secured(*end)).collect();
            let Some(first) = secured.first() else { continue };
            match self.certificates.nodes.get(&spec.name) {
                // Without a place it runs wherever the file does.
                Some(Some(NodeKey::Public(_))) if spec.place.is_none() => {
                    self.report_no_certificate(spec, *first);
                }
                Some(Some(key)) => own.extend(secured.iter().map(|end| (*end, key.clone()))),
                // What is wrong with it has been told.
                Some(None) => {}
                None => self.report_no_certificate(spec, *first),
            }
        }
        own
    }

    /// Whether a socket encrypts, by what is written; what contradicts itself is told.
    fn is_secured(&mut self, end: LinkEnd) -> bool {
        let (socket, written) = (self.socket(end), self.written(end));
        let curve = &written.curve;
        if curve.is_off || written.plain.span.is_some() {
            return false;
        }
        let reach = written.reach;
        let is_reached = reach.binds_outside || reach.connects_outside;
        if !socket.attachments.iter().any(goes_out) && !is_reached {
            if let Some(span) = curve.span {
                self.report.add(
                    Diagnostic::new(Code::NotHere, "`curve` on a socket that is inproc alone")
                        .at(span, "means nothing here")
                        .because("an inproc link never leaves this process and has no handshake")
                        .help("remove it"),
                );
            }
            return false;
        }
        let Some(security) = self.security else {
            if let Some(span) = curve.span {
                self.report.add(
                    Diagnostic::new(Code::MissingKey, "`curve` without certificates")
                        .at(span, "nothing says where the certificates lie")
                        .help(
                            "write `security: {curve: keys}` at the top, and make the certificates \
                             with `zrig keys keys --for FILE`",
                        ),
                );
            }
            return false;
        };
        let other = socket.mechanism_of_options();
        if socket.role == Role::Stream || other != Mechanism::Null {
            let what = if socket.role == Role::Stream {
                "a stream speaks raw TCP, which has no CURVE".to_owned()
            } else {
                format!("`{}` says how it authenticates", other.option().unwrap_or_default())
            };
            self.report.add(
                Diagnostic::new(Code::Conflict, "a socket that cannot have the file's CURVE")
                    .at(written.span, what)
                    .at(security.folder.1, "says that every link has CURVE")
                    .help("write `curve: false` at the socket"),
            );
            return false;
        }
        if socket.zap_domain().is_some() {
            self.report.add(
                Diagnostic::new(Code::Conflict, "`zap_domain` on a socket with the file's CURVE")
                    .at(written.span, "its options have `zap_domain`")
                    .at(security.folder.1, "says that every link has CURVE")
                    .because("there the run itself is the ZAP handler, under a domain of its own")
                    .help(
                        "remove the option; or write `curve: false` at the socket and its CURVE \
                         options, where a handler of the file is to decide",
                    ),
            );
            return false;
        }
        true
    }

    /// What CURVE comes to at one socket: nothing after a fault.
    fn settle(&mut self, end: LinkEnd, pair: &NodeKey, own: &Own) -> Option<Settled> {
        let (socket, written) = (self.socket(end), self.written(end));
        let role = written.curve.role.map(|(role, _)| role);
        let server = match &written.curve.server {
            Some((path, _)) => Some((*self.certificates.servers.get(path)?)?),
            None => None,
        };
        let mut curve = CurveSpec { own: pair.clone(), role, servers: BTreeMap::new(), server };
        let mut keys: BTreeMap<PublicKey, Arc<str>> = BTreeMap::new();
        for link in self.links.iter().filter(|link| link.endpoint.transport() != Transport::Inproc)
        {
            let (side, other) = match end {
                _ if end == link.binder => (Side::Bind, link.connecter),
                _ if end == link.connecter => (Side::Connect, link.binder),
                _ => continue,
            };
            let Some(theirs) = own.get(&other).map(NodeKey::public) else { continue };
            if curve.role_at(side) == CurveRole::Server {
                keys.insert(theirs, self.spec.nodes[other.node].name.as_str().into());
            } else {
                let at = self.endpoint_of(end, link, side);
                let known = *curve.servers.entry(at).or_insert(theirs);
                if known != theirs && side == Side::Bind {
                    self.report_two_servers(end);
                    return None;
                }
            }
        }
        self.check_servers(end, &curve)?;
        let sides = socket.attachments.iter().filter(|one| goes_out(one)).map(Attachment::side);
        // Whoever comes where a handler has it bound is asked as anywhere.
        let sides = sides.chain(written.reach.binds_outside.then_some(Side::Bind));
        let asks = sides.into_iter().any(|side| curve.role_at(side) == CurveRole::Server);
        let admission = asks.then(|| {
            // A node's own name counts more than what a folder calls it.
            for (key, name) in &self.certificates.allowed {
                keys.entry(*key).or_insert_with(|| Arc::clone(name));
            }
            let (allows_any, gate) = (written.curve.allows_any, written.gate.gate.clone());
            Admission { wanted: Wanted::Key { known: keys, allows_any }, gate }
        });
        if admission.is_none() {
            self.report_no_gate(end, "a CURVE client chooses whom it connects to by his key");
        }
        Some(Settled { end, curve: Some(curve), plain: None, admission })
    }

    /// The sockets without CURVE that ask for addresses, and whom they let in.
    fn gated(&mut self, own: &Own) -> Vec<Settled> {
        let mut gated = Vec::new();
        for (node, spec) in self.spec.nodes.iter().enumerate() {
            for (at, socket) in spec.sockets.iter().enumerate() {
                let end = LinkEnd { node, socket: at };
                let (written, plain) = (&self.written(end).gate, &self.written(end).plain);
                let reach = self.written(end).reach;
                if written.span.is_none() || plain.span.is_some() || own.contains_key(&end) {
                    continue;
                }
                if !socket.attachments.iter().any(goes_out) && !reach.binds_outside {
                    self.report_no_gate(end, "over inproc nobody comes from anywhere");
                } else if socket.role == Role::Stream {
                    self.report_no_gate(end, "a stream has no handshake in which it could ask");
                } else if socket.mechanism_of_options() != Mechanism::Null
                    || socket.zap_domain().is_some()
                {
                    self.report_no_gate(end, "its options have a ZAP handler of the file decide");
                } else {
                    let gate = written.gate.clone();
                    let admission = Some(Admission { gate, ..Admission::default() });
                    gated.push(Settled { end, curve: None, plain: None, admission });
                }
            }
        }
        gated
    }

    /// Addresses where nobody can be asked for them.
    fn report_no_gate(&mut self, end: LinkEnd, why: &str) {
        let Some(span) = self.written(end).gate.span else { return };
        self.report.add(
            Diagnostic::new(Code::NotHere, "`allow` or `deny` where nobody is asked")
                .at(span, "means nothing here")
                .because(why)
                .help("remove it"),
        );
    }

    /// Whether every server that a socket meets is known.
    fn check_servers(&mut self, end: LinkEnd, curve: &CurveSpec) -> Option<()> {
        if curve.server.is_some() {
            return Some(());
        }
        let attachments = self.socket(end).attachments.iter().enumerate();
        for (at, attachment) in attachments {
            let is_client = curve.role_at(attachment.side()) == CurveRole::Client;
            if !is_client || !goes_out(attachment) {
                continue;
            }
            // A node's certificate is known wherever it binds; without one it has been told.
            if matches!(attachment, Attachment::ConnectNode { .. }) {
                continue;
            }
            let endpoint = attachment.endpoint();
            if curve.servers.contains_key(endpoint.as_str()) {
                continue;
            }
            let place = self.written(end).targets.get(at).copied();
            self.report.add(
                Diagnostic::new(Code::MissingKey, "a CURVE client that does not know its server")
                    .at(
                        place.unwrap_or(self.written(end).span),
                        "whose public key is it? Nobody in this file meets it there",
                    )
                    .because("a client has the server's public key before it connects")
                    .help(
                        "write `curve: {server: FILE}` with the server's public certificate, or \
                         `curve: false` where that is not encrypted",
                    ),
            );
            return None;
        }
        Some(())
    }

    /// The endpoint at which a socket meets the other end of a link, as it will be known.
    fn endpoint_of(&self, end: LinkEnd, link: &Link, side: Side) -> String {
        if side == Side::Bind {
            return link.endpoint.to_string();
        }
        let socket = self.socket(end);
        let binder = &self.spec.nodes[link.binder.node].name;
        let meets = |attachment: &&Attachment| match attachment {
            Attachment::Connect(endpoint) => link.endpoint.is_reached_by(endpoint),
            Attachment::ConnectNode { node, endpoint, .. } => {
                node == binder && *endpoint == link.endpoint
            }
            Attachment::Bind(_) | Attachment::ConnectPlace { .. } => false,
        };
        let attachment = socket.attachments.iter().find(meets);
        attachment.map(meeting_point).unwrap_or_else(|| link.endpoint.as_seen_by_peer().to_string())
    }

    fn report_no_certificate(&mut self, node: &NodeSpec, end: LinkEnd) {
        let Some(security) = self.security else { return };
        let folder = security.folder.0.trim_end_matches('/');
        let name = &node.name;
        self.report.add(
            Diagnostic::new(Code::BadCertificate, format!("`{name}` has no certificate"))
                .at(self.written(end).span, format!("there is no {folder}/{name}.key_secret"))
                .at(security.folder.1, "where the certificates lie")
                .because("every link of this file is encrypted, and each node is known by its key")
                .help(format!("make what is missing with `zrig keys {folder} --for FILE`")),
        );
    }

    fn report_two_servers(&mut self, end: LinkEnd) {
        let written = self.written(end);
        let place = written.curve.role.map_or(written.span, |(_, span)| span);
        self.report.add(
            Diagnostic::new(Code::Conflict, "a CURVE client that binds, and several servers")
                .at(place, "knows one server at each endpoint")
                .because("libzmq takes one server key for all who come to a bound endpoint")
                .help("let this end be the server, or bind an endpoint for each of them"),
        );
    }

    /// One handler has the endpoint of ZAP.
    fn report_own_handler(&mut self, asks: LinkEnd) {
        let asking = self.written(asks);
        let asking = asking.plain.span.or(asking.gate.span);
        let asking = asking.or(self.security.map(|it| it.folder.1));
        let asking = asking.unwrap_or(self.written(asks).span);
        for (node, spec) in self.spec.nodes.iter().enumerate() {
            let Some(socket) = spec.sockets.iter().position(SocketSpec::is_zap_handler) else {
                continue;
            };
            self.report.add(
                Diagnostic::new(Code::TwoZapHandlers, "a ZAP handler beside that of the run")
                    .at(self.written(LinkEnd { node, socket }).span, "binds ZAP's endpoint")
                    .at(asking, "has the run decide who may come")
                    .because("libzmq asks one handler, at inproc://zeromq.zap.01")
                    .help(
                        "remove the node, and say who may come by `security`, `plain`, `allow` or \
                         `deny`",
                    ),
            );
        }
    }
}

/// Whether a handshake takes place there.
fn goes_out(attachment: &Attachment) -> bool {
    attachment.endpoint().transport() != Transport::Inproc
}
