//! `bind` and `connect`.
//!
//! Owns reading ports, endpoints and names of nodes. Whether a named node is there is
//! `resolve.rs`'s question.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Mapping, Node};
use crate::source::Span;
use crate::zeromq::{Endpoint, EndpointError, OptionValue, Side};

use super::keys;
use super::name::is_name;
use super::report::Report;
use super::unresolved::{Target, TargetKind};
use super::value;

/// What a socket binds and connects to, and whether something of it could not be read.
pub(super) fn read(mapping: &Mapping, report: &mut Report<'_>) -> (Vec<Target>, bool) {
    let mut targets = Vec::new();
    let mut has_unread = false;
    for entry in &mapping.entries {
        let side = match &*entry.key.text {
            "bind" => Side::Bind,
            "connect" => Side::Connect,
            _ => continue,
        };
        for item in value::one_or_many(&entry.value) {
            match read_target(item, side, report) {
                Some(to) => targets.push(Target { span: item.span, to }),
                None => has_unread = true,
            }
        }
    }
    let sets = [keys::SOCKET, keys::NODE];
    let is_misnamed = |word| keys::stands_for(mapping, word, &sets);
    let has_unread = has_unread || is_misnamed("bind") || is_misnamed("connect");
    (targets, has_unread)
}

pub(crate) fn read_target(node: &Node, side: Side, report: &mut Report<'_>) -> Option<TargetKind> {
    let Some(scalar) = node.as_scalar().filter(|scalar| !scalar.is_null()) else {
        let help = match side {
            Side::Bind => {
                "write a port such as `bind: 5556`, or an endpoint such as `tcp://*:5556`"
            }
            Side::Connect => "write a node's name, a port or an endpoint",
        };
        value::wrong(side.word(), node, "a port, an endpoint or a list of them", help, report);
        return None;
    };
    let text = &*scalar.text;
    if let Some(number) = scalar.as_integer() {
        return port(number, node, side, report).map(|endpoint| of_side(endpoint, side));
    }
    if side == Side::Connect
        && let Some(named) = named(text)
    {
        return Some(named);
    }
    match Endpoint::parse(text, side) {
        Ok(endpoint) => Some(of_side(endpoint, side)),
        Err(error) => {
            report_endpoint(node, text, side, &error, report);
            None
        }
    }
}

/// Notes which endpoints the option `ipv6` concerns, and refuses what it forbids. An IPv6 address
/// needs no option: it says enough.
pub(super) fn use_ipv6(
    targets: &mut [Target],
    option: Option<&(OptionValue, Span)>,
    report: &mut Report<'_>,
) {
    let Some((value, option)) = option else { return };
    for target in targets {
        let (TargetKind::Bind(endpoint) | TargetKind::Connect(endpoint)) = &mut target.to else {
            continue;
        };
        if *value == OptionValue::Int(1) {
            *endpoint = endpoint.clone().over_ipv6();
        } else if endpoint.has_ipv6_host() {
            report.add(
                Diagnostic::new(Code::Conflict, "an IPv6 address on a socket without IPv6")
                    .at(target.span, "an IPv6 address")
                    .at(*option, "switched off here")
                    .because("libzmq would refuse to bind it, and never connect to it")
                    .help("write `ipv6: true`, or nothing: the address itself switches it on"),
            );
        }
    }
}

fn of_side(endpoint: Endpoint, side: Side) -> TargetKind {
    match side {
        Side::Bind => TargetKind::Bind(endpoint),
        Side::Connect => TargetKind::Connect(endpoint),
    }
}

fn port(number: i64, node: &Node, side: Side, report: &mut Report<'_>) -> Option<Endpoint> {
    match u16::try_from(number).ok().filter(|port| *port > 0) {
        Some(port) => Some(Endpoint::local(port)),
        None => {
            let error = EndpointError::Port(number.to_string());
            report_endpoint(node, &number.to_string(), side, &error, report);
            None
        }
    }
}

/// `NODE` or `NODE.SOCKET`.
fn named(text: &str) -> Option<TargetKind> {
    let (node, socket) = match text.split_once('.') {
        Some((node, socket)) => (node, Some(socket)),
        None => (text, None),
    };
    (is_name(node) && socket.is_none_or(is_name))
        .then(|| TargetKind::Named { node: node.to_owned(), socket: socket.map(str::to_owned) })
}

fn report_endpoint(
    node: &Node,
    text: &str,
    side: Side,
    error: &EndpointError,
    report: &mut Report<'_>,
) {
    let word = side.word();
    let fault =
        Diagnostic::new(Code::BadEndpoint, format!("`{word}` cannot take {}", node.describe()))
            .at(super::report::first_line(node.span, report.source()), "not an endpoint")
            .because(why(error));
    let is_bare = matches!(error, EndpointError::NoTransport);
    let named = is_bare.then(|| of_a_node(text, side, report)).flatten();
    let (help, mended) =
        named.or_else(|| variable(text)).unwrap_or_else(|| mend(text, side, error));
    match mended {
        Some(mended) => report.add_with_fix(fault.help(help), node.span, &mended),
        None => report.add(fault.help(help)),
    }
}

