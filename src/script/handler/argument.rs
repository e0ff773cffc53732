//! The variable that a handler finds its argument in.
//!
//! Owns that between calls nothing but the script holds a message, and that the next call of the same
//! handler needs no new variable. Never evaluates anything.

use std::rc::Rc;

use rhai::{Dynamic, ImmutableString, Map, Scope};

use crate::script::effect::PeerEvent;
use crate::script::msg::{LazyMessage, Msg, text_or_blob};
use crate::script::program::Entry;

/// What a handler is called with.
pub(super) enum Argument {
    None,
    Value(Dynamic),
    Message(Msg),
}

impl Argument {
    /// What `on_peer` is told, on one of the sockets of these names.
    pub(super) fn of_peer(peer: &PeerEvent, names: &[ImmutableString]) -> Self {
        let mut map = Map::new();
        map.insert("event".into(), peer.kind.word().into());
        if let Some(name) = names.get(peer.socket) {
            map.insert("socket".into(), name.clone().into());
        }
        if let Some(endpoint) = &peer.endpoint {
            map.insert("endpoint".into(), endpoint.clone().into());
        }
        if let Some(topic) = &peer.topic {
            map.insert("topic".into(), text_or_blob(topic));
        }
        // Without them the property is `()`.
        if let Some(user) = &peer.user {
            map.insert("user".into(), user.to_string().into());
        }
        if let Some(reason) = &peer.reason {
            map.insert("reason".into(), reason.clone().into());
        }
        Self::Value(Dynamic::from_map(map))
    }
}

/// Where a handler's argument stands while it is called.
pub(super) struct ArgumentSlot {
    /// The argument's variable, and nothing else between calls.
    scope: Scope<'static>,
    /// What stands in the place of a message between calls.
    blank: Msg,
}

impl Default for ArgumentSlot {
    fn default() -> Self {
        Self { scope: Scope::new(), blank: Msg(Rc::new(LazyMessage::blank())) }
    }
}

impl ArgumentSlot {
    /// The variables of a call.
    pub(super) fn scope(&mut self) -> &mut Scope<'static> {
        &mut self.scope
    }

    /// Puts a call's argument there. Mostly one handler is called again and again, so its variable
    /// stays, and with it the boxes that a message needs to be a value.
    pub(super) fn lay(&mut self, entry: &Entry, argument: Argument) {
        let Some(name) = &entry.argument else {
            self.scope.clear();
            return;
        };
        if self.scope.get_mut(name).is_none() {
            self.scope.clear();
            self.scope.push_dynamic(name.as_str(), Dynamic::UNIT);
        }
        let Some(slot) = self.scope.get_mut(name) else { return };
        match argument {
            Argument::Message(msg) => put(slot, msg),
            Argument::Value(value) => *slot = value,
            Argument::None => *slot = Dynamic::UNIT,
        }
    }

    /// Takes it away again, so that nothing but the script holds it.
    pub(super) fn lift(&mut self, entry: &Entry) {
        let Some(slot) = entry.argument.as_ref().and_then(|name| self.scope.get_mut(name)) else {
            return;
        };
        put(slot, self.blank.clone());
    }
}

/// Puts a message into a variable: into its boxes if there is one already, and no closure shares it.
fn put(slot: &mut Dynamic, msg: Msg) {
    if !slot.is_shared()
        && let Some(mut held) = slot.write_lock::<Msg>()
    {
        *held = msg;
        return;
    }
    *slot = Dynamic::from(msg);
}
