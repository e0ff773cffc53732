//! Names in scripts that nothing defines, and calls that fit no function.
//!
//! Owns what fails in whatever node the script runs, so these are errors. Never looks at a
//! topology: what depends on the node is `handlers.rs`'s and `sends.rs`'s.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::nearest;
use crate::script::{
    Call, Function, MESSAGE_PROPERTIES, Meant, Mistake, Survey, Unknown, foreign_function,
    foreign_variable,
};
use crate::source::Span;

use super::subject::Subject;
use super::survey::span_of;

/// The handlers whose argument is no message.
const NO_MESSAGE: &[&str] = &["on_timer", "on_line", "on_peer"];

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Diagnostic>) {
    for (survey, _) in subject.surveys.shared() {
        let unknown = check_variables(subject, survey, findings);
        for call in survey.calls.iter().filter(|call| call.module.is_none()) {
            let finding = check_call(subject, survey, call);
            // What would be called on something that is not there needs no second word.
            findings.extend(finding.filter(|finding| !follows(finding, &unknown)));
            findings.extend(check_this(subject, survey, call));
        }
        check_properties(subject, survey, findings);
        check_ends(subject, survey, findings);
        check_mistakes(subject, survey, findings);
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

/// What compiles, and would mean something else in another language.
fn check_mistakes(subject: &Subject<'_>, survey: &Survey, findings: &mut Vec<Diagnostic>) {
    for (site, mistake) in &survey.mistakes {
        let Some(span) = span_of(site, subject.sources) else { continue };
        let first = Span::new(span.source, span.start, span.start + 1);
        findings.push(match mistake {
            Mistake::EmptyBlock => {
                Diagnostic::new(Code::EmptyBlock, "an empty block, which is no map")
                    .at(first, "this comes to `()`: nothing")
                    .because("a bare `{` begins a block, and `#{` a map")
                    .help("write `#{}`")
                    .fix(first, "#{")
            }
            Mistake::Quoted(written) => {
                Diagnostic::new(Code::NotFilledIn, format!("`{written}` stays as it is written"))
                    .at(first, "a text between `\"` takes no values")
                    .because("only a text between backticks is filled in")
                    .help("put backticks around the text, in place of its `\"`")
            }
            Mistake::Calculated(operator) => calculated(operator, first),
            Mistake::Condition => refused(
                "a condition is true or false, and this is a text".to_owned(),
                span,
                "nothing else counts as one, be it empty or not",
                "compare it, as in `msg.text != \"\"`",
            ),
            Mistake::Whole => refused(
                "`int` takes a number, and this is a text".to_owned(),
                span,
                "a text of digits is a text, too",
                "write `parse_int(text)`",
            ),
            Mistake::Chained => {
                Diagnostic::new(Code::ComparedTwice, "what a comparison gives is compared itself")
                    .at(first, "one side of this is true or false")
                    .because(
                        "a comparison has two sides, and true or false is neither less nor more",
                    )
                    .help("compare twice, as in `0 < x && x < 10`")
            }
            Mistake::Comment(meant) => {
                Diagnostic::new(Code::HiddenEnd, "`//` begins a comment here")
                    .at(span, "what follows on this line is not read, its `;` neither")
                    .because("`/` of two integers gives an integer already")
                    .help(format!("write `{meant};`, or the `;` before the comment"))
            }
        });
    }
}

/// An operator of numbers beside a text.
fn calculated(operator: &str, place: Span) -> Diagnostic {
    let (why, help) = match operator {
        "%" => (
            "it is the rest of a division, and fills in nothing",
            "put values into a text by `${x}` between backticks",
        ),
        "*" => (
            "a text of digits is a text, too",
            "write `parse_int(text)` or `parse_float(text)` for the number in a text; \
             `let line = \"\"; line.pad(10, '-');` repeats a character",
        ),
        _ => (
            "a text of digits is a text, too",
            "write `parse_int(text)` or `parse_float(text)` for the number in a text",
        ),
    };
    refused(format!("`{operator}` is for numbers, and one side is a text"), place, why, help)
}

/// What the engine refuses whenever it gets there.
fn refused(message: String, span: Span, why: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::RefusedArgument, message)
        .at(span, "the handler fails whenever it gets here")
        .because(why)
        .help(help)
}

/// Whether a finding stands behind the dot behind one of these places.
fn follows(finding: &Diagnostic, places: &[Span]) -> bool {
    let Some(span) = finding.span() else { return false };
    places.iter().any(|place| place.source == span.source && place.end + 1 == span.start)
}

/// A function that reads or changes `this`, called without one.
fn check_this(subject: &Subject<'_>, survey: &Survey, call: &Call) -> Option<Diagnostic> {
    if call.on_value || call.in_scope {
        return None;
    }
    let takes = |function: &&Function| {
        function.name == call.name && function.arguments.len() == call.arguments.len()
    };
    let meant = survey.functions.iter().find(takes).filter(|function| function.uses_this)?;
    let span = span_of(&call.site, subject.sources)?;
    Some(
        Diagnostic::new(Code::WithoutThis, format!("`{}` is called without `this`", meant.name))
            .at(span, "the handler fails here")
            .because("a function has the `this` that it is called on, and none by itself")
            .help(format!("write `this.{}(…)`", meant.name))
            .fix(span, format!("this.{}", meant.name)),
    )
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
    if call.on_value && MESSAGE_PROPERTIES.contains(&call.name.as_str()) {
        return Some(
            finding.help(format!("read a property without parentheses: `.{}`", call.name)),
        );
    }
    if !call.on_value && survey.has_variable(&call.name) {
        let called = format!("{}.call", call.name);
        let help = format!("call what is in a variable by `{called}(…)`");
        return Some(finding.help(help).fix(span, called));
    }
    if let Some(meant) = foreign_function(&call.name, call.on_value) {
        return Some(with(finding, meant, span));
    }
    let vocabulary = subject.surveys.vocabulary();
    let least = usize::from(call.on_value);
    let known = vocabulary.names().filter(|name| {
        vocabulary.takes_any(name) || vocabulary.arguments_of(name).any(|count| count >= least)
    });
    Some(match nearest(&call.name, own.chain(known)) {
        Some(meant) => finding.help(meant.question()).fix(span, meant.first()),
        None => finding.help("define it in the script, or import the module that has it"),
    })
}

/// A finding with what a name of another language means.
fn with(finding: Diagnostic, meant: Meant, span: Span) -> Diagnostic {
    let finding = finding.help(meant.help);
    match meant.instead {
        Some(instead) => finding.fix(span, instead),
        None => finding,
    }
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
    if matches!(call.name.as_str(), "connect" | "disconnect" | "bind" | "unbind") {
        let message = format!("`{}` cannot take this endpoint", call.name);
        let help = "write a port such as `5556`, or an endpoint such as `\"tcp://127.0.0.1:5556\"`";
        let fault = Diagnostic::new(Code::BadEndpoint, message);
        return Some(
            fault.at(span, "the handler fails whenever it gets here").because(why).help(help),
        );
    }
    let message = match call.name.as_str() {
        "sleep" => "a handler does not sleep".to_owned(),
        name => format!("`{name}` refuses what it is given"),
    };
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
        "bind" => "`bind(endpoint)`",
        "unbind" => "`unbind(endpoint)`",
        "last_endpoint" => "`last_endpoint()` or `last_endpoint(socket)`",
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
        "round" => "`x.round()` for a whole number, `format(x, \".2\")` for two decimals",
        "range" => "`0..3` or `range(0, 3)`",
        "get" => "`map.get(key)`, and `map.get(key) ?? value` for where it may be missing",
        "max" | "min" => {
            "`max(a, b)` or `min(a, b)`; of an array, `list.reduce(|a, b| max(a, b), list[0])`"
        }
        _ => return None,
    })
}

