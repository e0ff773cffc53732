//! `counts`: a node that tells other places what this one counts, and hears theirs.
//!
//! Owns reading it, what cannot stand beside it, and that no stranger hears or tells. Never counts.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Mapping, is_handler_key};
use crate::topology::Wanted;
use crate::topology::crossing::deployed;
use crate::topology::links::{LinkEnd, links_of};
use crate::topology::spec::{Filter, SocketSpec, TopologySpec};
use crate::zeromq::{Endpoint, Role, Transport};

use super::report::Report;
use super::secure::WrittenSocket;
use super::unresolved::UnresolvedSocket;
use super::value;

/// What a node of handlers has, and this one has not.
const NOT_BESIDE: &[&str] = &[
    "script", "every", "idle", "timers", "forward", "capture", "read", "write", "persist",
    "params", "replicas",
];

/// Reads `counts` of a node, and reports what cannot stand beside it.
pub(super) fn read(node: &Mapping, sockets: &[UnresolvedSocket], report: &mut Report<'_>) -> bool {
    let Some(entry) = node.entry("counts") else { return false };
    if value::boolean("counts", &entry.value, report) != Some(true) {
        return false;
    }
    let others = node.entries.iter().filter(|other| {
        let key = &*other.key.text;
        NOT_BESIDE.contains(&key) || is_handler_key(key)
    });
    for other in others {
        let key = &other.key.text;
        report.add(
            Diagnostic::new(Code::Conflict, format!("`{key}` beside `counts`"))
                .at(other.key.span, "not of a node that tells counts")
                .at(entry.key.span, "zrig itself sends and receives by this node")
                .help(format!("remove `{key}`, or give it to a node of its own")),
        );
    }
    for socket in sockets {
        let Some((role, span)) = socket.role else { continue };
        if !matches!(role, Role::Pub | Role::Sub) {
            report.add(
                Diagnostic::new(Code::Conflict, format!("a `{role}` at a node that tells counts"))
                    .at(span, "neither `pub` nor `sub`")
                    .at(entry.key.span, "counts are told to all who hear them")
                    .because("the newest counts are sent again and again, to each place")
                    .help("write `role: pub` where they are told, and `role: sub` where they are heard"),
            );
        } else if role == Role::Sub && !socket.filters.contains(&Filter::Topic(Vec::new())) {
            report.add(
                Diagnostic::new(Code::Conflict, "a `sub` that hears no counts")
                    .at(span, "its filter leaves them out")
                    .at(entry.key.span, "counts are told without a topic")
                    .help("write `topics: all`"),
            );
        }
    }
    true
}

/// Reports counts that go over a network where anybody could hear or forge them.
pub(super) fn check(spec: &TopologySpec, written: &[Vec<WrittenSocket>], report: &mut Report<'_>) {
    let deployed = deployed(spec, &links_of(spec));
    for (node, wanted) in spec.nodes.iter().enumerate().filter(|(_, node)| node.counts) {
        for (at, socket) in wanted.sockets.iter().enumerate() {
            let end = LinkEnd { node, socket: at };
            let attachments = deployed.get(&end).unwrap_or(&socket.attachments);
            let open = attachments.iter().map(|one| one.endpoint()).find(|one| leaves(one));
            let Some(endpoint) = open.filter(|_| !is_closed(socket)) else { continue };
            report.add(
                Diagnostic::new(Code::CountsInClear, "counts that strangers could hear or forge")
                    .at(written[node][at].span, format!("goes over {endpoint}"))
                    .because(
                        "the sums of links are made of what arrives here, and who has no \
                         certificate of this file must not have a part in them",
                    )
                    .help(
                        "write `security: {curve: keys}` at the top, make the certificates with \
                         `zrig keys keys --for FILE`, and let nobody else in",
                    ),
            );
            // What mends one mends all.
            return;
        }
    }
}

/// Whether what is sent there leaves the machine.
fn leaves(endpoint: &Endpoint) -> bool {
    matches!(endpoint.transport(), Transport::Tcp | Transport::Ws) && !endpoint.is_on_loopback()
}

/// Whether it meets nobody whose key it does not know.
fn is_closed(socket: &SocketSpec) -> bool {
    let asks = socket.admission.as_ref().map(|admission| &admission.wanted);
    let lets_in_anybody =
        asks.is_some_and(|wanted| !matches!(wanted, Wanted::Key { allows_any: false, .. }));
    socket.curve.is_some() && !lets_in_anybody
}
