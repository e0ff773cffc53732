//! An assertion: an expression that has to hold of the figures of a run.
//!
//! Owns compiling it and asking it, by the rules and limits of handlers. Never reads a figure.

use std::path::Path;
use std::rc::Rc;

use rhai::ImmutableString;
use serde_json::{Map, Value};

use super::call_context::NodeView;
use super::effect::{Inbound, SocketView};
use super::encode::kind_of;
use super::engine::Engine;
use super::fault::ScriptFault;
use super::handler::Handler;
use super::msg::{LazyMessage, ReadProfile};
use super::text::{HandlerText, ScriptText};
use crate::message::{Format, Multipart};
use crate::source::Position;
use crate::zeromq::Role;

/// The name that faults of an assertion bear in place of a file's.
const SOURCE: &str = "always";
/// What stands before the expression, so that figures have the name that it gives them.
const HEAD: &str = "let counters = this;\n";

/// A compiled assertion, on the thread that asks it.
#[derive(Debug)]
pub struct Assertion {
    handler: Handler,
    socket: SocketView,
}

impl Assertion {
    /// Compiles an assertion, in which `counters` are the figures.
    ///
    /// # Errors
    ///
    /// With everything wrong with it that can be told before it sees figures.
    pub fn compile(engine: &Rc<Engine>, text: &str) -> Result<Self, Vec<ScriptFault>> {
        let text = text.trim_end_matches([';', ' ', '\n']);
        let lines = (1..=text.lines().count().max(1)).map(|line| Position { line, column: 1 });
        let handler = HandlerText {
            name: "on_message".to_owned(),
            body: format!("{HEAD}{text}").into(),
            lines: [Position { line: 1, column: 1 }].into_iter().chain(lines).collect(),
        };
        let script = ScriptText::of_one(Path::new(SOURCE), handler);
        let program = engine.compile(&script)?;
        let socket =
            SocketView { name: "".into(), role: Role::Pull, format: Format::Plain, msgid: 0 };
        Ok(Self { handler: Handler::new(engine, program, NodeView::of_nobody()), socket })
    }

    /// Whether it holds of these figures.
    ///
    /// # Errors
    ///
    /// When it fails, or says something else than yes or no.
    pub fn holds(&mut self, counters: &Map<String, Value>) -> Result<bool, String> {
        let counters = serde_json::to_string(counters).map_err(|error| error.to_string())?;
        self.handler.state_mut().restore_text(counters.as_bytes())?;
        let inbound = Inbound { socket: 0, payload: Multipart::new(), route: None };
        let name = ImmutableString::from("");
        let opened = LazyMessage::open(inbound, &self.socket, &name, ReadProfile::default());
        let Ok(message) = opened else { return Err(format!("{SOURCE}: it cannot be asked")) };
        let said = self.handler.judge(message).map_err(|error| error.to_string())?;
        said.as_bool().map_err(|_| {
            format!("{SOURCE}: it has to say true or false, and said {}", kind_of(&said))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_compared_by_the_names_of_their_nodes() {
        let engine = Rc::new(Engine::new());
        let Value::Object(counters) =
            json!({"a": {"sent": 3, "out": {"sent": 3}}, "b-1": {"received": 2}})
        else {
            unreachable!()
        };
        for (text, holds) in [
            ("counters.a.sent == 3", Ok(true)),
            ("counters[\"b-1\"].received > counters.a.out.sent", Ok(false)),
            ("let sum = counters.a.sent + 1;\nsum == 4;", Ok(true)),
            ("counters.a", Err("true or false")),
        ] {
            let said = Assertion::compile(&engine, text).unwrap().holds(&counters);
            match holds {
                Ok(holds) => assert_eq!(said, Ok(holds), "{text}"),
                Err(word) => assert!(said.unwrap_err().contains(word), "{text}"),
            }
        }
        assert!(Assertion::compile(&engine, "counters.a ==").is_err());
    }
}
