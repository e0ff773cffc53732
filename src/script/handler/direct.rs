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
    /// It is left alone, with what the handler returns if that was found.
    Left(Letter, Option<Known>),
}

impl Handler {
    /// Adds what a handler wants done with a message.
    pub(super) fn directly(
        &mut self,
        shortcut: &Shortcut,
        mut letter: Letter,
        effects: &mut VecDeque<Effect>,
    ) -> Direct {
        let Some(outcome) = shortcut.outcome(&letter) else { return Direct::Left(letter, None) };
        if matches!(outcome, Outcome::Nothing) && letter.role != Role::Rep {
            letter.teach(&mut self.habit);
            return Direct::Done;
        }
        let Some((socket, payload)) = self.sent(&letter, &outcome) else {
            let known = outcome.known();
            return Direct::Left(letter, Some(known));
        };
        let payload = payload.unwrap_or_else(|| std::mem::take(&mut letter.payload));
        let frames = match letter.route.take() {
            Some(route) => Route::back(route, payload),
            None => payload,
        };
        letter.teach(&mut self.habit);
        Effect::add_message(effects, socket, frames);
        Direct::Done
    }

    /// The socket that the outcome goes to and its frames, none where they are the message's own;
    /// nothing where that takes a closer look.
    fn sent(&self, letter: &Letter, outcome: &Outcome<'_>) -> Option<(usize, Option<Multipart>)> {
        let Target::Socket(Ok(socket)) = self.view.target(Some(letter)) else { return None };
        let outlet = self.view.outlets.get(socket)?;
        let goes_back = letter.route.is_some();
        let payload = match outcome {
            // Who asked gets an answer, whether there is room or not.
            Outcome::Nothing => return Some((socket, Some(encode::notice("", outlet)))),
            Outcome::Text(text) if goes_back || takes_text(outlet) => {
                Some(encode::text(text, outlet)?)
            }
            Outcome::Message if goes_back || takes_as_it_is(outlet, letter.format) => None,
            Outcome::Text(_) | Outcome::Message | Outcome::Value(_) => return None,
        };
        let envelope = letter.route.as_ref().map_or(0, |route| bytes_of(&route.envelope));
        let bytes = envelope + bytes_of(payload.as_ref().unwrap_or(&letter.payload));
        self.engine.desk.collector().takes_one(bytes).then_some((socket, payload))
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
