//! Servers whose peers a ZAP handler should be asked about, and there is none.
//!
//! Owns what is said of that. Whether two ends of a link authenticate in one way is `agreement`'s.

use crate::diagnostic::{Code, Diagnostic};
use crate::topology::{LinkEnd, Mechanism, SocketSpec, Wanted};

use super::subject::Graph;
use super::written::sockets;

pub(super) fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    for (end, socket) in sockets(graph.topology) {
        findings.extend(check_admission(graph, end, socket));
        findings.extend(check_zap(graph, end, socket));
    }
}

/// What comes of who may come to a socket: all of them, or none.
fn check_admission(graph: &Graph<'_>, end: LinkEnd, spec: &SocketSpec) -> Option<Diagnostic> {
    let admission = spec.admission.as_ref()?;
    let written = |key| graph.written.key(end, key).map(|entry| entry.key.span);
    let socket = graph.written.socket(end);
    if admission.gate.lets_nobody_in() {
        return Some(
            Diagnostic::new(Code::AllowsNobody, "a socket that lets nobody in")
                .at(written("allow").or(written("deny")).unwrap_or(socket), "no address is left")
                .because("`deny` holds before `allow`, and everything allowed is denied")
                .help("allow an address or a network that is not denied"),
        );
    }
    if matches!(&admission.wanted, Wanted::Password(users) if users.names().next().is_none()) {
        return Some(
            Diagnostic::new(Code::AllowsNobody, "a socket that lets nobody in")
                .at(written("plain").unwrap_or(socket), "its file of users has none")
                .because("who may come is known by a name and a password, and there is nobody")
                .help("add one with `zrig users FILE NAME`"),
        );
    }
    let place = written("curve").unwrap_or(socket);
    if admission.allows_any() {
        return Some(
            Diagnostic::new(Code::LetsInEverybody, "a CURVE server that lets in everybody")
                .at(place, "encrypts, and lets in all who have its public key")
                .because("a public key is no secret: whoever has it can come, under no name")
                .help(
                    "put the certificates of who may come into the folder `allow` beside the others, \
                     or say `# zrig: allow ZR0339 because …`",
                ),
        );
    }
    if !admission.allows_nobody() {
        return None;
    }
    Some(
        Diagnostic::new(Code::AllowsNobody, "a socket that lets nobody in")
            .at(place, "no node of this file meets it, and nobody else may come")
            .because("who may come is known by a certificate, and there is none")
            .help("put a public certificate into the folder `allow` beside the others"),
    )
}

/// What comes of a socket whose peers somebody should be asked about, and nobody is there.
fn check_zap(graph: &Graph<'_>, end: LinkEnd, socket: &SocketSpec) -> Option<Diagnostic> {
    let asks = socket.would_ask_zap() || socket.is_on("curve_server");
    if !asks || socket.asks_zap {
        return None;
    }
    let handler = "add a rep node that binds inproc://zeromq.zap.01";
    let (option, title, label, because, help) = match (
        socket.mechanism_of_options(),
        socket.zap_domain(),
    ) {
        (Mechanism::PlainServer, _) => (
            "plain_server",
            "a PLAIN server, and nobody checks the passwords",
            "asks the ZAP handler about every client",
            "without a socket at inproc://zeromq.zap.01 every handshake fails",
            format!("{handler}, or use CURVE"),
        ),
        (Mechanism::CurveServer, None) if socket.is_on("zap_enforce_domain") => (
            "zap_enforce_domain",
            "a CURVE server that asks no ZAP handler",
            "without a `zap_domain` it switches the question off",
            "by the letter of RFC 27 no domain means that nobody is to be asked",
            "give it a `zap_domain`, or remove the option".to_owned(),
        ),
        (Mechanism::CurveServer, None) => (
            "curve_server",
            "a CURVE server, and nobody checks the clients' keys",
            "encrypts, and lets everybody in who has its public key",
            "only a ZAP handler tells one client from another, and none is asked",
            format!("{handler}, or say `# zrig: allow ZR0334 because …` where all may come in"),
        ),
        (_, Some(_)) if socket.lets_in_unasked() => (
            "zap_domain",
            "a ZAP domain, and nobody to be asked about it",
            "everybody is let in",
            "`zap_enforce_domain: false` lets peers in where no ZAP handler is there to be asked",
            format!("{handler}, or remove both options"),
        ),
        (_, Some(_)) => (
            "zap_domain",
            "a ZAP domain, and nobody to be asked about it",
            "nobody is let in",
            "a socket that names a domain waits for a ZAP handler, and this file has none",
            format!("{handler}, or remove the domain"),
        ),
        (_, None) => return None,
    };
    let entry = graph.written.option(end, option)?;
    Some(
        Diagnostic::new(Code::NoZapHandler, title)
            .at(entry.key.span, label)
            .because(because)
            .help(help),
    )
}
