//! From an error of the engine to what the user is told.
//!
//! Owns the words and the place of a handler's failure. Never decides what follows from it.

use rhai::EvalAltResult;

use super::effect::EndpointCall;
use super::fault::{CallSite, HandlerError, HandlerErrorKind};
use super::guard::Spent;
use super::limits;
use super::program::{Compiled, Entry};
use super::wording;

/// What a handler failed with.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many errors, two of them nest")]
pub(super) fn of(error: EvalAltResult, entry: &Entry, program: &Compiled) -> Box<HandlerError> {
    let mut source = String::new();
    let mut calls = Vec::new();
    let mut error = error;
    // The outermost call comes first; what is inside it happened in the called function's file.
    loop {
        let (function, file, inner, at) = match error {
            EvalAltResult::ErrorInFunctionCall(function, file, inner, at) => {
                (function, file, inner, at)
            }
            EvalAltResult::ErrorInModule(name, inner, at) => {
                (format!("import of {name}"), name, inner, at)
            }
            other => {
                error = other;
                break;
            }
        };
        let places = program.places(&source);
        let function =
            if function.starts_with("anon$") { "a closure".to_owned() } else { function };
        let position = places.find(at);
        calls.push(CallSite { function, path: places.path().to_owned(), position });
        source = file;
        error = *inner;
    }
    let places = program.places(&source);
    Box::new(HandlerError {
        kind: kind_of(&error),
        handler: entry.name.clone(),
        message: message_of(&error),
        path: places.path().to_owned(),
        position: places.find(error.position()).or_else(|| places.find(entry.place)),
        calls,
    })
}

/// A returned value that cannot be sent.
pub(super) fn returned(entry: &Entry, program: &Compiled, message: String) -> Box<HandlerError> {
    Box::new(HandlerError {
        kind: HandlerErrorKind::Returned,
        handler: entry.name.clone(),
        message: format!("what it returns cannot be sent: {message}"),
        path: program.main.path().to_owned(),
        position: program.main.find(entry.place),
        calls: Vec::new(),
    })
}

/// What was to be done when a call was over, and failed.
pub(super) fn later(call: &EndpointCall, program: &Compiled, message: String) -> Box<HandlerError> {
    let places = program.places(&call.source);
    Box::new(HandlerError {
        kind: HandlerErrorKind::Script,
        handler: call.function.to_owned(),
        message,
        path: places.path().to_owned(),
        position: places.find(call.position),
        calls: Vec::new(),
    })
}

/// A call in which this program or the engine itself went wrong.
pub(super) fn panicked(
    entry: &Entry,
    program: &Compiled,
    panic: &(dyn std::any::Any + Send),
) -> Box<HandlerError> {
    Box::new(HandlerError {
        kind: HandlerErrorKind::Panicked,
        handler: entry.name.clone(),
        message: format!("a fault in zrig itself, please report it: {}", panic_text(panic)),
        path: program.main.path().to_owned(),
        position: program.main.find(entry.place),
        calls: Vec::new(),
    })
}

/// What a panic says.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many errors, most of one kind")]
fn kind_of(error: &EvalAltResult) -> HandlerErrorKind {
    match error {
        EvalAltResult::ErrorTooManyOperations(_)
        | EvalAltResult::ErrorTooManyVariables(_)
        | EvalAltResult::ErrorTooManyModules(_)
        | EvalAltResult::ErrorStackOverflow(_)
        | EvalAltResult::ErrorDataTooLarge(..)
        | EvalAltResult::ErrorTerminated(..) => HandlerErrorKind::Limit,
        _ => HandlerErrorKind::Script,
    }
}

/// The engine's message without its place, in plainer words where a script ran into a limit.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many errors, most of one kind")]
fn message_of(error: &EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorTooManyOperations(_) => format!(
            "it was ended after {} million steps; does a loop never end? \
             What computes long belongs into a node with isolate: true",
            limits::OPERATIONS / 1_000_000
        ),
        EvalAltResult::ErrorStackOverflow(_) => format!(
            "more than {} calls are inside one another; does a function call itself for ever?",
            limits::CALL_LEVELS
        ),
        EvalAltResult::ErrorDataTooLarge(..) => OUT_OF_MEMORY.to_owned(),
        EvalAltResult::ErrorTerminated(token, _) => match Spent::of_token(token) {
            Spent::Memory => OUT_OF_MEMORY.to_owned(),
            Spent::Time => format!(
                "it was ended after {} ms; does a loop never end? \
                 What computes long belongs into a node with isolate: true",
                limits::CALL_TIME.as_millis()
            ),
        },
        other => wording::of(other),
    }
}

const OUT_OF_MEMORY: &str = "a call can hold 96 MiB at most, and this is more";
