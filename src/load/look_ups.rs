//! Look-up files: what `params` take from files beside the topology.
//!
//! Owns which kinds there are, by the end of a name, and pointing at what is wrong in one. Never
//! watches one.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Document, Entry, MAX_BYTES};
use crate::message::wide_numbers;
use crate::script::csv_table;
use crate::source::{Source, SourceId, SourceMap, Span};
use crate::topology::Scripts;

use super::unsaved::Unsaved;

/// Reads every file that a node's `params` name.
pub(super) fn load_look_ups(
    document: &Document,
    unsaved: &Unsaved,
    scripts: &mut Scripts,
    sources: &mut SourceMap,
    files: &mut Vec<PathBuf>,
) {
    let top = document.root().as_mapping().and_then(|top| top.get("nodes")?.as_mapping());
    let folder = document.source().path().parent().unwrap_or(Path::new(""));
    for node in top.into_iter().flat_map(|nodes| &nodes.entries) {
        let params = node.value.as_mapping().and_then(|node| node.get("params")?.as_mapping());
        for param in params.into_iter().flat_map(|params| &params.entries) {
            let Some((name, place)) = file_of(param) else { continue };
            let path = folder.join(&*name);
            if !files.contains(&path) {
                files.push(path.clone());
            }
            let value = look_up(&path, place, unsaved, sources);
            scripts.insert_look_up(&node.key.text, &param.key.text, value);
        }
    }
}

/// The file of a param that is `{file: PATH}` and no more.
fn file_of(param: &Entry) -> Option<(std::sync::Arc<str>, Span)> {
    let mapping = param.value.as_mapping().filter(|mapping| mapping.entries.len() == 1)?;
    let file = mapping.get("file")?;
    Some((std::sync::Arc::clone(&file.as_scalar()?.text), file.span))
}

fn look_up(
    path: &Path,
    place: Span,
    unsaved: &Unsaved,
    sources: &mut SourceMap,
) -> Result<Value, Box<Diagnostic>> {
    let read = kind_of(path).ok_or_else(|| {
        let message = format!("{} is no file to look things up in", path.display());
        let fault = Diagnostic::new(Code::UnknownWord, message)
            .at(place, "the end of its name says nothing of what is in it")
            .help("name a `.json`, `.yaml` or `.csv` file; `read` takes any file, line by line");
        Box::new(fault)
    })?;
    // Each is read once, however many name it, so that all have the same version of it.
    let id = match sources.find(path) {
        Some(id) => id,
        None => {
            let text = text_of(path, place, unsaved)?;
            // Some editors of other systems put a mark of the encoding in front.
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            sources.add(Source::new(path, text))
        }
    };
    let source = sources.get(id);
    let text = source.text();
    read(id, source).map_err(|fault| {
        let is_boundary = |at: &usize| text.is_char_boundary(*at);
        let start = (0..=fault.byte.min(text.len())).rev().find(is_boundary).unwrap_or(0);
        let inside = Span::new(id, start, source.word_end(start));
        let told = Diagnostic::new(Code::Unreadable, format!("cannot read {}", path.display()))
            .at(inside, fault.why)
            .at(place, "looked up here")
            .help(fault.help);
        Box::new(told)
    })
}

fn text_of(path: &Path, place: Span, unsaved: &Unsaved) -> Result<String, Box<Diagnostic>> {
    unsaved.read(path, MAX_BYTES).map_err(|error| {
        let code = if error.is_size() { Code::TooLarge } else { Code::Unreadable };
        let fault = Diagnostic::new(code, format!("cannot read {}", path.display()))
            .at(place, error.to_string())
            .because("the path of a look-up file is relative to the topology's folder")
            .help(error.help());
        Box::new(fault)
    })
}

/// What is wrong in a file, and where.
struct Fault {
    byte: usize,
    why: String,
    help: Cow<'static, str>,
}

const YAML: &str = "a look-up file with the ending .yaml holds one YAML value, without variables";

impl Fault {
    fn of_yaml(byte: usize, why: impl Into<String>) -> Self {
        Self { byte, why: why.into(), help: YAML.into() }
    }
}

type Reader = fn(SourceId, &Source) -> Result<Value, Fault>;

fn kind_of(path: &Path) -> Option<Reader> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "json" => Some(|_, source| read_json(source.text())),
        "csv" => Some(|_, source| read_csv(source.text())),
        "yaml" | "yml" => Some(read_yaml),
        _ => None,
    }
}

fn read_json(text: &str) -> Result<Value, Fault> {
    let value = serde_json::from_str(text).map_err(|error| Fault {
        byte: line_start(text, error.line()) + error.column().saturating_sub(1),
        why: error.to_string(),
        help: "a look-up file with the ending .json holds one JSON value".into(),
    })?;
    // Where the reader would make a float of an integer.
    let wide = wide_numbers(text).flatten().find(|digits| digits.parse::<u64>().is_err());
    match wide {
        Some(digits) => Err(Fault {
            byte: digits.as_ptr() as usize - text.as_ptr() as usize,
            why: "an integer of more than 64 bits, which would lose digits".to_owned(),
            help: "write it as text, in quotes".into(),
        }),
        None => Ok(value),
    }
}

fn read_yaml(id: SourceId, source: &Source) -> Result<Value, Fault> {
    let told = |faults: &[Diagnostic]| {
        faults.first().map(|fault| Fault {
            byte: fault.span().map_or(0, |span| span.start),
            why: fault.message.clone(),
            help: fault.help.clone().map_or(YAML.into(), Cow::Owned),
        })
    };
    let document = match Document::parse_data(id, source) {
        Ok(document) => document,
        Err(faults) => return Err(told(&faults).unwrap_or_else(|| Fault::of_yaml(0, "no YAML"))),
    };
    if let Some(fault) = told(document.faults()) {
        return Err(fault);
    }
    let root = document.root();
    if let Some(number) = root.lossy_numbers().first() {
        let why = "a number that a handler cannot have: more than 64 bits, or not finite";
        return Err(Fault::of_yaml(number.span.start, why));
    }
    root.read().map_err(|error| Fault::of_yaml(root.span.start, error.to_string()))
}

fn read_csv(text: &str) -> Result<Value, Fault> {
    csv_table(text).map(Value::Array).map_err(|(line, why)| Fault {
        byte: line_start(text, line),
        why,
        help: "the first line has the names of the columns, and each line as many fields".into(),
    })
}

/// Where a line begins, counted from 1.
fn line_start(text: &str, line: usize) -> usize {
    text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum()
}
