//! What lies between the sockets at one moment: queues, who waits for whom, who was turned away.
//!
//! Owns the look. Changes nothing, and judges nothing.

use std::collections::BTreeMap;

use super::end::{End, EndId, SocketId, Stage};
use super::line::Way;
use super::network::{Network, State};
use super::socket::Lockstep;
use crate::zeromq::Role;

/// Everything that lies between the sockets.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Survey {
    /// Each way of each link that messages take.
    pub(crate) stretches: Vec<Stretch>,
    /// Owners of REQs that have asked, and of whom; nobody where who was asked is gone.
    pub(crate) asked: Vec<(String, Option<String>)>,
    /// Who was turned away by whom, and still is: a second routing id, a third at a PAIR.
    pub(crate) turned_away: Vec<(String, String)>,
    /// What owners of subscribers want, by the beginnings of messages.
    pub(crate) wishes: BTreeMap<String, Vec<Vec<u8>>>,
}

/// One way of a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stretch {
    /// Whose socket sends.
    pub(crate) from: String,
    /// Whose receives, once that is there; otherwise the endpoint where nobody is.
    pub(crate) to: Result<String, String>,
    /// The sender's role.
    pub(crate) role: Role,
    /// How many messages wait on it, in the queues of both ends and between them.
    pub(crate) waiting: u64,
    /// How many who receives has taken, and who sends has put there.
    pub(crate) taken: u64,
    /// Whether no more can be sent.
    pub(crate) is_full: bool,
}

impl Network {
    /// What lies between the sockets now.
    pub(crate) fn survey(&self) -> Survey {
        self.state().survey()
    }
}

impl State {
    fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        for (_, socket) in self.sockets.iter().filter(|(_, socket)| !socket.is_closed) {
            if let Lockstep::Asked { end, .. } = &socket.lockstep {
                let whom = end.and_then(|end| self.far_owner(end));
                survey.asked.push((socket.owner.clone(), whom));
            }
            if socket.role.filters() {
                let wishes = survey.wishes.entry(socket.owner.clone()).or_default();
                wishes.extend(socket.topics.all().cloned());
            }
            for id in socket.ends.iter().copied() {
                survey.stretches.extend(self.stretch(socket.role, &socket.owner, id));
            }
        }
        let still = self.turned_away.iter().filter(|(_, refusal)| self.still_holds(**refusal));
        survey.turned_away = still.map(|(names, _)| names.clone()).collect();
        survey
    }

    /// Notes that a socket would not have a peer.
    pub(super) fn note_refusal(&mut self, id: EndId) {
        let Some(by) = self.end(id).and_then(|end| self.owner_of(end.socket)) else { return };
        let Some(whom) = self.far_owner(id) else { return };
        self.turned_away.insert((by, whom), id);
    }

    /// A ROUTER keeps the connection of whom it ignores, and at a PAIR one waits until the others have gone.
    fn still_holds(&self, refused: EndId) -> bool {
        self.end(refused).is_some_and(|end| {
            let peer = self.peer_of_pair(end.socket);
            end.stage == Stage::Unattached || peer.is_some_and(|peer| peer != refused)
        })
    }

    fn owner_of(&self, socket: SocketId) -> Option<String> {
        self.socket(socket).map(|socket| socket.owner.clone())
    }

    /// The peer of an end, once it is there.
    fn far(&self, id: EndId) -> Option<&End> {
        let link = self.link(self.end(id)?.link)?;
        link.accepted?;
        self.end(link.peer_of(id)?)
    }

    fn far_owner(&self, id: EndId) -> Option<String> {
        self.owner_of(self.far(id)?.socket)
    }

    /// The way that leads away from an end, if messages take it.
    fn stretch(&self, role: Role, owner: &str, id: EndId) -> Option<Stretch> {
        let end = self.end(id)?;
        let sends = !matches!(role, Role::Sub | Role::Xsub | Role::Pull);
        if !sends || !matches!(end.stage, Stage::Open) {
            return None;
        }
        let link = self.link(end.link)?;
        let far = self.far(id);
        let line = match link.way_from(id) {
            Way::Forth => &link.forth,
            Way::Back => &link.back,
        };
        let received = far.map_or(0, |far| far.inbound.waiting());
        let waiting = end.out.waiting() + line.messages.len() + received;
        let to = far.and_then(|far| self.owner_of(far.socket));
        Some(Stretch {
            from: owner.to_owned(),
            to: to.ok_or_else(|| link.endpoint.clone()),
            role,
            waiting: waiting as u64,
            taken: far.map_or(0, |far| far.inbound.taken()),
            is_full: !self.may_take(id),
        })
    }
}
