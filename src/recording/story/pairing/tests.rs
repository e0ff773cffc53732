//! That what comes is what was sent, also where several say the same.

use std::sync::Arc;

use super::*;
use crate::message::{Format, Frame};
use crate::node::{Direction, Place};
use crate::recording::contents::{Channel, moment};
use crate::topology::Neighbours;

/// A publisher or a pusher and two that receive.
struct World {
    places: Places,
    pairing: Pairing,
    count: u64,
    sender: Arc<Place>,
    receivers: [Arc<Place>; 2],
}

impl World {
    fn of(sends: Role, receives: Role) -> Self {
        let place = |instance: &str, role: Role| {
            Arc::new(Place {
                instance: instance.into(),
                socket: role.word().into(),
                role,
                format: Format::Plain,
                numbered: false,
            })
        };
        let sender = place("a", sends);
        let receivers = ["b.1", "b.2"].map(|name| place(name, receives));
        let channel = |place: &Arc<Place>, direction| Channel {
            place: Arc::clone(place),
            direction,
            messages: 1,
            bytes: None,
            missing: 0,
        };
        let mut channels = vec![channel(&sender, Direction::Out)];
        channels.extend(receivers.iter().map(|place| channel(place, Direction::In)));
        // Without a text everybody is linked whose role fits.
        let places = Places::of(channels.iter(), None, &Neighbours::default());
        Self { places, pairing: Pairing::default(), count: 0, sender, receivers }
    }

    /// Sends at a time, in milliseconds; which one that is.
    fn send(&mut self, at: u64, text: &str) -> u64 {
        self.count += 1;
        let from = self.places.at(&self.sender).unwrap();
        let sent = Sent {
            number: self.count,
            at: at * 1_000_000,
            from,
            is_for_all: is_for_all(self.sender.role),
            is_wanted: true,
            came: 0,
        };
        let passed = passed(&self.sender, Direction::Out, at, text);
        self.pairing.send(&mut self.places, &passed, sent);
        self.count
    }

    /// Receives at a time; which one that is.
    fn receive(&mut self, who: usize, at: u64, text: &str) -> Option<u64> {
        let place = &self.receivers[who];
        let to = self.places.at(place).unwrap();
        let passed = passed(place, Direction::In, at, text);
        let found = self.pairing.receive(&self.places, &passed, (to, at * 1_000_000));
        found.ok().map(|sent| sent.number)
    }
}

fn passed(place: &Arc<Place>, direction: Direction, at: u64, text: &str) -> Passed {
    let frames = std::iter::once(Frame::from(text)).collect();
    let at = moment(at * 1_000_000);
    Passed { at, direction, place: Arc::clone(place), number: 0, frames }
}

#[test]
fn what_is_for_one_comes_once_and_what_is_for_all_to_each() {
    let mut pushed = World::of(Role::Push, Role::Pull);
    let [first, second] = ["x", "x"].map(|text| pushed.send(1, text));
    assert_eq!(pushed.receive(1, 2, "x"), Some(first));
    assert_eq!(pushed.receive(0, 2, "x"), Some(second));
    assert_eq!(pushed.receive(0, 2, "x"), None);

    let mut published = World::of(Role::Pub, Role::Sub);
    let [first, second] = ["x", "x"].map(|text| published.send(1, text));
    for who in [0, 1] {
        assert_eq!(published.receive(who, 2, "x"), Some(first));
        assert_eq!(published.receive(who, 2, "x"), Some(second));
        assert_eq!(published.receive(who, 2, "x"), None);
    }
}

#[test]
fn what_comes_from_one_to_another_comes_in_order_whatever_was_dropped() {
    let mut published = World::of(Role::Pub, Role::Sub);
    published.send(1, "tick");
    let news = published.send(2, "news");
    let tick = published.send(3, "tick");
    assert_eq!(published.receive(0, 4, "news"), Some(news));
    assert_eq!(published.receive(0, 4, "tick"), Some(tick), "the first was not for it");
    assert_eq!(published.receive(0, 5, "tick"), None);
}

#[test]
fn who_comes_late_gets_what_was_sent_then() {
    let mut published = World::of(Role::Pub, Role::Sub);
    let ticks: Vec<u64> = (0..10).map(|n| published.send(1_000 * n, "tick")).collect();
    assert_eq!(published.receive(0, 9_001, "tick"), Some(ticks[9]));
    let [one, two] = [10_000, 10_001].map(|at| published.send(at, "tick"));
    assert_eq!(published.receive(1, 10_002, "tick"), Some(one));
    assert_eq!(published.receive(1, 10_002, "tick"), Some(two));
    assert_eq!(published.receive(1, 10_002, "tick"), None);
    let far = published.send(20_000, "tick");
    assert_eq!(published.receive(0, 80_001, "tick"), None, "{far} was a minute ago");
}

#[test]
fn what_is_remembered_has_a_bound() {
    let mut pushed = World::of(Role::Push, Role::Pull);
    let oldest = pushed.send(0, "oldest");
    let next = pushed.send(0, "next");
    for n in 0..REMEMBERED as u64 - 1 {
        pushed.send(1, &n.to_string());
    }
    assert_eq!(pushed.receive(0, 1, "oldest"), None, "{oldest} is forgotten");
    assert_eq!(pushed.receive(0, 1, "next"), Some(next));
    let to = pushed.places.at(&pushed.receivers[0]).unwrap();
    assert!(!pushed.places.is_from_outside(to, Role::Pull), "so nobody knows who sent it");
    assert!(pushed.pairing.under_way.len() <= REMEMBERED);
    assert!(pushed.pairing.order[0].len() <= REMEMBERED);
}
