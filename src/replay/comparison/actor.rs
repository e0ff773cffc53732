//! One node of a recording: its handlers as they are now, called as they were called then.
//!
//! Owns the handlers, and whether it is known how they stood. No socket has any part in it: what they want
//! done is collected, as in a node.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use super::kept::Kept;
use super::kind::Done;
use crate::clock::{RunClock, nanos, since_epoch};
use crate::message::{Frame, Multipart, fingerprint};
use crate::node::{CallEnd, Called, Cause, Passed, SocketStand, Stand, open_envelope};
use crate::recording::moment;
use crate::script::{
    CallTime, Effect, Engine, Handler, HandlerError, Inbound, Invocation, Learned, NodeView,
    PeerEvent, Program, Route, SocketView, deed,
};
use crate::topology::{NodeSpec, SocketSpec};
use crate::zeromq::Role;

/// A node.
pub(super) struct Actor {
    pub(super) spec: Arc<NodeSpec>,
    instance: Arc<str>,
    replica: u32,
    engine: Rc<Engine>,
    program: Option<Program>,
    views: Vec<SocketView>,
    /// Its handlers, where it is known how they stand.
    handler: Option<Handler>,
    /// How it stood at last.
    stand: Option<Box<Stand>>,
    kept: Kept,
    /// Since when and why it cannot be compared.
    pub(super) lost: Option<Lost>,
    /// How many calls could not be compared.
    pub(super) left_out: u64,
}

/// Since when, and why, a node cannot be compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Lost {
    pub(super) since: SystemTime,
    pub(super) why: String,
}

/// A call of now beside the one of then.
pub(super) struct Played {
    pub(super) at: SystemTime,
    /// The handler.
    pub(super) handler: String,
    /// Where that is written now.
    pub(super) place: Option<String>,
    /// The message that it is for.
    pub(super) message: Option<Passed>,
    pub(super) then: Done,
    pub(super) now: Done,
    /// What was written then.
    pub(super) written: Vec<Vec<Vec<u8>>>,
    /// The frames that now are sent and written, in order.
    pub(super) frames: Vec<Vec<Vec<u8>>>,
    pub(super) error: Option<String>,
}

/// What a call does now.
#[derive(Default)]
struct Now {
    done: Done,
    frames: Vec<Vec<Vec<u8>>>,
    error: Option<String>,
}

impl Actor {
    /// The copy of a node whose name it bore.
    pub(super) fn new(
        spec: &Arc<NodeSpec>,
        instance: &Arc<str>,
        replica: u32,
        engine: &Rc<Engine>,
    ) -> Self {
        // The checker has compiled it before.
        let program = spec.script.as_ref().and_then(|script| engine.compile(script).ok());
        let views = spec.sockets.iter().map(|socket| SocketView {
            name: socket.name.as_str().into(),
            role: socket.role,
            format: socket.format,
            msgid: socket.msgid,
        });
        Self {
            spec: Arc::clone(spec),
            instance: Arc::clone(instance),
            replica,
            engine: Rc::clone(engine),
            program,
            views: views.collect(),
            handler: None,
            stand: None,
            kept: Kept::default(),
            lost: None,
            left_out: 0,
        }
    }

    /// Takes a message that came; handlers that are called for such ones only now are called.
    pub(super) fn came(&mut self, passed: Passed) -> Option<Played> {
        if self.program.is_none() && self.stand.is_none() {
            // Nobody is called for it.
            return None;
        }
        let socket = &*passed.place.socket;
        let then = self.stand.as_ref().and_then(|stand| named(&stand.sockets, socket));
        if then.is_none_or(|then| then.is_handled) {
            self.kept.keep(passed);
            return None;
        }
        let place = self.spec.socket(socket)?;
        self.handler.as_ref().filter(|handler| handler.takes(place))?;
        let none = Called {
            cause: Cause::Message { socket: 0, number: passed.number, is_bare: false },
            at: 0,
            learned: None,
            endpoints: None,
            end: CallEnd::Well,
            sent: Default::default(),
            written: Vec::new(),
            deeds: Vec::new(),
        };
        let invocation = inbound(place, &passed, false).map(Invocation::Message);
        self.played(&none, invocation, Some(passed))
    }

    /// The node stood so.
    pub(super) fn stands(&mut self, stand: Box<Stand>, at: SystemTime) {
        if let Some(state) = &stand.state {
            self.begin(state.as_deref(), at);
        }
        if let Some(handler) = &self.handler {
            for socket in &stand.sockets {
                if let Some(place) = self.spec.socket(&socket.name) {
                    handler.know_endpoint(place, socket.endpoint.as_deref());
                }
            }
        }
        self.stand = Some(stand);
    }

