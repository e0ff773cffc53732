//! What could be written at a place of a script.
//!
//! Owns which names are known there. The functions are the vocabulary's.

use std::path::Path;

use super::known::{
    KEYWORDS, Known, TOP_KEYWORDS, VOCABULARY, call_of, functions, names_a_socket, names_socket_at,
    own,
};
use super::{Completion, CompletionKind, ends};
use crate::explain::Kind as PageKind;
use crate::language::context::{CURSOR, InScript, in_script};
use crate::language::outline::{Node, Outline, Place, Socket};
use crate::language::project::Project;
use crate::language::script::Script;
use crate::language::tokens::TokenKind;
use crate::language::words;
use crate::message::Format;
use crate::script::{MESSAGE_PROPERTIES, PeerEventKind, argument_of, words_of};
use crate::topology::keys;
use crate::zeromq::Role;

/// What could be written at a byte of a file where a script is; in a topology the cursor's word
/// stands there already.
pub(super) fn complete(
    project: &Project<'_>,
    outline: &Outline<'_>,
    path: &Path,
    byte: usize,
) -> Vec<Completion> {
    let is_inline = project.is_topology(path);
    let Some(mut place) = in_script(project, outline, path, byte + usize::from(is_inline)) else {
        return Vec::new();
    };
    if is_inline {
        place.at -= 1;
    }
    let written = place.body.text.clone();
    let cursor = if is_inline { CURSOR.len() } else { 0 };
    let text = [&written[..place.at], &written[place.at + cursor..]].concat();
    let script = Script::new(&text);
    let asked = Asked { project, outline, place: &place, script: &script, path };
    let (found, replace) = asked.complete();
    // Behind the cursor's word everything stands further on.
    let shifted = |at: usize| if at > place.at { at + cursor } else { at };
    let replace = place.body.range(replace.start..shifted(replace.end));
    let replace = if replace.is_empty() {
        let at = place.body.file_byte(place.at);
        at..at
    } else {
        replace
    };
    found.into_iter().map(|found| Completion { replace: replace.clone(), ..found }).collect()
}

struct Asked<'p, 'a> {
    project: &'p Project<'a>,
    outline: &'p Outline<'p>,
    place: &'p InScript<'p>,
    script: &'p Script<'p>,
    path: &'p Path,
}

impl Asked<'_, '_> {
    fn complete(&self) -> (Vec<Completion>, Place) {
        let at = self.place.at;
        let Some(token) = self.script.at(at) else {
            // A dot or `::` before the place is all that there is of a word.
            let before = self.script.tokens.partition_point(|token| token.span.end <= at);
            return (self.word(before), at..at);
        };
        let found = &self.script.tokens[token];
        match found.kind {
            TokenKind::Comment | TokenKind::Number => (Vec::new(), at..at),
            TokenKind::Text => (self.text(token), found.inner.clone()),
            TokenKind::Word => (self.word(token), found.span.clone()),
            TokenKind::Mark(_) => (self.word(token), at..at),
        }
    }

    /// A word that is, or would be, the token of that number.
    fn word(&self, token: usize) -> Vec<Completion> {
        if let Some((owner, is_module)) = self.script.owner(token) {
            return if is_module { self.of_module(owner) } else { self.behind_dot(owner) };
        }
        let before = token.checked_sub(1).map(|before| &self.script.tokens[before]);
        match before.filter(|token| token.kind == TokenKind::Word).map(|it| self.script.says(it)) {
            Some("fn") => self.heads(),
            Some("let" | "const" | "for" | "as") => Vec::new(),
            _ => self.names(),
        }
    }

    /// The handlers that a script could define.
    fn heads(&self) -> Vec<Completion> {
        let defined: Vec<&str> =
            self.script.functions().iter().map(|it| &self.script.text[it.name.clone()]).collect();
        let sockets = self.place.nodes.iter().flat_map(|node| &node.sockets);
        let named = sockets.filter(|it| it.name.is_some() && it.role.is_none_or(Role::receives));
        let named = named.map(|socket| format!("on_{}", socket.name_in(self.outline.text)));
        let events = keys::EVENTS.iter().map(|name| (*name).to_owned());
        let mut found: Vec<Completion> = Vec::new();
        for name in events.chain(named) {
            let is_known = found.iter().any(|it| it.label == name);
            if !is_known && !defined.contains(&name.as_str()) {
                let insert = format!("{name}({}) {{", argument_of(&name));
                let handler =
                    Completion::new(&*name, CompletionKind::Handler, words::handler(&name));
                found.push(handler.inserting(insert));
            }
        }
        found
    }

