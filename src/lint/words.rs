//! Names in scripts that nothing defines, and calls that fit no function.
//!
//! Owns what fails in whatever node the script runs, so these are errors. Never looks at a
//! topology: what depends on the node is `handlers.rs`'s and `sends.rs`'s.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::nearest;
use crate::script::{Call, Survey};

use super::subject::Subject;
use super::survey::span_of;

/// What a message has.
pub(super) const PROPERTIES: &[&str] =
    &["socket", "msgid", "msgtype", "body", "topic", "text", "bytes", "json", "frames", "sender"];
/// The handlers whose argument is no message.
const NO_MESSAGE: &[&str] = &["on_timer", "on_line", "on_peer"];

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Diagnostic>) {
    for (survey, _) in subject.surveys.shared() {
        for call in survey.calls.iter().filter(|call| call.module.is_none()) {
            findings.extend(check_call(subject, survey, call));
        }
        check_variables(subject, survey, findings);
        check_properties(subject, survey, findings);
        check_ends(subject, survey, findings);
    }
}

fn check_ends(subject: &Subject<'_>, survey: &Survey, findings: &mut Vec<Diagnostic>) {
    for site in &survey.lost_values {
        let Some(span) = span_of(site, subject.sources) else { continue };
        findings.push(
            Diagnostic::new(Code::LostValue, "this value is lost")
                .at(span, "computed, and given to nobody")
                .because("a `;` ends it, so the handler, function or block comes to `()`: nothing")
                .help("leave out the `;` behind it; or the value, if nothing is meant"),
        );
    }
}

fn check_call(subject: &Subject<'_>, survey: &Survey, call: &Call) -> Option<Diagnostic> {
    let vocabulary = subject.surveys.vocabulary();
    let may_be_a_closure = call.on_value && survey.has_member(&call.name);
    if vocabulary.takes_any(&call.name) || may_be_a_closure {
        return None;
    }
    // A function of the script knows what it is called on as `this`; for the engine's own that is
    // their first argument.
    let own = survey.functions.iter().filter(|function| function.name == call.name);
    let mut counts: BTreeSet<usize> = own.map(|function| function.arguments.len()).collect();
    let known = vocabulary.arguments_of(&call.name);
    counts.extend(known.filter_map(|count| count.checked_sub(usize::from(call.on_value))));
    if counts.contains(&call.arguments.len()) {
        return refused_argument(subject, survey, call);
    }
    if counts.is_empty() {
        unknown_function(subject, survey, call)
    } else {
        wrong_count(subject, call, &counts)
    }
}

fn unknown_function(subject: &Subject<'_>, survey: &Survey, call: &Call) -> Option<Diagnostic> {
    let span = span_of(&call.site, subject.sources)?;
    let own = survey.functions.iter().map(|function| function.name.as_str());
    let finding =
        Diagnostic::new(Code::UnknownFunction, format!("there is no function `{}`", call.name))
            .at(span, "not a function")
            .because("the handler fails whenever it gets here");
    if call.on_value && PROPERTIES.contains(&call.name.as_str()) {
        return Some(
            finding.help(format!("read a property without parentheses: `.{}`", call.name)),
        );
    }
    Some(match nearest(&call.name, own.chain(subject.surveys.vocabulary().names())) {
        Some(meant) => finding.help(meant.question()).fix(span, meant.first()),
        None => finding.help("define it in the script, or import the module that has it"),
    })
}

fn wrong_count(subject: &Subject<'_>, call: &Call, counts: &BTreeSet<usize>) -> Option<Diagnostic> {
    let span = span_of(&call.site, subject.sources)?;
    let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
    let takes = if counts == ["0"] { "no".to_owned() } else { counts.join(" or ") };
    let given = call.arguments.len();
    Some(
        Diagnostic::new(
            Code::WrongArguments,
            format!(
                "`{}` takes {takes} {}",
                call.name,
                if takes == "1" { "argument" } else { "arguments" }
            ),
        )
        .at(span, format!("called with {given}"))
        .because("the handler fails whenever it gets here")
        .help(match usage(&call.name) {
            Some(usage) => format!("write {usage}"),
            None if takes == "no" => "call it with empty parentheses".to_owned(),
            None => format!("call it with {takes}"),
        }),
    )
}

