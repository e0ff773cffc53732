//! Which socket is meant when a script names none, or names one, and whether it can do what is
//! asked of it.
//!
//! Owns these rules for the calls that run and for the checker alike. Never encodes a value.

use super::effect::SocketView;
use crate::message::Format;
use crate::zeromq::Role;

/// A socket, as far as these rules look at one.
pub trait Socket {
    /// Its name.
    fn name(&self) -> &str;
    /// Its role.
    fn role(&self) -> Role;
    /// The format of what it sends.
    fn format(&self) -> Format;
}

impl Socket for SocketView {
    fn name(&self) -> &str {
        &self.name
    }

    fn role(&self) -> Role {
        self.role
    }

    fn format(&self) -> Format {
        self.format
    }
}

/// The id or topic that a value is sent with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Tag {
    /// The socket's own.
    Default,
    /// A message id of the script's choice.
    Msgid(i64),
    /// A topic of the script's choice.
    Topic(Vec<u8>),
}

/// The socket that a script named.
pub(super) fn named(sockets: &[impl Socket], name: &str) -> Result<usize, String> {
    sockets.iter().position(|socket| socket.name() == name).ok_or_else(|| {
        let names = list(sockets, |_| true);
        match sockets {
            [] => format!("there is no socket {name:?}: this node has none"),
            _ => format!("there is no socket {name:?}; this node has {names}"),
        }
    })
}

/// The socket that `send(v)` and a returned value go to. `asking` is the `rep` socket whose request
/// is being handled: it can send, once.
///
/// An `xsub` sends subscriptions, so it is never meant without its name.
pub(super) fn sender(sockets: &[impl Socket], asking: Option<usize>) -> Result<usize, String> {
    one(sockets, |at, socket| {
        let role = socket.role();
        if role == Role::Rep { asking == Some(at) } else { role != Role::Xsub && role.sends() }
    })
    .map_err(|several| {
        if several.is_empty() {
            unable(sockets)
        } else {
            format!("several sockets could send it, {several}: say which with send_to(socket, v)")
        }
    })
}

/// Why no socket of a node sends by itself.
fn unable(sockets: &[impl Socket]) -> String {
    let [socket] = sockets else {
        return "there is nothing to send on: no socket of this node can send by itself".to_owned();
    };
    let role = socket.role();
    if role == Role::Rep {
        return "a rep answers the request that is being handled, and sends nothing else"
            .to_owned();
    }
    if role == Role::Xsub {
        return "an xsub sends subscriptions, where it is named: send_to(socket, v)".to_owned();
    }
    format!("a {role} only receives, and this node has no other socket")
}

/// The socket that `publish(…)` goes to: a publisher, or else the one that sends messages with an
/// id or a topic.
pub(super) fn publisher(sockets: &[impl Socket]) -> Result<usize, String> {
    one(sockets, |_, socket| socket.role().publishes())
        .or_else(|several| {
            if several.is_empty() {
                one(sockets, |_, socket| {
                    has_tags(socket) && socket.role().sends() && !socket.role().routes()
                })
            } else {
                Err(several)
            }
        })
        .map_err(|several| {
            if several.is_empty() {
                "this node has no socket to publish on".to_owned()
            } else {
                format!(
                    "several sockets could publish it, {several}: \
                     say which with publish(socket, id or topic, v)"
                )
            }
        })
}

/// The socket that `subscribe(…)` means.
pub(super) fn subscriber(sockets: &[impl Socket], function: &str) -> Result<usize, String> {
    one(sockets, |_, socket| socket.role().filters()).map_err(|several| {
        if several.is_empty() {
            format!("this node has no socket that subscribes, so {function} has nothing to act on")
        } else {
            format!("several sockets subscribe, {several}: name one first, {function}(socket, …)")
        }
    })
}

/// The socket that `pause()` and `resume()` mean.
pub(super) fn receiver(sockets: &[impl Socket], function: &str) -> Result<usize, String> {
    one(sockets, |_, socket| socket.role().receives()).map_err(|several| {
        if several.is_empty() {
            format!("no socket of this node receives, so {function} has nothing to act on")
        } else {
            format!("several sockets receive, {several}: name one, {function}(socket)")
        }
    })
}

/// Refuses a socket that never receives.
pub(super) fn can_receive(socket: &impl Socket) -> Result<(), String> {
    if socket.role().receives() {
        return Ok(());
    }
    Err(format!("{} is a {}, which only sends", socket.name(), socket.role()))
}

/// The socket that `connect(…)` means.
pub(super) fn only(sockets: &[impl Socket], function: &str) -> Result<usize, String> {
    one(sockets, |_, _| true).map_err(|several| {
        if several.is_empty() {
            format!("this node has no socket to {function}")
        } else {
            format!(
                "this node has several sockets, {several}: name one first, {function}(socket, …)"
            )
        }
    })
}

