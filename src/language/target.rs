//! What a word of a file names: a node, a socket, a function, a key.
//!
//! Owns telling these apart by where the word stands. Never says where else it is named.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::completion::{VOCABULARY, names_a_socket};
use super::context::{InScript, What, in_script, spot};
use super::outline::{Outline, Place};
use super::project::Project;
use super::script::Script;
use super::tokens::{Token, TokenKind};
use super::tree::Kind;
use crate::diagnostic::Code;
use crate::document::is_handler_key;
use crate::script::{MESSAGE_PROPERTIES, argument_of};

/// What a word names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// A node, by its name.
    Node(String),
    /// A place, by its name.
    Place(String),
    /// A socket of nodes.
    Socket { nodes: Vec<String>, socket: String },
    /// A name under `params` of nodes.
    Param { nodes: Vec<String>, name: String },
    /// A name under `timers` of nodes.
    Timer { nodes: Vec<String>, name: String },
    /// A handler.
    Handler(String),
    /// A function that a text of handlers defines.
    Function { file: PathBuf, name: String },
    /// A function that every script may call.
    Known(String),
    /// `msg.NAME` or `peer.NAME`.
    Property { of: &'static str, name: String },
    /// A script.
    File(PathBuf),
    /// `*NAME`.
    Anchor(String),
    /// A key of the format.
    Key(String),
    /// An option of libzmq.
    Option(String),
    /// A socket type.
    Role(String),
    /// A code of `check`.
    Code(Code),
    /// A notion that has a page.
    Term(&'static str),
}

/// What the word at a byte of a file names, and where in the file the word is.
pub(super) fn target(
    project: &Project<'_>,
    outline: &Outline<'_>,
    path: &Path,
    byte: usize,
) -> Option<(Target, Place)> {
    let text = project.file(path)?.text;
    if let Some(found) = code_at(text, byte) {
        return Some(found);
    }
    if let Some(place) = in_script(project, outline, path, byte) {
        let script = Script::new(&place.body.text);
        let asked = Asked { outline, place: &place, script: &script, path };
        let (target, range) = asked.target()?;
        return Some((target, place.body.range(range)));
    }
    in_topology(project, outline, byte)
}

fn code_at(text: &str, byte: usize) -> Option<(Target, Place)> {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let byte = super::position::floor(text, byte);
    let start = byte - text[..byte].chars().rev().take_while(|c| is_word(*c)).count();
    let end = byte + text[byte..].chars().take_while(|c| is_word(*c)).count();
    let word = &text[start..end];
    let code = Code::parse(word).filter(|_| word.len() == 6)?;
    Some((Target::Code(code), start..end))
}

fn in_topology(
    project: &Project<'_>,
    outline: &Outline<'_>,
    byte: usize,
) -> Option<(Target, Place)> {
    let text = outline.text;
    let spot = spot(text, &outline.tree, byte)?;
    let node = outline.node_at(byte);
    let of_node = || node.map(|node| project.sharing(outline, node)).unwrap_or_default();
    let socket = |name: &str| Target::Socket { nodes: of_node(), socket: name.to_owned() };
    match spot.what {
        What::Key(entry, _) => {
            let key = &text[entry.key.clone()];
            let name = key.to_owned();
            let target = match spot.path.as_slice() {
                ["nodes"] => Target::Node(name),
                ["places"] => Target::Place(name),
                ["nodes", _, "sockets"] => socket(key),
                ["nodes", _, "forward"] if key != "capture" => socket(key),
                ["nodes", _, "params"] => Target::Param { nodes: of_node(), name },
                ["nodes", _, "timers"] => Target::Timer { nodes: of_node(), name },
                ["nodes", _, "params", ..] => return None,
                [.., "options"] => Target::Option(name),
                ["nodes", _] if is_handler_key(key) => Target::Handler(name),
                _ => Target::Key(name),
            };
            Some((target, entry.key.clone()))
        }
        What::Value(value) => {
            let span = value.inner().unwrap_or(value.span.clone());
            if let Kind::Alias(name) = &value.kind {
                return Some((Target::Anchor(text[name.clone()].to_owned()), span));
            }
            let word = &text[value.inner()?];
            let key = *spot.path.last()?;
            Some(match spot.path.as_slice() {
                ["nodes", _, "forward" | "capture", ..] => (socket(word), span),
                ["nodes", _, "on"] => (Target::Place(word.to_owned()), span),
                ["nodes", _, "script"] => (Target::File(project.script_path(word)?), span),
                ["nodes", .., "connect"] => return end(outline, span, byte),
                ["nodes", .., "role"] => (Target::Role(word.to_owned()), span),
                ["nodes", _, "params", ..] => return None,
                [.., "options", option] => (Target::Option((*option).to_owned()), span),
                _ => (Target::Key(key.to_owned()), span),
            })
        }
    }
}

/// `NODE` or `NODE.SOCKET`, or an endpoint.
fn end(outline: &Outline<'_>, span: Place, byte: usize) -> Option<(Target, Place)> {
    let word = &outline.text[span.clone()];
    let (node, socket) = match word.split_once('.') {
        Some((node, socket)) => (node, Some(socket)),
        None => (word, None),
    };
    if outline.node(node).is_none() {
        return Some((Target::Key("connect".to_owned()), span));
    }
    let dot = span.start + node.len();
    match socket.filter(|_| byte > dot) {
        Some(socket) => {
            let (nodes, socket) = (vec![node.to_owned()], socket.to_owned());
            Some((Target::Socket { nodes, socket }, dot + 1..span.end))
        }
        None => Some((Target::Node(node.to_owned()), span.start..dot)),
    }
}

struct Asked<'p> {
    outline: &'p Outline<'p>,
    place: &'p InScript<'p>,
    script: &'p Script<'p>,
    path: &'p Path,
}

