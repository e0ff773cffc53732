//! From places in the text that the engine compiled to places in the file that the user wrote.
//!
//! Owns how inline handlers become one script, and the way back. Never reads a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::text::{HandlerText, Handlers, ScriptText};
use crate::source::Position;

/// One compiled text with the way back to its file.
#[derive(Clone, Debug)]
pub(super) struct Places {
    path: PathBuf,
    /// For inline handlers: the pieces, with the line of the script that their body begins at.
    handlers: Option<Vec<(usize, HandlerText)>>,
    /// Behind which columns, as they were written, so many characters were put, by line.
    inserted: BTreeMap<usize, Vec<(usize, usize)>>,
}

impl Places {
    /// The places of a script or module file.
    pub(super) fn of_file(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), handlers: None, inserted: BTreeMap::new() }
    }

    /// The script that a node's handlers make, and its places.
    pub(super) fn of_script(text: &ScriptText) -> (String, Self) {
        match &text.handlers {
            Handlers::File(script) => (script.to_string(), Self::of_file(&text.path)),
            Handlers::Inline(handlers) => Self::of_handlers(&text.path, handlers),
        }
    }

    /// The script that some inline handlers make: each body in a function, on lines of its own.
    pub(super) fn of_handlers(path: &Path, handlers: &[HandlerText]) -> (String, Self) {
        let mut script = String::new();
        let mut line = 1;
        let mut placed = Vec::with_capacity(handlers.len());
        for handler in handlers {
            script.push_str(&format!("fn {}({}) {{\n", handler.name, argument_of(&handler.name)));
            script.push_str(&handler.body);
            script.push_str("\n}\n");
            placed.push((line + 1, handler.clone()));
            line += 3 + handler.body.matches('\n').count();
        }
        let places =
            Self { path: path.to_owned(), handlers: Some(placed), inserted: BTreeMap::new() };
        (script, places)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes note that so many characters were put behind a column of a line; what is further on comes
    /// later.
    pub(super) fn inserted(&mut self, line: usize, column: usize, length: usize) {
        self.inserted.entry(line).or_default().push((column, length));
    }

    /// Whether anything was put in.
    pub(super) fn has_inserted(&self) -> bool {
        !self.inserted.is_empty()
    }

    /// Whether nobody wrote what begins at a place of the compiled text.
    pub(super) fn is_inserted(&self, place: rhai::Position) -> bool {
        let (Some(line), Some(column)) = (place.line(), place.position()) else { return false };
        let Some(columns) = self.inserted.get(&line) else { return false };
        let mut before = 0;
        columns.iter().any(|(at, length)| {
            let begin = at + before + 1;
            before += length;
            begin == column
        })
    }

    /// The column in the text as it was written.
    fn written_column(&self, line: usize, column: usize) -> usize {
        let mut written = column;
        for (at, length) in self.inserted.get(&line).into_iter().flatten() {
            match written.checked_sub(*at) {
                None | Some(0) => break,
                Some(beyond) => written -= beyond.min(*length),
            }
        }
        written
    }

    /// Whether the text was put together from inline handlers.
    pub(super) fn is_inline(&self) -> bool {
        self.handlers.is_some()
    }

    /// Where in the file a place of the compiled text was written.
    pub(super) fn find(&self, place: rhai::Position) -> Option<Position> {
        let line = place.line()?;
        let column = self.written_column(line, place.position().unwrap_or(1));
        let Some(handlers) = &self.handlers else {
            return Some(Position { line, column });
        };
        let (first, handler) = handlers.iter().rev().find(|(first, _)| *first <= line + 1)?;
        let last = handler.lines.len().checked_sub(1)?;
        // The line of the wrapper's head stands for the beginning, its end for the end.
        let at = line.checked_sub(*first);
        let (at, column) = match at {
            None => (0, 1),
            Some(at) if at > last => {
                (last, handler.body.lines().last().unwrap_or("").chars().count() + 1)
            }
            Some(at) => (at, column),
        };
        let start = handler.lines[at];
        Some(Position { line: start.line, column: start.column + column - 1 })
    }
}

/// The handlers that do not bear a socket's name.
pub(super) const EVENTS: [&str; 9] = [
    "on_start",
    "on_message",
    "on_tick",
    "on_timer",
    "on_line",
    "on_end",
    "on_peer",
    "on_reload",
    "on_stop",
];

/// Whether a function is called for an event.
pub(super) fn is_handler(name: &str) -> bool {
    name.starts_with("on_")
}

/// What an inline handler sees its event as.
#[must_use]
pub fn argument_of(handler: &str) -> &'static str {
    match handler {
        "on_start" | "on_tick" | "on_idle" | "on_end" | "on_reload" | "on_stop" => "",
        "on_timer" => "name",
        "on_line" => "line",
        "on_peer" => "peer",
        _ => "msg",
    }
}

/// How many arguments a handler of that name takes.
pub(super) fn arity_of(handler: &str) -> usize {
    usize::from(!argument_of(handler).is_empty())
}
