//! From parser events to a document, within bounds.
//!
//! Owns the one pass over the parser's events: places, aliases, limits, variables. Never knows
//! a key of the format but that `nodes.NAME.on_…` is a handler's body, whose `${…}` is Rhai's.

mod frame;
mod hiding;

use std::collections::HashMap;
use std::ffi::OsString;
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Source, SourceId, Span};

use self::frame::{Content, Frame, Pending, TakeKey};
use super::bounds::{self, MAX_FAULTS, Refused, Size, too_large};
use super::handler_key::is_handler_key;
use super::merge::Pairs;
use super::node::{Entry, Kind, Node, Scalar, Style};
use super::places::Places;
use super::substitute::{Lookup, substitute};
use super::syntax;
use super::tag;
use super::variables::variable_faults;
use super::written::written_length;

/// A YAML text as a tree.
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) source: Source,
    root: Node,
    faults: Vec<Diagnostic>,
    secrets: Vec<Range<usize>>,
    secret_values: Vec<Arc<str>>,
}

impl Document {
    /// Reads a text; `lookup` gives the environment's values.
    ///
    /// # Errors
    ///
    /// When there is no tree to check: no YAML, nothing in it, or more than the bounds allow; what
    /// else was found up to there is told too. Lesser faults are kept with the document, see
    /// [`Document::faults`].
    pub fn parse(
        id: SourceId,
        source: &Source,
        lookup: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_as(id, source, Some(lookup), About::Topology)
    }

    /// Reads a text that tests a topology; in its expressions `${…}` is Rhai's.
    ///
    /// # Errors
    ///
    /// As of [`Document::parse`].
    pub fn parse_tests(
        id: SourceId,
        source: &Source,
        lookup: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_as(id, source, Some(lookup), About::Tests)
    }

    /// Reads a text that is no topology: no variables, no handlers.
    ///
    /// # Errors
    ///
    /// As of [`Document::parse`].
    pub fn parse_data(id: SourceId, source: &Source) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_as(id, source, None, About::Data)
    }

    fn parse_as(
        id: SourceId,
        source: &Source,
        lookup: Option<Lookup<'_>>,
        about: About,
    ) -> Result<Self, Vec<Diagnostic>> {
        let text = source.text();
        if let Some(why) = bounds::excess(text) {
            return Err(vec![too_large(Span::new(id, 0, 0), &why)]);
        }
        let mut builder = Builder {
            text,
            id,
            lookup,
            about,
            places: Places::new(text),
            frames: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            size: Size::default(),
            faults: Vec::new(),
            secrets: Vec::new(),
            secret_values: Vec::new(),
            known: HashMap::new(),
        };
        match builder.build(source) {
            Ok(root) => {
                let Builder { faults, secrets, secret_values, .. } = builder;
                Ok(Self { source: source.clone(), root, faults, secrets, secret_values })
            }
            Err(fault) => {
                builder.faults.push(*fault);
                Err(builder.faults)
            }
        }
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// What is wrong with it already: keys given twice, variables without a value, …
    #[must_use]
    pub fn faults(&self) -> &[Diagnostic] {
        &self.faults
    }

    /// The bytes of what nobody may see: values of keys that hold secrets.
    #[must_use]
    pub fn secrets(&self) -> &[Range<usize>] {
        &self.secrets
    }

    /// What stands there, variables filled in.
    #[must_use]
    pub fn secret_values(&self) -> &[Arc<str>] {
        &self.secret_values
    }

    /// The text it was read from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }
}

/// What a text says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Topology,
    Tests,
    /// Anything else; it has no variables.
    Data,
}

struct Builder<'t, 'l> {
    text: &'t str,
    id: SourceId,
    /// What variables stand for; none where a text has no variables.
    lookup: Option<Lookup<'l>>,
    about: About,
    places: Places<'t>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, (Node, Size)>,
    root: Option<Node>,
    size: Size,
    faults: Vec<Diagnostic>,
    secrets: Vec<Range<usize>>,
    secret_values: Vec<Arc<str>>,
    /// Which keys hold secrets, of those that were seen.
    known: HashMap<Arc<str>, bool>,
}

impl Builder<'_, '_> {
    fn build(&mut self, source: &Source) -> Result<Node, Refused> {
        for event in Parser::new_from_str(self.text) {
            match event {
                Ok((event, span)) => self.event(event, span)?,
                Err(error) => {
                    let at = self.places.byte(error.marker());
                    let span = visible(self.id, self.text, at);
                    return Err(Box::new(syntax::diagnose(&error, at, span, source)));
                }
            }
        }
        let help = match self.about {
            About::Topology => "declare at least one node under `nodes:`",
            About::Tests => "name what is tested by `topology:`, and write tests under `tests:`",
            About::Data => "write a list or a map into it",
        };
        self.root.take().ok_or_else(|| {
            Box::new(
                Diagnostic::new(Code::NotYaml, "there is nothing in this file")
                    .at(Span::new(self.id, 0, 0), "")
                    .help(help),
            )
        })
    }

