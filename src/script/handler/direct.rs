//! Handlers that only look at their message, done without the engine and the call context.
//!
//! Owns the short way for the plain cases: nothing, the message itself or a text, to one place.
//! Never fails and never says why something cannot be sent: then the message comes back with what
//! is known, and goes the long way.

use std::collections::VecDeque;

use super::Handler;
use crate::message::{Format, Multipart};
use crate::script::call_context::Target;
use crate::script::collector::bytes_of;
use crate::script::effect::{Effect, Route, SocketView};
use crate::script::encode;
use crate::script::fast_expression::{FastExpression, Known, Outcome};
use crate::script::msg::LazyMessage;
use crate::zeromq::Role;

/// What became of a message.
pub(super) enum Direct {
    /// All that its handler wants is done.
    Done,
    /// It is left alone; what the handler returns, if that was found.
    Left(Option<Known>),
}

impl Handler {
    /// Adds what a handler wants done with a message.
    pub(super) fn directly(
        &mut self,
        fast_expression: &FastExpression,
        message: &mut LazyMessage,
        effects: &mut VecDeque<Effect>,
    ) -> Direct {
        let Some(outcome) = fast_expression.outcome(message) else { return Direct::Left(None) };
        if matches!(outcome, Outcome::Nothing) && message.role != Role::Rep {
            message.teach(&mut self.profile);
            return Direct::Done;
        }
        let found = match self.view.target(Some(message)) {
            Target::Socket(Ok(socket)) => self.view.sockets.get(socket).map(|one| (socket, one)),
            Target::Sink | Target::Socket(Err(_)) => None,
        };
        let Some((socket, socket_view)) = found else { return Direct::Left(Some(outcome.known())) };
        let goes_back = message.route.is_some();
        let envelope = message.route.as_ref().map_or(0, |route| bytes_of(&route.envelope));
        let collector = self.engine.context.collector();
        let has_room = |frames: &Multipart| collector.takes_one(envelope + bytes_of(frames));
        // Built and moved once: each further move of frames is a tenth of a short call.
        let payload = match outcome {
            // Who asked gets an answer, whether there is room or not.
            Outcome::Nothing => encode::notice("", socket_view),
            Outcome::Message
                if (goes_back || takes_as_it_is(socket_view, message.format))
                    && has_room(&message.payload) =>
            {
                std::mem::take(&mut message.payload)
            }
            Outcome::Text(text) if goes_back || takes_text(socket_view) => {
                match encode::text(&text, socket_view) {
                    Some(payload) if has_room(&payload) => payload,
                    _ => return Direct::Left(Some(Outcome::Text(text).known())),
                }
            }
            other @ (Outcome::Message | Outcome::Text(_) | Outcome::Value(_)) => {
                return Direct::Left(Some(other.known()));
            }
        };
        let frames = match message.route.take() {
            Some(route) => Route::back(route, payload),
            None => payload,
        };
        message.teach(&mut self.profile);
        Effect::add_message(effects, socket, frames);
        Direct::Done
    }
}

/// Whether a text is all that a message on this socket needs.
fn takes_text(socket_view: &SocketView) -> bool {
    !socket_view.role.routes()
}

/// Whether a received message of that format goes out as it came.
fn takes_as_it_is(socket_view: &SocketView, format: Format) -> bool {
    takes_text(socket_view)
        && match socket_view.format {
            Format::Plain => true,
            Format::Msgid => format == Format::Msgid,
            Format::Envelope => false,
        }
}
