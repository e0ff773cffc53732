//! What an editor asks of a test file: what could be written here, and what this means.
//!
//! Owns which words of it belong to which place. The words and their meanings are those that its checker
//! reads by, the names those of the topology.

use std::ops::Range;

use super::completion::{Completion, CompletionKind};
use super::context::{self, CURSOR, What};
use super::hover::{Hover, of_node};
use super::outline::Outline;
use super::position::floor;
use super::project::{File, Project};
use super::tree::{self, Kind, Value};
use crate::test_file::known::{self, FIGURES, STEPS};
use crate::zeromq::Role;

/// The keys whose values are names, with whether peers are among them.
const NAMES: &[(&str, bool)] = &[
    ("at", true),
    ("from", true),
    ("to", false),
    ("node", false),
    ("between", true),
    ("cut", true),
    ("heal", true),
    ("kill", false),
    ("start", false),
    ("tick", false),
    ("connect", false),
    ("without", false),
];

/// A place in a test file: the keys that lead to it, and the step that it is in.
struct Way<'v>(Vec<&'v str>);

impl<'v> Way<'v> {
    /// The step that a place is in, and the keys below it.
    fn step(&self) -> Option<(&'static known::Step, &[&'v str])> {
        let ["tests", "steps", step, rest @ ..] = self.0.as_slice() else { return None };
        known::step(step).map(|step| (step, rest))
    }

    /// The keys of the map there, each with its line.
    fn keys(&self) -> Vec<(&'static str, Option<&'static str>)> {
        let of = |owner: &'static str, sets: &[&[&'static str]]| -> Vec<_> {
            let keys = sets.iter().flat_map(|keys| keys.iter());
            keys.map(|key| (*key, known::meaning(owner, key))).collect()
        };
        match (self.0.as_slice(), self.step()) {
            ([], _) => of("", &[known::TOP]),
            (["tests"], _) => of("", &[known::TEST]),
            (["tests", "peers", _], _) => of("", &[known::PEER]),
            (["tests", "steps"], _) => STEPS.iter().map(|it| (it.name, Some(it.meaning))).collect(),
            (_, Some((step, []))) => of(step.name, step.keys),
            (_, Some((_, ["frames"]))) => of("", &[known::FRAME]),
            _ => Vec::new(),
        }
    }
}

/// What could be written at a byte of a test file; `topology` is the text of what it tests.
#[must_use]
pub fn complete_test(file: &File<'_>, topology: Option<&File<'_>>, byte: usize) -> Vec<Completion> {
    let byte = floor(file.text, byte);
    let text = context::with_cursor(file.text, byte);
    let tree = tree::parse(&text);
    let Some(spot) = context::spot(&text, &tree, byte + 1) else { return Vec::new() };
    let way = Way(spot.path);
    let (replace, found) = match spot.what {
        What::Key(entry, mapping) => {
            let present: Vec<&str> =
                mapping.entries().iter().map(|entry| &text[entry.key.clone()]).collect();
            let found = keys(&way, &present, !entry.has_colon);
            (entry.key.clone(), found)
        }
        What::Value(value) => {
            let Some(inner) = value.inner() else { return Vec::new() };
            let word = &text[inner.clone()];
            if !word.contains(CURSOR) || word.contains('\n') {
                return Vec::new();
            }
            let line = text[..inner.start].rfind('\n').map_or(0, |at| at + 1);
            let before = text[line..inner.start].trim();
            // A word behind a `-`, or on a line of its own, begins a map where one can stand.
            let is_key = matches!(before, "" | "-") && !way.keys().is_empty();
            let found = if is_key {
                keys(&way, &[], true)
            } else {
                values(&way, &text, &tree, byte, topology)
            };
            (inner, found)
        }
    };
    if !text[replace.clone()].contains(CURSOR) {
        return Vec::new();
    }
    let moved = |at: usize| if at > byte { at.saturating_sub(CURSOR.len()).max(byte) } else { at };
    let replace = moved(replace.start)..moved(replace.end);
    found.into_iter().map(|found| Completion { replace: replace.clone(), ..found }).collect()
}

