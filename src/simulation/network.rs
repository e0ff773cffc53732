//! The network: all sockets, and what is under way between them.
//!
//! Owns what happens next, which the seed draws among all that may. What it is that happens stands in
//! the files beside this one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::bell::Bell;
use super::disk::Disk;
use super::end::{End, EndId, LinkId, SocketId};
use super::line::{Faults, Link, Listening, Way};
use super::socket::{Listener, Socket};
use super::{Refusal, Setting};
use crate::lock::locked;
use crate::message::Frame;
use crate::zeromq::Role;

/// How much may happen before those who use the sockets have their turn.
const STEPS: u32 = 16;

/// All sockets of a simulation; a clone is the same network.
#[derive(Clone)]
pub(crate) struct Network {
    state: Arc<Mutex<State>>,
    /// Rings when something is to happen.
    work: Arc<Bell>,
    disk: Disk,
}

/// When something happens next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// At once.
    Now,
    /// At that time.
    At(Duration),
    /// When somebody uses a socket.
    Idle,
}

/// Something that is to happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    /// A link tries to come up.
    Attempt(LinkId),
    /// An end of it has got the greeting of its peer.
    Greet(EndId),
    /// Messages move along it.
    Pump(LinkId, Way),
    /// A socket notices that something came.
    Notice(EndId),
    /// Who writes into a queue of that end hears how much of it was read.
    Credit { end: EndId, out: bool, read: u64 },
    /// An end that lingers does so no longer.
    Expire(EndId),
    /// Who is left at a link finds it broken.
    Break(LinkId),
    /// An end whose peer is gone parts, if nothing that came is left.
    Part(EndId),
    /// A link that is cut is taken for broken.
    Silence(LinkId, u32),
}

/// Things by their numbers, which are given once.
#[derive(Debug)]
pub(super) struct Numbered<T>(Vec<Option<T>>);

