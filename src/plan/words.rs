//! The words in which a plan is shown.
//!
//! Owns them all. Nothing that is done depends on one.

use std::fmt;

use super::change::{Change, ChangeKind, How, Why};
use super::{Instances, NodePlan, Pause, Plan, Risk};
use crate::listing::some_of;
use crate::topology::{Attachment, Filter};
use crate::visible::visible;

impl How {
    /// The word that machines read.
    #[must_use]
    pub fn token(self) -> &'static str {
        word(match self {
            Self::Live => "live",
            Self::ReAttach => "re-attach",
            Self::Rebuild => "rebuild",
            Self::Restart => "restart",
        })
    }
}

/// As people read it.
impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(match self {
            Self::Live => "live",
            Self::ReAttach => "connections change",
            Self::Rebuild => "new socket",
            Self::Restart => "begins anew",
        }))
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = match self {
            Self::Replicas { from, to } => {
                return write!(f, "{} {from} → {to}", word("replicas"));
            }
            Self::Role { from, to } => return write!(f, "{} {from} → {to}", word("role")),
            Self::Mark { queue, from, to } => {
                return write!(f, "{}.{} {from} → {to}", word("hwm"), word(queue.word()));
            }
            Self::Option(name) => return write!(f, "{}.{}", word("options"), name.0),
            Self::Subscribe(filter) => {
                return write!(f, "{} {}", word("subscribe"), filter_text(filter));
            }
            Self::Unsubscribe(filter) => {
                return write!(f, "{} {}", word("unsubscribe"), filter_text(filter));
            }
            Self::Attach(attachment) => {
                return write!(f, "{} {}", word("+"), attachment_text(attachment));
            }
            Self::Detach(attachment) => {
                return write!(f, "{} {}", word("-"), attachment_text(attachment));
            }
            Self::Admission { more, less } => {
                let lists = [("lets in", more), ("throws out", less)];
                let said = lists.iter().filter(|(_, names)| !names.is_empty());
                let said = said.map(|(verb, names)| format!("{} {}", word(verb), some_of(names)));
                return f.write_str(&said.collect::<Vec<_>>().join(", "));
            }
            Self::Handlers => "handlers",
            Self::Every => "every",
            Self::Idle => "idle",
            Self::Timers => "timers",
            Self::Params => "params",
            Self::Read => "read",
            Self::Write => "write",
            Self::Persist => "persist",
            Self::OnError => "on_error",
            Self::StateLimit => "state_limit",
            Self::Description => "description",
            Self::Place => "on",
            Self::Forward => "forward",
            Self::Isolate => "isolate",
            Self::Counts => "counts",
            Self::ToProgram => "a program for handlers",
            Self::ToHandlers => "handlers for a program",
            Self::Command => "process.command",
            Self::Directory => "process.directory",
            Self::Environment => "process.environment",
            Self::OnExit => "process.on_exit",
            Self::Ready => "process.ready",
            Self::Stop => "process.stop",
            Self::SocketAdded => "new",
            Self::SocketRemoved => "removed",
            Self::Identity => "identity",
            Self::AsksZap => "asks the ZAP handler",
            Self::AsksZapNoLonger => "no longer asks a ZAP handler",
            Self::Curve => "curve",
            Self::Plain => "plain",
            Self::Linger => "linger",
            Self::Msgid => "msgid",
            Self::Format => "format",
            Self::WhenFull => "when_full",
            Self::Sequence => "sequence",
        };
        f.write_str(word(plain))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(match self {
            Self::RunsHereAnyway => "without --place the whole file runs here",
            Self::BetweenMessages => "taken over between two messages",
            Self::ReadAnew => "read from its first line",
            Self::WhatFollowsHasIt => {
                "what is written from now on has the new format; what is in the file stays"
            }
            Self::EmptiedFirst => "what was in the new file goes; the one before is written out",
            Self::WrittenOut => "what waits for the file before is written out",
            Self::KeptThere => "the state that runs is kept there; what the file held goes",
            Self::KeptNoMore => "the file stays with the last version",
            Self::CopiesComeAndGo => "copies come and go, the others stay",
            Self::AnotherThread => "the node moves to another thread",
            Self::OneMore => "a socket more",
            Self::DrainedFirst => "drained first",
            Self::AnotherSocketType => "another socket type",
            Self::ToldInTheHandshake => "peers hear a routing id only when they connect",
            Self::FullQueueCanStall => "changed on a live socket, a full queue can stall for ever",
            Self::PeersCameInUnasked => "peers that came in unasked have to knock again",
            Self::LetNobodyIn => "without one it let nobody in",
            Self::OthersStay => "who may not come any more goes, all others stay",
            Self::ConnectedStays => "who is connected stays so",
            Self::TakenAtOnce => "libzmq takes it at once",
            Self::TakenAtOnceByEither => "libzmq or the runner takes it at once",
            Self::ForLaterPeers => "it holds for peers that come later",
            Self::CopiedWhenAttached => "libzmq copies it when an endpoint is bound or connected",
            Self::CannotBeSetBack => "libzmq has no call that sets an option back",
            Self::ConnectionsStay => "connections stay",
            Self::SocketStays => "the socket stays",
            Self::ToldAtTheStart => "a program is told when it starts",
            Self::HandedOver => "the one lets go of its endpoints before the other takes them",
            Self::FromNowOn => "it holds from now on, the program runs on",
        }))
    }
}

