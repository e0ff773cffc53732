//! A tap that shows some messages as they pass.
//!
//! Owns its pace. It takes what fits, so that neither a slow client nor a slow filter ever holds up a
//! node; the rest is counted and told.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::in_order::InOrder;
use super::paper::Paper;
use super::protocol::{Message, Reply};
use super::reading::{Opened, wire};
use super::sieve::Sieve;
use super::watched::Watched;
use crate::node::{Direction, Interceptors, Passed, TapReader, Target};

/// Messages that may wait for a tap.
const ROOM: u32 = 4096;
/// Effort that a tap gets back with each tick. A saturated node has more messages than anybody
/// reads, and each one shown costs the machine time that its nodes want.
const EFFORT_PER_TICK: u64 = 300;
/// Effort that a tap begins with.
const EFFORT_FIRST: u64 = 30_000;
/// Effort that a tap may have saved up while little passed.
const EFFORT_MOST: u64 = 100_000;
/// The effort of looking at a message.
const LOOK: u64 = 1;
/// The effort of showing it.
const SHOW: u64 = 10;
/// How often it is said that messages were dropped.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A tap at work.
pub(super) struct Sampling {
    reader: TapReader,
    order: InOrder<Passed>,
    sieve: Sieve,
    frames: bool,
    effort: u64,
    told: Instant,
    /// How many dropped messages were told.
    dropped: u64,
}

impl Sampling {
    /// Begins to look.
    pub(super) fn open(
        interceptors: &Arc<Interceptors>,
        target: Target,
        direction: Option<Direction>,
        frames: bool,
        sieve: Sieve,
    ) -> Self {
        let order = InOrder::new(target.is_everything());
        let reader = interceptors.tap(target, direction, ROOM);
        let (effort, told) = (EFFORT_FIRST, Instant::now());
        Self { reader, order, sieve, frames, effort, told, dropped: 0 }
    }

    /// Shows messages until the client or the run has gone.
    pub(super) fn run(mut self, mut watched: Watched, mut paper: Paper) -> io::Result<()> {
        loop {
            self.effort = (self.effort + EFFORT_PER_TICK).min(EFFORT_MOST);
            let taken = self.take(&mut paper, false);
            self.tell(&mut paper, taken == 0);
            let is_over = watched.changed(&mut paper);
            if is_over {
                self.take(&mut paper, true);
            }
            paper.send()?;
            if is_over || !paper.wait()? {
                return Ok(());
            }
        }
    }

    /// Takes what waits, as far as effort and the client's pace allow; how many that was.
    fn take(&mut self, paper: &mut Paper, is_over: bool) -> u64 {
        let mut taken = 0;
        let now = Instant::now();
        while self.effort >= SHOW && paper.has_room() {
            while self.order.takes(ROOM as usize) {
                let Some(passed) = self.reader.try_next() else { break };
                taken += 1;
                self.order.push(passed.at, passed);
            }
            let Some(passed) = self.order.pop(now, is_over) else { break };
            let wire = self.frames.then(|| wire(&passed));
            let opened = Opened::of(passed);
            self.effort -= LOOK;
            if self.sieve.wants(&opened) {
                self.effort -= SHOW - LOOK;
                let message = Message { wire, ..opened.read() };
                paper.say(&Reply::Message(Box::new(message)));
            }
        }
        if taken > 0 {
            self.reader.give_credit(taken);
        }
        taken
    }

    /// Says what was not shown: after a second, or when nothing more comes.
    fn tell(&mut self, paper: &mut Paper, is_quiet: bool) {
        let dropped = self.reader.dropped() - self.dropped;
        let is_due = self.told.elapsed() >= TELL_EVERY;
        if dropped == 0 && !self.sieve.has_failed() || !(is_due || is_quiet) {
            return;
        }
        if !paper.has_room() {
            return;
        }
        self.told = Instant::now();
        if dropped > 0 {
            self.dropped += dropped;
            paper.say(&Reply::Dropped(dropped));
        }
        self.sieve.tell(paper);
    }
}
