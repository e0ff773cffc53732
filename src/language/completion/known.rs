//! The names that are known in every script, and what a script adds to them.
//!
//! Owns which of them begin where. The functions are the vocabulary's, their lines `explain`'s.

use std::sync::LazyLock;

use super::{Completion, CompletionKind};
use crate::explain::Kind as PageKind;
use crate::language::script::Script;
use crate::language::words;
use crate::message::Format;
use crate::script::{Call, Engine, Literal, Site, Socket as Usable, Vocabulary};
use crate::zeromq::Role;

/// The words of the language that begin or join statements.
pub(super) const KEYWORDS: &[&str] = &[
    "let", "const", "if", "else", "for", "in", "while", "loop", "do", "until", "break", "continue",
    "return", "switch", "true", "false", "throw", "try", "catch",
];
/// Those that stand outside functions alone.
pub(super) const TOP_KEYWORDS: &[&str] = &["fn", "const", "import"];

pub(in crate::language) static VOCABULARY: LazyLock<Vocabulary> =
    LazyLock::new(|| Engine::new().vocabulary());

/// The functions that a script defines itself, handlers left out.
pub(super) fn own(script: &Script<'_>) -> Vec<Completion> {
    let functions = script.functions().into_iter();
    let functions = functions.map(|function| {
        let name = &script.text[function.name];
        let arguments: Vec<&str> =
            function.arguments.into_iter().map(|it| &script.text[it]).collect();
        let about = format!("{name}({})", arguments.join(", "));
        Completion::new(name, CompletionKind::Function, Some(&about))
    });
    functions.filter(|function| !function.label.starts_with("on_")).collect()
}

/// The functions that every script may call.
pub(super) fn functions(fits: &dyn Fn(&str) -> bool) -> Vec<Completion> {
    let mut found: Vec<Completion> = VOCABULARY
        .names()
        .filter(|name| fits(name))
        .map(|name| {
            let about = words::line(name, PageKind::Function);
            Completion::new(name, CompletionKind::Function, about)
        })
        .collect();
    // Those of the contract first.
    found.sort_by_key(|function| function.detail.is_none());
    found
}

/// A socket as far as it is written.
pub(super) struct Known<'t> {
    pub(super) name: &'t str,
    pub(super) role: Role,
    pub(super) format: Format,
}

impl Usable for Known<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn role(&self) -> Role {
        self.role
    }

    fn format(&self) -> Format {
        self.format
    }
}

pub(in crate::language) fn names_a_socket(function: &str) -> bool {
    names_socket_at(function).is_some()
}

/// With how many arguments a function takes a socket's name first.
pub(super) fn names_socket_at(function: &str) -> Option<usize> {
    (1..=3).find(|&count| call_of(function, count).named_socket().is_some())
}

pub(super) fn call_of(function: &str, arguments: usize) -> Call {
    let mut given = vec![None; arguments];
    if let Some(first) = given.first_mut() {
        *first = Some(Literal::Text("socket".to_owned()));
    }
    Call {
        name: function.to_owned(),
        module: None,
        on_value: false,
        in_scope: false,
        arguments: given,
        frames: None,
        site: Site { path: std::path::PathBuf::new(), position: None },
    }
}
