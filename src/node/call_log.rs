//! The calls of a node's handlers, for who records them.
//!
//! Owns those that were not handed over yet, and whether it has to be told how the node stands. Never calls a
//! handler, and costs a call nothing but one comparison where nobody records it.

use std::sync::Arc;

use smallvec::SmallVec;

use super::calls::{CallEnd, Called, Calls, Cause, SentTo, SocketStand, Stand};
use super::interception::Interceptor;
use crate::clock::{self, RunClock, nanos, since_epoch};
use crate::message::fingerprint;
use crate::script::{
    Effect, Handler, HandlerError, HandlerErrorKind, Inbound, Invocation, SocketView, deed,
};

/// How much of a state a recording takes.
const STATE_MOST: usize = 4 << 20;

/// The calls of a node.
#[derive(Default)]
pub(super) struct CallLog {
    /// Who records them, each with how often it has asked for how the node stands.
    takers: Vec<(Arc<dyn Interceptor>, u64)>,
    /// Whether the node stands otherwise than its calls have left it.
    moved: Moved,
    /// Whether a socket was bound anew.
    is_bound: bool,
    stand: Option<Box<Stand>>,
    calls: Vec<Called>,
    /// Whether none of them has room.
    is_full: bool,
    /// How many calls were made meanwhile that nobody was told of yet.
    unseen: u64,
}

/// Whether a node stands otherwise than its calls have left it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Moved {
    #[default]
    No,
    /// Its sockets do.
    Sockets,
    /// All of it does, or somebody asks.
    All,
}

/// What is known of a call before it begins.
pub(super) struct Begun {
    cause: Cause,
    at: u64,
}

impl CallLog {
    /// Whether anybody records the calls.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        !self.takers.is_empty()
    }

    /// Whether the call that begins is recorded. One for which nobody has room is counted.
    #[inline]
    pub(super) fn begins(&mut self) -> bool {
        if self.is_full {
            self.unseen += 1;
        }
        self.is_on() && !self.is_full
    }

    /// These record them from now on.
    pub(super) fn set_takers(&mut self, takers: Vec<Arc<dyn Interceptor>>) {
        let address = |one: &Arc<dyn Interceptor>| Arc::as_ptr(one).cast::<()>();
        let known = self.takers.iter().map(|(taker, _)| address(taker));
        if known.eq(takers.iter().map(address)) {
            return;
        }
        let asked = |taker: Arc<dyn Interceptor>| {
            let asked = taker.stands_asked();
            (taker, asked)
        };
        self.takers = takers.into_iter().map(asked).collect();
        self.moved = Moved::All;
        self.is_full = false;
        self.calls.clear();
        self.stand = None;
    }

    /// Looks whether anybody asks how the node stands, or has no room any more or again: how it stands
    /// then, the calls before have not told. Whether what its handlers learn is to be noted, where that
    /// has changed.
    #[inline]
    pub(super) fn look(&mut self) -> Option<bool> {
        for (taker, seen) in &mut self.takers {
            let asked = taker.stands_asked();
            if std::mem::replace(seen, asked) != asked {
                self.moved = Moved::All;
            }
        }
        let is_full = !self.takers.iter().any(|(taker, _)| taker.has_room_for_calls());
        let was_full = std::mem::replace(&mut self.is_full, is_full);
        (was_full != is_full).then(|| {
            self.moved = Moved::All;
            !is_full
        })
    }

    /// The node stands otherwise than its calls have left it.
    pub(super) fn moved(&mut self) {
        self.moved = Moved::All;
    }

    /// Its sockets are others, and the rest of it goes on.
    pub(super) fn sockets_moved(&mut self) {
        self.moved = self.moved.max(Moved::Sockets);
    }

    /// A socket was bound to something else.
    pub(super) fn bound(&mut self) {
        self.is_bound = true;
    }

    /// Whether how the node stands has to be told before the next call.
    pub(super) fn wants_stand(&self) -> bool {
        self.moved != Moved::No && self.is_on() && !self.is_full
    }

    /// Tells how the node stands.
    pub(super) fn stands(
        &mut self,
        instance: &Arc<str>,
        handler: &Handler,
        clock: &RunClock,
        sockets: Vec<SocketStand>,
    ) {
        self.hand_over(instance);
        let goes_on = std::mem::take(&mut self.moved) == Moved::Sockets;
        if !goes_on {
            // What chance is made from is told with it.
            handler.note_learned(true);
        }
        let stand = Stand {
            state: (!goes_on).then(|| state_of(handler)),
            running: nanos(clock.running()),
            at: nanos_of_day(),
            sockets,
        };
        self.is_bound = false;
        self.stand = Some(Box::new(stand));
    }

    /// Adds a call.
    pub(super) fn add(
        &mut self,
        Begun { cause, at }: Begun,
        handler: &Handler,
        endpoints: impl FnOnce() -> Vec<Option<String>>,
        (effects, sockets): (Effects<'_>, &[SocketView]),
        end: CallEnd,
    ) {
        let endpoints = std::mem::take(&mut self.is_bound).then(endpoints);
        let mut called = Called {
            cause,
            at,
            learned: handler.take_learned(),
            endpoints,
            end,
            sent: SmallVec::new(),
            written: Vec::new(),
            deeds: Vec::new(),
        };
        for effect in effects {
            wanted(&mut called, effect, sockets);
        }
        self.calls.push(called);
    }

    /// Hands over what was not handed over yet.
    #[inline]
    pub(super) fn hand_over(&mut self, instance: &Arc<str>) {
        if self.unseen > 0 {
            let unseen = std::mem::take(&mut self.unseen);
            self.takers.iter().for_each(|(taker, _)| taker.called_unseen(instance, unseen));
        }
        if !self.calls.is_empty() || self.stand.is_some() {
            self.give(instance);
        }
    }

    #[cold]
    fn give(&mut self, instance: &Arc<str>) {
        let room = self.calls.len();
        let calls = Arc::new(Calls {
            instance: Arc::clone(instance),
            at: clock::time_of_day(),
            stand: self.stand.take(),
            calls: std::mem::replace(&mut self.calls, Vec::with_capacity(room)),
        });
        for (taker, _) in &self.takers {
            taker.called(&calls);
        }
    }
}

