//! What a node still does for the peers of a socket that goes: it answers until the switch, and lets
//! what waits to go out leave first.
//!
//! Owns how long that may take. Which sockets go is the plan's; replacing them is `change`'s.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Node;
use super::change::{fate, goes};
use super::owing::ENDED;
use crate::clock;
use crate::counters::DropReason;
use crate::event::EventKind;
use crate::node::life::Phase;
use crate::node::monitor::Monitor;
use crate::node::observation::SocketObservation;
use crate::node::replacement::take_what_has_come;
use crate::node::socket::{NodeSocket, came_in_by};
use crate::node::state::Bound;
use crate::plan::SocketFates;
use crate::topology::SocketSpec;

/// How long the peers of a socket that goes may take to get what waits for them, at most.
const PARTING: Duration = Duration::from_millis(300);
/// How long a server goes on answering before its switch, where something always waits.
const ANSWERING: Duration = Duration::from_secs(1);
/// How long the peers of a socket that goes may take to end their side of the connection.
const GOING: Duration = Duration::from_millis(500);
/// How long to take what a full queue had kept back, at most.
const BACKLOG: Duration = Duration::from_millis(100);
/// How many messages between two looks are more than what a peer sends meanwhile.
const BACKLOG_LEAST: usize = 32;
/// How long libzmq may take to tell what waits.
const TOLD: Duration = Duration::from_millis(20);
/// How often to look while nothing moves.
const LOOK: Duration = Duration::from_millis(1);

/// What waits to go out on a connection.
struct Unsent {
    place: usize,
    /// Both ends of it.
    ends: (String, String),
    count: u64,
}

impl Node {
    /// Goes on answering on sockets that are about to be replaced or to lose an endpoint, until a
    /// moment at which nothing waits in them; a node that is held does so before.
    pub(super) async fn answer_until_the_switch(&mut self, fates: &SocketFates) {
        let disturbed = |socket: &NodeSocket| {
            let next = fates.after(&socket.name);
            goes(fate(fates, socket)) || next.is_some_and(|spec| loses_an_endpoint(socket, spec))
        };
        if self.answer_all(disturbed).await {
            // Nothing is handled between the old socket and what the reload still has to do.
            self.life.hold(BTreeSet::new());
        }
    }

    /// The same before the node ends while others go on, or another one takes its place.
    pub(super) async fn answer_before_stop(&mut self) {
        if !self.answer_all(|_| true).await {
            return;
        }
        self.life.hold(BTreeSet::new());
        for place in 0..self.sockets.len() {
            if self.sockets[place].spec.role.routes() {
                self.end_debts(Some(place), ENDED);
                self.part_from_peers(place).await;
            }
        }
    }

    /// Answers on these sockets, as far as they answer; whether there is one.
    async fn answer_all(&mut self, goes: impl Fn(&NodeSocket) -> bool) -> bool {
        let runs = self.life.works() && !self.life.is_held();
        let answers = |socket: &NodeSocket| socket.spec.role.routes() && goes(socket);
        let places: Vec<usize> =
            (0..self.sockets.len()).filter(|&place| answers(&self.sockets[place])).collect();
        if !runs || places.is_empty() {
            return false;
        }
        let until = clock::now() + ANSWERING;
        while clock::now() < until && self.life.phase() != Phase::Closed {
            let busy = self.guarded_round();
            let answered = !busy && places.iter().all(|&place| self.has_answered(place));
            if answered {
                let waits = self.unsent(&places, until).await;
                let sent = waits.is_some_and(|waits| waits.iter().all(|one| one.count == 0));
                if sent && places.iter().all(|&place| self.has_answered(place)) {
                    break;
                }
            }
            if busy { tokio::task::yield_now().await } else { clock::sleep(LOOK).await }
        }
        true
    }

    /// Sends what waits for one socket that is about to go; what it does not take in time is dropped.
    pub(super) async fn send_last(&mut self, place: usize) {
        let until = clock::now() + patience([&self.sockets[place]].into_iter());
        while !self.send_what_waits(place) && clock::now() < until {
            clock::sleep(LOOK).await;
        }
        self.outbox.drop_what_waits(place, &mut self.sockets[place]);
    }

    /// Sends what waits for one socket that is about to go, as far as it takes it; whether it took
    /// all.
    fn send_what_waits(&mut self, place: usize) -> bool {
        let (outbox, sockets, _, mut notes) = self.sending();
        outbox.send_what_waits(place, &mut sockets[place], &mut notes)
    }