fn filter_text(filter: &Filter) -> String {
    match filter {
        Filter::Msgid(id) => id.to_string(),
        Filter::Topic(topic) => format!("{:?}", String::from_utf8_lossy(topic)),
    }
}

fn attachment_text(attachment: &Attachment) -> String {
    match attachment {
        Attachment::Bind(endpoint) => format!("{} {endpoint}", word("bind")),
        Attachment::Connect(endpoint) => format!("{} {endpoint}", word("connect")),
        Attachment::ConnectNode { node, endpoint, .. } => {
            format!("{} {node} at {endpoint}", word("connect"))
        }
        Attachment::ConnectPlace { place, endpoint } => {
            format!("{} {} {place} at {endpoint}", word("connect"), word("place"))
        }
    }
}

impl Change {
    /// `socket: what`, as a terminal may show it.
    #[must_use]
    pub fn text(&self) -> String {
        let socket = self.socket.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        format!("{socket}{}", visible(&self.kind.to_string()))
    }
}

/// A line a node, and below it a line a change.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for node in &self.nodes {
            writeln!(f, "{} {}", node.sign(), node.name())?;
            if let NodePlan::Change { changes, .. } = node {
                for change in changes {
                    writeln!(f, "    {}  [{}: {}]", change.text(), change.how, change.why)?;
                }
                let Instances { ended, made, .. } = node.instances();
                for (verb, copies) in [("ends", ended), ("begins", names(made))] {
                    if !copies.is_empty() {
                        writeln!(f, "    {} {}", word(verb), some_of(&copies))?;
                    }
                }
            }
            if let Some(risk) = node.risk() {
                writeln!(f, "    {risk}")?;
            }
            if let Some(pause) = self.pause_of(node.name()) {
                writeln!(f, "    {pause}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            word("at risk: what the program has received and does not handle after"),
            self.signal.word(),
            word("any more; what its peers inside the file hold for it waits")
        )
    }
}

impl Pause {
    /// The word that machines read.
    #[must_use]
    pub fn token(self) -> &'static str {
        word(match self {
            Self::Held => "held",
            Self::AfterAnswering => "after-answering",
        })
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(match self {
            Self::Held => "paused meanwhile: what arrives waits",
            Self::AfterAnswering => {
                "paused once it has answered what it owes: what arrives then waits"
            }
        }))
    }
}

fn names(copies: Vec<(String, u32)>) -> Vec<String> {
    copies.into_iter().map(|(instance, _)| instance).collect()
}

#[cfg(not(test))]
fn word(word: &'static str) -> &'static str {
    word
}

/// Another word where a test asks for others.
#[cfg(test)]
fn word(word: &'static str) -> &'static str {
    if super::tests::REWORDED.get() { "something" } else { word }
}
