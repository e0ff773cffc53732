//! A tap that shows every message as it passes, whole.
//!
//! Owns that its client knows what it has: all, or exactly what is missing, or that the end is not all.
//! It writes as fast as its client reads.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::in_order::InOrder;
use super::paper::Paper;
use super::protocol::{Ended, Lacking, Message, Reply};
use super::reading::{Opened, read_whole, seconds, wire};
use super::sieve::Sieve;
use super::watched::Watched;
use crate::message::share_all;
use crate::node::{Direction, Interceptors, Missing, Seen, Target, WholeReader};
use crate::topology::WhenFull;

/// Bytes of messages that may wait for a client.
const ROOM: usize = 16 << 20;
/// Messages that may wait for others that passed before.
const WAITING: usize = 10_000;
/// How long a client may take to read the rest when the run is over.
pub(super) const ENDING: Duration = Duration::from_secs(1);

/// A tap at work.
pub(super) struct Whole {
    reader: WholeReader,
    order: InOrder<Seen>,
    frames: bool,
    sieve: Sieve,
    told: Ended,
}

impl Whole {
    /// Begins to look.
    pub(super) fn open(
        interceptors: &Arc<Interceptors>,
        target: Target,
        direction: Option<Direction>,
        when_full: WhenFull,
        frames: bool,
        sieve: Sieve,
    ) -> Self {
        let order = InOrder::new(target.is_everything());
        let reader = interceptors.whole_tap(target, direction, ROOM, when_full);
        Self { reader, order, frames, sieve, told: Ended::default() }
    }

    /// Shows messages until the client or the run has gone.
    pub(super) fn run(mut self, mut watched: Watched, mut paper: Paper) -> io::Result<()> {
        loop {
            // Asked first: when the run is over its nodes have ended, and nothing more comes.
            let is_over = watched.changed(&mut paper);
            let found = self.take(&mut paper, false);
            if is_over {
                return self.finish(paper);
            }
            paper.send()?;
            if !found && !paper.wait()? {
                return Ok(());
            }
        }
    }

    /// Shows what waits, as far as the client keeps up; whether anything did.
    fn take(&mut self, paper: &mut Paper, is_over: bool) -> bool {
        let mut found = false;
        let now = Instant::now();
        while paper.has_room() {
            while self.order.takes(WAITING)
                && let Some(seen) = self.reader.try_next()
            {
                self.order.push(seen.at(), seen);
            }
            let Some(seen) = self.order.pop(now, is_over) else { break };
            found = true;
            match seen {
                Seen::Message(passed) => {
                    let frames = share_all(&passed.frames);
                    let wire = self.frames.then(|| wire(&passed));
                    let opened = Opened::of(passed);
                    if self.sieve.wants(&opened) {
                        self.told.messages += 1;
                        let message = Message { wire, ..read_whole(&opened, &frames) };
                        paper.say(&Reply::Message(Box::new(message)));
                    }
                }
                Seen::Missing(missing) => {
                    self.told.missing += missing.messages;
                    paper.say(&Reply::Missing(lacking(&missing)));
                }
                // It has not asked for them.
                Seen::Calls { .. } => {}
            }
        }
        self.sieve.tell(paper);
        found
    }

    /// Shows the rest, and says that it was all. A client that does not take it in time is not told so.
    fn finish(mut self, mut paper: Paper) -> io::Result<()> {
        let until = Instant::now() + ENDING;
        let mut is_all = false;
        loop {
            if !is_all && paper.has_room() && !self.take(&mut paper, true) {
                is_all = true;
                paper.say(&Reply::Ended(self.told));
            }
            paper.send()?;
            if is_all && paper.unsent() == 0 || Instant::now() >= until {
                return Ok(());
            }
        }
    }
}

fn lacking(missing: &Missing) -> Lacking {
    Lacking {
        node: missing.place.instance.to_string(),
        socket: missing.place.socket.to_string(),
        direction: missing.direction,
        messages: missing.messages,
        since: seconds(missing.since),
        until: seconds(missing.until),
    }
}