    /// Ends the connections to a socket that is replaced, so that nothing of what its peers sent is
    /// lost unseen: each is told that no more answers come, ends its side, and all that it sent until
    /// then is taken. That is still handled; an answer to it has no way back, and is counted.
    pub(super) async fn part_from_peers(&mut self, place: usize) {
        // Who was held has no peers outside the file, or did not answer them up to now.
        let has_answered = self.life.stands_still();
        if !has_answered || self.sockets[place].monitor.is_none() {
            return;
        }
        let answered = self.answer_to_the_last(place).await;
        let socket = &mut self.sockets[place];
        // While nothing waits: libzmq would not go on by itself where a full queue had stopped it.
        take_what_has_come(socket);
        socket.take_without_limit();
        take_backlog(socket).await;
        if let Some(monitor) = &socket.monitor {
            monitor.finish(|ends| answered.contains(ends));
        }
        socket.takes_no_answers = true;
        let until = clock::now() + GOING;
        loop {
            let are_there = socket.monitor.as_ref().is_some_and(|monitor| monitor.leaving() > 0);
            // Looked at before: what came before the end of a connection is there at its end.
            take_what_has_come(socket);
            if !are_there || clock::now() >= until {
                break;
            }
            clock::sleep(LOOK).await;
        }
        let left = socket.monitor.as_ref().map_or(0, Monitor::accepted);
        if left > 0 {
            self.tell_cut_off(place, left);
        } else {
            // Nothing waits to go out that this could end.
            end_listeners(&mut self.sockets[place]).await;
        }
        take_what_has_come(&mut self.sockets[place]);
        self.finish_stash(place);
    }

    /// Tells that peers are cut off, whose last requests may be in what the kernel has of them.
    fn tell_cut_off(&self, place: usize, count: usize) {
        let who = if count == 1 { "a peer".to_owned() } else { format!("{count} peers") };
        let error = format!(
            "{who} took too long to take what waited or to end the connection and is cut off: what \
             was sent last on it may be lost"
        );
        self.reporter.emit(Some(place), EventKind::Failed { error });
    }

    /// Handles what has arrived and lets the answers go out, until nothing waits or the time is over.
    /// Which connections have nothing to go out.
    async fn answer_to_the_last(&mut self, place: usize) -> Vec<(String, String)> {
        let begun = clock::now();
        let until = begun + patience([&self.sockets[place]].into_iter());
        loop {
            // Who never ceases to ask is answered for so long: the answers have to go out.
            if clock::since(begun) < ANSWERING / 2 {
                take_what_has_come(&mut self.sockets[place]);
                self.finish_stash(place);
            }
            let all_taken = self.send_what_waits(place);
            let told = self.unsent(&[place], until.max(clock::now() + TOLD)).await;
            let is_known = told.is_some();
            let waits = told.unwrap_or_default();
            let is_over = clock::now() >= until;
            let is_long_over = clock::since(begun) >= ANSWERING;
            let socket = &self.sockets[place];
            let accepted = socket.peers.accepted(&socket.connected).map(|(ends, _)| ends);
            let has_sent = |ends: &(String, String)| {
                // Of one that libzmq told nothing of it is not known.
                let mut of_it = waits.iter().filter(|one| one.ends == *ends).peekable();
                of_it.peek().is_some() && of_it.all(|one| one.count == 0)
            };
            let all_sent = accepted.clone().all(has_sent);
            let sent: Vec<_> = accepted.filter(|ends| has_sent(ends)).cloned().collect();
            let more = clock::since(begun) < ANSWERING / 2 && !self.has_answered(place);
            let is_still = is_known && all_taken && all_sent && !more;
            if is_still || is_over && !more && is_known || is_long_over {
                return sent;
            }
            if !more && !is_still {
                clock::sleep(LOOK).await;
            }
        }
    }

    /// Whether nothing waits in a socket, to be handled or to be sent.
    fn has_answered(&mut self, place: usize) -> bool {
        !self.outbox.owes(place)
            && !self.outbox.is_in_debt(place)
            && self.sockets[place].look_drained()
    }

    /// What really waits in libzmq to go out on each connection of these sockets, while nothing more
    /// was given to them; nothing where that is not known in time.
    async fn unsent(&mut self, places: &[usize], until: Instant) -> Option<Vec<Unsent>> {
        loop {
            // What an observer has asked for may be told from before the last message was given.
            while self.inquiries.are_under_way() {
                self.go_round_until(until).await?;
            }
            let given = self.given(places);
            let (answer, mut told) = oneshot::channel();
            self.inquire(answer);
            let observation = loop {
                if let Ok(observation) = told.try_recv() {
                    break observation;
                }
                self.go_round_until(until).await?;
            };
            let mut of_places = Vec::new();
            let mut is_told = true;
            for (place, socket) in observation.sockets.into_iter().enumerate() {
                if places.contains(&place) {
                    is_told &= socket.is_told;
                    of_places.extend(unsent_of(place, socket));
                }
            }
            if is_told && self.given(places) == given {
                return Some(of_places);
            }
            self.go_round_until(until).await?;
        }
    }

