//! How a link ends: who notices when, and what was on its way.
//!
//! Owns what is lost with a connection. How one comes up and carries messages is `link`'s.

use rand::RngExt;

use super::Told;
use super::end::{End, EndId, LinkId, Stage};
use super::line::{Line, Link, Way};
use super::network::State;

/// The end of a link that has no other one any more.
const NOBODY: EndId = EndId(u32::MAX);

impl State {
    /// A connection is over. Each of its ends notices when it has got what was sent before, if that was
    /// not lost with it, and while the line is cut neither does.
    pub(super) fn notice_end(&mut self, id: LinkId) {
        let Some(link) = self.link_mut(id) else { return };
        if !std::mem::replace(&mut link.is_over, true) {
            self.lose_on_the_way(id);
        }
        let Some(link) = self.link(id).filter(|link| !link.is_cut()) else { return };
        let (connecting, accepted) = (link.connecting, link.accepted);
        match Way::BOTH.map(|way| self.comes(id, way)) {
            [false, false] => self.break_link(id),
            // Who connects has no room, and looks no further than what it could not take.
            [false, true] => accepted.into_iter().for_each(|end| self.lose(end)),
            [true, false] if self.end(connecting).is_some() => self.leave_the_rest(id),
            [true, _] => {}
        }
    }

    /// Whether anything is still to come on a way of a link.
    fn comes(&mut self, id: LinkId, way: Way) -> bool {
        let Some(link) = self.links.get_mut(id.0) else { return false };
        let to = link.way(way).and_then(|(_, to)| self.ends.get(to.0));
        !link.line(way).is_empty() && to.is_some_and(End::is_open)
    }

    /// Who connects looks for its peer anew, which has not taken all yet that came by the connection
    /// before: it has a link without another end for that.
    fn leave_the_rest(&mut self, id: LinkId) {
        let Some(link) = self.link_mut(id) else { return };
        let Some(accepted) = link.accepted.replace(NOBODY) else { return };
        let (endpoint, by) = (link.endpoint.clone(), link.by.clone());
        let mut forth = std::mem::take(&mut link.forth);
        link.forth.is_pumped = std::mem::take(&mut forth.is_pumped);
        let rest = Link {
            endpoint,
            connecting: NOBODY,
            accepted: Some(accepted),
            is_direct: false,
            by,
            forth,
            back: Line::default(),
            capacity: link.capacity,
            delay: link.delay,
            cuts: 0,
            owners: None,
            is_over: true,
        };
        let rest = LinkId(self.links.add(rest));
        if let Some(end) = self.end_mut(accepted) {
            end.link = rest;
        }
        self.pump_soon(rest, Way::Forth);
        self.break_link(id);
    }

    /// What the system has of a link whose one end has gone may be lost: all of it where that end had not
    /// read what came to it, and where the other end has no room, all that it has not read ahead.
    fn lose_on_the_way(&mut self, id: LinkId) {
        let loses_all = self.chance.random_ratio(1, 4);
        for way in Way::BOTH {
            let Some(link) = self.links.get_mut(id.0) else { return };
            let to = link.way(way).and_then(|(_, to)| self.ends.get(to.0));
            let is_full = to.is_some_and(|end| end.is_open() && !end.inbound.has_room());
            let line = link.line(way);
            if loses_all {
                line.keep(0);
            } else if is_full && !line.is_empty() && self.chance.random_ratio(1, 2) {
                // Mostly it took them one by one, and the next one found no room.
                let most = if self.chance.random_bool(0.5) { 1 } else { line.messages.len() };
                let ahead = self.chance.random_range(1..=most);
                line.keep(ahead);
            }
        }
    }

    /// A link breaks: what the system had of it is gone. Who connects tries again.
    pub(super) fn break_link(&mut self, id: LinkId) {
        let Some(link) = self.link_mut(id) else { return };
        if link.is_direct {
            let connecting = link.connecting;
            return self.let_go(connecting, None);
        }
        let (connecting, accepted) = (link.connecting, link.accepted.take());
        link.is_over = false;
        let pumped = (link.forth.is_pumped, link.back.is_pumped);
        (link.forth, link.back) = (Line::default(), Line::default());
        (link.forth.is_pumped, link.back.is_pumped) = pumped;
        if let Some(accepted) = accepted {
            self.lose(accepted);
        }
        self.lose_connection(id, connecting, accepted.is_some());
    }

    /// The end that connects has lost its peer, and looks for it anew.
    fn lose_connection(&mut self, id: LinkId, connecting: EndId, was_up: bool) {
        let Some(end) = self.end(connecting) else {
            self.links.remove(id.0);
            return;
        };
        let (socket, ends, stage) = (end.socket, end.ends.clone(), end.stage);
        if stage != Stage::Unattached && stage != Stage::Lingering && was_up {
            if let Some(socket) = self.socket(socket) {
                socket.tell(Told::Disconnected(&ends));
            }
            self.tell_stream(connecting);
            self.ring(socket);
        }
        if stage == Stage::Lingering && self.end(connecting).is_some_and(|it| it.out.is_empty()) {
            self.remove_end(connecting);
            self.links.remove(id.0);
            return;
        }
        self.begin_anew(connecting);
        self.try_again(id, socket);
    }
}
