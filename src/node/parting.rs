//! What a node still does for the peers of a socket that goes: it answers until the switch, and lets
//! what waits to go out leave first.
//!
//! Owns how long that may take. Which sockets go is the spec's; replacing them is `change`'s.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::control::Bound;
use super::observation::SocketObservation;
use super::socket::{NodeSocket, came_in_by};
use super::task::{Node, Phase};
use crate::counters::DropReason;
use crate::topology::{NodeSpec, SocketSpec};

/// How long the peers of a socket that goes may take to get what waits for them, at most.
const PARTING: Duration = Duration::from_millis(300);
/// How long a server goes on answering before its switch, where something always waits.
const ANSWERING: Duration = Duration::from_secs(1);
/// How often to look while nothing moves.
const LOOK: Duration = Duration::from_millis(1);

/// What waits to go out on a connection.
struct Unsent {
    place: usize,
    /// Our end of it.
    local: String,
    count: u64,
}

impl Node {
    /// Goes on answering on sockets that are about to be replaced or to lose an endpoint, until a
    /// moment at which nothing waits in them; a node that is held does so before.
    pub(super) async fn answer_until_the_switch(&mut self, to: &NodeSpec) {
        let goes = |socket: &NodeSocket| {
            let next = to.sockets.iter().find(|spec| spec.name == socket.spec.name);
            next.is_none_or(|spec| socket.has_to_go_for(spec) || loses_an_endpoint(socket, spec))
        };
        if self.answer_all(goes).await {
            // Nothing is handled between the old socket and what the reload still has to do.
            self.held = Some(std::collections::BTreeSet::new());
        }
    }

    /// The same before the node ends while others go on.
    pub(super) async fn answer_before_stop(&mut self) {
        self.answer_all(|_| true).await;
    }

    /// Answers on these sockets, as far as they answer; whether there is one.
    async fn answer_all(&mut self, goes: impl Fn(&NodeSocket) -> bool) -> bool {
        let runs = matches!(self.phase, Phase::Running | Phase::Quiet) && self.held.is_none();
        let answers = |socket: &NodeSocket| socket.spec.role.routes() && goes(socket);
        let places: Vec<usize> =
            (0..self.sockets.len()).filter(|&place| answers(&self.sockets[place])).collect();
        if !runs || places.is_empty() {
            return false;
        }
        let until = Instant::now() + ANSWERING;
        while Instant::now() < until && self.phase != Phase::Closed {
            let busy = self.guarded_round();
            let answered = !busy && places.iter().all(|&place| self.has_answered(place));
            if answered {
                let waits = self.unsent(until).await;
                let sent = waits.iter().all(|one| one.count == 0 || !places.contains(&one.place));
                if sent && places.iter().all(|&place| self.has_answered(place)) {
                    break;
                }
            }
            if busy { tokio::task::yield_now().await } else { tokio::time::sleep(LOOK).await }
        }
        true
    }

    /// Sends what waits for one socket that is about to go; what it does not take in time is dropped.
    pub(super) async fn send_last(&mut self, place: usize) {
        let until = Instant::now() + patience([&self.sockets[place]].into_iter());
        while !self.send_what_waits(place) && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
        self.drop_what_waits(place);
    }

    /// Whether nothing waits in a socket, to be handled or to be sent.
    fn has_answered(&mut self, place: usize) -> bool {
        let owes = self.pending.iter().any(|effect| effect.sends_on() == Some(place));
        let socket = &mut self.sockets[place];
        !owes && socket.look_drained()
    }

    /// What really waits in libzmq to go out on each connection.
    async fn unsent(&mut self, until: Instant) -> Vec<Unsent> {
        let (answer, mut told) = oneshot::channel();
        self.inquire(answer);
        loop {
            let busy = self.guarded_round();
            if let Ok(observation) = told.try_recv() {
                let of_socket = |(place, socket): (usize, SocketObservation)| {
                    let connections = socket.connections.into_iter().zip(socket.unsent);
                    connections.map(move |(one, count)| Unsent { place, local: one.local, count })
                };
                return observation.sockets.into_iter().enumerate().flat_map(of_socket).collect();
            }
            if Instant::now() >= until {
                return Vec::new();
            }
            if !busy {
                std::thread::yield_now();
            }
            tokio::task::yield_now().await;
        }
    }

    /// Lets what waits to go out by bound endpoints that a spec no longer declares leave, before they
    /// are let go of: `zmq_unbind` would end their connections with all of it. What no peer takes in
    /// time is counted.
    pub(super) async fn empty_endpoints_that_go(&mut self, to: &NodeSpec) {
        let mut going = Bound::new();
        for (place, socket) in self.sockets.iter().enumerate() {
            let next = to.sockets.iter().find(|spec| spec.name == socket.spec.name);
            let Some(next) = next.filter(|spec| !socket.has_to_go_for(spec)) else {
                continue;
            };
            let gone = endpoints_that_go(socket, next).filter(|_| socket.spec.role.sends());
            going.extend(gone.map(|(given, actual)| (place, given.clone(), actual.clone())));
        }
        if going.is_empty() {
            return;
        }
        let until =
            Instant::now() + patience(going.iter().map(|(place, _, _)| &self.sockets[*place]));
        let goes = |place: usize, local: &str| {
            going.iter().any(|(at, _, actual)| *at == place && came_in_by(local, actual))
        };
        let mut left;
        loop {
            left = self.unsent(until + LOOK).await;
            left.retain(|one| one.count > 0 && goes(one.place, &one.local));
            if left.is_empty() || Instant::now() >= until {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        for one in left {
            let counters = &self.sockets[one.place].counters;
            counters.dropped[DropReason::Shutdown as usize].add(one.count);
        }
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
