//! From parser events to a document, within bounds.
//!
//! Owns the one pass over the parser's events: places, aliases, limits, variables. Never knows
//! a key of the format but that `nodes.NAME.on_…` is a handler's body, whose `${…}` is Rhai's.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Source, SourceId, Span};

use super::merge::Pairs;
use super::node::{Entry, Key, Kind, Node, Scalar, Style};
use super::piece::is_handler_key;
use super::places::Places;
use super::substitute::{Lookup, SubstituteError, SubstituteErrorKind, substitute};
use super::syntax;

/// The largest text that is read.
pub const MAX_BYTES: usize = 10 << 20;
/// How deep lists and maps may lie in one another.
const MAX_DEPTH: usize = 64;
/// How many values there may be once every alias is expanded.
const MAX_NODES: usize = 200_000;
/// How many bytes of text there may be once every alias is expanded.
const MAX_EXPANDED_BYTES: usize = 2 * MAX_BYTES;

/// How many characters may open or part lists and maps in brackets: the parser holds what
/// stands between the outermost brackets in memory, some hundred bytes for each.
const MAX_FLOW_MARKS: usize = 250_000;
/// So many faults are kept; nobody reads more, and a large file could have millions.
const MAX_FAULTS: usize = 1000;

/// A YAML text as a tree.
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) source: Source,
    root: Node,
    faults: Vec<Diagnostic>,
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
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let text = source.text();
        if text.len() > MAX_BYTES {
            let span = Span::new(id, 0, 0);
            return Err(vec![too_large(span, "the text is longer than 10 MiB")]);
        }
        let is_mark = |byte: &u8| matches!(byte, b'[' | b'{' | b',' | b'?');
        if text.bytes().filter(|byte| is_mark(byte)).count() > MAX_FLOW_MARKS {
            let why = format!("there are more than {MAX_FLOW_MARKS} brackets and commas");
            return Err(vec![too_large(Span::new(id, 0, 0), &why)]);
        }
        let mut builder = Builder {
            text,
            id,
            lookup,
            places: Places::new(text),
            frames: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            size: Size::default(),
            faults: Vec::new(),
        };
        match builder.build(source) {
            Ok(root) => Ok(Self { source: source.clone(), root, faults: builder.faults }),
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

    /// The text it was read from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }
}

/// Why there is no tree at all.
type Refused = Box<Diagnostic>;

/// How much has been built.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

struct Builder<'t, 'l> {
    text: &'t str,
    id: SourceId,
    lookup: Lookup<'l>,
    places: Places<'t>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, (Node, Size)>,
    root: Option<Node>,
    size: Size,
    faults: Vec<Diagnostic>,
}

/// A list or map that is still open.
struct Frame {
    anchor: usize,
    start: usize,
    end: usize,
    before: Size,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping(Pairs, Pending),
}

