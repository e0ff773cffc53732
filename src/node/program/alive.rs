//! A program that runs: its guard, what it prints, whether it is ready, and its end.
//!
//! Owns what is there only while it runs. Never decides what follows.

use std::time::Instant;

use tokio::task::JoinHandle;

use super::child::Child;
use super::words::{Exit, Order};
use crate::clock;
use crate::event::EventKind;
use crate::node::emitter::Emitter;
use crate::topology::{ProgramSpec, StopSignal};

/// A program that runs.
pub(super) struct Alive {
    pub(super) child: Child,
    pub(super) since: Instant,
    /// How it ended, once it has.
    pub(super) exit: Option<Exit>,
    /// Why it could not be started.
    pub(super) failed: Option<String>,
    pub(super) is_ready: bool,
    /// What finds out whether it is.
    pub(super) probe: Option<JoinHandle<()>>,
    pub(super) output: Vec<JoinHandle<()>>,
    pub(super) ending: Option<Ending>,
}

/// A program that was told to end.
pub(super) struct Ending {
    /// When all of it is killed.
    pub(super) kill: Option<Instant>,
    pub(super) then: Then,
}

/// What follows when a program that was told to end has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The node ends too.
    End,
    /// It is started with what it is to be told now.
    Begin,
}

impl Alive {
    /// Tells it to end, and when it is killed where it does not.
    pub(super) fn tell_to_end(&mut self, program: &ProgramSpec, then: Then) {
        let stop = program.stop;
        self.child.tell(if stop.signal == StopSignal::Kill {
            Order::Kill
        } else {
            Order::Signal(stop.signal)
        });
        self.ending = Some(Ending { kill: Some(clock::now() + stop.within), then });
    }

    /// Kills all of it, since its time is over.
    pub(super) fn kill(&mut self, emitter: &Emitter) {
        self.child.tell(Order::Kill);
        if let Some(ending) = &mut self.ending {
            ending.kill = None;
        }
        if let Some(pid) = self.child.pid().filter(|_| self.exit.is_none()) {
            emitter.emit(EventKind::ProgramKilled { pid });
        }
    }

    pub(super) fn forget_probe(&mut self) {
        if let Some(probe) = self.probe.take() {
            probe.abort();
        }
    }
}