    fn names(&self) -> Vec<Completion> {
        let function = self.script.function_at(self.place.at);
        let is_inside = self.place.handler.is_some() || function.is_some();
        let mut found: Vec<Completion> = Vec::new();
        if !is_inside {
            let words = TOP_KEYWORDS.iter();
            found.extend(words.map(|it| Completion::new(*it, CompletionKind::Keyword, None)));
            return found;
        }
        let mut variables = vec!["this"];
        match (&self.place.handler, &function) {
            (Some(handler), _) => {
                variables.extend(Some(argument_of(handler)).filter(|it| !it.is_empty()))
            }
            (None, Some(function)) => {
                variables.extend(function.arguments.iter().map(|it| &self.script.text[it.clone()]));
            }
            (None, None) => {}
        }
        variables.extend(self.script.variables_before(self.place.at));
        for name in variables {
            if !found.iter().any(|it| it.label == name) {
                let about = match name {
                    "this" => words::line("this", PageKind::Term),
                    "msg" | "peer" => words::line("msg", PageKind::Term),
                    _ => None,
                };
                found.push(Completion::new(name, CompletionKind::Variable, about));
            }
        }
        found.extend(self.own_functions());
        found.extend(functions(&|_| true));
        found.extend(self.script.imports().iter().filter_map(|import| {
            let alias = &self.script.text[import.alias.clone()?];
            Some(Completion::new(alias, CompletionKind::Variable, None))
        }));
        found.extend(KEYWORDS.iter().map(|it| Completion::new(*it, CompletionKind::Keyword, None)));
        found
    }

    fn own_functions(&self) -> Vec<Completion> {
        own(self.script)
    }

    fn of_module(&self, alias: &str) -> Vec<Completion> {
        let imports = self.script.imports();
        let is_it = |alias_of: &Option<Place>| {
            alias_of.clone().is_some_and(|place| &self.script.text[place] == alias)
        };
        let module = imports.iter().find(|import| is_it(&import.alias)).and_then(|import| {
            let path = Project::import_path(self.path, &self.script.text[import.path.clone()])?;
            self.project.file(&path)
        });
        module.map(|file| own(&Script::new(file.text))).unwrap_or_default()
    }

    fn behind_dot(&self, owner: &str) -> Vec<Completion> {
        let argument = self.argument();
        let mut found: Vec<Completion> = Vec::new();
        match owner {
            "this" => {
                for name in self.members_of_this() {
                    found.push(Completion::new(name, CompletionKind::Property, None));
                }
                found.extend(self.own_functions());
            }
            "peer" => found.extend(words::properties("peer").into_iter().map(|name| {
                Completion::new(name, CompletionKind::Property, words::property("peer", name))
            })),
            _ if owner == "msg" || argument == Some(owner) => {
                let formats = self.formats();
                let has = |name: &str| formats.is_empty() || formats.iter().any(|it| it.has(name));
                found.extend(MESSAGE_PROPERTIES.into_iter().filter(|name| has(name)).map(|name| {
                    Completion::new(name, CompletionKind::Property, words::property("msg", name))
                }));
            }
            _ => found.extend(functions(&|name| {
                VOCABULARY.arguments_of(name).any(|count| count > 0) || VOCABULARY.takes_any(name)
            })),
        }
        found
    }

    /// The handler that the place is in.
    fn handler(&self) -> Option<&str> {
        if let Some(handler) = &self.place.handler {
            return Some(handler);
        }
        let function = self.script.function_at(self.place.at)?;
        Some(&self.script.text[function.name]).filter(|name| name.starts_with("on_"))
    }

    /// What its handler calls the message that it is given.
    fn argument(&self) -> Option<&str> {
        let handler = self.handler().filter(|handler| argument_of(handler) == "msg")?;
        if self.place.handler.is_some() {
            return Some(argument_of(handler));
        }
        let first = self.script.function_at(self.place.at)?.arguments.first()?.clone();
        Some(&self.script.text[first])
    }

    /// The formats of the messages that the handler here is given, if all of them are known.
    fn formats(&self) -> Vec<Format> {
        let Some(handler) = self.handler() else { return Vec::new() };
        let sockets = || self.place.nodes.iter().flat_map(|node| &node.sockets);
        let own = |it: &&Socket| handler.strip_prefix("on_") == Some(it.name_in(self.outline.text));
        let is_all = !sockets().any(|socket| own(&socket));
        let meant = sockets().filter(|it| is_all || own(it));
        let receiving = meant.filter(|it| it.role.is_none_or(Role::receives));
        receiving.map(Socket::format).collect::<Option<Vec<Format>>>().unwrap_or_default()
    }

