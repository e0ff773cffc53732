//! The picture of a topology: boxes, ports and wires, without a place for any of them.
//!
//! Owns what is shown. What of a topology becomes what is `trace.rs`'s; a place for it is
//! `layout/`'s.

use std::num::NonZeroU32;

use crate::topology::LinkEnd;
use crate::zeromq::Role;

use super::family::Family;

/// What a picture of a topology shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// The topology's name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Its nodes, in the order of the file.
    pub boxes: Vec<NodeBox>,
    /// Places outside the file that sockets of the file are linked to.
    pub terminals: Vec<Terminal>,
    /// The links.
    pub wires: Vec<Wire>,
}

/// One node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeBox {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// How many copies run, where the file says so.
    pub copies: Option<NonZeroU32>,
    /// Its script, timers and files.
    pub marks: Vec<Mark>,
    /// Its sockets, in the order of the file.
    pub ports: Vec<Port>,
    /// What moves natively between its ports.
    pub forwards: Vec<Forward>,
    /// Which of the file's different handlers it has; those that are equal have one number.
    pub handlers: Option<usize>,
    /// The nodes that it stands for, where that is not one node.
    pub group: Option<Group>,
    /// The node that it is one copy of, where copies are shown one by one.
    pub copy_of: Option<String>,
}

/// Nodes that are alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// What all their names have in common, or the first of them.
    pub name: String,
    /// Their names, in the order of the file.
    pub members: Vec<String>,
}

impl NodeBox {
    /// The pattern that all its sockets are of, if they are of one.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        let mut families = self.ports.iter().map(|port| Family::of(port.role));
        let first = families.next()?;
        families.all(|family| family == first).then_some(first)
    }

    /// Its name and how many copies of it run, or how many nodes it stands for.
    #[must_use]
    pub fn title(&self) -> String {
        match (&self.group, self.badge()) {
            (_, None) => self.name.clone(),
            (None, Some(badge)) => format!("{} {badge}", self.name),
            (Some(_), Some(badge)) => format!("{} ({badge})", self.name),
        }
    }

    /// How many copies of it run, or how many nodes it stands for: `×3`, `20 nodes`.
    #[must_use]
    pub fn badge(&self) -> Option<String> {
        match &self.group {
            Some(group) => Some(format!("{} nodes", group.members.len())),
            None => self.copies.map(|copies| format!("×{copies}")),
        }
    }

    /// Whether it is drawn as several sheets.
    #[must_use]
    pub fn is_stack(&self) -> bool {
        self.group.is_some() || self.copies.is_some_and(|copies| copies.get() > 1)
    }

    /// The names of the nodes that it stands for.
    #[must_use]
    pub fn members(&self) -> &[String] {
        self.group.as_ref().map_or(std::slice::from_ref(&self.name), |group| &group.members)
    }
}

/// Something that a node has besides its sockets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// Its name or figure.
    pub text: String,
}

impl Mark {
    /// What it says where there is no sign before it.
    #[must_use]
    pub fn phrase(&self) -> String {
        match self.kind {
            MarkKind::Script
            | MarkKind::Timer
            | MarkKind::Flow
            | MarkKind::Trouble
            | MarkKind::Slow => self.text.clone(),
            MarkKind::Read => format!("reads {}", self.text),
            MarkKind::Write => format!("writes {}", self.text),
            MarkKind::Place => format!("at {}", self.text),
            MarkKind::Program => format!("runs {}", self.text),
        }
    }
}

/// What a mark stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MarkKind {
    /// The place where it runs.
    Place,
    /// Handlers.
    Script,
    /// A program in the place of handlers.
    Program,
    /// `every` or one of `timers`.
    Timer,
    /// `read`.
    Read,
    /// `write`.
    Write,
    /// What passes one of its sockets now, and how many peers that has.
    Flow,
    /// What waits, is blocked or was dropped.
    Trouble,
    /// Handlers that take nearly all the time there is: what waits, waits for them.
    Slow,
}

impl MarkKind {
    /// Whether it is of this moment, rather than of the file.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Flow | Self::Trouble | Self::Slow)
    }
}

/// One socket of a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    /// Its name; none for the one socket of a node without `sockets`.
    pub name: Option<String>,
    /// Its role.
    pub role: Role,
    /// What it binds.
    pub binds: Vec<String>,
    /// Whether it connects to something.
    pub connects: bool,
    /// What it subscribes to.
    pub filters: Vec<String>,
    /// Its high-water mark where that is not ZeroMQ's own: `hwm 50`.
    pub hwm: Option<String>,
}