    /// Why no recording says all that its handlers were told.
    fn untold(&self) -> Option<&'static str> {
        if self.spec.is_zap_handler() {
            return Some("it is asked about passwords, which no recording has");
        }
        let reads = |program: &Program| {
            program.survey().properties.iter().any(|property| property.name == "user")
        };
        let knows = |socket: &SocketSpec| {
            socket.admission.is_some() || socket.asks_zap || socket.zap_domain().is_some()
        };
        let is_told =
            self.program.as_ref().is_some_and(reads) && self.spec.sockets.iter().any(knows);
        is_told.then_some("it reads `msg.user`, which no recording has")
    }

    /// Its handlers begin with that state.
    fn begin(&mut self, state: Result<&[u8], &String>, at: SystemTime) {
        let handler = self.program.clone().map(|program| {
            let mut handler = Handler::new(&self.engine, program, self.view());
            if self.spec.isolate {
                handler = handler.with_patience();
            }
            handler
        });
        self.handler = None;
        if let Some(why) = self.untold() {
            return self.lose(at, why.to_owned());
        }
        let Some(mut handler) = handler else { return };
        let restored = match state {
            Ok(text) => handler.state_mut().restore_text(text),
            Err(why) => Err(why.clone()),
        };
        match restored {
            Ok(()) => self.handler = Some(handler),
            Err(why) => self.lose(at, why),
        }
    }

    /// It is not known any more how it stands.
    pub(super) fn lose(&mut self, since: SystemTime, why: String) {
        self.handler = None;
        self.lost.get_or_insert(Lost { since, why });
    }

    /// Calls what was called then, if it is known how the node stood.
    pub(super) fn call(&mut self, called: &Called, batch: SystemTime) -> Option<Played> {
        if self.handler.is_none() && self.program.is_some() || self.stand.is_none() {
            self.left_out += 1;
            let at = if called.at > 0 { moment(called.at) } else { batch };
            self.lose(at, "how it stood before is not in the recording".to_owned());
            return None;
        }
        if called.end == CallEnd::Exhausted {
            self.left_out += 1;
            let why =
                "a call used up its time or memory, and how far it came depends on the machine";
            self.lose(batch, why.to_owned());
            return None;
        }
        self.know_endpoints(called);
        let (invocation, message) = match self.invocation(called) {
            Ok(found) => found,
            Err(why) => {
                self.left_out += 1;
                self.lose(batch, why);
                return None;
            }
        };
        self.played(called, invocation, message)
    }

    fn played(
        &mut self,
        called: &Called,
        invocation: Option<Invocation>,
        message: Option<Passed>,
    ) -> Option<Played> {
        let at = message.as_ref().map_or_else(|| moment(called.at), |message| message.at);
        let then = self.done_then(called);
        let (handler, place) = self.named(called, invocation.as_ref(), message.as_ref());
        let now = match invocation {
            Some(invocation) => self.call_now(called, invocation, at),
            None => Now::default(),
        };
        let Now { done, frames, error } = now;
        let written = called.written.clone();
        Some(Played { at, handler, place, message, then, now: done, written, frames, error })
    }

    /// What a handler is called for now; nothing where its socket is there no more. With it the message.
    fn invocation(
        &mut self,
        called: &Called,
    ) -> Result<(Option<Invocation>, Option<Passed>), String> {
        Ok(match &called.cause {
            Cause::Message { socket, number, is_bare } => {
                let then = self.socket_then(*socket).to_owned();
                let message = self.kept.take(&then, *number).ok_or_else(|| {
                    format!("a message of {then} that it was called for is not in the recording")
                })?;
                let place = self.spec.socket(&then);
                let inbound = place.and_then(|place| inbound(place, &message, *is_bare));
                (inbound.map(Invocation::Message), Some(message))
            }
            Cause::Peer(peer) => {
                let place = self.spec.socket(self.socket_then(peer.socket));
                let told = |socket| PeerEvent { socket, ..PeerEvent::clone(peer) };
                (place.map(|place| Invocation::Peer(told(place))), None)
            }
            Cause::Start => (Some(Invocation::Start), None),
            Cause::Tick => (Some(Invocation::Tick), None),
            Cause::Timer(name) => (Some(Invocation::Timer(name.as_str().into())), None),
            Cause::Line(line) => (Some(Invocation::Line(line.clone())), None),
            Cause::Record(frames) => {
                let frames = frames.iter().map(|frame| Frame::copy(frame)).collect();
                (Some(Invocation::Record(frames)), None)
            }
            Cause::Bytes(bytes) => (Some(Invocation::Bytes(bytes.clone())), None),
            Cause::End => (Some(Invocation::End), None),
            Cause::Idle => (Some(Invocation::Idle), None),
            Cause::Reload => (Some(Invocation::Reload), None),
            Cause::Stop => (Some(Invocation::Stop), None),
        })
    }

    fn call_now(&mut self, called: &Called, invocation: Invocation, at: SystemTime) -> Now {
        let Some(handler) = &mut self.handler else { return Now::default() };
        if let Invocation::Message(inbound) = &invocation
            && !handler.takes(inbound.socket)
        {
            return self.unhandled(invocation);
        }
        let learned = called.learned.as_deref().cloned().unwrap_or_default();
        handler.give_learned(&learned, call_time(self.stand.as_deref(), &learned, at));
        let mut effects = VecDeque::new();
        let result = handler.call_into(invocation, &mut effects);
        // What it logs is not compared.
        let _ = handler.has_said();
        // As in a node: one whose state has become too large fails.
        let _ = handler.state_mut().news();
        self.now(&effects, result.err())
    }

    /// What a node does with a message that no handler takes.
    fn unhandled(&self, invocation: Invocation) -> Now {
        let Invocation::Message(Inbound { socket, route, .. }) = invocation else {
            return Now::default();
        };
        let is_rep = self.views.get(socket).is_some_and(|view| view.role == Role::Rep);
        match route.filter(|_| is_rep) {
            // Who asked is answered all the same.
            Some(route) => {
                let frames = Route::back(route, Multipart::from_buf([Frame::empty()]));
                let effect = Effect::Send { socket, message: frames.into() };
                self.now(&[effect].into(), None)
            }
            None => Now::default(),
        }
    }

    fn now(&self, effects: &VecDeque<Effect>, error: Option<Box<HandlerError>>) -> Now {
        let name = |place: usize| self.views.get(place).map_or("", |view| &*view.name);
        let mut now = Now::default();
        for effect in effects {
            let Some((socket, frames)) = effect.message() else {
                now.done.deeds.extend(deed(effect, name));
                continue;
            };
            let to = socket.map(|place| name(place).to_owned());
            now.done.sent.push((to, fingerprint(frames)));
            now.frames.push(frames.iter().map(|frame| frame.to_vec()).collect());
        }
        now.done.has_failed = error.is_some();
        now.error = error.map(|error| error.to_string());
        now
    }

    fn done_then(&self, called: &Called) -> Done {
        let sent = called.sent.iter().map(|to| {
            let socket = to.socket.map(|place| self.socket_then(place.into()).to_owned());
            (socket, to.fingerprint)
        });
        Done {
            has_failed: called.end != CallEnd::Well,
            sent: sent.collect(),
            deeds: called.deeds.clone(),
        }
    }

    /// The name of a handler, and where it is written now.
    fn named(
        &self,
        called: &Called,
        invocation: Option<&Invocation>,
        message: Option<&Passed>,
    ) -> (String, Option<String>) {
        let name = called.cause.handler();
        let socket = if let Some(Invocation::Message(inbound)) = invocation {
            Some(inbound.socket)
        } else {
            None
        };
        let place = self.handler.as_ref().and_then(|handler| handler.place_of(name, socket));
        match (place, message) {
            (Some((name, path, position)), _) => {
                (name.to_owned(), Some(format!("{}:{}", path.display(), position.line)))
            }
            (None, Some(message)) => (format!("on_{}", message.place.socket), None),
            (None, None) => (name.to_owned(), None),
        }
    }

    /// The name that a socket had.
    fn socket_then(&self, place: usize) -> &str {
        let sockets = self.stand.as_ref().map_or(&[][..], |stand| &stand.sockets);
        sockets.get(place).map_or("", |socket| &socket.name)
    }

    fn know_endpoints(&self, called: &Called) {
        let (Some(handler), Some(endpoints)) = (&self.handler, &called.endpoints) else { return };
        for (place, endpoint) in endpoints.iter().enumerate() {
            if let Some(place) = self.spec.socket(self.socket_then(place)) {
                handler.know_endpoint(place, endpoint.as_deref());
            }
        }
    }

    fn view(&self) -> NodeView {
        NodeView {
            node: self.spec.name.as_str().into(),
            replica: (&*self.instance).into(),
            replica_index: self.replica,
            // Where chance was not asked then, it is the same each time.
            seed: Some(0),
            params: self.spec.params.clone(),
            sockets: self.views.clone(),
            clock: RunClock::begun(),
            writes: self.spec.write.is_some(),
            state_limit: usize::try_from(self.spec.state_limit).unwrap_or(usize::MAX),
        }
    }
}

fn named<'s>(sockets: &'s [SocketStand], name: &str) -> Option<&'s SocketStand> {
    sockets.iter().find(|socket| socket.name == name)
}

/// When a call was, for what it asks that it did not ask then.
fn call_time(stand: Option<&Stand>, learned: &Learned, at: SystemTime) -> CallTime {
    let at = learned.times.first().copied().unwrap_or_else(|| nanos(since_epoch(at)));
    let running = stand.map_or(0, |stand| stand.running + at.saturating_sub(stand.at));
    CallTime { at, running }
}

/// A message as a handler is given it; nothing where it has not the envelope that it has to have.
fn inbound(place: usize, passed: &Passed, is_bare: bool) -> Option<Inbound> {
    let mut passed = passed.share();
    passed.take_sequence();
    if is_bare {
        return Some(Inbound { socket: place, payload: passed.frames, route: None });
    }
    open_envelope(place, passed.place.role, passed.frames).ok()
}