/// The socket that `bind(…)` and the like mean, by its name or as the only one.
pub(super) fn meant(
    sockets: &[impl Socket],
    name: Option<&str>,
    function: &str,
) -> Result<usize, String> {
    match name {
        Some(name) => named(sockets, name),
        None => only(sockets, function),
    }
}

/// Refuses a socket that never sends. A `rep` does while it is asked.
pub(super) fn can_send(socket: &impl Socket) -> Result<(), String> {
    if socket.role().sends() {
        return Ok(());
    }
    Err(format!("{} is a {}, which only receives", socket.name(), socket.role()))
}

/// Refuses a socket whose messages go to a peer by its id, or nowhere.
pub(super) fn can_publish(socket: &impl Socket) -> Result<(), String> {
    if socket.role().routes() {
        return Err(format!("{} is a {} and cannot publish", socket.name(), socket.role()));
    }
    can_send(socket)
}

/// Refuses a socket that takes no topics.
pub(super) fn can_subscribe(socket: &impl Socket) -> Result<(), String> {
    if socket.role().filters() {
        return Ok(());
    }
    Err(format!("{} is a {}; sub and xsub subscribe", socket.name(), socket.role()))
}

/// Refuses a message by that socket as one to reply to. A pair has one peer, so going back the way
/// it came is no guess.
pub(super) fn can_reply(socket: &impl Socket) -> Result<(), String> {
    if socket.role().routes() || socket.role() == Role::Pair {
        return Ok(());
    }
    Err(format!(
        "a message from a {} has no sender to reply to; router, rep and stream have",
        socket.role()
    ))
}

/// Refuses a socket that sends neither ids nor topics.
pub(super) fn takes_tags(socket: &impl Socket) -> Result<(), String> {
    if has_tags(socket) {
        return Ok(());
    }
    Err(format!(
        "{} has format: plain, without ids and topics; publish needs format: msgid or envelope",
        socket.name()
    ))
}

/// Refuses an id or topic for which the socket's format has no place.
pub(super) fn takes_tag(socket: &impl Socket, tag: &Tag) -> Result<(), String> {
    let name = socket.name();
    match (format_of(socket), tag) {
        (_, Tag::Default) | (Format::Msgid, Tag::Msgid(_)) | (Format::Envelope, Tag::Topic(_)) => {
            Ok(())
        }
        (Format::Plain, _) => takes_tags(socket),
        (Format::Msgid, Tag::Topic(_)) => Err(format!(
            "{name} has format: msgid, so publish takes an integer id; topics come with format: envelope"
        )),
        (Format::Envelope, Tag::Msgid(msgid)) => Err(format!(
            "{name} has format: envelope, so publish takes a topic as text, such as \"{msgid}\""
        )),
    }
}

/// Refuses a value of one frame that comes without a tag, where the socket needs more.
pub(super) fn takes_one_frame(socket: &impl Socket) -> Result<(), String> {
    if matches!(socket.role(), Role::Router | Role::Stream) {
        return Err(needs_id(socket));
    }
    if format_of(socket) == Format::Envelope { Err(needs_topic(socket)) } else { Ok(()) }
}

/// What a socket that sends to the peer of an id says to less than that.
pub(super) fn needs_id(socket: &impl Socket) -> String {
    format!(
        "{} is a {} and sends [routing id, frame, …]; to answer a message use reply(msg, v)",
        socket.name(),
        socket.role()
    )
}

/// What a socket of format `envelope` says to anything but a topic and a body.
pub(super) fn needs_topic(socket: &impl Socket) -> String {
    format!(
        "{} has format: envelope and needs a topic: publish(topic, v) or [topic, body]",
        socket.name()
    )
}

/// The format of what a socket sends: what an `xsub` sends are subscriptions, which have none.
pub(super) fn format_of(socket: &impl Socket) -> Format {
    if socket.role() == Role::Xsub { Format::Plain } else { socket.format() }
}

fn has_tags(socket: &impl Socket) -> bool {
    format_of(socket) != Format::Plain
}

/// The only socket of which something holds; otherwise the names of those of which it does.
fn one<S: Socket>(sockets: &[S], holds: impl Fn(usize, &S) -> bool) -> Result<usize, String> {
    let mut found = (0..sockets.len()).filter(|&at| holds(at, &sockets[at]));
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (None, _) => Err(String::new()),
        (Some(_), Some(_)) => Err(list(sockets, |at| holds(at, &sockets[at]))),
    }
}

fn list(sockets: &[impl Socket], holds: impl Fn(usize) -> bool) -> String {
    let names: Vec<&str> =
        (0..sockets.len()).filter(|&at| holds(at)).map(|at| sockets[at].name()).collect();
    match &names[..] {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}
