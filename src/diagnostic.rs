//! A fault as data: what, how bad, where, why, what to do.
//!
//! Owns [`Diagnostic`], the table of [`Code`]s, and the order in which several are told. Never draws
//! anything: `cli/` does.

mod code;

pub use code::Code;

use std::collections::HashSet;

use crate::source::Span;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The topology cannot run.
    Error,
    /// It runs, but probably not as meant.
    Warning,
    /// It could be said better.
    Hint,
}

impl Severity {
    /// Its word, for people and programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// A place with a few words about its part in the fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there, shown beside the snippet; may be empty.
    pub text: String,
}

/// The corrected text of a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What to replace.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

/// One fault of a topology, a script or a command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// The stable code, which `zrig explain` knows.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Every place involved, the main one first. May be empty only where no text could be read.
    pub labels: Vec<Label>,
    /// Why it is a fault, one sentence.
    pub why: Option<String>,
    /// What to do, one sentence.
    pub help: Option<String>,
    /// The mended text, where it can be computed.
    pub fix: Option<Fix>,
}

/// The faults in the order of their main places, each once.
#[must_use]
pub fn in_order(mut faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    faults.sort_by_key(Diagnostic::span);
    let mut told = HashSet::new();
    faults.retain(|fault| {
        let places: Vec<Span> = fault.labels.iter().map(|label| label.span).collect();
        told.insert((fault.code, fault.message.clone(), places))
    });
    faults
}

impl Diagnostic {
    /// A fault of the code's own severity.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: Vec::new(),
            why: None,
            help: None,
            fix: None,
        }
    }

    /// Adds a place; the first one added is the main one.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says why it is a fault.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Gives the mended text.
    #[must_use]
    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }

    /// Whether it stops a run.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The main place.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}
