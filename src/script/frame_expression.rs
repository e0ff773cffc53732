//! A frame that a test writes as an expression, such as `pack("<I", 7)`: what bytes that comes to.
//!
//! Owns evaluating it, by the rules and limits of handlers, with nothing to look at: there is no message
//! and no state. Its chance is always the same.

use std::collections::VecDeque;
use std::rc::Rc;

use super::call_context::NodeView;
use super::effect::{Effect, Invocation, SocketView};
use super::engine::Engine;
use super::expression::ExpressionText;
use super::fault::{FaultKind, ScriptFault};
use super::handler::Handler;
use crate::message::Format;
use crate::zeromq::Role;

impl Engine {
    /// The bytes that an expression comes to: a text or a blob as it is, anything else as `send` of a
    /// handler lays it out.
    ///
    /// # Errors
    ///
    /// With what is wrong with it, or what it failed with.
    pub fn frame_of(
        self: &Rc<Self>,
        text: &ExpressionText<'_>,
    ) -> Result<Vec<u8>, Vec<ScriptFault>> {
        let program = self.compile(&text.as_handler("on_tick"))?;
        let socket =
            SocketView { name: "frame".into(), role: Role::Push, format: Format::Plain, msgid: 0 };
        let view = NodeView { sockets: vec![socket], seed: Some(0), ..NodeView::of_nobody() };
        let mut effects = VecDeque::new();
        let called = Handler::new(self, program, view).call_into(Invocation::Tick, &mut effects);
        called.map_err(|error| vec![fault(text, error.position, error.message.clone())])?;
        let sent = effects.into_iter().find_map(|effect| {
            let Effect::Send { message, .. } = effect else { return None };
            message.frames.first().map(|frame| frame.to_vec())
        });
        sent.ok_or_else(|| vec![fault(text, None, "it comes to nothing".to_owned())])
    }
}

fn fault(
    text: &ExpressionText<'_>,
    position: Option<crate::source::Position>,
    message: String,
) -> ScriptFault {
    ScriptFault {
        kind: FaultKind::Syntax,
        path: text.path.to_owned(),
        position,
        message,
        help: Some(
            "write what a frame is: a text, or bytes such as `pack(\"<I\", [7])`".to_owned(),
        ),
        fix: None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::Position;

    #[test]
    fn an_expression_comes_to_the_bytes_of_a_frame_and_to_the_same_ones_each_time() {
        let engine = Rc::new(Engine::new());
        let of = |text: &str| {
            let lines = vec![Position { line: 7, column: 3 }];
            engine.frame_of(&ExpressionText { path: Path::new("a.test.yaml"), text, lines })
        };
        assert_eq!(of("\"hashblock\""), Ok(b"hashblock".to_vec()));
        assert_eq!(of("pack(\"<I\", [7])"), Ok(vec![7, 0, 0, 0]));
        assert_eq!(of("to_json(#{ a: 1 })"), Ok(br#"{"a":1}"#.to_vec()));
        assert_eq!(of("12"), Ok(b"12".to_vec()));
        assert_eq!(of("uuid()"), of("uuid()"));
        for (text, word) in [("()", "nothing"), ("1 +", "ends"), ("throw \"no\"", "no")] {
            let faults = of(text).unwrap_err();
            assert!(faults[0].message.contains(word), "{text}: {}", faults[0].message);
        }
    }
}
