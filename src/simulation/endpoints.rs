//! Who listens where, and who connects to it.
//!
//! Owns endpoints: ports that are chosen, who is meant by an address, and how one is let go of.

use std::time::Duration;

use super::end::{End, EndId, LinkId, SocketId, Stage};
use super::line::{Link, Listening};
use super::network::{Action, State};
use super::{Refusal, Setting};
use crate::zeromq::{Endpoint, Role, Side};

impl State {
    /// Sets a socket.
    pub(super) fn set(&mut self, id: SocketId, setting: Setting) {
        let Some(socket) = self.socket_mut(id) else { return };
        let send = if let Setting::SendMark(mark) = setting { Some(mark) } else { None };
        let receive = if let Setting::ReceiveMark(mark) = setting { Some(mark) } else { None };
        socket.settings.set(setting);
        if send.or(receive).is_none() {
            return;
        }
        for end in self.ends_of(id) {
            let is_direct =
                self.end(end).and_then(|end| self.link(end.link)).is_some_and(|it| it.is_direct);
            let Some(end) = self.end_mut(end).filter(|_| !is_direct) else { continue };
            send.into_iter().for_each(|mark| end.out.limit(mark));
            receive.into_iter().for_each(|mark| end.inbound.limit(mark));
        }
    }

    /// Binds: whoever has been trying to connect there finds it at its next try.
    pub(super) fn bind(&mut self, id: SocketId, endpoint: &str) -> Result<(), Refusal> {
        let actual = self.with_port(endpoint);
        let (ours, is_inproc) =
            (Endpoint::parse(&actual, Side::Bind), actual.starts_with("inproc:"));
        let is_taken = self.listening.iter().any(|it| {
            it.actual == actual
                || !is_inproc
                    && ours.as_ref().is_ok_and(|ours| {
                        Endpoint::parse(&it.actual, Side::Bind)
                            .is_ok_and(|theirs| theirs.overlaps(ours))
                    })
        });
        if is_taken {
            return Err(Refusal::InUse);
        }
        let socket = self.socket_mut(id).ok_or(Refusal::Unsupported)?;
        socket.last_endpoint.clone_from(&actual);
        self.listening.push(Listening { socket: id, actual: actual.clone() });
        if is_inproc {
            let waits = |(_, link): &(u32, &Link)| {
                link.is_direct && link.accepted.is_none() && link.endpoint == actual
            };
            let waiting: Vec<LinkId> =
                self.links.iter().filter(waits).map(|(number, _)| LinkId(number)).collect();
            waiting.into_iter().for_each(|link| self.attempt(link));
        }
        Ok(())
    }

    /// Connects.
    pub(super) fn connect(&mut self, id: SocketId, endpoint: &str) {
        let Some(socket) = self.socket(id) else { return };
        let is_once = matches!(socket.role, Role::Dealer | Role::Sub | Role::Pub | Role::Req);
        let is_inproc = endpoint.starts_with("inproc:");
        // A ROUTER knows a peer by its name alone, and `immediate` wants nothing kept for nobody.
        let joins = !matches!(socket.role, Role::Router | Role::Rep | Role::Stream)
            && (is_inproc || !socket.settings.immediate);
        let is_there = || {
            let gave_up = socket.given_up.iter().any(|known| known == endpoint);
            gave_up || self.links_to(id, endpoint).next().is_some()
        };
        if is_once && !is_inproc && is_there() {
            return;
        }
        let has_its_peer = self.peer_of_pair(id).is_some();
        if is_inproc && has_its_peer {
            return;
        }
        let Some(end) = self.make_link(id, endpoint) else { return };
        let Some(link) = self.end(end).map(|end| end.link) else { return };
        if is_inproc {
            // What it says at once finds the room of both.
            self.attempt(link);
        } else {
            self.soon(Action::Attempt(link));
        }
        // A second peer of a PAIR is one when it is there.
        if joins && !has_its_peer {
            self.join(id, end);
        }
    }

