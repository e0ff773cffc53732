//! What the functions of a script work on during one call: the node's view, the message in hand,
//! and the effects so far.
//!
//! Owns the one place that the engine's functions and the handlers share. One engine serves many
//! nodes, one call at a time, so what belongs to a node is laid here for the length of its call.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use rhai::{Dynamic, ImmutableString, Map};

use super::effect::{Effect, Level, Outlet, Route};
use super::encode;
use super::limits;
use super::msg::{Habit, Letter, Msg};
use super::outlets::{self, Tag};
use crate::message::{Frame, Multipart};
use crate::zeromq::Role;

/// What a node's handlers can see of their node.
#[derive(Debug)]
pub struct NodeView {
    /// The node's name, as in the file.
    pub node: Rc<str>,
    /// The name of this copy: `worker.2`, or the node's own name where it is not replicated.
    pub replica: Rc<str>,
    /// `params`.
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Its sockets, in the order that [`Effect`]s count them.
    pub outlets: Vec<Outlet>,
    /// When the topology started.
    pub started: Instant,
    /// Whether what a handler returns is written to a sink.
    pub writes: bool,
    /// How many bytes the state may take.
    pub state_limit: usize,
}

/// A [`NodeView`] in the types of the engine.
pub(super) struct View {
    pub(super) node: ImmutableString,
    pub(super) replica: ImmutableString,
    pub(super) params: Map,
    pub(super) outlets: Vec<Outlet>,
    pub(super) names: Vec<ImmutableString>,
    /// The one socket that a handler outside a request sends on, if there is one.
    pub(super) sender: Option<usize>,
    pub(super) started: Instant,
    pub(super) writes: bool,
    pub(super) has_timer: bool,
}

/// Why a function of the contract refused; the engine adds the place.
pub(super) type Refusal = String;

/// What the engine's functions and the handlers share.
#[derive(Default)]
pub(super) struct Desk {
    view: RefCell<Option<Rc<View>>>,
    hand: RefCell<Option<Msg>>,
    effects: RefCell<Vec<Effect>>,
    bytes: Cell<usize>,
    /// Whether something was logged since this was last asked.
    said: Cell<bool>,
    scratch: RefCell<Vec<u8>>,
}

/// What lies on the desk in the middle of a call.
pub(super) struct Laid {
    view: Option<Rc<View>>,
    hand: Option<Msg>,
    effects: Vec<Effect>,
    bytes: usize,
    said: bool,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

impl Desk {
    /// Lays a node's things out for one call.
    pub(super) fn begin(&self, view: &Rc<View>, hand: Option<Msg>) {
        self.bytes.set(0);
        *self.view.borrow_mut() = Some(Rc::clone(view));
        *self.hand.borrow_mut() = hand;
        // A call that panicked may have left its own behind; they go.
        self.effects.borrow_mut().clear();
    }

    /// Clears the desk; what the call collected goes behind what was in `effects` before it.
    pub(super) fn end(&self, effects: &mut VecDeque<Effect>) {
        effects.extend(self.effects.borrow_mut().drain(..));
        *self.view.borrow_mut() = None;
        // A request that a script keeps has its answer by now and gets no second one.
        if let Some(msg) = self.hand.borrow_mut().take() {
            msg.0.answered.set(true);
        }
    }

    /// Clears the desk for the calls of other nodes, in the middle of a call.
    pub(super) fn lay_aside(&self) -> Laid {
        Laid {
            view: self.view.take(),
            hand: self.hand.take(),
            effects: self.effects.take(),
            bytes: self.bytes.take(),
            said: self.said.take(),
        }
    }

    /// Lays out again what was laid aside.
    pub(super) fn lay_out(&self, laid: Laid) {
        self.view.replace(laid.view);
        self.hand.replace(laid.hand);
        self.effects.replace(laid.effects);
        self.bytes.set(laid.bytes);
        self.said.set(laid.said);
    }

    /// What a reader makes of the message in hand; nothing where there is none.
    pub(super) fn in_hand<T>(&self, read: impl FnOnce(&Msg) -> Option<T>) -> Option<T> {
        self.hand.borrow().as_ref().and_then(read)
    }

