//! What was seen of a run as a picture of messages over time.
//!
//! Owns which message that came is which that was sent. Draws nothing: `sequence` does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::sightings::{Sight, Sighting};
use crate::sequence::{Moment, Sequence, What};
use crate::topology::Topology;

/// How many of the last sightings are looked at.
const MOST: usize = 4000;

/// Draws what was seen.
pub(super) fn story(all: &[Sighting], topology: &Topology) -> Sequence {
    let all = &all[all.len().saturating_sub(MOST)..];
    let arrivals = arrivals(all, topology);
    let mut lanes = Lanes::default();
    let mut moments = Vec::new();
    for (at, one) in all.iter().enumerate() {
        let mut tell = |what| moments.push(Moment { at: one.at, what });
        match &one.what {
            Sight::Message(message) if message.is_sent() => {
                let (from, text) = (lanes.of(&one.whose), message.shown());
                let arrived = arrivals.to.get(&at);
                for (to, when) in arrived.into_iter().flatten() {
                    let (to, text) = (Some(lanes.of(to)), text.clone());
                    tell(What::Message { from, to, text, arrived: Some(*when) });
                }
                if arrived.is_none() {
                    tell(What::Message { from, to: None, text, arrived: None });
                }
            }
            Sight::Message(_) if arrivals.known.contains(&at) => {}
            Sight::Done(text) => tell(What::Step { text: text.clone() }),
            other @ (Sight::Message(_) | Sight::Log(_) | Sight::Failed(_) | Sight::Written(_)) => {
                let is_alarm = matches!(other, Sight::Failed(_));
                let (lane, text) = (lanes.of(&one.whose), other.shown());
                tell(What::Note { lane, text, is_alarm });
            }
        }
    }
    Sequence { lanes: lanes.0, moments }
}

/// The lanes, in the order in which they came up.
#[derive(Default)]
struct Lanes(Vec<String>);

impl Lanes {
    fn of(&mut self, name: &str) -> usize {
        let known = self.0.iter().position(|lane| lane == name);
        known.unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        })
    }
}

/// Where messages arrived.
#[derive(Default)]
struct Arrivals {
    /// By the place of the one that was sent: to whom it came, and when.
    to: HashMap<usize, Vec<(Arc<str>, Duration)>>,
    /// The places of those that came and were sent by somebody who was seen.
    known: std::collections::HashSet<usize>,
}

/// Finds for each message that came the first like it that was sent by a neighbour and has not come there.
fn arrivals(all: &[Sighting], topology: &Topology) -> Arrivals {
    let mut sent: HashMap<&[u8], Vec<usize>> = HashMap::new();
    let mut arrivals = Arrivals::default();
    for (at, one) in all.iter().enumerate() {
        let Sight::Message(message) = &one.what else { continue };
        let last = message.frames().last().copied().unwrap_or_default();
        if message.is_sent() {
            sent.entry(last).or_default().push(at);
            continue;
        }
        let like = sent.get(last).into_iter().flatten().copied().find(|&before| {
            let Sight::Message(other) = &all[before].what else { return false };
            let arrived = arrivals.to.get(&before);
            let is_free = arrived.is_none_or(|to| {
                other.goes_to_all() && to.iter().all(|(whom, _)| *whom != one.whose)
            });
            is_free
                && are_linked(topology, &all[before].whose, &one.whose)
                && are_alike(&other.frames(), &message.frames())
        });
        if let Some(before) = like {
            arrivals.to.entry(before).or_default().push((Arc::clone(&one.whose), one.at));
            arrivals.known.insert(at);
        }
    }
    arrivals
}

/// Whether one of two messages is the other without some of its first frames, which are an envelope.
fn are_alike(one: &[&[u8]], other: &[&[u8]]) -> bool {
    one.ends_with(other) || other.ends_with(one)
}

/// Whether a message may go from one to another: peers of a test go anywhere.
fn are_linked(topology: &Topology, one: &str, other: &str) -> bool {
    let node = |instance: &str| {
        let name = instance.split('.').next().unwrap_or_default();
        topology.nodes.iter().position(|node| node.name == name)
    };
    let (Some(one), Some(other)) = (node(one), node(other)) else { return true };
    let mut ends = topology.links().iter().map(|link| (link.binder.node, link.connecter.node));
    // Handlers connect as well, which no file says.
    ends.any(|ends| ends == (one, other) || ends == (other, one))
        || !topology
            .links()
            .iter()
            .any(|link| [link.binder.node, link.connecter.node].contains(&one))
}
