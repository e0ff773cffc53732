//! Which of the messages that pass a tap shows.
//!
//! Owns its filter, and for how many messages that failed. Never holds anything up.

use std::rc::Rc;
use std::sync::Arc;

use super::paper::Paper;
use super::protocol::{Failed, Reply};
use super::reading::{Opened, share};
use crate::message::share_all;
use crate::node::Passed;
use crate::script::{Engine, Filter, SocketView};

/// Which messages are wanted.
pub(crate) struct Sieve {
    filter: Option<Filter>,
    /// Messages that the filter failed for, and why the last time.
    unfiltered: (u64, String),
}

impl Sieve {
    /// All that this says true of; all without it.
    pub(crate) fn of(engine: &Rc<Engine>, filter: Option<&str>) -> Result<Self, Failed> {
        let filter = filter.map(|text| Filter::compile(engine, text)).transpose();
        let filter = filter.map_err(|faults| {
            let text = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            Failed::invalid(text)
        })?;
        Ok(Self { filter, unfiltered: (0, String::new()) })
    }

    /// Whether every message is.
    pub(crate) fn wants_all(&self) -> bool {
        self.filter.is_none()
    }

    /// Whether a message that passed is.
    pub(crate) fn wants_passed(&mut self, passed: &Passed) -> bool {
        self.wants_all() || {
            let Passed { at, direction, ref place, number, ref frames } = *passed;
            let place = Arc::clone(place);
            self.wants(&Opened::of(Passed {
                at,
                direction,
                place,
                number,
                frames: share_all(frames),
            }))
        }
    }

    /// Whether a message is.
    pub(crate) fn wants(&mut self, opened: &Opened) -> bool {
        let Some(filter) = &mut self.filter else { return true };
        let place = &opened.place;
        let socket_view = SocketView {
            name: (&*place.socket).into(),
            role: place.role,
            format: place.format,
            msgid: 0,
        };
        filter.wants(share(&opened.inbound), &socket_view).unwrap_or_else(|error| {
            self.unfiltered = (self.unfiltered.0 + 1, error);
            false
        })
    }

    /// For how many it could not be told so far, and why the last time.
    pub(crate) fn failures(&self) -> Option<(u64, &str)> {
        self.has_failed().then_some((self.unfiltered.0, &self.unfiltered.1))
    }

    /// Whether it could not be told of some since that was last said.
    pub(super) fn has_failed(&self) -> bool {
        self.unfiltered.0 > 0
    }

    /// Says of how many it could not be told, if there are any.
    pub(super) fn tell(&mut self, paper: &mut Paper) {
        let (count, error) = std::mem::take(&mut self.unfiltered);
        if count > 0 {
            paper.say(&Reply::Unfiltered { count, error });
        }
    }
}