/// What a call wants done.
pub(super) type Effects<'e> = std::collections::vec_deque::Iter<'e, Effect>;

impl Begun {
    /// A call that is about to begin, of the message with that number where it is for one.
    pub(super) fn of(invocation: &Invocation, number: u32, views: &[SocketView]) -> Self {
        let at = match invocation {
            Invocation::Message(_) => 0,
            Invocation::Start
            | Invocation::Tick
            | Invocation::Timer(_)
            | Invocation::Line(_)
            | Invocation::Record(_)
            | Invocation::Bytes(_)
            | Invocation::End
            | Invocation::Idle
            | Invocation::Peer(_)
            | Invocation::Reload
            | Invocation::Stop => nanos_of_day(),
        };
        Self { cause: cause(invocation, number, views), at }
    }
}

fn cause(invocation: &Invocation, number: u32, views: &[SocketView]) -> Cause {
    match invocation {
        Invocation::Message(Inbound { socket, route, .. }) => {
            let routes = views.get(*socket).is_some_and(|view| view.role.routes());
            Cause::Message { socket: *socket, number, is_bare: routes && route.is_none() }
        }
        Invocation::Start => Cause::Start,
        Invocation::Tick => Cause::Tick,
        Invocation::Timer(name) => Cause::Timer(name.to_string()),
        Invocation::Line(line) => Cause::Line(line.clone()),
        Invocation::Record(frames) => {
            Cause::Record(frames.iter().map(|frame| frame.to_vec()).collect())
        }
        Invocation::Bytes(bytes) => Cause::Bytes(bytes.clone()),
        Invocation::End => Cause::End,
        Invocation::Idle => Cause::Idle,
        Invocation::Peer(event) => Cause::Peer(Box::new(event.clone())),
        Invocation::Reload => Cause::Reload,
        Invocation::Stop => Cause::Stop,
    }
}

/// Notes what an effect is.
fn wanted(called: &mut Called, effect: &Effect, sockets: &[SocketView]) {
    let Some((socket, frames)) = effect.message() else {
        let name = |at: usize| sockets.get(at).map_or("", |view| &*view.name);
        called.deeds.extend(deed(effect, name));
        return;
    };
    let to = socket.and_then(|socket| u16::try_from(socket).ok());
    called.sent.push(SentTo { socket: to, fingerprint: fingerprint(frames) });
    if socket.is_none() {
        called.written.push(frames.iter().map(|frame| frame.to_vec()).collect());
    }
}

/// How a call ended.
pub(super) fn end_of(result: &Result<(), Box<HandlerError>>) -> CallEnd {
    let Err(error) = result else { return CallEnd::Well };
    match error.kind {
        HandlerErrorKind::Malformed(_) => CallEnd::Malformed,
        HandlerErrorKind::Limit => CallEnd::Exhausted,
        HandlerErrorKind::Script | HandlerErrorKind::Returned | HandlerErrorKind::Panicked => {
            CallEnd::Failed
        }
    }
}

/// How the sockets of a node stand whose handlers are these.
pub(super) fn sockets_of(
    handler: &Handler,
    sockets: &[SocketView],
    endpoints: Vec<Option<String>>,
) -> Vec<SocketStand> {
    let stand = sockets.iter().zip(endpoints).enumerate().map(|(at, (view, endpoint))| {
        let is_handled = handler.takes(at);
        let name = view.name.to_string();
        SocketStand { name, role: view.role, format: view.format, is_handled, endpoint }
    });
    stand.collect()
}

fn state_of(handler: &Handler) -> Result<Vec<u8>, String> {
    if handler.state().bytes() > STATE_MOST {
        return Err("its state is too large to be kept in a recording".to_owned());
    }
    let text = handler.state().text()?;
    match text.left_out.first() {
        Some(left_out) => Err(format!("its state has what cannot be kept: {left_out}")),
        None => Ok(text.text),
    }
}

fn nanos_of_day() -> u64 {
    nanos(since_epoch(clock::time_of_day()))
}
