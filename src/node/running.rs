//! A running node: its parts, and what concerns several of them at once.
//!
//! Owns the parts, which no other file of `node/` knows together. `impl Node` stands in this file and
//! its folder alone, by what the node is doing: its rounds (`task`), a message (`handling`), what
//! comes of it (`outgoing`), slow motion (`stepping`), its end (`stopping`), becoming another spec (`change`), and leaving the
//! peers of a socket that goes (`parting`).

mod attaching;
mod change;
mod handling;
mod interfered;
mod outgoing;
mod owing;
mod parting;
mod stepping;
mod stopping;
mod task;
mod turns;

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use self::stopping::Ending;
use super::arrivals::Arrivals;
use super::binding::Bindings;
use super::blueprint::{Blueprint, NodeError};
use super::call_clock::CallClock;
use super::call_log::{CallLog, sockets_of};
use super::connections::Connections;
use super::files::Files;
use super::forward::Forward;
use super::inbox::subscription;
use super::incoming::Incoming;
use super::interception::{Lookout, Place};
use super::life::{Life, Phase};
use super::neighbours::{Neighbours, Seat};
use super::notes::Notes;
use super::observation::{Inquiries, Observation};
use super::outbox::Outbox;
use super::peers::Peers;
use super::rehearsal::Rehearsed;
use super::reporter::Reporter;
use super::slowness::Slowness;
use super::socket::NodeSocket;
use super::state::{Bound, Figures, NodeState, SocketFigures, Subscriber};
use super::timers::Timers;
use crate::clock;
use crate::counters::HandlerCounters;
use crate::event::EventKind;
use crate::script::{Engine, Handler, SocketView};
use crate::snapshot::NodeStatus;
use crate::zeromq::Role;

/// A running node.
pub(super) struct Node {
    blueprint: Blueprint,
    engine: Rc<Engine>,
    handler: Option<Handler>,
    /// The figures of its handlers, by their numbers.
    handler_counters: Vec<Arc<HandlerCounters>>,
    sockets: Vec<NodeSocket>,
    /// The same as handlers see them.
    socket_views: Vec<SocketView>,
    timers: Timers,
    files: Files,
    incoming: Incoming,
    outbox: Outbox,
    life: Life,
    connections: Connections,
    bindings: Bindings,
    reporter: Reporter,
    inquiries: Inquiries,
    lookout: Lookout,
    arrivals: Arrivals,
    clock: CallClock,
    slowness: Slowness,
    /// How long a test lets each call take.
    pace: Duration,
    /// The socket that is read first in the next round.
    cursor: usize,
    /// What is kept of its calls, for who records them.
    log: CallLog,
    /// The number of the message in hand among those that came by its socket.
    came: u32,
    /// Whether timers that are due go before messages.
    is_timers_turn: bool,
    /// How many calls came from outside.
    calls: u64,
    /// What the change to come was found to need.
    rehearsed: Option<Box<Rehearsed>>,
    ending: Ending,
}

impl Node {
    /// Makes a node: everything open and bound, nothing connected.
    pub(super) async fn create(
        blueprint: Blueprint,
        engine: Rc<Engine>,
        neighbours: Rc<Neighbours>,
        rehearsed: Option<Rehearsed>,
    ) -> Result<(Box<Self>, Bound), NodeError> {
        let seat = Seat::take(&neighbours, &blueprint.instance);
        let rehearsed = rehearsed.map(|rehearsed| rehearsed.sockets_for(&blueprint.spec));
        let parts = blueprint.build(&engine, rehearsed.unwrap_or_default()).await?;
        let now = clock::now();
        let Blueprint { spec, instance, counters, events, .. } = &blueprint;
        let mut node = Self {
            outbox: Outbox::new(parts.sockets.len(), Forward::all(spec)),
            reporter: Reporter::new(events, instance, counters),
            lookout: Lookout::new(&blueprint.interceptors),
            socket_views: blueprint.socket_views(),
            blueprint,
            engine,
            handler: parts.handler,
            handler_counters: Vec::new(),
            sockets: parts.sockets,
            timers: Timers::default(),
            files: Files::new(parts.source, parts.sink, parts.keeper),
            incoming: Incoming::default(),
            life: Life::new(now),
            connections: Connections::default(),
            bindings: Bindings::default(),
            inquiries: Inquiries::default(),
            arrivals: Arrivals::new(clock::really(now)),
            clock: CallClock::new(now),
            slowness: Slowness::new(seat),
            pace: Duration::ZERO,
            cursor: 0,
            log: CallLog::default(),
            came: 0,
            is_timers_turn: false,
            calls: 0,
            rehearsed: None,
            ending: Ending::default(),
        };
        node.reporter.call_sockets(node.socket_names());
        node.count_handlers();
        node.share_endpoints();
        let bound = node.bound();
        for (place, _, actual) in &bound {
            node.reporter.emit(Some(*place), EventKind::Bound { endpoint: actual.clone() });
        }
        Ok((Box::new(node), bound))
    }