    /// Lets go of a connection: what came by it is lost, what is to go out goes within the linger.
    pub(super) fn disconnect(&mut self, id: SocketId, endpoint: &str) -> Result<(), Refusal> {
        let ends: Vec<EndId> = self.links_to(id, endpoint).collect();
        let gave_up = self.socket_mut(id).is_some_and(|socket| {
            let before = socket.given_up.len();
            socket.given_up.retain(|known| known != endpoint);
            socket.given_up.len() < before
        });
        if ends.is_empty() && !gave_up {
            return Err(Refusal::NotFound);
        }
        let linger = self.socket(id).map_or(Some(Duration::ZERO), |it| it.settings.linger);
        for end in ends {
            // What came of a peer inside this process that is gone can be read yet.
            if self.end(end).is_some_and(|it| it.stage != Stage::Draining || !self.is_inside(it)) {
                self.let_go(end, linger);
            }
        }
        Ok(())
    }

    /// Lets go of a bound endpoint, and of who came in by it with all that is to go out there.
    pub(super) fn unbind(&mut self, id: SocketId, endpoint: &str) -> Result<(), Refusal> {
        let is_meant = |it: &Listening| it.socket == id && it.actual == endpoint;
        let at = self.listening.iter().position(is_meant).ok_or(Refusal::NotFound)?;
        self.listening.remove(at);
        if endpoint.starts_with("inproc:") {
            return Ok(());
        }
        let came = self.ends_of(id).into_iter().filter(|end| {
            let end = self.end(*end).filter(|end| !end.connects);
            end.and_then(|end| self.link(end.link)).is_some_and(|link| link.by == endpoint)
        });
        for end in came.collect::<Vec<_>>() {
            // The connection is there until all that came by it has been read. What comes meanwhile is lost.
            self.silently(end, |state| state.lose(end));
        }
        Ok(())
    }

    /// Does something to an end of which its socket is told nothing.
    fn silently(&mut self, end: EndId, act: impl FnOnce(&mut Self)) {
        let socket = self.end(end).map(|end| end.socket);
        let listener = socket.and_then(|id| self.socket_mut(id)).and_then(|it| it.listener.take());
        act(self);
        if let Some(socket) = socket.and_then(|id| self.socket_mut(id)) {
            socket.listener = listener;
        }
    }

    /// The ends of a socket that connect to an endpoint.
    fn links_to<'s>(
        &'s self,
        id: SocketId,
        endpoint: &'s str,
    ) -> impl Iterator<Item = EndId> + use<'s> {
        let ends = self.socket(id).map_or(&[][..], |socket| &socket.ends);
        ends.iter().copied().filter(move |end| {
            let end = self.end(*end).filter(|end| end.connects);
            let end = end.filter(|end| end.stage != Stage::Lingering);
            end.and_then(|end| self.link(end.link)).is_some_and(|link| link.endpoint == endpoint)
        })
    }

    /// Whether an end is of a link inside one process.
    fn is_inside(&self, end: &End) -> bool {
        self.link(end.link).is_some_and(|link| link.is_direct)
    }

    /// Who listens at an endpoint, and by which of its own.
    pub(super) fn who_listens(&self, endpoint: &str) -> Option<(SocketId, String)> {
        let exact = self.listening.iter().find(|it| it.actual == endpoint);
        let meant = || {
            let to = Endpoint::parse(endpoint, Side::Connect).ok()?;
            self.listening.iter().find(|it| {
                let theirs = Endpoint::parse(&it.actual, Side::Bind);
                theirs.is_ok_and(|theirs| theirs.is_reached_by(&to))
            })
        };
        exact.or_else(meant).map(|it| (it.socket, it.actual.clone()))
    }

    /// An endpoint with a port of its own where any will do.
    fn with_port(&mut self, endpoint: &str) -> String {
        self.port += 1;
        match endpoint.strip_suffix(":*").or_else(|| endpoint.strip_suffix(":0")) {
            Some(host) => format!("{}:{}", host.replace("://*", "://0.0.0.0"), self.port),
            None if endpoint == "ipc://*" => format!("ipc:///simulated/{}", self.port),
            None => endpoint.replace("://*:", "://0.0.0.0:"),
        }
    }

    /// The own end of a connection to an endpoint.
    pub(super) fn chosen_local(&mut self, endpoint: &str) -> String {
        self.port += 1;
        match endpoint.split_once("://") {
            Some((scheme @ ("tcp" | "ws"), _)) => format!("{scheme}://127.0.0.1:{}", self.port),
            Some(_) | None => endpoint.to_owned(),
        }
    }
}
