//! What happened between several, as a picture of messages over time.
//!
//! ```text
//! Sequence ──┬─ text      (a terminal)
//!            ├─ svg       (laid out here)
//!            └─ mermaid   (laid out by its readers)
//! ```
//!
//! Owns the picture and its three renderings. Pure: the same sequence gives the same bytes. Never knows
//! where what happened comes from.

mod mermaid;
mod svg;
mod text;

use std::time::Duration;

pub use mermaid::mermaid;
pub use svg::svg;
pub use text::text;

/// From how many moments on a picture names its lanes at its end too, where its beginning is out of sight.
const LONG: usize = 24;

/// What happened, in order of time.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Sequence {
    /// To whom: a lane each, from left to right.
    pub lanes: Vec<String>,
    /// What.
    pub moments: Vec<Moment>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Debug)]
pub struct Moment {
    /// When.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// A message went from one lane to another.
    Message {
        /// From which.
        from: usize,
        /// To which; nowhere where it never arrived.
        to: Option<usize>,
        /// What it says.
        text: String,
        /// When it arrived, where it did.
        arrived: Option<Duration>,
    },
    /// Something happened in one lane.
    Note {
        /// Which.
        lane: usize,
        /// What.
        text: String,
        /// Whether it went wrong.
        is_alarm: bool,
    },
    /// Something was done to all of them.
    Step {
        /// What.
        text: String,
    },
}

impl Sequence {
    /// Whether its lanes are named at its end too.
    fn is_long(&self) -> bool {
        self.moments.len() >= LONG
    }

    /// Its last moments, so many at most, with the lanes that they are of.
    #[must_use]
    pub fn last(&self, count: usize) -> Self {
        let skipped = self.moments.len().saturating_sub(count);
        self.part(skipped, count)
    }

    /// So many moments from that one on, with the lanes that they are of.
    #[must_use]
    pub fn part(&self, from: usize, count: usize) -> Self {
        let moments: Vec<Moment> = self.moments.iter().skip(from).take(count).cloned().collect();
        let used = |lane: usize| moments.iter().any(|moment| moment.what.touches(lane));
        let kept: Vec<usize> = (0..self.lanes.len()).filter(|lane| used(*lane)).collect();
        Self { lanes: self.lanes.clone(), moments }.with_lanes(&kept)
    }

    /// The same with that lane behind all others.
    #[must_use]
    pub fn with_last(self, last: usize) -> Self {
        let mut lanes: Vec<usize> = (0..self.lanes.len()).collect();
        lanes.sort_by_key(|lane| *lane == last);
        self.with_lanes(&lanes)
    }

    /// The same with these lanes, in this order: all that it needs.
    fn with_lanes(self, lanes: &[usize]) -> Self {
        let place = |lane: usize| lanes.iter().position(|kept| *kept == lane).unwrap_or(0);
        let moved = |moment: Moment| Moment { what: moment.what.moved(place), ..moment };
        Self {
            lanes: lanes.iter().map(|lane| self.lanes[*lane].clone()).collect(),
            moments: self.moments.into_iter().map(moved).collect(),
        }
    }
}

impl What {
    fn touches(&self, lane: usize) -> bool {
        match self {
            Self::Message { from, to, .. } => *from == lane || *to == Some(lane),
            Self::Note { lane: of, .. } => *of == lane,
            Self::Step { .. } => false,
        }
    }

    fn moved(self, place: impl Fn(usize) -> usize) -> Self {
        match self {
            Self::Message { from, to, text, arrived } => {
                Self::Message { from: place(from), to: to.map(place), text, arrived }
            }
            Self::Note { lane, text, is_alarm } => Self::Note { lane: place(lane), text, is_alarm },
            Self::Step { text } => Self::Step { text },
        }
    }
}

/// `0.506 s`
pub(crate) fn seconds(at: Duration) -> String {
    format!("{:.3} s", at.as_secs_f64())
}

#[cfg(test)]
mod tests;