impl Asked<'_> {
    fn target(&self) -> Option<(Target, Range<usize>)> {
        let at = self.script.at(self.place.at)?;
        let token = &self.script.tokens[at];
        let target = match token.kind {
            TokenKind::Word => self.word(at, token)?,
            TokenKind::Text => self.text(at, token)?,
            TokenKind::Number | TokenKind::Comment | TokenKind::Mark(_) => return None,
        };
        Some((target, token.inner.clone()))
    }

    fn nodes(&self) -> Vec<String> {
        let names = self.place.nodes.iter().map(|node| &self.outline.text[node.name.clone()]);
        names.map(str::to_owned).collect()
    }

    fn word(&self, at: usize, token: &Token) -> Option<Target> {
        let name = self.script.says(token).to_owned();
        let own = || self.function(&name);
        match self.script.owner(at) {
            Some((alias, true)) => {
                let file = self.module(alias)?;
                return Some(Target::Function { file, name });
            }
            Some(("msg", _)) if MESSAGE_PROPERTIES.contains(&&*name) => {
                return Some(Target::Property { of: "msg", name });
            }
            Some(("peer", _)) => return Some(Target::Property { of: "peer", name }),
            Some((owner, _)) if self.is_message(owner) && MESSAGE_PROPERTIES.contains(&&*name) => {
                return Some(Target::Property { of: "msg", name });
            }
            Some(_) => return own().or_else(|| known(name)),
            None => {}
        }
        match &*name {
            "this" => Some(Target::Term("this")),
            "msg" | "peer" => Some(Target::Term("msg")),
            _ if name.starts_with("on_") => Some(Target::Handler(name)),
            _ => own().or_else(|| known(name)),
        }
    }

    fn function(&self, name: &str) -> Option<Target> {
        let mut functions = self.script.functions().into_iter();
        functions.find(|it| self.script.text[it.name.clone()] == *name)?;
        Some(Target::Function { file: self.path.to_owned(), name: name.to_owned() })
    }

    fn is_message(&self, owner: &str) -> bool {
        let function = self.script.function_at(self.place.at);
        function.is_some_and(|function| {
            let name = &self.script.text[function.name];
            let first = function.arguments.first().map(|it| &self.script.text[it.clone()]);
            name.starts_with("on_") && argument_of(name) == "msg" && first == Some(owner)
        })
    }

    fn module(&self, alias: &str) -> Option<PathBuf> {
        let imports = self.script.imports();
        let mut named = imports.into_iter().filter(|import| {
            import.alias.clone().is_some_and(|place| &self.script.text[place] == alias)
        });
        Project::import_path(self.path, &self.script.text[named.next()?.path])
    }

    fn text(&self, at: usize, token: &Token) -> Option<Target> {
        let script = self.script;
        let name = script.says(token).to_owned();
        let before = at.checked_sub(1).map(|before| script.says(&script.tokens[before]));
        if before == Some("import") {
            return Some(Target::File(Project::import_path(self.path, &name)?));
        }
        let around = script.around(token.span.start)?;
        let nodes = self.nodes();
        match (&script.text[around.name], around.argument) {
            ("param", 0) => Some(Target::Param { nodes, name }),
            ("after", 1) => Some(Target::Timer { nodes, name }),
            ("Fn", 0) => self.function(&name),
            (function, 0) if names_a_socket(function) => {
                let has = |node: &super::outline::Node| {
                    let mut named = node.sockets.iter().map(|it| it.name_in(self.outline.text));
                    named.any(|socket| socket == name)
                };
                self.place.nodes.iter().find(|node| has(node))?;
                Some(Target::Socket { nodes, socket: name })
            }
            _ => None,
        }
    }
}

fn known(name: String) -> Option<Target> {
    let is_known = VOCABULARY.names().any(|known| known == name) || VOCABULARY.takes_any(&name);
    is_known.then_some(Target::Known(name))
}
