//! The rows of a recording as a sequence: lanes, and times from its beginning on.
//!
//! Owns the lanes and their names. Never decides what is known of a message.

use std::time::Duration;

use super::pairing::Party;
use super::places::{At, Places};
use super::rows::{LeftOut, Row};
use crate::clock::nanos;
use crate::control::routing_id_text;
use crate::listing::thousands;
use crate::sequence::{Moment, Sequence, What};

/// How many lanes a picture has at most.
pub const LANES: usize = 24;
/// What comes sooner than this comes at once.
const AT_ONCE: Duration = Duration::from_millis(1);

/// A sequence in the making.
pub(super) struct Drawing<'p> {
    places: &'p Places,
    begun: u64,
    left_out: LeftOut,
    lanes: Vec<Lane>,
    moments: Vec<Moment>,
}

/// To whom a lane is.
#[derive(Clone, PartialEq, Eq)]
enum Lane {
    /// A node, by its name with its copy's number.
    Node(String),
    /// Somebody outside, by the routing id where there is one.
    Outside(Option<Box<[u8]>>),
    /// That is not known.
    Unknown,
}

impl<'p> Drawing<'p> {
    pub(super) fn new(places: &'p Places, begun: u64, left_out: LeftOut) -> Self {
        Self { places, begun, left_out, lanes: Vec::new(), moments: Vec::new() }
    }

    /// Draws what was at a time, in nanoseconds since the epoch; a message that is missed has not come.
    pub(super) fn draw(&mut self, at: u64, row: Row, is_missed: bool) {
        let when = self.since(at);
        let what = match row {
            Row::Step { text } => Some(What::Step { text }),
            Row::Note { node, text, is_alarm } => self
                .lanes_of([Some(Lane::Node(node))])
                .map(|[lane]| What::Note { lane: lane.unwrap_or_default(), text, is_alarm }),
            Row::Came { from, to, text, .. } => {
                let ends = [Some(self.lane(from)), Some(self.lane(Party::Inside(to)))];
                self.lanes_of(ends).map(|[from, to]| {
                    let arrived = Some(when);
                    What::Message { from: from.unwrap_or_default(), to, text, arrived }
                })
            }
            Row::Sent { from, to, came, text, .. } => {
                let to = match (came, to) {
                    _ if is_missed => None,
                    (None, Party::Inside(_)) => Some(Lane::Unknown),
                    (_, to) => Some(self.lane(to)),
                };
                let late = came.filter(|came| came.saturating_sub(at) >= nanos(AT_ONCE));
                // Nobody knows when it came to somebody outside.
                let arrived = to.is_some().then(|| late.map_or(when, |came| self.since(came)));
                let ends = [Some(self.lane(Party::Inside(from))), to];
                self.lanes_of(ends).map(|[from, to]| What::Message {
                    from: from.unwrap_or_default(),
                    to,
                    text,
                    arrived,
                })
            }
        };
        match what {
            Some(what) => self.moments.push(Moment { at: when, what }),
            None => self.left_out.crowded += 1,
        }
    }

    /// The picture, which says itself what it has no room for.
    pub(super) fn finish(mut self) -> (Sequence, LeftOut) {
        let LeftOut { since, crowded, .. } = self.left_out;
        let before = self.moments.last().map_or(Duration::ZERO, |moment| moment.at);
        if crowded > 0 {
            let text = format!("… {} more with nodes that have no room here", thousands(crowded));
            self.moments.push(Moment { at: before, what: What::Step { text } });
        }
        if let Some(later) = self.left_out.later() {
            let at = self.since(since).max(before);
            let text = format!("… from here on, not shown: {later}");
            self.moments.push(Moment { at, what: What::Step { text } });
        }
        let unknown = self.lanes.iter().position(|lane| *lane == Lane::Unknown);
        let lanes = self.lanes.iter().map(name).collect();
        let sequence = Sequence { lanes, moments: self.moments };
        let sequence = match unknown {
            Some(lane) => sequence.with_last(lane),
            None => sequence,
        };
        (sequence, self.left_out)
    }

    /// How long after the beginning a time was, as exactly as it is shown: what is together is seen so.
    fn since(&self, at: u64) -> Duration {
        Duration::from_millis(at.saturating_sub(self.begun) / 1_000_000)
    }

    fn lane(&self, party: Party) -> Lane {
        let node = |at: At| Lane::Node(self.places.instance(at).to_string());
        match party {
            Party::Inside(at) => node(at),
            Party::Outside(id) => Lane::Outside(id),
            Party::Unknown => Lane::Unknown,
        }
    }

    /// The places of lanes, which come up in their order; nothing where there is no room for one.
    fn lanes_of<const N: usize>(
        &mut self,
        wanted: [Option<Lane>; N],
    ) -> Option<[Option<usize>; N]> {
        let before = self.lanes.len();
        let found = wanted.map(|lane| {
            let lane = lane?;
            let known = self.lanes.iter().position(|known| *known == lane);
            Some(known.unwrap_or_else(|| {
                self.lanes.push(lane);
                self.lanes.len() - 1
            }))
        });
        if self.lanes.len() <= LANES {
            return Some(found);
        }
        self.lanes.truncate(before);
        None
    }
}

fn name(lane: &Lane) -> String {
    match lane {
        Lane::Node(name) => name.clone(),
        Lane::Outside(None) => "outside".to_owned(),
        Lane::Outside(Some(id)) => format!("{} (outside)", routing_id_text(id)),
        Lane::Unknown => "?".to_owned(),
    }
}