    fn event(&mut self, event: Event<'_>, span: saphyr_parser::Span) -> Result<(), Refused> {
        let start = self.places.byte(&span.start);
        let end = self.places.byte(&span.end).max(start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), start, end)
            }
            Event::Alias(anchor) => self.alias(anchor, start, end),
            Event::SequenceStart(anchor, tag) => {
                self.open(anchor, tag.as_deref(), start, end, Content::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Mapping(Pairs::default(), Pending::Key);
                self.open(anchor, tag.as_deref(), start, end, content)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(end);
                Ok(())
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Box::new(self.second_document(start, end)))
            }
            Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::StreamStart
            | Event::StreamEnd
            | Event::Nothing => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> Result<(), Refused> {
        self.grow(Size { nodes: 1, bytes: text.len() }, start, end)?;
        let has_properties = anchor > 0 || tag.is_some();
        let style = tag::style(style, tag);
        let span = self.scalar_span(start, end, has_properties, style);
        let is_secret = self.is_secret();
        if is_secret {
            self.hide(span);
        }
        let kind = if let Some(outside) = self.lookup.filter(|_| !self.is_code()) {
            let of_each_copy = |name: &str| match name {
                "replica" | "replica_index" => Some(format!("${{{name}}}").into()),
                _ => outside(name),
            };
            let lookup: Lookup<'_> = if self.is_identity() { &of_each_copy } else { outside };
            match substitute(text, lookup) {
                Ok(filled) => {
                    self.grow(Size { nodes: 0, bytes: filled.len() }, start, end)?;
                    Kind::Scalar(Scalar { text: filled.into(), style, is_secret })
                }
                Err(errors) => {
                    let room = MAX_FAULTS.saturating_sub(self.faults.len());
                    let faults = variable_faults(&errors, self.text, span, is_secret);
                    self.faults.extend(faults.into_iter().take(room));
                    Kind::Faulty
                }
            }
        } else {
            Kind::Scalar(Scalar { text: text.into(), style, is_secret })
        };
        let kind = if self.takes_tag(tag, span) { kind } else { Kind::Faulty };
        if let (true, Kind::Scalar(scalar)) = (is_secret, &kind) {
            self.secret_values.push(scalar.text.clone());
        }
        let node = Node { kind, span };
        self.remember(anchor, &node, Size { nodes: 1, bytes: text.len() });
        self.put(node);
        Ok(())
    }

    fn alias(&mut self, anchor: usize, start: usize, end: usize) -> Result<(), Refused> {
        let span = Span::new(self.id, start, end);
        let Some((node, size)) = self.anchors.get(&anchor) else {
            self.faults.push(
                Diagnostic::new(Code::NotYaml, "an alias inside the value that it repeats")
                    .at(span, "this would never end")
                    .help("move the anchor to a value beside this one"),
            );
            self.put(Node { kind: Kind::Faulty, span });
            return Ok(());
        };
        let (mut node, size) = (node.clone(), *size);
        self.grow(size, start, end)?;
        if self.is_secret() {
            self.hide_all(&mut node);
        }
        self.put(node);
        Ok(())
    }

    fn open(
        &mut self,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
        content: Content,
    ) -> Result<(), Refused> {
        let before = self.size;
        self.grow(Size { nodes: 1, bytes: 0 }, start, end)?;
        if let Some(why) = bounds::excess_depth(self.frames.len()) {
            return Err(Box::new(too_large(visible(self.id, self.text, start), &why)));
        }
        let span = Span::new(self.id, start, end);
        self.takes_tag(tag, span);
        let has_properties = anchor > 0 || tag.is_some();
        let start = if has_properties { self.skip_properties(start, end) } else { start };
        let is_secret = self.is_secret();
        self.frames.push(Frame { anchor, start, end, before, is_secret, content });
        Ok(())
    }

    fn close(&mut self, end: usize) {
        let Some(frame) = self.frames.pop() else { return };
        let kind = match frame.content {
            Content::Sequence(items) => Kind::Sequence(items),
            Content::Mapping(pairs, _) => Kind::Mapping(pairs.into_mapping(&mut self.faults)),
        };
        // A block's end event stands where the next token starts; its last child ends it.
        let is_flow = self.text[..end].ends_with([']', '}']);
        let end = if is_flow { end } else { frame.end };
        let node = Node { kind, span: Span::new(self.id, frame.start, end.max(frame.start)) };
        let size = self.size - frame.before;
        self.remember(frame.anchor, &node, size);
        self.put(node);
    }

    fn put(&mut self, node: Node) {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return;
        };
        // An alias's value stands elsewhere, maybe below.
        if node.span.start >= frame.start {
            frame.end = frame.end.max(node.span.end);
        }
        match &mut frame.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping(pairs, pending) => match std::mem::replace(pending, Pending::Key) {
                Pending::Key => *pending = self.faults.key(node),
                Pending::Value(key) => pairs.entries.push(Entry { key, value: node }),
                Pending::Merge => pairs.merges.push(node),
                Pending::Lost => {}
            },
        }
    }

    fn remember(&mut self, anchor: usize, node: &Node, size: Size) {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
    }

    fn grow(&mut self, by: Size, start: usize, end: usize) -> Result<(), Refused> {
        self.size += by;
        match self.size.excess() {
            Some(why) => Err(Box::new(too_large(Span::new(self.id, start, end), &why))),
            None => Ok(()),
        }
    }

    /// Whether the next scalar is Rhai's.
    fn is_code(&self) -> bool {
        match self.about {
            About::Topology => self.is_handler_body(),
            About::Tests => self.is_expression(),
            About::Data => false,
        }
    }

    /// Whether the next scalar is the value of `where` or `always`, or a handler that a test saves.
    fn is_expression(&self) -> bool {
        let list = self.frames.iter().rev().take_while(|frame| frame.is_list()).count();
        let holder = self.frames.iter().rev().nth(list);
        holder.and_then(Frame::awaited_key).is_some_and(|key| {
            let last = key.rsplit('.').next().unwrap_or_default();
            matches!(key, "where" | "always") || is_handler_key(last)
        })
    }

    /// Whether the next scalar is the value of `nodes.NAME.on_…`, merge keys looked through.
    fn is_handler_body(&self) -> bool {
        let [top, nodes, node @ ..] = self.frames.as_slice() else { return false };
        let (Some(last), true) = (node.last(), top.awaits_value_of("nodes")) else { return false };
        if !nodes.awaits_value() {
            return false;
        }
        let is_merged = node[..node.len() - 1].iter().all(Frame::is_merging);
        is_merged && last.awaited_key().is_some_and(is_handler_key)
    }

    /// Whether the next value is a routing id, which may be another one for each copy of a node.
    fn is_identity(&self) -> bool {
        let awaits = |key| move |frame: &Frame| frame.awaits_value_of(key);
        self.frames.last().is_some_and(awaits("identity"))
            && !self.frames.iter().any(awaits("params"))
    }

    /// Reports a tag that means nothing here.
    fn takes_tag(&mut self, tag: Option<&Tag>, span: Span) -> bool {
        let fault = tag.and_then(|tag| tag::fault(tag, span));
        let is_fine = fault.is_none();
        self.faults.extend(fault);
        is_fine
    }

    fn second_document(&self, start: usize, end: usize) -> Diagnostic {
        let why = match self.about {
            About::Topology => "a file holds one topology",
            About::Tests => "a file of tests has one list of them",
            About::Data => "a file holds one value",
        };
        Diagnostic::new(Code::NotYaml, "a second document in one file")
            .at(Span::new(self.id, start, end), "it starts here")
            .because(why)
            .help("remove the `---`, or put what follows into a file of its own")
    }

    /// The span of a scalar without its anchor, its tag and the blank lines behind it.
    fn scalar_span(&self, start: usize, end: usize, has_properties: bool, style: Style) -> Span {
        let mut start = if has_properties { self.skip_properties(start, end) } else { start };
        let is_block = matches!(style, Style::Literal | Style::Folded);
        if has_properties && is_block {
            // Without properties the parser's span starts behind the block's header.
            let content = &self.text[start..end];
            let header = content.find('\n').map_or(content.len(), |at| at + 1);
            start = end - content[header..].trim_start().len();
        }
        let length = written_length(&self.text[start..end], style);
        Span::new(self.id, start, start + length)
    }

    fn skip_properties(&self, start: usize, end: usize) -> usize {
        let mut rest = &self.text[start..end];
        while rest.starts_with(['&', '!']) {
            let Some(at) = rest.find(char::is_whitespace) else { break };
            rest = rest[at..].trim_start();
        }
        end - rest.len()
    }
}

/// The character at a byte, as a span that can be seen.
fn visible(id: SourceId, text: &str, at: usize) -> Span {
    let at = at.min(text.len());
    let length = text[at..].chars().next().filter(|&c| c != '\n').map_or(0, char::len_utf8);
    Span::new(id, at, at + length)
}

#[cfg(test)]
mod tests;