    /// The node whose handler is being called.
    pub(super) fn view(&self) -> Result<Rc<View>, Refusal> {
        self.view
            .borrow()
            .clone()
            .ok_or_else(|| "this can be called inside a handler only, not at top level".to_owned())
    }

    /// Adds an effect, as long as there is room.
    pub(super) fn push(&self, effect: Effect) -> Result<(), Refusal> {
        let mut effects = self.effects.borrow_mut();
        if effects.len() >= limits::EFFECTS {
            return Err(format!(
                "a call can send and log {} times at most; spread the work over on_tick or after()",
                limits::EFFECTS
            ));
        }
        let bytes = self.bytes.get() + size_of_effect(&effect);
        if bytes > limits::EFFECT_BYTES {
            return Err(format!(
                "a call can send and log {} MiB at most",
                limits::EFFECT_BYTES >> 20
            ));
        }
        self.bytes.set(bytes);
        effects.push(effect);
        Ok(())
    }

    /// `print`, `debug` and `log`.
    pub(super) fn log(&self, level: Level, text: &str) -> Result<(), Refusal> {
        // At top level, where constants are computed, there is no node that could log.
        self.view()?;
        self.said.set(true);
        self.push(Effect::Log { level, text: text.to_owned() })
    }

    /// `send(v)`.
    pub(super) fn send(&self, value: Dynamic) -> Result<(), Refusal> {
        let view = self.view()?;
        let socket = outlets::sender(&view.outlets, self.asking())?;
        self.send_on(&view, socket, value, &Tag::Default)
    }

    /// `send_to(socket, v)`.
    pub(super) fn send_to(&self, socket: &str, value: Dynamic) -> Result<(), Refusal> {
        let view = self.view()?;
        let socket = outlets::named(&view.outlets, socket)?;
        self.send_on(&view, socket, value, &Tag::Default)
    }

    /// `publish(id or topic, v)`, with or without a socket's name.
    pub(super) fn publish(
        &self,
        socket: Option<&str>,
        tag: &Dynamic,
        value: Dynamic,
    ) -> Result<(), Refusal> {
        let view = self.view()?;
        let socket = match socket {
            Some(name) => outlets::named(&view.outlets, name)?,
            None => outlets::publisher(&view.outlets)?,
        };
        let outlet = &view.outlets[socket];
        outlets::can_publish(outlet)?;
        self.send_on(&view, socket, value, &encode::tag_of(tag)?)
    }

    /// `reply(msg, v)`.
    pub(super) fn reply(&self, msg: &Msg, value: Dynamic) -> Result<(), Refusal> {
        let view = self.view()?;
        let back = way_back(&view, &msg.0)?;
        self.send_back(&view, &back, value)?;
        msg.0.answered.set(true);
        Ok(())
    }

    /// Sends what a handler returned, where the message in hand or the node's sockets say.
    pub(super) fn deliver(&self, view: &View, value: Dynamic) -> Result<(), Refusal> {
        // Taken out first, so that a returned message is the last one and its frames are moved.
        let hand = self.hand.borrow_mut().take();
        if view.writes {
            let line = encode::line(value, &mut self.scratch.borrow_mut())?;
            return self.push(Effect::Write(line));
        }
        match hand {
            Some(msg) if msg.0.route.is_some() => {
                let back = way_back(view, &msg.0)?;
                msg.0.answered.set(true);
                drop(msg);
                self.send_back(view, &back, value)
            }
            _ => {
                drop(hand);
                let socket = outlets::sender(&view.outlets, None)?;
                self.send_on(view, socket, value, &Tag::Default)
            }
        }
    }

    /// Whether a call has logged something since this was last asked.
    pub(super) fn has_said(&self) -> bool {
        self.said.take()
    }

    /// Adds an effect whether there is room or not: somebody waits for this answer.
    pub(super) fn push_anyway(&self, effect: Effect) {
        self.effects.borrow_mut().push(effect);
    }

    /// Whether the request in hand has its answer.
    pub(super) fn is_answered(&self) -> bool {
        self.hand.borrow().as_ref().is_some_and(|msg| msg.0.answered.get())
    }

    /// Learns from how the message in hand was read.
    pub(super) fn read_habit(&self, habit: &mut Habit) {
        if let Some(msg) = &*self.hand.borrow() {
            msg.0.teach(habit);
        }
    }