    fn members_of_this(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut add = |script: &Script<'_>| {
            for name in script.members_of_this() {
                // What is being written is no member yet.
                if !name.contains(CURSOR) && !found.iter().any(|known| known == name) {
                    found.push(name.to_owned());
                }
            }
        };
        for (_, body) in self.place.nodes.iter().flat_map(|node| &node.handlers) {
            add(&Script::new(&body.text));
        }
        if self.place.handler.is_none() {
            add(self.script);
        }
        let defined = self.script.functions();
        let calls =
            |name: &String| defined.iter().any(|it| self.script.text[it.name.clone()] == *name);
        found.retain(|name| !calls(name));
        found
    }

    /// A text that is written out.
    fn text(&self, token: usize) -> Vec<Completion> {
        let script = self.script;
        let start = script.tokens[token].span.start;
        if token > 0 && script.says(&script.tokens[token - 1]) == "import" {
            return self.imports();
        }
        if let Some(found) = self.compared(token) {
            return found;
        }
        let Some(around) = script.around(start) else { return Vec::new() };
        let name = &script.text[around.name];
        let place = around.argument + usize::from(around.on_value);
        match (name, place) {
            ("param", 0) => self.names_of(|node| &node.params),
            ("after", 1) => self.names_of(|node| &node.timers),
            ("Fn", 0) => self.own_functions(),
            (_, 0) if names_a_socket(name) => self.sockets_for(name),
            _ => {
                let words = words_of(name, place).into_iter();
                words.map(|word| Completion::new(word, CompletionKind::Word, None)).collect()
            }
        }
    }

    /// `name == "…"`, `msg.socket == "…"`, `peer.event == "…"`.
    fn compared(&self, token: usize) -> Option<Vec<Completion>> {
        let script = self.script;
        let is_equals = |at: usize| matches!(script.tokens[at].kind, TokenKind::Mark('=' | '!'));
        let word = token.checked_sub(3)?;
        if !is_equals(token - 1) || !is_equals(token - 2) {
            return None;
        }
        match (script.says(&script.tokens[word]), script.owner(word)) {
            ("name", None) if self.handler() == Some("on_timer") => {
                Some(self.names_of(|node| &node.timers))
            }
            ("event", Some(("peer", _))) => {
                let words = PeerEventKind::ALL.into_iter().map(PeerEventKind::word);
                Some(words.map(|it| Completion::new(it, CompletionKind::Word, None)).collect())
            }
            ("socket", Some(("peer" | "msg", _))) => Some(self.sockets(&|_| true)),
            _ => None,
        }
    }

    fn names_of(&self, places: impl Fn(&Node) -> &Vec<Place>) -> Vec<Completion> {
        let mut found: Vec<Completion> = Vec::new();
        for place in self.place.nodes.iter().flat_map(|node| places(node)) {
            let name = &self.outline.text[place.clone()];
            if !found.iter().any(|it| it.label == name) {
                found.push(Completion::new(name, CompletionKind::Name, None));
            }
        }
        found
    }

    fn sockets_for(&self, function: &str) -> Vec<Completion> {
        let call = call_of(function, names_socket_at(function).unwrap_or_default());
        self.sockets(&|socket| {
            let Some(role) = socket.role else { return true };
            let format = socket.format().unwrap_or(Format::Plain);
            let known = Known { name: socket.name_in(self.outline.text), role, format };
            call.usable(&[known]).next().is_some()
        })
    }

    fn sockets(&self, fits: &dyn Fn(&Socket) -> bool) -> Vec<Completion> {
        let mut found: Vec<Completion> = Vec::new();
        let sockets = self.place.nodes.iter().flat_map(|node| &node.sockets);
        for socket in sockets.filter(|socket| fits(socket)) {
            let name = socket.name_in(self.outline.text);
            if !found.iter().any(|it| it.label == name) {
                found.push(ends::of_socket(socket, name, self.outline));
            }
        }
        found
    }

    fn imports(&self) -> Vec<Completion> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let others = self.project.scripts.iter().filter(|file| file.path != self.path);
        let names = others.filter_map(|file| {
            let below = file.path.strip_prefix(folder).ok()?.with_extension("");
            Some(Completion::new(below.display().to_string(), CompletionKind::File, None))
        });
        names.collect()
    }
}