impl<T> Numbered<T> {
    pub(super) fn add(&mut self, thing: T) -> u32 {
        self.0.push(Some(thing));
        u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.0.get(number as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.0.get_mut(number as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, number: u32) -> Option<T> {
        self.0.get_mut(number as usize)?.take()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let numbered = self.0.iter().enumerate();
        numbered.filter_map(|(at, thing)| Some((u32::try_from(at).ok()?, thing.as_ref()?)))
    }
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// What a network consists of.
pub(super) struct State {
    pub(super) chance: StdRng,
    /// How long the network has been there.
    pub(super) now: Duration,
    pub(super) sockets: Numbered<Socket>,
    pub(super) ends: Numbered<End>,
    pub(super) links: Numbered<Link>,
    pub(super) listening: Vec<Listening>,
    pub(super) faults: Faults,
    /// How many messages subscribers missed, by the owners of publisher and subscriber.
    pub(super) missed: BTreeMap<(String, String), u64>,
    /// Who would not have whom as a peer, by their owners, and the end of whom it would not have.
    pub(super) turned_away: BTreeMap<(String, String), EndId>,
    /// What may happen at once, in any order.
    ready: Vec<Action>,
    /// What happens later, by its time.
    timers: BTreeMap<(Duration, u64), Action>,
    timers_set: u64,
    /// The port that is chosen next, and the number of the next routing id.
    pub(super) port: u16,
    pub(super) routing_number: u32,
    work: Arc<Bell>,
}

impl Network {
    /// An empty network, in the order of that seed.
    pub(crate) fn new(seed: u64) -> Self {
        let work = Arc::new(Bell::default());
        let mut chance = StdRng::seed_from_u64(seed);
        let routing_number = chance.random();
        let state = State {
            chance,
            now: Duration::ZERO,
            sockets: Numbered::default(),
            ends: Numbered::default(),
            links: Numbered::default(),
            listening: Vec::new(),
            faults: Faults::default(),
            missed: BTreeMap::new(),
            turned_away: BTreeMap::new(),
            ready: Vec::new(),
            timers: BTreeMap::new(),
            timers_set: 0,
            port: 20_000,
            routing_number,
            work: Arc::clone(&work),
        };
        Self { state: Arc::new(Mutex::new(state)), work, disk: Disk::default() }
    }

    /// A socket of that role; the owner is whom faults and figures call it by.
    pub(crate) fn open(&self, role: Role, owner: &str) -> SimulatedSocket {
        let mut state = self.state();
        let socket = Socket::new(role, owner.to_owned());
        let bell = Arc::clone(&socket.bell);
        let id = SocketId(state.sockets.add(socket));
        drop(state);
        SimulatedSocket { network: self.clone(), id, bell }
    }

    /// Lets happen what may, up to that time since the network was made; when something happens next.
    pub(crate) fn advance(&self, now: Duration) -> Next {
        let mut state = self.state();
        state.now = now;
        state.go_on();
        state.next()
    }

    /// Lets so much happen as chance has it, or nothing, or mostly nothing.
    #[cfg(all(test, feature = "patched-libzmq"))]
    pub(crate) fn go_on_a_little(&self, now: Duration, mostly_rests: bool) {
        let mut state = self.state();
        state.now = now;
        if mostly_rests && state.chance.random_ratio(7, 8) {
            return;
        }
        let most = 1_u32 << state.chance.random_range(0..8);
        let steps = state.chance.random_range(0..most);
        (0..steps).find(|_| !state.step());
    }

    /// The files of the simulation.
    pub(crate) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// How many messages subscribers wanted and missed since their queue was full, by the owners of both.
    pub(crate) fn missed(&self) -> BTreeMap<(String, String), u64> {
        self.state().missed.clone()
    }

    /// Rings when something is to happen that was not before.
    pub(crate) fn work(&self) -> &Bell {
        &self.work
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network({:p})", Arc::as_ptr(&self.state))
    }
}

impl State {
    /// Something happens at once, in its turn.
    pub(super) fn soon(&mut self, action: Action) {
        self.ready.push(action);
        self.work.ring();
    }

    /// Something happens later.
    pub(super) fn later(&mut self, after: Duration, action: Action) {
        self.timers_set += 1;
        self.timers.insert((self.now + after, self.timers_set), action);
        self.work.ring();
    }

    /// Lets one thing happen that may; whether there was any.
    fn step(&mut self) -> bool {
        while let Some(timer) = self.timers.first_entry().filter(|it| it.key().0 <= self.now) {
            self.ready.push(timer.remove());
        }
        if self.ready.is_empty() {
            return false;
        }
        let at = self.chance.random_range(0..self.ready.len());
        let action = self.ready.swap_remove(at);
        match action {
            Action::Attempt(link) => self.attempt(link),
            Action::Greet(end) => self.greet(end),
            Action::Pump(link, way) => self.pump(link, way),
            Action::Notice(end) => self.notice(end),
            Action::Credit { end, out, read } => self.credit(end, out, read),
            Action::Expire(end) => self.expire(end),
            Action::Break(link) => self.notice_end(link),
            Action::Part(end) => self.remove_if_drained(end),
            Action::Silence(link, cut) => self.silence(link, cut),
        }
        true
    }

    /// Mostly nothing happens while somebody is at work with a socket, and now and then something does.
    pub(super) fn may_go_on_meanwhile(&mut self) {
        if self.chance.random_ratio(1, 4) {
            self.go_on();
        }
    }

    /// Lets some things happen that may, one at least.
    fn go_on(&mut self) {
        let steps = self.chance.random_range(1..=STEPS);
        (0..steps).find(|_| !self.step());
    }

    fn next(&self) -> Next {
        match self.timers.first_key_value() {
            _ if !self.ready.is_empty() => Next::Now,
            Some(((at, _), _)) if *at <= self.now => Next::Now,
            Some(((at, _), _)) => Next::At(*at),
            None => Next::Idle,
        }
    }

    pub(super) fn socket(&self, id: SocketId) -> Option<&Socket> {
        self.sockets.get(id.0)
    }

    pub(super) fn socket_mut(&mut self, id: SocketId) -> Option<&mut Socket> {
        self.sockets.get_mut(id.0)
    }

    pub(super) fn end(&self, id: EndId) -> Option<&End> {
        self.ends.get(id.0)
    }

    pub(super) fn end_mut(&mut self, id: EndId) -> Option<&mut End> {
        self.ends.get_mut(id.0)
    }

    pub(super) fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.get(id.0)
    }

    pub(super) fn link_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.get_mut(id.0)
    }

    /// The ends of a socket, in the order in which they came.
    pub(super) fn ends_of(&self, socket: SocketId) -> Vec<EndId> {
        self.socket(socket).map_or_else(Vec::new, |socket| socket.ends.clone())
    }

    /// Wakes who waits for a socket.
    pub(super) fn ring(&self, socket: SocketId) {
        if let Some(socket) = self.socket(socket) {
            socket.bell.ring();
        }
    }
}

/// A socket of a simulation; it is closed when it is dropped.
pub(crate) struct SimulatedSocket {
    pub(super) network: Network,
    pub(super) id: SocketId,
    bell: Arc<Bell>,
}

impl SimulatedSocket {
    /// Sets it.
    pub(crate) fn set(&self, setting: Setting) {
        self.network.state().set(self.id, setting);
    }

