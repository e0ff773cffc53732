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

use super::collector::{Collected, Collector};
use super::effect::{Effect, Level, Outlet, Route};
use super::encode;
use super::msg::{Habit, Letter, Msg};
use super::outlets::{self, Tag};
use crate::message::Multipart;
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
    /// The socket that a handler outside a request sends on, or why there is none.
    pub(super) sender: Result<usize, Refusal>,
    pub(super) started: Instant,
    pub(super) writes: bool,
    pub(super) has_timer: bool,
}

/// Where what a handler returns goes.
pub(super) enum Target<'v> {
    /// The node's sink.
    Sink,
    /// A socket: back to whoever sent the message in hand, or on; or why there is none.
    Socket(Result<usize, &'v Refusal>),
}

impl View {
    /// Where what a handler returns goes, with or without a message in hand.
    pub(super) fn target(&self, hand: Option<&Letter>) -> Target<'_> {
        if self.writes {
            return Target::Sink;
        }
        match hand {
            Some(letter) if letter.route.is_some() => Target::Socket(Ok(letter.socket)),
            _ => Target::Socket(self.sender.as_ref().copied()),
        }
    }
}

/// Why a function of the contract refused; the engine adds the place.
pub(super) type Refusal = String;

/// What the engine's functions and the handlers share.
#[derive(Default)]
pub(super) struct Desk {
    view: RefCell<Option<Rc<View>>>,
    hand: RefCell<Option<Msg>>,
    collector: Collector,
    /// Whether something was logged since this was last asked.
    said: Cell<bool>,
    scratch: RefCell<Vec<u8>>,
}

/// What lies on the desk in the middle of a call.
pub(super) struct Laid {
    view: Option<Rc<View>>,
    hand: Option<Msg>,
    collected: Collected,
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
        *self.view.borrow_mut() = Some(Rc::clone(view));
        *self.hand.borrow_mut() = hand;
        self.collector.begin();
    }

    /// Clears the desk; what the call collected goes behind what was in `effects` before it.
    pub(super) fn end(&self, effects: &mut VecDeque<Effect>) {
        self.collector.end(effects);
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
            collected: self.collector.lay_aside(),
            said: self.said.take(),
        }
    }

    /// Lays out again what was laid aside.
    pub(super) fn lay_out(&self, laid: Laid) {
        self.view.replace(laid.view);
        self.hand.replace(laid.hand);
        self.collector.lay_out(laid.collected);
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
        self.collector.push(effect)
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
        let socket = match view.target(hand.as_ref().map(|msg| &*msg.0)) {
            Target::Sink => {
                let line = encode::line(value, &mut self.scratch.borrow_mut())?;
                return self.push(Effect::Write(line));
            }
            Target::Socket(socket) => socket.map_err(Clone::clone)?,
        };
        let route = hand.and_then(|msg| {
            msg.0.answered.set(true);
            msg.0.route.clone()
        });
        match route {
            Some(_) => self.send_back(view, &WayBack { socket, route }, value),
            None => self.send_on(view, socket, value, &Tag::Default),
        }
    }

    /// Whether a call has logged something since this was last asked.
    pub(super) fn has_said(&self) -> bool {
        self.said.take()
    }

    /// What the call has collected so far.
    pub(super) fn collector(&self) -> &Collector {
        &self.collector
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