impl Port {
    /// Its name, or its role where it has none.
    #[must_use]
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(self.role.word())
    }
}

/// Messages that are moved between two ports of one box without a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forward {
    /// The port they come in by.
    pub from: usize,
    /// The port they leave by.
    pub to: usize,
    /// How they go.
    pub kind: ForwardKind,
}

/// How a forward goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForwardKind {
    /// From the one to the other.
    OneWay,
    /// And back.
    BothWays,
    /// `capture`: a copy of what is forwarded.
    Copy,
}

/// A place outside the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terminal {
    /// Where it is, for a socket of the file that connects to it; whoever connects to a socket of
    /// the file has no address.
    pub endpoint: Option<String>,
    /// Which place of the file that is, if it is one.
    pub place: Option<String>,
    /// How many such places it stands for.
    pub count: usize,
}

/// One end of a wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum End {
    /// A socket, by the places of its box and of itself.
    Port(LinkEnd),
    /// A terminal, by its place.
    Terminal(usize),
}

/// A link. `from` is the end that sends or, where messages go both ways, the one that asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wire {
    /// Where messages come from.
    pub from: End,
    /// Where they go.
    pub to: End,
    /// Whether they also come back.
    pub both_ways: bool,
    /// Whether `from` is the end that binds.
    pub bound_at_from: bool,
    /// Where the ends meet; several where sockets are linked more than once.
    pub endpoints: Vec<String>,
    /// Its pattern.
    pub family: Family,
    /// How many links between nodes of the file it stands for.
    pub links: usize,
}

/// What a node does while its picture is drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Live {
    /// The node's name in the file.
    pub node: String,
    /// What passes its sockets, a line each.
    pub flow: Vec<String>,
    /// What waits, is blocked or was dropped, if anything.
    pub trouble: Option<String>,
    /// Handlers that take nearly all the time there is, if they do.
    pub slow: Option<String>,
}

impl Picture {
    /// Adds what nodes do now, and a sentence about when that was.
    pub fn show_live(&mut self, live: &[Live], when: &str) {
        let description = self.description.take().map_or_else(String::new, |text| text + " ");
        self.description = Some(description + when);
        for live in live {
            let Some(node) = self.boxes.iter_mut().find(|node| node.name == live.node) else {
                continue;
            };
            let mark = |kind, text: &String| Mark { kind, text: text.clone() };
            let flow = live.flow.iter().map(|text| mark(MarkKind::Flow, text));
            let trouble = live.trouble.iter().map(|text| mark(MarkKind::Trouble, text));
            let slow = live.slow.iter().map(|text| mark(MarkKind::Slow, text));
            node.marks.extend(flow.chain(slow).chain(trouble));
        }
    }

    /// The port at an end, if it is one.
    #[must_use]
    pub fn port(&self, end: End) -> Option<&Port> {
        match end {
            End::Port(at) => self.boxes.get(at.node)?.ports.get(at.socket),
            End::Terminal(_) => None,
        }
    }

    /// What an end is called: `node`, `node.socket`, an outside endpoint or `outside`.
    #[must_use]
    pub fn end_name(&self, end: End) -> String {
        match end {
            End::Port(at) => {
                let node = &self.boxes[at.node];
                match &node.ports[at.socket].name {
                    Some(port) => format!("{}.{port}", node.name),
                    None => node.name.clone(),
                }
            }
            End::Terminal(at) => self.terminals[at].title(),
        }
    }

    /// The filters that a wire's messages have to pass.
    #[must_use]
    pub fn filters(&self, wire: &Wire) -> &[String] {
        self.port(wire.to).map_or(&[], |port| &port.filters)
    }

    /// The patterns that the picture shows, in the order of a legend.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        let ports = || self.boxes.iter().flat_map(|node| &node.ports);
        Family::ALL
            .into_iter()
            .filter(move |family| ports().any(|port| Family::of(port.role) == *family))
    }
}

impl Terminal {
    /// Its address, or `outside`; of several the first and how many more.
    #[must_use]
    pub fn title(&self) -> String {
        match (&self.endpoint, self.count) {
            (Some(endpoint), 1) => match &self.place {
                Some(place) => format!("{place} at {endpoint}"),
                None => endpoint.clone(),
            },
            (Some(endpoint), many) => format!("{endpoint} +{}", many - 1),
            (None, 1) => "outside".to_owned(),
            (None, many) => format!("outside ×{many}"),
        }
    }
}
