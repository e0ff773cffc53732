//! Handlers that only look at their message, done without the engine and the desk.
//!
//! Owns the short way for the plain cases: nothing, the message itself or a text, to one place.
//! Never fails and never says why something cannot be sent: then the message comes back with what
//! is known, and goes the long way.

use std::collections::VecDeque;

use super::Handler;
use crate::message::{Format, Multipart};
use crate::script::collector::bytes_of;
use crate::script::desk::Target;
use crate::script::effect::{Effect, Outlet, Route};
use crate::script::encode;
use crate::script::msg::Letter;
use crate::script::shortcut::{Known, Outcome, Shortcut};
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
        shortcut: &Shortcut,
        letter: &mut Letter,
        effects: &mut VecDeque<Effect>,
    ) -> Direct {
        let Some(outcome) = shortcut.outcome(letter) else { return Direct::Left(None) };
        if matches!(outcome, Outcome::Nothing) && letter.role != Role::Rep {
            letter.teach(&mut self.habit);
            return Direct::Done;
        }
        let found = match self.view.target(Some(letter)) {
            Target::Socket(Ok(socket)) => self.view.outlets.get(socket).map(|one| (socket, one)),
            Target::Sink | Target::Socket(Err(_)) => None,
        };
        let Some((socket, outlet)) = found else { return Direct::Left(Some(outcome.known())) };
        let goes_back = letter.route.is_some();
        let envelope = letter.route.as_ref().map_or(0, |route| bytes_of(&route.envelope));
        let collector = self.engine.desk.collector();
        let has_room = |frames: &Multipart| collector.takes_one(envelope + bytes_of(frames));
        // Built and moved once: each further move of frames is a tenth of a short call.
        let payload = match outcome {
            // Who asked gets an answer, whether there is room or not.
            Outcome::Nothing => encode::notice("", outlet),
            Outcome::Message
                if (goes_back || takes_as_it_is(outlet, letter.format))
                    && has_room(&letter.payload) =>
            {
                std::mem::take(&mut letter.payload)
            }
            Outcome::Text(text) if goes_back || takes_text(outlet) => {
                match encode::text(&text, outlet) {
                    Some(payload) if has_room(&payload) => payload,
                    _ => return Direct::Left(Some(Outcome::Text(text).known())),
                }
            }
            other @ (Outcome::Message | Outcome::Text(_) | Outcome::Value(_)) => {
                return Direct::Left(Some(other.known()));
            }
        };
        let frames = match letter.route.take() {
            Some(route) => Route::back(route, payload),
            None => payload,
        };
        letter.teach(&mut self.habit);
        Effect::add_message(effects, socket, frames);
        Direct::Done
    }
}

/// Whether a text is all that a message on this socket needs.
fn takes_text(outlet: &Outlet) -> bool {
    !outlet.role.routes()
}

/// Whether a received message of that format goes out as it came.
fn takes_as_it_is(outlet: &Outlet, format: Format) -> bool {
    takes_text(outlet)
        && match outlet.format {
            Format::Plain => true,
            Format::Msgid => format == Format::Msgid,
            Format::Envelope => false,
        }
}