    /// A round while something is waited for; nothing once the time is over.
    async fn go_round_until(&mut self, until: Instant) -> Option<()> {
        let busy = self.guarded_round();
        if clock::now() >= until {
            return None;
        }
        if !busy {
            std::thread::yield_now();
        }
        tokio::task::yield_now().await;
        Some(())
    }

    /// How many messages were given to libzmq by these sockets.
    fn given(&self, places: &[usize]) -> u64 {
        places.iter().map(|&place| self.sockets[place].counters.messages_out.get()).sum()
    }

    /// Lets what waits to go out by bound endpoints that a spec no longer declares leave, before they
    /// are let go of: `zmq_unbind` would end their connections with all of it. What no peer takes in
    /// time is counted.
    pub(super) async fn empty_endpoints_that_go(&mut self, fates: &SocketFates) {
        let mut going = Bound::new();
        for (place, socket) in self.sockets.iter().enumerate() {
            let next = fates.after(&socket.name).filter(|_| !goes(fate(fates, socket)));
            let Some(next) = next else { continue };
            let gone = endpoints_that_go(socket, next).filter(|_| socket.spec.role.sends());
            going.extend(gone.map(|(given, actual)| (place, given.clone(), actual.clone())));
        }
        if going.is_empty() {
            return;
        }
        let until =
            clock::now() + patience(going.iter().map(|(place, _, _)| &self.sockets[*place]));
        let goes = |place: usize, local: &str| {
            going.iter().any(|(at, _, actual)| *at == place && came_in_by(local, actual))
        };
        let places: Vec<usize> = going.iter().map(|(place, _, _)| *place).collect();
        let mut left = Vec::new();
        loop {
            if let Some(told) = self.unsent(&places, until + LOOK).await {
                left = told;
                left.retain(|one| one.count > 0 && goes(one.place, &one.ends.0));
                if left.is_empty() {
                    break;
                }
            }
            if clock::now() >= until {
                break;
            }
            clock::sleep(LOOK).await;
        }
        for one in left {
            let counters = &self.sockets[one.place].counters;
            counters.dropped[DropReason::Shutdown as usize].add(one.count);
        }
    }
}

/// What waits to go out on each connection of a socket, as libzmq tells it.
fn unsent_of(place: usize, socket: SocketObservation) -> impl Iterator<Item = Unsent> {
    let connections = socket.connections.into_iter().zip(socket.unsent);
    connections.map(move |(one, count)| Unsent { place, ends: (one.local, one.remote), count })
}

/// Takes what a full queue had kept in the kernel and in the peers: one that ends its connection while
/// it has something in hand loses that.
async fn take_backlog(socket: &mut NodeSocket) {
    let until = clock::now() + BACKLOG;
    loop {
        let before = socket.stashed();
        clock::sleep(LOOK).await;
        take_what_has_come(socket);
        if socket.stashed() - before < BACKLOG_LEAST || clock::now() >= until {
            return;
        }
    }
}

/// Lets go of endpoints whose peers are gone, and waits until libzmq has: it tells of the end of a
/// connection before it hands on what it read last.
async fn end_listeners(socket: &mut NodeSocket) {
    let closed = |socket: &NodeSocket| socket.monitor.as_ref().map_or(0, Monitor::closed);
    let (before, bound) = (closed(socket), socket.bound.len());
    socket.unbind_all(|endpoint| !endpoint.starts_with("inproc:"));
    let wanted = before + bound - socket.bound.len();
    let until = clock::now() + PARTING;
    while closed(socket) < wanted && clock::now() < until {
        clock::sleep(LOOK).await;
    }
}

/// The bound endpoints that a spec no longer declares and that have connections.
fn endpoints_that_go<'s>(
    socket: &'s NodeSocket,
    to: &'s SocketSpec,
) -> impl Iterator<Item = (&'s String, &'s String)> {
    socket.bound.iter().filter(|(given, _)| {
        !given.starts_with("inproc:") && !to.binds().any(|wanted| wanted.as_str() == **given)
    })
}

fn loses_an_endpoint(socket: &NodeSocket, to: &SocketSpec) -> bool {
    endpoints_that_go(socket, to).next().is_some()
}

/// How long to let the peers of these sockets take what waits for them: their linger, within limits.
fn patience<'s>(sockets: impl Iterator<Item = &'s NodeSocket>) -> Duration {
    let lingers = sockets.map(|socket| socket.spec.linger.unwrap_or(PARTING));
    lingers.max().unwrap_or(PARTING).min(PARTING)
}

#[cfg(test)]
mod tests;