fn keys(way: &Way<'_>, present: &[&str], needs_colon: bool) -> Vec<Completion> {
    let missing = way.keys().into_iter().filter(|(key, _)| !present.contains(key));
    missing
        .map(|(key, meaning)| {
            let found = Completion::new(key, CompletionKind::Key, meaning);
            let insert = if needs_colon { format!("{key}: ") } else { key.to_owned() };
            found.inserting(insert)
        })
        .collect()
}

fn values(
    way: &Way<'_>,
    text: &str,
    tree: &Value,
    byte: usize,
    topology: Option<&File<'_>>,
) -> Vec<Completion> {
    let Some(key) = way.0.last() else { return Vec::new() };
    let word = |word: &str| Completion::new(word, CompletionKind::Word, None);
    match *key {
        "role" => {
            let role = |role: Role| {
                Completion::new(
                    role.word(),
                    CompletionKind::Word,
                    super::words::line(role.word(), crate::explain::Kind::Role),
                )
            };
            return Role::ALL.into_iter().map(role).collect();
        }
        "format" => return ["msgid", "envelope", "plain"].map(word).into(),
        "sent" => return ["true", "false"].map(word).into(),
        "always" => {
            let figure = |it: &known::Figure| {
                Completion::new(it.name, CompletionKind::Property, Some(it.meaning))
            };
            return FIGURES.iter().map(figure).collect();
        }
        _ => {}
    }
    let Some((_, takes_peers)) = NAMES.iter().find(|(name, _)| name == key) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if *takes_peers {
        let peers = peers_at(text, tree, byte).into_iter();
        found.extend(
            peers.map(|peer| {
                Completion::new(peer, CompletionKind::Name, Some("a peer of the test"))
            }),
        );
    }
    if let Some(topology) = topology {
        found.extend(nodes(topology, matches!(*key, "at" | "from" | "to" | "connect")));
    }
    found
}

/// The nodes of a topology, and their sockets where a place can be one.
fn nodes(topology: &File<'_>, with_sockets: bool) -> Vec<Completion> {
    let project = Project { topology: Some(*topology), scripts: Vec::new() };
    let outline = project.outline();
    let mut found = Vec::new();
    for node in &outline.nodes {
        let name = &outline.text[node.name.clone()];
        let about = node.description.clone().map(|it| &outline.text[it]);
        found.push(Completion::new(name, CompletionKind::Node, about));
        if with_sockets && node.sockets.len() > 1 {
            found.extend(node.sockets.iter().map(|socket| {
                let socket = format!("{name}.{}", socket.name_in(outline.text));
                Completion::new(socket, CompletionKind::Socket, None)
            }));
        }
    }
    found
}

/// The peers of the test that a byte is in.
fn peers_at<'t>(text: &'t str, tree: &Value, byte: usize) -> Vec<&'t str> {
    let Some(Kind::Sequence(tests)) = tree.get(text, "tests").map(|tests| &tests.kind) else {
        return Vec::new();
    };
    let test = tests.iter().rev().find(|test| test.span.start <= byte);
    let peers = test.and_then(|test| test.get(text, "peers"));
    let entries = peers.into_iter().flat_map(|peers| peers.entries());
    entries.map(|entry| &text[entry.key.clone()]).collect()
}