    /// Forgets what a failed call wanted, but for what it logged and counted.
    pub(super) fn take_back(&self) {
        let is_said = |effect: &Effect| matches!(effect, Effect::Log { .. } | Effect::Count { .. });
        self.effects.borrow_mut().retain(is_said);
    }

    fn asking(&self) -> Option<usize> {
        let hand = self.hand.borrow();
        let letter = &hand.as_ref()?.0;
        (letter.role == Role::Rep).then_some(letter.socket)
    }

    fn send_on(
        &self,
        view: &View,
        socket: usize,
        value: Dynamic,
        tag: &Tag,
    ) -> Result<(), Refusal> {
        let outlet = &view.outlets[socket];
        outlets::can_send(outlet)?;
        let frames = match outlet.role {
            Role::Rep => return self.answer_in_hand(view, socket, value),
            Role::Router | Role::Stream => {
                encode::routed(value, outlet, &mut self.scratch.borrow_mut())?
            }
            Role::Sub
            | Role::Pull
            | Role::Pair
            | Role::Pub
            | Role::Req
            | Role::Dealer
            | Role::Push
            | Role::Xpub
            | Role::Xsub => encode::message(value, outlet, tag, &mut self.scratch.borrow_mut())?,
        };
        self.push(Effect::Send { socket, message: frames.into() })
    }

    fn answer_in_hand(&self, view: &View, socket: usize, value: Dynamic) -> Result<(), Refusal> {
        let hand = self.hand.borrow().clone().filter(|msg| msg.0.socket == socket);
        let Some(msg) = hand else {
            let name = &view.outlets[socket].name;
            return Err(format!("{name} is a rep and can only answer the request being handled"));
        };
        let back = way_back(view, &msg.0)?;
        self.send_back(view, &back, value)?;
        msg.0.answered.set(true);
        Ok(())
    }

    fn send_back(&self, view: &View, back: &WayBack, value: Dynamic) -> Result<(), Refusal> {
        let outlet = &view.outlets[back.socket];
        let payload = encode::answer(value, outlet, &mut self.scratch.borrow_mut())?;
        self.push(Effect::Send { socket: back.socket, message: back.frames(payload).into() })
    }
}

/// Where an answer to a message goes.
pub(super) struct WayBack {
    pub(super) socket: usize,
    pub(super) route: Option<Rc<Route>>,
}

impl WayBack {
    /// A text to whoever sent the message, in the form of the socket's format.
    pub(super) fn notice(&self, view: &View, text: &str) -> Effect {
        let payload = encode::notice(text, &view.outlets[self.socket]);
        Effect::Send { socket: self.socket, message: self.frames(payload).into() }
    }

    fn frames(&self, payload: Multipart) -> Multipart {
        match &self.route {
            Some(route) => Route::back(Rc::clone(route), payload),
            None => payload,
        }
    }
}

/// The way back to whoever sent a message, if it is still open.
fn way_back(view: &View, letter: &Letter) -> Result<WayBack, Refusal> {
    let outlet = view.outlets.get(letter.socket).filter(|outlet| *outlet.name == *letter.name);
    let Some(outlet) = outlet else {
        return Err("the socket that the message came by is no longer there".to_owned());
    };
    if letter.route.is_none() && outlet.role != Role::Pair {
        outlets::can_reply(outlet)?;
        return Err("the message came while its socket was another, so it has no sender".into());
    }
    if outlet.role == Role::Rep && letter.answered.get() {
        return Err("this request was answered already; a rep answers once".to_owned());
    }
    Ok(WayBack { socket: letter.socket, route: letter.route.clone() })
}

fn size_of_effect(effect: &Effect) -> usize {
    match effect {
        Effect::Send { message, .. } => message.frames.iter().map(Frame::len).sum(),
        Effect::Write(line) => line.len(),
        Effect::Subscribe { prefix, .. } | Effect::Unsubscribe { prefix, .. } => prefix.len(),
        Effect::Connect { endpoint, .. } | Effect::Disconnect { endpoint, .. } => {
            endpoint.as_str().len()
        }
        Effect::After { name, .. } | Effect::Count { name, .. } => name.len(),
        Effect::Log { text, .. } => text.len(),
        Effect::Stop { .. } => 0,
    }
}
