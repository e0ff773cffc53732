//! A topology's nodes, sockets and handlers, as far as they are written.
//!
//! Owns what one node has, with its places, merge keys looked through. Never says whether that is
//! right: the checker does.

use std::collections::HashMap;
use std::ops::Range;

use super::body::Body;
use super::tree::{self, Entry, Kind, Value};
use crate::document::is_handler_key;
use crate::message::Format;
use crate::zeromq::{Role, Side};

/// Merge keys of merge keys are looked through that far.
const DEEPEST: usize = 8;

/// A word with its place.
pub(super) type Place = Range<usize>;

/// A topology's text with what it declares.
pub(super) struct Outline<'t> {
    pub(super) text: &'t str,
    pub(super) tree: Value,
    pub(super) nodes: Vec<Node>,
    /// The names under `places`.
    pub(super) places: Vec<Place>,
}

/// A node as written.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: Place,
    /// From its name to its last character.
    pub(super) span: Place,
    pub(super) sockets: Vec<Socket>,
    /// The keys of `on_…` with their bodies.
    pub(super) handlers: Vec<(Place, Body)>,
    /// The path at `script`.
    pub(super) script: Option<Place>,
    /// The names under `params`.
    pub(super) params: Vec<Place>,
    /// The names under `timers`.
    pub(super) timers: Vec<Place>,
    /// The names of sockets at `forward` and `capture`.
    pub(super) forwarded: Vec<Place>,
    /// The name at `on`.
    pub(super) on: Option<Place>,
    pub(super) description: Option<Place>,
}

/// A socket as written.
#[derive(Debug)]
pub(super) struct Socket {
    /// Its name under `sockets`; the one of a node without has none.
    pub(super) name: Option<Place>,
    pub(super) role: Option<Role>,
    pub(super) format: Option<Format>,
    pub(super) binds: Vec<Place>,
    pub(super) connects: Vec<Place>,
    pub(super) span: Place,
}

impl Socket {
    /// What handlers call it.
    pub(super) fn name_in<'t>(&self, text: &'t str) -> &'t str {
        match &self.name {
            Some(name) => &text[name.clone()],
            None => self.role.map_or("socket", Role::word),
        }
    }

    /// How its messages are laid out, as far as that is known.
    pub(super) fn format(&self) -> Option<Format> {
        self.format.or_else(|| self.role.map(Role::default_format))
    }
}

impl<'t> Outline<'t> {
    /// Reads what a text declares.
    pub(super) fn new(text: &'t str) -> Self {
        let tree = tree::parse(text);
        let mut reader = Reader { text, anchors: HashMap::new() };
        reader.collect(&tree);
        let nodes = tree.get(text, "nodes").map(Value::entries).unwrap_or_default();
        let nodes = nodes.iter().filter(|entry| &text[entry.key.clone()] != "<<");
        let nodes = nodes.map(|entry| reader.node(entry)).collect();
        let places = tree.get(text, "places").map(|places| reader.entries(places, 0));
        let places = places.unwrap_or_default().into_iter();
        let places = places.map(|(_, entry)| entry.key.clone()).collect();
        Self { text, nodes, places, tree }
    }

    /// The node of that name.
    pub(super) fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| self.text[node.name.clone()] == *name)
    }

    /// The node that a place is in.
    pub(super) fn node_at(&self, byte: usize) -> Option<&Node> {
        self.nodes.iter().rev().find(|node| node.span.start <= byte && byte <= node.span.end)
    }
}

struct Reader<'t, 'v> {
    text: &'t str,
    anchors: HashMap<&'t str, &'v Value>,
}

impl<'t, 'v> Reader<'t, 'v> {
    fn collect(&mut self, value: &'v Value) {
        if let Some(anchor) = &value.anchor {
            self.anchors.insert(&self.text[anchor.clone()], value);
        }
        match &value.kind {
            Kind::Sequence(items) => items.iter().for_each(|item| self.collect(item)),
            Kind::Mapping(entries) => entries.iter().for_each(|entry| self.collect(&entry.value)),
            Kind::Empty | Kind::Scalar(..) | Kind::Alias(_) => {}
        }
    }