/// What the word at a byte of a test file means.
#[must_use]
pub fn hover_test(file: &File<'_>, topology: Option<&File<'_>>, byte: usize) -> Option<Hover> {
    let byte = floor(file.text, byte);
    let tree = tree::parse(file.text);
    let spot = context::spot(file.text, &tree, byte)?;
    let way = Way(spot.path);
    match spot.what {
        What::Key(entry, _) => {
            let key = &file.text[entry.key.clone()];
            let (_, meaning) = way.keys().into_iter().find(|(known, _)| *known == key)?;
            let meaning = meaning?;
            let markdown = match (way.0.as_slice(), known::step(key)) {
                (["tests", "steps"], Some(step)) => {
                    format!("**{key}**: {meaning}\n\n```yaml\n- {}\n```", step.example)
                }
                _ => format!("**{key}**: {meaning}"),
            };
            Some(Hover { markdown, range: entry.key.clone() })
        }
        What::Value(value) => {
            let range: Range<usize> = value.inner()?;
            NAMES.iter().find(|(name, _)| way.0.last() == Some(name))?;
            let project = Project { topology: Some(*topology?), scripts: Vec::new() };
            let outline: Outline<'_> = project.outline();
            let name = file.text[range.clone()].split('.').next()?;
            Some(Hover { markdown: of_node(&outline, outline.node(name)?), range })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const TOPOLOGY: &str = "nodes:\n  station: {role: pub, bind: 5556}\n  broker:\n    sockets:\n      front: {role: router, bind: 5557}\n      back: {role: dealer, bind: 5558}\n";

    /// What is offered at the `|` of a text.
    fn offered(text: &str) -> Vec<String> {
        let byte = text.find('|').unwrap();
        let text = text.replacen('|', "", 1);
        let file = File { path: Path::new("a.test.yaml"), text: &text };
        let topology = File { path: Path::new("a.yaml"), text: TOPOLOGY };
        complete_test(&file, Some(&topology), byte).into_iter().map(|it| it.label).collect()
    }

    #[test]
    fn words_are_offered_where_they_can_stand() {
        let test = "topology: a.yaml\ntests:\n  - name: x\n    peers:\n      client: {role: req, connect: broker.front}\n    steps:\n";
        for (text, wanted, unwanted) in [
            ("top|", "topology", "name"),
            ("topology: a.yaml\ntests:\n  - na|", "name", "topology"),
            (&format!("{test}      - ex|"), "expect", "at"),
            (&format!("{test}      - ex|: {{at: station}}"), "expect", "at"),
            (&format!("{test}      - expect: {{at: st|}}"), "station", "at"),
            (&format!("{test}      - expect: {{at: cl|}}"), "client", "at"),
            (&format!("{test}      - expect: {{at: b|}}"), "broker.back", "at"),
            (&format!("{test}      - expect: {{at: station, wi|}}"), "within", "at"),
            (&format!("{test}      - kill: st|"), "station", "client"),
            (&format!("{test}      - cut: [station, cl|]"), "client", "broker.back"),
            (&format!("{test}      - send: {{from: station, frames: [{{rh|}}]}}"), "rhai", "text"),
            ("topology: a.yaml\ntests:\n  - name: x\n    without: st|", "station", "name"),
            ("tests:\n  - peers:\n      client:\n        ro|", "role", "name"),
            ("tests:\n  - peers:\n      client: {role: r|}", "req", "role"),
        ] {
            let found = offered(text);
            assert!(found.iter().any(|it| it == wanted), "{text}: {found:?}");
            assert!(!found.iter().any(|it| it == unwanted), "{text}: {found:?}");
        }
    }

    #[test]
    fn keys_steps_and_nodes_have_their_meanings() {
        let text = "tests:\n  - name: x\n    steps:\n      - expect: {at: station, within: 1s}\n";
        let file = File { path: Path::new("a.test.yaml"), text };
        let topology = File { path: Path::new("a.yaml"), text: TOPOLOGY };
        for (word, said) in [
            ("steps", "one after the other"),
            ("expect", "```yaml"),
            ("within", "1 s"),
            ("station", "pub"),
        ] {
            let found = hover_test(&file, Some(&topology), text.find(word).unwrap() + 1).unwrap();
            assert!(found.markdown.contains(said), "{word}: {}", found.markdown);
            assert_eq!(&text[found.range], word);
        }
    }
}
