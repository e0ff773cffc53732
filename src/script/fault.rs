//! What can be wrong with a script: before it runs, and while a handler runs.
//!
//! Owns faults as data, each with its place in the file that the user wrote. Never draws one.

use std::fmt;
use std::path::PathBuf;

use crate::message::Malformed;
use crate::source::Position;

/// What kind of fault a script has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FaultKind {
    /// It does not compile.
    Syntax,
    /// An import cannot be had.
    Import,
}

/// Something wrong with a script, found before it runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptFault {
    /// What kind of fault.
    pub kind: FaultKind,
    /// The file: the script, a module, or the topology for inline handlers.
    pub path: PathBuf,
    /// Where in it.
    pub position: Option<Position>,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What to do, one sentence.
    pub help: Option<String>,
    /// The text that mends it, where that is certain.
    pub fix: Option<ScriptFix>,
}

/// A text that mends a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptFix {
    /// Where it begins.
    pub at: Position,
    /// What is written there.
    pub written: String,
    /// What should be.
    pub replacement: String,
}

impl fmt::Display for ScriptFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, &self.path, self.position)?;
        f.write_str(&self.message)
    }
}

/// Why a handler failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HandlerErrorKind {
    /// The message does not fit its socket's format; no handler was called.
    Malformed(Malformed),
    /// The script did something wrong, or threw.
    Script,
    /// It used up more than a handler may: steps, depth or memory.
    Limit,
    /// What it returned cannot be sent.
    Returned,
    /// This program or the engine itself went wrong.
    Panicked,
}

/// One function that was being called when a handler failed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CallSite {
    /// The function.
    pub function: String,
    /// The file that it was called from.
    pub path: PathBuf,
    /// Where it was called.
    pub position: Option<Position>,
}

/// A handler that failed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HandlerError {
    /// Why.
    pub kind: HandlerErrorKind,
    /// The handler, such as `on_message`.
    pub handler: String,
    /// What went wrong, without the place.
    pub message: String,
    /// The file where it went wrong: the script, a module, or the topology for inline handlers.
    pub path: PathBuf,
    /// Where in it.
    pub position: Option<Position>,
    /// How it got there, the outermost call first; empty when it went wrong in the handler itself.
    pub calls: Vec<CallSite>,
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, &self.path, self.position)?;
        write!(f, "{}: {}", self.handler, self.message)?;
        for call in self.calls.iter().rev() {
            write!(f, "; in {} called at {}", call.function, call.path.display())?;
            if let Some(position) = call.position {
                write!(f, ":{position}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ScriptFault {}
impl std::error::Error for HandlerError {}

fn write_place(
    f: &mut fmt::Formatter<'_>,
    path: &std::path::Path,
    position: Option<Position>,
) -> fmt::Result {
    write!(f, "{}", path.display())?;
    if let Some(position) = position {
        write!(f, ":{position}")?;
    }
    f.write_str(": ")
}
