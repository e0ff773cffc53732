//! Calls of the contract's functions that fail whatever they are given, found without a run.
//!
//! Owns how the rules of a call that runs are asked beforehand. Never has a rule of its own about
//! sockets.

use super::socket_lookup::{self, Socket, Tag};
use super::survey::{Call, Literal};
use crate::zeromq::Role;

/// Why a call fails whenever it is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The socket that is meant and cannot do it, as its place in the node; nothing where the fault
    /// is that none is meant.
    pub socket: Option<usize>,
    /// What the call says when it runs.
    pub why: String,
    /// What to do where no socket of the node will do.
    pub advice: &'static str,
}

impl Call {
    /// The socket that the call names, if the name is written out.
    #[must_use]
    pub fn named_socket(&self) -> Option<&str> {
        match self.arguments.first() {
            Some(Some(Literal::Text(name))) if self.names_a_socket() => Some(name),
            _ => None,
        }
    }

    fn names_a_socket(&self) -> bool {
        match self.name.as_str() {
            "send_to" | "subscribe" | "unsubscribe" | "connect" | "disconnect" | "bind"
            | "unbind" => self.arguments.len() == 2,
            "pause" | "resume" | "last_endpoint" => self.arguments.len() == 1,
            "publish" => self.arguments.len() == 3,
            _ => false,
        }
    }

    /// Why the call fails on a node with these sockets, in every handler; nothing where it may go
    /// well.
    #[must_use]
    pub fn refusal(&self, sockets: &[impl Socket]) -> Option<Refusal> {
        if self.name == "reply" && self.arguments.len() == 2 {
            return no_sender(sockets);
        }
        if self.name == "later" && matches!(self.arguments.len(), 1 | 2) {
            return no_rep(sockets);
        }
        let asked = Asked::of(self)?;
        match self.meant(sockets) {
            Err(why) => Some(Refusal { socket: None, why, advice: asked.advice() }),
            Ok(meant) => {
                let refused = |&at: &usize| {
                    let (why, advice) = asked.of_socket(&sockets[at]).err()?;
                    Some(Refusal { socket: Some(at), why, advice })
                };
                // Where the name is computed, the call may be meant for any.
                let all: Option<Vec<Refusal>> = meant.iter().map(refused).collect();
                all?.into_iter().next()
            }
        }
    }

    /// The sockets that can do what the call wants, if it names them.
    pub fn usable<'s, S: Socket>(&self, sockets: &'s [S]) -> impl Iterator<Item = usize> + 's {
        let asked = Asked::of(self);
        (0..sockets.len()).filter(move |&at| {
            asked.as_ref().is_some_and(|asked| asked.of_socket(&sockets[at]).is_ok())
        })
    }

    /// The sockets that the call may act on.
    fn meant(&self, sockets: &[impl Socket]) -> Result<Vec<usize>, String> {
        if let Some(name) = self.named_socket() {
            return socket_lookup::named(sockets, name).map(|at| vec![at]);
        }
        if self.names_a_socket() {
            return Ok((0..sockets.len()).collect());
        }
        let function = &self.name;
        let found = match function.as_str() {
            "send" => return senders(sockets),
            "publish" => socket_lookup::publisher(sockets),
            "subscribe" | "unsubscribe" => socket_lookup::subscriber(sockets, function),
            "pause" | "resume" => socket_lookup::receiver(sockets, function),
            _ => socket_lookup::only(sockets, function),
        };
        found.map(|at| vec![at])
    }

    /// The socket that the call sends on in every handler of a node, if that is known and can be.
    #[must_use]
    pub fn sends_on(&self, sockets: &[impl Socket]) -> Option<usize> {
        let asked = Asked::of(self)?;
        let found = match (&asked, self.named_socket()) {
            (Asked::Subscribe | Asked::Connect | Asked::Pause, _) => return None,
            (_, Some(name)) => socket_lookup::named(sockets, name),
            (_, None) if self.names_a_socket() => return None,
            (Asked::Send { .. }, None) => socket_lookup::sender(sockets, None),
            (Asked::Publish { .. }, None) => socket_lookup::publisher(sockets),
        };
        found.ok().filter(|&at| asked.of_socket(&sockets[at]).is_ok())
    }
}