fn why(error: &EndpointError) -> String {
    match error {
        EndpointError::Port(port) => match port.parse::<u64>() {
            Ok(number) if number > 0xFFFF => {
                format!("{error}; libzmq would take it for {}", number & 0xFFFF)
            }
            Ok(_) | Err(_) => error.to_string(),
        },
        EndpointError::NoTransport
        | EndpointError::UnknownTransport(_)
        | EndpointError::BehindPort(_)
        | EndpointError::NoPort(_)
        | EndpointError::NoHost
        | EndpointError::Brackets(_)
        | EndpointError::HostName(_)
        | EndpointError::Wildcard
        | EndpointError::Empty(_)
        | EndpointError::TooLong(..)
        | EndpointError::Character(_) => error.to_string(),
    }
}

/// `bind: NODE` and `connect: NODE:PORT`.
fn of_a_node(text: &str, side: Side, report: &Report<'_>) -> Option<(String, Option<String>)> {
    let nodes = report.document().root().as_mapping()?.get("nodes")?.as_mapping()?;
    let name = text.split_once(':').map_or(text, |(name, _)| name);
    nodes.get(name)?;
    Some(match side {
        Side::Connect => {
            let help = format!("write `{name}`: a node's name is its endpoint");
            (help, Some(name.to_owned()))
        }
        Side::Bind => {
            let help = format!(
                "write `connect: {name}`; a socket that binds has a port of its own, such as \
                 `bind: 5556`"
            );
            (help, None)
        }
    })
}

/// `$PORT` and `{{ port }}`, which are variables elsewhere.
fn variable(text: &str) -> Option<(String, Option<String>)> {
    let name = text.strip_prefix('$').or_else(|| {
        let inner = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        inner.map(str::trim)
    })?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| (format!("write `${{{name}}}` for a variable of the environment"), None))
}

/// What to do about an endpoint, and the mended one where it can be known.
fn mend(text: &str, side: Side, error: &EndpointError) -> (String, Option<String>) {
    let mended = match error {
        EndpointError::NoTransport => Some(with_transport(text, side)),
        EndpointError::NoHost => Some(text.replacen("://", "://127.0.0.1", 1)),
        EndpointError::Brackets(host) => {
            Some(text.replacen(host.as_str(), &format!("[{host}]"), 1))
        }
        EndpointError::Wildcard => Some(text.replacen("://*", "://127.0.0.1", 1)),
        EndpointError::HostName(host) if host.eq_ignore_ascii_case("localhost") => {
            Some(text.replacen(host.as_str(), "127.0.0.1", 1))
        }
        EndpointError::UnknownTransport(transport) => {
            let known = ["tcp", "ipc", "inproc", "ws"];
            let near = match transport.as_str() {
                "http" | "https" | "zmq" | "zmtp" | "udp" => Some("tcp"),
                _ => crate::nearest::nearest(transport, known).map(|near| near.first()),
            };
            near.map(|near| text.replacen(transport.as_str(), near, 1))
        }
        EndpointError::BehindPort(rest) => text.strip_suffix(rest.as_str()).map(str::to_owned),
        EndpointError::NoPort(_)
        | EndpointError::Port(_)
        | EndpointError::HostName(_)
        | EndpointError::Empty(_)
        | EndpointError::TooLong(..)
        | EndpointError::Character(_) => None,
    };
    if let Some(mended) = mended.filter(|mended| Endpoint::parse(mended, side).is_ok()) {
        return (format!("write `{mended}`"), Some(mended));
    }
    let help = match (error, side) {
        _ if text.starts_with('-') => {
            "write a list with a space behind each `-`: `- 5556`, or `[5556, 5557]`"
        }
        (EndpointError::NoTransport, Side::Bind) => {
            "write a port such as `5556`, or an endpoint such as `tcp://*:5556`"
        }
        (EndpointError::NoTransport, Side::Connect) => {
            "write a node's name, a port, or an endpoint such as `tcp://127.0.0.1:5556`"
        }
        (EndpointError::HostName(_), _) => {
            "write an address, an interface such as `lo`, or `*` for all of them"
        }
        (EndpointError::Brackets(_), _) => "write an IPv6 address in brackets: `tcp://[::1]:5556`",
        (EndpointError::Port(_), _) => "write a port from 1 to 65535",
        (EndpointError::TooLong(..), _) => {
            "write a shorter one, such as `tcp://name:5556` or `ipc:///tmp/name`"
        }
        (EndpointError::UnknownTransport(_), _) => "use tcp://, ipc://, inproc:// or ws://",
        _ => "write an endpoint such as `tcp://127.0.0.1:5556`",
    };
    (help.to_owned(), None)
}

/// An endpoint whose transport is missing or half written.
fn with_transport(text: &str, side: Side) -> String {
    let known = ["tcp", "ipc", "inproc", "ws"];
    let (transport, rest) = match text.split_once(':') {
        Some((transport, rest)) if known.contains(&transport) => {
            (transport, rest.trim_start_matches(['/', '\\']))
        }
        Some(_) | None => ("tcp", text),
    };
    let host = match (side, rest.starts_with(':'), rest.strip_prefix("localhost:")) {
        (Side::Bind, true, _) => return format!("{transport}://*{rest}"),
        (Side::Connect, true, _) => return format!("{transport}://127.0.0.1{rest}"),
        (_, false, Some(port)) => return format!("{transport}://127.0.0.1:{port}"),
        (_, false, None) => rest,
    };
    let root = if transport == "ipc" && text.starts_with("ipc:/") { "/" } else { "" };
    format!("{transport}://{root}{host}")
}