/// An argument that is written out, and that its function takes in no node.
fn refused_argument(subject: &Subject<'_>, survey: &Survey, call: &Call) -> Option<Diagnostic> {
    if survey.functions.iter().any(|function| function.name == call.name) {
        return None;
    }
    let why = call.refused_argument()?;
    // What a function says after the semicolon is what there is instead.
    let (why, help) = match why.split_once("; ") {
        Some((why, help)) => (why.to_owned(), help.to_owned()),
        None => (why, format!("`zrig explain {}` says what it takes", call.name)),
    };
    let span = span_of(&call.site, subject.sources)?;
    let message = format!("`{}` refuses what it is given", call.name);
    Some(
        Diagnostic::new(Code::RefusedArgument, message)
            .at(span, "the handler fails whenever it gets here")
            .because(why)
            .help(help),
    )
}

/// How a function of the contract is called.
fn usage(name: &str) -> Option<&'static str> {
    Some(match name {
        "send" => "`send(v)`",
        "send_to" => "`send_to(socket, v)`",
        "publish" => {
            "`publish(id or topic, v)`, with the socket's name first where there are several"
        }
        "reply" => "`reply(msg, v)`",
        "subscribe" => "`subscribe(id or topic)`",
        "unsubscribe" => "`unsubscribe(id or topic)`",
        "connect" => "`connect(endpoint)`",
        "disconnect" => "`disconnect(endpoint)`",
        "after" => "`after(duration, name)`",
        "param" => "`param(name)` or `param(name, default)`",
        "log" => "`log(level, text)`",
        "count" => "`count(name)` or `count(name, n)`",
        "stop" => "`stop()` or `stop(status)`",
        "random" => "`random()` or `random(low, high)`",
        "pick" => "`pick(array)`",
        "shuffle" => "`shuffle(array)`",
        "hmac_sha256" => "`hmac_sha256(key, v)`",
        "compress" => "`compress(v, \"zlib\")`",
        "decompress" => "`decompress(blob, \"zlib\")`",
        "pack" => "`pack(format, values)`",
        "unpack" => "`unpack(format, blob)`",
        "matches" => "`text.matches(pattern)`",
        "captures" => "`text.captures(pattern)`",
        "replace_all" => "`text.replace_all(pattern, by)`",
        "format" => "`format(number, \".2\")`",
        _ => return None,
    })
}

fn check_variables(subject: &Subject<'_>, survey: &Survey, findings: &mut Vec<Diagnostic>) {
    for unknown in &survey.unknown_variables {
        let Some(span) = span_of(&unknown.site, subject.sources) else { continue };
        let arguments = survey.functions.iter().flat_map(|function| &function.arguments);
        let names = arguments.map(String::as_str).chain(["this", "msg"]);
        let finding =
            Diagnostic::new(Code::UnknownVariable, format!("nothing defines `{}`", unknown.name))
                .at(span, "not a variable")
                .because("the handler fails whenever it gets here");
        findings.push(match nearest(&unknown.name, names) {
            Some(meant) => finding.help(meant.question()).fix(span, meant.first()),
            None => finding.help(format!(
                "write `let {0} = …` before it, or `this.{0}` for what lasts between messages",
                unknown.name
            )),
        });
    }
}

fn check_properties(subject: &Subject<'_>, survey: &Survey, findings: &mut Vec<Diagnostic>) {
    let of_messages = survey
        .properties
        .iter()
        .filter(|property| !NO_MESSAGE.contains(&property.handler.as_str()));
    for property in of_messages.filter(|property| !PROPERTIES.contains(&property.name.as_str())) {
        let Some(span) = span_of(&property.site, subject.sources) else { continue };
        let finding =
            Diagnostic::new(Code::UnknownProperty, format!("a message has no `{}`", property.name))
                .at(span, "not a property of a message")
                .because("the handler fails whenever it gets here");
        findings.push(match nearest(&property.name, PROPERTIES.iter().copied()) {
            Some(meant) => finding.help(meant.question()).fix(span, meant.first()),
            None => finding.help(format!("a message has {}", PROPERTIES.join(", "))),
        });
    }
}