    /// Wants messages that begin so.
    pub(crate) fn subscribe(&self, topic: &[u8]) {
        self.network.state().subscribe(self.id, topic);
    }

    /// Wants them no longer.
    pub(crate) fn unsubscribe(&self, topic: &[u8]) {
        self.network.state().unsubscribe(self.id, topic);
    }

    /// Binds.
    pub(crate) fn bind(&self, endpoint: &str) -> Result<(), Refusal> {
        self.network.state().bind(self.id, endpoint)
    }

    /// Connects.
    pub(crate) fn connect(&self, endpoint: &str) {
        self.network.state().connect(self.id, endpoint);
    }

    /// Lets go of a bound endpoint; the text is that of `last_endpoint`.
    pub(crate) fn unbind(&self, endpoint: &str) -> Result<(), Refusal> {
        self.network.state().unbind(self.id, endpoint)
    }

    /// Lets go of a connection.
    pub(crate) fn disconnect(&self, endpoint: &str) -> Result<(), Refusal> {
        self.network.state().disconnect(self.id, endpoint)
    }

    /// The last endpoint that was bound, with the port that was chosen.
    pub(crate) fn last_endpoint(&self) -> String {
        let state = self.network.state();
        state.socket(self.id).map_or_else(String::new, |socket| socket.last_endpoint.clone())
    }

    /// Hands over a frame; where it is refused it stays whole.
    pub(crate) fn send(&self, frame: &mut Frame, more: bool) -> Result<(), Refusal> {
        self.network.state().send(self.id, frame, more)
    }

    /// Takes a frame, and whether more of its message follow.
    pub(crate) fn receive(&self) -> Result<(Frame, bool), Refusal> {
        self.network.state().receive(self.id)
    }

    /// Whether a receive would go through. As in libzmq, whoever looks at that passes over the peers
    /// that have no room, if they are the next.
    pub(crate) fn is_readable(&self) -> bool {
        let mut state = self.network.state();
        state.pass_over_full(self.id);
        state.is_readable(self.id)
    }

    /// How many messages came that it had unsubscribed from.
    pub(crate) fn unwanted(&self) -> u32 {
        self.network.state().socket(self.id).map_or(0, |socket| socket.unwanted)
    }

    /// Rings when it can do what it could not before.
    pub(crate) fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// Tells a listener of its connections from now on.
    pub(crate) fn monitor(&self, listener: Listener) {
        if let Some(socket) = self.network.state().socket_mut(self.id) {
            socket.listener = Some(listener);
        }
    }

    /// Tells a listener what becomes of it once it is closed.
    pub(crate) fn at_its_end(&self, listener: Listener) {
        if let Some(socket) = self.network.state().socket_mut(self.id) {
            socket.epilogue = Some(listener);
        }
    }

    /// Tells its listener how full the queues of each of its connections are.
    pub(crate) fn tell_queues(&self) {
        self.network.state().tell_queues(self.id);
    }
}

impl Drop for SimulatedSocket {
    fn drop(&mut self) {
        self.network.state().close(self.id);
    }
}

impl fmt::Debug for SimulatedSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimulatedSocket({})", self.id.0)
    }
}
