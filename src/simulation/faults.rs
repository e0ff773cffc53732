//! What goes wrong with a network: lines that are cut or slow.
//!
//! Owns which. Who dies is a socket that vanishes.

use std::time::Duration;

use rand::RngExt;

use super::end::LinkId;
use super::line::Way;
use super::network::{Action, Network, State};

/// Something that is done to the line between two owners of sockets, whoever of them connects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Nothing arrives, and nobody hears of that.
    Cut,
    /// All arrives again.
    Heal,
    /// Each message takes so long.
    Delay(Duration),
}

impl Network {
    /// Does something to the lines between two owners, those that are there and those to come.
    pub(crate) fn fault(&self, between: (&str, &str), fault: Fault) {
        self.state().fault(between, fault);
    }

    /// The sockets of an owner vanish without a word.
    pub(crate) fn kill(&self, owner: &str) {
        let mut state = self.state();
        let those = state.sockets.iter().filter(|(_, socket)| socket.owner == owner);
        let those: Vec<u32> = those.map(|(number, _)| number).collect();
        those.into_iter().for_each(|number| state.vanish(super::end::SocketId(number)));
    }

    /// The connections between two owners end, as by somebody between them.
    #[cfg(all(test, feature = "patched-libzmq"))]
    pub(crate) fn end_connections(&self, (one, other): (&str, &str)) {
        let mut state = self.state();
        let key = ordered(one, other);
        let all: Vec<LinkId> = state.links.iter().map(|(number, _)| LinkId(number)).collect();
        for link in all {
            let is_up = state.link(link).is_some_and(|link| link.accepted.is_some());
            if !is_up || state.owners(link).as_ref() != Some(&key) {
                continue;
            }
            state.arrive_before_the_cut(link);
            state.notice_end(link);
        }
    }
}

impl State {
    fn fault(&mut self, (one, other): (&str, &str), fault: Fault) {
        let key = ordered(one, other);
        let line = self.faults.lines.entry(key.clone()).or_default();
        match fault {
            Fault::Cut => line.is_cut = true,
            Fault::Heal => line.is_cut = false,
            Fault::Delay(delay) => line.delay = delay,
        }
        let all: Vec<LinkId> = self.links.iter().map(|(number, _)| LinkId(number)).collect();
        for link in all {
            if self.owners(link).as_ref() == Some(&key) {
                self.obey_faults(link);
            }
        }
    }

    /// Lets a link have the faults of the line between its owners.
    pub(super) fn obey_faults(&mut self, id: LinkId) {
        let Some(fault) = self.owners(id).and_then(|key| self.faults.lines.get(&key).copied())
        else {
            return;
        };
        let silence = self.silence_of(id);
        let Some(link) = self.link_mut(id) else { return };
        link.delay = fault.delay;
        // What is over has been heard of at both sides.
        if link.is_cut() == fault.is_cut || fault.is_cut && link.is_over {
            return;
        }
        link.cuts += 1;
        let cuts = link.cuts;
        if fault.is_cut {
            // All that waits for room, if it had time.
            let had_time = self.chance.random_bool(0.75);
            for way in Way::BOTH {
                let Some(link) = self.links.get_mut(id.0) else { return };
                let line = link.line(way);
                let most = line.messages.len();
                line.arrived = if had_time { most } else { self.chance.random_range(0..=most) };
            }
            silence.into_iter().for_each(|after| self.later(after, Action::Silence(id, cuts)));
        } else {
            let is_over = link.is_over;
            for way in Way::BOTH {
                self.pump_soon(id, way);
            }
            if is_over {
                self.soon(Action::Break(id));
            }
        }
    }

    /// What a link that is cut had handed on before that is read yet when it ends; nobody knows how much.
    #[cfg(all(test, feature = "patched-libzmq"))]
    fn arrive_before_the_cut(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(id.0).filter(|link| link.is_cut()) else { return };
        link.cuts += 1;
        for way in Way::BOTH {
            let line = link.line(way);
            let arrived = self.chance.random_range(line.arrived..=line.messages.len());
            line.keep(arrived);
        }
    }

    /// Whether a link that is to come up finds its line cut.
    pub(super) fn is_unreachable(&self, id: LinkId) -> bool {
        let Some(link) = self.link(id) else { return true };
        let Some(near) = self.end(link.connecting).and_then(|end| self.socket(end.socket)) else {
            return true;
        };
        let far = self.who_listens(&link.endpoint).and_then(|(far, _)| self.socket(far));
        far.is_some_and(|far| {
            let key = ordered(&near.owner, &far.owner);
            self.faults.lines.get(&key).is_some_and(|line| line.is_cut)
        })
    }

    /// A link that has been cut for as long as its ends bear is taken for broken.
    pub(super) fn silence(&mut self, id: LinkId, cuts: u32) {
        if self.link(id).is_some_and(|link| link.cuts == cuts) {
            if let Some(link) = self.link_mut(id) {
                link.cuts += 1;
            }
            self.break_link(id);
        }
    }

    /// After how long one of its ends takes a silent link for broken; without heartbeats never.
    fn silence_of(&self, id: LinkId) -> Option<Duration> {
        let link = self.link(id)?;
        let ends = [Some(link.connecting), link.accepted].into_iter().flatten();
        let settings = ends.filter_map(|end| Some(&self.socket(self.end(end)?.socket)?.settings));
        let bears = settings.filter_map(|settings| {
            let every = settings.heartbeat?;
            Some(every + settings.heartbeat_timeout.unwrap_or(every))
        });
        bears.min()
    }

    /// Whose sockets a link is between, in order of their names.
    pub(super) fn owners(&self, id: LinkId) -> Option<(String, String)> {
        self.link(id)?.owners.clone()
    }
}

/// Two names in their order.
pub(super) fn ordered(one: &str, other: &str) -> (String, String) {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    (first.to_owned(), second.to_owned())
}