/// Reports variables that nothing defines, and says where they stand.
fn check_variables(
    subject: &Subject<'_>,
    survey: &Survey,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Span> {
    let mut places = Vec::new();
    for unknown in &survey.unknown_variables {
        let Some(span) = span_of(&unknown.site, subject.sources) else { continue };
        places.push(span);
        findings.push(unknown_variable(survey, unknown, span));
    }
    places
}

fn unknown_variable(survey: &Survey, unknown: &Unknown, span: Span) -> Diagnostic {
    let name = unknown.name.as_str();
    let finding = Diagnostic::new(Code::UnknownVariable, format!("nothing defines `{name}`"))
        .at(span, "not a variable");
    let arguments = || survey.functions.iter().flat_map(|function| &function.arguments);
    let caller = survey.function_at(&unknown.site).map_or("", |function| &*function.name);
    if name == "msg" || arguments().any(|argument| argument == name) {
        return finding
            .because(format!(
                "`{caller}` is not given one: a function sees its own arguments alone"
            ))
            .help(if caller.starts_with("on_") {
                format!("keep in `this` what another handler had, as in `this.last = {name}`")
            } else {
                format!(
                    "take it as an argument, `fn {caller}({name})`, and give it where it is called"
                )
            });
    }
    let finding = finding.because("the handler fails whenever it gets here");
    if let Some(meant) = foreign_variable(name) {
        return with(finding, meant, span);
    }
    match nearest(name, arguments().map(String::as_str).chain(["this", "msg"])) {
        Some(meant) => finding.help(meant.question()).fix(span, meant.first()),
        None => finding.help(format!(
            "write `let {name} = …` before it, or `this.{name}` for what lasts between messages"
        )),
    }
}

fn check_properties(subject: &Subject<'_>, survey: &Survey, findings: &mut Vec<Diagnostic>) {
    let of_messages = survey
        .properties
        .iter()
        .filter(|property| !NO_MESSAGE.contains(&property.handler.as_str()));
    for property in
        of_messages.filter(|property| !MESSAGE_PROPERTIES.contains(&property.name.as_str()))
    {
        let Some(span) = span_of(&property.site, subject.sources) else { continue };
        let finding =
            Diagnostic::new(Code::UnknownProperty, format!("a message has no `{}`", property.name))
                .at(span, "not a property of a message")
                .because("the handler fails whenever it gets here");
        findings.push(match nearest(&property.name, MESSAGE_PROPERTIES.iter().copied()) {
            Some(meant) => finding.help(meant.question()).fix(span, meant.first()),
            None if ["data", "payload", "content", "message", "value"]
                .contains(&property.name.as_str()) =>
            {
                finding.help(
                    "`msg.text` is the payload as text, `msg.json` as JSON, `msg.bytes` as bytes",
                )
            }
            None => finding.help(format!("a message has {}", MESSAGE_PROPERTIES.join(", "))),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Functions of the contract that are called in ways that their arguments alone do not tell.
    const CALLED: &str = "send send_to publish reply subscribe unsubscribe connect disconnect bind \
        unbind last_endpoint after param log count stop random pick shuffle hmac_sha256 compress \
        decompress pack unpack matches captures replace_all format round range get max min";

    #[test]
    fn how_a_function_is_called_is_said_by_calling_it() {
        for name in CALLED.split_whitespace() {
            let usage = usage(name).unwrap_or_else(|| panic!("{name}"));
            assert!(usage.contains(&format!("{name}(")), "{name}: {usage}");
        }
        assert_eq!(usage("clear"), None);
    }
}