    /// What goes out and by which sockets, and who notes it.
    fn sending(&mut self) -> (&mut Outbox, &mut [NodeSocket], &Life, Notes<'_>) {
        let notes = Notes {
            arrivals: &mut self.arrivals,
            reporter: &mut self.reporter,
            incoming: &mut self.incoming,
            handler: self.handler.as_ref(),
        };
        (&mut self.outbox, &mut self.sockets, &self.life, notes)
    }

    /// A socket with those who hear of its peers.
    fn peers(&mut self, place: usize, now: Instant) -> Peers<'_> {
        Peers {
            place,
            socket: &mut self.sockets[place],
            connections: &mut self.connections,
            inquiries: &mut self.inquiries,
            notes: Notes {
                arrivals: &mut self.arrivals,
                reporter: &mut self.reporter,
                incoming: &mut self.incoming,
                handler: self.handler.as_ref(),
            },
            is_open: self.life.is_open(),
            now,
        }
    }

    /// Reads monitors and subscriptions, and reconnects what libzmq gave up.
    fn service(&mut self, now: Instant) {
        for place in 0..self.sockets.len() {
            self.peers(place, now).read();
            if self.is_serviced(place) {
                self.read_subscriptions(place);
            }
            self.sockets[place].share_interest();
            if self.outbox.has_deferred_of(place) {
                self.outbox.send_deferred(place, &mut self.sockets[place]);
            }
        }
        self.connections.reconnect(now, &mut self.sockets, &mut self.reporter);
        self.connections.tell_linked(&self.blueprint.instance, &self.sockets);
    }

    /// Whether subscriptions are read here, whatever the node is doing: always on `pub`, and on
    /// `xpub` until the node starts.
    fn is_serviced(&self, place: usize) -> bool {
        let spec = &self.sockets[place].spec;
        let shows_subscriptions = spec.role == Role::Pub && !spec.is_on("conflate");
        let attaching = || self.life.phase() == Phase::Attaching;
        shows_subscriptions
            || spec.role == Role::Xpub && attaching() && !self.outbox.forwards_from(place)
    }

    fn read_subscriptions(&mut self, place: usize) {
        while self.sockets[place].readable {
            let before = self.sockets[place].counters.messages_in.get();
            let Some(frames) = self.sockets[place].receive() else { break };
            if let Some((wanted, topic)) = subscription(&frames) {
                self.subscription_changed(place, wanted, topic);
            }
            debug_assert!(self.sockets[place].counters.messages_in.get() > before);
        }
    }

    fn subscription_changed(&mut self, place: usize, wanted: bool, topic: &[u8]) {
        let (_, sockets, _, mut notes) = self.sending();
        notes.subscription(place, &mut sockets[place], wanted, topic);
    }

    /// Says which endpoints have had no connection for long.
    fn tell_unreached(&mut self, now: Instant) {
        if self.life.goes_on() {
            (0..self.sockets.len()).for_each(|place| self.peers(place, now).tell_unreached());
        }
    }

    /// Asks libzmq how full its queues are, to answer an observer.
    fn inquire(&mut self, answer: oneshot::Sender<Observation>) {
        if !self.inquiries.are_under_way()
            && let Some(handler) = &mut self.handler
        {
            handler.state_mut().measure_if_small();
            self.blueprint.counters.state_bytes.set(handler.state().bytes() as u64);
        }
        self.inquiries.ask(&mut self.sockets, answer);
    }

    /// Lets libzmq's answers come through, and passes them on when all are there.
    fn advance_inquiries(&mut self, now: Instant) {
        let owes = |place| self.outbox.has_deferred_of(place);
        let mut status = self.life.status();
        if status == NodeStatus::Running && self.outbox.busy_until().is_some() {
            status = NodeStatus::Busy;
        }
        self.inquiries.advance(now, &mut self.sockets, owes, status);
    }

    /// Looks whether anybody came or went that stands in the way of this node's messages.
    #[inline]
    fn look_out(&mut self) {
        if self.lookout.has_changed() {
            self.open_passages();
        }
        self.sockets.iter_mut().for_each(NodeSocket::try_passage);
        if self.log.is_on() {
            let notes = self.log.look();
            if let Some((handler, notes)) = self.handler.as_ref().zip(notes) {
                handler.note_learned(notes);
            }
            self.tell_stand();
        }
    }

    /// Tells who records its calls how it stands, where it stands otherwise than they have left it.
    fn tell_stand(&mut self) {
        let Some(handler) = self.handler.as_ref().filter(|_| self.log.wants_stand()) else {
            return;
        };
        let sockets = sockets_of(handler, &self.socket_views, self.endpoints());
        let Blueprint { clock, instance, .. } = &self.blueprint;
        self.log.stands(instance, handler, clock, sockets);
    }

    /// What each socket was bound to last.
    fn endpoints(&self) -> Vec<Option<String>> {
        self.sockets.iter().map(|socket| socket.last_endpoint.clone()).collect()
    }

    /// Lets all messages through, whoever stands in their way, or no longer.
    fn let_through(&mut self, all: bool) {
        self.sockets.iter_mut().for_each(|socket| socket.passage.open(all));
    }

    #[cold]
    fn open_passages(&mut self) {
        let Blueprint { spec, replica, instance, .. } = &self.blueprint;
        for socket in &mut self.sockets {
            let place = Place {
                instance: Arc::clone(instance),
                socket: Arc::clone(&socket.name),
                role: socket.spec.role,
                format: socket.spec.format,
                numbered: socket.spec.sequence,
            };
            let passage = self.lookout.passage(&spec.name, *replica, place);
            socket.passage.replace(passage.hiding(socket.spec.is_zap_handler()));
        }
        self.log.hand_over(instance);
        self.log.set_takers(self.lookout.call_takers(&spec.name, *replica));
        if let Some(handler) = self.handler.as_ref().filter(|_| !self.log.is_on()) {
            handler.note_learned(false);
        }
    }

    /// Says who the subscribers inside the file are.
    fn set_audience(&mut self, subscribers: &[Subscriber]) {
        for socket in &mut self.sockets {
            let of_socket = subscribers.iter().filter(|one| *one.socket == *socket.name);
            let of_socket =
                of_socket.map(|one| (Arc::clone(&one.counters), Arc::clone(&one.expected)));
            let is_told = socket.spec.role == Role::Pub && !socket.spec.is_on("conflate");
            socket.fanout.set(of_socket.collect(), is_told);
        }
    }

    /// What went through the sockets so far.
    fn figures(&self) -> Figures {
        let sockets = self.sockets.iter().map(|socket| {
            let stashed = socket.stashed() as u64;
            let figures = SocketFigures { stashed, ..SocketFigures::of(&socket.counters) };
            (socket.name.to_string(), figures)
        });
        let unanswered = |place: usize| {
            let socket = &self.sockets[place];
            socket.spec.role == Role::Req && socket.awaits_reply
                || self.outbox.has_deferred_of(place)
        };
        // Answers that wait for their peers are told by themselves.
        let in_hand = !self.outbox.is_clear() || !self.outbox.forwards_are_idle();
        Figures {
            sockets: sockets.collect(),
            unanswered: match self.life.held() {
                Some(held) => held.iter().any(|&place| unanswered(place)),
                None => (0..self.sockets.len()).any(unanswered),
            },
            unsent: in_hand && !self.life.is_held(),
        }
    }

    /// What is there, as libzmq tells it where it does.
    fn describe(&self) -> NodeState {
        NodeState {
            spec: Arc::clone(&self.blueprint.spec),
            sockets: self.sockets.iter().map(NodeSocket::describe).collect(),
        }
    }

    fn bound(&self) -> Bound {
        let mut bound = Bound::new();
        for (place, socket) in self.sockets.iter().enumerate() {
            for (given, actual) in &socket.bound {
                bound.push((place, given.clone(), actual.clone()));
            }
        }
        bound
    }

    fn socket_names(&self) -> Vec<Arc<str>> {
        self.sockets.iter().map(|socket| Arc::clone(&socket.name)).collect()
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod rounds;