/// The sockets that `send(v)` may go to: a `rep` only where its request is being handled.
fn senders(sockets: &[impl Socket]) -> Result<Vec<usize>, String> {
    let asked = (0..sockets.len()).filter(|&at| sockets[at].role() == Role::Rep).map(Some);
    let when_asked: Vec<usize> =
        asked.filter_map(|asking| socket_lookup::sender(sockets, asking).ok()).collect();
    match socket_lookup::sender(sockets, None) {
        Ok(unasked) => Ok([unasked].into_iter().chain(when_asked).collect()),
        Err(why) if when_asked.is_empty() => Err(why),
        Err(_) => Ok(when_asked),
    }
}

/// Why `reply(msg, v)` fails whichever message of the node it is for.
fn no_sender(sockets: &[impl Socket]) -> Option<Refusal> {
    let receiving: Vec<usize> =
        (0..sockets.len()).filter(|&at| sockets[at].role().receives()).collect();
    let refused = |&at: &usize| socket_lookup::can_reply(&sockets[at]).err();
    let all: Option<Vec<String>> = receiving.iter().map(refused).collect();
    let why = all?.into_iter().next().unwrap_or_else(|| "no socket of this node receives".into());
    let advice = "send on a socket of the node: `send(v)` or `send_to(socket, v)`";
    Some(Refusal { socket: receiving.first().copied(), why, advice })
}

/// Why `later(msg)` fails whichever message of the node it is for.
fn no_rep(sockets: &[impl Socket]) -> Option<Refusal> {
    if sockets.iter().any(|socket| socket.role() == Role::Rep) {
        return None;
    }
    let socket = sockets.iter().position(|socket| socket.role().receives());
    let why = "only a rep answers by itself, so only there an answer can be put off".to_owned();
    let advice = "keep the message in `this`, and `reply(msg, v)` when it is time";
    Some(Refusal { socket, why, advice })
}

/// What a call wants of its socket.
enum Asked {
    Send { has_one_frame: bool },
    Publish { tag: Tag },
    Subscribe,
    Connect,
    Pause,
}

impl Asked {
    fn of(call: &Call) -> Option<Self> {
        let arguments = &call.arguments[..];
        Some(match (call.name.as_str(), arguments) {
            ("send", [value]) | ("send_to", [_, value]) => {
                Self::Send { has_one_frame: value.is_some() }
            }
            ("publish", [tag, _] | [_, tag, _]) => Self::Publish {
                tag: match tag {
                    Some(Literal::Integer(msgid)) => Tag::Msgid(*msgid),
                    Some(Literal::Text(topic)) => Tag::Topic(topic.clone().into_bytes()),
                    _ => Tag::Default,
                },
            },
            ("subscribe" | "unsubscribe", [_] | [_, _]) => Self::Subscribe,
            ("connect" | "disconnect" | "bind" | "unbind", [_] | [_, _])
            | ("last_endpoint", [] | [_]) => Self::Connect,
            ("pause" | "resume", [] | [_]) => Self::Pause,
            _ => return None,
        })
    }

    /// Refuses a socket that cannot do it, with what to do instead.
    fn of_socket(&self, socket: &impl Socket) -> Result<(), (String, &'static str)> {
        let or = |advice: &'static str| move |why: String| (why, advice);
        match self {
            Self::Send { has_one_frame } => {
                socket_lookup::can_send(socket).map_err(or(self.advice()))?;
                if *has_one_frame {
                    socket_lookup::takes_one_frame(socket)
                        .map_err(or("send an array of all frames"))?;
                }
                Ok(())
            }
            Self::Publish { tag } => {
                socket_lookup::can_publish(socket).map_err(or(self.advice()))?;
                socket_lookup::takes_tags(socket).map_err(or(self.advice()))?;
                socket_lookup::takes_tag(socket, tag).map_err(or(
                    "give an integer in format `msgid` and a text in format `envelope`",
                ))
            }
            Self::Subscribe => socket_lookup::can_subscribe(socket).map_err(or(self.advice())),
            Self::Connect => Ok(()),
            Self::Pause => socket_lookup::can_receive(socket).map_err(or(self.advice())),
        }
    }

    /// What to do where no socket of the node can do it.
    fn advice(&self) -> &'static str {
        match self {
            Self::Send { .. } => "give the node a socket that sends, or remove the call",
            Self::Publish { .. } => {
                "give the node a `pub`, or send without an id or topic: `send(v)`"
            }
            Self::Subscribe => "give the node a `sub`, or remove the call",
            Self::Connect => "give the node a socket, or remove the call",
            Self::Pause => "give the node a socket that receives, or remove the call",
        }
    }
}

#[cfg(test)]
mod tests;
