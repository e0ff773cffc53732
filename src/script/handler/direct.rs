//! Handlers that only look at their message, done without the engine and the desk.
//!
//! Owns the short way for the plain cases: nothing, the message itself or a text, to one place.
//! Never fails and never says why something cannot be sent: then the message comes back, and goes
//! the long way.

use std::collections::VecDeque;

use super::Handler;
use crate::message::Format;
use crate::script::effect::{Effect, Outlet, Route};
use crate::script::encode;
use crate::script::msg::Letter;
use crate::script::shortcut::{Outcome, Shortcut};
use crate::zeromq::Role;

impl Handler {
    /// Adds what a handler wants done with a message; gives back a message that it left alone.
    pub(super) fn directly(
        &mut self,
        shortcut: &Shortcut,
        mut letter: Letter,
        effects: &mut VecDeque<Effect>,
    ) -> Option<Letter> {
        let Some(outcome) = shortcut.outcome(&letter).filter(|_| !self.view.writes) else {
            return Some(letter);
        };
        if matches!(outcome, Outcome::Nothing) && letter.role != Role::Rep {
            letter.teach(&mut self.habit);
            return None;
        }
        let socket = match (&letter.route, letter.role) {
            (Some(_), _) => Some(letter.socket),
            (None, Role::Rep) => None,
            (None, _) => self.view.sender,
        };
        let found = socket.and_then(|socket| Some((socket, self.view.outlets.get(socket)?)));
        let Some((socket, outlet)) = found else { return Some(letter) };
        let payload = match outcome {
            Outcome::Nothing => Some(encode::notice("", outlet)),
            Outcome::Text(text) if letter.route.is_some() || takes_text(outlet) => {
                encode::text(&text, outlet)
            }
            Outcome::Message if letter.route.is_some() || takes_as_it_is(outlet, letter.format) => {
                Some(std::mem::take(&mut letter.payload))
            }
            Outcome::Text(_) | Outcome::Message => None,
        };
        let Some(payload) = payload else { return Some(letter) };
        let frames = match letter.route.take() {
            Some(route) => Route::back(route, payload),
            None => payload,
        };
        letter.teach(&mut self.habit);
        Effect::add_message(effects, socket, frames);
        None
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
