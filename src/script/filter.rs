//! A filter: an expression that says of a message whether somebody wants to see it.
//!
//! Owns compiling it and asking it, by the rules and limits of handlers. Never sends anything: a
//! filter has no sockets.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use rhai::ImmutableString;

use super::call_context::NodeView;
use super::effect::{Inbound, SocketView};
use super::encode::kind_of;
use super::engine::Engine;
use super::fault::{FaultKind, ScriptFault};
use super::handler::Handler;
use super::msg::{LazyMessage, PROPERTIES, ReadProfile};
use super::program::Program;
use super::syntax;
use super::text::{HandlerText, ScriptText};
use crate::source::Position;

/// The name that faults of a filter bear in place of a file's.
const SOURCE: &str = "filter";

/// A compiled filter, on the thread that asks it.
#[derive(Debug)]
pub struct Filter {
    handler: Handler,
}

impl Filter {
    /// Compiles a filter, in which `msg` is the message.
    ///
    /// # Errors
    ///
    /// With everything wrong with it that can be told before it sees a message.
    pub fn compile(engine: &Rc<Engine>, text: &str) -> Result<Self, Vec<ScriptFault>> {
        let lines = (1..=text.lines().count().max(1)).map(|line| Position { line, column: 1 });
        let handler = HandlerText {
            name: "on_message".to_owned(),
            // What ends with `;` would say nothing.
            body: text.trim_end_matches([';', ' ', '\n']).into(),
            lines: lines.collect(),
        };
        let script = ScriptText::of_one(Path::new(SOURCE), handler);
        if let Some(position) = syntax::assignment(text) {
            let message = "`=` sets something; two values are compared by `==`";
            return Err(vec![fault(Some(position), message.to_owned())]);
        }
        let program = engine.compile(&script).map_err(with_help)?;
        let unknown = unknown_words(&program);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        Ok(Self { handler: Handler::new(engine, program, NodeView::of_nobody()) })
    }

    /// Whether a message is wanted. One that does not fit its socket's format is not.
    ///
    /// # Errors
    ///
    /// When the filter fails, or says something else than yes or no.
    pub fn wants(&mut self, inbound: Inbound, socket_view: &SocketView) -> Result<bool, String> {
        let name = ImmutableString::from(&*socket_view.name);
        let Ok(message) = LazyMessage::open(inbound, socket_view, &name, ReadProfile::default())
        else {
            return Ok(false);
        };
        let said = self.handler.judge(message).map_err(|error| error.to_string())?;
        said.as_bool().map_err(|_| {
            format!("{SOURCE}: it has to say true or false, and said {}", kind_of(&said))
        })
    }
}

fn fault(position: Option<Position>, message: String) -> ScriptFault {
    ScriptFault {
        kind: FaultKind::Syntax,
        path: PathBuf::from(SOURCE),
        position,
        message,
        help: None,
        fix: None,
    }
}

/// A filter is told in one line.
fn with_help(mut faults: Vec<ScriptFault>) -> Vec<ScriptFault> {
    for fault in &mut faults {
        if let Some(help) = fault.help.take() {
            fault.message = format!("{}; {help}", fault.message);
        }
    }
    faults
}

/// Variables and properties that no message could ever give a value.
fn unknown_words(program: &Program) -> Vec<ScriptFault> {
    let survey = program.survey();
    let variables = survey.unknown_variables.iter().map(|unknown| {
        fault(
            unknown.site.position,
            format!("there is no variable {}; the message is `msg`", unknown.name),
        )
    });
    let properties =
        survey.properties.iter().filter(|one| !PROPERTIES.contains(&one.name.as_str()));
    let properties = properties.map(|unknown| {
        fault(
            unknown.site.position,
            format!("a message has no {}; it has {}", unknown.name, PROPERTIES.join(", ")),
        )
    });
    variables.chain(properties).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Format, Frame, Multipart};
    use crate::zeromq::Role;

    fn socket_view() -> SocketView {
        SocketView { name: "sub".into(), role: Role::Sub, format: Format::Msgid, msgid: 1000 }
    }

    fn message(text: &str) -> Inbound {
        Inbound { socket: 0, payload: Multipart::from_buf([Frame::from(text)]), route: None }
    }

    fn asked(filter: &str, messages: &[&str]) -> Vec<Result<bool, String>> {
        let engine = Rc::new(Engine::new());
        let mut filter = Filter::compile(&engine, filter).unwrap();
        messages.iter().map(|text| filter.wants(message(text), &socket_view())).collect()
    }

    #[test]
    fn a_filter_looks_at_the_message_as_a_handler_does() {
        let messages = ["1000 json {\"a\": 1}", "1001 text x", "no message of that format"];
        for (filter, want) in [
            ("msg.msgid == 1000", [true, false, false]),
            ("let id = msg.msgid;\nid > 1000", [false, true, false]),
            ("msg.msgtype == \"json\" && msg.body.a == 1", [true, false, false]),
            ("msg.text.contains(\"x\")", [false, true, false]),
        ] {
            let said: Vec<bool> =
                asked(filter, &messages).into_iter().map(Result::unwrap).collect();
            assert_eq!(said, want, "{filter}");
        }
    }

    #[test]
    fn a_filter_that_cannot_work_is_refused_with_its_place() {
        let engine = Rc::new(Engine::new());
        for (filter, place, word) in [
            ("msg.msgid ==", Some((1, 13)), "script"),
            ("true &&\nmgs.msgid == 1", Some((2, 1)), "there is no variable mgs"),
            ("msg.messageid == 1", Some((1, 5)), "a message has no messageid"),
            ("eval(\"1\")", Some((1, 1)), "eval"),
        ] {
            let faults = Filter::compile(&engine, filter).unwrap_err();
            let at = faults[0].position.map(|at| (at.line, at.column));
            let told = faults[0].to_string();
            assert!(at == place && told.contains(word), "{filter}: {at:?} {told}");
        }
    }

    #[test]
    fn a_filter_that_fails_or_never_ends_says_so() {
        for (filter, word) in [
            ("msg.body", "true or false"),
            ("throw \"no\"", "no"),
            ("while true {} true", "ended after"),
            ("send(1); true", "no socket"),
        ] {
            let said = asked(filter, &["1000 text x"]).remove(0).unwrap_err();
            assert!(said.contains(word) && said.starts_with("filter"), "{filter}: {said}");
        }
    }
}