    /// What an alias stands for; anything else stands for itself.
    fn meant(&self, value: &'v Value) -> &'v Value {
        match &value.kind {
            Kind::Alias(name) => {
                self.anchors.get(&self.text[name.clone()]).copied().unwrap_or(value)
            }
            Kind::Empty | Kind::Scalar(..) | Kind::Sequence(_) | Kind::Mapping(_) => value,
        }
    }

    /// The entries of a mapping and of those that it merges, its own first.
    fn entries(&self, value: &'v Value, depth: usize) -> Vec<(&'t str, &'v Entry)> {
        let value = self.meant(value);
        let mut found: Vec<(&str, &Entry)> = Vec::new();
        let mut merged = Vec::new();
        for entry in value.entries() {
            match &self.text[entry.key.clone()] {
                "<<" if depth < DEEPEST => merged.extend(self.meant(&entry.value).one_or_many()),
                key => found.push((key, entry)),
            }
        }
        for value in merged {
            for (key, entry) in self.entries(value, depth + 1) {
                if !found.iter().any(|(known, _)| *known == key) {
                    found.push((key, entry));
                }
            }
        }
        found
    }

    fn node(&self, entry: &'v Entry) -> Node {
        let entries = self.entries(&entry.value, 0);
        let get =
            |key: &str| entries.iter().find(|(known, _)| *known == key).map(|(_, it)| &it.value);
        let names = |key: &str| -> Vec<Place> {
            let named = get(key).map(|value| self.entries(value, 0)).unwrap_or_default();
            named.into_iter().map(|(_, entry)| entry.key.clone()).collect()
        };
        let sockets = match get("sockets") {
            Some(sockets) => {
                let named = self.entries(sockets, 0).into_iter();
                named.map(|(_, it)| self.socket(Some(it.key.clone()), &it.value)).collect()
            }
            None => vec![self.socket(None, &entry.value)],
        };
        let bodies = entries.iter().filter(|(key, _)| is_handler_key(key));
        let mut forwarded = Vec::new();
        for value in [get("forward"), get("capture")].into_iter().flatten() {
            self.sockets_named(self.meant(value), &mut forwarded);
        }
        Node {
            name: entry.key.clone(),
            span: entry.key.start..entry.value.span.end.max(entry.key.end),
            sockets,
            handlers: bodies
                .filter_map(|(_, it)| {
                    let body = Body::of_value(self.text, self.meant(&it.value))?;
                    Some((it.key.clone(), body))
                })
                .collect(),
            script: get("script").and_then(Value::inner),
            params: names("params"),
            timers: names("timers"),
            forwarded,
            on: get("on").and_then(Value::inner),
            description: get("description").and_then(Value::inner),
        }
    }

    fn sockets_named(&self, value: &'v Value, found: &mut Vec<Place>) {
        match &value.kind {
            Kind::Scalar(_, inner) => found.push(inner.clone()),
            Kind::Sequence(items) => items.iter().for_each(|item| self.sockets_named(item, found)),
            Kind::Mapping(entries) => {
                for entry in entries {
                    if &self.text[entry.key.clone()] != "capture" {
                        found.push(entry.key.clone());
                    }
                    self.sockets_named(&entry.value, found);
                }
            }
            Kind::Empty | Kind::Alias(_) => {}
        }
    }

    fn socket(&self, name: Option<Place>, value: &'v Value) -> Socket {
        let entries = self.entries(value, 0);
        let get =
            |key: &str| entries.iter().find(|(known, _)| *known == key).map(|(_, it)| &it.value);
        let word = |key: &str| get(key).and_then(|value| value.word(self.text));
        let ends = |side: Side| -> Vec<Place> {
            let items = get(side.word()).map(|value| self.meant(value).one_or_many());
            items.unwrap_or_default().iter().filter_map(Value::inner).collect()
        };
        Socket {
            name: name.clone(),
            role: word("role").and_then(Role::parse),
            format: word("format").and_then(Format::parse),
            binds: ends(Side::Bind),
            connects: ends(Side::Connect),
            span: name.map_or(value.span.clone(), |name| name.start..value.span.end.max(name.end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "\
nodes:
  desk: &desk
    sockets:
      ask: {role: router, bind: 5555, format: envelope}
      news:
        role: pub
        bind: [tcp://*:5556, \"ipc:///tmp/x\"]
    forward: {ask: news}
    params: {limit: 3}
    on_ask: |
      send_to(\"news\", msg)
  other:
    <<: *desk
    timers: {late: 1s}
  lone: {role: sub, connect: [desk.news, 'desk'], topics: all}
  open:
    role: re
    connect: [desk.ask
";

    #[test]
    fn nodes_have_their_sockets_their_names_and_what_they_merge() {
        let outline = Outline::new(YAML);
        let names: Vec<&str> = outline.nodes.iter().map(|node| &YAML[node.name.clone()]).collect();
        assert_eq!(names, ["desk", "other", "lone", "open"]);
        let desk = outline.node("desk").unwrap();
        assert_eq!(desk.sockets.len(), 2);
        assert_eq!(desk.sockets[0].format(), Some(Format::Envelope));
        assert_eq!(desk.sockets[1].name_in(YAML), "news");
        assert_eq!(desk.sockets[1].binds.len(), 2);
        assert_eq!(&YAML[desk.sockets[1].binds[1].clone()], "ipc:///tmp/x");
        assert_eq!(desk.handlers.len(), 1);
        let forwarded: Vec<&str> = desk.forwarded.iter().map(|it| &YAML[it.clone()]).collect();
        assert_eq!(forwarded, ["ask", "news"]);
        let other = outline.node("other").unwrap();
        assert_eq!((other.sockets.len(), other.params.len(), other.timers.len()), (2, 1, 1));
        let lone = outline.node("lone").unwrap();
        let ends: Vec<&str> = lone.sockets[0].connects.iter().map(|it| &YAML[it.clone()]).collect();
        assert_eq!(ends, ["desk.news", "desk"]);
        assert_eq!(lone.sockets[0].name_in(YAML), "sub");
        assert_eq!(outline.node("open").unwrap().sockets[0].connects.len(), 1);
        assert_eq!(
            &YAML[outline.node_at(YAML.find("late").unwrap()).unwrap().name.clone()],
            "other"
        );
    }

    #[test]
    fn every_beginning_of_a_text_has_an_outline() {
        for end in (0..=YAML.len()).filter(|&end| YAML.is_char_boundary(end)) {
            Outline::new(&YAML[..end]);
        }
    }
}