/// What an open map waits for.
enum Pending {
    Key,
    Value(Key),
    Merge,
    /// The value of a key that is none.
    Lost,
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
        self.root.take().ok_or_else(|| {
            Box::new(
                Diagnostic::new(Code::NotYaml, "there is nothing in this file")
                    .at(Span::new(self.id, 0, 0), "")
                    .help("declare at least one node under `nodes:`"),
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
        let style = scalar_style(style, tag);
        let span = self.scalar_span(start, end, has_properties, style);
        let kind = if self.is_handler_body() {
            Kind::Scalar(Scalar { text: text.into(), style })
        } else {
            match substitute(text, self.lookup) {
                Ok(filled) => {
                    self.grow(Size { nodes: 0, bytes: filled.len() }, start, end)?;
                    Kind::Scalar(Scalar { text: filled.into(), style })
                }
                Err(errors) => {
                    self.report_variables(errors, span);
                    Kind::Faulty
                }
            }
        };
        let kind = if self.takes_tag(tag, span) { kind } else { Kind::Faulty };
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
        let (node, size) = (node.clone(), *size);
        self.grow(size, start, end)?;
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
        if self.frames.len() >= MAX_DEPTH {
            let why = format!("lists and maps lie in one another more than {MAX_DEPTH} deep");
            return Err(Box::new(too_large(visible(self.id, self.text, start), &why)));
        }
        let span = Span::new(self.id, start, end);
        self.takes_tag(tag, span);
        let has_properties = anchor > 0 || tag.is_some();
        let start = if has_properties { self.skip_properties(start, end) } else { start };
        self.frames.push(Frame { anchor, start, end, before, content });
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
        let size = Size {
            nodes: self.size.nodes - frame.before.nodes,
            bytes: self.size.bytes - frame.before.bytes,
        };
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
        self.size.nodes += by.nodes;
        self.size.bytes += by.bytes;
        let why = if self.size.nodes > MAX_NODES {
            format!("there are more than {MAX_NODES} values, aliases expanded")
        } else if self.size.bytes > MAX_EXPANDED_BYTES {
            format!("there are more than {} MiB of text, aliases expanded", MAX_EXPANDED_BYTES >> 20)
        } else {
            return Ok(());
        };
        Err(Box::new(too_large(Span::new(self.id, start, end), &why)))
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

    fn report_variables(&mut self, errors: Vec<SubstituteError>, span: Span) {
        let written = &self.text[span.start..span.end];
        let mut from = 0;
        for error in errors {
            let name = match &error.kind {
                SubstituteErrorKind::Undefined(name) | SubstituteErrorKind::BadName(name) => name,
                SubstituteErrorKind::Unclosed | SubstituteErrorKind::TooDeep => "",
            };
            let needle = format!("${{{name}");
            // Escapes may make the written text differ from the read one: then the whole scalar.
            let place = match written[from..].find(&needle) {
                Some(at) => {
                    let start = span.start + from + at;
                    from += at + needle.len();
                    let rest = &self.text[start..span.end];
                    let length = if name.is_empty() { 2 } else { rest.find('}').map_or(rest.len(), |end| end + 1) };
                    Span::new(self.id, start, start + length)
                }
                None => span,
            };
            if self.faults.len() < MAX_FAULTS {
                self.faults.push(variable_fault(&error.kind, place));
            }
        }
    }

    /// Reports a tag that means nothing here.
    fn takes_tag(&mut self, tag: Option<&Tag>, span: Span) -> bool {
        let Some(tag) = tag else { return true };
        let is_core = tag.is_yaml_core_schema()
            && ["str", "int", "float", "bool", "null", "map", "seq"].contains(&tag.suffix.as_str());
        let is_non_specific = tag.handle.is_empty() && tag.suffix == "!";
        if is_core || is_non_specific {
            return true;
        }
        self.faults.push(
            Diagnostic::new(Code::WrongType, format!("the tag `{tag}` means nothing here"))
                .at(span, "a value with a tag")
                .help("remove the tag, or quote the text if the `!` belongs to it"),
        );
        false
    }

    fn second_document(&self, start: usize, end: usize) -> Diagnostic {
        Diagnostic::new(Code::NotYaml, "a second document in one file")
            .at(Span::new(self.id, start, end), "it starts here")
            .because("a file holds one topology")
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
        let end = start + self.text[start..end].trim_end().len();
        Span::new(self.id, start, end)
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

/// Taking a key while faults are at hand.
trait TakeKey {
    fn key(&mut self, node: Node) -> Pending;
}

impl TakeKey for Vec<Diagnostic> {
    fn key(&mut self, node: Node) -> Pending {
        match node.kind {
            Kind::Scalar(scalar) if scalar.style == Style::Plain && &*scalar.text == "<<" => {
                Pending::Merge
            }
            Kind::Scalar(scalar) => Pending::Value(Key { text: scalar.text, span: node.span }),
            Kind::Sequence(_) | Kind::Mapping(_) => {
                self.push(
                    Diagnostic::new(Code::WrongType, "a key has to be text")
                        .at(node.span, "this is a list or a map")
                        .help("write `key: value`, and quote a key that holds brackets or braces"),
                );
                Pending::Lost
            }
            Kind::Faulty => Pending::Lost,
        }
    }
}

impl Frame {
    fn awaited_key(&self) -> Option<&str> {
        match &self.content {
            Content::Mapping(_, Pending::Value(key)) => Some(&key.text),
            Content::Mapping(_, Pending::Key | Pending::Merge | Pending::Lost)
            | Content::Sequence(_) => None,
        }
    }

    fn awaits_value(&self) -> bool {
        self.awaited_key().is_some() || self.is_merging()
    }

    fn awaits_value_of(&self, key: &str) -> bool {
        self.awaited_key() == Some(key)
    }

    fn is_merging(&self) -> bool {
        match &self.content {
            Content::Mapping(_, pending) => matches!(pending, Pending::Merge),
            Content::Sequence(_) => true,
        }
    }
}

fn scalar_style(style: ScalarStyle, tag: Option<&Tag>) -> Style {
    let is_text = |tag: &Tag| tag.suffix == "str" || tag.suffix == "!";
    match style {
        ScalarStyle::Plain if tag.is_some_and(is_text) => Style::SingleQuoted,
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

fn variable_fault(kind: &SubstituteErrorKind, place: Span) -> Diagnostic {
    match kind {
        SubstituteErrorKind::Undefined(name) => {
            Diagnostic::new(Code::UndefinedVariable, format!("the variable `{name}` is not set"))
                .at(place, "it has no value and no default")
                .help(format!("set it (`--set {name}=…`), or give a default: `${{{name}:-…}}`"))
        }
        SubstituteErrorKind::Unclosed => {
            Diagnostic::new(Code::UndefinedVariable, "a `${` without its `}`")
                .at(place, "it is never closed")
                .help("close it, or write `$$` for a dollar sign")
        }
        SubstituteErrorKind::BadName(name) => {
            Diagnostic::new(Code::UndefinedVariable, format!("`{name}` is no variable's name"))
                .at(place, "")
                .because("a variable's name has letters, digits and `_`, and no digit first")
                .help("write `${NAME}` or `${NAME:-default}`, or `$$` for a dollar sign")
        }
        SubstituteErrorKind::TooDeep => {
            Diagnostic::new(Code::UndefinedVariable, "defaults inside defaults, too deep")
                .at(place, "")
                .help("give the inner variable a plain default")
        }
    }
}

fn too_large(span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(Code::TooLarge, "the topology is too large to read")
        .at(span, "the bound is passed here")
        .because(why)
        .help("split it into several topologies, or use `replicas` for copies of a node")
}

/// The character at a byte, as a span that can be seen.
fn visible(id: SourceId, text: &str, at: usize) -> Span {
    let at = at.min(text.len());
    let length = text[at..].chars().next().filter(|&c| c != '\n').map_or(0, char::len_utf8);
    Span::new(id, at, at + length)
}
